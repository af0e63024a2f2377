"""Captures in a real lab: what is seen where, what goes away meanwhile, and what does not fit."""

from __future__ import annotations

import gc
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from machine import wait_for

from nslab import (
    AddAddress,
    AddBridge,
    AddContainer,
    AddNamespace,
    AddRoute,
    AddVeth,
    CommandTimeout,
    DeleteContainer,
    DeleteLink,
    DeleteNamespace,
    InvalidInput,
    KernelRefused,
    Lab,
    LabClosed,
    Masquerade,
    Move,
    NotFound,
    NslabError,
    Rename,
    ResolvConf,
    SetDown,
    SetMac,
    SetUp,
    Sysctl,
)
from nslab.engine import labs

ARTICLE = (
    AddBridge("lxcbr0", stp=False),
    AddAddress("lxcbr0", "192.168.10.1/24"),
    SetUp("lxcbr0"),
    AddNamespace("ns1"),
    SetUp("lo", ns="ns1"),
    AddVeth("lxcbr0.1", "eth0", peer_ns="ns1", master="lxcbr0", up=True),
    SetUp("eth0", ns="ns1"),
    AddAddress("eth0", "192.168.10.11/24", ns="ns1"),
    AddRoute("default", via="192.168.10.1", ns="ns1"),
    ResolvConf("8.8.8.8", ns="ns1"),
    Sysctl("net.ipv4.ip_forward", "1"),
    Masquerade("192.168.10.0/24", "eth0"),
)
FRAME = b"\xff" * 6 + b"\2\0\0\0\0\1" + b"\x88\xb5" + b"hello".ljust(86, b".")
"""To everyone, of a type that is set aside for experiments."""

PAIR = (AddNamespace("ns1"), AddVeth("v1", "eth0", peer_ns="ns1", up=True), SetUp("eth0", ns="ns1"))


@pytest.fixture
def article() -> Iterator[Lab]:
    with Lab() as made:
        made.do(*ARTICLE)
        yield made


@pytest.fixture
def pair(lab: Lab) -> Lab:
    lab.do(*PAIR)
    return lab


# -- what is seen ------------------------------------------------------------------------------

PING = """\
no.  where     meant for  from           to             what                                         bytes
  1  ns1/eth0  – (sent)   ns1/eth0       everyone       ARP: who has 192.168.10.1? tell 192.168.10.11     42
  2  lxcbr0.1  everyone   ns1/eth0       everyone       ARP: who has 192.168.10.1? tell 192.168.10.11     42
  3  lxcbr0    everyone   ns1/eth0       everyone       ARP: who has 192.168.10.1? tell 192.168.10.11     42
  4  lxcbr0    – (sent)   lxcbr0         ns1/eth0       ARP: 192.168.10.1 is at lxcbr0                    42
  5  lxcbr0.1  – (sent)   lxcbr0         ns1/eth0       ARP: 192.168.10.1 is at lxcbr0                    42
  6  ns1/eth0  this link  lxcbr0         ns1/eth0       ARP: 192.168.10.1 is at lxcbr0                    42
  7  ns1/eth0  – (sent)   192.168.10.11  203.0.113.80   ICMP echo request, seq 1                          98
  8  lxcbr0.1  this link  192.168.10.11  203.0.113.80   ICMP echo request, seq 1                          98
  9  lxcbr0    this link  192.168.10.11  203.0.113.80   ICMP echo request, seq 1                          98
 10  eth0      – (sent)   eth0           everyone       ARP: who has 198.51.100.1? tell 198.51.100.10     42
 11  eth0      this link  router/eth0    eth0           ARP: 198.51.100.1 is at router/eth0               42
 12  eth0      – (sent)   198.51.100.10  203.0.113.80   ICMP echo request, seq 1                          98
 13  eth0      this link  203.0.113.80   198.51.100.10  ICMP echo reply, seq 1                            98
 14  lxcbr0    – (sent)   203.0.113.80   192.168.10.11  ICMP echo reply, seq 1                            98
 15  lxcbr0.1  – (sent)   203.0.113.80   192.168.10.11  ICMP echo reply, seq 1                            98
 16  ns1/eth0  this link  203.0.113.80   192.168.10.11  ICMP echo reply, seq 1                            98
"""  # noqa: E501


def test_a_ping_at_every_point_in_the_order_in_which_it_passed() -> None:
    for _ in range(3):
        with Lab() as lab:
            lab.do(*ARTICLE)
            with lab.capture() as seen:
                assert lab.ping("ns1", "203.0.113.80")
            wanted = [line.split() for line in PING.splitlines()]
            assert [line.split() for line in str(seen.frames).splitlines()] == wanted
            assert set(seen.links) == {"eth0", "lxcbr0", "lxcbr0.1", "ns1/eth0"}


