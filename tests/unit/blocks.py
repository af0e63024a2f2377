"""Blocks as the kernel's ring hands them over (TPACKET_V3), made by hand."""

from __future__ import annotations

import struct
from typing import NamedTuple

from nslab.network.model import Frame, Place

HERE = Place(ns="ns1", link="eth0")


class Packet(NamedTuple):
    """A frame in a block; ``vlan`` is (tag protocol, tag), ``status`` the kernel's bits."""

    stamp: int
    data: bytes
    kind: int = 0
    length: int | None = None
    status: int = 1
    vlan: tuple[int, int] = (0, 0)


def block(*packets: Packet) -> bytes:
    """A block with these frames, laid out as packet_mmap does."""
    parts, first = [], 48
    for packet in packets:
        seconds, nanoseconds = divmod(packet.stamp, 1_000_000_000)
        size = (82 + len(packet.data) + 15) // 16 * 16
        head = struct.pack(
            "<6IHHIIHH8x",
            size,
            seconds,
            nanoseconds,
            len(packet.data),
            packet.length if packet.length is not None else len(packet.data),
            packet.status,
            82,
            96,
            0,
            packet.vlan[1],
            packet.vlan[0],
            0,
        )
        address = struct.pack("<HHiHBB8s", 17, 0, 1, 1, packet.kind, 6, b"")
        parts.append((head + address + bytes(14) + packet.data).ljust(size, b"\0"))
    body = b"".join(parts)
    return struct.pack("<6I24x", 1, 0, 1, len(packets), first, first + len(body)) + body


def frame(data: bytes, number: int = 1, **fields: object) -> Frame:
    """A frame with these bytes."""
    given: dict[str, object] = {
        "number": number,
        "time": number * 1000,
        "stamp": 10**18 + number * 1000,
        "place": HERE,
        "kind": "host",
        "length": len(data),
        "data": data,
    }
    return Frame(**(given | fields))  # type: ignore[arg-type]


MAC_A, MAC_B = bytes.fromhex("02000000000a"), bytes.fromhex("02000000000b")


def ether(kind: int, payload: bytes, target: bytes = MAC_B, source: bytes = MAC_A) -> bytes:
    return target + source + struct.pack(">H", kind) + payload


def ipv4(
    protocol: int,
    payload: bytes,
    source: str = "10.0.0.1",
    target: str = "10.0.0.2",
    fragment: int = 0,
) -> bytes:
    addresses = bytes(int(part) for address in (source, target) for part in address.split("."))
    return (
        struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 7, fragment, 64, protocol, 0)
        + addresses
        + payload
    )


def arp(operation: int, source: str, target: str, mac: bytes = MAC_A) -> bytes:
    packed = [bytes(int(part) for part in address.split(".")) for address in (source, target)]
    return (
        struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation) + mac + packed[0] + bytes(6) + packed[1]
    )


def echo(kind: int = 8, sequence: int = 1) -> bytes:
    return struct.pack(">BBHHH", kind, 0, 0, 77, sequence) + b"data"


def udp(source: int, target: int, payload: bytes) -> bytes:
    return struct.pack(">HHHH", source, target, 8 + len(payload), 0) + payload


def icmp(kind: int, code: int, about: bytes) -> bytes:
    return struct.pack(">BBHI", kind, code, 0, 0) + about


TCP = struct.pack(">HHIIBBHHH", 45678, 80, 1, 2, 0x50, 0x02, 1000, 0, 0)
QUESTION = b"\x03www\x07example\x03org\0" + struct.pack(">HH", 1, 1)
DNS = struct.pack(">HHHHHH", 5, 0x0100, 1, 0, 0, 0) + QUESTION
ANSWER = (
    struct.pack(">HHHHHH", 5, 0x8180, 1, 1, 0, 0)
    + QUESTION
    + b"\xc0\x0c"
    + struct.pack(">HHIH", 1, 1, 300, 4)
    + bytes((203, 0, 113, 80))
)
