"""The tools' words for the numbers in rules, made one."""

from __future__ import annotations

PROTOCOLS = {
    "1": "icmp",
    "2": "igmp",
    "4": "ipencap",
    "6": "tcp",
    "17": "udp",
    "33": "dccp",
    "41": "ipv6",
    "47": "gre",
    "50": "esp",
    "51": "ah",
    "58": "icmpv6",
    "132": "sctp",
    "136": "udplite",
}
"""By number, as nft prints them (libnftables, datatype.c)."""

_SAME = {"ipv6-icmp": "icmpv6", "icmp6": "icmpv6", "ipv4": "ipencap", "ipip": "ipencap"}

ICMP_TYPES = {
    "echo-reply": "0",
    "pong": "0",
    "destination-unreachable": "3",
    "source-quench": "4",
    "redirect": "5",
    "echo-request": "8",
    "ping": "8",
    "router-advertisement": "9",
    "router-solicitation": "10",
    "time-exceeded": "11",
    "ttl-exceeded": "11",
    "parameter-problem": "12",
    "timestamp-request": "13",
    "timestamp-reply": "14",
}
ICMPV6_TYPES = {
    "destination-unreachable": "1",
    "packet-too-big": "2",
    "time-exceeded": "3",
    "parameter-problem": "4",
    "echo-request": "128",
    "echo-reply": "129",
    "nd-router-solicit": "133",
    "router-solicitation": "133",
    "nd-router-advert": "134",
    "router-advertisement": "134",
    "nd-neighbor-solicit": "135",
    "neighbour-solicitation": "135",
    "neighbor-solicitation": "135",
    "nd-neighbor-advert": "136",
    "neighbour-advertisement": "136",
    "neighbor-advertisement": "136",
    "nd-redirect": "137",
}
TCP_FLAGS = {
    "fin": 1,
    "syn": 2,
    "rst": 4,
    "psh": 8,
    "ack": 16,
    "urg": 32,
    "ecn": 64,
    "cwr": 128,
    "all": 63,
    "none": 0,
}
FAMILIES = {
    "ipv4": "ip",
    "ip": "ip",
    "0x0800": "ip",
    "0x800": "ip",
    "ipv6": "ip6",
    "ip6": "ip6",
    "0x86dd": "ip6",
    "arp": "arp",
    "0x0806": "arp",
    "0x806": "arp",
    "2": "ip",
    "10": "ip6",
}
PRIORITIES = {"raw": -300, "mangle": -150, "nat": -100, "filter": 0, "security": 50}
"""Of the iptables tables; a table nat has 100 where sources are rewritten."""


def protocol(word: str) -> str:
    """One word for a protocol; empty for "all"."""
    word = word.lower()
    if word in ("all", "ip", "0"):
        return ""
    return PROTOCOLS.get(word, _SAME.get(word, word))


def priority(table: str, hook: str) -> int:
    """Where the chains of an iptables table come, of all chains of their hook."""
    if table == "nat" and hook in ("input", "postrouting"):
        return 100
    return PRIORITIES.get(table, 0)
