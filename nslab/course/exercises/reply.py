"""A hint or a solution, as it shows itself: plain lines."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from nslab.printable import printable


class Reply:
    """Some lines for the learner; in a notebook they are shown as they are."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = tuple(printable(line) for line in lines)

    def __str__(self) -> str:
        return "\n".join(self.lines)

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        shown = "".join(
            f'<div style="white-space:pre-wrap">{html.escape(line)}</div>' for line in self.lines
        )
        return {"text/plain": str(self), "text/html": f'<div class="nslab-reply">{shown}</div>'}
