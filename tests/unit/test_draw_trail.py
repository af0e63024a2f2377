"""The way of a packet as it is drawn: its stops, its line, its tags and its dot."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from itertools import combinations, pairwise
from pathlib import Path

import pytest
import snapshots as sample
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from nslab import AddMacvlan, AddNamespace, Lab
from nslab.draw import Picture
from nslab.draw.layout.boxes import GATE, TEXT, Rect
from nslab.draw.layout.cables import LANE
from nslab.draw.layout.place import trace
from nslab.draw.paint.svg import texts
from nslab.draw.path.callouts import written
from nslab.draw.path.explained import explained
from nslab.draw.path.picture import PathPicture
from nslab.draw.path.places import RAIL
from nslab.draw.path.room import RADIUS, SIGN
from nslab.draw.path.trail import Stop, Tracker, Trail
from nslab.draw.scene.metrics import shown_width
from nslab.explain.diagnose import why
from nslab.network.model import Namespace, Snapshot

SVG = "{http://www.w3.org/2000/svg}"


def stops(*places: str, told: dict[int, tuple[str, ...]] | None = None) -> tuple[Stop, ...]:
    """Stops from ``>ns1/eth0`` (out of it) and ``ns1/eth0`` (into it)."""
    found = []
    for number, place in enumerate(places, 1):
        ns, _, link = place.removeprefix(">").rpartition("/")
        found.append(Stop((ns, link), place.startswith(">"), (told or {}).get(number, ())))
    return tuple(found)


NAT = ("source 192.168.10.11 → 198.51.100.10", "TTL 64 → 63, new MACs")
OUT = Trail(
    "a ping",
    stops(
        ">ns1/eth0",
        "host/lxcbr0.1",
        "host/lxcbr0",
        ">host/eth0",
        "switch/host",
        ">switch/router",
        "router/eth0",
        ">router/eth1",
        "internet/eth0",
        told={4: NAT, 8: ("TTL 63 → 62, new MACs",)},
    ),
)
BACK = Trail(
    "its answer",
    stops(
        ">internet/eth0",
        "router/eth1",
        ">router/eth0",
        "switch/router",
        ">switch/host",
        "host/eth0",
        ">host/lxcbr0",
        ">host/lxcbr0.1",
        "ns1/eth0",
        told={3: ("TTL 64 → 63, new MACs",), 7: NAT},
    ),
)
LOST = Trail("lost", stops(">ns1/eth0", "host/lxcbr0.1", "host/lxcbr0"), end="lost")
FLOOD = Trail(
    "to everyone",
    stops(">ns1/eth0", "host/veth1", ">host/veth3", "ns3/eth0"),
    (
        stops(">ns1/eth0", "host/veth1", "host/br0"),
        *(stops(">ns1/eth0", "host/veth1", f">host/veth{n}", f"ns{n}/eth0") for n in (2, 4)),
    ),
)
CROWDED = Trail(
    "to everyone",
    stops(">ns1/eth0", "host/veth1", ">host/veth140", "ns140/eth0"),
    tuple(
        stops(">ns1/eth0", "host/veth1", f">host/veth{n}", f"ns{n}/eth0")
        for n in (*range(2, 10), *range(100, 140))
    ),
)
ROUTED = Trail(
    "to another network",
    stops(
        ">ns1/eth0",
        "host/lxcbr0.1",
        "host/lxcbr0",
        ">host/routed",
        "ns2/eth0",
        told={4: ("TTL 64 → 63, new MACs",)},
    ),
)
LOOPBACK = Trail("to itself", stops(">host/lo", "host/lo"))


def two_networks() -> Snapshot:
    """The article's network, and a namespace at a link that the host routes to."""
    before, inode = sample.article(repaired=True), 4026540001
    routed = sample.veth("routed", 20, (inode, "eth0", 21), "10.6.0.254/24")
    eth0 = sample.veth("eth0", 21, (before.host.inode, "routed", 20), "10.6.0.2/24")
    ns2 = Namespace(
        inode=inode, role="named", label="ns2", names=("ns2",), links=(sample.loopback(), eth0)
    )
    host = structs.replace(before.host, links=(*before.host.links, routed))
    return structs.replace(before, namespaces=(host, ns2, *before.namespaces[1:]))


