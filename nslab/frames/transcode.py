"""The kernel's blocks → a pcapng file, without a value for each frame on the way.

Python takes a microsecond for whatever it does to a frame by name, and tcpdump a tenth of that for
all.  So everything that frames have in common is worked out once: of a frame's header only the
step to the next one and the time are looked at, and the rest of it, up to the packet type, is
taken as bytes that say which *layout* the frame has.  What remains are two calls into ``struct``.

The bytes are those that :func:`nslab.frames.pcapng.encode` makes of the same frames.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from nslab.frames import blocks as bl
from nslab.frames import pcapng

LAYOUTS = 4096
"""How many layouts of a link are remembered: frames of all lengths make that many."""

FLOOD = 16
"""Frames of a block from which on it is tried whether they are all alike."""

LONGEST = 1 << 20
"""Bytes of a frame, beyond all that a block holds."""

Blocks = Sequence[tuple[int, bytes]]

Found = tuple[list[bytes | bytearray], int]
"""The frames' blocks in the file, in pieces, and the last stamp."""


class Layout(NamedTuple):
    """How frames are written that have all of their header in common but the time."""

    pack: Callable[..., bytes]
    """Of the head, the halves of the stamp, the lengths, the frame's bytes and the tail."""
    head: bytes
    lengths: bytes
    start: int
    end: int
    tail: bytes
    tag: bytes


class Piece(NamedTuple):
    """Frames in the order of time: their first and last stamp, and their blocks in the file."""

    first: int
    last: int
    data: bytes | bytearray


def transcode(
    blocks: Blocks, origins: Sequence[bl.Origin], missing: Mapping[str, int] | None = None
) -> list[bytes | bytearray]:
    """The file's bytes in pieces; all links are in it."""
    links = {origin.place: origin.ethernet for origin in origins}
    numbers = {place: number for number, place in enumerate(links)}
    tables = [Table(numbers[origin.place]) for origin in origins]
    # One link's blocks are joined one by one, while they are in the processor's cache.  All are
    # sorted if there are several links, or if two processors have overtaken each other.
    pieces, last = _as_they_are(blocks, tables) or _sorted(blocks, tables, origins)
    return [pcapng.head(links), *pieces, pcapng.statistics(links, missing or {}, last)]


def _as_they_are(blocks: Blocks, tables: Sequence[Table]) -> Found | None:
    """The frames as they arrived, and the last stamp; None if that is not their order."""
    pieces: list[bytes | bytearray] = []
    last = 0
    for tap, block in blocks:
        if tap != blocks[0][0]:
            return None
        piece = tables[tap].flood(block)
        if piece is None:
            stamps, packets = tables[tap].packets(block)
            if not stamps:
                continue
            if stamps != sorted(stamps):
                return None
            piece = Piece(stamps[0], stamps[-1], b"".join(packets))
        if piece.first < last:
            return None
        last = piece.last
        pieces.append(piece.data)
    return pieces, last


def _sorted(blocks: Blocks, tables: Sequence[Table], origins: Sequence[bl.Origin]) -> Found:
    """The frames in the order of :func:`nslab.frames.blocks.frames`, and the last stamp."""
    stamps: list[int] = []
    packets: list[bytes] = []
    # Sorting leaves what has one stamp as it was: by depth, then by link, then as it arrived.
    for tap, block in sorted(blocks, key=lambda pair: (origins[pair[0]].depth, pair[0])):
        some = tables[tap].packets(block)
        stamps += some[0]
        packets += some[1]
    order = sorted(range(len(stamps)), key=stamps.__getitem__)
    return [b"".join([packets[number] for number in order])], max(stamps, default=0)


