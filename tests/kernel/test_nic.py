"""The pseudo-host's NIC filters by address (``Lab(nic_filter=True)``): what it takes in, and when.

What arrives is what a tap on eth0 sees.  With each frame in question goes one to everybody, behind
it on the same way: when that one has come, the other was let through or it was not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from machine import wait_for

from nslab import (
    AddBridge,
    AddNamespace,
    AddVeth,
    Attach,
    DeleteLink,
    Detach,
    Lab,
    SetMac,
    SetPromiscuous,
    SetUp,
)

FOREIGN = "02:00:00:00:00:99"
GROUPS = ("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "33:33:00:00:00:01")
OWN_TYPE = b"\x88\xb5"


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(nic_filter=True) as made:
        yield made


def frame(mac: str, text: bytes = b"?") -> bytes:
    source = bytes.fromhex("020000000001")
    return bytes.fromhex(mac.replace(":", "")) + source + OWN_TYPE + text.ljust(50, b".")


def passes(lab: Lab, mac: str) -> bool:
    """Whether the NIC takes in a frame for that address."""
    with lab.capture("eth0") as seen:
        lab.send([frame(mac), frame("ff:ff:ff:ff:ff:ff", b"last")], "lan/eth0")
        seen.wait(until=lambda one: one.data[14:18] == b"last")
    return any(one.data == frame(mac) for one in seen)


def own(lab: Lab, name: str = "eth0", ns: str | None = None) -> str:
    return lab.run("cat", f"/sys/class/net/{name}/address", ns=ns, full=True).stdout.strip()


def dropped(lab: Lab) -> int:
    """How many frames the filter has counted."""
    words = lab.run("nft", "list", "table", "netdev", "nic", ns="switch").stdout.split()
    return int(words[words.index("packets") + 1])


def comes_to(lab: Lab, mac: str, wanted: bool) -> None:
    """Typed commands are followed a moment later; what the library does, at once."""
    wait_for(lambda: passes(lab, mac) is wanted, f"eth0 takes in {mac}: {wanted}")


@contextmanager
def in_the_background(lab: Lab, command: str) -> Iterator[None]:
    """A program that runs meanwhile."""
    lab.sh(f"{command} </dev/null >/dev/null 2>&1 & echo $! > /run/beside")
    try:
        yield
    finally:
        lab.sh("kill $(cat /run/beside)")


# -- what it takes in --------------------------------------------------------------------------


def test_frames_for_others_are_dropped_and_counted(lab: Lab) -> None:
    assert passes(lab, own(lab))
    before = dropped(lab)
    assert not passes(lab, FOREIGN)
    assert dropped(lab) == before + 1
    for group in GROUPS:
        assert passes(lab, group)
    assert dropped(lab) == before + 1


def test_others_on_the_lan_are_not_filtered(lab: Lab) -> None:
    with lab.capture("router/eth0") as seen:
        lab.send(frame(FOREIGN), "lan/eth0")
        seen.wait(until=lambda one: one.data == frame(FOREIGN))
    assert lab.ping(None, "203.0.113.80")
    assert lab.ping("lan", "198.51.100.10")


def test_without_the_option_there_is_no_filter() -> None:
    with Lab() as plain:
        assert passes(plain, FOREIGN)
        assert plain.run("nft", "list", "tables", ns="switch").stdout == ""


# -- promiscuous -------------------------------------------------------------------------------


def test_promiscuous_by_the_library(lab: Lab) -> None:
    for on in (True, False, True):
        lab.do(SetPromiscuous("eth0", on=on))
        assert passes(lab, FOREIGN) is on


def test_promiscuous_as_it_is_typed(lab: Lab) -> None:
    for line, wanted in (
        ("ip link set eth0 promisc on", True),
        ("ip link set eth0 promisc off", False),
        ("ifconfig eth0 promisc", True),
        ("ifconfig eth0 -promisc", False),
    ):
        assert lab.sh(line).returncode == 0
        comes_to(lab, FOREIGN, wanted)


ASKS = """\
import signal, socket, struct
asking = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
index = socket.if_nametoindex("eth0")
# SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC (packet(7))
asking.setsockopt(263, 1, struct.pack("iHH8s", index, 1, 0, b""))
signal.pause()
"""


def test_a_program_that_listens_as_tcpdump_does(lab: Lab) -> None:
    lab.run("tee", "/run/asks.py", stdin=ASKS)
    with in_the_background(lab, "python3 /run/asks.py"):
        comes_to(lab, FOREIGN, True)
        lab.do(SetPromiscuous("eth0"))
        lab.do(SetPromiscuous("eth0", on=False))
        assert passes(lab, FOREIGN)  # the program still asks
    comes_to(lab, FOREIGN, False)


def test_a_port_of_a_bridge_is_promiscuous(lab: Lab) -> None:
    lab.do(AddBridge("br0"), SetUp("br0"), Attach("eth0", "br0"))
    assert passes(lab, FOREIGN)
    lab.do(Detach("eth0"))
    assert not passes(lab, FOREIGN)
    lab.sh("brctl addif br0 eth0")
    comes_to(lab, FOREIGN, True)
    lab.sh("brctl delif br0 eth0")
    comes_to(lab, FOREIGN, False)


# -- other addresses ---------------------------------------------------------------------------


def test_another_address(lab: Lab) -> None:
    old = own(lab)
    lab.do(SetMac("eth0", "02:00:00:00:00:55"))
    assert passes(lab, "02:00:00:00:00:55")
    assert not passes(lab, old)
    lab.sh(f"ip link set eth0 address {old}")
    comes_to(lab, old, True)
    comes_to(lab, "02:00:00:00:00:55", False)


def test_a_macvlan_has_an_address_of_its_own(lab: Lab) -> None:
    lab.sh("ip link add mv0 link eth0 address 02:00:00:00:00:77 type macvlan mode bridge")
    assert not passes(lab, "02:00:00:00:00:77")  # it is down
    lab.sh("ip link set mv0 up")
    comes_to(lab, "02:00:00:00:00:77", True)
    # The list of addresses alone does not make it promiscuous.
    assert not passes(lab, FOREIGN)
    assert passes(lab, own(lab))
    lab.sh("ip link set mv0 down")
    comes_to(lab, "02:00:00:00:00:77", False)
    lab.sh("ip link set mv0 up")
    comes_to(lab, "02:00:00:00:00:77", True)
    lab.do(DeleteLink("mv0"))
    assert not passes(lab, "02:00:00:00:00:77")
    assert passes(lab, own(lab))


def test_a_macvlan_in_a_namespace(lab: Lab) -> None:
    lab.do(AddNamespace("ns1"))
    lab.sh("ip link add mv0 link eth0 netns ns1 address 02:00:00:00:00:77 type macvlan mode bridge")
    lab.sh("ip link set mv0 up", ns="ns1")
    comes_to(lab, "02:00:00:00:00:77", True)
    assert not passes(lab, FOREIGN)
    lab.sh("ip link set mv0 down", ns="ns1")
    comes_to(lab, "02:00:00:00:00:77", False)
    lab.sh("ip link set mv0 up", ns="ns1")
    comes_to(lab, "02:00:00:00:00:77", True)
    lab.sh("ip netns delete ns1")
    comes_to(lab, "02:00:00:00:00:77", False)


# -- what it needs -----------------------------------------------------------------------------


def test_without_nft_it_is_said_what_to_install() -> None:
    nft = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin")
    assert nft is not None
    code = (
        "from nslab import Lab, NslabError\n"
        "with Lab(): pass\n"
        "try: Lab(nic_filter=True)\n"
        "except NslabError as error: print(error)\n"
    )
    # Where nft is no program: in a mount namespace of the test's own.
    hidden = 'mount --bind /dev/null "$0" && exec "$1" -c "$2"'
    done = subprocess.run(
        [
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            hidden,
            os.path.realpath(nft),
            sys.executable,
            code,
        ],
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert "cannot run nft: there is no such program" in done.stdout
    assert "apt-get install nftables" in done.stdout


# -- it lasts ----------------------------------------------------------------------------------


def test_undo_and_reset_keep_it(lab: Lab) -> None:
    lab.do(SetPromiscuous("eth0"))
    lab.undo()
    assert not passes(lab, FOREIGN)
    lab.do(SetPromiscuous("eth0"))
    lab.reset()
    assert not passes(lab, FOREIGN)
    lab.do(SetPromiscuous("eth0"))
    assert passes(lab, FOREIGN)


TABLES = """\
nft add table netdev mine
nft 'add chain netdev mine in { type filter hook ingress device "v1" priority 0; policy accept; }'
nft add rule netdev mine in ether type 0x88b5 drop
nft add table bridge other
nft 'add chain bridge other way { type filter hook forward priority 0; policy accept; }'
nft add rule bridge other way ether type arp accept
"""


def test_packet_filters_of_all_families_are_seen_but_not_the_card_itself(lab: Lab) -> None:
    lab.do(AddNamespace("ns1"), AddVeth("v1", "eth0", peer_ns="ns1", up=True))
    assert not any(namespace.rules for namespace in lab.snapshot())
    assert lab.sh(TABLES).returncode == 0
    seen = lab.snapshot()
    assert [(table.family, table.name) for table in seen.host.rules] == [
        ("netdev", "mine"),
        ("bridge", "other"),
    ]
    assert not seen.namespace("switch").rules
    lab.sh("nft add table ip nat")
    lab.sh("nft 'add chain ip nat out { type nat hook postrouting priority 100; }'")
    lab.sh("nft add rule ip nat out ip saddr 10.0.0.0/8 masquerade")
    (rule,) = lab.snapshot().host.nat
    assert rule.kind == "masquerade"
