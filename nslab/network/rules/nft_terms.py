"""The expressions of `nft -j` (libnftables-json(5)) as the fields and values of a match."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from nslab.network.rules import words
from nslab.network.rules.values import UNKNOWN, Match

Sets = Mapping[str, Any]
"""What a table's named sets and maps hold, by name; None for one whose contents come and go."""


XT = "xt "
"""What a part of a rule begins with that is in iptables' own binary form: only that tool tells."""


class Opaque(Exception):
    """An expression that is not understood."""


class Term(NamedTuple):
    """What an expression looks at, and what else must hold for that to be there."""

    field: str
    implied: tuple[Match, ...] = ()
    mask: int | None = None


_ADDRESSES = {"saddr": "source", "daddr": "destination"}
_PORTS = {"sport", "dport"}
_META = {
    "l4proto": "protocol",
    "protocol": "family",
    "nfproto": "family",
    "iifname": "in",
    "iif": "in",
    "oifname": "out",
    "oif": "out",
    "mark": "mark",
    "length": "length",
}
_CT = {"state": "state", "status": "status", "mark": "ctmark", "direction": "direction"}
_IP = {"protocol": "protocol", "ttl": "ttl", "length": "length", **_ADDRESSES}
_IP6 = {"nexthdr": "protocol", "hoplimit": "ttl", **_ADDRESSES}
_ETHER = {"saddr": "mac source", "daddr": "mac destination", "type": "family"}
_ARP = {"saddr ip": "source", "daddr ip": "destination", "operation": "operation"}
_ARP_OVER_ETHERNET = {"htype": 1, "hlen": 6, "plen": 4}
"""What arptables makes sure of in each rule, and is so of every question for an IPv4 address."""

_PAYLOADS: dict[str, tuple[dict[str, str], tuple[Match, ...]]] = {
    "ip": (_IP, (Match(field="family", values=("ip",)),)),
    "ip6": (_IP6, (Match(field="family", values=("ip6",)),)),
    "ether": (_ETHER, ()),
    "arp": (_ARP, (Match(field="family", values=("arp",)),)),
    "icmp": ({"type": "icmp type"}, (Match(field="protocol", values=("icmp",)),)),
    "icmpv6": ({"type": "icmp type"}, (Match(field="protocol", values=("icmpv6",)),)),
    "tcp": ({"flags": "tcp flags"}, (Match(field="protocol", values=("tcp",)),)),
}


def wording(expression: object) -> str:
    """An expression in a few words, for what is not understood."""
    match expression:
        case {"payload": {"protocol": str(protocol), "field": str(name)}}:
            return f"{protocol} {name}"
        case {"meta": {"key": str(key)}}:
            return f"meta {key}"
        case {"ct": {"key": str(key)}}:
            return f"ct {key}"
        case {"xt": {"name": str(name)}}:
            return f"{XT}{name}"
    return json.dumps(expression)


def unknown(expression: object) -> Match:
    return Match(field=UNKNOWN, values=(wording(expression),))


def term(expression: object) -> Term:
    """What the left side of a comparison looks at.

    :raises Opaque: it is nothing that is understood
    """
    match expression:
        case {"payload": {"protocol": str(protocol), "field": str(name)}}:
            return _payload(protocol, name)
        case {"meta": {"key": str(key)}} if key in _META:
            return Term(_META[key])
        case {"ct": {"key": str(key), **rest}} if key in _CT and not rest:
            return Term(_CT[key])
        case {"fib": {"result": "type", "flags": ["daddr"] | "daddr"}}:
            return Term("destination type")
        case {"fib": {"result": "type", "flags": ["saddr"] | "saddr"}}:
            return Term("source type")
        case {"&": [inner, mask]}:
            found = term(inner)
            return found._replace(mask=_bits(found.field, mask))
        case {"concat": [*inner]}:
            terms = [term(each) for each in inner]
            implied = tuple(each for one in terms for each in one.implied)
            return Term(" . ".join(one.field for one in terms), implied)
    raise Opaque(wording(expression))


def _payload(protocol: str, name: str) -> Term:
    if name in _PORTS and protocol == "th":
        return Term(name)
    if name in _PORTS and protocol in ("tcp", "udp", "sctp", "dccp", "udplite"):
        return Term(name, (Match(field="protocol", values=(protocol,)),))
    fields, implied = _PAYLOADS.get(protocol, ({}, ()))
    if name not in fields:
        raise Opaque(f"{protocol} {name}")
    return Term(fields[name], implied)


