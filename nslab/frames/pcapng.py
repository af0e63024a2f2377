"""Frames as a pcapng file: a block that names each link, and a block for each frame.

The format is IETF's draft-ietf-opsawg-pcapng.  Each frame has its direction and the kernel's
packet type in ``epb_flags``; what the kernel dropped stands in a block of statistics at the end.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from nslab.model import Frame, Place

_SECTION, _INTERFACE, _STATISTICS, _PACKET = 0x0A0D0D0A, 1, 5, 6
_END, _IF_NAME, _IF_TSRESOL, _EPB_FLAGS, _ISB_IFDROP, _SHB_USERAPPL = 0, 2, 9, 2, 5, 4
_ETHERNET, _RAW_IP = 1, 101
_NANOSECONDS = 9

# Bits 0 and 1 of epb_flags are the direction, bits 2 to 4 how it was addressed.
_INBOUND, _OUTBOUND = 1, 2
_FLAGS = {
    "host": _INBOUND | 1 << 2, "multicast": _INBOUND | 2 << 2, "broadcast": _INBOUND | 3 << 2,
    "otherhost": _INBOUND | 4 << 2, "outgoing": _OUTBOUND,
}  # fmt: skip

_PACKET_HEAD = struct.Struct("<6I")


def encode(frames: Sequence[Frame], missing: Mapping[str, int] | None = None) -> bytes:
    """The file's bytes; ``missing`` counts the frames that are not in it, by place."""
    links: dict[Place, int] = {}
    for frame in frames:
        if frame.place not in links:
            links[frame.place] = len(links)
    ethernet = {frame.place: frame.ethernet for frame in frames}
    head = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _options((_SHB_USERAPPL, b"nslab"))
    parts = [_block(_SECTION, head)]
    for place in links:
        kind = _ETHERNET if ethernet[place] else _RAW_IP
        described = struct.pack("<HHI", kind, 0, 0)
        names = _options((_IF_NAME, str(place).encode()), (_IF_TSRESOL, bytes((_NANOSECONDS,))))
        parts.append(_block(_INTERFACE, described + names))
    # Laid down here and not by _block(): there may be hundreds of thousands.
    ends = {
        kind: struct.pack("<HHIHH", _EPB_FLAGS, 4, flags, _END, 0)
        for kind, flags in _FLAGS.items()
    }
    pads = (b"", b"\0\0\0", b"\0\0", b"\0")
    pack = _PACKET_HEAD.pack
    for frame in frames:
        data, stamp = frame.data, frame.stamp
        kept = len(data)
        pad = pads[kept & 3]
        size = 44 + kept + len(pad)
        parts += (
            pack(_PACKET, size, links[frame.place], stamp >> 32, stamp & 0xFFFFFFFF, kept),
            frame.length.to_bytes(4, "little"), data, pad, ends[frame.kind],
            size.to_bytes(4, "little"),
        )  # fmt: skip
    last = frames[-1].stamp if frames else 0
    for place, number in links.items():
        if count := (missing or {}).get(str(place), 0):
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
