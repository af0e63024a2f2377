"""Packets that a rule drops or refuses: by each tool, in each place."""

from __future__ import annotations

from faults.catalogue.made import on
from faults.topologies import WORLD, ping, tcp
from faults.values import Question

_a, _r, _d = on("article"), on("routers"), on("dnat")
_near = ping("ns1", "192.168.10.12")
_gate = ping("ns1", "192.168.10.1")
_out = ping("ns1", WORLD)
_far = ping("a", "10.2.0.11")
_DROP, _REJECT = "filter-drop", "filter-reject"


def _chain(family: str, hook: str, more: str = "", priority: int = 0) -> str:
    return (
        f"nft add table {family} t\n"
        f"nft add chain {family} t c '{{ type filter hook {hook} {more} priority {priority} ; }}'\n"
    )


def _inside(ns: str, lines: str) -> str:
    return "".join(f"ip netns exec {ns} {line}\n" for line in lines.splitlines())


_TOOLS = ("iptables", "iptables-legacy")


def _by_tool(kind: str, rule: str, question: Question, accepted: str, where: str = "host"):
    for tool in _TOOLS:
        yield _a(kind, f"{tool}: {rule}", f"{tool} {rule}", question, accepted, where)


FAULTS = (
    *_by_tool("FORWARD policy", "-P FORWARD DROP", _out, _DROP),
    _a(
        "FORWARD policy",
        "nft",
        "nft add table inet t\n"
        "nft add chain inet t f '{ type filter hook forward priority 0 ; policy drop ; }'",
        _out,
        _DROP,
        "host",
    ),
    _r(
        "FORWARD policy",
        "a router's",
        "ip netns exec r2 iptables -P FORWARD DROP",
        _far,
        _DROP,
        "r2",
    ),
    *_by_tool("INPUT", "-P INPUT DROP", _gate, _DROP),
    _a(
        "INPUT",
        "all but the NIC",
        "iptables -P INPUT DROP; iptables -A INPUT -i eth0 -j ACCEPT",
        ping("ns1", "198.51.100.10"),
        _DROP,
        "host",
    ),
    _a(
        "INPUT",
        "of the other end",
        "ip netns exec ns2 iptables -A INPUT -p icmp -j DROP",
        _near,
        _DROP,
        "ns2",
    ),
    _a(
        "INPUT",
        "nft, by source",
        _inside("ns2", _chain("ip", "input") + "nft add rule ip t c ip saddr 192.168.10.0/24 drop"),
        _near,
        _DROP,
        "ns2",
    ),
    *_by_tool("OUTPUT", "-A OUTPUT -p icmp -j DROP", ping(None, WORLD), _DROP),
    _a(
        "OUTPUT",
        "of the container",
        "ip netns exec ns1 iptables -P OUTPUT DROP",
        _out,
        _DROP,
        "ns1",
    ),
    _a(
        "OUTPUT",
        "of who answers",
        "ip netns exec ns2 iptables -A OUTPUT -p icmp --icmp-type echo-reply -j DROP",
        _near,
        _DROP,
        "ns2",
    ),
    _a(
        "user chain",
        "iptables",
        "iptables -N mine; iptables -A mine -s 192.168.10.11 -j DROP; iptables -A FORWARD -j mine",
        _out,
        _DROP,
        "host",
    ),
    _a(
        "user chain",
        "two deep, legacy",
        "iptables-legacy -N one; iptables-legacy -N two; iptables-legacy -A one -g two\n"
        "iptables-legacy -A two -o eth0 -j DROP; iptables-legacy -A FORWARD -i lxcbr0 -j one",
        _out,
        _DROP,
        "host",
    ),
    _a(
        "user chain",
        "nft, by a verdict map",
        _chain("ip", "forward") + "nft add chain ip t mine; nft add rule ip t mine drop\n"
        "nft add rule ip t c iifname vmap '{ lxcbr0 : jump mine, br1 : accept }'",
        _out,
        _DROP,
        "host",
    ),
    _a(
        "by connection state",
        "new ones",
        "iptables -A FORWARD -m conntrack --ctstate NEW -j DROP",
        _out,
        _DROP,
        "host",
    ),
    _a(
        "by connection state",
        "answers only",
        "iptables -A FORWARD -m conntrack --ctstate ESTABLISHED -j DROP",
        _out,
        _DROP,
        "host",
    ),
    _a(
        "by connection state",
        "nft",
        _chain("inet", "forward") + "nft add rule inet t c ct state new drop",
        _out,
        _DROP,
        "host",
    ),
    _a(
        "by direction",
        "answers from outside",
        "iptables -A FORWARD -i eth0 -o lxcbr0 -j DROP",
        _out,
        _DROP,
        "host",
    ),
    _a(
        "by direction",
        "nft",
        _chain("ip", "forward") + "nft add rule ip t c iifname eth0 oifname lxcbr0 drop",
        _out,
        _DROP,
        "host",
    ),
    _a(
        "by size",
        "long ones",
        "iptables -A FORWARD -m length --length 1000:65535 -j DROP",
        ping("ns1", WORLD, 1200),
        _DROP,
        "host",
    ),
    _a(
        "by a set",
        "nft",
        _chain("ip", "forward") + "nft add set ip t bad '{ type ipv4_addr; flags interval; }'\n"
        "nft add element ip t bad '{ 203.0.113.0/24 }'\nnft add rule ip t c ip daddr @bad drop",
        _out,
        _DROP,
        "host",
    ),
    _a(
        "bridge family",
        "nft",
        _chain("bridge", "forward") + "nft add rule bridge t c ip protocol icmp drop",
        _near,
        _DROP,
        "host",
    ),
    _a("bridge family", "ebtables", "ebtables -A FORWARD -p IPv4 -j DROP", _near, _DROP, "host"),
    _a(
        "bridge family", "ebtables, ARP", "ebtables -A FORWARD -p ARP -j DROP", _near, _DROP, "host"
    ),
    _a(
        "netdev family",
        "in",
        _chain("netdev", "ingress", "device lxcbr0.1")
        + "nft add rule netdev t c ip protocol icmp drop",
        _gate,
        _DROP,
        "host",
    ),
    _a(
        "netdev family",
        "out",
        _chain("netdev", "egress", "device eth0") + "nft add rule netdev t c ip protocol icmp drop",
        _out,
        _DROP,
        "host",
    ),
    _a(
        "netdev family",
        "by bytes that have no name",
        _chain("netdev", "ingress", "device lxcbr0.1") + "nft add rule netdev t c @th,0,8 8 drop",
        _gate,
        _DROP,
        "host",
    ),
    _a("ARP filtered", "arptables", "arptables -A INPUT -j DROP", _gate, _DROP, "host"),
    _a(
        "ARP filtered",
        "nft, of who answers",
        _inside("ns2", _chain("arp", "output") + "nft add rule arp t c drop"),
        _near,
        _DROP,
        "ns2",
    ),
    _a(
        "raw and mangle",
        "raw PREROUTING",
        "iptables -t raw -A PREROUTING -s 192.168.10.11 -j DROP",
        _out,
        _DROP,
        "host",
    ),
    _a(
        "raw and mangle",
        "mangle POSTROUTING",
        "iptables -t mangle -A POSTROUTING -o eth0 -j DROP",
        _out,
        _DROP,
        "host",
    ),
    _a(
        "raw and mangle",
        "nft prerouting",
        _chain("ip", "prerouting", priority=-300)
        + "nft add rule ip t c ip saddr 192.168.10.11 drop",
        _out,
        _DROP,
        "host",
    ),
    _a(
        "bridged frames",
        "br_netfilter and a FORWARD policy",
        "sysctl -qw net.bridge.bridge-nf-call-iptables=1; iptables -P FORWARD DROP",
        _near,
        _DROP,
        "host",
    ),
    _a(
        "bridged frames",
        "br_netfilter and legacy",
        "sysctl -qw net.bridge.bridge-nf-call-iptables=1\n"
        "iptables-legacy -A FORWARD -s 192.168.10.11 -j DROP",
        _near,
        _DROP,
        "host",
    ),
    *_by_tool("REJECT", "-A FORWARD -s 192.168.10.0/24 -j REJECT", _out, _REJECT),
    _a(
        "REJECT",
        "nft, prohibited",
        _chain("inet", "forward")
        + "nft add rule inet t c ip saddr 192.168.10.11 reject with icmp type admin-prohibited",
        _out,
        _REJECT,
        "host",
    ),
    _a(
        "REJECT",
        "with a reset",
        "ip netns exec ns2 iptables -A INPUT -p tcp --dport 80 -j REJECT --reject-with tcp-reset",
        tcp("ns1", "192.168.10.12", 80),
        _REJECT,
        "ns2",
    ),
    _a(
        "a port filtered",
        "iptables",
        "iptables -A FORWARD -p tcp --dport 80 -j DROP",
        tcp("ns1", WORLD, 80),
        _DROP,
        "host",
    ),
    _a(
        "a port filtered",
        "by the server",
        "ip netns exec ns2 iptables -A INPUT -p tcp -m multiport --dports 80,443 -j DROP",
        tcp("ns1", "192.168.10.12", 80),
        _DROP,
        "ns2",
    ),
    _d(
        "a port filtered",
        "after DNAT",
        "iptables -A FORWARD -p tcp --dport 80 -j DROP",
        tcp("lan", "198.51.100.10", 8080),
        _DROP,
        "host",
    ),
)
