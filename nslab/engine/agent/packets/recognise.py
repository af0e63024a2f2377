"""Which of the frames that were seen belong to a probe, and what each is.  Pure functions.

An echo and a datagram carry a mark and their number.  A connection is known by the port that it
begins with, and from then on by its sequence number, which translation leaves alone.  An ICMP error
is known by the packet that it quotes.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nslab.engine.agent.packets.watching import Raw
from nslab.network.evidence import MAGIC, Sighting, What
from nslab.network.model import Place

ERRORS: dict[tuple[int, int], str] = {
    (3, 0): "Destination Net Unreachable",
    (3, 1): "Destination Host Unreachable",
    (3, 2): "Destination Protocol Unreachable",
    (3, 3): "Destination Port Unreachable",
    (3, 4): "Fragmentation needed",
    (3, 5): "Source Route Failed",
    (3, 9): "Destination Net Prohibited",
    (3, 10): "Destination Host Prohibited",
    (3, 13): "Packet filtered",
    (5, 0): "Redirect Network",
    (5, 1): "Redirect Host",
    (11, 0): "Time to live exceeded",
    (11, 1): "Frag reassembly time exceeded",
}
"""What ping calls the ICMP errors of IPv4, by type and code."""

ERRORS6: dict[tuple[int, int], str] = {
    (1, 0): "No route",
    (1, 1): "Administratively prohibited",
    (1, 3): "Address unreachable",
    (1, 4): "Port unreachable",
    (1, 5): "Source address failed policy",
    (1, 6): "Reject route",
    (2, 0): "Packet too big",
    (3, 0): "Hop limit exceeded",
}
"""The same of ICMPv6."""


@dataclass
class Marks:
    """By what the packets of one probe are known."""

    nonce: bytes
    ident: int
    ports: dict[int, int] = field(default_factory=dict)
    """The source port of each attempt."""
    beginnings: dict[int, int] = field(default_factory=dict)
    """The sequence number with which each attempt's connection begins: learned."""
    v6: bool = False
    """Whether it goes by IPv6, where neighbours are asked by ICMPv6."""

    @property
    def token(self) -> bytes:
        return MAGIC + self.nonce


@dataclass(frozen=True)
class Packet:
    """An IP packet, as far as it is needed."""

    version: int
    source: str
    target: str
    ttl: int
    protocol: int
    payload: bytes


@dataclass(frozen=True)
class Part:
    """What a packet is to the probe."""

    what: What
    attempt: int
    words: str = ""
    icmp: tuple[int, int] = (0, 0)
    mtu: int = 0


def packet(data: bytes) -> Packet | None:
    """The IP packet that begins there; None if it is none."""
    if len(data) >= 20 and data[0] >> 4 == 4:
        start = (data[0] & 15) * 4
        return Packet(
            4,
            socket.inet_ntop(socket.AF_INET, data[12:16]),
            socket.inet_ntop(socket.AF_INET, data[16:20]),
            data[8],
            data[9],
            data[start:],
        )
    if len(data) >= 40 and data[0] >> 4 == 6:
        return Packet(
            6,
            socket.inet_ntop(socket.AF_INET6, data[8:24]),
            socket.inet_ntop(socket.AF_INET6, data[24:40]),
            data[7],
            data[6],
            data[40:],
        )
    return None


def part(found: Packet, marks: Marks) -> Part | None:
    """What it is to the probe; None if nothing."""
    match found.protocol:
        case 1 | 58:
            return _icmp(found, marks)
        case 6:
            return _tcp(found.payload, marks)
        case 17:
            return _udp(found.payload, marks)
    return None


def _icmp(found: Packet, marks: Marks) -> Part | None:
    body = found.payload
    if len(body) < 8:
        return None
    kind, code = body[0], body[1]
    request, answer = (8, 0) if found.protocol == 1 else (128, 129)
    if kind in (request, answer):
        ident, number = struct.unpack_from(">HH", body, 4)
        # An error quotes eight bytes at least: then there is its number alone, if NAT left it.
        ours = body[8:].startswith(marks.token) or (len(body) == 8 and ident == marks.ident)
        return Part("request" if kind == request else "answer", number - 1) if ours else None
    words = (ERRORS if found.protocol == 1 else ERRORS6).get((kind, code))
    if words is None:
        return None
    quoted = packet(body[8:])
    inner = part(quoted, marks) if quoted is not None else None
    if inner is None:
        return None
    return Part("error", inner.attempt, words, (kind, code), _mtu(found.protocol, body))


def _mtu(protocol: int, body: bytes) -> int:
    """What an error says would fit."""
    if protocol == 1 and body[:2] == b"\3\4":
        return int.from_bytes(body[6:8], "big")
    return int.from_bytes(body[4:8], "big") if protocol == 58 and body[0] == 2 else 0


