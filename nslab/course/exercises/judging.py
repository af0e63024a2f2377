"""Whether the goal of an exercise is met, and what must not be is not.

Every verdict tells what is so; none tells what to type: that is for the hints.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import structs

from nslab.course.exercises.values import MustNot
from nslab.errors import NotFound
from nslab.network import diff
from nslab.network.diff import Change, Diff
from nslab.network.model import Link, Namespace, Snapshot
from nslab.sentence import Sentence, sentence
from nslab.session.apart import Apart
from nslab.session.check import Check, Verdict
from nslab.session.consequences import consequences
from nslab.session.history import HistoryStep
from nslab.session.lab import Lab

_BESIDE = frozenset({"file", "process"})
"""What comes and goes without being the network's."""


class _Asked:
    """A lab as checks ask it, without the search for a cause, which only their hints need."""

    def __init__(self, lab: Lab | Apart) -> None:
        self.snapshot = lab.snapshot
        self.run = lab._run_aside

    obstacle = None

    def why(self, source: str | None, target: str) -> _Asked:
        """Nothing is known to stand in the way."""
        return self


def held(check: Check, lab: Lab | Apart) -> Verdict:
    """The verdict on a check, also where what it would try from is not there."""
    try:
        found = check.ask(_Asked(lab))
    except NotFound as missing:
        return Verdict(False, missing.cause, wanted=check.wanted)
    return told(check, found)


def told(check: Check, found: Verdict) -> Verdict:
    """A verdict without what to type; with what its check wants."""
    goal = "" if found.ok or found.wanted else check.goal
    return Verdict(found.ok, found.message, wanted=found.wanted, goal=goal)


def refused(what: MustNot, lab: Lab) -> Verdict:
    """The verdict on what must not be."""
    found = held(what.check, lab)
    return Verdict(False, what.reason) if found else Verdict(True, found.message)


def untouched(
    before: Snapshot,
    after: Snapshot,
    only: tuple[str, ...],
    steps: Sequence[HistoryStep] = (),
    *,
    called: str = "lab",
) -> Verdict:
    """The verdict on what else was changed.

    :param only: what may differ: a namespace with all that is in it, such as ``ns1``, or a link
        with its addresses and routes, such as ``host/lxcbr0``
    :param steps: those that led there: of which one it follows is said
    :param called: what a learner calls the lab; ``lab`` alone is the lesson's own
    """
    changes = diff.compare(_settled(before), _settled(after))
    beside = [one for one in changes.lasting if not _allowed(one, changes, only)]
    if not beside:
        return Verdict(True, sentence("nothing was changed but {names}", names=", ".join(only)))
    said = {"change": _first_of(beside), "lab": called}
    if because := _because(beside[0], steps):
        text = sentence(
            "this should not have changed: {change}; {because}; take that back "
            "({lab}.undo() takes a step back)",
            because=because,
            **said,
        )
    else:
        text = sentence(
            "this should not have changed: {change}; the task does not ask for it, so take it back "
            "({lab}.undo() takes a step back)",
            **said,
        )
    return Verdict(False, text)


def _first_of(beside: Sequence[Change]) -> Sentence | str:
    """The first, with the place where it is, and how many there are beside it."""
    text: Sentence | str = beside[0].text
    if beside[0].ns == "host" and beside[0].what != "namespace":
        text = sentence("in the host: {change}", change=text)
    if len(beside) > 1:
        text = sentence("{change} (and {count} more)", change=text, count=len(beside) - 1)
    return text


def _because(change: Change, steps: Sequence[HistoryStep]) -> Sentence | None:
    """Of what it is a consequence, if the kernel did it and nobody else."""
    for step in reversed(steps):
        if step.before is not None and step.after is not None:
            found = consequences(diff.compare(step.before, step.after), str(step.what))
            for one, because in found:
                if one.text == change.text:
                    return because
    return None


def _settled(snapshot: Snapshot) -> Snapshot:
    """Without what follows at one place from what is done at another.

    That is which wires are dead, and the MAC of a bridge, which is one of its ports', with the
    entries for it in the forwarding table.
    """
    return structs.replace(
        snapshot,
        namespaces=tuple(
            structs.replace(
                ns,
                links=tuple(map(_own, ns.links)),
                routes=tuple(structs.replace(route, dead=False) for route in ns.routes),
                fdb=(),
            )
            for ns in snapshot.namespaces
        ),
    )


def _own(link: Link) -> Link:
    settled = structs.replace(link, carrier=True)
    return structs.replace(settled, mac="", mac_origin="") if link.bridge else settled


def _allowed(change: Change, changes: Diff, only: tuple[str, ...]) -> bool:
    if change.quiet or change.what in _BESIDE or change.ns in only:
        return True
    links = set(_links(change, changes))
    return bool(links) and all(f"{change.ns}/{link}" in only for link in links)


def _links(change: Change, changes: Diff) -> Iterator[str]:
    """The names of the links that a change is about."""
    for side in (changes.before, changes.after):
        for ns in side.namespaces:
            if ns.inode == change.inode or ns.label == change.ns:
                yield from _in(ns, change)


def _in(ns: Namespace, change: Change) -> Iterator[str]:
    if change.what == "route":
        yield from (route.dev for route in ns.routes if route.destination == change.name)
    elif change.index:
        yield from (link.name for link in ns.links if link.index == change.index)
