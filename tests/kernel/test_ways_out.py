"""The ways out of a container, measured shortly where the kernel has them all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nslab import Hops, Lab, SameMac
from nslab.course import measure
from nslab.course.measure import runs

pytestmark = [pytest.mark.kernel, pytest.mark.vm]


@pytest.fixture(scope="module")
def out() -> Iterator[Lab]:
    with Lab(needs=["macvlan", "ipvlan", "vlan"], start=measure.OUT) as lab:
        yield lab


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(runs.QUICK, "1")


def test_each_way_leads_to_the_server_past_its_routers(out: Lab) -> None:
    verdicts = out.check(*(Hops("client", w.address, w.routers) for w in measure.WAYS_OUT))
    assert verdicts, str(verdicts)


def test_which_of_them_bring_a_mac_of_their_own(out: Lab) -> None:
    verdicts = out.check(
        SameMac("mac", "nic-mac", ns="client", same=False),
        SameMac("ipl2", "nic-ipl2", ns="client"),
        SameMac("ipl3", "nic-ipl3", ns="client"),
        SameMac("tag10", "nic-trunk", ns="client"),
    )
    assert verdicts, str(verdicts)


def test_they_can_be_measured(out: Lab) -> None:
    rate, cpu = measure.small_packets(out, ways=measure.WAYS_OUT)
    trip = measure.round_trip(out, ways=measure.WAYS_OUT)
    for result in (rate, cpu, trip):
        assert list(result.samples) == [way.title for way in measure.WAYS_OUT]
        assert result.check(), str(result.check())