def test_nat_at_both_sides(article: Lab) -> None:
    with article.capture("lxcbr0.1", "eth0", filter="icmp") as seen:
        article.ping("ns1", "203.0.113.80")
    request = seen.frames.saying("echo request")
    assert [str(frame.place) for frame in request] == ["lxcbr0.1", "eth0"]
    sources = [seen[frame.number].packet["IP"].src for frame in request]
    assert sources == ["192.168.10.11", "198.51.100.10"]
    assert [seen[frame.number].packet["IP"].ttl for frame in request] == [64, 63]


def test_which_links(article: Lab) -> None:
    for where, wanted in (
        (("ns1/*",), {"ns1/eth0"}),
        (("ns1/lo", "ns1/*"), {"ns1/lo", "ns1/eth0"}),
        (("eth0", "host/eth0"), {"eth0"}),
        (("switch/to-host", "router/eth1"), {"switch/to-host", "router/eth1"}),
    ):
        with article.capture(*where) as seen:
            assert set(seen.links) == wanted
    with article.capture("*") as seen:
        assert {"eth0", "ns1/eth0", "internet/eth0", "lan/eth0"} < set(seen.links)
        assert not [link for link in seen.links if link.endswith("lo")]


def test_a_frame_for_another_station_is_told_from_ones_own(pair: Lab) -> None:
    pair.do(SetMac("eth0", "02:00:00:00:00:0a", ns="ns1"))
    own, foreign = bytes.fromhex("02000000000a"), bytes.fromhex("02000000000b")
    group = bytes.fromhex("01005e000001")
    with pair.capture("ns1/eth0") as seen:
        for target in (own, foreign, b"\xff" * 6, group):
            pair.send(target + FRAME[6:], "v1")
        pair.send(FRAME, "ns1/eth0")
        seen.wait(5)
    assert [f.kind for f in seen] == ["host", "otherhost", "broadcast", "multicast", "outgoing"]
    assert [f.time for f in seen] == sorted(f.time for f in seen)


def test_a_filter_lets_through_what_it_says(article: Lab) -> None:
    article.ping("ns1", "192.168.10.1")
    for filter, wanted in (
        ("icmp", {"ICMP echo request, seq 1", "ICMP echo reply, seq 1"}),
        ("icmp[icmptype] == icmp-echo", {"ICMP echo request, seq 1"}),
        ("tcp port 80", set()),
    ):
        with article.capture("ns1/eth0", filter=filter) as seen:
            article.ping("ns1", "192.168.10.1")
        assert {row[-2] for row in seen.table().rows()} == wanted
    with article.capture("ns1/eth0", filter="arp") as seen:
        article.arping("ns1", "192.168.10.1")
    assert len(seen) == 2
    with pytest.raises(InvalidInput, match=r"tcpdump says: .*syntax error"):
        article.capture("eth0", filter="tcp prot 80")


def test_a_vlan_tag_is_seen_at_both_ends(pair: Lab) -> None:
    tagged = FRAME[:12] + b"\x81\x00\x00\x07" + FRAME[12:]
    with pair.capture("v1", "ns1/eth0") as seen:
        pair.send(tagged, "v1")
        seen.wait(2)
    assert [frame.data for frame in seen] == [tagged, tagged]
    assert [frame.length for frame in seen] == [len(tagged)] * 2


def test_frames_of_a_vlan(pair: Lab) -> None:
    frames = [
        FRAME[:12] + tag + FRAME[12:]
        for tag in (
            b"",
            b"\x81\x00\x00\x07",
            b"\x81\x00\x20\x07",
            b"\x88\xa8\x00\x07",
            b"\x81\x00\x00\x08",
            b"\x81\x00\x00\x00",
        )
    ]
    for filter, wanted in (
        ("vlan 7", [1, 2, 3]),
        ("vlan 8", [4]),
        ("vlan", [1, 2, 3, 4, 5]),
        ("vlan 9", []),
    ):
        # At the one end the tag is still in the bytes, at the other it has been taken out.
        for place in ("v1", "ns1/eth0"):
            with pair.capture(place, filter=filter) as seen:
                pair.send(frames, "v1")
            assert [one.data for one in seen] == [frames[number] for number in wanted], place
    for wrong in ("vlan 4096", "vlan 7 and icmp", "not vlan"):
        with pytest.raises(InvalidInput, match=r"only vlan and vlan NUMBER\n.*frames\.select"):
            pair.capture("v1", filter=wrong)


