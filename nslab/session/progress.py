"""How far something is: a bar in a notebook, a line in a terminal, nothing elsewhere."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

from nslab.engine import telling
from nslab.engine.telling import Tell
from nslab.printable import printable
from nslab.session import views

PATIENCE = 1.0
"""Seconds that something may take without a word about it."""


class Shown(Protocol):
    """Where a bar is shown; each call replaces what was shown before."""

    def __call__(self, text: str, share: float | None) -> None:
        """``share`` is between 0 and 1; None when it is over and only the text stays."""


def shown() -> Shown:
    """Where to show how far something is."""
    if views.notebook() is not None:
        bar: Shown = views.view("bar")
        return bar
    if sys.stderr.isatty():
        return _terminal
    return _nowhere


def _terminal(text: str, share: float | None) -> None:
    bar = "" if share is None else f"[{'#' * round(share * 20):.<20}] "
    end = "\n" if share is None else ""
    print(f"\r\x1b[K{bar}{text}", end=end, file=sys.stderr, flush=True)


def _nowhere(text: str, share: float | None) -> None:
    pass


class Preparing:
    """Says what an engine does before its first lab: to make a virtual machine takes minutes."""

    def __init__(self, show: Shown) -> None:
        self._show = show

    def __call__(self, what: str, done: float) -> None:
        if what == telling.DONE:
            self._show("the virtual machine is ready", None)
        else:
            self._show(f"making the virtual machine: {printable(what)}", done)


def preparing() -> Tell:
    """Who is told of it: nobody where outputs are compared, or would land in any cell."""
    if not _may():
        return _nowhere
    show = shown()
    return telling.Lines() if show is _nowhere else Preparing(show)


telling.begin = preparing


def _may() -> bool:
    main = threading.current_thread() is threading.main_thread()
    return main and not os.environ.get("NSLAB_QUICK")


class Repeating:
    """Says which step is being repeated, if all of them take longer than a person likes to wait.

    What is shown in a notebook is an output of its cell: it stays away where outputs are compared
    (``NSLAB_QUICK``), and from threads, whose outputs would land in any cell.

    :param took: the seconds that each step took when it was done
    """

    def __init__(self, took: Sequence[float]) -> None:
        self._took = took
        self._place = 0
        self._show: Shown | None = None
        self._start = time.monotonic()
        self._may = _may()

    def now(self, what: str) -> None:
        """The next step begins."""
        self._place += 1
        if self._show is None and self._may:
            past = time.monotonic() - self._start
            if past + sum(self._took[self._place - 1 :]) > PATIENCE:
                self._show = shown()
        if self._show is not None:
            first = printable((what.splitlines() or [""])[0][:60])
            text = f"step {self._place} of {len(self._took)} again: {first}"
            self._show(text, (self._place - 1) / len(self._took))

    def __enter__(self) -> Repeating:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._show is not None:
            count = f"{self._place - 1} of {len(self._took)}" if kind else str(len(self._took))
            steps = "step" if count == "1" else "steps"
            self._show(f"{count} {steps} repeated", None)
