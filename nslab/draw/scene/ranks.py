"""Which namespace stands above which: by how many cables it is away from what is on top.

The host is on top of all that hangs on it, by whatever way.  Of namespaces that do not, the one in
the middle of them is: from there the ways to the others are shortest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

Home = tuple[bool, int]
"""Of a namespace: whether it is gone, and its inode."""

MOST = 60
"""Of more namespaces that hang together, the one with the most cables counts as the middle."""


def ranks(
    own: Sequence[Home], cables: Iterable[tuple[Home, Home]]
) -> tuple[dict[Home, int], dict[Home, int]]:
    """The place of each namespace in one line from top to bottom; and levels where they are known.

    :param own: the namespaces in their order, the host first
    :param cables: the namespaces of the two ends of each
    :return: the places; and how many cables away from their middle those are that do not hang on
        the host
    """
    beside: dict[Home, dict[Home, None]] = {home: {} for home in own}
    for one, other in cables:
        if one != other and one in beside and other in beside:
            beside[one][other] = beside[other][one] = None
    away = _distances(own[0], beside) if own else {}
    levels: dict[Home, int] = {}
    for home in own:
        if home not in away and home not in levels:
            together = list(_distances(home, beside))
            if len(together) > 1:
                levels |= _distances(_middle(together, own, beside), beside)
    order = sorted(own, key=lambda home: away.get(home, levels.get(home, 0) + len(own)))
    return {home: n for n, home in enumerate(order)}, levels


def _distances(start: Home, beside: Mapping[Home, Iterable[Home]]) -> dict[Home, int]:
    """How many cables away each namespace is that a way leads to."""
    found = {start: 0}
    row = [start]
    while row:
        row = [far for near in row for far in beside[near] if far not in found]
        found |= dict.fromkeys(row, max(found.values()) + 1)
        row = list(dict.fromkeys(row))
    return found


def _middle(
    together: list[Home], own: Sequence[Home], beside: Mapping[Home, Mapping[Home, None]]
) -> Home:
    order = {home: n for n, home in enumerate(own)}

    def far(home: Home) -> int:
        return max(_distances(home, beside).values()) if len(together) <= MOST else 0

    return min(together, key=lambda home: (far(home), -len(beside[home]), order[home]))


__all__ = ["ranks"]
