"""The kernel's ring → frames as values (packet_mmap: blocks of TPACKET_V3).

A block is a head and a chain of frames, each with a header of its own (linux/if_packet.h)::

    head    u32 version, to private, status, frames, first, length …
    frame   u32 next, seconds, nanoseconds, kept, length, status; u16 mac, net;
            u32 hash, vlan tci; u16 vlan tpid …; at 48 the sockaddr_ll: u8 packet type at 58

The numbers are little-endian: the agent runs on a machine of the same kind, or of another with
the same byte order, as all that Debian has but s390x.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from nslab.network.model import Frame, Place

KINDS = ("host", "broadcast", "multicast", "otherhost", "outgoing")
"""By the kernel's packet type; those above 4 never reach a tap."""

ETHERNET = (1, 772)
"""ARPHRD numbers of links with an Ethernet header: Ethernet's own and the loopback's."""

_CSUM_NOT_READY, _VLAN_VALID, _VLAN_TPID_VALID = 0x08, 0x10, 0x40
_VLAN, _MOST = 0x8100, 0xFFFFFFFF

_HEAD = struct.Struct("<6I")

FRAME = struct.Struct("<3I47s")
"""A frame's step, seconds and nanoseconds, and the rest of its header up to the packet type."""

_REST = struct.Struct("<3IH6xIH20xB")


class Origin(NamedTuple):
    """The tap that a block comes from; ``depth`` orders what has one time stamp."""

    place: Place
    depth: int
    ethernet: bool


class Raw(NamedTuple):
    """A frame out of a block.  Compared, they are in the order in which they passed."""

    stamp: int
    depth: int
    tap: int
    turn: int
    kind: str
    length: int
    data: bytes
    checksums: bool


class Header(NamedTuple):
    """What a frame's header says but for the time.

    ``tag`` is the VLAN's tag that the kernel has taken out; ``start`` and ``kept`` are where the
    frame's bytes are, from its header on, and how many.
    """

    kind: str
    kept: int
    length: int
    start: int
    tag: bytes
    checksums: bool


def header(rest: bytes) -> Header:
    """Of the bytes that :data:`FRAME` leaves as they are."""
    kept, length, status, mac, tci, tpid, kind = _REST.unpack(rest)
    tag = b""
    if status & _VLAN_VALID and kept >= 12:
        tag = struct.pack(">HH", tpid if status & _VLAN_TPID_VALID else _VLAN, tci & 0xFFFF)
    return Header(
        KINDS[kind] if kind < len(KINDS) else "host",
        kept,
        min(length + len(tag), _MOST),
        mac,
        tag,
        not status & _CSUM_NOT_READY,
    )


def first(block: bytes) -> tuple[int, int]:
    """How many frames a block has, and where the first is; none if it is no block."""
    if len(block) < _HEAD.size:
        return 0, 0
    _, _, _, count, place, _ = _HEAD.unpack_from(block)
    return count, place


def unpack(block: bytes, tap: int, depth: int = 0, turn: int = 0) -> Iterator[Raw]:
    """The frames of a block; what is no block, or is cut, ends early."""
    known: dict[bytes, Header] = {}
    count, place = first(block)
    for number in range(count):
        if place + FRAME.size > len(block):
            return
        step, seconds, nanoseconds, rest = FRAME.unpack_from(block, place)
        if rest not in known:
            known[rest] = header(rest)
        kind, kept, length, start, tag, checksums = known[rest]
        data = block[place + start : place + start + kept]
        if len(data) < kept:
            return
        if tag:  # it is put back where it was on the wire
            data = data[:12] + tag + data[12:]
        yield Raw(
            seconds * 1_000_000_000 + nanoseconds,
            depth,
            tap,
            turn + number,
            kind,
            length,
            data,
            checksums,
        )
        if not step:
            return
        place += step


def frames(
    blocks: Iterable[tuple[int, bytes]], origins: Sequence[Origin], began: int
) -> list[Frame]:
    """All frames of these blocks, in the order of the kernel's stamps.

    A frame that comes in is stamped once and seen by the device first, then by the bridge or
    macvlan above it: equal stamps go by depth.
    """
    raw: list[Raw] = []
    for tap, block in blocks:
        raw += unpack(block, tap, origins[tap].depth, len(raw))
    raw.sort()
    return [
        Frame(
            number=number,
            time=one.stamp - began,
            stamp=one.stamp,
            place=origins[one.tap].place,
            kind=one.kind,
            length=one.length,
            data=one.data,
            checksums=one.checksums,
            ethernet=origins[one.tap].ethernet,
        )
        for number, one in enumerate(raw, 1)
    ]
