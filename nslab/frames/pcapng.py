"""Frames as a pcapng file: a block that names each link, and a block for each frame.

The format is IETF's draft-ietf-opsawg-pcapng.  Each frame has its direction and the kernel's
packet type in ``epb_flags``; what the kernel dropped stands in a block of statistics at the end.

:mod:`nslab.frames.transcode` makes the same bytes of the kernel's blocks, without frames.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from functools import lru_cache

from nslab.network.model import Frame, Place

PACKET = 6
_SECTION, _INTERFACE, _STATISTICS = 0x0A0D0D0A, 1, 5
_END, _IF_NAME, _IF_TSRESOL, _EPB_FLAGS, _ISB_IFDROP, _SHB_USERAPPL = 0, 2, 9, 2, 5, 4
_ETHERNET, _RAW_IP = 1, 101
_NANOSECONDS = 9

# Bits 0 and 1 of epb_flags are the direction, bits 2 to 4 how it was addressed.
_INBOUND, _OUTBOUND = 1, 2
_FLAGS = {
    "host": _INBOUND | 1 << 2,
    "multicast": _INBOUND | 2 << 2,
    "broadcast": _INBOUND | 3 << 2,
    "otherhost": _INBOUND | 4 << 2,
    "outgoing": _OUTBOUND,
}

PACKET_HEAD = struct.Struct("<7I")
"""Type, size, link, the halves of the stamp, bytes kept, length of the frame."""


def encode(
    frames: Sequence[Frame],
    missing: Mapping[str, int] | None = None,
    links: Mapping[Place, bool] | None = None,
) -> bytes:
    """The file's bytes.

    :param missing: how many frames are not in it, by place
    :param links: the links that are in it even if no frame is, and whether they are Ethernet
    """
    known = dict(links or {})
    for frame in frames:
        known.setdefault(frame.place, frame.ethernet)
    numbers = {place: number for number, place in enumerate(known)}
    parts = [head(known)]
    for frame in frames:
        kept = len(frame.data)
        end = tail(kept, frame.kind)
        parts += (
            PACKET_HEAD.pack(
                PACKET,
                PACKET_HEAD.size + kept + len(end),
                numbers[frame.place],
                frame.stamp >> 32,
                frame.stamp & 0xFFFFFFFF,
                kept,
                frame.length,
            ),
            frame.data,
            end,
        )
    parts.append(statistics(known, missing or {}, frames[-1].stamp if frames else 0))
    return b"".join(parts)


def head(links: Mapping[Place, bool]) -> bytes:
    """How the file begins: the section, and the links in their order."""
    section = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _options((_SHB_USERAPPL, b"nslab"))
    parts = [_block(_SECTION, section)]
    for place, ethernet in links.items():
        described = struct.pack("<HHI", _ETHERNET if ethernet else _RAW_IP, 0, 0)
        names = _options((_IF_NAME, str(place).encode()), (_IF_TSRESOL, bytes((_NANOSECONDS,))))
        parts.append(_block(_INTERFACE, described + names))
    return b"".join(parts)


@lru_cache(4096)
def tail(kept: int, kind: str) -> bytes:
    """What follows the bytes of a frame in its block."""
    flags = _options((_EPB_FLAGS, struct.pack("<I", _FLAGS[kind])))
    pad = -kept % 4
    return bytes(pad) + flags + struct.pack("<I", 32 + kept + pad + len(flags))


def statistics(links: Mapping[Place, bool], missing: Mapping[str, int], last: int) -> bytes:
    """How the file ends, if frames are missing: how many at each link, at the last stamp."""
    parts = []
    for number, place in enumerate(links):
        if count := missing.get(str(place), 0):
            body = struct.pack("<III", number, last >> 32, last & 0xFFFFFFFF)
            parts.append(
                _block(_STATISTICS, body + _options((_ISB_IFDROP, struct.pack("<Q", count))))
            )
    return b"".join(parts)


def _options(*options: tuple[int, bytes]) -> bytes:
    found = b"".join(
        struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
        for code, value in options
    )
    return found + struct.pack("<HH", _END, 0)


def _block(kind: int, body: bytes) -> bytes:
    size = 12 + len(body)
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)
