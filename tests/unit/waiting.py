"""To wait for what a thread does: for a condition, never for a time."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

LIMIT = 60.0
"""Seconds after which it will not come any more.  Only a failure takes them."""


def until(condition: Callable[[], object]) -> None:
    """Return as soon as a condition holds; fail if it does not come to hold."""
    limit = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < limit, "it did not come"
        time.sleep(0.005)


STILL = 40
"""How often a thread is seen at the same place, until it is taken to wait there."""


def rests(thread: threading.Thread) -> None:
    """Return when a thread has ended, or waits for what another one holds."""
    seen, times = None, 0

    def still() -> bool:
        nonlocal seen, times
        frame = sys._current_frames().get(thread.ident or 0)
        here = frame and (frame.f_code, frame.f_lasti)
        seen, times = here, times + 1 if here == seen else 0
        return times > STILL

    until(lambda: not thread.is_alive() or still())
