"""What lies between two links of a picture: for a way on which not every link is known."""

from __future__ import annotations

import heapq

from nslab.draw.path.places import Places
from nslab.draw.scene.scene import Box

_CABLE, _BRIDGE, _INSIDE = 2, 1, 3
"""Costs: over a cable or onto what a link stands on, into a bridge, from link to link inside."""


class Between:
    """The links of a picture as a graph."""

    def __init__(self, places: Places) -> None:
        placed, self._places = places.placed, places
        scene, names = placed.scene, placed.scene.names
        self._next: dict[str, dict[str, int]] = {}
        self._pairs: dict[str, str] = {}
        worldly: dict[str, list[str]] = {}
        for key, name in names.items():
            if key[1] in scene.scenery_of:
                worldly.setdefault(scene.scenery_of[key[1]], []).append(name)
        for cable in scene.cables:
            upper, lower = names[cable.upper], names[cable.lower]
            self._join(upper, lower, _CABLE)
            if cable.pair:
                self._pairs |= {upper: lower, lower: upper}
        for links in worldly.values():
            self._all(links)
        for box in scene.boxes:
            self._box(box, names)

    def _box(self, box: Box, names: dict[tuple[bool, int, int], str]) -> None:
        free = [names[cell.key] for cell in (*box.uplinks, *box.others)]
        for block in box.bridges:
            free.append(names[block.bridge.key])
            for port in (*block.upper, *block.lower):
                self._join(names[port.key], names[block.bridge.key], _BRIDGE)
        self._all(free)

    def _all(self, names: list[str]) -> None:
        for number, one in enumerate(names):
            for other in names[:number]:
                self._join(one, other, _INSIDE)

    def _join(self, one: str, other: str, cost: int) -> None:
        for a, b in ((one, other), (other, one)):
            self._next.setdefault(a, {})[b] = min(cost, self._next.get(a, {}).get(b, cost))

    def ends(self, name: str) -> list[str]:
        """The other end of a link's cable, if it has one."""
        return [self._pairs[name]] if name in self._pairs else []

    def links(self, one: str, other: str) -> list[str]:
        """The links between two, in order; empty if they are joined, or nothing joins them.

        Ports of one bridge are joined: a frame that is not for the bridge does not enter it.
        """
        bridge = self._places.bridge(one)
        if bridge and bridge in (other, self._places.bridge(other)):
            return []
        todo: list[tuple[int, str, tuple[str, ...]]] = [(0, one, ())]
        done: set[str] = set()
        while todo:
            cost, name, way = heapq.heappop(todo)
            if name == other:
                return list(way[:-1])
            if name not in done:
                done.add(name)
                for after, more in self._next.get(name, {}).items():
                    heapq.heappush(todo, (cost + more, after, (*way, after)))
        return []
