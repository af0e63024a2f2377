"""A picture that is wider than its cell is moved there, and its letters stay large enough."""

from __future__ import annotations

import re

import pytest
import snapshots as sample
import test_draw_room as room

from nslab.draw import Picture
from nslab.draw.paint.cell import LETTER
from nslab.draw.paint.tables import timeline
from nslab.network.diff import compare

PICTURES = {
    "wide": Picture(room.cards(5)),
    "long": Picture(room.chain(12)),
    "usual": Picture(sample.article()),
    "changes": Picture(compare(sample.with_pair(), sample.article())),
}


def narrowest(html: str) -> float:
    """How wide a picture is at the least, in a cell as narrow as one likes."""
    style = re.search(r'<svg [^>]*style="([^"]*)"', html)
    assert style
    found = re.search(r"min-width:(\d+)px", style[1])
    return int(found[1]) if found else 0


def kept(html: str) -> float:
    """How large its smallest letters stay, in pixels, however narrow a cell is."""
    smallest = min(map(int, re.findall(r"font-size:(\d+)px", html)))
    box = re.search(r'viewBox="\S+ 0 (\d+) ', html)
    assert box
    return smallest * narrowest(html) / int(box[1])


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_keeps_its_letters_and_is_moved(name: str) -> None:
    picture = PICTURES[name]
    assert LETTER <= kept(picture.html) < LETTER + 0.1, "it may become that small, so as to fit"
    assert re.match(r'<div [^>]*style="[^"]*overflow-x:auto', picture.output)


def test_so_does_a_small_one_of_a_table() -> None:
    drawn = timeline("port1", [("listening", 0.0), ("forwarding", 2.0)], 4.0)
    assert kept(drawn) >= LETTER
    assert re.match(r'<div [^>]*style="[^"]*overflow-x:auto', drawn)


def test_a_file_of_its_own_is_as_wide_as_its_reader_likes() -> None:
    assert not narrowest(Picture(room.cards(5)).svg)
