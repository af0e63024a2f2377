"""The way of a packet: which frames are one, in which order, and what was rewritten."""

from __future__ import annotations

import re
import struct
from typing import Any

import pytest
from blocks import arp, echo, ether, frame, ipv4
from hypothesis import given
from hypothesis import strategies as st

from nslab.draw.scene.compose import WORLD_NAMES
from nslab.errors import InvalidInput
from nslab.frames.identity import packet
from nslab.frames.journey import journeys
from nslab.frames.table import Table
from nslab.network import names
from nslab.network.model import (
    Address,
    Bridge,
    Ends,
    Flow,
    Frame,
    Link,
    Namespace,
    Peer,
    Place,
    Snapshot,
    Tracked,
    Tunnel,
)

INSIDE, OUTSIDE, SERVER = "10.0.0.11", "198.51.100.10", "203.0.113.80"


def link(name: str, index: int, address: str = "", **fields: object) -> Link:
    addresses = (Address(address=f"{address}/24"),) if address else ()
    kind = "veth" if "peer" in fields else "bridge" if "bridge" in fields else ""
    fields.setdefault("kind", kind)
    return Link(name=name, index=index, addresses=addresses, **fields)  # type: ignore[arg-type]


def cable(inode: int, index: int) -> Peer:
    return Peer(namespace=inode, name="", index=index)


LAB = Snapshot(
    namespaces=(
        Namespace(
            inode=1,
            role="host",
            label="host",
            links=(
                link("br0", 2, "10.0.0.1", bridge=Bridge(stp=False, forward_delay=0)),
                link("p1", 3, master="br0", peer=cable(2, 2)),
                link("p2", 4, master="br0", peer=cable(3, 2)),
                link("eth0", 5, OUTSIDE, peer=cable(4, 2)),
            ),
        ),
        Namespace(
            inode=2, role="named", label="ns1", links=(link("eth0", 2, INSIDE, peer=cable(1, 3)),)
        ),
        Namespace(
            inode=3,
            role="named",
            label="ns2",
            links=(link("eth0", 2, "10.0.0.12", peer=cable(1, 4)),),
        ),
        Namespace(
            inode=4,
            role="world",
            label="internet",
            links=(link("eth0", 2, SERVER, peer=cable(1, 5)),),
        ),
    )
)

SNAT = Tracked(
    ns="host",
    original=Flow(protocol=1, source=INSIDE, source_port=77, target=SERVER, target_port=77),
    reply=Flow(protocol=1, source=SERVER, source_port=77, target=OUTSIDE, target_port=77),
)

LATER = Tracked(
    ns="host",
    original=Flow(protocol=1, source=INSIDE, source_port=78, target="192.0.2.1", target_port=78),
    reply=Flow(protocol=1, source="192.0.2.1", source_port=78, target=OUTSIDE, target_port=78),
)


def seen(*sightings: tuple[str, str, bytes]) -> list[Frame]:
    """Frames one after the other: (place, kind, bytes)."""
    found = []
    for number, (where, kind, data) in enumerate(sightings, 1):
        ns, _, name = where.rpartition("/")
        found.append(frame(data, number, place=Place(ns=ns or "host", link=name), kind=kind))
    return found


def ping(
    source: str,
    target: str,
    kind: int = 8,
    *,
    ttl: int = 64,
    ident: int = 7,
    macs: tuple[bytes, bytes] = (b"\2\0\0\0\0\1", b"\2\0\0\0\0\2"),
) -> bytes:
    data = bytearray(ipv4(1, echo(kind), source, target))
    data[8] = ttl
    data[4:6] = struct.pack(">H", ident)
    return ether(0x0800, bytes(data), *macs)


