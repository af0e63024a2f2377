"""Which frames a person wants to see: words, and the filters that Wireshark and tcpdump know.

``icmp``, ``ns1``, ``203.0.113.80``, ``port 80``, ``vlan 7``, ``ip.addr == 10.0.0.1``, ``!arp``,
joined by ``and`` and ``or``, and put in brackets.  A word that is none of these is looked for in
the frame's line, in any case of letters; words beside each other must all be there.
"""

from __future__ import annotations

import difflib
import ipaddress
import operator
import re
import struct
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from nslab.errors import InvalidInput
from nslab.frames.summary import Names, summarise
from nslab.frames.table import MEANT_FOR
from nslab.network.model import Frame

Wanted = Callable[["Facts"], bool]


class Facts(Struct, frozen=True):
    """What of a frame a filter may ask for: the values of each field, and its line."""

    line: str
    fields: Mapping[str, tuple[str | int, ...]]
    protocols: tuple[str, ...]
    """From the outside in; the last is what the frame is for a person."""


PROTOCOLS = (
    *("eth", "vlan", "arp", "ip", "ipv6", "icmp", "icmpv6", "tcp", "udp", "dns", "dhcp", "http"),
    *("vxlan", "stp"),
)

_FIELDS: dict[str, str] = {
    "host": "addr",
    "ip.addr": "ip.addr",
    "ip.src": "ip.src",
    "ip.dst": "ip.dst",
    "ip.proto": "proto",
    "ip.ttl": "ttl",
    "ipv6.addr": "ipv6.addr",
    "ipv6.src": "ipv6.src",
    "ipv6.dst": "ipv6.dst",
    "arp.src.proto_ipv4": "arp.src",
    "arp.dst.proto_ipv4": "arp.dst",
    "arp.opcode": "opcode",
    "port": "port",
    "tcp.port": "tcp.port",
    "tcp.srcport": "tcp.src",
    "tcp.dstport": "tcp.dst",
    "udp.port": "udp.port",
    "udp.srcport": "udp.src",
    "udp.dstport": "udp.dst",
    "icmp.type": "icmp.type",
    "eth.addr": "mac",
    "eth.src": "mac.src",
    "eth.dst": "mac.dst",
    "eth.type": "type",
    "vlan": "vlan",
    "vlan.id": "vlan",
    "frame.number": "number",
    "frame.len": "length",
    "frame.interface_name": "place",
    "ns": "ns",
    "link": "link",
}
"""What may stand before ``==``, and which fact it asks for."""

_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "=": operator.eq,
    "eq": operator.eq,
    "!=": operator.ne,
    "ne": operator.ne,
    ">": operator.gt,
    "gt": operator.gt,
    "<": operator.lt,
    "lt": operator.lt,
    ">=": operator.ge,
    "ge": operator.ge,
    "<=": operator.le,
    "le": operator.le,
    "contains": lambda value, wanted: str(wanted).casefold() in str(value).casefold(),
}
_SINGLE = frozenset({"port", "vlan", "host", "ns", "link"})
"""What may stand before a value without a sign between them."""

_TOKEN = re.compile(r'"([^"]*)"?|(\(|\)|&&|\|\||==|!=|>=|<=|=|>|<|!)|([^\s()&|=!<>"]+)|(.)')
_SERVICES = {53: "dns", 67: "dhcp", 68: "dhcp", 80: "http", 4789: "vxlan"}


def wanted(text: str) -> Wanted:
    """What a text asks for, as a function of a frame's facts.

    :raises InvalidInput: it is not finished, or asks for what there is not; says what is missing
    """
    return _Reader(text).read()


