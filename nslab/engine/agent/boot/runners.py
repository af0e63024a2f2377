"""Threads that have done something wait for the next thing to do.

To start a thread takes as long as to spawn a small program does.  :mod:`concurrent.futures` would
do, but a command is over in less than a millisecond, of which its futures and their locks take a
fiftieth, and to import it takes a tenth of the time in which a lab starts.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Sequence

SIDE_BY_SIDE = 32
"""Threads that open or close sockets: they wait for the kernel, not for a processor."""


def side_by_side(work: Sequence[Callable[[], object]]) -> None:
    """Do things at the same time, and wait for all of them.

    :raises Exception: the first of their errors
    """
    # Here, because many labs capture nothing.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(SIDE_BY_SIDE, len(work))) as threads:
        list(threads.map(lambda one: one(), work))


def in_background(work: Sequence[Callable[[], object]]) -> None:
    """Do things at the same time, and do not wait."""
    if work:
        threading.Thread(target=side_by_side, args=(work,), name="closing", daemon=True).start()


class Runners:
    """Runs things at the same time.

    :param most: so many at one time; more have to wait
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._work: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._free = 0
        """Threads that wait, less the things that wait for a thread."""

    def submit(self, work: Callable[[], object]) -> None:
        """Have a thread do something, soon.  It sees to its own errors: nobody waits for it."""
        with self._lock:
            self._free -= 1
            if self._free < 0 and self._threads < self._most:
                self._begin()
        self._work.put(work)

    def _begin(self) -> None:
        """Begin another thread; with the lock."""
        try:
            threading.Thread(target=self._run, name="run", daemon=True).start()
        except RuntimeError:  # the kernel gives none; one that runs does it later
            if not self._threads:
                self._free += 1
                raise
        else:
            self._threads += 1
            self._free += 1

    def _run(self) -> None:
        while True:
            with contextlib.suppress(Exception):
                self._work.get()()
            with self._lock:
                self._free += 1
