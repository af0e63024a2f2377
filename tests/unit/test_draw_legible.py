"""A picture that is wider than its cell is moved there, and its letters stay large enough."""

from __future__ import annotations

import re

import pytest
import snapshots as sample
import test_draw_room as room

from nslab.draw import Picture
from nslab.draw.paint.svg import LETTER, ROOM
from nslab.network.diff import compare
from nslab.network.model import Snapshot

WIDE = [room.cards(5), room.chain(12), room.chain(3)]


def narrowest(html: str) -> float:
    """How wide a picture is at the least, in a cell as narrow as one likes."""
    style = re.search(r'<svg [^>]*style="([^"]*)"', html)
    assert style
    found = re.search(r"min-width:(\d+)px", style[1])
    return int(found[1]) if found else 0


@pytest.mark.parametrize("what", WIDE)
def test_a_wide_picture_keeps_its_letters_and_is_moved(what: Snapshot) -> None:
    picture = Picture(what)
    wide = picture.placed.width - picture.placed.left
    assert wide > ROOM
    smallest = min(map(int, re.findall(r"font-size:(\d+)px", picture.html)))
    assert smallest * narrowest(picture.html) / wide >= LETTER
    assert re.match(r'<div [^>]*style="[^"]*overflow-x:auto', picture.output)


def test_a_picture_fits_a_usual_cell_without_any_of_that() -> None:
    """At 900 pixels its letters need not become smaller than 11."""
    html = Picture(compare(sample.with_pair(), sample.article())).output
    assert html.startswith("<svg ")
    assert not narrowest(html)


def test_a_file_of_its_own_is_as_wide_as_its_reader_likes() -> None:
    assert not narrowest(Picture(room.cards(5)).svg)
