"""Cables between the same boxes keep to lanes, without a jog from one to another."""

from __future__ import annotations

import re
from itertools import combinations, pairwise

from test_draw_cables import vlans
from test_draw_callouts import network
from test_draw_wires import hub

from nslab.draw import Picture
from nslab.draw.layout.boxes import Point, Rect
from nslab.draw.layout.cables import LANE, OFF
from nslab.draw.layout.lanes import straightened
from nslab.draw.paint.crossings import REACH, WHOLE, gaps

ABOVE, BELOW = Rect(0, 0, 500, 100), Rect(0, 132, 400, 100)
JOGS: list[Point] = [(100, 80), (100, 116), (200, 116), (200, 123), (450, 123), (450, 200)]
LEFT: list[Point] = [(50, 80), (50, 123), (150, 123), (150, 140)]
RIGHT: list[Point] = [(250, 80), (250, 109), (350, 109), (350, 140)]
INSIDE: list[Point] = [(220, 80), (220, 116), (260, 116), (260, 140)]


def level(path: list[Point]) -> list[int]:
    """How far down a way runs level."""
    return [a[1] for a, b in pairwise(path) if a[1] == b[1]]


def straight(*paths: list[Point], boxes: tuple[Rect, ...] = (ABOVE, BELOW)) -> list[list[Point]]:
    named = {str(n): list(path) for n, path in enumerate(paths)}
    return list(straightened(named, dict.fromkeys(named), boxes).values())


def test_a_cable_that_jogs_gets_a_lane_of_its_own() -> None:
    found = straight(JOGS, LEFT, INSIDE, RIGHT)
    (jogged,) = level(found[0])
    assert jogged != level(found[1])[0], "they run beside each other"
    assert abs(jogged - level(found[1])[0]) >= 12
    for path, before in zip(found, (JOGS, LEFT, INSIDE, RIGHT), strict=True):
        assert (path[0], path[-1]) == (before[0], before[-1])
        assert all(ABOVE.bottom + OFF <= y <= BELOW.y - OFF for y in level(path))


def test_where_no_cable_jogs_none_moves() -> None:
    assert straight(LEFT, INSIDE, RIGHT) == [LEFT, INSIDE, RIGHT]


def test_a_cable_that_jogs_within_a_box_stays() -> None:
    around = Rect(-10, -10, 600, 300)
    assert straight(JOGS, LEFT, INSIDE, RIGHT, boxes=(around,))[0] == JOGS


def test_there_are_no_more_crossings() -> None:
    """Where the only lane is that of others, a jog is better."""
    boxes = (ABOVE, Rect(0, 122, 400, 100))
    jogs = [(x, min(y, 115)) if y < 200 else (x, y) for x, y in JOGS]
    jogs[1:3] = [(100, 108), (200, 108)]
    other: list[Point] = [(150, 90), (150, 115), (190, 115), (190, 130)]
    again: list[Point] = [(220, 90), (220, 108), (300, 108), (300, 130)]
    assert straight(jogs, other, again, boxes=boxes) == [jogs, other, again]


def test_the_two_cables_of_a_bridge_in_lesson_15_are_told_apart() -> None:
    """A packet goes up one and down the other: their lines must not look like one."""
    placed = Picture(network("15-what-it-costs")).placed
    one = placed.cable("host/plain-c", "client/bridge")
    other = placed.cable("host/plain-s", "server/bridge")
    assert abs(level(one)[0] - level(other)[0]) >= 12
    for _, path in placed.runs:
        for (a, b), (c, d) in combinations(list(pairwise(path))[::2], 2):
            if a[1] == b[1] and c[1] == d[1]:
                assert abs(a[1] - c[1]) >= 2 * LANE


def test_a_cable_that_passes_over_another_leaves_a_gap_in_it() -> None:
    picture = Picture(network("15-what-it-costs"))
    runs = picture.placed.runs
    meeting = [
        (at, runs[other][0].id)
        for (one, (_, path)), (other, (_, over)) in combinations(enumerate(runs), 2)
        for at in set(inner(path, WHOLE)) & set(inner(over, REACH))
        if runs[one][0].start.slot is not runs[other][0].start.slot
    ]
    drawn = gaps(runs)
    assert sorted((gap.at, name) for name in drawn for gap in drawn[name]) == sorted(meeting)
    assert meeting
    shown = re.findall(r'<path class="nslab-gap([^"]*)"', picture.svg)
    assert len(shown) == len(meeting)
    assert "" in shown, "between the boxes"


def inner(path: list[Point], reach: int) -> list[Point]:
    """The places on a line that are not so near to where it turns or ends."""
    return [
        (x, y)
        for (x1, y1), (x2, y2) in pairwise(path)
        for x in range(min(x1, x2) + reach * (x1 != x2), max(x1, x2) - reach * (x1 != x2) + 1)
        for y in range(min(y1, y2) + reach * (y1 != y2), max(y1, y2) - reach * (y1 != y2) + 1)
    ]


def test_a_gap_has_the_colour_that_is_behind_it() -> None:
    """Else it would be a white patch in the namespace."""
    picture = Picture(hub())
    host = next(rect for box, _, rect in picture.placed.boxes if box.label == "host")
    every = [gap for each in gaps(picture.placed.runs).values() for gap in each]
    inside = [gap.piece for gap in every if host.holds(gap.at)]
    assert inside
    shown = re.findall(r'<path class="nslab-gap nslab-inside" d="M(\d+) (\d+)', picture.svg)
    assert sorted((int(x), int(y)) for x, y in shown) == sorted(start for start, _ in inside)


def test_lines_that_come_out_of_one_another_have_no_gap() -> None:
    assert not gaps(Picture(vlans()).placed.runs)
    assert "nslab-gap" not in Picture(vlans()).svg.partition("</style>")[2]
