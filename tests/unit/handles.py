"""A widget's parts by the class that each has in the page, where browsers find them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ipywidgets as w
from waiting import until


def _inside(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _inside(child)


def part(widget: w.Widget, name: str) -> Any:
    """The one part whose class is ``nslab-NAME``."""
    (found,) = [each for each in _inside(widget) if f"nslab-{name}" in each._dom_classes]
    return found


def button(widget: w.Widget, words: str) -> Any:
    """The one button with these words on it."""
    (found,) = [each for each in buttons(widget) if each.description == words]
    return found


def buttons(widget: w.Widget) -> list[Any]:
    """All of them, in their order."""
    return [each for each in _inside(widget) if isinstance(each, w.Button)]


def idle(widget: w.Widget) -> bool:
    """Whether nothing runs: then there is nothing to stop."""
    return bool(part(widget, "stop").disabled)


def press(widget: w.Widget, name: str) -> None:
    """Press a button that can be pressed, and wait until what it does has been done."""
    pressed = part(widget, name)
    assert not pressed.disabled
    pressed.click()
    until(lambda: idle(widget))
