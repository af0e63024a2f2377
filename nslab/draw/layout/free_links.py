"""Links that belong to no bridge and lead to no other row: in rows of their own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from nslab.draw.layout.boxes import MARGIN, Rect, Slot
from nslab.draw.layout.rows import Span, free

CELL_GAP = 30
"""Pixels between links in a row, for a cable between them."""

ROW_GAP = 14
"""Pixels between rows of loose links."""


class FreeRows:
    """Rows of loose links, the first of which shares its height with the ports of bridges."""

    def __init__(self, limit: int, ports: list[Rect]) -> None:
        self._limit = limit
        self._beside = [(rect.x, rect.right) for rect in ports]
        # Below the ports are their cables.
        self._below = [(rect.middle[0], rect.middle[0]) for rect in ports]
        self._rows: dict[int, list[tuple[int, Slot]]] = {}
        self._known: dict[int, int] = {}
        """By row: how far down it was."""

    def keep(self, slot: Slot, known: Rect) -> None:
        """A link stays where it was."""
        number = next((row for row, y in self._known.items() if y == known.y), -1)
        if number < 0:
            number = max(self._known, default=-1) + 1
            collides = any(known.x < end and begin < known.right for begin, end in self._beside)
            number = 1 if collides and not number else number
            self._known[number] = known.y
        self._rows.setdefault(number, []).append((known.x, slot))

    def add(self, unit: list[Slot], wish: int) -> None:
        """A new link, or a pair, takes the first place that is free."""
        for at in sorted({MARGIN, max(MARGIN, wish)}, reverse=True):
            long = sum(slot.w for slot in unit) + CELL_GAP * (len(unit) - 1)
            x = free(at, long, CELL_GAP, self._taken(0))
            if x + long <= self._limit:
                for slot in unit:
                    self._rows.setdefault(0, []).append((x, slot))
                    x += slot.w + CELL_GAP
                return
        for number in count(1):
            taken, found = self._taken(number), []
            for slot in unit:
                x = free(MARGIN, slot.w, CELL_GAP, taken)
                found.append((x, slot))
                taken.append((x, x + slot.w))
            if x + slot.w <= self._limit or not self._rows.get(number):
                self._rows.setdefault(number, []).extend(found)
                return

    def _taken(self, number: int) -> list[Span]:
        row = [(x, x + slot.w) for x, slot in self._rows.get(number, ())]
        return row + (self._below if number else self._beside)

    def tops(self, first: int, second: int) -> Iterator[tuple[int, list[tuple[int, Slot]]]]:
        """How far down each row is, and what is in it."""
        top = first
        for number, row in sorted(self._rows.items()):
            if number:
                top = max(top, second)
            top = max(top, self._known.get(number, 0))
            yield top, row
            top += max((slot.h + ROW_GAP for _, slot in row), default=0)
