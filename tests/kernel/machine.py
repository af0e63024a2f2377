"""What of the machine a lab could change: a fingerprint to compare before and after."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

ARTICLE = (
    "brctl addbr lxcbr0",
    "brctl stp lxcbr0 off",
    "ifconfig lxcbr0 192.168.10.1/24 up",
    "ip netns add ns1",
    "ip netns exec ns1   ip link set dev lo up",
    "ip link add veth-ns1 type veth peer name lxcbr0.1",
    "ip link set veth-ns1 netns ns1",
    "ip netns exec ns1  ip link set dev veth-ns1 name eth0",
    "ip netns exec ns1 ifconfig eth0 192.168.10.11/24 up",
    "brctl addif lxcbr0 lxcbr0.1",
    "ip netns exec ns1     ip route add default via 192.168.10.1",
    "mkdir -p /etc/netns/ns1",
    'echo "nameserver 8.8.8.8" > /etc/netns/ns1/resolv.conf',
)
"""The article's first block, as printed."""


def fingerprint() -> dict[str, object]:
    """Links, mounts, files, sysctls and packet filter rules of the machine.

    Other work may go on beside the tests, so of /tmp only what is called after nslab counts, and
    only what is this user's: others may have a notebook open.  The directories of records are there
    while any lab runs, of whomever; records go by name.
    """
    return {
        "links": sorted(os.listdir("/sys/class/net")),
        "mounts": Path("/proc/self/mountinfo").read_text(),
        "files": {
            place: sorted(os.listdir(place)) if os.path.isdir(place) else None
            for place in ("/run", "/run/netns", "/etc", "/etc/netns")
        },
        "temporary": sorted(
            name
            for place in ("/tmp", "/var/tmp", "/dev/shm")
            for name in os.listdir(place)
            # The directory of records is there as long as any lab of ours.
            if ("nslab" in name and not re.fullmatch(r"nslab-\d+|pytest-of-.*", name))
            or name == "owned"
            if owner(Path(place, name)) == os.geteuid()
        ),
        "sysctls": sysctls(),
        "rules": rules(),
    }


def owner(path: Path) -> int | None:
    """The user whose file that is, or None if it has gone meanwhile."""
    try:
        return path.lstat().st_uid
    except FileNotFoundError:
        return None


KINDS = ("net", "mnt", "pid", "user", "uts")


def forwards() -> bool:
    """Whether this machine forwards, as one with Docker does: its namespaces are born so.

    In a container this machine is the container.
    """
    born = subprocess.run(
        ["unshare", "-rn", "cat", "/proc/sys/net/ipv4/ip_forward"], capture_output=True, text=True
    )
    return born.stdout == "1\n"


def namespaces_of(pid: int) -> set[tuple[str, int]]:
    """All namespaces of all processes in the pid namespace of ``pid``, but not our own."""
    found = set()
    inside = os.stat(f"/proc/{pid}/ns/pid").st_ino
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.stat(f"/proc/{entry}/ns/pid").st_ino == inside:
                for kind in KINDS:
                    found.add((kind, os.stat(f"/proc/{entry}/ns/{kind}").st_ino))
        except OSError:
            continue
    return found - {(kind, os.stat(f"/proc/self/ns/{kind}").st_ino) for kind in KINDS}


def still_held(namespaces: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """Those of these namespaces that a process is still in."""
    held = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            for kind in KINDS:
                try:
                    held.add((kind, os.stat(f"/proc/{entry}/ns/{kind}").st_ino))
                except OSError:
                    break
    return namespaces & held


def agents(name: str) -> list[int]:
    """The processes of this user's labs of that name: supervisor and PID 1."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            words = Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")
            mine = os.stat(f"/proc/{entry}").st_uid == os.geteuid()
        except OSError:
            continue
        if b"nslab.engine.agent" in words and name.encode() in words and mine:
            found.append(int(entry))
    return sorted(found)


def sysctls() -> dict[str, str]:
    """The machine's own settings that the article touches or that a lab sets inside."""
    found = {}
    for key in (
        "net/ipv4/ip_forward",
        "net/ipv4/conf/all/rp_filter",
        "net/ipv4/conf/default/rp_filter",
        "net/ipv6/conf/all/disable_ipv6",
        "net/ipv6/conf/default/disable_ipv6",
        "net/bridge/bridge-nf-call-iptables",
        "kernel/hostname",
        "vm/swappiness",
    ):
        path = Path("/proc/sys") / key
        if path.exists():
            found[key] = path.read_text()
    return found


def rules() -> str:
    """The machine's packet filter rules; only root may read them."""
    if os.geteuid() != 0:
        return "not readable"
    environment = {**os.environ, "PATH": "/usr/sbin:/sbin:/usr/bin:/bin"}
    answer = subprocess.run(
        ["nft", "list", "ruleset"], capture_output=True, text=True, check=True, env=environment
    )
    return answer.stdout


def wait_for(condition: Callable[[], bool], what: str, limit: float = 60.0) -> None:
    """Wait until a condition holds; fail after ``limit`` seconds."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, f"not within {limit:g} s: {what}"
        time.sleep(0.005)


def assert_as_before(before: dict[str, object]) -> None:
    """The machine is what it was."""
    after = fingerprint()
    for key, value in before.items():
        assert after[key] == value, key


ALL_LISTED = "from nslab.cli import main, pick; pick.MOST = 10**6; main()"
"""The program nslab, which otherwise lists the ten newest labs: other tests have some, too."""