def test_a_wait_in_a_flood_finds_what_it_is_for(pair: Lab) -> None:
    seen = pair.capture("v1")
    with ThreadPoolExecutor() as beside:
        flood = beside.submit(pair.send, FRAME, "v1", count=100_000)
        assert len(seen.wait(20_000, timeout=60)) >= 20_000
        marked = beside.submit(pair.send, FRAME[:-4] + b"last", "v1")
        found = seen.wait(until=lambda frame: frame.data.endswith(b"last"), timeout=60)
        assert len(found.select(lambda frame: frame.data.endswith(b"last"))) == 1
        flood.result()
        marked.result()
    assert len(seen.stop()) == 100_001


def test_big_segments_are_kept_whole(article: Lab) -> None:
    article.sh(
        'ip netns exec ns1 python3 -c \'import socket; s = socket.create_server(("", 99)); '
        "c, _ = s.accept(); c.recv(1 << 20, socket.MSG_WAITALL)' &"
    )
    with article.capture("ns1/eth0", filter="tcp and dst port 99") as seen:
        article.sh(
            "for i in $(seq 100); do python3 -c 'import socket; "
            'socket.create_connection(("192.168.10.11", 99)).sendall(bytes(1 << 20))\' && break; '
            "sleep 0.02; done"
        )
    assert max(frame.length for frame in seen) > 1514
    assert all(len(frame.data) == frame.length for frame in seen)
    assert not all(frame.checksums for frame in seen)


def test_a_live_capture(article: Lab) -> None:
    seen = article.capture("ns1/eth0", filter="icmp")
    article.ping("ns1", "192.168.10.1")
    assert len(seen.wait(until="echo reply")) == 2
    assert seen.running
    with pytest.raises(CommandTimeout, match="there are 2 frames"):
        seen.wait(3, timeout=0.05)
    article.ping("ns1", "192.168.10.1")
    assert len(seen.stop()) == 4
    article.ping("ns1", "192.168.10.1")
    assert len(seen.frames) == 4