NEW = (b"\2\0\0\0\0\3", b"\2\0\0\0\0\4")
THROUGH_NAT = (
    ("ns1/eth0", "outgoing", ping(INSIDE, SERVER)),
    ("p1", "otherhost", ping(INSIDE, SERVER)),
    ("br0", "host", ping(INSIDE, SERVER)),
    ("eth0", "outgoing", ping(OUTSIDE, SERVER, ttl=63, macs=NEW)),
    ("internet/eth0", "host", ping(OUTSIDE, SERVER, ttl=63, macs=NEW)),
    ("internet/eth0", "outgoing", ping(SERVER, OUTSIDE, 0, ident=9)),
    ("eth0", "host", ping(SERVER, OUTSIDE, 0, ident=9)),
    ("br0", "outgoing", ping(SERVER, INSIDE, 0, ttl=63, ident=9)),
    ("p1", "outgoing", ping(SERVER, INSIDE, 0, ttl=63, ident=9)),
    ("ns1/eth0", "host", ping(SERVER, INSIDE, 0, ttl=63, ident=9)),
)


def test_a_ping_and_its_answer_through_nat() -> None:
    request, reply = journeys(seen(*THROUGH_NAT), [SNAT], LAB)
    changes = f"source {INSIDE} → {OUTSIDE} (SNAT by the host), TTL 64 → 63, new MACs"
    assert str(request).splitlines() == [
        f"ICMP echo request, seq 1: {INSIDE} → {SERVER}",
        "  1  out of ns1/eth0     sent by ns1",
        "  2  into p1             over the cable",
        "  3  into br0            taken in by the host",
        f"  4  out of eth0         forwarded by the host  {changes}",
        "  5  into internet/eth0  over the cable",
        "     arrived at internet/eth0",
        f"     connection tracking of the host: {INSIDE} → {SERVER}",
        f"     answer expected: {SERVER} → {OUTSIDE}",
    ]
    assert [str(change) for _, change in reply.changes] == [
        f"target {OUTSIDE} → {INSIDE} (SNAT undone by the host)",
        "TTL 64 → 63",
    ]
    assert reply.arrived
    assert [str(place) for place in reply.places][-2:] == ["p1", "ns1/eth0"]


def test_a_journey_says_where_nothing_was_captured_in_between() -> None:
    (request,) = journeys(seen(THROUGH_NAT[0], THROUGH_NAT[3]), [SNAT], LAB)
    assert [step.how for step in request.steps] == ["sent by ns1", "not captured in between"]


@pytest.mark.parametrize(
    ("kind", "word"), [("macvlan", "macvlan"), ("ipvlan", "ipvlan"), ("vlan", "VLAN")]
)
def test_a_journey_goes_through_a_link_and_what_it_stands_on(kind: str, word: str) -> None:
    """Up and down: each row has a word for how the packet came there."""
    eth0, wire = link("eth0", 2, OUTSIDE, peer=cable(3, 2)), cable(1, 2)
    upper = link("mv0", 2, "198.51.100.31", kind=kind, peer=wire)
    outside = link("eth0", 2, SERVER, peer=wire)
    lab = Snapshot(
        namespaces=(
            Namespace(inode=1, role="host", label="host", links=(eth0,)),
            Namespace(inode=2, role="named", label="m1", links=(upper,)),
            Namespace(inode=3, role="world", label="internet", links=(outside,)),
        )
    )
    there = [("m1/mv0", "outgoing"), ("eth0", "outgoing"), ("internet/eth0", "host")]
    back = [("internet/eth0", "outgoing"), ("eth0", "otherhost"), ("m1/mv0", "host")]
    asked = [(*at, ping("198.51.100.31", SERVER)) for at in there]
    answered = [(*at, ping(SERVER, "198.51.100.31", 0, ident=9)) for at in back]
    request, reply = journeys(seen(*asked, *answered), (), lab)
    by = f"by the {word} mv0"
    assert [step.how for step in request.steps] == ["sent by m1", by, "over the cable"]
    assert [step.how for step in reply.steps] == ["sent by internet", "over the cable", by]


