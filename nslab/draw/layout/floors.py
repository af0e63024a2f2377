"""Bridges of a namespace: in a row, or on floors below each other where a row would be too long.

Where long addresses alone make a row too long, these are in two rows each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, pairwise

from nslab.draw.layout.boxes import GAP, PORT_GAP, Slot
from nslab.draw.scene.scene import Cell, Key


@dataclass
class Dock:
    """A bridge with the ports that are docked above and below it."""

    bridge: Slot
    upper: list[Slot]
    lower: list[Slot]
    risers: int = 0
    """How many of its lower ports, the first ones, lead to the floor below."""

    @property
    def length(self) -> int:
        """How long it is at the least."""
        return max(self.bridge.w, port_row(self.upper), port_row(self.lower))


def port_row(ports: Sequence[Slot]) -> int:
    """How long a bridge is for ports that stand close to each other."""
    return PORT_GAP + sum(port.w + PORT_GAP for port in ports)


def floors(
    whole: Sequence[Dock], short: Sequence[Dock], known: Sequence[int | None], room: int
) -> list[list[Dock]]:
    """The bridges by floors, the highest first.

    Who was on a floor stays there; who is new takes the first one with room for it.

    :param whole: all bridges
    :param short: the same with their addresses folded
    :param known: on which floor each was, if it was there
    :param room: how long a floor may be
    """
    both = (list(whole), list(short))
    if not any(known):
        if found := next((docks for docks in both if length(docks) <= room), None):
            return [found]
        if None not in known:
            return [both[1]]  # they are in a row already, and too long: what did not change stays
    docks = next((one for one in both if max(dock.length for dock in one) <= room), both[1])
    return list(_in_rows(docks, known, room))


def _in_rows(docks: list[Dock], known: Sequence[int | None], room: int) -> Iterator[list[Dock]]:
    """Bridges where they were, or where there is room."""
    rows: dict[int, list[Dock]] = {}
    for dock, was in sorted(zip(docks, known, strict=True), key=lambda each: each[1] is None):
        for number in count() if was is None else (was,):
            row = rows.setdefault(number, [])
            if was is not None or not row or length([*row, dock]) <= room:
                row.append(dock)
                break
    yield from (sorted(rows[number], key=docks.index) for number in sorted(rows) if rows[number])


def lead_up(rows: Sequence[Sequence[Dock]], far: Mapping[Key, Key]) -> None:
    """Have a port whose cable leads to the floor above stand at its bridge's upper edge.

    There that cable's other end is the first port, and all others are to the right of it.
    """
    for above, below in pairwise(rows):
        there = {key for dock in above for key in _keys(dock.lower)}
        risen = set[Key]()
        for dock in below:
            up = [slot for slot in dock.lower if far.get(_key(slot) or (False, 0, 0)) in there]
            dock.upper += up
            dock.lower = [slot for slot in dock.lower if slot not in up]
            risen |= {far[key] for key in _keys(up)}
        for dock in above:
            dock.lower.sort(key=lambda slot: _key(slot) not in risen)
            dock.risers = sum(key in risen for key in _keys(dock.lower))


def running(rows: Sequence[Sequence[Dock]], number: int) -> list[Slot]:
    """The ports whose cables run down beside or below a floor: its own, and those from above."""
    found = [slot for dock in rows[number] for slot in dock.lower]
    return found + [
        slot for row in rows[:number] for dock in row for slot in dock.lower[dock.risers :]
    ]


def length(docks: Sequence[Dock]) -> int:
    """How long some bridges beside each other are at the least."""
    return sum(dock.length + GAP for dock in docks) - GAP


def _keys(slots: Sequence[Slot]) -> Iterator[Key]:
    yield from (key for key in map(_key, slots) if key)


def _key(slot: Slot) -> Key | None:
    return slot.part.key if isinstance(slot.part, Cell) else None
