"""One frame, opened: its layers as a tree, and its bytes with each field's marked."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from nslab.frames.dissect import Field, Layer, dissect, packet
from nslab.frames.summary import Names, summarise
from nslab.frames.table import MEANT_FOR
from nslab.network.arguments import checked
from nslab.network.model import Frame

_HEX_ROW = 16
_FIELD_BYTES = 8
"""Bytes of a field that stand beside its value in the text."""

MARKS = ("#4c78a8", "#e45756", "#54a24b", "#b279a2", "#d67195")
"""One for each layer, on a light page as on a dark one: they are only underlines."""

_SET_OFF = "background:#e69f00;color:#000"


class Opened:
    """A frame with its layers.  ``packet`` is it as scapy has it."""

    def __init__(self, frame: Frame, macs: Mapping[str, str] | None = None) -> None:
        self.frame = frame
        self._macs = macs or {}

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Its headers from the outside in, each with its fields and where they lie."""
        return dissect(self.frame)

    @cached_property
    def packet(self) -> Any:
        """The frame as a scapy packet."""
        return packet(self.frame)

    @property
    def heading(self) -> str:
        """What it is, in a line."""
        frame = self.frame
        line = summarise(frame, Names(self._macs))
        size = f"{frame.length} bytes"
        if len(frame.data) < frame.length:
            size += f", of which {len(frame.data)} were kept"
        way = "sent" if frame.kind == "outgoing" else f"meant for {MEANT_FOR[frame.kind]}"
        return f"frame {frame.number} at {frame.place}, {way}, {size}: {line.what}"

    @property
    def note(self) -> str:
        """What may surprise about the bytes."""
        if self.frame.checksums:
            return ""
        return (
            "Its checksum is not filled in: that is left to the card, and between virtual links "
            "there is none."
        )

    def __str__(self) -> str:
        lines = [self.heading]
        for layer in self.layers:
            lines.append(f"{layer.name}, bytes {layer.start} to {layer.end - 1}")
            width = max(len(field.name) for field in layer.fields)
            for field in layer.fields:
                shown = self._bytes(field)
                bits = f"{field.size} bits" if field.size % 8 else ""
                lines.append(
                    f"  {field.bytes.start:04x}  {shown:<{_FIELD_BYTES * 3}} {bits:<7}  "
                    f"{field.name:<{width}}  {field.value}".rstrip()
                )
        return "\n".join([*lines, self.note] if self.note else lines)

    __repr__ = __str__

    def _bytes(self, field: Field) -> str:
        """A field's bytes in hex, or the first of them."""
        data = self.frame.data[field.bytes.start : field.bytes.stop]
        if len(data) > _FIELD_BYTES:
            return data[: _FIELD_BYTES - 1].hex(" ") + " …"
        return data.hex(" ")

    def _html(self) -> str:
        parts = [f"<p>{html.escape(self.heading)}</p>"]
        left = "text-align:left;vertical-align:top"
        for number, layer in enumerate(self.layers):
            mark = MARKS[number % len(MARKS)]
            rows = "".join(
                "<tr style='background:none'>"
                f"<td style='text-align:right;opacity:.65'>{field.bytes.start:04x}</td>"
                f"<td style='{left};font-family:monospace;min-width:14em'>{self._bytes(field)}</td>"
                f"<td style='{left};min-width:7em'>{html.escape(field.name)}</td>"
                f"<td style='{left}'>{html.escape(field.value)}</td></tr>"
                for field in layer.fields
            )
            parts.append(
                f"<details open><summary style='border-left:.4em solid {mark};padding-left:.5em'>"
                f"{html.escape(layer.name)}, bytes {layer.start} to {layer.end - 1}</summary>"
                f"<table style='font-size:90%;color:inherit'>{rows}</table></details>"
            )
        parts.append(
            "<details><summary>all bytes</summary><pre style='line-height:1.7'>"
            + self.dump()
            + "</pre></details>"
        )
        if self.note:
            parts.append(f"<p>{html.escape(self.note)}</p>")
        return "".join(parts)

    @checked
    def dump(self, span: range = range(0)) -> str:
        """All bytes in hex, as HTML: each underlined in its layer's colour, and says its field.

        :param span: the numbers of the bytes that are set off
        """
        return "\n".join(self._hex_rows(span))

    def _hex_rows(self, span: range) -> Iterator[str]:
        owners: dict[int, tuple[str, str]] = {}
        for number, layer in enumerate(self.layers):
            mark = MARKS[number % len(MARKS)]
            for field in layer.fields:
                for place in field.bytes:
                    title = f"{layer.name}.{field.name} = {field.value}"
                    if place in owners:  # several fields of a few bits each
                        title = f"{owners[place][1]}; {title}"
                    owners[place] = (mark, title)
        data = self.frame.data
        for start in range(0, len(data), _HEX_ROW):
            cells = []
            for place in range(start, min(start + _HEX_ROW, len(data))):
                mark, title = owners.get(place, ("currentColor", ""))
                set_off = f";{_SET_OFF}" if place in span else ""
                style = f"border-bottom:2px solid {mark}{set_off}"
                cells.append(
                    f"<span title='{html.escape(title)}' style='{style}'>{data[place]:02x}</span>"
                )
            yield f"{start:04x}  {' '.join(cells)}"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._html()}


__all__ = ["Opened"]
