"""What is said today of each fault that is not right yet: one place, ``states.json``.

A fault that is not in that file is right: the first cause is named, at its place, and what is
printed to mend it does.  ``tests/kernel/test_faults.py`` holds every kind to this, in both
directions: what is right cannot become wrong, and what has become right has to be struck off the
list, by ``benchmarks/faults/run --states``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from faults.judge import RIGHT, Outcome

FILE = Path(__file__).parent / "states.json"
NOT_MENDED = "right, not mended"
GOOD = frozenset((RIGHT, "passed"))


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
