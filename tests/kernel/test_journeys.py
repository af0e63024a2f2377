"""Journeys of real packets, as they are told and drawn."""

from __future__ import annotations

import re

from nslab import (
    AddAddress,
    AddBridge,
    AddNamespace,
    AddVeth,
    DeleteLink,
    Journey,
    Lab,
    SetUp,
    lesson,
)
from nslab.draw.path.picture import PathPicture

SERVER = "203.0.113.80"
INSIDE, OUTSIDE = "192.168.10.11", "198.51.100.10"


def ways(journey: Journey) -> list[str]:
    return [str(step) for step in journey.steps]


def marks(journey: Journey) -> dict[str, int]:
    """The numbers in the picture, by link."""
    page = journey.picture().html
    found = re.findall(r'data-stop="(\d+)" data-link="([^"]+)"', page)
    return {name: int(number) for number, name in found}


def shown(journey: Journey) -> dict[int, tuple[str, ...]]:
    """What stands on the picture's tags, by stop."""
    picture = journey.picture()
    assert isinstance(picture, PathPicture)
    return {tag.mark.number: tag.lines for tag in picture.callouts if tag.kind == "told"}


def test_a_ping_through_nat_is_rewritten_at_the_right_hop_and_back() -> None:
    with lesson("06").lab() as lab:
        with lab.capture("*") as seen:
            assert lab.ping("ns1", SERVER)
        request = seen.journey()
        reply = seen.journeys[-1]
    assert request.title.startswith("ICMP echo request")
    assert [(str(place), str(change)) for place, change in request.changes] == [
        ("eth0", f"source {INSIDE} → {OUTSIDE} (SNAT by the host)"),
        ("eth0", "TTL 64 → 63"),
        ("eth0", "new MACs"),
        ("router/eth1", "TTL 63 → 62"),
        ("router/eth1", "new MACs"),
    ]
    assert marks(request) == {
        "ns1/eth0": 1,
        "host/lxcbr0.1": 2,
        "host/lxcbr0": 3,
        "host/eth0": 4,
        "switch/to-host": 5,
        "switch/to-router": 6,
        "router/eth0": 7,
        "router/eth1": 8,
        "internet/eth0": 9,
    }
    assert set(shown(request)) == {4, 8}
    # In short: the table has what was there before, and the new MACs.
    words = " · ".join(shown(request)[4])
    assert words == f"source → {OUTSIDE} · TTL 64 → 63"
    assert ways(reply) == [
        "out of internet/eth0",
        "into router/eth1",
        "out of router/eth0",
        "into the LAN switch",
        "out of the LAN switch",
        "into eth0",
        "out of lxcbr0",
        "out of lxcbr0.1",
        "into ns1/eth0",
    ]
    assert set(shown(reply)) == {3, 7}
    assert " · ".join(shown(reply)[7]).startswith(f"target → {INSIDE} · ")
    for journey in (request, reply):
        assert journey.arrived
        assert [str(one).split("\n") for one in journey.remembered] == [
            [
                f"connection tracking of the host: {INSIDE} → {SERVER}",
                f"answer expected: {SERVER} → {OUTSIDE}",
            ]
        ]


def test_two_labs_draw_the_same_bytes() -> None:
    def once() -> list[dict[str, str]]:
        with lesson("06").lab() as lab:
            with lab.capture("*") as seen:
                assert lab.ping("ns1", SERVER)
                assert lab.http("ns1", f"http://{SERVER}/")
            # Up to the SYN: who closes a connection first is another one from run to run.
            through = [journey for journey in seen.journeys if not journey.quiet][:3]
            found = [journey._repr_mimebundle_() for journey in through]
            return [*found, *(through[2].picture(n)._repr_mimebundle_() for n in range(1, 10))]

    first = once()
    assert ":a → 198.51.100.10:a (SNAT by the host)" in first[2]["text/plain"]
    assert first == once()


def test_the_network_stays_where_it_was_in_the_pictures_of_the_lab() -> None:
    with lesson("06").lab() as lab:
        before = lab.picture
        rects = before.placed.links()
        with lab.capture("*") as seen:
            lab.ping("ns1", SERVER)
        journey = seen.journey()
        assert journey.picture().placed.links() == rects
        assert journey.picture(upto=4).placed.links() == rects
        assert lab.picture.html == before.html


def test_arp_and_then_icmp_are_journeys_of_their_own_in_order() -> None:
    with lesson("06").lab() as lab:
        with lab.capture() as seen:
            lab.ping("ns1", "192.168.10.1")
        found = seen.journeys
        assert [journey.title.split(":")[0] for journey in found] == [
            "ARP",
            "ARP",
            "ICMP echo request, seq 1",
            "ICMP echo reply, seq 1",
        ]
        assert [ways(journey) for journey in found] == [
            ["out of ns1/eth0", "into lxcbr0.1", "into lxcbr0"],
            ["out of lxcbr0", "out of lxcbr0.1", "into ns1/eth0"],
        ] * 2
        assert seen.journey() is not found[2]
        assert str(seen.journey()) == str(found[2])
        assert not any(journey.changes for journey in found)
        assert [row.split()[0] for row in str(found).splitlines()[1:]] == ["1", "4", "7", "10"]
        assert str(seen.journey(4)) == str(found[1])


