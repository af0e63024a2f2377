"""The programs that lessons call: where they come from, and what does the same today."""

from __future__ import annotations

PACKAGES = {
    "arp": "net-tools",
    "arping": "iputils-arping",
    "bash": "bash",
    "brctl": "bridge-utils",
    "bridge": "iproute2",
    "busybox": "busybox-static",
    "conntrack": "conntrack",
    "curl": "curl",
    "dig": "dnsutils",
    "dnsmasq": "dnsmasq-base",
    "docker": "docker.io",
    "dockerd": "docker.io",
    "dot": "graphviz",
    "ebtables": "ebtables",
    "ethtool": "ethtool",
    "git": "git",
    "host": "bind9-host",
    "hostname": "hostname",
    "htop": "htop",
    "ifconfig": "net-tools",
    "iftop": "iftop",
    "ip": "iproute2",
    "ip6tables": "iptables",
    "iperf3": "iperf3",
    "ipset": "ipset",
    "iptables": "iptables",
    "jq": "jq",
    "less": "less",
    "lsmod": "kmod",
    "lsof": "lsof",
    "mkfs.erofs": "erofs-utils",
    "mtr": "mtr-tiny",
    "nano": "nano",
    "nc": "netcat-openbsd",
    "netstat": "net-tools",
    "nft": "nftables",
    "nmap": "nmap",
    "nsenter": "util-linux",
    "nslookup": "dnsutils",
    "ovs-vsctl": "openvswitch-switch",
    "ping": "iputils-ping",
    "ping6": "iputils-ping",
    "qemu-system-x86_64": "qemu-system-x86",
    "route": "net-tools",
    "runc": "runc",
    "socat": "socat",
    "ss": "iproute2",
    "strace": "strace",
    "sysctl": "procps",
    "tc": "iproute2",
    "tcpdump": "tcpdump",
    "telnet": "telnet",
    "tracepath": "iputils-tracepath",
    "traceroute": "traceroute",
    "tree": "tree",
    "tshark": "tshark",
    "unshare": "util-linux",
    "vconfig": "vlan",
    "vim": "vim",
    "wg": "wireguard-tools",
    "wget": "wget",
}
"""Debian's package of each program."""

COMMON = (
    "cat cd chmod cp curl cut date df echo grep head id kill ls mkdir mv ps pwd python3 rm "
    "sed sleep sort tail"
).split()
"""Programs that every machine has, for words that are spelt like them."""

BUILTINS = frozenset(
    "alias bg cd eval exit export fg jobs read set source type ulimit unset wait".split()
)
"""Words of the shell that are no programs."""

READ_ONLY_PROC = (
    "root's lab allows a /proc that is read-only: "
    "unshare --pid --fork --mount sh -c 'mount -t proc -o ro proc /proc; exec bash'"
)
"""What to do where ``unshare --mount-proc`` is refused."""

_BRIDGE = {
    "addbr": "ip link add {0} type bridge",
    "delbr": "ip link delete dev {0}",
    "addif": "ip link set dev {1} master {0}",
    "delif": "ip link set dev {1} nomaster",
    "show": "bridge link",
    "showmacs": "bridge fdb show br {0}",
}
"""What iproute2 says instead of brctl; ``{0}`` is the bridge, ``{1}`` what follows it."""


def missing(program: str) -> str:
    """What to do about a program that is not there.

    >>> missing("brctl")
    'brctl is not installed on this machine: sudo apt-get install bridge-utils'
    """
    package = PACKAGES.get(program)
    if package is None:
        import difflib  # here, because a lab's agent starts sooner without it

        close = difflib.get_close_matches(program, [*PACKAGES, *COMMON], 1, 0.7)
        meant = f"did you mean {close[0]}?" if close else "check the spelling"
        return f"there is no program called {program}: {meant}"
    return f"{program} is not installed on this machine: sudo apt-get install {package}"


def today(command: str) -> str:
    """The same with iproute2, for a line of the old tools that some systems no longer bring.

    Empty if there is nothing to translate, or if it is not understood.

    >>> print(today("brctl addif lxcbr0 lxcbr0.1"))
    ip link set dev lxcbr0.1 master lxcbr0
    >>> print(today("ip netns exec ns1 ifconfig eth0 192.168.10.11/24 up"))
    ip netns exec ns1 ip address add 192.168.10.11/24 broadcast + dev eth0
    ip netns exec ns1 ip link set dev eth0 up
    """
    words = command.split()
    inside = words[:4] if words[:3] == ["ip", "netns", "exec"] else []
    words = words[len(inside) :]
    try:
        lines = _today(words)
    except (IndexError, ValueError):
        return ""
    return "\n".join(" ".join([*inside, line]) for line in lines)


def _today(words: list[str]) -> list[str]:
    match words:
        case ["brctl", "stp", bridge, state]:
            on = int(state in {"on", "yes", "1"})
            return [f"ip link set dev {bridge} type bridge stp_state {on}"]
        case ["brctl", "setfd", bridge, seconds]:
            hundredths = round(float(seconds) * 100)
            return [f"ip link set dev {bridge} type bridge forward_delay {hundredths}"]
        case ["brctl", verb, *rest] if verb in _BRIDGE:
            return [_BRIDGE[verb].format(*rest)]
        case ["vconfig", "add", link, number]:
            return [f"ip link add link {link} name {link}.{number} type vlan id {number}"]
        case ["ifconfig"]:
            return ["ip address"]
        case ["ifconfig", link]:
            return [f"ip address show dev {link}"]
        case ["ifconfig", link, *rest]:
            addresses = [word for word in rest if "/" in word]
            states = [word for word in rest if word in {"up", "down"}]
            return [
                *(f"ip address add {word} broadcast + dev {link}" for word in addresses),
                *(f"ip link set dev {link} {word}" for word in states),
            ]
    return []
