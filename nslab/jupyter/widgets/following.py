"""A thread that follows a lab and tells of every change; it knows no widget.

Changes add up while they come in quick succession, and fade together: what is told is the
difference to what was there before the first of them, and after a while the plain network again.
Where a lesson's steps are done, what one of them changed is told until the next one begins.
"""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from nslab.errors import LabClosed, LabGone, NslabError
from nslab.jupyter.widgets.error_words import cause, told
from nslab.network import diff
from nslab.network.model import Snapshot

if TYPE_CHECKING:
    from nslab.session.lab import Lab

FADE = 4.0
"""Seconds after the last change until it is no longer set off."""

SOON = 0.3
"""Seconds after a step has begun until what the one before it changed is no longer set off."""

GAP = 0.1
"""Seconds between two tellings that took long: what happens in between is told at once."""

SHORT_GAP = 0.03
"""Seconds between two tellings at least: so soon a page has drawn a small picture."""

SHARE = 3
"""How many times as long as a telling took is rest after it: cells get on with their work."""

WAIT = 1.0
"""Seconds of one question for changes."""

Tell = Callable[[Snapshot | diff.Diff], None]


class Following:
    """Follows until it is stopped, the lab ends, or nobody refers to the lab any longer.

    :param tell: is called with what is there at first, then with every change, in the thread
    :param over: is called once, with the reason, when there is nothing more to follow
    """

    def __init__(self, lab: Lab, tell: Tell, over: Callable[[str], None]) -> None:
        self._lab = weakref.ref(lab)
        self._engine: object = lab.engine
        self._tell = tell
        self._over = over
        self._stopping = threading.Event()
        self._base = self._shown = lab.snapshot()
        self._until: float | None = None
        """When what was changed is no longer set off; None: nothing is."""
        self._in_steps = False
        self._number = 0
        self._took = 0.0
        """Seconds that the last telling took, with the look before it."""
        self._thread = threading.Thread(target=self._follow, name="nslab-live", daemon=True)

    def start(self) -> None:
        """Begin; the first telling comes from the caller's thread."""
        self._tell(self._shown)
        self._thread.start()

    def stop(self) -> None:
        """Follow no longer; stopping twice is no error."""
        self._stopping.set()

    def begin(self) -> None:
        """A step begins: what it changes is told alone, and until the next one begins."""
        lab = self._lab()
        self._in_steps = True
        if lab is None:
            return
        self._base = lab.snapshot() if lab.engine is self._engine else self._shown
        if self._until is not None:
            self._until = time.monotonic() + SOON

    @property
    def shown(self) -> Snapshot:
        """What was shown last."""
        return self._shown

    def _follow(self) -> None:
        reason = ""
        try:
            while not self._stopping.is_set():
                try:
                    if self._step():
                        self._stopping.wait(gap(self._took))
                except (LabClosed, LabGone) as error:
                    lab = self._lab()
                    if lab is None or not lab.alive:
                        reason = cause(error) or told(error)
                        return
                    self._number = 0  # undone: there is another engine now
        except NslabError as error:
            reason = told(error)
        except Exception as error:  # nothing may be printed from here
            reason = f"{type(error).__name__}: {error}"
        finally:
            self._over(reason)

    def _step(self) -> bool:
        """Wait for a change, or for the last one to fade; whether anything was told."""
        wait = WAIT
        if self._until is not None:
            wait = min(WAIT, max(0.01, self._until - time.monotonic()))
        lab = self._lab()
        if lab is None:
            raise LabClosed("follow", "the lab", "it is no longer in use")
        if lab.resting:
            del lab
            self._stopping.wait(wait)
            return self._fade()
        engine = lab.engine
        if engine is not self._engine:
            self._number = 0
        del lab  # while we wait, others may let go of it
        number = engine.changes(self._number, wait)
        if number != self._number:
            self._number = number
            return self._look(engine is not self._engine)
        return self._fade()

    def _fade(self) -> bool:
        """Show what is there, once a change was seen long enough; whether it was told."""
        if self._until is None or time.monotonic() < self._until:
            return False
        began = time.monotonic()
        self._until = None
        if not self._in_steps:
            self._base = self._shown
        self._tell(self._shown)
        self._took = time.monotonic() - began
        return True

    def _look(self, renewed: bool) -> bool:
        lab = self._lab()
        if lab is None:
            return False
        began = time.monotonic()
        now = lab.snapshot()
        seen, turned = now, None
        if renewed or lab.engine is not self._engine:
            # Made anew by undo or reset: what is called the same is the same.
            self._engine = lab.engine
            seen, turned = now.aligned(self._shown), lab._turned_into(now)
        change = diff.compare(self._shown, seen)
        if not change:
            if seen is not now:  # what is done next is compared with the lab as it is now
                self._shown = self._base = now
            return False
        # What was taken back is no change any longer.
        since = change if self._base is self._shown else diff.compare(self._base, seen)
        self._tell(turned or since or seen)
        self._shown = now
        if seen is not now:
            self._base = now
        ended = time.monotonic()
        self._until = math.inf if self._in_steps else ended + FADE
        self._took = ended - began
        return True


def gap(took: float) -> float:
    """Seconds of rest after a telling: few where it was quick, so that the next comes soon.

    :param took: seconds that the telling took
    """
    return min(GAP, max(SHORT_GAP, SHARE * took))
