"""How far a learner is with an exercise.

``lesson["X2"]``, written anew in each cell, goes on where it was.  One of a lesson also does so in
a new kernel, because it is kept in the learner's progress.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Hashable
from datetime import UTC, datetime

from nslab.course.progress import store
from nslab.course.progress.record import Record
from nslab.session.lab import Lab

PAUSE = 600.0
"""Seconds without a sign of the learner; what is longer counts as so much."""


class Attempt:
    """What a learner has done about one exercise so far.

    :param name: what it is kept as, such as ``02-bridge-X2``; empty: it is not kept
    """

    def __init__(self, name: str = "") -> None:
        self._name = name
        self._record = store.read().get(name, Record()) if name else Record()
        self._labs: weakref.WeakSet[Lab] = weakref.WeakSet()
        self._newest: weakref.ref[Lab] | None = None
        self._seen: float | None = None
        self.asked = False
        """Whether the solution was asked for once."""
        self.gave_way = False
        """Whether its lab was ended, because another exercise was to have the memory."""

    @property
    def record(self) -> Record:
        """All of it, as it is kept."""
        return self._record

    @property
    def hints(self) -> int:
        """How many hints are open."""
        return self._record.hints

    @property
    def tries(self) -> int:
        """How often the kernel was asked."""
        return self._record.tries

    @property
    def passed(self) -> bool:
        """Whether the goal was met once."""
        return self._record.passed

    @property
    def choices(self) -> tuple[str, ...]:
        """What was chosen, in order."""
        return self._record.choices

    @property
    def choice(self) -> str:
        """What was chosen last; empty if nothing was."""
        return self.choices[-1] if self.choices else ""

    @property
    def seconds(self) -> float:
        """The time spent until it was passed, in seconds, without long pauses."""
        return self._record.seconds + self._since()

    @property
    def unkept(self) -> int:
        """Why the learner's progress cannot be kept just now, as an errno; 0 if it can."""
        return store.unkept() if self._name else 0

    @property
    def lab(self) -> Lab | None:
        """The newest lab that was started for it, if it is still there."""
        lab = self._newest() if self._newest else None
        return lab if lab is not None and lab.alive else None

    def started(self, lab: Lab) -> None:
        """Count a lab as one that was started for this exercise."""
        self._labs.add(lab)
        self.gave_way = False
        self._newest = weakref.ref(lab)
        self._keep()

    def owns(self, lab: Lab) -> bool:
        """Whether a lab was started for this exercise."""
        return lab in self._labs

    def opened(self, most: int) -> int:
        """Open one more hint of so many; how many are open now."""
        self._keep(hints=min(self.hints + 1, most))
        return self.hints

    def chose(self, choice: str) -> None:
        """Remember a choice; an empty one takes the last one back."""
        self._keep(choices=(*self.choices, choice))

    @property
    def why(self) -> int:
        """How often ``why`` was paid for."""
        return self._record.why

    @property
    def rating(self) -> str:
        """A puzzle's stars, those that are left and those that are gone."""
        return self._record.rating

    @property
    def solution(self) -> bool:
        """Whether the solution was shown before it was passed."""
        return self._record.solution

    def asked_why(self) -> None:
        """Remember that ``why`` was paid for."""
        self._keep(why=self.why + 1)

    def gave_up(self) -> None:
        """Remember that the solution was shown before it was passed."""
        self._keep(solution=True)

    def judged(self, passed: bool) -> None:
        """Count a try; what was passed once stays passed."""
        self._keep(tries=self.tries + 1, passed=self.passed or passed)

    def _since(self) -> float:
        """Seconds since the last sign of the learner; none before the first."""
        if self._seen is None or self.passed:
            return 0.0
        return min(time.monotonic() - self._seen, PAUSE)

    def _keep(
        self,
        *,
        passed: bool | None = None,
        tries: int | None = None,
        hints: int | None = None,
        solution: bool | None = None,
        why: int | None = None,
        choices: tuple[str, ...] | None = None,
    ) -> None:
        """Change what is named, and keep it in the learner's file."""
        old = self._record
        self._record = Record(
            passed=old.passed if passed is None else passed,
            tries=old.tries if tries is None else tries,
            hints=old.hints if hints is None else hints,
            solution=old.solution if solution is None else solution,
            why=old.why if why is None else why,
            seconds=round(old.seconds + self._since(), 1),
            choices=old.choices if choices is None else choices,
            changed=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        self._seen = time.monotonic()
        if self._name:
            store.keep(self._name, self._record)


_attempts: dict[Hashable, Attempt] = {}


def attempt(exercise: Hashable, name: str = "") -> Attempt:
    """The attempt at an exercise in this process.

    :param exercise: the exercise
    :param name: what it is kept as, such as ``02-bridge-X2``; empty: it is not kept
    """
    if exercise not in _attempts:
        _attempts[exercise] = Attempt(name)
    return _attempts[exercise]


def make_room() -> None:
    """End the labs of all exercises that are virtual machines: one is to be started.

    Each takes some 150 MB, and a pod of Binder's has 1 GiB for a notebook's labs and all else.  A
    card whose lab has ended says so, and starts a new one when asked.
    """
    for other in _attempts.values():
        lab = other.lab
        if lab is not None and not lab.resting and lab.engine.name == "vm":
            other.gave_way = True
            lab.close()