TRAILS: dict[str, tuple[Snapshot, Trail]] = {
    "out": (sample.article(repaired=True), OUT),
    "back": (sample.article(repaired=True), BACK),
    "lost": (sample.article(repaired=True), LOST),
    "flood": (sample.star(4), FLOOD),
    "level": (sample.star(8), FLOOD),
    "crowd": (sample.star(140), CROWDED),
    "lo": (sample.article(), LOOPBACK),
    "routed": (two_networks(), ROUTED),
}

every_trail = pytest.mark.parametrize("name", TRAILS)


def followed(name: str, upto: int | None = None) -> PathPicture:
    snapshot, trail = TRAILS[name]
    return PathPicture(Picture(snapshot), trail, f"{trail.title}, in words", upto)


# -- the same everywhere, and apart from each other ------------------------------------------------

SCRIPT = """
import sys
from test_draw_trail import TRAILS, followed
for name in TRAILS:
    for upto in (None, 2):
        picture = followed(name, upto)
        sys.stdout.write(picture.svg + picture.html + picture.text)
"""


def drawn(seed: str) -> bytes:
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[2])])
    return subprocess.run(
        [sys.executable, "-c", SCRIPT],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": seed},
    ).stdout


def test_the_bytes_are_the_same_in_every_run() -> None:
    first = drawn("1")
    assert first == drawn("2")
    assert len(first) > 50_000


def movements(page: str) -> dict[str, str]:
    return dict(re.findall(r"@keyframes ([\w-]+)\{(.*)\}</style>", page))


def test_movements_of_several_pictures_do_not_clash_on_a_page() -> None:
    found: dict[str, str] = {}
    for name in TRAILS:
        page = followed(name).html
        assert " id=" not in page
        moves = movements(page)
        assert moves
        for move, steps in moves.items():
            assert found.setdefault(move, steps) == steps
            assert page.count(f"animation:{move} ") == 1
    assert len(found) == len(set(found.values())) > len(TRAILS)


def test_nothing_moves_for_those_who_asked_for_that() -> None:
    page = followed("out").html
    assert "@media (prefers-reduced-motion:reduce){.nslab-traveller{display:none}" in page
    root = ET.fromstring(page)
    moving = [e for e in root.iter() if "animation" in e.get("style", "")]
    assert {e.get("class") for e in moving} == {"nslab-traveller"}
    assert "<animate" not in page
    assert "<script" not in page
    assert "href" not in page


def test_what_is_forwarded_beside_its_sign_has_one_on_its_way() -> None:
    """Else it would look like what a bridge passes on from port to port."""
    picture = followed("routed")
    bridge = picture.placed.links()["host/lxcbr0"]
    ((at,),) = [leg.signs for leg in picture.track.legs if leg.signs]
    assert picture.track.legs[2].signs == (at,), "from the bridge to the link that is routed"
    x, y = picture.track.marks[2].at
    assert bridge.holds((x, y)), "the bridge took it in: its number does not stand behind the sign"
    around = Rect(*at, 0, 0).grown(SIGN)
    covered = [*picture.placed.links().values(), *(rect for _, rect in texts(picture.placed))]
    covered += [Rect(*mark.at, 0, 0).grown(RADIUS) for mark in picture.track.marks]
    covered += [tag.rect for tag in picture.callouts]
    assert not any(map(around.overlaps, covered))
    assert picture.svg.count('nslab-open nslab-turn"') == 1


@pytest.mark.parametrize("name", sorted(set(TRAILS) - {"routed"}))
def test_a_way_has_no_sign_of_its_own_elsewhere(name: str) -> None:
    """Through the host's own sign, across a bridge, or through lo: nothing is said twice."""
    picture = followed(name)
    assert not any(leg.signs for track in (picture.track, *picture.branches) for leg in track.legs)


def test_a_step_stands_still() -> None:
    for upto in range(1, 10):
        page = followed("out", upto).html
        assert "@keyframes" not in page
        assert 'style="animation:' not in page


# -- where it is -----------------------------------------------------------------------------------