@pytest.mark.parametrize(
    "tunnel", [{"kind": "gre", "ends": Ends()}, {"kind": "vxlan", "tunnel": Tunnel(7)}]
)
def test_a_journey_goes_through_a_tunnel(tunnel: dict[str, Any]) -> None:
    """Between its ends lies a network whose frames are others: no cable is named."""
    one, other = link("t0", 2, INSIDE, **tunnel), link("t0", 2, SERVER, **tunnel)
    lab = Snapshot(
        namespaces=(
            Namespace(inode=1, role="named", label="a", links=(one,)),
            Namespace(inode=2, role="named", label="b", links=(other,)),
        )
    )
    request = (("a/t0", "outgoing", ping(INSIDE, SERVER)), ("b/t0", "host", ping(INSIDE, SERVER)))
    (journey,) = journeys(seen(*request), (), lab)
    assert [step.how for step in journey.steps] == ["sent by a", "through the tunnel"]


def test_without_connection_tracking_two_flows_stay_two() -> None:
    found = journeys(seen(*THROUGH_NAT[:5]), (), LAB)
    assert [len(journey.steps) for journey in found] == [3, 2]
    assert not found[0].arrived
    assert found[0].end == "last seen going into br0"


def test_two_pings_of_one_flow_are_two_journeys() -> None:
    first, second = (
        THROUGH_NAT[:2],
        [(where, kind, ping(INSIDE, SERVER, ident=8)) for where, kind, _ in THROUGH_NAT[:2]],
    )
    mixed = seen(first[0], second[0], first[1], second[1])
    found = journeys(mixed, [SNAT], LAB)
    assert [[s.frame.number for s in journey.steps] for journey in found] == [[1, 3], [2, 4]]


def test_what_is_flooded_has_copies_and_goes_to_who_was_asked() -> None:
    question = ether(0x0806, arp(1, INSIDE, "10.0.0.12"), b"\xff" * 6)
    (journey,) = journeys(
        seen(
            ("ns1/eth0", "outgoing", question),
            ("p1", "broadcast", question),
            ("br0", "broadcast", question),
            ("p2", "outgoing", question),
            ("ns2/eth0", "broadcast", question),
        ),
        (),
        LAB,
    )
    assert [str(place) for place in journey.places] == ["ns1/eth0", "p1", "p2", "ns2/eth0"]
    assert [str(copy.place) for copy in journey.copies] == ["br0"]
    assert journey.arrived
    assert [[str(frame.place) for frame in branch] for branch in journey.branches] == [
        ["p1", "br0"]
    ]
    assert str(journey).splitlines()[3:5] == [
        "     copy → br0",
        "  3  out of p2        by the bridge br0",
    ]


def test_what_is_outside_is_called_as_in_the_picture() -> None:
    ports = (
        link("br0", 2, bridge=Bridge(stp=False, forward_delay=0)),
        link("to-lan", 3, master="br0", peer=cable(6, 2)),
        link("to-host", 4, master="br0", peer=cable(1, 5)),
    )
    lan = (link("eth0", 2, "198.51.100.20", peer=cable(5, 3)),)
    outside = Snapshot(
        namespaces=(
            Namespace(inode=1, role="host", label="host"),
            Namespace(inode=5, role="world", label="switch", links=ports),
            Namespace(inode=6, role="world", label="lan", links=lan),
        )
    )
    asked = ping("198.51.100.20", OUTSIDE)
    (journey,) = journeys(
        seen(
            ("lan/eth0", "outgoing", asked),
            ("switch/to-lan", "otherhost", asked),
            ("switch/to-host", "outgoing", asked),
        ),
        (),
        outside,
    )
    assert str(journey).splitlines()[1:] == [
        "  1  out of the LAN machine  sent by the LAN machine",
        "  2  into the LAN switch     over the cable",
        "  3  out of the LAN switch   by the LAN switch",
        "     left the LAN switch, behind which nothing was captured",
    ]
    words = {name: f"the {word}" for name, word in WORLD_NAMES.items()}
    assert words == names.OUTSIDE, "the picture's own"


