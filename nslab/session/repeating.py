"""How a lab is made again from its steps, and what then differs from what it was."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from msgspec import structs

from nslab.engine.protocol import SHELL, Command, Engine
from nslab.errors import Interrupted, LabClosed, LabGone, NslabError
from nslab.network.actions import Action
from nslab.network.making import Line, Piece, make
from nslab.network.model import Snapshot
from nslab.session import export
from nslab.session.history import Done, HistoryStep, Typed
from nslab.session.outcome import CommandResult
from nslab.session.output import Output
from nslab.session.progress import Repeating

REPEAT_TIMEOUT = 120.0
"""Seconds at least that a block may take when it is repeated, if it had no limit."""

LOOKS = 4
"""Before how many of the last lines there is a look: each takes some milliseconds."""

ROUNDS = 3
"""How often what differs is made at most: some of it follows from the rest in its own time."""


def rebuild(
    make_engine: Callable[[], Engine],
    steps: Sequence[Done | Typed],
    look: Callable[[Snapshot], object] | None = None,
    ran: Callable[[Typed, CommandResult], object] | None = None,
) -> Engine:
    """A new engine in which steps have been done.

    :param look: is handed what is there before each of the last lines that are typed: with those,
        an exercise takes away what is to be mended
    :param ran: is handed each line that was typed, and what came of it; what it raises is raised
    :raises NslabError: an action failed; a line that fails is passed over
    """
    engine = make_engine()
    try:
        for number, step in enumerate(steps):
            if isinstance(step, Done):
                engine.apply(step.actions)
            else:
                if look is not None and 0 < number >= len(steps) - LOOKS:
                    look(engine.snapshot())
                output = Output(False)
                completed = engine.run(step.command(REPEAT_TIMEOUT), output)
                output.finish()
                if ran is not None:
                    ran(step, output.result(completed))
    except BaseException:
        engine.close()
        raise
    return engine


def repeated(
    make_engine: Callable[[], Engine], steps: Sequence[HistoryStep], wanted: Snapshot | None
) -> tuple[Engine, Snapshot, list[str]]:
    """A new engine in which steps have been repeated, what is there, and what is still missing.

    What was stopped, and what was done by hand, is not repeated: what it made is.  A line that
    failed may fail again.  What is then otherwise than it was, is mended as far as possible.

    :param wanted: what is to be there then; None without a look
    """
    engine = make_engine()
    try:
        with Repeating([step.took for step in steps]) as progress:
            known = list(export.containers(step.what for step in steps))
            for step in steps:
                progress.now("\n".join(export.lines(step.what, known=known)))
                _repeat(engine, step)
        found = engine.snapshot() if wanted is None else mended(engine, wanted)
        lost = [] if wanted is None else differences(wanted, found, lasting=True)
        return engine, found, lost
    except BaseException:
        engine.close()
        raise


def _repeat(engine: Engine, step: HistoryStep) -> None:
    what = step.what
    if isinstance(what, Done):
        carry_out(engine, what.actions)
    elif isinstance(what, Typed) and not what.ending:
        # On a busy machine it takes longer than it did.
        limit = max(REPEAT_TIMEOUT, 10 * step.took) if what.timeout is None else what.timeout
        with _as_far_as_possible():
            engine.run(what.command(limit))
    elif step.after is not None:
        now = engine.snapshot()
        carry_out(engine, make(now, step.after.aligned(now)).pieces)


def mended(engine: Engine, wanted: Snapshot) -> Snapshot:
    """Make what is otherwise than it is wanted, as far as possible; what is there then."""
    before: tuple[Piece, ...] = ()
    now = engine.snapshot()
    for _ in range(ROUNDS):
        pieces = make(now, wanted.aligned(now)).pieces
        if not pieces or pieces == before:
            break
        carry_out(engine, pieces)
        before, now = pieces, engine.snapshot()
    return now


@contextlib.contextmanager
def _as_far_as_possible() -> Iterator[None]:
    """What fails is seen afterwards; only the end of the lab or the stop button are the end."""
    try:
        yield
    except (Interrupted, LabClosed, LabGone):
        raise
    except NslabError:
        pass


def carry_out(engine: Engine, pieces: Sequence[Piece]) -> None:
    """Do as much as possible of a plan."""
    for place, some in groupby(pieces, lambda piece: (isinstance(piece, Line), _where(piece))):
        group = list(some)
        if place[0]:
            text = "\n".join(map(str, group))
            command = Command(argv=(*SHELL, text), ns=place[1], view="full", timeout=REPEAT_TIMEOUT)
            with _as_far_as_possible():
                engine.run(command)
            continue
        actions = [piece for piece in group if isinstance(piece, Action)]
        try:
            engine.apply(actions)
        except (Interrupted, LabClosed, LabGone):
            raise
        except NslabError:
            for action in actions:  # those before it are done: they fail now, or do no harm
                with _as_far_as_possible():
                    engine.apply([action])


def _where(piece: Piece) -> str | None:
    return piece.ns if isinstance(piece, Line) else None


TERMINAL = "bash --norc -i"
"""The shell of a terminal, which says itself that it begins anew (``nslab enter``)."""


def differences(wanted: Snapshot, found: Snapshot, *, lasting: bool = False) -> list[str]:
    """What differs between two labs, whatever numbers the kernel drew in each: a line each.

    :param lasting: leave out what passes, such as a port that is still learning
    """
    both = (wanted.canonical(), found.canonical())
    if lasting:
        both = (_lasting(both[0]), _lasting(both[1]))
        for label, ns in both[1].items():
            if "processes" in ns and label in both[0]:  # one more is no loss
                theirs = both[0][label]["processes"]
                theirs[:] = [one for one in theirs if one != TERMINAL]
                ns["processes"] = [one for one in theirs if one in ns["processes"]]
    return list(_walk("", *both))


_PASSING = frozenset({"UP", "LOWER_UP", "RUNNING", "NO-CARRIER"})


def _lasting(canonical: dict[str, Any]) -> dict[str, Any]:
    """Without what the kernel does of its own accord, in its own time."""
    for ns in canonical.values():
        for link in ns.get("links", {}).values():
            del link["carrier"], link["promiscuity"]
            link["flags"] = tuple(flag for flag in link["flags"] if flag not in _PASSING)
            if link["port"] is not None:
                link["port"] = structs.replace(link["port"], state="")
        for table in ("routes", "local routes"):
            if table in ns:
                ns[table] = [structs.replace(route, dead=False) for route in ns[table]]
    return canonical


def _walk(place: str, wanted: Any, found: Any) -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in sorted({*wanted, *found}):
            yield from _walk(f"{place} {key}".strip(), wanted.get(key), found.get(key))
    elif wanted != found:
        yield f"{place}: was {_short(wanted)}, is {_short(found)}"


def _short(value: Any) -> str:
    if value is None:
        return "not there"
    text = "there" if isinstance(value, dict) else repr(value)
    return text if len(text) < 80 else text[:77] + "…"