@every_trail
def test_every_stop_is_at_its_link(name: str) -> None:
    picture = followed(name)
    for track in (picture.track, *picture.branches):
        for mark in track.marks:
            assert mark.rect.holds(mark.on)
            assert max(abs(a - b) for a, b in zip(mark.at, mark.on, strict=True)) <= 60
        for leg, (one, other) in zip(track.legs, pairwise(track.marks), strict=True):
            assert (leg.points[0], leg.points[-1]) == (one.on, other.on)
            for (x1, y1), (x2, y2) in pairwise(leg.points):
                assert x1 == x2 or y1 == y2
    rects = picture.placed.links()
    for mark in picture.track.marks:
        assert mark.rect == rects.get(mark.stop.name, mark.rect)


@every_trail
def test_numbers_can_be_read(name: str) -> None:
    marks = followed(name).track.marks
    assert [mark.number for mark in marks] == list(range(1, len(marks) + 1))
    for one, other in combinations(marks, 2):
        apart = max(abs(a - b) for a, b in zip(one.at, other.at, strict=True))
        assert apart >= 2 * RADIUS, (one, other)


@every_trail
def test_neither_the_line_nor_a_number_covers_a_word(name: str) -> None:
    picture = followed(name)
    words = texts(picture.placed)
    for track in (picture.track, *picture.branches):
        for leg in track.legs:
            for part in leg.shown:
                for said, rect in words:
                    assert not any(map(rect.holds, trace(list(part)))), said
    for mark in picture.track.marks:
        disc = Rect(*mark.at, 0, 0).grown(RADIUS)
        assert [said for said, rect in words if rect.overlaps(disc)] == []


@every_trail
def test_tags_cover_nothing_that_is_written(name: str) -> None:
    picture = followed(name)
    tags = picture.callouts
    assert sum(tag.kind == "told" for tag in tags) == sum(
        bool(stop.told) for stop in TRAILS[name][1].stops
    )
    discs = [Rect(*mark.at, 0, 0).grown(RADIUS) for mark in picture.track.marks]
    for tag in tags:
        assert not any(map(tag.rect.overlaps, (*written(picture.placed), *discs)))
        assert Rect(0, 0, picture.placed.width, picture.placed.height).holds(
            (tag.rect.right, tag.rect.bottom)
        )
    for one, other in combinations(tags, 2):
        assert not one.rect.overlaps(other.rect)


@every_trail
def test_from_step_to_step_nothing_jumps(name: str) -> None:
    whole = followed(name)
    for upto in range(1, len(whole.track.marks) + 1):
        step = followed(name, upto)
        assert step.track.marks == whole.track.marks[:upto]
        assert step.track.legs == whole.track.legs[: upto - 1]
        assert {tag for tag in step.callouts if tag.kind == "told"} == {
            tag for tag in whole.callouts if tag.kind == "told" and tag.mark.number <= upto
        }
        assert ET.fromstring(step.html).findall(f".//{SVG}circle[@class='nslab-now']")


@every_trail
def test_the_network_stands_where_it_always_stands(name: str) -> None:
    snapshot, _ = TRAILS[name]
    plain, way = (ET.fromstring(p.html) for p in (Picture(snapshot), followed(name)))
    behind = way.find(f"{SVG}g[@class='nslab-behind']")
    assert behind is not None
    network = [ET.tostring(e) for e in plain if e.tag in (f"{SVG}g", f"{SVG}rect", f"{SVG}path")]
    assert [ET.tostring(e) for e in behind if e.tag != f"{SVG}text"] == network
    boxes = [[int(part) for part in (one.get("viewBox") or "").split()] for one in (plain, way)]
    (left, _, wide, high), (_, top, _, higher) = boxes
    assert boxes[1] == [left, top, wide, high - top], "a tag may stand above it"
    assert -56 <= top <= 0
    assert higher == high - top


def test_what_is_said_of_a_stop_stands_at_it() -> None:
    """Also of the last ones, whose world is full, and beside a long tag."""
    picture = followed("out")
    assert {tag.kind for tag in picture.callouts} == {"told", "arrived"}
    for tag in picture.callouts:
        at, end = tag.mark.at, tag.meets
        assert abs(at[0] - end[0]) + abs(at[1] - end[1]) <= 80
    top = int((ET.fromstring(picture.html).get("viewBox") or "").split()[1])
    assert all(tag.rect.y >= top for tag in picture.callouts)


