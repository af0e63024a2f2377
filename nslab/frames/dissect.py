"""A frame → its layers and fields, with the bytes that each field lies in.  By scapy.

scapy is imported when a frame is first opened.  It only takes bytes apart here: it opens no socket
and asks no name server.  What it cannot take apart becomes one layer of plain bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from msgspec import Struct

from nslab.network.model import Frame

DEEPEST = 32
"""Layers of a frame at most: a malformed one could go on for ever."""

_PLAIN = frozenset({"sport", "dport"})
"""Shown as numbers: scapy's names for them come from this machine's /etc/services."""


class Field(Struct, frozen=True):
    """A field of a layer.  ``start`` and ``size`` are in bits, from the frame's first byte."""

    name: str
    start: int
    size: int
    value: str

    @property
    def bytes(self) -> range:
        """The numbers of the bytes that it lies in, or shares with others."""
        return range(self.start // 8, (self.start + self.size + 7) // 8)


class Layer(Struct, frozen=True):
    """A header with its fields; ``start`` and ``end`` are numbers of bytes."""

    name: str
    start: int
    end: int
    fields: tuple[Field, ...]


@contextmanager
def _quietly() -> Iterator[None]:
    """Without scapy's words about malformed frames, and about this machine's routes."""
    log = logging.getLogger("scapy")
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(before)


@cache
def scapy() -> Any:
    """scapy's layers, as far as frames of a lab have them."""
    import scapy.layers.dns
    import scapy.layers.inet
    import scapy.layers.inet6
    import scapy.layers.l2

    return scapy.layers


def packet(frame: Frame) -> Any:
    """The frame as a scapy packet; what scapy cannot parse at all as ``Raw``."""
    with _quietly():
        return _packet(frame)


def _packet(frame: Frame) -> Any:
    layers = scapy()
    first = layers.l2.Ether
    if not frame.ethernet:
        first = layers.inet.IP if frame.data[:1] < b"\x50" else layers.inet6.IPv6
    try:
        return first(frame.data)
    except Exception:  # whatever a malformed frame brings it to
        from scapy.packet import Raw

        return Raw(frame.data)


def dissect(frame: Frame) -> tuple[Layer, ...]:
    """The layers of a frame, from the outside in; together they cover all of its bytes."""
    with _quietly():
        return tuple(_dissect(frame))


def _dissect(frame: Frame) -> list[Layer]:
    found: list[Layer] = []
    total = len(frame.data)
    place = 0
    layer = _packet(frame)
    while layer.name != "NoPayload" and place < total and len(found) < DEEPEST:
        size = min(_size(layer, total - place), total - place)
        if size <= 0:
            break
        found.append(_layer(layer, frame.data[place : place + size], place))
        place += size
        layer = layer.payload
    if place < total:
        found.append(_rest(frame.data[place:], place))
    return found


def _size(layer: Any, left: int) -> int:
    """The bytes of a layer's own header."""
    if layer.name in ("Raw", "Padding"):
        return len(layer.load)
    header = layer.raw_packet_cache
    if header is not None:
        return len(header)
    behind = layer.payload.original if layer.payload.name != "NoPayload" else b""
    return left - len(behind)


def _layer(layer: Any, header: bytes, place: int) -> Layer:
    if layer.name in ("Raw", "Padding"):
        return _rest(header, place, "padding" if layer.name == "Padding" else "data")
    fields: list[Field] = []
    rest: Any = layer.original
    whole = len(rest)
    try:
        for description in layer.fields_desc:
            before = _bits(rest, whole)
            rest, value = description.getfield(layer, rest)
            size = min(_bits(rest, whole), len(header) * 8) - before
            if size > 0:
                text = _text(layer, description, value)
                fields.append(Field(description.name, place * 8 + before, size, text))
    except Exception:  # scapy's fields raise all sorts of things at malformed bytes
        pass
    end = fields[-1].start + fields[-1].size if fields else place * 8
    left = (place + len(header)) * 8 - end
    if left > 0:
        fields.append(Field("…", end, left, "not taken apart"))
    return Layer(str(layer.name), place, place + len(header), tuple(fields))


def _bits(rest: Any, whole: int) -> int:
    """How much has been read: scapy's rest is bytes, or bytes and the bits read of the first."""
    if isinstance(rest, tuple):
        return int((whole - len(rest[0])) * 8 + rest[1])
    return (whole - len(rest)) * 8


def _text(layer: Any, description: Any, value: Any) -> str:
    if description.name in _PLAIN and isinstance(value, int):
        return str(value)
    try:
        text = str(description.i2repr(layer, value))
    except Exception:
        text = repr(value)
    text = "".join(c if c.isprintable() else "·" for c in text)
    return text if len(text) <= 200 else text[:199] + "…"


def _rest(data: bytes, place: int, name: str = "data") -> Layer:
    text = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in data[:64])
    more = "…" if len(data) > 64 else ""
    field = Field(name, place * 8, len(data) * 8, text + more)
    return Layer(name, place, place + len(data), (field,))
