"""Where something is written in a picture: what nothing else may cover."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import unescape

from nslab.draw.layout.boxes import NAME, TEXT, TITLE, Rect
from nslab.draw.paint.shapes import APART
from nslab.draw.scene.metrics import width

_TEXT = re.compile(r'<text(?: class="([^"]*)")? x="(-?\d+)" y="(-?\d+)">(.*?)</text>')
_PART = re.compile(r'<tspan class="([^"]*)"[^>]*>([^<]*)</tspan>')


def written(elements: Iterable[str]) -> Iterator[tuple[str, Rect]]:
    """Each text of some elements, with the room that it takes at the most."""
    for element in elements:
        for classes, x, y, text in _TEXT.findall(element):
            parts = _PART.findall(text) or [(classes, text)]
            sizes = [(unescape(said), *_size(look.split(), unescape(said))) for look, said in parts]
            every = classes.split()
            wide = sum(w for _, w, _ in sizes) + APART * (len(sizes) - 1)
            left = int(x)
            left -= wide if "nslab-end" in every else wide // 2 if "nslab-middle" in every else 0
            for said, own, size in sizes:
                yield said, Rect(left, int(y) - size + 2, own, size)
                left += own + APART


def _size(classes: Sequence[str], said: str) -> tuple[int, int]:
    """The width of a text, and its height."""
    size = TEXT
    if "nslab-title" in classes and "nslab-leaf" not in classes:
        size = TITLE
    elif "nslab-name" in classes and "nslab-port" not in classes:
        size = NAME
    code = bool({"nslab-code", "nslab-name"} & set(classes))
    bold = bool({"nslab-title", "nslab-badge"} & set(classes))
    return round(width(said, size, code=code, bold=bold)), size
