"""``nslab end``: running labs are ended from outside, as when a notebook was left open for days."""

from __future__ import annotations

import os
import sys

from nslab.cli.pick import age, pick
from nslab.engine import labs
from nslab.errors import NslabError
from nslab.printable import printable

HOUR = 3600


def run(names: list[str], older: float | None) -> int:
    """End labs and say which; the exit code.

    :param names: their names or process ids
    :param older: hours: of the caller's own, all that were started before
    """
    if not names and older is None:
        names = [str(pick(None, "end").pid)]  # the only one; of several it says which there are
    failed = 0
    chosen = [pick(name, "end") for name in names]
    if older is not None:
        old = _older(older)
        chosen += old
        if not old:
            print(_none(older))
    for lab in chosen:
        try:
            labs.end(lab)
        except NslabError as error:
            print(f"nslab: {error}", file=sys.stderr)
            failed = 1
        else:
            print(f"ended {printable(lab.name)}, which was {age(lab.age)} old")
    return failed


def _older(hours: float) -> list[labs.Running]:
    """The caller's own that are so old, and of which anything runs."""
    return [
        lab
        for lab in labs.running()
        if lab.uid == os.geteuid() and lab.engine != "resting" and lab.age > hours * HOUR
    ]


def _none(hours: float) -> str:
    """That none is so old, and how old the oldest is."""
    running = _older(0)
    if not running:
        return "no lab of yours is running"
    oldest = max(running, key=lambda lab: lab.age)
    return (
        f"none of your labs is older than {age(hours * HOUR)}: the oldest, "
        f"{printable(oldest.name)}, is {age(oldest.age)} old"
    )
