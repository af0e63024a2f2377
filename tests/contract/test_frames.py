"""Frames: what an engine must do, and what one without frames says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nslab.engine.fake import FakeEngine
from nslab.engine.protocol import Engine, Injection, Recording
from nslab.errors import EngineUnavailable, InvalidInput, LabClosed, NotFound
from nslab.network.actions import AddNamespace, AddVeth, SetUp

FRAME = b"\xff" * 6 + b"\2\0\0\0\0\1" + b"\x88\xb5" + b"hello".ljust(46, b"\0")
LINK = (AddNamespace("ns1"), AddVeth("v1", "eth0", peer_ns="ns1", up=True), SetUp("eth0", ns="ns1"))


def test_a_closed_engine_takes_no_frames(engine: Engine) -> None:
    engine.close()
    for attempt in (
        lambda: engine.record(Recording()),
        lambda: engine.fetch(1),
        lambda: engine.inject(Injection(where="eth0", frames=(FRAME,))),
    ):
        with pytest.raises(LabClosed):
            attempt()


def test_an_engine_without_frames_says_so() -> None:
    with pytest.raises(EngineUnavailable, match=r"moves no frames(.|\n)*lab = Lab\(\)"):
        FakeEngine().record(Recording(where=("eth0",)))


def test_frames_that_are_sent_are_recorded(make_real: Callable[..., Engine]) -> None:
    engine = make_real()
    engine.apply(LINK)
    opened = engine.record(Recording(where=("v1", "ns1/eth0")))
    assert [str(tap.place) for tap in opened.taps] == ["v1", "ns1/eth0"]
    assert engine.inject(Injection(where="ns1/eth0", frames=(FRAME,), count=3)) == 3
    found = {0: 0, 1: 0}
    after, running = 0, True
    while running:
        batch = engine.fetch(opened.number, after, stop=True)
        after, running = batch.upto, batch.running or batch.more
        for tap, block in batch.blocks:
            found[tap] += block.count(FRAME)
    assert found == {0: 3, 1: 3}
    with pytest.raises(NotFound):
        engine.fetch(opened.number, after)


def test_what_has_not_arrived_can_be_asked_for_again(make_real: Callable[..., Engine]) -> None:
    engine = make_real()
    engine.apply(LINK)
    opened = engine.record(Recording(where=("v1",)))
    engine.inject(Injection(where="v1", frames=(FRAME,)))
    first = engine.fetch(opened.number, 0, wait=5)
    assert first.blocks
    assert engine.fetch(opened.number, 0).blocks == first.blocks
    assert engine.fetch(opened.number, first.upto).blocks == ()


@pytest.mark.parametrize(
    ("where", "filter", "error"),
    [
        ("eth9", "", NotFound),
        ("nsx/eth0", "", NotFound),
        ("nsx/*", "", NotFound),
        ("eth0", "no such words", InvalidInput),
        ("eth0", "-d", InvalidInput),
        ("eth0", "--version", InvalidInput),
    ],
)
def test_what_cannot_be_recorded(
    make_real: Callable[..., Engine], where: str, filter: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        make_real().record(Recording(where=(where,), filter=filter))
