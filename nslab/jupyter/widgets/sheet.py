"""The frames of a capture as a list with columns, and one frame opened, in the page (frames.js).

What they show are values; they know neither a capture nor a lab.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import anywidget
import traitlets

from nslab.frames import Frames
from nslab.frames.filtering import Facts
from nslab.frames.opened import MARKS, Opened
from nslab.frames.table import MEANT_FOR
from nslab.jupyter.widgets.field_words import meaning
from nslab.jupyter.widgets.frame_words import of_frame, of_station
from nslab.jupyter.widgets.page import text
from nslab.jupyter.widgets.words import say

COLOURS: Mapping[str, str] = {
    "arp": "#e69f00",
    "icmp": "#009e73",
    "icmpv6": "#009e73",
    "tcp": "#0072b2",
    "udp": "#56b4e9",
    "dns": "#cc79a7",
    "dhcp": "#d55e00",
    "http": "#7b5ea7",
    "stp": "#8a8a00",
}
"""Of each protocol; it has its name beside it, in the list and in the key."""

OTHER = "#888888"


def protocol(facts: Facts) -> str:
    """What a frame is for a person: the innermost of its protocols that has a colour."""
    known = [name for name in facts.protocols if name in COLOURS]
    return known[-1] if known else (facts.protocols[-1] if facts.protocols else "")


def key(protocols: Iterable[str]) -> str:
    """Which colour is what, as HTML."""
    there = set(protocols)
    shown = [name for name in COLOURS if name in there]
    return "".join(
        f"<span class='nslab-key'><i style='background:{COLOURS[name]}'></i>{_called(name)}</span>"
        for name in shown
    )


def _called(name: str) -> str:
    return {"icmpv6": "ICMPv6"}.get(name, name.upper())


class List(anywidget.AnyWidget):
    """Frames, a row each; one is chosen, by its number.

    :param guard: what its owner holds while it fills the list: what the page says waits for that
    """

    _esm = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)
    rows: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    chosen = traitlets.Int(None, allow_none=True).tag(sync=True)

    def __init__(self, guard: AbstractContextManager[Any]) -> None:
        self._guard = guard
        columns = (
            say("no."),
            say("ms"),
            say("Δ ms"),
            say("where"),
            say("protocol"),
            say("from"),
            say("to"),
            say("what"),
            say("bytes"),
        )
        words = {"columns": columns, "list": say("Frames")}
        super().__init__(_esm=text("frames.js"), words=words)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """What the page says."""
        with self._guard:
            super().set_state(sync_data)

    def fill(self, frames: Frames, told: Mapping[int, Facts], most: int) -> None:
        """Show frames, with what of each a filter may ask for; as many as ``most``."""
        rows: list[dict[str, Any]] = []
        before = None
        numbered = {row[0]: row for row in frames.table(rows=most).rows()}
        for frame, _ in zip(frames, range(most), strict=False):
            _, place, _, source, target, what, size = numbered[str(frame.number)]
            name = protocol(told[frame.number])
            waited = frame.time - (frame.time if before is None else before)
            times = [f"{frame.time / 1e6:.3f}", f"{waited / 1e6:.3f}"]
            before = frame.time
            sent = "→" if frame.kind == "outgoing" else "←"
            rows.append(
                {
                    "number": frame.number,
                    "protocol": name,
                    "colour": COLOURS.get(name, OTHER),
                    "meant": of_frame(MEANT_FOR[frame.kind]),
                    "cells": [
                        *(str(frame.number), *times, f"{place} {sent}", _called(name)),
                        *(source, of_station(target), what, size),
                    ],
                }
            )
        numbers = [row["number"] for row in rows]
        with self.hold_sync():
            if rows != self.rows:
                self.rows = rows
            if self.chosen not in numbers:
                self.chosen = numbers[0] if numbers else None


class Parts(anywidget.AnyWidget):
    """The layers and bytes of one frame; of these, one layer or field is chosen."""

    _esm = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)
    layers: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    data = traitlets.Unicode().tag(sync=True)
    field: traitlets.List[int] = traitlets.List([0, -1]).tag(sync=True)

    def __init__(self) -> None:
        words = {
            "tree": say("Layers and fields"),
            "hex": say("Bytes; arrows go from one to the next"),
            "bits": say("{count} bits"),
            "bytes": say("bytes {first} to {last}"),
        }
        super().__init__(_esm=text("frames.js"), words=words)

    def show(self, opened: Opened | None) -> None:
        """Show a frame, or none."""
        layers: list[dict[str, Any]] = []
        for number, layer in enumerate(opened.layers if opened else ()):
            fields = [
                {
                    "name": one.name,
                    "value": one.value,
                    "start": one.start,
                    "size": one.size,
                    "is": meaning(layer.name, one.name),
                }
                for one in layer.fields
            ]
            layers.append(
                {
                    "name": layer.name,
                    "start": layer.start,
                    "end": layer.end,
                    "colour": MARKS[number % len(MARKS)],
                    "fields": fields,
                }
            )
        with self.hold_sync():
            self.data = opened.frame.data.hex() if opened else ""
            self.layers = layers