def test_a_way_there_and_back_has_the_same_stops() -> None:
    there, back = followed("out").track, followed("back").track
    places = {mark.stop.name: mark.on for mark in there.marks}
    assert places == {mark.stop.name: mark.on for mark in back.marks}


# -- what is said ----------------------------------------------------------------------------------


def said(picture: PathPicture) -> list[str]:
    root = ET.fromstring(picture.html.partition("<p>")[0])
    return [e.text or "" for e in root.iter(f"{SVG}text") if "nslab-said" in (e.get("class") or "")]


def test_what_was_rewritten_stands_beside_its_stop() -> None:
    lines = said(followed("out"))
    assert "TTL 63 → 62, new MACs" in " ".join(lines)
    assert "source 192.168.10.11 → 198.51.100.10" in " ".join(lines)
    assert "✔ arrived" in lines
    assert said(followed("out", 3)) == []
    assert "✔ arrived" not in said(followed("out", 8))


def test_how_it_ended() -> None:
    assert said(followed("lost")) == ["✘ not seen again"]
    assert said(followed("lost", 2)) == []
    snapshot, _ = TRAILS["lost"]
    beyond = Trail("out", stops(">ns1/eth0", ">host/eth0"), end="beyond")
    picture = PathPicture(Picture(snapshot), beyond, "")
    assert said(picture) == ["… not captured beyond"]
    # It stands where the cable is that the packet left by.
    cable = picture.placed.cable("host/eth0", "switch/host")
    assert picture.track.marks[-1].on == cable[0]


def test_one_frame_and_its_many_copies() -> None:
    picture = followed("flood")
    assert len(picture.branches) == 3
    page = picture.html
    assert page.count('class="nslab-traveller"') == 4
    root = ET.fromstring(page)
    ends = {
        (e.get("cx"), e.get("cy"))
        for e in root.iter(f"{SVG}circle")
        if e.get("class") == "nslab-stop-copy"
    }
    assert len(ends) == 5, "br0, and two for each of the copies"
    crowd = followed("crowd")
    shown = {mark.stop.name for branch in crowd.branches for mark in branch.marks}
    assert "ns2/eth0" in shown
    assert len(crowd.branches) < 20, "what is drawn as one thing has one line"
    assert crowd.placed.rest is not None
    assert crowd.placed.rest.holds(crowd.track.marks[-1].on)


def test_the_copies_move_with_the_packet_until_they_part() -> None:
    moves = list(movements(followed("flood").html).values())
    starts = {tuple(re.findall(r"[\d.]+%\{[^}]*\}", steps)[:3]) for steps in moves}
    assert len(starts) == 1


def test_the_dot_rests_where_something_is_rewritten() -> None:
    (steps,) = movements(followed("out").html).values()
    assert steps.count("scale(1.5)") == 2 * 2, "at the host, and at the router"
    assert steps.startswith("0.00%{")
    times = [float(time) for time in re.findall(r"([\d.]+)%\{", steps)]
    assert times == sorted(times)
    assert times[-1] == 100


def test_links_that_were_passed_over_are_dashed() -> None:
    snapshot, _ = TRAILS["out"]
    tracker = Tracker(Picture(snapshot).placed)
    sparse = tracker.track(stops(">ns1/eth0", "internet/eth0"))
    full = tracker.track(OUT.stops)
    assert [leg.seen for leg in sparse.legs] == [False]
    assert all(leg.seen for leg in full.legs)
    assert sparse.legs[0].length == sum(leg.length for leg in full.legs), "it is the same way"
    trail = Trail("sparse", stops(">ns1/eth0", "internet/eth0"))
    assert "nslab-way nslab-unseen" in PathPicture(Picture(snapshot), trail, "").html


def test_what_is_not_in_the_picture_is_left_out_of_the_way() -> None:
    snapshot, _ = TRAILS["out"]
    tracker = Tracker(Picture(snapshot).placed)
    track = tracker.track(stops(">ns1/eth0", "host/gone", "nowhere/eth0", "host/lxcbr0"))
    assert [mark.number for mark in track.marks] == [1, 4]
    nothing = PathPicture(Picture(snapshot), Trail("gone", stops(">host/gone", "host/away")), "")
    assert nothing.track.marks == ()
    ET.fromstring(nothing.html)
    assert ET.fromstring(nothing.svg).get("class") == "nslab-picture nslab-file"


