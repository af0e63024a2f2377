"""In which order namespaces are drawn, which of them when there are too many, and what is said of
the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from nslab.network.model import Namespace

MOST = 100
"""Namespaces beside the host and the world that are all drawn; of more, :data:`SOME` are."""

SOME = 40

Entry = tuple[bool, Namespace]
"""Whether it is gone, and the namespace."""


def natural(text: str) -> list[tuple[bool, int, str]]:
    """For sorting: numbers in a name count as numbers, so that n2 comes before n10."""
    parts = re.split(r"([0-9]+)", text)
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def choose(
    entries: Sequence[Entry], changed: Callable[[bool, Namespace], bool]
) -> tuple[list[Entry], list[Namespace]]:
    """What is drawn, in its order, and what is left out.

    The host, which comes first, always is.  Then what changed has precedence, then one of every
    shape, then the first that comes.
    """
    if len(entries) - 1 <= MOST:
        return list(entries), []
    chosen = {0}
    shapes: set[object] = set()
    different = []
    for place, (_, namespace) in enumerate(entries):
        if place and shape(namespace) not in shapes:
            shapes.add(shape(namespace))
            different.append(place)
    news = [place for place, entry in enumerate(entries) if place and changed(*entry)]
    for place in (*news, *different, *range(len(entries))):
        if len(chosen) <= SOME:
            chosen.add(place)
    left = [ns for place, (_, ns) in enumerate(entries) if place not in chosen]
    return [entry for place, entry in enumerate(entries) if place in chosen], left


def summary(drawn: Sequence[Entry], left: Sequence[Namespace], unsaid: int) -> str:
    """One line about what is left out; ``unsaid`` of them changed."""
    if not left:
        return ""
    likes = {shape(namespace): namespace.label for _, namespace in reversed(drawn[1:])}
    models = {likes.get(shape(namespace)) for namespace in left}
    text = f"… and {len(left)} more namespaces"
    if len(models) == 1 and None not in models:
        text = f"… and {len(left)} more like {models.pop()}"
    return text + (f", {unsaid} of them changed" if unsaid else "")


def shape(namespace: Namespace) -> object:
    """What namespaces have in common that are drawn alike but for their addresses."""
    links = tuple((link.name, link.kind, link.state) for link in namespace.links)
    return namespace.role, links