@pytest.mark.parametrize("way_on", [THROUGH_NAT[3:4], THROUGH_NAT[3:5]])
def test_a_copy_that_is_seen_more_often_is_still_a_copy(way_on: tuple[Any, ...]) -> None:
    """The bridge did not know yet where the gateway is, and only some links were captured."""
    flooded = (
        THROUGH_NAT[0],
        ("p2", "outgoing", ping(INSIDE, SERVER)),
        ("ns2/eth0", "otherhost", ping(INSIDE, SERVER)),
    )
    (journey,) = journeys(seen(*flooded, *way_on), [SNAT], LAB)
    assert [str(place) for place in journey.places] == [
        "ns1/eth0",
        *(where for where, *_ in way_on),
    ]
    assert [str(copy.place) for copy in journey.copies] == ["p2", "ns2/eth0"]


def test_a_question_that_is_asked_again_is_another() -> None:
    question = ether(0x0806, arp(1, INSIDE, "10.0.0.99"), b"\xff" * 6)
    once = (("ns1/eth0", "outgoing", question), ("p1", "broadcast", question))
    found = journeys(seen(*once, *once), (), LAB)
    assert [len(journey.steps) for journey in found] == [2, 2]
    assert not any(journey.arrived for journey in found)


def test_a_packet_that_was_lost() -> None:
    (journey,) = journeys(seen(*THROUGH_NAT[:1]), (), LAB)
    assert journey.end == "left ns1/eth0, behind which nothing was captured"
    captured = [Place(ns="ns1", link="eth0"), Place(ns="host", link="p1")]
    (journey,) = journeys(seen(*THROUGH_NAT[:1]), (), LAB, captured)
    assert journey.end == "left ns1/eth0, and never into p1"
    (journey,) = journeys(seen(*THROUGH_NAT[:2]), (), LAB)
    assert journey.end == "last seen going into p1"


def test_a_packet_that_came_to_a_stranger() -> None:
    """A promiscuous link takes it in, and the kernel drops it: it was seen to its end."""
    first, (_, _, packet), *_ = THROUGH_NAT
    came = seen(first, ("ns2/eth0", "otherhost", packet))
    (journey,) = journeys(came, (), LAB)
    assert not journey.arrived
    assert journey.end == "dropped at ns2/eth0: it was meant for another"
    assert "✘ dropped: for another" in journey.picture().html
    assert "not seen again" not in journey.picture().html
    (journey,) = journeys(seen(first, ("p2", "otherhost", packet)), (), LAB)
    assert journey.end == "last seen going into p2", "a bridge looks at what comes into its port"


def test_the_snapshot_tells_the_order_and_not_the_time_alone() -> None:
    question = ether(0x0806, arp(1, "10.0.0.1", "10.0.0.12"), b"\xff" * 6)
    (journey,) = journeys(
        seen(
            ("br0", "outgoing", question),
            ("p1", "outgoing", question),
            ("p2", "outgoing", question),
            ("ns1/eth0", "broadcast", question),
            ("ns2/eth0", "broadcast", question),
        ),
        (),
        LAB,
    )
    assert [str(place) for place in journey.places] == ["br0", "p2", "ns2/eth0"]
    assert {str(copy.place) for copy in journey.copies} == {"p1", "ns1/eth0"}


def test_without_a_snapshot_the_times_must_do() -> None:
    (journey,) = journeys(seen(*THROUGH_NAT[:5]), [SNAT])
    assert [step.frame.number for step in journey.steps] == [1, 2, 3, 4, 5]
    assert journey.arrived


def test_points_that_were_not_captured_are_passed_over() -> None:
    (journey,) = journeys(seen(THROUGH_NAT[1], THROUGH_NAT[3]), [SNAT], LAB)
    assert [str(place) for place in journey.places] == ["p1", "eth0"]