class _Reader:
    """Reads a filter from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, bool]] = []
        for quoted, sign, word, other in _TOKEN.findall(text):
            if quoted:
                self._tokens.append((quoted, True))
            elif (token := sign or word or other).strip():
                self._tokens.append((token, False))
        self._text = text
        self._last = ""
        """What was read last that something must follow."""

    def read(self) -> Wanted:
        if not self._tokens:
            return lambda _: True
        made = self._either()
        if self._tokens:
            raise self._wrong(f"{self._tokens[0][0]} has nothing before it that it could belong to")
        return made

    def _wrong(self, cause: str, hint: str = "") -> InvalidInput:
        return InvalidInput("filter", repr(self._text), cause, hint)

    def _next(self) -> str:
        token, quoted = self._tokens[0] if self._tokens else ("", False)
        return "" if quoted else token.casefold()

    def _either(self) -> Wanted:
        ways = [self._every()]
        while self._next() in ("or", "||"):
            self._last, _ = self._tokens.pop(0)
            ways.append(self._every())
        return ways[0] if len(ways) == 1 else lambda facts: any(way(facts) for way in ways)

    def _every(self) -> Wanted:
        parts = [self._one()]
        while self._tokens and self._next() not in ("or", "||", ")"):
            if self._next() in ("and", "&&"):
                self._last, _ = self._tokens.pop(0)
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda facts: all(part(facts) for part in parts)

    def _one(self) -> Wanted:
        if not self._tokens:
            raise self._wrong(f"nothing stands behind {self._last}")
        token, quoted = self._tokens.pop(0)
        self._last = token
        if quoted:
            return _says(token)
        if token in ("!", "not"):
            inner = self._one()
            return lambda facts: not inner(facts)
        if token == "(":
            inner = self._either()
            if self._next() == ")":  # a bracket that is still open is being typed
                self._tokens.pop(0)
            return inner
        if token in (")", "and", "or", "&&", "||") or token in _COMPARED:
            raise self._wrong(f"{token} has nothing before it that it could belong to")
        return self._term(token)

    def _term(self, token: str) -> Wanted:
        name = token.casefold()
        sign = self._next()
        if sign in _COMPARED and (name in _FIELDS or not sign.isalpha()):
            self._tokens.pop(0)
            if name not in _FIELDS:
                near = _nearest(name)
                cause = f"{token} is no field, {near} is one" if near else f"{token} is no field"
                raise self._wrong(cause, f"there are {', '.join(_FIELDS)}")
            if not self._tokens:
                raise self._wrong(f"{token} {sign} of what?")
            return _compares(name, sign, self._tokens.pop(0)[0])
        if name in _SINGLE and self._tokens and sign not in ("and", "or", "&&", "||", ")"):
            return _compares(name, "==", self._tokens.pop(0)[0])
        if name in PROTOCOLS:
            return lambda facts: name in facts.protocols
        if name in _FIELDS:
            return lambda facts: bool(facts.fields.get(_FIELDS[name]))
        if (network := _network(token)) is not None:
            return lambda facts: any(_inside(one, network) for one in facts.fields.get("addr", ()))
        return _says(token)


def _nearest(name: str) -> str:
    """The field that was meant: one that ends so, or is written much like it."""
    ending = [field for field in _FIELDS if field.rpartition(".")[2] == name]
    close = ending or difflib.get_close_matches(name, _FIELDS, 1)
    return close[0] if close else ""


def _says(text: str) -> Wanted:
    sought = text.casefold()
    return lambda facts: sought in facts.line


def _compares(name: str, sign: str, text: str) -> Wanted:
    """A field beside a value; a field that occurs twice needs one that fits (none, for ``!=``)."""
    fact, compare = _FIELDS[name], _COMPARED[sign]
    network = _network(text) if sign not in ("contains",) else None
    number = int(text, 0) if re.fullmatch(r"0x[0-9a-fA-F]+|[1-9]\d*|0", text) else None

    def fits(value: str | int) -> bool:
        if sign == "contains":
            return compare(value, text)
        if isinstance(value, int):
            return number is not None and compare(value, number)
        if network is not None:
            return _inside(value, network)
        return value.casefold() == text.casefold()

    if sign in ("!=", "ne"):
        same = _compares(name, "==", text)
        # As in Wireshark: what has no such field differs from nothing; !(… == …) finds it.
        return lambda facts: fact in facts.fields and not same(facts)
    return lambda facts: any(fits(value) for value in facts.fields.get(fact, ()))


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(text: str) -> Network | None:
    """An address or a network, if it is one: four numbers, or colons."""
    if text.count(".") != 3 and text.count(":") < 2:
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _inside(value: str | int, network: Network) -> bool:
    try:
        return ipaddress.ip_address(value) in network
    except ValueError:
        return False


def facts(frame: Frame, names: Names) -> Facts:
    """What a filter may ask of a frame; never fails, whatever the bytes are."""
    line = summarise(frame, names)
    fields: dict[str, tuple[str | int, ...]] = {
        "number": (frame.number,),
        "length": (frame.length,),
        "place": (str(frame.place),),
        "ns": (str(frame.place).rpartition("/")[0] or "host",),
        "link": (str(frame.place).rpartition("/")[2],),
    }
    protocols: list[str] = []
    try:
        _frame(frame, fields, protocols)
    except (struct.error, IndexError, ValueError):
        pass  # cut off: what there is of it can be asked for
    macs = " ".join(map(str, fields.get("mac", ())))
    words = (
        f"{frame.place} {MEANT_FOR[frame.kind]} {line.source} {line.target} {line.what} "
        f"{' '.join(protocols)} {macs}"
    )
    return Facts(words.casefold(), fields, tuple(protocols))


def _frame(frame: Frame, fields: dict[str, tuple[str | int, ...]], protocols: list[str]) -> None:
    data, place, kind = frame.data, 0, 0x0800
    if frame.ethernet:
        protocols.append("eth")
        target, source = data[:6].hex(":"), data[6:12].hex(":")
        fields |= {"mac": (source, target), "mac.src": (source,), "mac.dst": (target,)}
        (kind,) = struct.unpack_from("!H", data, 12)
        place = 14
        while kind in (0x8100, 0x88A8):
            tag, kind = struct.unpack_from("!HH", data, place)
            place += 4
            protocols.append("vlan")
            fields["vlan"] = (*fields.get("vlan", ()), tag & 0xFFF)
        fields["type"] = (kind,)
        if kind < 0x600 and data[place : place + 2] == b"\x42\x42":
            protocols.append("stp")
    elif data[:1] >= b"\x60":
        kind = 0x86DD
    if kind == 0x0806:
        protocols.append("arp")
        (code,) = struct.unpack_from("!H", data, place + 6)
        source, target = (_v4(data, place + at) for at in (14, 24))
        fields["opcode"] = (code,)
        _addresses("arp", source, target, fields)
    elif kind == 0x0800:
        protocols.append("ip")
        fields |= {"proto": (data[place + 9],), "ttl": (data[place + 8],)}
        source, target = _v4(data, place + 12), _v4(data, place + 16)
        _addresses("ip", source, target, fields)
        if struct.unpack_from("!H", data, place + 6)[0] & 0x1FFF == 0:  # the first fragment
            _inside_ip(data, place + 4 * (data[place] & 15), data[place + 9], fields, protocols)
    elif kind == 0x86DD:
        protocols.append("ipv6")
        source, target = (
            str(ipaddress.IPv6Address(data[place + at : place + at + 16])) for at in (8, 24)
        )
        _addresses("ipv6", source, target, fields)
        fields["proto"] = (data[place + 6],)
        _inside_ip(data, place + 40, data[place + 6], fields, protocols)


def _addresses(
    name: str, source: str, target: str, fields: dict[str, tuple[str | int, ...]]
) -> None:
    fields |= {f"{name}.src": (source,), f"{name}.dst": (target,)}
    fields |= {f"{name}.addr": (source, target), "addr": (source, target)}


def _inside_ip(
    data: bytes,
    place: int,
    proto: int,
    fields: dict[str, tuple[str | int, ...]],
    protocols: list[str],
) -> None:
    if proto in (1, 58):
        protocols.append("icmp" if proto == 1 else "icmpv6")
        fields["icmp.type"] = (data[place],)
    elif proto in (6, 17):
        name = "tcp" if proto == 6 else "udp"
        protocols.append(name)
        source, target = struct.unpack_from("!HH", data, place)
        both = (source, target)
        fields |= {"port": both, f"{name}.port": both}
        fields |= {f"{name}.src": (source,), f"{name}.dst": (target,)}
        # A service is what either end is known by; HTTP only where something is said.
        service = _SERVICES.get(target) or _SERVICES.get(source)
        said = len(data) > place + (4 * (data[place + 12] >> 4) if name == "tcp" else 8)
        if service and (service != "http" or (name == "tcp" and said)):
            protocols.append(service)


def _v4(data: bytes, place: int) -> str:
    return str(ipaddress.IPv4Address(data[place : place + 4]))
