"""Addresses that are translated wrongly, or not at all."""

from __future__ import annotations

from faults.catalogue.made import on
from faults.topologies import WORLD, ping, tcp

_a, _d, _r = on("article"), on("dnat"), on("routers")
_out = ping("ns1", WORLD)
_web = tcp("ns1", WORLD, 80)
_in = tcp("lan", "198.51.100.10", 8080)
_NOT = "no-masquerade masquerade-mismatch not-translated"
_BAD = "wrong-translation"
_FLUSH = "iptables -t nat -F POSTROUTING\n"
_NFT = (
    _FLUSH + "nft add table ip t\n"
    "nft add chain ip t p '{ type nat hook postrouting priority 100 ; }'\n"
)
_POST = "iptables -t nat -A POSTROUTING "
_LEGACY = _FLUSH + "iptables-legacy -t nat -A POSTROUTING "
_DNAT = "iptables -t nat -F PREROUTING; iptables -t nat -A PREROUTING -p tcp --dport 8080 "

FAULTS = (
    _a("not translated", "no rule", _FLUSH, _out, _NOT, "host"),
    _a(
        "masquerade of one protocol",
        "iptables",
        _FLUSH + _POST + "-s 192.168.10.0/24 -p tcp -j MASQUERADE",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade of one protocol",
        "nft",
        _NFT + "nft add rule ip t p ip saddr 192.168.10.0/24 meta l4proto tcp masquerade",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade of one protocol",
        "UDP only, and TCP is asked",
        _FLUSH + _POST + "-s 192.168.10.0/24 -p udp -j MASQUERADE",
        _web,
        _NOT,
        "host",
    ),
    _a(
        "masquerade of one protocol",
        "legacy",
        _LEGACY + "-s 192.168.10.0/24 -p tcp -j MASQUERADE",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade by a mark",
        "iptables",
        _FLUSH + _POST + "-m mark --mark 7 -j MASQUERADE",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade by a mark",
        "nft",
        _NFT + "nft add rule ip t p meta mark 7 masquerade",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade by a set",
        "without the source",
        _NFT + "nft add set ip t s '{ type ipv4_addr; }'; "
        "nft add element ip t s '{ 192.168.10.12 }'\n"
        "nft add rule ip t p ip saddr @s masquerade",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade by a set",
        "anonymous",
        _NFT + "nft add rule ip t p ip saddr '{ 192.168.10.12, 192.168.20.0/24 }' masquerade",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade after an ACCEPT",
        "ACCEPT",
        "iptables -t nat -I POSTROUTING -s 192.168.10.0/24 -j ACCEPT",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade after an ACCEPT",
        "RETURN",
        "iptables -t nat -I POSTROUTING -s 192.168.10.11 -j RETURN",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade after an ACCEPT",
        "nft",
        _NFT
        + "nft add rule ip t p ip saddr 192.168.10.0/24 accept; nft add rule ip t p masquerade",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade nobody jumps to",
        "iptables",
        _FLUSH + "iptables -t nat -N mine; iptables -t nat -A mine -j MASQUERADE",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade nobody jumps to",
        "nft",
        _NFT + "nft add chain ip t mine; nft add rule ip t mine masquerade",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade on the wrong link",
        "iptables",
        _FLUSH + _POST + "-s 192.168.10.0/24 -o lxcbr0 -j MASQUERADE",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade on the wrong link",
        "not this one",
        _FLUSH + _POST + "-s 192.168.10.0/24 ! -o eth+ -j MASQUERADE",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade on the wrong link",
        "legacy",
        _LEGACY + "-o br1 -j MASQUERADE",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade of another source",
        "a typing mistake",
        _FLUSH + _POST + "-s 192.168.100.0/24 -o eth0 -j MASQUERADE",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade of another source",
        "a range",
        _FLUSH + _POST + "-m iprange --src-range 192.168.10.20-192.168.10.30 -j MASQUERADE",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade of another source",
        "all but it",
        _FLUSH + _POST + "! -s 192.168.10.11 -o eth0 -j MASQUERADE",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade of another source",
        "legacy",
        _LEGACY + "-s 172.17.0.0/16 -j MASQUERADE",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade of IPv6",
        "ip6tables, while IPv4 is asked",
        _FLUSH + "ip6tables -t nat -A POSTROUTING -j MASQUERADE",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "masquerade of IPv6",
        "nft, nfproto ipv6",
        _FLUSH + "nft add table inet t\n"
        "nft add chain inet t p '{ type nat hook postrouting priority 100 ; }'\n"
        "nft add rule inet t p meta nfproto ipv6 masquerade",
        _out,
        _NOT,
        "host",
    ),
    _a(
        "SNAT to nobody",
        "iptables",
        _FLUSH + _POST + "-s 192.168.10.0/24 -o eth0 -j SNAT --to-source 198.51.100.77",
        _out,
        _BAD,
        "host",
    ),
    _a(
        "SNAT to nobody",
        "nft",
        _NFT + "nft add rule ip t p ip saddr 192.168.10.0/24 oifname eth0 snat to 192.0.2.7",
        _out,
        _BAD,
        "host",
    ),
    _a(
        "SNAT to somebody else",
        "the LAN machine's",
        _FLUSH + _POST + "-o eth0 -j SNAT --to-source 198.51.100.20",
        _out,
        _BAD,
        "host",
    ),
    _d(
        "DNAT wrong",
        "another address",
        _DNAT + "-j DNAT --to-destination 192.168.10.99:80",
        _in,
        _BAD,
        "host",
    ),
    _d(
        "DNAT wrong",
        "another port",
        _DNAT + "-j DNAT --to-destination 192.168.10.11:81",
        _in,
        _BAD + " port-closed",
        "host ns1",
        mends=False,
    ),
    _d(
        "DNAT wrong",
        "to the loopback device",
        _DNAT + "-j DNAT --to-destination 127.0.0.1:80",
        _in,
        _BAD + " loopback-target",
        "host",
        mends=False,
    ),
    _d(
        "not published",
        "no rule",
        "iptables -t nat -F PREROUTING",
        _in,
        "port-closed not-translated",
        "host",
        mends=False,
    ),
    _d(
        "not published",
        "for UDP only",
        "iptables -t nat -F PREROUTING\niptables -t nat -A PREROUTING -p udp --dport 8080 "
        "-j DNAT --to-destination 192.168.10.11:80",
        _in,
        "port-closed not-translated",
        "host",
        mends=False,
    ),
    _d(
        "not published",
        "on another link",
        _DNAT + "-i lxcbr0 -j DNAT --to-destination 192.168.10.11:80",
        _in,
        "port-closed not-translated",
        "host",
        mends=False,
    ),
    _d(
        "not published",
        "from the host itself",
        "iptables -t nat -F OUTPUT",
        tcp(None, "198.51.100.10", 8080),
        "port-closed not-translated",
        "host",
        mends=False,
    ),
    _d(
        "no hairpin",
        "the neighbour gets an answer from a stranger",
        "iptables -t nat -D POSTROUTING -s 192.168.10.0/24 -d 192.168.10.11 -p tcp --dport 80 "
        "-j MASQUERADE",
        tcp("ns2", "198.51.100.10", 8080),
        "not-translated wrong-translation no-hairpin answered-elsewhere",
        "host ns2 ns1",
    ),
)
