"""``nslab why``: the way to an address, explained from a snapshot."""

from __future__ import annotations

import sys

from nslab.cli import show
from nslab.errors import NslabError
from nslab.explain.diagnose.why import silent
from nslab.network.model import Snapshot

WAY = "explain a packet's way in"

YES, NO, UNDECIDED = 0, 1, 2


def run(ns: str, target: str, lab: str | None, *, machine: bool = False) -> int:
    """Print whether a namespace can reach a target, and why; the exit code.

    What cannot be asked is no "no": it ends as what cannot be decided.
    """
    try:
        snapshot = show.machine() if machine else _running(lab, ns, target)
        said = silent(snapshot, ns, target)
    except NslabError as error:
        print(f"nslab: {error}", file=sys.stderr)
        return UNDECIDED
    print(said)
    return {True: YES, False: NO, None: UNDECIDED}[said.ok]


def _running(lab: str | None, ns: str, target: str) -> Snapshot:
    from nslab.cli.pick import pick
    from nslab.engine import labs

    return labs.look(pick(lab, WAY, words=["why", ns, target], ns=ns))
