"""Things in a row: who stays, and where there is room for the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Span = tuple[int, int]
"""From one coordinate to another."""


@dataclass
class Item:
    """Something in a row: its length there, and where it was or would like to be."""

    length: int
    was: int | None = None
    wish: int | None = None
    at: int = 0

    @property
    def end(self) -> int:
        """The first pixel behind it."""
        return self.at + self.length


def line_up(items: Sequence[Item], start: int, gap: int, taken: Iterable[Span] = ()) -> None:
    """Give the items of a row their places, not before ``start``.

    Those that were there stay, unless one before them has grown; the others take the first place
    at or after their wish that is free.
    """
    used = list(taken)
    cursor = start
    for item in sorted((i for i in items if i.was is not None), key=lambda i: i.was or 0):
        item.at = max(cursor, item.was or 0)
        cursor = item.end + gap
        used.append((item.at, item.end))
    for item in items:
        if item.was is None:
            item.at = free(max(start, item.wish or 0), item.length, gap, used)
            used.append((item.at, item.end))


def free(at: int, length: int, gap: int, used: Iterable[Span]) -> int:
    """The first place at or after ``at`` that is ``gap`` away from all that is used."""
    for begin, end in sorted(used):
        if begin < at + length + gap and at < end + gap:
            at = end + gap
    return at


def squeeze(items: Sequence[Item], start: int, end: int, gap: int) -> None:
    """Move the items of a row to the left, as far as it has to be, so that it ends in time.

    A row that is longer than that stays as it is.
    """
    if sum(item.length + gap for item in items) - gap > end - start:
        return
    for item in sorted(items, key=lambda item: -item.at):
        item.at = min(item.at, end - item.length)
        end = item.at - gap
