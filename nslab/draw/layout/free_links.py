"""Links that belong to no bridge and lead to no other row: in rows of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from nslab.draw.layout.boxes import MARGIN, Slot
from nslab.draw.layout.rows import Item, Span, free, squeeze

CELL_GAP, ROW_GAP = 16, 12
"""Pixels between links that are beside and below each other."""

PAIR_GAP, BELOW = 40, 28
"""Pixels between the two ends of a cable that are in one row, and that are below each other."""


class FreeRows:
    """Loose links, row by row, none of which ends behind a limit if it can.

    ``cables`` are the places from left to right that cables run down through, which are kept free
    if that can be.
    """

    def __init__(self, limit: int, cables: Sequence[Span] = ()) -> None:
        self._limit = limit
        self._cables = list(cables)
        self._rows: dict[int, list[tuple[int, Slot]]] = {}

    def keep(self, slot: Slot, x: int) -> bool:
        """Leave a link where it was, in the first row in which that is free."""
        for number in range(len(self._rows) + 1):
            if free(x, slot.w, CELL_GAP, self._taken(number, cables=False)) == x:
                self._rows.setdefault(number, []).append((x, slot))
                return True
        return False

    def add(self, unit: Sequence[Slot], at: int) -> None:
        """Put a link, or a pair, where there is room for it, at or after its wish if it can."""
        long = sum(slot.w for slot in unit) + PAIR_GAP * (len(unit) - 1)
        wishes = (max(min(at, self._limit - long), MARGIN), MARGIN)
        if len(unit) > 1 and self._below_each_other(unit, wishes, long):
            return
        for number in count():
            tries = [(start, cables) for cables in (True, False) for start in wishes]
            for start, cables in tries:
                x = free(start, long, CELL_GAP, self._taken(number, cables=cables))
                last = (start, cables) == tries[-1]
                if x + long <= self._limit or (last and not self._rows.get(number)):
                    for slot in unit:
                        self._rows.setdefault(number, []).append((x, slot))
                        x += slot.w + PAIR_GAP
                    return

    def _below_each_other(self, unit: Sequence[Slot], wishes: Span, long: int) -> bool:
        """Put the ends of a pair into two rows, if one has too little room beside the cables."""
        tries = [free(start, long, CELL_GAP, self._taken(0)) for start in wishes]
        if self._rows or not self._cables or any(x + long <= self._limit for x in tries):
            return False
        wide = max(slot.w for slot in unit)
        # Beside all cables rather than between two: so no cable of theirs has to cross another.
        last = max(end for _, end in self._cables) + CELL_GAP
        for x in (last, *(free(start, wide, CELL_GAP, self._cables) for start in wishes)):
            if x + wide <= self._limit:
                for number, slot in enumerate(unit):
                    self._rows[number] = [(x, slot)]
                return True
        return False

    def _taken(self, number: int, *, cables: bool = True) -> list[Span]:
        taken = [(x, x + slot.w) for x, slot in self._rows.get(number, ())]
        return taken + (self._cables if cables else [])

    def tops(self, first: int) -> Iterator[tuple[int, list[tuple[int, Slot]]]]:
        """How far down each row is, and what is in it."""
        top, before = first, set[int]()
        for _, row in sorted(self._rows.items()):
            row = self._squeezed(row)
            here = {x for x, _ in row}
            top += BELOW - ROW_GAP if here & before else 0
            yield top, row
            top += max((slot.h + ROW_GAP for _, slot in row), default=0)
            before = here

    def _squeezed(self, row: list[tuple[int, Slot]]) -> list[tuple[int, Slot]]:
        """A row, moved together where it would be too long and no cable runs through it."""
        if self._cables:
            return row
        items = [Item(slot.w, at=x) for x, slot in row]
        squeeze(items, MARGIN, self._limit, CELL_GAP)
        return [(item.at, slot) for item, (_, slot) in zip(items, row, strict=True)]
