"""How far a measurement is: a bar in a notebook, a line in a terminal, nothing elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from nslab.session.progress import shown


class Progress:
    """Counts steps and shows them; a context."""

    def __init__(self, title: str, steps: int) -> None:
        self.stopped = False
        self._title = title
        self._steps = steps
        self._done = 0
        self._start = time.monotonic()
        self._show = shown()

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