def test_what_why_found_stands_where_it_breaks() -> None:
    snapshot = sample.article()
    answer = why(snapshot, "ns1", "8.8.8.8")
    assert answer.obstacle is not None
    assert answer.obstacle.where == "host/lxcbr0.1"
    picture = explained(Picture(snapshot), answer)
    last = picture.track.marks[-1]
    assert last.stop.name == "host/lxcbr0.1"
    assert [tag.kind for tag in picture.callouts] == ["lost"]
    assert said(picture) == [f"✘ {answer.obstacle.message}"]
    assert "nslab-stop-lost" in picture.html
    assert picture.text == str(answer)


def test_what_why_found_of_a_namespace_stands_at_its_name() -> None:
    snapshot = sample.with_pair()
    picture = explained(Picture(snapshot), why(snapshot, "ns1", "8.8.8.8"))
    assert [mark.stop.hop for mark in picture.track.marks] == [("ns1", "lo")]
    assert said(picture) == ["✘ ns1 has no link but lo"]


def test_what_a_namespace_does_not_pass_on_ends_at_its_gate() -> None:
    repaired = sample.article(repaired=True)
    host = structs.replace(repaired.host, sysctls=sample.NO_FORWARDING)
    snapshot = structs.replace(repaired, namespaces=(host, *repaired.namespaces[1:]))
    answer = why(snapshot, "ns1", "198.51.100.20")
    assert answer.obstacle is not None
    assert answer.obstacle.where == "host"
    picture = explained(Picture(snapshot), answer)
    (gate,) = picture.placed.gates
    last = picture.track.marks[-1]
    assert Rect(gate.rect.x, gate.rect.y, GATE, GATE).holds(last.on)
    assert [mark.stop.name for mark in picture.track.marks[-3:-1]] == [
        "host/lxcbr0.1",
        "host/lxcbr0",
    ]


def test_what_gets_there_is_shown_as_well() -> None:
    snapshot = sample.star(3)
    picture = explained(Picture(snapshot), why(snapshot, "ns1", "10.0.0.4"))
    assert said(picture) == ["✔ it gets there"]
    assert picture.track.legs


SNAPSHOTS = {
    "article": sample.article(),
    "docker": sample.docker(),
    "odd": sample.odd(),
    "hostile": sample.hostile(),
    "bare": sample.bare(),
    "star": sample.star(14),
}
PICTURES = {name: Picture(snapshot) for name, snapshot in SNAPSHOTS.items()}
LINKS = {
    name: [(ns.label, link.name) for ns in snapshot for link in ns.links]
    for name, snapshot in SNAPSHOTS.items()
}


@settings(max_examples=150 if os.environ.get("NSLAB_THOROUGH") else 15, deadline=None)
@given(st.data(), st.sampled_from(sorted(SNAPSHOTS)))
def test_any_sequence_of_links_has_a_way(data: st.DataObject, name: str) -> None:
    hops = data.draw(st.lists(st.tuples(st.sampled_from(LINKS[name]), st.booleans()), max_size=7))
    way = tuple(Stop(hop, out, ("TTL 64 → 63",) if out else ()) for hop, out in hops)
    picture = PathPicture(PICTURES[name], Trail('<any> & "way"', way), "<&>")
    track = picture.track
    assert len(track.legs) == max(0, len(track.marks) - 1)
    assert all(mark.rect.holds(mark.on) for mark in track.marks)
    ET.fromstring(picture.svg)


# -- the dot, and what goes along with it ----------------------------------------------------------


def seen_at(steps: str) -> list[tuple[int, int]]:
    """Where a dot is seen: at its frames, and on the straight line between two of them."""
    frames = re.findall(r"[\d.]+%\{transform:translate\((\d+)px,(\d+)px\)([^}]*)\}", steps)
    found = []
    for (x1, y1, one), (x2, y2, other) in pairwise(frames):
        if "opacity:0" not in one + other:
            found += trace([(int(x1), int(y1)), (int(x2), int(y2))])
    return found


