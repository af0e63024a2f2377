"""A capture over an engine that is made up: what arrives twice, late, or not at all."""

from __future__ import annotations

import gc
from collections.abc import Callable
from queue import SimpleQueue

import pytest
from replies import Replies, piece

from nslab.engine.protocol import Batch, Tally
from nslab.errors import CommandTimeout, InvalidInput, LabGone
from nslab.network.model import Bridge, Link, Namespace, Snapshot
from nslab.session.capture import Capture, owners, start


def capture(engine: Replies, left: SimpleQueue[int] | None = None) -> Capture:
    return start(engine, engine.snapshot, left or SimpleQueue(), ())


def test_what_arrives_twice_is_there_once() -> None:
    engine = Replies(piece(1), piece(1), piece(2))
    seen = capture(engine)
    assert [len(seen), len(seen), len(seen)] == [1, 1, 2]
    assert [after for _, after, _ in engine.asked] == [0, 1, 1]
    assert [str(f.place) for f in seen] == ["p1", "p1"]


def test_stopping_goes_on_until_all_is_there() -> None:
    engine = Replies(
        piece(1, more=True), piece(2, more=True, running=False), piece(3, running=False)
    )
    seen = capture(engine)
    assert len(seen.stop()) == 3
    assert not seen.running
    assert engine.asked == [(5, 0, True), (5, 1, True), (5, 2, True)]
    seen.stop()
    assert len(engine.asked) == 3


def test_a_lab_that_ends_meanwhile_leaves_what_has_arrived() -> None:
    seen = capture(Replies(piece(1), LabGone("use the lab")))
    assert len(seen) == 1
    assert len(seen.stop()) == 1
    assert seen.notes == (
        "the lab ended, or was made anew, before the capture was stopped: the last may be missing",
    )


def test_a_wait_ends_with_what_was_waited_for() -> None:
    seen = capture(Replies(Batch(), piece(1), Batch(upto=1), piece(2)))
    assert len(seen.wait(2)) == 2
    assert len(seen.wait(until="who has 10.0.0.2")) == 2
    assert len(seen.wait(until=lambda frame: frame.time == 2)) == 2


def test_a_wait_gives_up_and_says_what_there_is() -> None:
    seen = capture(Replies(piece(1)))
    with pytest.raises(CommandTimeout, match=r"there are 1 frames after 0\.01 seconds"):
        seen.wait(2, timeout=0.01)
    with pytest.raises(InvalidInput, match="you did not say for which"):
        seen.wait()
    seen.stop()
    with pytest.raises(CommandTimeout, match="and it was stopped"):
        seen.wait(2)


def test_nothing_is_lost_silently() -> None:
    tallies = (Tally(beyond=1500, dropped=2, ended="the link is gone"), Tally(renamed="p2"))
    seen = capture(Replies(piece(1, running=False, tallies=tallies)))
    seen.stop()
    text = str(seen.frames)
    assert seen.missing == {"br0": 1502}
    assert "✘ br0: 1,500 frames more passed than the capture keeps (200,000 frames" in text
    assert "✘ br0: the kernel dropped 2 frames" in text
    assert "br0: the capture ended here early: the link is gone" in text
    assert "p1: the link is called p2 now" in text
    assert "✘" in seen._repr_mimebundle_()["text/html"]


def test_a_running_capture_says_so() -> None:
    seen = capture(Replies())
    assert "still running" in seen._repr_mimebundle_()["text/plain"]
    assert repr(seen) == "<Capture on 2 links, running, 0 frames>"
    seen.stop()
    assert "still running" not in seen._repr_mimebundle_()["text/plain"]


def test_a_capture_that_nobody_has_any_longer_is_stopped_by_the_next() -> None:
    left: SimpleQueue[int] = SimpleQueue()
    engine = Replies()
    forgotten: list[Capture] = [capture(engine, left)]
    forgotten.clear()
    gc.collect()
    later = capture(engine, left)
    assert [(number, stop) for number, _, stop in engine.asked] == [(5, True)]
    later.stop()
    del later
    gc.collect()
    assert left.empty()


def test_names_for_macs() -> None:
    where = Snapshot(
        namespaces=(
            Namespace(
                inode=1,
                role="host",
                label="host",
                links=(
                    Link(name="lo", index=1, mac="00:00:00:00:00:00"),
                    Link(name="br0", index=2, mac="a", bridge=Bridge(stp=False, forward_delay=0)),
                    Link(name="p1", index=3, mac="a"),
                ),
            ),
            Namespace(
                inode=2, role="named", label="ns1", links=(Link(name="eth0", index=2, mac="b"),)
            ),
        )
    )
    assert owners(where) == {"a": "br0", "b": "ns1/eth0"}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda engine: start(engine, engine.snapshot, SimpleQueue(), ("a/b/c",)),
        lambda engine: start(engine, engine.snapshot, SimpleQueue(), ("",)),
        lambda engine: start(engine, engine.snapshot, SimpleQueue(), ("ns1/",)),
        lambda engine: start(engine, engine.snapshot, SimpleQueue(), (), frames=0),
        lambda engine: start(engine, engine.snapshot, SimpleQueue(), (), bytes=0),
    ],
)
def test_what_cannot_be_captured(wrong: Callable[[Replies], object]) -> None:
    with pytest.raises(InvalidInput):
        wrong(Replies())


def test_only_frames_of_the_capture_are_asked_for() -> None:
    seen = capture(Replies(piece(1)))
    with pytest.raises(InvalidInput, match="the capture was not there"):
        seen.at("ns1/eth0")
    assert len(seen.at("p1")) == 1
    assert len(seen.at("br0")) == 0