def test_tshark_opens_the_file_with_the_names_of_the_links(article: Lab, tmp_path: Path) -> None:
    with article.capture() as seen:
        article.ping("ns1", "203.0.113.80")
    file = seen.to_pcapng(tmp_path / "ping.pcapng")
    fields = ("frame.number", "frame.interface_name", "frame.len", "frame.time_epoch")
    words = [word for field in fields for word in ("-e", field)]
    answer = subprocess.run(
        ["tshark", "-n", "-r", file, "-T", "fields", *words],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    rows = [line.split("\t") for line in answer.stdout.splitlines()]
    assert [row[:3] for row in rows] == [
        [str(frame.number), str(frame.place), str(frame.length)] for frame in seen
    ]
    assert [row[3].replace(".", "") for row in rows] == [str(frame.stamp) for frame in seen]


# -- what goes away ----------------------------------------------------------------------------


def test_a_link_that_is_deleted(pair: Lab) -> None:
    with pair.capture("v1", "ns1/eth0") as seen:
        pair.send(FRAME, "v1")
        pair.do(DeleteLink("v1"))
    assert len(seen) == 2
    assert seen.notes == (
        "v1: the capture ended here early: the link is gone",
        "ns1/eth0: the capture ended here early: the link is gone",
    )


def test_a_link_that_moves_away(pair: Lab) -> None:
    with pair.capture("v1") as seen:
        pair.do(Move("v1", to="ns1"))
    assert seen.notes == ("v1: the capture ended here early: the link is gone",)


def test_a_link_that_is_renamed_keeps_its_name_in_the_capture(pair: Lab) -> None:
    with pair.capture("v1") as seen:
        pair.do(SetDown("v1"), Rename("v1", "v9"), SetUp("v9"))
        pair.send(FRAME, "v9")
    assert [str(frame.place) for frame in seen] == ["v1"]
    assert seen.notes == ("v1: the link is called v9 now",)


def test_a_link_that_goes_down_and_up_again(pair: Lab) -> None:
    pair.do(SetDown("v1"))
    with pair.capture("ns1/eth0", "v1") as seen:
        pair.do(SetUp("v1"))
        pair.send(FRAME, "v1")
        pair.do(SetDown("v1"))
        pair.do(SetUp("v1"))
        pair.send(FRAME, "v1")
    assert [str(frame.place) for frame in seen] == ["v1", "ns1/eth0"] * 2
    assert seen.notes == ()


def test_a_namespace_that_is_deleted_goes_although_it_is_captured(pair: Lab) -> None:
    with pair.capture() as seen:
        pair.send(FRAME, "v1")
        pair.do(DeleteNamespace("ns1"))
        wait_for(
            lambda: "v1" not in [link.name for link in pair.snapshot().host.links],
            "the namespace is freed",
        )
    assert len(seen) == 2
    assert "ns1/eth0: the capture ended here early: its namespace is gone" in seen.notes


def test_a_namespace_that_a_process_still_holds_is_captured_on(pair: Lab) -> None:
    pair.sh("ip netns exec ns1 sleep 1000 & echo $! > /run/sleeper")
    with pair.capture("ns1/eth0") as seen:
        pair.do(DeleteNamespace("ns1"))
        pair.send(FRAME, "v1")
        seen.wait(1)
        pair.sh("kill $(cat /run/sleeper)")
        wait_for(lambda: bool(pair.snapshot() and seen.frames.notes), "the namespace is gone")
    assert seen.notes == ("ns1/eth0: the capture ended here early: its namespace is gone",)


def test_a_container_that_ends(lab: Lab) -> None:
    lab.do(AddContainer("c1"), AddVeth("v1", "eth0", peer_ns="c1", up=True), SetUp("eth0", ns="c1"))
    with lab.capture("c1/eth0") as seen:
        lab.send(FRAME, "v1")
        lab.do(DeleteContainer("c1"))
        wait_for(lambda: bool(seen.frames.notes), "the container is gone")
        assert "v1" not in [link.name for link in lab.snapshot().host.links]
    assert len(seen) == 1


def test_the_lab_is_made_anew_meanwhile(pair: Lab) -> None:
    seen = pair.capture("v1")
    pair.send(FRAME, "v1")
    seen.wait(1)
    pair.undo()
    assert len(seen.stop()) == 1
    assert "the lab ended, or was made anew, before the capture was stopped" in seen.notes[0]
    with pair.capture("eth0") as again:
        pair.ping(None, "198.51.100.1")
    assert again.frames.saying("echo reply")


def test_the_lab_is_closed_meanwhile() -> None:
    lab = Lab()
    seen = lab.capture("eth0")
    lab.ping(None, "198.51.100.1")
    seen.wait(until="echo reply")
    lab.close()
    assert seen.stop().saying("echo reply")
    with pytest.raises(LabClosed):
        lab.capture("eth0")


# -- what does not fit -------------------------------------------------------------------------


def test_what_is_beyond_the_bound_is_counted(pair: Lab) -> None:
    with pair.capture("v1", frames=100) as seen:
        pair.send(FRAME, "v1", count=2500)
    assert len(seen) == 100
    assert seen.missing == {"v1": 2400}
    assert "2,400 frames more passed than the capture keeps (100 frames" in str(seen.frames)


def test_a_bound_in_bytes(pair: Lab) -> None:
    with pair.capture("v1", bytes=1 << 20) as seen:
        pair.send(FRAME, "v1", count=20_000)
    assert 0 < len(seen) < 20_000
    assert sum(len(frame.data) for frame in seen) <= 1 << 20
    assert len(seen) + seen.missing["v1"] == 20_000


def test_no_frame_of_a_flood_is_lost_silently(pair: Lab) -> None:
    count = 300_000
    with pair.capture("v1", "ns1/eth0", frames=50_000) as seen:
        assert pair.send(FRAME, "v1", count=count).count == count
    kept = {place: len(seen.at(place)) for place in seen.links}
    assert {place: kept[place] + seen.missing.get(place, 0) for place in kept} == {
        "v1": count,
        "ns1/eth0": count,
    }
    assert sum(kept.values()) == 50_000


def test_captures_that_nobody_stops_are_bounded(pair: Lab) -> None:
    held = [pair.capture("v1") for _ in range(32)]
    with pytest.raises(NslabError, match="32 captures are running already"):
        pair.capture("v1")
    held.pop().stop()
    held.append(pair.capture("v1"))
    held.clear()
    gc.collect()
    with pair.capture("v1") as seen:
        pair.send(FRAME, "v1")
    assert len(seen) == 1


def test_a_capture_leaves_nothing_open() -> None:
    with Lab("capturing") as lab:
        lab.do(*PAIR)
        running = labs.of(lab.engine)
        assert running is not None
        inside = running.pid

        def descriptors() -> int:
            return len(os.listdir(f"/proc/{inside}/fd"))

        lab.capture().stop()
        lab.snapshot()
        before = descriptors()
        for _ in range(5):
            with lab.capture("*"):
                lab.send(FRAME, "v1")
        for wrong in ({"filter": "no such words"}, {}):
            with pytest.raises(NslabError):
                lab.capture("v1", "ns1/eth0", "v7", **wrong)
        wait_for(lambda: descriptors() <= before, "all sockets are closed")


# -- sending -----------------------------------------------------------------------------------


def test_frames_go_out_as_they_are_and_as_often_as_asked(pair: Lab) -> None:
    frames = [FRAME + bytes([n]) for n in range(100)]
    with pair.capture("ns1/eth0") as seen:
        sent = pair.send(frames, "v1", count=3)
        seen.wait(300)
    assert str(sent) == "300 frames sent on v1"
    assert [frame.data for frame in seen] == frames * 3


def test_a_rate_is_kept(pair: Lab) -> None:
    with pair.capture("v1") as seen:
        pair.send(FRAME, "v1", count=20, rate=200)
    first, *_, last = seen
    assert last.time - first.time >= 19 / 200 * 1e9 * 0.99


def test_what_cannot_be_sent(pair: Lab) -> None:
    for where, data, error, words in (
        ("v7", FRAME, NotFound, "no link of that name"),
        ("nsx/eth0", FRAME, NotFound, "no namespace nsx"),
        ("v1", b"short", InvalidInput, "a frame has 5 bytes"),
        ("v1", FRAME + bytes(1500), KernelRefused, "more than the link takes"),
    ):
        with pytest.raises(error, match=words):
            pair.send(data, where)
    pair.do(SetDown("v1"))
    with pytest.raises(KernelRefused, match=r"the link is down\n.*ip link set dev v1 up"):
        pair.send(FRAME, "v1")


# -- journeys ----------------------------------------------------------------------------------

JOURNEY = """\
ICMP echo request, seq 1: 192.168.10.11 → 203.0.113.80
  1  out of ns1/eth0        sent by ns1
  2  into lxcbr0.1          over the cable
  3  into lxcbr0            taken in by the host
  4  out of eth0            forwarded by the host  source 192.168.10.11 → 198.51.100.10 (SNAT by the host), TTL 64 → 63, new MACs
  5  into the LAN switch    over the cable
  6  out of the LAN switch  by the LAN switch
  7  into router/eth0       over the cable
  8  out of router/eth1     forwarded by router    TTL 63 → 62, new MACs
  9  into internet/eth0     over the cable
     arrived at internet/eth0
     connection tracking of the host: 192.168.10.11 → 203.0.113.80
     answer expected: 203.0.113.80 → 198.51.100.10"""  # noqa: E501


def test_the_journey_of_a_ping_through_nat(article: Lab) -> None:
    with article.capture("*") as seen:
        article.ping("ns1", "203.0.113.80")
    assert str(seen.journey()) == JOURNEY
    titles = [journey.title.partition(":")[0] for journey in seen.journeys]
    assert titles == ["ARP"] * 2 + ["ICMP echo request, seq 1"] + ["ARP"] * 4 + [
        "ICMP echo reply, seq 1"
    ]
    assert all(journey.arrived for journey in seen.journeys)
    reply = seen.journeys[-1]
    assert str(reply.changes[-3][1]) == (
        "target 198.51.100.10 → 192.168.10.11 (SNAT undone by the host)"
    )
    number = seen.frames.saying("echo reply")[-1].frame.number
    assert str(seen.journey(number)) == str(reply)
    with pytest.raises(InvalidInput, match="none of that number"):
        seen.journey(999)


def test_a_packet_that_nobody_forwards_ends_at_the_bridge(lab: Lab) -> None:
    lab.do(*ARTICLE[:-2])
    with lab.capture() as seen:
        lab.ping("ns1", "203.0.113.80", timeout=0.2)
    journey = seen.journey()
    assert not journey.arrived
    assert journey.end == "last seen going into lxcbr0"


def test_a_packet_that_the_port_drops(article: Lab) -> None:
    article.sh(
        "nft 'add table netdev t; add chain netdev t c { type filter hook ingress device "
        "lxcbr0.1 priority 0; policy drop; }'"
    )
    with article.capture("ns1/eth0", "lxcbr0.1", "lxcbr0") as seen:
        article.ping("ns1", "192.168.10.1", timeout=0.2)
    assert seen.journeys[0].end == "came into lxcbr0.1, and never into lxcbr0"
    assert not seen.journeys[0].arrived


def test_a_page_and_a_name_keep_their_journeys_through_nat(article: Lab) -> None:
    with article.capture("ns1/eth0", "eth0") as seen:
        assert article.http("ns1", "http://www.example.org/")
    through = [j for j in seen.journeys if not j.title.startswith("ARP")]
    assert all(len(journey.steps) == 2 for journey in through), through
    whys = {change.why for journey in through for _, change in journey.changes}
    assert whys == {"SNAT by the host", "SNAT undone by the host", ""}
