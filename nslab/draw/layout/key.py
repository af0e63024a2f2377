"""The key of a picture in which networks could be mistaken for each other: a line for each.

It is there where two namespaces have several networks in common.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network
from itertools import combinations

from nslab.draw.layout.boxes import TEXT
from nslab.draw.scene.metrics import clip, width
from nslab.draw.scene.scene import Key, Scene

ROW, SAMPLE = 20, 36
"""Pixels: the height of a line of the key, and what its sample of a cable takes."""

MANY = 3
"""So many networks that two namespaces have in common ask for a key."""

LONGEST = 100
"""Characters of a line."""


@dataclass(frozen=True)
class Row:
    """A network: its hue, and what is in it."""

    hue: int
    text: str

    @property
    def width(self) -> int:
        """In pixels."""
        return SAMPLE + round(width(self.text, TEXT))


def key(scene: Scene, hues: Mapping[Key, int]) -> list[Row]:
    """The lines of the key; none where the picture needs no key."""
    drawn = {cell.key: box.key for box in scene.boxes for cell in box.cells()}
    wide = []
    shared: Counter[tuple[tuple[bool, int], ...]] = Counter()
    for place, every in enumerate(scene.networks):
        members = [one for one in every if one in drawn and place not in scene.outside]
        homes = sorted({drawn[one] for one in members})
        if len(homes) > 1:
            wide.append(members)
            shared.update(combinations(homes, 2))
    if max(shared.values(), default=0) < MANY:
        return []
    found = [(_subnets(scene, members), members) for members in wide]
    found.sort(key=lambda one: one[0][:1])  # one without an address comes first
    return [Row(hues[members[0]], _said(scene, nets, members)) for nets, members in found]


def _said(scene: Scene, subnets: list[IPv4Network], members: list[Key]) -> str:
    """A network's addresses and what it leads through, from one namespace by the host to others."""
    ports = {p.key for box in scene.boxes for b in box.bridges for p in (*b.upper, *b.lower)}
    host, *spaces = (
        [
            scene.names[cell.key].removeprefix(f"{scene.boxes[0].label}/")
            for cell in box.cells()
            if cell.key in members and cell.key not in ports
        ]
        for box in scene.boxes
    )
    found = [names for names in spaces if names]
    found.insert(1 if len(found) > 1 else 0, host)  # what is the host's lies between
    words = " – ".join(name for names in found for name in names)
    numbers = [", ".join(map(str, subnets))] if subnets else []
    return clip(" · ".join([*numbers, words]), LONGEST)


def _subnets(scene: Scene, members: list[Key]) -> list[IPv4Network]:
    """The addresses of the network's subnets: more than one where links of one wire differ."""
    found = {
        IPv4Interface(address).network
        for box in scene.boxes
        for cell in box.cells()
        if cell.key in members
        for address in cell.addresses
        if "." in address
    }
    return sorted(found)


__all__ = ["ROW", "SAMPLE", "Row", "key"]
