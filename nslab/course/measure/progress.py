"""How far a measurement is: a bar in a notebook, a line in a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Protocol

from nslab.session import views


class Shown(Protocol):
    """Where a bar is shown; each call replaces what was shown before."""

    def __call__(self, text: str, share: float | None) -> None:
        """``share`` is between 0 and 1; None when it is over and only the text stays."""


class Progress:
    """Counts steps and shows them; a context."""

    def __init__(self, title: str, steps: int) -> None:
        self.stopped = False
        self._title = title
        self._steps = steps
        self._done = 0
        self._start = time.monotonic()
        self._show = _shown()

    def now(self, what: str) -> None:
        """What is being measured."""
        text = f"{self._title}: {self._done + 1} of {self._steps}, {what}"
        if self._done:
            spent = time.monotonic() - self._start
            text += f", {spent / self._done * (self._steps - self._done):.0f} s left"
        self._show(text, self._done / self._steps)

    def done(self) -> None:
        """One step more is done."""
        self._done += 1

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        spent = time.monotonic() - self._start
        how = "stopped after " if self.stopped or kind else ""
        self._show(f"{self._title}: {how}{self._done} measurements in {spent:.0f} s", None)


def _shown() -> Shown:
    if views.notebook() is not None:
        from nslab.jupyter.progress import Bar

        return Bar()
    if sys.stderr.isatty():
        return _terminal
    return _nowhere


def _terminal(text: str, share: float | None) -> None:
    bar = "" if share is None else f"[{'#' * round(share * 20):.<20}] "
    end = "\n" if share is None else ""
    print(f"\r\x1b[K{bar}{text}", end=end, file=sys.stderr, flush=True)


def _nowhere(text: str, share: float | None) -> None:
    pass
