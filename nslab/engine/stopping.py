"""Stop (Ctrl-C, the notebook's ■) at points of our choosing, and at no other.

Python raises KeyboardInterrupt in the main thread between any two bytecodes: between two halves of
a message, or between a process and the variable that is to hold it.  No code can be right at each
of these places.  So while the main thread works on a lab, an interrupt is only *recorded*, and
a waiting thread is woken; where the work can be broken off in good order, :class:`Interrupted` is
raised.  Nothing that was recorded is lost: what nobody could use any longer is raised at the end.

A region costs two calls of ``signal()``, a microsecond (of the C module: the Python around it takes
ten, for it looks for an enum's member); regions inside others cost nothing.  If the
program has a SIGINT handler of its own (asyncio has), it is left alone.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import contextlib
import signal
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from types import FrameType, TracebackType
from typing import Any

from nslab.errors import Interrupted


class _State:
    """Of the main thread; nobody else changes it, except the handler, which runs there."""

    depth = 0
    shields = 0
    recorded = 0
    """Interrupts that nobody has acted on."""
    waits: SimpleQueue[Any] | None = None
    """What the main thread waits for."""


_state = _State()
_main = threading.main_thread().ident
_default = signal.default_int_handler
_SIGINT = int(signal.SIGINT)


def _record(number: int, frame: FrameType | None) -> None:
    _state.recorded += 1
    waits = _state.waits
    if waits is not None and not _state.shields:
        waits.put(KeyboardInterrupt)  # may be called while get() waits: put() is reentrant


def _held() -> bool:
    """Whether this thread is inside a region."""
    return _state.depth > 0 and threading.get_ident() == _main


class Region:
    """Work that an interrupt breaks off in good order only; ``with Region():``."""

    __slots__ = ("_before", "_ours")

    def __enter__(self) -> None:
        self._ours = False
        if threading.get_ident() != _main:
            return
        if _state.depth == 0:
            if _signal.getsignal(_SIGINT) is not _default:
                return
            _state.recorded = 0
            _state.shields = 0
            _state.waits = None
            _signal.signal(_SIGINT, _record)
        self._before = _state.depth
        _state.depth += 1
        self._ours = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._ours:
            return
        # Not one less: an interrupt may have come while Raising was left.
        _state.depth = self._before
        if _state.depth == 0:
            _signal.signal(_SIGINT, _default)
            if _state.recorded and not isinstance(error, KeyboardInterrupt):
                raise Interrupted(
                    "go on", "", "you stopped it", "what you asked for had been done already"
                )


class Shield:
    """Work inside a region that is finished first, because it is short and must be whole."""

    __slots__ = ("_ours",)

    def __enter__(self) -> None:
        self._ours = _held()
        _state.shields += self._ours

    def __exit__(self, *_: object) -> None:
        _state.shields -= self._ours


class Raising:
    """Work inside a region that takes minutes and may be broken off anywhere, as Python does."""

    __slots__ = ("_depth",)

    def __enter__(self) -> None:
        self._depth = _state.depth if _held() else 0
        if self._depth:
            _state.depth = 0
            _signal.signal(_SIGINT, _default)
            if _state.recorded:
                _state.recorded = 0
                self.__exit__()
                raise KeyboardInterrupt

    def __exit__(self, *_: object) -> None:
        if self._depth:
            _signal.signal(_SIGINT, _record)
            _state.depth, self._depth = self._depth, 0


@contextlib.contextmanager
def looking(operation: str, subject: str = "") -> Iterator[None]:
    """Work that changes nothing, may call what is not ours, and may be broken off anywhere.

    :raises Interrupted: it was
    """
    try:
        with Region(), Raising():
            yield
    except KeyboardInterrupt:
        raise Interrupted(
            operation, subject, "you stopped it", "nothing was changed by it"
        ) from None


def pending() -> bool:
    """Whether an interrupt was recorded that nobody has acted on, and may be acted on."""
    return _state.recorded > 0 and _state.shields == 0 and _held()


def taken() -> None:
    """Somebody acts on what was recorded so far, and will raise Interrupted."""
    if _held():
        _state.recorded = 0


def wait(answers: SimpleQueue[Any], timeout: float | None) -> Any:
    """What comes; the type KeyboardInterrupt if an interrupt comes first.

    :raises queue.Empty: nothing came in so many seconds
    """
    if not _held() or _state.shields:
        return answers.get(timeout=timeout)
    before, _state.waits = _state.waits, answers
    try:
        if _state.recorded:
            return KeyboardInterrupt
        return answers.get(timeout=timeout)
    finally:
        _state.waits = before