class Table:
    """The layouts of one link's frames, by what their headers have in common."""

    def __init__(self, link: int) -> None:
        self._link = link
        self._known: dict[bytes, Layout] = {}

    def packets(self, block: bytes) -> tuple[list[int], list[bytes]]:
        """The stamps of a block's frames, and of each frame its block in the file."""
        stamps: list[int] = []
        packets: list[bytes] = []
        known, unpack, size = self._known, bl.FRAME.unpack_from, len(block)
        last = size - bl.FRAME.size
        count, place = bl.first(block)
        for _ in range(count):
            if place > last:
                break
            step, seconds, nanoseconds, rest = unpack(block, place)
            pack, head, lengths, start, end, tail, _ = known.get(rest) or self._layout(rest)
            if place + end > size:
                break
            stamp = seconds * 1_000_000_000 + nanoseconds
            data = block[place + start : place + end]
            stamps.append(stamp)
            packets.append(pack(head, stamp >> 32, stamp & 0xFFFFFFFF, lengths, data, tail))
            if not step:
                break
            place += step
        return stamps, packets

    def flood(self, block: bytes) -> Piece | None:
        """A block whose frames differ in nothing but time and bytes, all of them at once.

        None if it is not one.  What takes long to capture and to write mostly is.
        """
        count, place = bl.first(block)
        if count < FLOOD or place % 8 or len(block) % 8 or place + bl.FRAME.size > len(block):
            return None
        step, seconds, nanoseconds, rest = bl.FRAME.unpack_from(block, place)
        layout = self._known.get(rest) or self._layout(rest)
        ending = place + step * (count - 1)
        if layout.tag or step % 8 or step < layout.end or ending + layout.end > len(block):
            return None
        _, ended, final, same = bl.FRAME.unpack_from(block, ending)
        if ended != seconds or same != rest:
            return None
        # A number of each header but the last, in a view that steps from header to header.
        words, pairs = memoryview(block).cast("I"), memoryview(block).cast("Q")
        columns = [words[(place + at) // 4 : ending // 4 : step // 4] for at in (8, 12, 56)]
        columns += [
            pairs[(place + at) // 8 : ending // 8 : step // 8] for at in (0, 16, 24, 32, 48)
        ]
        for column in columns[1:]:
            if column.tobytes() != column[:1].tobytes() * (count - 1):
                return None
        times = [*columns[0].tolist(), final]
        start = seconds * 1_000_000_000
        high = start + nanoseconds >> 32
        lows = [time + start - (high << 32) for time in times]
        if times != sorted(times) or start + final >> 32 != high:
            return None
        frames = [
            block[at : at + layout.end - layout.start]
            for at in range(place + layout.start, ending + layout.end, step)
        ]
        # Between two frames is always the same, once the low halves of the stamps are zero.
        before = layout.head + struct.pack("<2I", high, 0) + layout.lengths
        frames[0] = before + frames[0]
        frames[-1] += layout.tail
        data = bytearray(layout.tail + before).join(frames)
        size = pcapng.PACKET_HEAD.size + layout.end - layout.start + len(layout.tail)
        memoryview(data).cast("I")[4 :: size // 4] = memoryview(array("I", lows))
        return Piece(start + nanoseconds, start + final, data)

    def _layout(self, rest: bytes) -> Layout:
        kind, kept, length, start, tag, _ = bl.header(rest)
        # A damaged header may promise more than any block has: such a frame is not written.
        written = min(kept, LONGEST) + len(tag)
        tail = pcapng.tail(written, kind)
        size = pcapng.PACKET_HEAD.size + written + len(tail)
        head = struct.pack("<3I", pcapng.PACKET, size, self._link)
        lengths = struct.pack("<2I", written, length)
        pack = struct.Struct(f"<12s2I8s{written}s{len(tail)}s").pack
        made = Layout(
            _tagging(pack, tag) if tag else pack, head, lengths, start, start + kept, tail, tag
        )
        if len(self._known) >= LAYOUTS:
            self._known.clear()
        self._known[rest] = made
        return made


def _tagging(pack: Callable[..., bytes], tag: bytes) -> Callable[..., bytes]:
    """Puts a VLAN's tag back into the frame."""

    def tagged(head: bytes, high: int, low: int, lengths: bytes, data: bytes, tail: bytes) -> bytes:
        return pack(head, high, low, lengths, data[:12] + tag + data[12:], tail)

    return tagged
