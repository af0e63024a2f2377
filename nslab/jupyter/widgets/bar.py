"""Something that moves while a job goes on for more than a moment."""

from __future__ import annotations

import html
import threading

import ipywidgets as w

from nslab.jupyter.widgets.words import say

PATIENCE = 1.0
"""Seconds after which it shows itself."""


class Bar(w.HTML):  # type: ignore[misc]
    """Empty unless a job takes more than a second; then a bar, as far along as is known."""

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None
        self._showing = threading.RLock()
        """Held while it changes: a timer that has just begun shows nothing after the end."""
        self._seen = False
        self._share: tuple[int, int] | None = None
        super().__init__()
        self.add_class("nslab-bar")

    def busy(self, busy: bool) -> None:
        """A job has begun, or ended."""
        with self._showing:
            if self._timer is not None:
                self._timer.cancel()
            self._timer, self._seen, self._share, self.value = None, False, None, ""
            if busy:
                self._timer = threading.Timer(PATIENCE, lambda: self._late(timer))
                timer = self._timer
                timer.daemon = True
                timer.name = "nslab-bar"
                timer.start()

    def at(self, done: int, of: int) -> None:
        """How far it is."""
        with self._showing:
            self._share = done, of
            if self._seen:
                self._show()

    def _late(self, timer: threading.Timer) -> None:
        """A job takes more than a moment, if it is still the one that the timer was for."""
        with self._showing:
            if self._timer is timer:
                self._seen = True
                self._show()

    def _show(self) -> None:
        words = html.escape(say("working …"), quote=True)
        share, told = "", ""
        if self._share:
            done, of = self._share
            share, told = f" value='{done}' max='{of}'", f" {done} / {of}"
        self.value = f"<progress aria-label='{words}'{share}></progress>{told}"