@every_trail
def test_the_dot_covers_no_word(name: str) -> None:
    picture = followed(name)
    words = texts(picture.placed)
    for steps in movements(picture.html).values():
        for x, y in seen_at(steps):
            dot = Rect(x, y, 0, 0).grown(4)
            assert [said for said, rect in words if rect.overlaps(dot)] == []


@every_trail
def test_the_dot_runs_below_the_numbers(name: str) -> None:
    page = followed(name).html
    dots = [at.start() for at in re.finditer('class="nslab-traveller"', page)]
    assert max(dots, default=0) < page.index('class="nslab-at"')


def test_no_number_hides_the_gate() -> None:
    for name in ("out", "back"):
        picture = followed(name)
        (gate,) = picture.placed.gates
        sign = Rect(gate.rect.x, gate.rect.y, GATE, GATE)
        for mark in picture.track.marks:
            assert not sign.overlaps(Rect(*mark.at, 0, 0).grown(RADIUS))
            if mark.stop.name == ("host", "lxcbr0"):
                assert mark.at[1] > sign.bottom, "it is forwarded behind it, or was already"


@every_trail
def test_no_line_to_a_tag_runs_through_words(name: str) -> None:
    picture = followed(name)
    for tag in (tag for tag in picture.callouts if tag.led):
        end = tag.meets
        words = [rect for _, rect in texts(picture.placed)]
        steps = max(1, abs(tag.mark.at[0] - end[0]) + abs(tag.mark.at[1] - end[1]))
        for n in range(0, steps, 4):
            point = tuple(a + (b - a) * n // steps for a, b in zip(tag.mark.at, end, strict=True))
            assert not any(rect.holds((point[0], point[1])) for rect in words)


def test_where_it_should_have_been_is_as_clear_as_an_arrival() -> None:
    snapshot, _ = TRAILS["out"]
    trail = Trail("lost", OUT.stops[:4], end="lost", missed=("switch", "host"))
    picture = PathPicture(Picture(snapshot), trail, "")
    (tag,) = [tag for tag in picture.callouts if tag.kind == "lost"]
    assert tag.lines == ("✘ did not get here",)
    assert tag.mark.stop.name == "switch/host"
    page = picture.html
    assert 'class="nslab-astray"' in page
    assert 'class="nslab-missed"' in page
    assert page.count('class="nslab-at"') == 4, "it was seen at four"
    # Where nobody knows what came next, the end is at the last that is known.
    assert 'class="nslab-missed"' not in followed("lost").html


@every_trail
def test_a_page_can_show_any_step_of_the_whole(name: str) -> None:
    """What is left when what is off at a step is taken away is the picture of that step."""
    whole = followed(name)
    for step in range(1, len(whole.track.marks) + 1):
        root = ET.fromstring(whole.html)
        for parent in list(root.iter()):
            for child in list(parent):
                if str(step) in child.get("data-off", "").split():
                    parent.remove(child)
        stops = [e.get("data-stop") for e in root.iter() if e.get("data-stop")]
        assert stops == [str(n) for n in range(1, step + 1)]
        assert [e.get("data-on") for e in root.iter() if e.get("data-on") == str(step)]
        tags = [e for e in root.iter(f"{SVG}g") if e.get("class") == "nslab-tag"]
        assert len(tags) == len(followed(name, step).callouts)


def test_the_rows_go_along_with_the_dot() -> None:
    total, beats = followed("out").beats
    assert len(beats) == 9
    assert beats[0] == 0
    assert beats == sorted(beats)
    assert beats[-1] < total


# -- which way it goes, and that it is one line ----------------------------------------------------


def arrowheads(picture: PathPicture) -> list[tuple[Rect, tuple[int, int]]]:
    """What each arrowhead covers, and where to it points."""
    found = []
    for each in ET.fromstring(picture.html).iter(f"{SVG}path"):
        if each.get("class") == "nslab-arrow":
            corners = [int(n) for n in re.findall(r"-?\d+", each.get("d") or "")]
            xs, ys = corners[::2], corners[1::2]
            rect = Rect(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
            (tip_x, notch_x), (tip_y, notch_y) = xs[1::2], ys[1::2]
            found.append((rect, (_sign(tip_x - notch_x), _sign(tip_y - notch_y))))
    return found


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


@every_trail
def test_a_still_picture_says_which_way_the_packet_goes(name: str) -> None:
    picture = followed(name)
    arrows = arrowheads(picture)
    words = [rect for _, rect in texts(picture.placed)]
    discs = [Rect(*mark.at, 0, 0).grown(RADIUS) for mark in picture.track.marks]
    tags = [tag.rect for tag in picture.callouts]
    directions: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for leg in (leg for track in (picture.track, *picture.branches) for leg in track.legs):
        for part in leg.shown:
            for one, other in pairwise(part):
                ahead = _sign(other[0] - one[0]), _sign(other[1] - one[1])
                for point in trace([one, other]):
                    directions.setdefault(point, set()).add(ahead)
    for rect, ahead in arrows:
        assert not any(map(rect.overlaps, (*words, *discs, *tags)))
        assert any(ahead in directions[at] for at in directions if rect.grown(1).holds(at))
    assert not [pair for pair in combinations(arrows, 2) if pair[0][0].overlaps(pair[1][0])]


def test_there_and_back_the_arrowheads_point_the_other_way() -> None:
    """Out of the namespace, at the gate, and to the switch: wherever there is room for one."""
    there, back = (arrowheads(followed(name)) for name in ("out", "back"))
    assert [ahead for _, ahead in there] == [(0, -1)] * 3
    assert [ahead for _, ahead in back] == [(0, 1)] * 3
    assert len(arrowheads(followed("out", 3))) == 1


def test_a_long_line_has_arrowheads_all_along() -> None:
    """Two lines that lie side by side are told apart by them."""
    picture = followed("level")
    for leg in picture.track.legs:
        line = [point for part in leg.shown for point in trace(list(part))]
        if leg.length > 250:
            on = [rect for rect, _ in arrowheads(picture) if any(map(rect.holds, line))]
            assert len(on) >= leg.length // 150


def near_words(picture: PathPicture, points: Iterable[tuple[int, int]]) -> list[str]:
    """What is written so near to a line that this would pass for a part of it."""
    dots = [Rect(*point, 0, 0).grown(5) for point in trace(list(points))]
    # A letter has a pixel of its room free above it, and two below it.
    letters = [(said, Rect(r.x, r.y + 1, r.w, r.h - 3)) for said, r in texts(picture.placed)]
    return [said for said, rect in letters if any(map(rect.overlaps, dots))]


@every_trail
def test_a_line_within_a_box_is_whole_and_apart_from_words(name: str) -> None:
    """A piece of it would pass for punctuation, or for a line below a word."""
    picture = followed(name)
    boxes = [slot.rect for _, slot in (*picture.placed.bridges, *picture.placed.cells)]
    boxes += [rect for _, rect in picture.placed.scenery]
    for track in (picture.track, *picture.branches):
        ends = {mark.at for mark in track.marks}
        for part in (part for leg in track.legs for part in leg.within):
            assert near_words(picture, part) == []
            edges = [r for r in boxes if all(map(r.holds, part))]
            for x, y in (part[0], part[-1]):
                assert (x, y) in ends or any(
                    x in (r.x, r.right) or y in (r.y, r.bottom) for r in edges
                )


def test_a_line_goes_from_one_port_of_a_bridge_to_another() -> None:
    picture = followed("flood")
    (line,) = picture.track.legs[1].within
    bridge, one, other = (picture.placed.links()[f"host/{n}"] for n in ("br0", "veth1", "veth3"))
    assert [line[0], line[-1]] == [(r.middle[0], bridge.bottom) for r in (one, other)]
    assert {y for _, y in line} <= {bridge.bottom, bridge.bottom - RAIL}, "along its edge"
    assert f'd="M{line[0][0]} {line[0][1]}' in picture.html


def test_a_line_that_turns_in_a_box_is_not_drawn_there() -> None:
    """A macvlan's frames for another one do so in their parent: a spike says nothing."""
    with Lab(engine="fake") as lab:
        lab.do(*(AddNamespace(ns) for ns in "ab"), *(AddMacvlan("eth0", "m", to=ns) for ns in "ab"))
        picture = lab.picture
    for way in (stops(">a/m", "host/eth0", "b/m"), stops(">a/m", "b/m")):
        track = PathPicture(picture, Trail("across", way), "").track
        assert [leg.within for leg in track.legs] == [()] * (len(way) - 1)


def test_where_words_are_in_its_way_no_line_is_drawn_within_a_box() -> None:
    """From the port to the gate, from there to the cable, across the switch and the router."""
    picture = followed("out")
    assert [leg.within for leg in picture.track.legs] == [()] * 8
    assert "nslab-within" not in picture.html.partition("</style>")[2]


def test_what_ends_in_a_bridge_stands_behind_its_words() -> None:
    for name, number in (("lost", 3), ("flood", 3)):
        picture = followed(name)
        track = picture.track if name == "lost" else picture.branches[0]
        mark = track.marks[number - 1]
        bridge = next(slot.rect for _, slot in picture.placed.bridges)
        assert bridge.holds(mark.at)
        disc = Rect(*mark.at, 0, 0).grown(RADIUS + 3)
        assert [said for said, rect in texts(picture.placed) if rect.overlaps(disc)] == []
        assert track.legs[-1].within, "and a line leads there"


def test_numbers_on_a_short_cable_share_it() -> None:
    """Between the switch, the router and the internet there is just room for two each."""
    for name in ("out", "back"):
        marks = {mark.number: mark for mark in followed(name).track.marks}
        pairs = ((6, 7), (8, 9)) if name == "out" else ((1, 2), (3, 4))
        for one, other in pairs:
            (x1, y1), (x2, y2) = marks[one].at, marks[other].at
            assert y1 == y2 == marks[one].on[1], "both are on their cable"
            assert 2 * RADIUS <= abs(x1 - x2) <= 3 * RADIUS
            for mark in (marks[one], marks[other]):
                assert abs(mark.at[0] - mark.on[0]) <= RADIUS, "at their own ends of it"


def test_two_lines_beside_each_other_do_not_look_like_one() -> None:
    """As on the way to a bridge and on the way back, whose cables are one lane apart."""
    page = followed("out").html
    (wide,) = re.findall(r"picture \.nslab-way\{stroke-width:([\d.]+)\}", page)
    (bed,) = re.findall(r"picture \.nslab-bed\{stroke-width:([\d.]+)\}", page)
    assert float(wide) <= LANE - 2
    assert (float(wide) + float(bed)) / 2 <= LANE, "the bed of one does not cut the other"


@every_trail
def test_the_line_is_of_one_colour_on_any_cable(name: str) -> None:
    """It is opaque, and lies on a bed as wide again as what is around it."""
    page = followed(name).html
    rules = page.partition("</style>")[0]
    assert "opacity" not in "".join(re.findall(r"\.nslab-(?:ways|way|bed)\b[^{]*\{[^}]*\}", rules))
    root = ET.fromstring(page)
    (ways,) = (each for each in root.iter(f"{SVG}g") if each.get("class") == "nslab-ways")
    for leg in ways:
        lines = [each for each in leg if each.get("class") != "nslab-within"]
        for bed, band in pairwise(lines):
            if (bed.get("class") or "").startswith("nslab-bed"):
                assert bed.get("d") == band.get("d")
                assert (band.get("class") or "").startswith(("nslab-way", "nslab-copy"))


def test_a_tag_has_the_same_room_on_both_sides() -> None:
    """In any font: its words stand in its middle, or that of what its number leaves."""
    page = followed("out").html
    tags = [each for each in ET.fromstring(page).iter() if each.get("class") == "nslab-tag"]
    assert len(tags) == 3
    for tag in tags[1:]:
        (rect,), words = tag.findall(f"{SVG}rect"), tag.findall(f"{SVG}text")
        left, wide = int(rect.get("x") or 0), int(rect.get("width") or 0)
        discs = [int(e.get("cx") or 0) + 8 for e in tag.findall(f"{SVG}circle")]
        said = words[-1]
        assert "nslab-middle" in (said.get("class") or "")
        assert abs(2 * int(said.get("x") or 0) - (*discs, left)[0] - left - wide) <= 1


def test_the_words_of_a_tag_are_as_wide_as_in_a_wide_font() -> None:
    """Measured in DejaVu Sans Bold."""
    for said, wide in (("TTL 63 → 62", 80), ("✔ arrived", 63), ("source → 198.51.100.10", 161)):
        assert 0 <= shown_width(said, TEXT, bold=True) - wide <= 4, said
