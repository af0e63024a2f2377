"""A plan: the parts in their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nslab.network.making import addresses, features, files, filters, links, routes, spaces
from nslab.network.making.pieces import Line as Line
from nslab.network.making.pieces import Piece as Piece
from nslab.network.making.work import Pieces, Work
from nslab.network.model import Snapshot

_PARTS: tuple[Callable[[Work], Pieces], ...] = (
    spaces.come,
    links.go,
    links.change_places,
    spaces.go,
    features.leave,
    links.come,
    features.settings,
    features.downs,
    features.own,
    features.ports,
    features.bridge_mtus,
    addresses.addresses,
    features.ups,
    features.of_links,
    features.queues,
    routes.routes,
    routes.policy,
    routes.neighbours,
    routes.stations,
    filters.filters,
    files.files,
)
"""Each finds what those before it have made."""


@dataclass(frozen=True)
class Plan:
    """Actions and lines in order, and in words what none of them makes."""

    pieces: tuple[Piece, ...]
    left: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.pieces or self.left)


def make(before: Snapshot, after: Snapshot) -> Plan:
    """What makes ``after`` of ``before``: as little as possible.

    Namespaces are the same if they are called the same.  For snapshots of two labs, give
    ``after.aligned(before)``, so that what has the same name counts as the same.
    """
    work = Work(before, after)
    pieces = [piece for part in _PARTS for piece in part(work)]
    return Plan(tuple(pieces), tuple(dict.fromkeys(work.left)))
