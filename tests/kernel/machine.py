"""What of the machine a lab could change: a fingerprint to compare before and after."""

from __future__ import annotations

import os
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
    """Namespaces, links, mounts, agents, files, sysctls and packet filter rules of the machine."""
    return {
        "namespaces": namespaces(),
        "links": sorted(os.listdir("/sys/class/net")),
        "mounts": Path("/proc/self/mountinfo").read_text(),
        "agents": agents(),
        "files": {
            place: sorted(os.listdir(place)) if os.path.isdir(place) else None
            for place in ("/run", "/run/netns", "/etc", "/etc/netns", "/tmp", "/var/tmp", "/dev/shm")
        },
        "sysctls": sysctls(),
        "rules": rules(),
    }


def namespaces() -> dict[str, set[int]]:
    """The inodes of all namespaces that a process of ours is in."""
    found: dict[str, set[int]] = {}
    for kind in ("net", "mnt", "pid", "user", "uts"):
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    found.setdefault(kind, set()).add(os.stat(f"/proc/{entry}/ns/{kind}").st_ino)
                except OSError:
                    continue
    return found


def agents() -> list[str]:
    """The processes of any lab of this user."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            command = Path(f"/proc/{entry}/cmdline").read_bytes()
        except OSError:
            continue
        if b"nslab.engine.agent" in command and os.stat(f"/proc/{entry}").st_uid == os.geteuid():
            found.append(entry)
    return found


def sysctls() -> dict[str, str]:
    """The machine's own settings that the article touches or that a lab sets inside."""
    found = {}
    for key in (
        "net/ipv4/ip_forward", "net/ipv4/conf/all/rp_filter", "net/ipv4/conf/default/rp_filter",
        "net/ipv6/conf/all/disable_ipv6", "net/ipv6/conf/default/disable_ipv6",
        "net/bridge/bridge-nf-call-iptables", "kernel/hostname", "vm/swappiness",
    ):  # fmt: skip
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


def wait_for(condition: Callable[[], bool], what: str, limit: float = 10.0) -> None:
    """Wait until a condition holds; fail after ``limit`` seconds."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, f"not within {limit:g} s: {what}"
        time.sleep(0.005)


def assert_as_before(before: dict[str, object]) -> None:
    """The machine gets back to what it was, within the seconds that the kernel needs."""
    wait_for(lambda: fingerprint()["namespaces"] == before["namespaces"], "namespaces are gone")
    after = fingerprint()
    for key, value in before.items():
        assert after[key] == value, key