def test_ports_and_a_chain_of_two_translations() -> None:
    def tcp(source: str, source_port: int, target: str, target_port: int) -> bytes:
        head = struct.pack(">HHIIBBHHH", source_port, target_port, 5, 0, 0x50, 2, 100, 0, 0)
        return ether(0x0800, ipv4(6, head, source, target))

    def flow(source: str, source_port: int, target: str, target_port: int) -> Flow:
        return Flow(
            protocol=6,
            source=source,
            source_port=source_port,
            target=target,
            target_port=target_port,
        )

    tracked = [
        Tracked(
            ns="host",
            original=flow("1.1.1.1", 40000, OUTSIDE, 8080),
            reply=flow(INSIDE, 80, "1.1.1.1", 40000),
        ),
        Tracked(
            ns="internet",
            original=flow(INSIDE, 40000, "2.2.2.2", 80),
            reply=flow("2.2.2.2", 80, "9.9.9.9", 1024),
        ),
        Tracked(
            ns="ns1",
            original=flow("9.9.9.9", 1024, "2.2.2.2", 80),
            reply=flow("3.3.3.3", 81, "9.9.9.9", 1024),
        ),
    ]
    (one,) = journeys(
        seen(
            ("eth0", "host", tcp("1.1.1.1", 40000, OUTSIDE, 8080)),
            ("ns1/eth0", "host", tcp("1.1.1.1", 40000, INSIDE, 80)),
        ),
        tracked,
        LAB,
    )
    assert str(one.changes[0][1]) == f"target {OUTSIDE}:8080 → {INSIDE}:80 (DNAT by the host)"
    (two,) = journeys(
        seen(
            ("p1", "host", tcp(INSIDE, 40000, "2.2.2.2", 80)),
            ("eth0", "outgoing", tcp("9.9.9.9", 1024, "2.2.2.2", 80)),
            ("internet/eth0", "host", tcp("9.9.9.9", 1024, "3.3.3.3", 81)),
        ),
        tracked,
    )
    assert [str(change) for _, change in two.changes] == [
        f"source {INSIDE}:a → 9.9.9.9:1024 (SNAT by internet)",
        "target 2.2.2.2:80 → 3.3.3.3:81 (DNAT by ns1)",
    ]


def test_an_error_is_followed_by_what_it_is_about() -> None:
    def error(outer: str, inner: str) -> bytes:
        about = ipv4(1, echo(), inner, SERVER)
        return ether(0x0800, ipv4(1, struct.pack(">BBHI", 11, 0, 0, 0) + about, "7.7.7.7", outer))

    (journey,) = journeys(
        seen(
            ("eth0", "host", error(OUTSIDE, OUTSIDE)), ("ns1/eth0", "host", error(INSIDE, INSIDE))
        ),
        [SNAT],
        LAB,
    )
    assert [str(place) for place in journey.places] == ["eth0", "ns1/eth0"]


def test_text_page_and_picture_tell_the_same_steps() -> None:
    for journey in journeys(seen(*THROUGH_NAT), [SNAT], LAB):
        bundle = journey._repr_mimebundle_()
        count = len(journey.steps)
        page, _, table = bundle["text/html"].partition("</svg>")
        assert table.count('type="radio"') == 1 + count
        assert page.count('class="nslab-at"') == count == 5
        assert table.count("<tr") == 1 + count
        assert len(re.findall(r"^ +\d+  (out of|into) ", bundle["text/plain"], re.M)) == count
        for number, step in enumerate(journey.steps, 1):
            assert f'data-stop="{number}" data-link="{step.frame.place.ns}/' in page
            assert f">{step}<" in table
            for change in step.changes:
                assert f"<b>{change}</b>" in table.replace("\u00a0", " ")
        assert f"{journey.end[1:]}</b>" in table