def test_a_question_to_everyone_is_flooded_to_all_and_answered_to_one() -> None:
    with Lab() as lab:
        lab.do(AddBridge("br0", stp=False), SetUp("br0"))
        for n in range(1, 5):
            lab.do(
                AddNamespace(f"ns{n}"),
                AddVeth(f"v{n}", "eth0", peer_ns=f"ns{n}", master="br0", up=True),
                SetUp("eth0", ns=f"ns{n}"),
                AddAddress("eth0", f"10.0.0.{n}/24", ns=f"ns{n}"),
            )
        with lab.capture("*") as seen:
            assert lab.ping("ns1", "10.0.0.3")
        question, answer, request, _ = seen.journeys
    assert ways(question) == ["out of ns1/eth0", "into v1", "out of v3", "into ns3/eth0"]
    branches = {tuple(str(frame.place) for frame in branch) for branch in question.branches}
    assert branches == {("v1", "br0"), ("v1", "v2", "ns2/eth0"), ("v1", "v4", "ns4/eth0")}
    assert len(question.frames_of(2)) == 1 + 5
    assert question.picture().html.count('class="nslab-traveller"') == 4
    assert "     copy → v2 → ns2/eth0" in str(question).splitlines()
    for journey in (answer, request):
        assert journey.copies == ()
        assert journey.picture().html.count('class="nslab-traveller"') == 1
    assert ways(answer) == ["out of ns3/eth0", "into v3", "out of v1", "into ns1/eth0"]


def test_a_packet_that_nobody_forwards() -> None:
    with lesson("05").lab("E2-forward") as lab:
        with lab.capture("*") as seen:
            assert not lab.ping("ns1", SERVER, timeout=0.3)
        journey = seen.journey()
    assert not journey.arrived
    assert not journey.beyond
    assert journey.end == "last seen going into lxcbr0"
    assert "✘ not seen again" in journey.picture().html
    assert "✔ arrived" not in journey.picture().html


def test_a_frame_that_the_card_does_not_take_in() -> None:
    with lesson("09").lab("I1") as lab:
        with lab.capture("*") as seen:
            assert not lab.ping("lan", "198.51.100.50", timeout=0.5)
        question, answer, request, *_ = seen.journeys
        assert ways(question)[-3:] == ["into eth0", "out of peerA", "into app/eth1"]
        assert answer.arrived
        assert ways(request) == ["out of the LAN machine", "into the LAN switch"]
        assert not request.arrived
        assert "✘ not seen again" in request.picture().html


def test_what_leaves_by_a_link_behind_which_nothing_is_captured() -> None:
    with lesson("06").lab() as lab:
        with lab.capture() as seen:
            assert lab.ping("ns1", SERVER)
        journey = seen.journey()
        assert journey.end == "left eth0, behind which nothing was captured"
        assert "… not captured beyond" in journey.picture().html


def test_eth0_as_a_port_of_the_bridge() -> None:
    with lesson("10").lab("J2") as lab:
        with lab.capture("*") as seen:
            assert lab.ping("lan", "198.51.100.50")
        request = seen.journey()
    assert ways(request) == [
        "out of the LAN machine",
        "into the LAN switch",
        "out of the LAN switch",
        "into eth0",
        "out of peerA",
        "into app/eth1",
    ]
    assert request.steps[4].how == "by the bridge docker0"
    assert request.changes == ()
    assert request.arrived


def test_a_question_to_the_hosts_own_name_server_stays_in_lo() -> None:
    with lesson("06").lab() as lab:
        with lab.capture("lo") as seen:
            lab.resolve(None, "www.example.org")
        question = seen.journey()
        assert ways(question) == ["out of lo", "into lo"]
        assert question.arrived
        assert marks(question) == {"host/lo": 2}


def test_a_packet_is_drawn_on_the_network_that_it_went_through() -> None:
    """Whoever asks later, as in an inspector further up, is not shown what was built since."""
    with lesson("06").lab() as lab:
        with lab.capture("*") as seen:
            assert lab.ping("ns1", SERVER)
        lab.do(AddBridge("br9"), DeleteLink("lxcbr0.1"))
        page = seen.journey().picture().html
        assert "br9" not in page
        assert 'data-link="host/lxcbr0.1"' in page
    assert seen.journey().arrived, "with the lab, too, nothing of it is lost"
