"""The same in IPv6."""

from __future__ import annotations

from faults.catalogue.made import on
from faults.topologies import ping, tcp

_s = on("ipv6")
_gate = ping("s1", "fd00:1::1")
_near = ping("s1", "fd00:1::12")
_over = ping("s1", "fd00:2::11")

FAULTS = (
    _s("IPv6 link down", "a port", "ip link set ps1 down", _gate, "link-down", "host/ps1"),
    _s(
        "IPv6 link down",
        "the other end",
        "ip -n s2 link set eth0 down",
        _near,
        "link-down",
        "s2/eth0",
    ),
    _s(
        "IPv6 switched off",
        "in the container",
        "ip netns exec s1 sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1",
        _gate,
        "ipv6-off no-route no-address",
        "s1",
    ),
    _s(
        "IPv6 switched off",
        "in the other",
        "ip netns exec s2 sysctl -qw net.ipv6.conf.all.disable_ipv6=1",
        _near,
        "ipv6-off no-address nobody-answers nobody-has-address",
        "s2",
        mends=False,
    ),
    _s(
        "IPv6 forwarding",
        "off",
        "sysctl -qw net.ipv6.conf.all.forwarding=0",
        _over,
        "no-forwarding",
        "host",
    ),
    _s("IPv6 route", "no default route", "ip -n s1 -6 route del default", _over, "no-route", "s1"),
    _s("IPv6 route", "no way back", "ip -n s3 -6 route del default", _over, "no-route", "s3"),
    _s(
        "IPv6 route",
        "unreachable",
        "ip -6 route add unreachable fd00:2::11/128",
        _over,
        "route-refuses",
        "host",
    ),
    _s(
        "IPv6 gateway",
        "that nobody is",
        "ip -n s1 -6 route replace default via fd00:1::99",
        _over,
        "wrong-gateway nobody-answers",
        "s1",
    ),
    _s(
        "IPv6 gateway",
        "that is no router",
        "ip -n s1 -6 route replace default via fd00:1::12",
        _over,
        "wrong-gateway no-forwarding",
        "s1 s2",
    ),
    _s(
        "IPv6 address",
        "/128",
        "ip -n s1 addr flush dev eth0 scope global\n"
        "ip -n s1 addr add fd00:1::11/128 dev eth0 nodad; ip -n s1 -6 route del default",
        _gate,
        "prefix-32 no-route",
        "s1",
    ),
    _s(
        "IPv6 address",
        "none",
        "ip -n s2 addr flush dev eth0",
        _near,
        "no-address nobody-answers nobody-has-address",
        "s2 s1",
    ),
    _s(
        "IPv6 neighbour",
        "wrong and permanent",
        "ip -n s1 neigh replace fd00:1::12 lladdr 02:00:00:00:99:99 dev eth0 nud permanent",
        _near,
        "wrong-neighbour",
        "s1/eth0",
    ),
    _s("IPv6 filtered", "FORWARD", "ip6tables -P FORWARD DROP", _over, "filter-drop", "host"),
    _s(
        "IPv6 filtered",
        "neighbour discovery",
        "ip netns exec s2 ip6tables -A INPUT -p icmpv6 "
        "--icmpv6-type neighbour-solicitation -j DROP",
        _near,
        "filter-drop",
        "s2",
    ),
    _s(
        "IPv6 filtered",
        "nft, inet",
        "nft add table inet t\n"
        "nft add chain inet t c '{ type filter hook forward priority 0 ; }'\n"
        "nft add rule inet t c ip6 daddr fd00:2::/64 drop",
        _over,
        "filter-drop",
        "host",
    ),
    _s(
        "IPv6 MTU",
        "the other end takes less",
        "ip -n s2 link set eth0 mtu 1300",
        ping("s1", "fd00:1::12", 1400),
        "too-big",
        "s2/eth0 host/ps2",
    ),
    _s(
        "IPv6 port",
        "IPv4 only",
        "ip netns exec s2 busybox httpd -p 0.0.0.0:81 -h /mnt </dev/null >/dev/null 2>&1",
        tcp("s1", "fd00:1::12", 81),
        "port-elsewhere",
        "s2",
        mends=False,
    ),
    _s(
        "IPv6 port",
        "on the loopback device",
        "ip netns exec s2 busybox httpd -p '[::1]:81' -h /mnt </dev/null >/dev/null 2>&1",
        tcp("s1", "fd00:1::12", 81),
        "port-elsewhere",
        "s2",
        mends=False,
    ),
    _s(
        "IPv6 filtered",
        "the answers of neighbour discovery",
        "ip netns exec s1 ip6tables -A INPUT -p icmpv6 "
        "--icmpv6-type neighbour-advertisement -j DROP",
        _near,
        "filter-drop",
        "s1",
    ),
    _s(
        "IPv6 filtered",
        "neighbour discovery, before it is asked",
        "ip netns exec s1 nft add table inet t\n"
        "ip netns exec s1 nft add chain inet t c '{ type filter hook output priority 0 ; }'\n"
        "ip netns exec s1 nft add rule inet t c icmpv6 type nd-neighbor-solicit drop",
        _near,
        "filter-drop",
        "s1",
    ),
    _s(
        "IPv6 port", "closed", "true", tcp("s1", "fd00:1::12", 81), "port-closed", "s2", mends=False
    ),
)