def test_who_rewrote_it_is_not_broken_in_a_page() -> None:
    """And how it came there stays in one line, where that is short."""
    request, _ = journeys(seen(*THROUGH_NAT), [SNAT], LAB)
    page = request._repr_mimebundle_()["text/html"]
    assert f"<b>source {INSIDE} → {OUTSIDE} (SNAT\u00a0by\u00a0the\u00a0host)</b>" in page
    assert 'white-space:nowrap">forwarded by the host</td>' in page


def test_what_is_remembered_of_a_connection() -> None:
    request, reply = journeys(seen(*THROUGH_NAT), [SNAT, LATER], LAB)
    lines = [
        f"connection tracking of the host: {INSIDE} → {SERVER}",
        f"answer expected: {SERVER} → {OUTSIDE}",
    ]
    for journey in (request, reply):
        assert [str(one).split("\n") for one in journey.remembered] == [lines]
        assert "<br>".join(lines) in journey._repr_mimebundle_()["text/html"]
    (arp_one,) = journeys(
        seen(("ns1/eth0", "outgoing", ether(0x0806, arp(1, INSIDE, SERVER)))), [SNAT], LAB
    )
    assert arp_one.remembered == ()


def test_ports_have_the_letters_of_the_table() -> None:
    def segment(source: str, source_port: int, ident: int) -> bytes:
        head = struct.pack(">HHIIBBHHH", source_port, 80, ident, 0, 0x50, 2, 100, 0, 0)
        return ether(0x0800, ipv4(6, head, source, SERVER))

    def entry(port: int, outside: int) -> Tracked:
        return Tracked(
            ns="host",
            original=Flow(
                protocol=6, source=INSIDE, source_port=port, target=SERVER, target_port=80
            ),
            reply=Flow(
                protocol=6, source=SERVER, source_port=80, target=OUTSIDE, target_port=outside
            ),
        )

    frames = seen(
        ("ns1/eth0", "outgoing", segment(INSIDE, 50001, 1)),
        ("ns1/eth0", "outgoing", segment(INSIDE, 50002, 2)),
        ("eth0", "outgoing", segment(OUTSIDE, 50003, 2)),
        ("eth0", "outgoing", segment(OUTSIDE, 50001, 1)),
    )
    one, two = journeys(frames, [entry(50001, 50001), entry(50002, 50003)], LAB)
    assert one.changes[0][1].plain == f"source {INSIDE}:a → {OUTSIDE}:a"
    assert two.changes[0][1].plain == f"source {INSIDE}:b → {OUTSIDE}:c"
    assert str(two.remembered[0]).split("\n")[1] == f"answer expected: {SERVER}:80 → {OUTSIDE}:c"
    table = [row[-2] for row in Table(frames, {}).rows()]
    assert [words.split()[1] for words in table] == ["a", "b", "c", "a"]
    assert not re.search(r"5000\d", f"{one}{two}")


def test_where_nothing_was_captured_it_is_not_lost() -> None:
    frames = seen(*THROUGH_NAT[:4])
    places = {frame.place for frame in frames}
    (journey,) = journeys(frames, [SNAT], LAB, places)
    assert journey.end == "left eth0, behind which nothing was captured"
    assert "… not captured beyond" in journey.picture().html
    there = Place(ns="internet", link="eth0")
    (journey,) = journeys(frames, [SNAT], LAB, {*places, there})
    assert journey.end == "left eth0, and never into internet/eth0"
    assert "✘ did not get here" in journey.picture().html


def test_step_by_step() -> None:
    journey = journeys(seen(*THROUGH_NAT), [SNAT], LAB)[0]
    assert [[frame.number for frame in journey.frames_of(n)] for n in range(1, 6)] == [
        [1],
        [2],
        [3],
        [4],
        [5],
    ]
    third = journey.picture(upto=3)
    assert third.text.splitlines()[-1] == "  3  into br0            taken in by the host"
    assert "<p>3 of 5: into br0; taken in by the host</p>" in third.html
    assert journey.picture(upto=2).placed is third.placed, "it is laid out once"
    for wrong in (0, 6, -1):
        with pytest.raises(InvalidInput, match="the journey has 5 steps"):
            journey.picture(upto=wrong)
        with pytest.raises(InvalidInput, match="the journey has 5 steps"):
            journey.frames_of(wrong)