def _bits(field: str, value: object) -> int:
    """A number out of words for bits."""
    if field == "tcp flags":
        names = [str(name) for name in (value if isinstance(value, list) else [value])]
        if all(name in words.TCP_FLAGS for name in names):
            return sum(words.TCP_FLAGS[name] for name in names)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Opaque(wording(value))


def matches(left: object, op: str, right: object, sets: Sets) -> tuple[Match, ...]:
    """A comparison as conditions, those first without which there is nothing to compare."""
    match left:
        case {"payload": {"protocol": "arp", "field": str(name)}} if (
            _ARP_OVER_ETHERNET.get(name) == right and op == "=="
        ):
            return ()
    try:
        found = term(left)
        values, reverse = _compared(found, op, right, sets)
    except Opaque as error:
        return (Match(field=UNKNOWN, values=(str(error),)),)
    return (*found.implied, Match(field=found.field, values=values, negated=reverse))


def _compared(found: Term, op: str, right: object, sets: Sets) -> tuple[tuple[str, ...], bool]:
    field = found.field
    if found.mask is not None or field == "tcp flags":
        return _masked(found, op, right)
    if op in ("<", ">", "<=", ">="):
        return (_bounded(field, op, right),), False
    if op == "in" and field not in ("state", "status"):
        raise Opaque(field)
    if op != "in" and field == "status":
        raise Opaque("ct status, exactly")  # several of them may hold at once
    return tuple(value(found, each) for each in elements(right, sets)), op == "!="


def _masked(found: Term, op: str, right: object) -> tuple[tuple[str, ...], bool]:
    if op == "in":  # any of these bits
        names = right if isinstance(right, list) else [right]
        return tuple(f"{bit}/{bit}" for name in names if (bit := _bits(found.field, name))), False
    if op not in ("==", "!="):
        raise Opaque(found.field)
    mask = 255 if found.mask is None else found.mask
    return (f"{_bits(found.field, right)}/{mask}",), op == "!="


_LARGEST = {"sport": 65535, "dport": 65535, "length": 65535, "ttl": 255}


def _bounded(field: str, op: str, right: object) -> str:
    if field not in _LARGEST or not isinstance(right, int):
        raise Opaque(f"{field} {op}")
    match op:
        case "<":
            return f"0-{right - 1}"
        case "<=":
            return f"0-{right}"
        case ">":
            return f"{right + 1}-{_LARGEST[field]}"
    return f"{right}-{_LARGEST[field]}"


def elements(right: object, sets: Sets) -> Iterable[object]:
    """The values that the right side of a comparison names."""
    match right:
        case str(name) if name.startswith("@"):
            held = sets.get(name[1:])
            if held is None:
                raise Opaque(f"the set {name}, whose contents come and go")
            return list(held)
        case {"set": [*inner]}:
            return inner
        case {"set": inner}:
            return [inner]
        case list(inner):
            return inner
    return [right]


def value(found: Term, element: object) -> str:
    """A value as text, one word for each thing."""
    match element:
        case {"elem": {"val": inner}}:
            return value(found, inner)
        case {"concat": [*inner]}:
            fields = found.field.split(" . ")
            if len(fields) != len(inner):
                raise Opaque(wording(element))
            return " . ".join(
                value(Term(field, found.implied), each)
                for field, each in zip(fields, inner, strict=True)
            )
        case {"prefix": {"addr": str(address), "len": int(length)}}:
            return f"{address}/{length}"
        case {"range": [first, last]}:
            return f"{_word(found, first)}-{_word(found, last)}"
        case str() | int() if not isinstance(element, bool):
            return _word(found, element)
    raise Opaque(wording(element))


def _word(found: Term, given: object) -> str:
    text = str(given)
    match found.field:
        case "protocol":
            return words.protocol(text)
        case "family":
            if text.lower() not in words.FAMILIES:
                raise Opaque(f"the protocol {text}")
            return words.FAMILIES[text.lower()]
        case "icmp type":
            version = any("icmpv6" in each.values for each in found.implied)
            names = words.ICMPV6_TYPES if version else words.ICMP_TYPES
            return names.get(text, text)
        case "operation":
            return {"1": "request", "2": "reply"}.get(text, text)
        case "sport" | "dport" | "mark" | "ctmark" | "ttl" | "length":
            if not text.isdecimal():
                raise Opaque(f"{found.field} {text}")
        case "state" | "status" | "direction":
            return {"0": "original", "1": "reply"}.get(text, text)
    return text
