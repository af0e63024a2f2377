"""A picture in a cell of a notebook: it becomes smaller only as long as it can be read.

In a narrower cell it is moved.  Not every page does that by itself, so what is saved brings it
along.
"""

from __future__ import annotations

from nslab.draw.layout.boxes import TEXT

LETTER = 11
"""Pixels of the smallest letters that can be read."""


def least(wide: int) -> int:
    """How wide a picture is at the least.

    :param wide: how wide it was drawn, in pixels
    """
    return -(-wide * LETTER // TEXT)


def in_a_cell(drawn: str) -> str:
    """A picture for a notebook's output.

    :param drawn: its markup
    """
    return f'<div style="overflow-x:auto;max-width:100%">\n{drawn}</div>\n'


__all__ = ["LETTER", "in_a_cell", "least"]
