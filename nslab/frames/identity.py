"""What stays the same of a packet while it is forwarded and translated, and what does not.

Forwarding changes the MACs and the time to live, address translation the addresses, ports and
identifiers of echoes; checksums follow.  The rest tells two packets apart: the identification of
IPv4, sequence numbers, the payload.
"""

from __future__ import annotations

import socket
import struct
from typing import Any, NamedTuple

from nslab.network.model import Flow, Frame

ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
_ERRORS = (3, 4, 5, 11, 12)
"""ICMP types that carry the packet that they are about (RFC 792)."""


class Packet(NamedTuple):
    """A frame, as far as a journey looks at it.

    ``same`` is equal wherever the packet is seen.  ``flow`` is what may be translated; of an ICMP
    error it is that of the packet that the error is about, which is translated along.
    """

    same: tuple[Any, ...]
    flow: Flow | None
    source: str = ""
    target: str = ""
    ttl: int = 0
    macs: tuple[str, str] = ("", "")
    tags: tuple[int, ...] = ()


def packet(frame: Frame) -> Packet:
    """The packet in a frame; never fails, whatever the bytes are."""
    data, start, kind = frame.data, 0, 0
    macs: tuple[str, str] = ("", "")
    tags: list[int] = []
    if not frame.ethernet:
        kind = 0x0800 if data[:1] < b"\x50" else 0x86DD
    elif len(data) >= 14:
        macs, start = (data[6:12].hex(":"), data[:6].hex(":")), 14
        kind = int.from_bytes(data[12:14], "big")
        while kind in (0x8100, 0x88A8) and len(data) >= start + 4:
            tci, kind = struct.unpack_from(">HH", data, start)
            tags.append(tci & 0xFFF)
            start += 4
    body = data[start:]
    try:
        found = {0x0806: _arp, 0x0800: _ipv4, 0x86DD: _ipv6}[kind](body)
    except (KeyError, struct.error, IndexError, OSError, ValueError):
        # What cannot be understood is the same only if all of it is.
        found = Packet((kind, body), None)
    return found._replace(macs=macs, tags=tuple(tags))


def _arp(data: bytes) -> Packet:
    source, target = socket.inet_ntoa(data[14:18]), socket.inet_ntoa(data[24:28])
    return Packet(("arp", data[:28]), None, source, target)


def _ipv4(data: bytes) -> Packet:
    first, length, identification, fragment, ttl, protocol = struct.unpack_from(">BxHHHBB", data)
    source, target = socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20])
    payload = data[(first & 15) * 4 : max(length, (first & 15) * 4)]
    offset = fragment & 0x1FFF
    flow: Flow | None
    if offset:
        flow = Flow(protocol=protocol, source=source, source_port=0, target=target, target_port=0)
        same: tuple[Any, ...] = (payload,)
    else:
        same, flow = _layer4(protocol, payload, source, target)
    return Packet(("ip", identification, offset, protocol, *same), flow, source, target, ttl)


def _ipv6(data: bytes) -> Packet:
    label, length, protocol, hops = struct.unpack_from(">IHBB", data)
    source = socket.inet_ntop(socket.AF_INET6, data[8:24])
    target = socket.inet_ntop(socket.AF_INET6, data[24:40])
    same, flow = _layer4(protocol, data[40 : 40 + length], source, target)
    return Packet(("ip6", label & 0xFFFFF, protocol, *same), flow, source, target, hops)


def _layer4(
    protocol: int, data: bytes, source: str, target: str
) -> tuple[tuple[Any, ...], Flow | None]:
    """What stays the same of a payload, and the flow that it belongs to."""
    ports = (0, 0)
    same: tuple[Any, ...] = (data,)
    if protocol == TCP:
        *ports_, sequence, answered, size, flags = struct.unpack_from(">HHIIBB", data)
        ports = (ports_[0], ports_[1])
        same = (sequence, answered, flags, data[(size >> 4) * 4 :])
    elif protocol == UDP:
        ports = struct.unpack_from(">HH", data)
        same = (data[8:],)
    elif protocol == ICMP and data[0] in _ERRORS and len(data) >= 28:
        about = _ipv4(data[8:])
        return (data[0], data[1], about.same[:4]), about.flow
    elif protocol in (ICMP, ICMPV6) and data[0] in (0, 8, 128, 129):
        kind, code, identifier, sequence = struct.unpack_from(">BBxxHH", data)
        ports = (identifier, identifier)
        same = (kind, code, sequence, data[8:])
    flow = Flow(
        protocol=protocol, source=source, source_port=ports[0], target=target, target_port=ports[1]
    )
    return same, flow
