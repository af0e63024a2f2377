"""Links that belong to no bridge and lead to no other row: in rows of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from nslab.draw.layout.boxes import MARGIN, Slot
from nslab.draw.layout.rows import Span, free

CELL_GAP, ROW_GAP = 16, 12
"""Pixels between links that are beside and below each other."""

PAIR_GAP = 40
"""Pixels between the two ends of a cable in one row."""


class FreeRows:
    """Loose links, row by row, none of which ends behind ``limit``."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rows: dict[int, list[tuple[int, Slot]]] = {}

    def keep(self, slot: Slot, x: int) -> bool:
        """Leave a link where it was, in the first row in which that is free."""
        for number in range(len(self._rows) + 1):
            if free(x, slot.w, CELL_GAP, self._taken(number)) == x:
                self._rows.setdefault(number, []).append((x, slot))
                return True
        return False

    def add(self, unit: Sequence[Slot], at: int) -> None:
        """Put a link, or a pair, where there is room for it, at or after its wish if it can."""
        long = sum(slot.w for slot in unit) + PAIR_GAP * (len(unit) - 1)
        for number in count():
            for start in (max(at, MARGIN), MARGIN):
                x = free(start, long, CELL_GAP, self._taken(number))
                if x + long <= self._limit or not self._rows.get(number):
                    for slot in unit:
                        self._rows.setdefault(number, []).append((x, slot))
                        x += slot.w + PAIR_GAP
                    return

    def _taken(self, number: int) -> list[Span]:
        return [(x, x + slot.w) for x, slot in self._rows.get(number, ())]

    def tops(self, first: int) -> Iterator[tuple[int, list[tuple[int, Slot]]]]:
        """How far down each row is, and what is in it."""
        top = first
        for _, row in sorted(self._rows.items()):
            yield top, row
            top += max((slot.h + ROW_GAP for _, slot in row), default=0)