def test_the_frames_of_a_step_are_its_copies_too() -> None:
    question = ether(0x0806, arp(1, INSIDE, "10.0.0.99"), b"\xff" * 6)
    (journey,) = journeys(
        seen(
            ("ns1/eth0", "outgoing", question),
            ("p1", "broadcast", question),
            ("br0", "broadcast", question),
            ("p2", "outgoing", question),
            ("ns2/eth0", "broadcast", question),
        ),
        (),
        LAB,
    )
    assert [len(journey.frames_of(n)) for n in range(1, len(journey.steps) + 1)] == [1, 2, 1, 1]
    assert sorted(frame.number for frame in journey.frames) == [1, 2, 3, 4, 5]
    assert journey.quiet
    assert not journey.arrived


def test_a_list_of_journeys() -> None:
    found = journeys(seen(*THROUGH_NAT), [SNAT], LAB)
    assert str(found).splitlines()[1:] == [
        f"    1  ICMP echo request, seq 1: {INSIDE} → {SERVER}        5  arrived at internet/eth0",
        f"    6  ICMP echo reply, seq 1: {SERVER} → {OUTSIDE}      5  arrived at ns1/eth0",
    ]
    assert found._repr_mimebundle_()["text/html"].count("<tr") == 3
    assert str(journeys([])) == "no journeys"


def test_without_the_lab_there_is_the_text() -> None:
    (journey,) = journeys(seen(*THROUGH_NAT[:5]), [SNAT])
    assert "<svg" not in journey._repr_mimebundle_()["text/html"]
    with pytest.raises(InvalidInput, match="the lab is closed"):
        journey.picture()


def test_its_picture_needs_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    journey = journeys(seen(*THROUGH_NAT), [SNAT], LAB)[0]
    bundle = journey._repr_mimebundle_()
    assert "<svg" in bundle["text/html"]
    assert "TTL 64 → 63" in bundle["text/html"]


@given(st.lists(st.binary(max_size=80), max_size=6))
def test_any_bytes_have_a_journey(data: list[bytes]) -> None:
    frames = seen(*(("ns1/eth0", "outgoing", one) for one in data))
    found = journeys(frames, [SNAT], LAB)
    assert sum(len(journey.steps) + len(journey.copies) for journey in found) == len(data)
    for one in frames:
        assert packet(one) == packet(one)
    assert all(str(journey) for journey in found)


def test_two_journeys_are_compared_step_by_step() -> None:
    (whole,) = journeys(seen(*THROUGH_NAT), [SNAT], LAB)[:1]
    (short,) = journeys(seen(*THROUGH_NAT[:3]), [SNAT], LAB)[:1]
    compared = whole.compare(short)
    assert compared
    assert compared.common == 3
    assert compared.said == f"The same up to step 3: {whole.steps[2]}"
    assert [pair.sign for pair in compared.pairs] == ["=", "=", "=", "-", "-"]
    assert [pair.sign for pair in short.compare(whole).pairs] == ["=", "=", "=", "+", "+"]
    lines = str(compared).splitlines()
    assert lines[1].split() == ["before", "after"]
    assert lines[2].startswith("=  1 ")
    assert lines[2].count(" 1 ") == 2, "the numbers are those in the pictures"
    assert lines[5].startswith("-  4 ")
    later = str(short.compare(whole)).splitlines()
    assert later[5].split()[:2] == ["+", "4"], "each journey has its own"
    assert whole.end in lines[-1]
    assert short.end in lines[-1]
    page = compared._repr_mimebundle_()["text/html"]
    assert page.count("<svg ") == 2
    assert not whole.compare(whole)
    assert whole.compare(whole).said == "Both went the same way"
    assert str(whole.compare(whole)).splitlines()[-1].split()[0] == "=", "the end is the same, too"
