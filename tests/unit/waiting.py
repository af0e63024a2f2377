"""To wait for what a thread does: for a condition, never for a time."""

from __future__ import annotations

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
