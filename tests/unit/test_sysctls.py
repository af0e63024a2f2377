"""The files of settings: how many stay open, and what is done where they are gone."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from nslab.engine.agent.rtnl import sysctls
from nslab.engine.agent.rtnl.sysctls import Sysctls

IPV6 = "net.ipv6.conf.all.disable_ipv6"
FORWARD6 = "net.ipv6.conf.all.forwarding"
BRIDGED = "net.bridge.bridge-nf-call-iptables"
TTL = "net.ipv4.ip_default_ttl"


class Files:
    """A kernel's /proc/sys without br_netfilter, and which of its files are open."""

    def __init__(self) -> None:
        self.values = {
            IPV6: b"0\n",
            FORWARD6: b"0\n",
            TTL: b"64\n",
            "net.ipv4.icmp_echo_ignore_all": b"0\n",
            "net.ipv4.conf.all.arp_ignore": b"0\n",
        }
        self.asked: list[str] = []
        self.opened: dict[int, str] = {}
        self.dead: set[int] = set()
        """Open files whose namespace is gone."""

    def open(self, path: str, flags: int) -> int:
        key = path.removeprefix("/proc/sys/").replace("/", ".")
        self.asked.append(key)
        if key not in self.values:
            raise FileNotFoundError(path)
        descriptor = len(self.asked)
        self.opened[descriptor] = key
        return descriptor

    def pread(self, descriptor: int, size: int, offset: int) -> bytes:
        if descriptor in self.dead:
            raise FileNotFoundError(descriptor)
        return self.values[self.opened[descriptor]][offset : offset + size]

    def close(self, descriptor: int) -> None:
        del self.opened[descriptor]


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Files:
    made = Files()
    functions = {name: getattr(made, name) for name in ("open", "pread", "close")}
    monkeypatch.setattr(sysctls, "os", SimpleNamespace(O_RDONLY=0, O_CLOEXEC=0, **functions))
    return made


def test_files_are_opened_once_and_changes_are_seen(files: Files) -> None:
    reader = Sysctls(room=100)
    assert reader.read(1) == {IPV6: "0"}
    files.asked.clear()
    files.values[TTL] = b"33\n"
    assert reader.read(1) == {IPV6: "0", TTL: "33"}
    assert not files.asked


def test_no_more_files_stay_open_than_there_is_room_for(files: Files) -> None:
    reader = Sysctls(room=7)
    for inode in (1, 2, 3):
        assert reader.read(inode) == {IPV6: "0"}
    assert len(files.opened) == 7
    reader.forget([2, 3])
    assert len(files.opened) == 2
    assert reader.read(3) == {IPV6: "0"}
    assert len(files.opened) == 7
    reader.close()
    assert not files.opened


def test_a_namespace_with_the_inode_of_one_that_is_gone_is_read_anew(files: Files) -> None:
    reader = Sysctls(room=100)
    reader.read(1)
    files.dead.update(files.opened)
    files.values[TTL] = b"33\n"
    assert reader.read(1) == {IPV6: "0", TTL: "33"}
    assert not files.dead & files.opened.keys()


def test_what_the_kernel_lacks_is_asked_for_once_a_look(files: Files) -> None:
    reader = Sysctls(room=100)
    for inode in (1, 2, 3):
        reader.read(inode)
    assert files.asked.count(BRIDGED) == 1
    files.values[BRIDGED] = b"1\n"  # its module is loaded
    reader.forget([1, 2, 3])
    assert reader.read(2) == {IPV6: "0", BRIDGED: "1"}


def test_a_file_that_may_not_be_read_is_left_out(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, flags: int) -> int:
        raise PermissionError(path)

    monkeypatch.setattr(sysctls.os, "open", refuse)
    assert Sysctls(room=100).read(1) == {}


def test_forwarding_by_ipv6_is_shown_where_there_is_ipv6(files: Files) -> None:
    reader = Sysctls(room=100)
    files.values[FORWARD6] = b"1\n"
    assert reader.read(1) == {IPV6: "0", FORWARD6: "1"}
    files.values[IPV6] = b"1\n"
    assert reader.read(1) == {IPV6: "1"}
