"""The answer of ``lab.why`` on the picture: as far as it is well, and ✘ where it breaks.

>>> from nslab.draw.path.explained import explained
>>> explained(lab.picture, lab.why("ns1", "8.8.8.8")).save("why.svg")   # doctest: +SKIP
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import groupby
from typing import Protocol

from nslab.draw import Picture
from nslab.draw.path.picture import PathPicture
from nslab.draw.path.places import GATE_LINK
from nslab.draw.path.trail import Stop, Trail
from nslab.draw.path.way import Hop
from nslab.network.model import Snapshot

WIDE, LINES = (44, 52, 60, 68), 3
"""Characters in a line of what is said at the end: more where it took too many lines, for which no
room is found as a rule."""


class Where(Protocol):
    """A sentence about the way, and the namespace or link that it is about."""

    @property
    def where(self) -> str:
        """``host``, or ``host/lxcbr0.1``."""

    @property
    def message(self) -> str:
        """The sentence."""


class Answer(Protocol):
    """What is needed of an answer: :class:`nslab.explain.diagnose.explanation.Explanation`."""

    @property
    def namespace(self) -> str:
        """Where the packet starts."""

    @property
    def target(self) -> str:
        """Where it is to go."""

    @property
    def steps(self) -> Sequence[Where]:
        """What is well."""

    @property
    def obstacle(self) -> Where | None:
        """The first thing that is not."""


def explained(base: Picture, answer: Answer) -> PathPicture:
    """The picture of a network with the way that an answer tells of, and its end.

    What is no single link is at the name of its namespace.

    :param base: the network that the question was about
    :param answer: what ``lab.why`` gave
    """
    snapshot = base.what if isinstance(base.what, Snapshot) else base.what.after
    hops = [hop for step in answer.steps if (hop := _link(step.where, snapshot))]
    if answer.obstacle:
        place = _place(answer.obstacle.where, snapshot) or (answer.namespace, "lo")
        hops += _passing(hops[-1:], place, base, snapshot)
    hops = [hop for hop, _ in groupby(hops)]
    stops = tuple(Stop(hop, out=not number) for number, hop in enumerate(hops))
    said = f"✘ {answer.obstacle.message}" if answer.obstacle else "✔ it gets there"
    trail = Trail(
        f"{answer.namespace} → {answer.target}",
        stops,
        end="lost" if answer.obstacle else "arrived",
        said=_lines(said),
    )
    return PathPicture(base, trail, str(answer), upto=max(1, len(stops)))


def _lines(said: str) -> tuple[str, ...]:
    """What is said at the end, in as narrow lines as are not too many."""
    tries = [tuple(textwrap.wrap(said, wide)) for wide in WIDE]
    return next((lines for lines in tries if len(lines) <= LINES), tries[-1])


def _link(where: str, snapshot: Snapshot) -> Hop | None:
    """The link that is meant, None if it is none."""
    for namespace in snapshot:
        for link in namespace.links:
            if where == f"{namespace.label}/{link.name}":
                return namespace.label, link.name
    return None


def _passing(before: list[Hop], place: Hop, base: Picture, snapshot: Snapshot) -> list[Hop]:
    """The place where it breaks; of a namespace that was to pass it on, its sign for forwarding."""
    came = [hop for hop in before if hop[0] == place[0] and hop[1] != "lo"]
    signs = [gate for gate in base.placed.gates if gate.box.label == place[0]]
    if place[1] != "lo" or not came or not signs:
        return [place]
    master = snapshot.link(came[0][1], place[0]).master
    return [*([(place[0], master)] if master else []), (place[0], GATE_LINK)]


def _place(where: str, snapshot: Snapshot) -> Hop | None:
    """The same; a namespace as a whole is where its name stands, as its lo is."""
    for namespace in snapshot:
        if where == namespace.label:
            names = [link.name for link in namespace.links if link.name != "lo"]
            return namespace.label, names[0] if namespace.role == "world" and names else "lo"
    return _link(where, snapshot)
