"""The packet inspector without a browser, over a capture that is made up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue

import pytest
from handles import part
from replies import Replies, piece
from waiting import until

from nslab.engine.protocol import Batch
from nslab.errors import LabGone
from nslab.jupyter.widgets import Inspector
from nslab.session.capture import Capture, start


def watching() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "nslab-inspector"]


@pytest.fixture
def engine() -> Replies:
    return Replies(piece(1, more=True), piece(2))


@pytest.fixture
def seen(engine: Replies) -> Capture:
    return start(engine, engine.snapshot, SimpleQueue(), ())


@pytest.fixture
def inspector(seen: Capture) -> Iterator[Inspector]:
    made = seen.inspect()
    yield made
    made.close()
    until(lambda: not watching())


def listed(inspector: Inspector) -> list[int]:
    return [number for _, number in part(inspector, "frames").options]


def test_what_comes_in_later_is_listed_and_what_is_chosen_stays(
    inspector: Inspector, engine: Replies
) -> None:
    assert listed(inspector) == [1, 2]
    assert inspector.frame == 1
    inspector.frame = 2
    heading = part(inspector, "heading").value
    engine.replies.append(piece(3))
    until(lambda: listed(inspector) == [1, 2, 3])
    assert inspector.frame == 2
    until(lambda: part(inspector, "heading").value == heading)
    until(lambda: "<b>3</b>" in part(inspector, "status").value)


def test_while_nothing_comes_it_asks_and_changes_nothing(
    inspector: Inspector, engine: Replies, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise AssertionError("the list was filled anew")

    until(lambda: len(engine.asked) > 2)
    monkeypatch.setattr(inspector, "_show_frames", fail)
    asked = len(engine.asked)
    until(lambda: len(engine.asked) > asked + 2)
    assert inspector._message.value == ""
    inspector._over.set()
    until(lambda: not watching())
    asked = len(engine.asked)
    inspector.frame = 2
    assert len(engine.asked) == asked, "to open a frame asks for none"


def test_what_the_filter_takes_away_takes_its_journey_along(inspector: Inspector) -> None:
    inspector.frame = 1
    inspector.follow()
    assert part(inspector, "journey").value
    part(inspector, "only").value = "no such words"
    assert part(inspector, "journey").value == ""
    assert part(inspector, "steps").layout.display == "none"


def test_to_stop_takes_in_what_is_on_its_way(inspector: Inspector, engine: Replies) -> None:
    engine.replies += [piece(3, more=True), piece(4, running=False)]
    part(inspector, "stop").click()
    until(lambda: not inspector._capture.running)
    until(lambda: listed(inspector) == [1, 2, 3, 4])
    until(lambda: part(inspector, "stop").layout.display == "none")
    until(lambda: "has stopped" in part(inspector, "status").value)
    until(lambda: not watching())


def test_only_the_frames_that_say_something(inspector: Inspector) -> None:
    part(inspector, "only").value = "who has 10.0.0.2"
    assert listed(inspector) == [2]
    assert inspector.frame == 2
    part(inspector, "only").value = "no such words"
    assert listed(inspector) == []
    assert "No frame is selected" in part(inspector, "heading").value
    assert part(inspector, "bytes").value == ""
    assert part(inspector, "follow").disabled
    part(inspector, "only").value = ""
    assert listed(inspector) == [1, 2]


def test_a_field_and_its_bytes_go_together(inspector: Inspector) -> None:
    inspector.frame = 2
    choice = {
        label.replace("\xa0", " ").strip(): value
        for label, value in part(inspector, "fields").options
    }
    part(inspector, "fields").value = choice["pdst: 10.0.0.2"]
    assert part(inspector, "bytes").value.count("background:") == 4
    assert "bytes 38 to 41" in part(inspector, "bytes").value
    part(inspector, "fields").value = choice["▾ Ethernet"]
    assert part(inspector, "bytes").value.count("background:") == 14


def test_the_end_of_the_lab_is_said(inspector: Inspector, engine: Replies) -> None:
    engine.replies.append(LabGone("use the lab"))
    until(lambda: "the lab ended before the capture was stopped" in part(inspector, "status").value)
    assert listed(inspector) == [1, 2]
    until(lambda: not watching())


def test_a_journey_is_shown_as_a_whole_first(inspector: Inspector) -> None:
    inspector.frame = 1
    inspector.follow()
    assert "I have 10.0.0.1" in part(inspector, "journey").value
    inspector.frame = 2
    assert part(inspector, "journey").value == ""


def test_nothing_captured_is_no_error() -> None:
    engine = Replies(Batch(running=False))
    empty = start(engine, engine.snapshot, SimpleQueue(), ()).inspect()
    assert listed(empty) == []
    assert "<b>0</b> frames" in part(empty, "status").value
    empty.follow()
    assert "no frames" in empty._repr_mimebundle_()["text/plain"]


def test_without_a_kernel_the_table_is_there(inspector: Inspector, seen: Capture) -> None:
    bundle = inspector._repr_mimebundle_()
    assert str(seen.frames) in bundle["text/plain"]
    assert "who has 10.0.0.2" in bundle["text/html"]
