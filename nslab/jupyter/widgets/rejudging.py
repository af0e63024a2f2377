"""A thread that judges an exercise whenever its lab has changed; it knows no widget.

What only looks is judged at every change.  What is tried for real (a ping, which may wait for some
seconds, and which the lab's own links see) is tried when all else is met, once for each state of
the network; and again after a while, a few times, because some things come late: a bridge's port
that has to listen first, a name server that is just starting.  A try of its own is no change.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from nslab.errors import NslabError
from nslab.jupyter.widgets.error_words import cause, told
from nslab.jupyter.widgets.task import Exercise, Standing
from nslab.network import diff
from nslab.network.model import Snapshot

if TYPE_CHECKING:
    from nslab.session.lab import Lab

SETTLE = 0.3
"""Seconds without a change until it is judged: a cell's lines come one after another."""

PATIENCE = 2.0
"""Seconds after which it is judged though it goes on changing."""

TICK = 1.0
"""Seconds between two looks at whether the lab is still there."""

LOOK = 3.0
"""Seconds between two looks at what the kernel tells nobody of: files, and processes that end."""

AGAIN = (4.0, 8.0, 16.0, 32.0)
"""Seconds after which what was tried in vain is tried again, though nothing has changed."""


class Rejudging:
    """Judges until it is stopped or the lab ends.

    :param tell: is called with each standing, in the thread or by whoever asks for one, and with
        whether a step of the learner's has led there
    :param tick: is called about once a second, in the thread
    :param over: is called once, with the reason, when the lab has ended
    :param begin: is called before something is tried for real, which may take some seconds, with
        what is known without it
    """

    def __init__(
        self,
        exercise: Exercise,
        lab: Lab,
        tell: Callable[[Standing, bool], None],
        tick: Callable[[], None],
        over: Callable[[str], None],
        begin: Callable[[Standing], None] = lambda _: None,
    ) -> None:
        self._exercise = exercise
        self._lab = lab
        self._tell = tell
        self._tick = tick
        self._over = over
        self._begin = begin
        self._turn = threading.RLock()
        """Held while it is judged: by the thread, or by who pressed a button."""
        self._changed = threading.Event()
        self._stepped = threading.Event()
        """Whether a step was done since it was last judged."""
        self._stopped = threading.Event()
        self._tried: Standing | None = None
        self._then: Snapshot | None = None
        """What was there when it was last tried."""
        self._fully = False
        """Whether all else was met then."""
        self._seen: Snapshot | None = None
        """What was there when it was last judged."""
        self._looked = 0.0
        self._times: list[float] = []
        """When it is to be tried again."""
        self._thread = threading.Thread(target=self._follow, name="nslab-judge", daemon=True)

    def start(self) -> None:
        """Begin; the first look is the caller's, and tries nothing."""
        self._tell(self._exercise.standing(self._lab), False)
        self._thread.start()
        self._changed.set()

    def stop(self) -> None:
        """Judge no longer; stopping twice is no error."""
        self._stopped.set()
        self._changed.set()

    def changed(self, *, step: bool = False) -> None:
        """Say that the lab has changed: it is judged soon.

        :param step: a step of the learner's has changed it
        """
        if step:  # said by one thread, while another may be saying that something else has changed
            self._stepped.set()
        self._changed.set()

    def judge(self, *, trying: bool = False) -> Standing:
        """Judge now, in the caller's thread.

        :param trying: try for real, whatever else is met
        """
        with self._turn:
            # Before the look: a step that ends meanwhile is judged again.
            if stepped := self._stepped.is_set():
                self._stepped.clear()
            try:
                now = self._judged(trying)
            except BaseException:
                if stepped:  # nobody was told of it yet
                    self._stepped.set()
                raise
            self._tell(now, stepped)
            return now

    def _judged(self, trying: bool) -> Standing:
        """How it stands, tried for real where that is due; the caller has the turn."""
        now = self._exercise.standing(self._lab)
        snapshot = self._seen = self._lab.snapshot()
        same = self._then is not None and not differ(self._then, snapshot)
        if trying or (now.met and now.left and not (same and self._fully and not self._due())):
            self._times = self._times[1:] if same else [time.monotonic() + s for s in AGAIN]
            if trying or not same:
                self._begin(now)
            return self._try_for_real(now, snapshot)
        if same and self._tried is not None:
            now = now.knowing(self._tried)
        return now

    def _try_for_real(self, now: Standing, snapshot: Snapshot) -> Standing:
        """Ask what only a ping or the like can say, and remember what was there then."""
        self._then, self._fully = snapshot, now.met
        self._tried = self._exercise.standing(self._lab, trying=True)
        if differ(snapshot, self._lab.snapshot()):
            # Somebody went on meanwhile: what was found need be true of neither.
            self._then = None
        return self._tried

    @property
    def idle(self) -> bool:
        """Whether nothing is to be tried again as long as nothing changes."""
        return not self._times and not self._changed.is_set()

    def _due(self) -> bool:
        """Whether what was tried in vain is to be tried again now."""
        return bool(self._times) and time.monotonic() >= self._times[0]

    def _follow(self) -> None:
        while not self._stopped.is_set():
            if not self._lab.alive:
                self._end("")
                return
            if self._changed.wait(TICK):
                self._settle()
                self._guarded(self.judge)
            else:
                self._guarded(self._look)
            self._guarded(self._tick)

    def _look(self) -> None:
        """Judge if it is time to try again, or if something has changed without a word."""
        if self._waiting():
            self.judge()
        elif time.monotonic() - self._looked >= LOOK:
            self._looked = time.monotonic()
            if self._lab.snapshot() != self._seen:
                self.judge()

    def _waiting(self) -> bool:
        """Whether something was tried in vain, and it is time to do so again."""
        tried = self._tried
        return tried is not None and self._fully and not tried.solved and self._due()

    def _settle(self) -> None:
        limit = time.monotonic() + PATIENCE
        while time.monotonic() < limit and not self._stopped.is_set():
            self._changed.clear()
            if not self._changed.wait(SETTLE):
                return
        self._changed.clear()

    def _guarded(self, job: Callable[[], object]) -> None:
        """Do it; if the lab was just closed or made anew, that shows at the next turn."""
        if self._stopped.is_set():
            return
        try:
            job()
        except NslabError as error:
            if self._lab.alive:
                self._stopped.wait(AGAIN[0])
                self._changed.set()
            else:
                self._end(cause(error) or told(error))
        except Exception as error:  # nothing may be printed from here
            self._end(f"{type(error).__name__}: {error}")

    def _end(self, reason: str) -> None:
        self._stopped.set()
        self._over(reason)


def differ(before: Snapshot, after: Snapshot) -> bool:
    """Whether a packet may go another way now: programs that come and go do not count."""
    return any(one.what != "process" for one in diff.compare(before, after).lasting)
