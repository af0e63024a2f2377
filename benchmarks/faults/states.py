"""What is said today of each fault that is not right yet: one place, ``states.json``.

A fault that is not in that file is right: the first cause is named, at its place, and what is
printed to mend it does.  ``tests/kernel/test_faults.py`` holds every kind to this: nothing may
become worse.  ``benchmarks/faults/run --states`` writes down what has become better.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from faults.judge import RIGHT, Outcome

FILE = Path(__file__).parent / "states.json"
NOT_MENDED = "right, not mended"
GOOD = frozenset((RIGHT, "passed"))


_WORTH = ("undecided", "placed", NOT_MENDED, RIGHT)


def worth(state: str) -> int:
    """How good a state is: 0 for what misleads, as a wrong cause, a silent ✔ and a false alarm do.

    >>> worth("wrong") < worth("undecided") < worth("placed") < worth("right") == worth("passed")
    True
    """
    if state in GOOD:
        state = RIGHT
    return _WORTH.index(state) + 1 if state in _WORTH else 0


def state(outcome: Outcome) -> str:
    """One word for what was said; ``right, not mended`` if the remedy as printed does not help."""
    if outcome.verdict == RIGHT and outcome.mended is False:
        return NOT_MENDED
    return outcome.verdict


def read() -> dict[str, str]:
    """The state of what is not right, by the fault's (or the working network's) id."""
    found: dict[str, str] = json.loads(FILE.read_text())
    return found


def write(outcomes: Iterable[Outcome], known: Iterable[str]) -> None:
    """Put down the states of what was tried, and leave those of what was not; forget the gone."""
    there = read() if FILE.exists() else {}
    for outcome in outcomes:
        there.pop(outcome.id, None)
        if state(outcome) not in GOOD and outcome.group in ("single", "exotic"):
            there[outcome.id] = state(outcome)
    known = set(known)
    kept = {key: value for key, value in sorted(there.items()) if key in known}
    FILE.write_text(json.dumps(kept, indent=0, ensure_ascii=False) + "\n")
