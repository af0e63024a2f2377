"""A picture in a cell of a notebook: as large as the text around it, where there is room.

It stands in the middle: a wider cell has as much room on either side.  In a narrow one it becomes
smaller, as long as it can be read; in a narrower one it is moved.  Not every page does that by
itself, so what is saved brings it along.
"""

from __future__ import annotations

from nslab.draw.layout.boxes import TEXT

LETTER, PROSE = 11, 14
"""Pixels: of the smallest letters that can be read, and of those of a notebook's text."""


def usual(pixels: int) -> int:
    """How wide or high a picture is where there is room.

    :param pixels: how wide or high it was drawn
    """
    return pixels * PROSE // TEXT


def least(wide: int) -> int:
    """How wide a picture is at the least.

    :param wide: how wide it was drawn, in pixels
    """
    return -(-wide * LETTER // TEXT)


def in_a_cell(drawn: str) -> str:
    """A picture for a notebook's output.

    :param drawn: its markup
    """
    return f'<div style="overflow-x:auto;max-width:100%;text-align:center">\n{drawn}</div>\n'


__all__ = ["LETTER", "PROSE", "in_a_cell", "least", "usual"]
