"""The programs that lessons call: where they come from, and what does the same today."""

from __future__ import annotations

PACKAGES = {
    "arping": "iputils-arping", "bash": "bash", "brctl": "bridge-utils", "bridge": "iproute2",
    "busybox": "busybox-static", "conntrack": "conntrack", "curl": "curl", "dig": "dnsutils",
    "docker": "docker.io", "dockerd": "docker.io", "dot": "graphviz", "host": "bind9-host",
    "hostname": "hostname", "ifconfig": "net-tools", "ip": "iproute2", "iperf3": "iperf3",
    "iptables": "iptables",
    "nft": "nftables", "nsenter": "util-linux", "ping": "iputils-ping", "route": "net-tools",
    "runc": "runc", "strace": "strace", "sysctl": "procps", "tcpdump": "tcpdump",
    "traceroute": "traceroute", "tshark": "tshark", "unshare": "util-linux",
}  # fmt: skip
"""Debian's package of each program."""

TODAY = {
    "brctl": "ip link add BRIDGE type bridge, ip link set dev PORT master BRIDGE, bridge link",
    "ifconfig": "ip address add ADDRESS/LENGTH dev LINK, ip link set dev LINK up",
    "route": "ip route add DESTINATION via GATEWAY",
}
"""What iproute2 says instead of the old tools, which some systems no longer bring."""


def missing(program: str) -> str:
    """What to do about a program that is not there.

    >>> missing("brctl").splitlines()[0]
    'brctl is not installed on this machine: sudo apt-get install bridge-utils'
    """
    package = PACKAGES.get(program)
    if package is None:
        return f"there is no program called {program}: check the spelling"
    text = f"{program} is not installed on this machine: sudo apt-get install {package}"
    if program in TODAY:
        text += f"\nor say it as iproute2 does: {TODAY[program]}"
    return text
