"""In which order namespaces stand beside each other: Graphviz's ``dot`` finds the fewest crossings.

A plain star needs none of it: its namespaces stand in the order of the ports that they are plugged
into.  Where namespaces hang on each other, or on two things at once, no such order is at hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

Place = tuple[bool, int]
"""The key of a namespace's box."""

MOST = 60
"""Beyond so many namespaces ``dot`` takes longer than all the rest, and nobody follows a cable."""


def by_crossings(
    boxes: Sequence[Place], plugs: int, cables: Iterable[tuple[Place, int | None, Place]]
) -> Mapping[Place, float]:
    """How far to the right each namespace stands, in inches; empty if that is plain, or unknown.

    :param boxes: the namespaces, the host first
    :param plugs: how many of the host's links have something plugged in
    :param cables: of each cable the upper namespace, the number of the host's plug if that is the
        host, and the lower namespace
    """
    edges = list(dict.fromkeys(cables))
    if len(boxes) > MOST or not _tangled(boxes, edges):
        return {}
    import graphviz

    name = {key: f"n{number}" for number, key in enumerate(boxes)}
    lines = [f'n0 [shape=record label="{"|".join(f"<p{n}> {n}" for n in range(plugs)) or "."}"]']
    lines += [f"n{number} [shape=box]" for number in range(1, len(boxes))]
    for upper, plug, lower in edges:
        lines.append(f"{name[upper]}{f':p{plug}' if plug is not None else ''} -> {name[lower]}")
    text = "digraph {\nordering=out\n" + "\n".join(lines) + "\n}\n"
    try:
        answer: bytes = graphviz.pipe("dot", "plain", text.encode(), quiet=True)
    except graphviz.ExecutableNotFound:
        return {}  # the picture is as true, with more crossings
    return _across(answer.decode(), boxes)


def _tangled(boxes: Sequence[Place], edges: Sequence[tuple[Place, int | None, Place]]) -> bool:
    """Whether a namespace hangs on another one than the host, or on more than one thing."""
    lowers = [lower for _, _, lower in edges]
    return len(lowers) != len(set(lowers)) or any(upper != boxes[0] for upper, _, _ in edges)


def _across(answer: str, boxes: Sequence[Place]) -> dict[Place, float]:
    """Read graphviz's plain format: ``node name x y width height …``."""
    found = {}
    for line in answer.splitlines():
        words = line.split()
        if words[0] == "node":
            found[boxes[int(words[1][1:])]] = float(words[2])
    return found