def _tcp(body: bytes, marks: Marks) -> Part | None:
    if len(body) < 8:
        return None
    source, _, number = struct.unpack_from(">HHI", body)
    if len(body) < 14:  # quoted
        known = source in marks.ports or number in marks.beginnings
        attempt = marks.ports.get(source, marks.beginnings.get(number, -1))
        return Part("request", attempt) if known else None
    (acknowledged,) = struct.unpack_from(">I", body, 8)
    flags = body[13]
    if flags & 0x12 == 0x02:
        if source in marks.ports:
            marks.beginnings.setdefault(number, marks.ports[source])
        attempt = marks.beginnings.get(number, -1)
        return Part("request", attempt) if number in marks.beginnings else None
    attempt = marks.beginnings.get((acknowledged - 1) & 0xFFFFFFFF, -1)
    if attempt < 0 or not flags & 0x10:
        return None
    return Part("reset" if flags & 0x04 else "answer", attempt)


def _udp(body: bytes, marks: Marks) -> Part | None:
    if len(body) < 8:
        return None
    source, target = struct.unpack_from(">HH", body)
    if body[8:].startswith(marks.token) and len(body) > 16:
        return Part("request", body[16])
    if source in marks.ports:
        return Part("request", marks.ports[source])
    return Part("answer", marks.ports[target]) if target in marks.ports else None


def sightings(frames: Sequence[Raw], marks: Marks) -> list[Sighting]:
    """In the order of time; of a frame that comes in, the lower device saw it first."""
    ordered = sorted(frames, key=lambda raw: (raw.stamp, raw.depth))
    for raw in ordered:  # the beginnings of connections have to be known first
        found = packet(raw.data)
        if found is not None and found.protocol == 6:
            part(found, marks)
    found_in_order: list[Sighting] = []
    seen: set[Sighting] = set()
    for raw in ordered:
        for one in _sighting(raw, marks):
            if one.what not in ("arp", "arp-answer") or one not in seen:
                seen.add(one)
                found_in_order.append(one)
    return found_in_order


def _sighting(raw: Raw, marks: Marks) -> Iterator[Sighting]:
    base = Sighting(
        place=Place(ns=raw.ns, link=raw.link),
        way="out" if raw.outgoing else "in",
        what="request",
        vlan=raw.vlan,
        to_mac=raw.target_mac,
        for_others=raw.for_others,
    )
    if raw.protocol == 0x0806:
        asked = _arp(raw.data)
    else:
        found = packet(raw.data)
        if found is None:
            return
        asked = _neighbour(found)
        belongs = part(found, marks)
        if belongs is not None:
            yield _replaced(base, belongs, found)
            return
    if asked is not None:
        what, source, target, mac = asked
        yield Sighting(
            place=base.place,
            way=base.way,
            what=what,
            source=source,
            target=target,
            attempt=-1,
            vlan=base.vlan,
            mac=mac,
        )


def _replaced(base: Sighting, belongs: Part, found: Packet) -> Sighting:
    return Sighting(
        place=base.place,
        way=base.way,
        what=belongs.what,
        source=found.source,
        target=found.target,
        attempt=belongs.attempt,
        port=_port(found),
        ttl=found.ttl,
        vlan=base.vlan,
        to_mac=base.to_mac,
        for_others=base.for_others,
        words=belongs.words,
    )


def _port(found: Packet) -> int:
    """The port that it goes to, 0 if it has none."""
    ported = found.protocol in (6, 17) and len(found.payload) >= 4
    return int.from_bytes(found.payload[2:4], "big") if ported else 0


def _arp(data: bytes) -> tuple[What, str, str, str] | None:
    """What, who, about whom, with which MAC."""
    if len(data) < 28 or data[:6] != b"\0\1\x08\0\6\4":
        return None
    mac, source, target = data[8:14], data[14:18], data[24:28]
    if source == target:
        return None  # an announcement
    said = socket.inet_ntop(socket.AF_INET, source), socket.inet_ntop(socket.AF_INET, target)
    return "arp" if data[7] == 1 else "arp-answer", *said, mac.hex(":")


def about_neighbours(found: Packet) -> bool:
    """Whether it is a question of IPv6 who has an address, or its answer."""
    return found.protocol == 58 and found.payload[:1] in (b"\x87", b"\x88")


def _neighbour(found: Packet) -> tuple[What, str, str, str] | None:
    """The same of IPv6: solicitations and advertisements."""
    body = found.payload
    if not about_neighbours(found) or len(body) < 24:
        return None
    about = socket.inet_ntop(socket.AF_INET6, body[8:24])
    mac = body[26:32].hex(":") if len(body) >= 32 and body[24] in (1, 2) else ""
    if body[0] == 135:
        return None if found.source == "::" else ("arp", found.source, about, mac)
    return "arp-answer", about, found.target, mac
