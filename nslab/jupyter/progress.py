"""A line in a notebook that says how far something is."""

from __future__ import annotations

import html
from typing import Any

from IPython.display import display


class Bar:
    """One output, which is replaced at each call.

    It is no widget: those are empty where a notebook is read without a kernel.
    """

    def __init__(self) -> None:
        self._handle: Any = None

    def __call__(self, text: str, share: float | None) -> None:
        """``share`` is between 0 and 1; None when it is over and only the text stays."""
        bar = ""
        if share is not None:
            bar = (
                '<span style="display:inline-block;width:16em;height:.7em;margin-right:1em;'
                'border:1px solid currentColor;border-radius:.35em;overflow:hidden">'
                f'<span style="display:block;width:{share:.0%};height:100%;'
                'background:#0072b2"></span></span>'
            )
        data = {"text/plain": text, "text/html": f"<div>{bar}{html.escape(text)}</div>"}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)
