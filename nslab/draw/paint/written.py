"""Where something is written in a picture: what nothing else may cover."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape

from nslab.draw.layout.boxes import NAME, TEXT, TITLE, Rect
from nslab.draw.scene.metrics import width

_TEXT = re.compile(r'<text(?: class="([^"]*)")? x="(-?\d+)" y="(-?\d+)">([^<]*)</text>')


def written(elements: Iterable[str]) -> Iterator[tuple[str, Rect]]:
    """Each text of some elements, with the room that it takes at the most."""
    for element in elements:
        for classes, x, y, text in _TEXT.findall(element):
            every = classes.split()
            size = TEXT
            if "nslab-title" in every and "nslab-leaf" not in every:
                size = TITLE
            elif "nslab-name" in every and "nslab-port" not in every:
                size = NAME
            code = bool({"nslab-code", "nslab-name"} & set(every))
            bold = bool({"nslab-title", "nslab-badge"} & set(every))
            said = unescape(text)
            wide = round(width(said, size, code=code, bold=bold))
            left = int(x)
            left -= wide if "nslab-end" in every else wide // 2 if "nslab-middle" in every else 0
            yield said, Rect(left, int(y) - size + 2, wide, size)
