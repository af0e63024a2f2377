"""How far a learner is with an exercise.

It lasts as long as the process: ``lesson["X2"]``, written anew in each cell, goes on where it was.
"""

from __future__ import annotations

import weakref
from collections.abc import Hashable

from nslab.session.lab import Lab


class Attempt:
    """What a learner has done about one exercise so far.

    ``choices`` are what was chosen, in order; ``tries`` counts how often the kernel was asked.
    """

    def __init__(self) -> None:
        self.hints = 0
        """How many hints are open."""
        self.tries = 0
        self.passed = False
        self.asked = False
        """Whether the solution was asked for once."""
        self.choices: list[str] = []
        self._labs: weakref.WeakSet[Lab] = weakref.WeakSet()
        self._newest: weakref.ref[Lab] | None = None

    @property
    def choice(self) -> str:
        """What was chosen last; empty if nothing was."""
        return self.choices[-1] if self.choices else ""

    @property
    def lab(self) -> Lab | None:
        """The newest lab that was started for it, if it is still there."""
        lab = self._newest() if self._newest else None
        return lab if lab is not None and lab.alive else None

    def started(self, lab: Lab) -> None:
        """Count a lab as one that was started for this exercise."""
        self._labs.add(lab)
        self._newest = weakref.ref(lab)

    def owns(self, lab: Lab) -> bool:
        """Whether a lab was started for this exercise."""
        return lab in self._labs

    def judged(self, passed: bool) -> None:
        """Count a try; what was passed once stays passed."""
        self.tries += 1
        self.passed = self.passed or passed


_attempts: dict[Hashable, Attempt] = {}


def attempt(exercise: Hashable) -> Attempt:
    """The attempt at an exercise in this process."""
    return _attempts.setdefault(exercise, Attempt())
