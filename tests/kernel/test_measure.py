"""Measuring in a real lab: shortly, and only what no noise can turn over is asserted."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from nslab import Hops, Lab
from nslab.course import measure
from nslab.course.measure import runs
from nslab.errors import NslabError

pytestmark = pytest.mark.kernel

TITLES = [way.title for way in measure.WAYS]


@pytest.fixture(scope="module")
def ways() -> Iterator[Lab]:
    with Lab(start=measure.START) as lab:
        yield lab


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(runs.QUICK, "1")


def test_each_way_leads_to_the_server_past_its_routers(ways: Lab) -> None:
    verdicts = ways.check(*(Hops("client", w.address, w.routers) for w in measure.WAYS))
    assert verdicts, str(verdicts)


def test_only_the_translated_way_hides_the_client(ways: Lab) -> None:
    seen = {}
    for way in measure.WAYS:
        with ways.capture(f"server/{way.name}", filter="icmp[0] = 8") as capture:
            assert ways.ping("client", way.address)
        (frame,) = capture.frames
        source = ".".join(map(str, frame.data[26:30]))
        own = ways.snapshot().namespace("client").link(way.name).addresses[0].address
        seen[way.name] = source == own.partition("/")[0]
    assert seen == {w.name: w.name != "nat" for w in measure.WAYS}


def test_throughput(ways: Lab) -> None:
    speed = measure.throughput(ways)
    assert list(speed.samples) == TITLES
    assert speed.repeats == 2
    assert speed.check(), str(speed.check())
    # Each server served one client and ended; the last one may still be about to.
    limit = time.monotonic() + 60
    while ways.run("pgrep", "-x", "iperf3").stdout and time.monotonic() < limit:
        time.sleep(0.02)
    assert not ways.run("pgrep", "-x", "iperf3").stdout


def test_small_packets(ways: Lab) -> None:
    for result in measure.small_packets(ways):
        assert list(result.samples) == TITLES
        assert result.check(), str(result.check())


def test_small_packets_arrive(ways: Lab) -> None:
    for way in measure.WAYS:
        got = runs.probe(ways, "carry", "client", "server", way.address, "0.05")
        assert 0 < got["received"] <= got["sent"] + 1


def test_round_trips(ways: Lab) -> None:
    trip = measure.round_trip(ways, repeats=1)
    assert list(trip.samples) == TITLES
    assert trip.check(), str(trip.check())


def test_flooding_reaches_those_who_take_part() -> None:
    with Lab(start=measure.crowd()) as lab:
        flooded = measure.flooding(lab)
    assert flooded.check(), str(flooded.check())
    assert flooded.heard["unknown address, flood off"] == (0, 0)
    assert flooded.heard["unknown address, 40 copies"] == (40, 40)


def test_a_lab_without_the_network_says_so(lab: Lab) -> None:
    with pytest.raises(NslabError, match="client"):
        measure.round_trip(lab)
    with pytest.raises(NslabError, match="the lab has no crowd") as caught:
        measure.flooding(lab)
    assert "measure.crowd()" in caught.value.hint
