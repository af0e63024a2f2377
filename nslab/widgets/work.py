"""Work that leaves the callback: a button that blocks would block the whole notebook."""

from __future__ import annotations

import threading
from collections.abc import Callable

from nslab.errors import NslabError


class Worker:
    """Does one job at a time, in a thread of its own.

    :param busy: is called with True when a job begins and with False when it has ended
    :param failed: is called with what went wrong, in words
    """

    def __init__(self, busy: Callable[[bool], None], failed: Callable[[str], None]) -> None:
        self._busy = busy
        self._failed = failed
        self._lock = threading.Lock()
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
        self._busy(True)
        self._thread.start()
        return True

    def _run(self, job: Callable[[], object]) -> None:
        try:
            job()
        except NslabError as error:
            self._failed(str(error))
        except Exception as error:  # nothing may be printed from here
            self._failed(f"{type(error).__name__}: {error}")
        finally:
            with self._lock:
                self._thread = None
            self._busy(False)
