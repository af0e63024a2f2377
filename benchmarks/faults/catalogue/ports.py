"""Ports that nobody listens on, or elsewhere; names, and servers that are silent."""

from __future__ import annotations

from faults.catalogue.made import on
from faults.topologies import WORLD, name, tcp

_a, _r = on("article"), on("routers")
_names = name("ns1")
_RESOLV = "/etc/netns/ns1/resolv.conf"
_SERVE = "ip netns exec ns2 busybox httpd -p {}:8080 -h /var/empty </dev/null >/dev/null 2>&1"
_FILE = "resolver-file no-nameserver"
_SILENT = "server-silent"

FAULTS = (
    _a(
        "port closed",
        "of a neighbour",
        "true",
        tcp("ns1", "192.168.10.12", 81),
        "port-closed",
        "ns2",
        mends=False,
    ),
    _a(
        "port closed",
        "outside",
        "true",
        tcp("ns1", WORLD, 81),
        "port-closed",
        "internet",
        mends=False,
    ),
    _r(
        "port closed",
        "of a machine behind two routers",
        "true",
        tcp("a", "10.2.0.11", 8080),
        "port-closed",
        "b",
        mends=False,
    ),
    _a(
        "port elsewhere",
        "on the loopback device",
        _SERVE.format("127.0.0.1"),
        tcp("ns1", "192.168.10.12", 8080),
        "port-elsewhere",
        "ns2",
        mends=False,
    ),
    _a(
        "port elsewhere",
        "on another address",
        "ip -n ns2 addr add 10.44.0.1/32 dev lo\n" + _SERVE.format("10.44.0.1"),
        tcp("ns1", "192.168.10.12", 8080),
        "port-elsewhere",
        "ns2",
        mends=False,
    ),
    _a(
        "port elsewhere",
        "in another namespace",
        "busybox httpd -p 8080 -h /var/empty </dev/null >/dev/null 2>&1",
        tcp("ns1", "192.168.10.12", 8080),
        "port-elsewhere port-closed",
        "ns2",
        mends=False,
    ),
    _a(
        "name server silent",
        "nobody has the address",
        f"echo nameserver 198.51.100.99 > {_RESOLV}",
        _names,
        _SILENT + " nobody-answers nobody-has-address no-nameserver",
        "ns1 host router",
    ),
    _a(
        "name server silent",
        "no server there",
        f"echo nameserver 198.51.100.20 > {_RESOLV}",
        _names,
        _SILENT + " port-closed",
        "lan ns1",
    ),
    _a(
        "name server silent",
        "a stub that is not here",
        f"echo nameserver 127.0.0.53 > {_RESOLV}",
        _names,
        _SILENT + " port-closed resolver-file",
        "ns1",
    ),
    _a(
        "name server silent",
        "the stub of the host",
        "rm -r /etc/netns/ns1\necho nameserver 127.0.0.53 > /etc/resolv.conf",
        _names,
        _SILENT + " port-closed resolver-file",
        "ns1",
    ),
    _a(
        "name server filtered",
        "UDP 53",
        "iptables -A FORWARD -p udp --dport 53 -j DROP",
        _names,
        "filter-drop",
        "host",
    ),
    _a(
        "name server filtered",
        "the answers",
        "iptables -A FORWARD -p udp --sport 53 -j REJECT",
        _names,
        "filter-reject",
        "host",
    ),
    _a("resolver file", "empty", f": > {_RESOLV}", _names, _FILE, "ns1"),
    _a(
        "resolver file",
        "a word wrong",
        f"echo name-server 8.8.8.8 > {_RESOLV}",
        _names,
        _FILE,
        "ns1",
    ),
    _a(
        "resolver file",
        "in a comment",
        f"echo '# nameserver 8.8.8.8' > {_RESOLV}",
        _names,
        _FILE,
        "ns1",
    ),
    _a(
        "resolver file",
        "options alone",
        f"echo options edns0 timeout:1 > {_RESOLV}",
        _names,
        _FILE,
        "ns1",
    ),
    _a(
        "resolver file",
        "in another namespace's directory",
        "mv /etc/netns/ns1 /etc/netns/ns11\n: > /etc/resolv.conf",
        _names,
        _FILE,
        "ns1",
    ),
    _a(
        "no record",
        "a name that nobody has",
        "true",
        name("ns1", "nosuch.example.org"),
        "no-record",
        "ns1 internet",
        mends=False,
    ),
    _a(
        "no way to the name server",
        "no default route",
        "ip -n ns1 route del default",
        _names,
        "no-route",
        "ns1",
    ),
    _a(
        "no way to the name server",
        "not translated",
        "iptables -t nat -F POSTROUTING",
        _names,
        "no-masquerade not-translated masquerade-mismatch",
        "host",
    ),
)
