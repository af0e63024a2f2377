"""Measuring in turn: every repeat goes once through all that is compared.

What disturbs a machine comes and goes.  Measured one after the other, each candidate would meet
another disturbance; in turn, all of them meet the same.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from nslab.course.measure.progress import Progress
from nslab.errors import Interrupted, NslabError
from nslab.session.lab import Lab

QUICK = "NSLAB_QUICK"
"""An environment variable: if it is 1, few short repeats, for tests."""


class Effort(Struct, frozen=True):
    """How often each is measured, and for how many seconds."""

    repeats: int
    seconds: float


def is_quick() -> bool:
    """Whether to measure shortly and badly."""
    return os.environ.get(QUICK, "") not in ("", "0")


def effort(
    repeats: int | None, seconds: float | None, *, full: tuple[int, float], quick: tuple[int, float]
) -> Effort:
    """What was asked for, else what is usual, else (``NSLAB_QUICK=1``) the least."""
    usual = quick if is_quick() else full
    return Effort(max(1, repeats or usual[0]), seconds or usual[1])


class Measured(Struct, frozen=True):
    """The samples of each repeat, in the order in which they were taken."""

    samples: tuple[tuple[str, dict[str, float]], ...]
    stopped: bool = False
    """By the learner, before the last repeat."""

    def of(self, what: str) -> dict[str, tuple[float, ...]]:
        """The samples of one quantity, by what was measured."""
        found: dict[str, list[float]] = {}
        for name, values in self.samples:
            found.setdefault(name, []).append(values[what])
        return {name: tuple(values) for name, values in found.items()}


def in_turn(
    title: str, names: Sequence[str], sample: Callable[[str], dict[str, float]], repeats: int
) -> Measured:
    """Measure each name once, and all of that again; the stop button leaves what there is.

    :raises Interrupted: it was stopped before the first repeat was complete
    """
    taken: list[tuple[str, dict[str, float]]] = []
    with Progress(title, repeats * len(names)) as progress:
        try:
            for _ in range(repeats):
                for name in names:
                    progress.now(name)
                    taken.append((name, sample(name)))
                    progress.done()
        except KeyboardInterrupt:
            if len(taken) < len(names):
                raise Interrupted(
                    "measure",
                    title,
                    "you stopped it before each was measured once",
                    "run the cell again",
                ) from None
            # A repeat that was cut short has measured some and not the others.
            whole = len(taken) - len(taken) % len(names)
            progress.stopped = True
            return Measured(_in_order(names, taken[:whole]), stopped=True)
    return Measured(_in_order(names, taken))


def _in_order(
    names: Sequence[str], taken: list[tuple[str, dict[str, float]]]
) -> tuple[tuple[str, dict[str, float]], ...]:
    return tuple(sorted(taken, key=lambda one: names.index(one[0])))


@cache
def _program() -> str:
    return (Path(__file__).with_name("load.py")).read_text(encoding="utf-8")


def probe(lab: Lab, what: str, *words: str) -> dict[str, Any]:
    """Run the measuring program in the lab's host; what it found.

    :raises NslabError: it could not measure; says why in the program's words
    """
    # On this machine the lab has the interpreter that the notebook has; elsewhere, a common one.
    python = sys.executable if lab.engine.name == "local" else "python3"
    ran = lab.run(python, "-I", "-", what, *words, stdin=_program())
    if ran.returncode:
        last = (ran.stderr.strip().splitlines() or [f"it ended with {ran.returncode}"])[-1]
        raise NslabError(
            f"measure ({what})",
            " ".join(words[:2]),
            last,
            "does the lab hold the network that is measured? start the notebook from the top",
        )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found
