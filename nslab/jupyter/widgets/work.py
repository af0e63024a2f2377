"""Work that leaves the callback: a button that blocks would block the whole notebook."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from nslab.errors import NslabError
from nslab.jupyter.widgets.error_words import told

AGAIN = 0.1
"""Seconds after which a job that is to stop is interrupted once more."""


class Worker:
    """Does one job at a time, in a thread of its own.

    :param busy: is called with True when a job begins and with False when it has ended
    :param failed: is called with what went wrong, in words
    """

    def __init__(self, busy: Callable[[bool], None], failed: Callable[[str], None]) -> None:
        self._busy = busy
        self._failed = failed
        self._lock = threading.Lock()
        self._telling = threading.RLock()
        """Held while it is told: a job's end is not told after the beginning of the next."""
        self._told = False
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether a job has begun and not ended."""
        return self._thread is not None

    def do(self, job: Callable[[], object]) -> bool:
        """Begin a job; False, and nothing is done, if another has not ended yet."""
        with self._lock:
            if self._thread is not None:
                return False
            self._thread = threading.Thread(
                target=self._run, args=(job,), name="nslab-work", daemon=True
            )
            begun = self._thread
        self._tell()
        begun.start()
        return True

    def _tell(self) -> None:
        with self._telling:
            if self._told != (now := self.busy):
                self._told = now
                self._busy(now)

    def stop(self, interrupt: Callable[[int], None]) -> None:
        """End the job that runs: interrupt its thread's commands until it has ended.

        :param interrupt: ends the command that a thread runs just now, if it runs one
        """
        thread = self._thread
        if thread is None:
            return

        def insist() -> None:
            # Between two commands there is nothing to interrupt.
            while self._thread is thread:
                interrupt(thread.ident or 0)
                thread.join(timeout=AGAIN) if thread.ident else time.sleep(AGAIN)

        threading.Thread(target=insist, name="nslab-stop", daemon=True).start()

    def _run(self, job: Callable[[], object]) -> None:
        try:
            job()
        except NslabError as error:
            self._failed(told(error))
        except Exception as error:  # nothing may be printed from here
            self._failed(f"{type(error).__name__}: {error}")
        finally:
            with self._lock:
                self._thread = None
            self._tell()
