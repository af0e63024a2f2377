"""Whether a rule is about a packet: yes, no, or (None) not to be known.

Follows nft(8) and iptables-extensions(8).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from nslab.explain.trace.packet import Packet
from nslab.network.rules import UNKNOWN, Match, Rule

TypeOf = Callable[[str], str]
"""What an address is to a namespace: local, unicast, broadcast, multicast …"""


def about(rule: Rule, packet: Packet, type_of: TypeOf | None) -> bool | None:
    """Whether all conditions of a rule hold."""
    return both(holds(match, packet, type_of) for match in rule.matches)


def both(answers: object) -> bool | None:
    """A false one decides; else one that is not known."""
    unsure = False
    for answer in answers:  # type: ignore[attr-defined]
        if answer is False:
            return False
        unsure = unsure or answer is None
    return None if unsure else True


def holds(match: Match, packet: Packet, type_of: TypeOf | None) -> bool | None:
    """Whether a condition holds."""
    if match.field == UNKNOWN:
        return None
    found: bool | None = False
    for value in match.values:
        answer = fits(match.field, value, packet, type_of)
        if answer:
            found = True
            break
        if answer is None:
            found = None
    return found if found is None else found != match.negated


def fits(field: str, value: str, packet: Packet, type_of: TypeOf | None) -> bool | None:
    """Whether a packet has a value, or one of a range, in a field; in each, of several."""
    if " . " in field:
        parts = zip(field.split(" . "), value.split(" . "), strict=True)
        return both([fits(one, each, packet, type_of) for one, each in parts])
    match field:
        case "family":
            return packet.family == value
        case "protocol":
            return packet.protocol == value
        case "source":
            return covers(value, packet.source)
        case "destination":
            return covers(value, packet.destination)
        case "in" | "out" | "port in" | "port out" | "bridge in" | "bridge out":
            return _named(value, _link(field, packet))
        case "sport" | "dport" | "length" | "ttl" | "icmp type":
            return _within(value, getattr(packet, field.replace(" ", "_")))
        case "mark":
            return _masked(value, packet.mark)
        case "tcp flags":
            return _masked(value, packet.tcp_flags)
        case "source type" | "destination type":
            address = packet.source if field == "source type" else packet.destination
            return None if type_of is None else type_of(address) == value
        case "mac source" | "mac destination":
            known = packet.mac_source if field == "mac source" else packet.mac_destination
            return None if not known else known.lower() == value.lower()
        case "state" | "direction" | "operation":
            known = getattr(packet, field)
            return known == value if known else None
        case "status":
            return _status(value, packet)
    return None


def _status(value: str, packet: Packet) -> bool | None:
    if value in ("snat", "dnat"):
        return value in packet.status
    return {"expected": False, "none": not packet.status}.get(value)


def _link(field: str, packet: Packet) -> str:
    names = {
        "in": packet.link_in,
        "out": packet.link_out,
        "port in": packet.port_in,
        "port out": packet.port_out,
        "bridge in": packet.bridge_in,
        "bridge out": packet.bridge_out,
    }
    return names[field]


def _named(value: str, name: str) -> bool:
    return name.startswith(value[:-1]) if value.endswith("*") else name == value


def _within(value: str, number: int | None) -> bool | None:
    if number is None:
        return None
    first, _, last = value.partition("-")
    try:
        return int(first) <= number <= int(last or first)
    except ValueError:
        return None


def _masked(value: str, number: int | None) -> bool | None:
    if number is None:
        return None
    wanted, slash, mask = value.partition("/")
    return (number & int(mask) if slash else number) == int(wanted)


Ends = tuple[IPv4Address | IPv6Address, IPv4Address | IPv6Address]


@cache
def _range(value: str) -> Ends | None:
    first, dash, last = value.partition("-")
    return (ip_address(first), ip_address(last)) if dash else None


@cache
def _network(value: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(value, strict=False)
    except ValueError:
        return None


def covers(value: str, address: str) -> bool | None:
    """Whether an address, prefix or range holds an address."""
    try:
        known = ip_address(address)
        ends = _range(value)
    except ValueError:
        return None
    if ends is not None:
        return ends[0].version == known.version and int(ends[0]) <= int(known) <= int(ends[1])
    network = _network(value)
    if network is not None:
        return known in network
    plain, _, mask = value.partition("/")  # a mask that is no prefix
    try:
        bits = int(ip_address(mask))
        return int(known) & bits == int(ip_address(plain)) & bits
    except ValueError:
        return None
