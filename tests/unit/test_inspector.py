"""The packet inspector without a browser, over a capture that is made up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue

import pytest
from blocks import Packet, arp, block, ether
from handles import part
from replies import Replies, piece
from waiting import until

from nslab.engine.protocol import Batch
from nslab.errors import LabGone
from nslab.frames.dissect import scapy
from nslab.jupyter.widgets import Inspector
from nslab.jupyter.widgets.field_words import meaning
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
    return [row["number"] for row in part(inspector, "frames").rows]


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


def test_before_the_first_frame_nothing_was_waited_for() -> None:
    data = ether(0x0806, arp(1, "10.0.0.1", "10.0.0.2"))
    late = block(*(Packet(4_328_600_000 + n * 2_000_000, data) for n in (1, 2)))
    engine = Replies(Batch(blocks=((1, late),), upto=2, running=False))
    inspector = start(engine, engine.snapshot, SimpleQueue(), ()).inspect()
    waited = [row["cells"][2] for row in part(inspector, "frames").rows]
    inspector.close()
    assert waited == ["0.000", "2.000"]


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
    assert "1 of 2 frames" in part(inspector, "count").value
    part(inspector, "only").value = "no such words"
    assert listed(inspector) == []
    assert "0 of 2 frames" in part(inspector, "count").value
    assert "<b>2</b>" in part(inspector, "status").value
    assert "No frame is selected" in part(inspector, "heading").value
    assert part(inspector, "parts").layers == []
    assert part(inspector, "follow").disabled
    part(inspector, "clear").click()
    assert part(inspector, "only").value == ""
    assert listed(inspector) == [1, 2]
    assert part(inspector, "count").value == ""


def test_its_fields_and_buttons_say_what_they_do(inspector: Inspector) -> None:
    assert part(inspector, "only").description == "Show only"
    assert "in the picture which way" in part(inspector, "follow").tooltip


def test_a_filter_that_is_being_typed_takes_nothing_away(inspector: Inspector) -> None:
    part(inspector, "only").value = "arp"
    assert listed(inspector) == [1, 2]
    part(inspector, "only").value = "arp and ip.addr =="
    assert listed(inspector) == [1, 2]
    assert "of what?" in part(inspector, "count").value
    part(inspector, "only").value = "!ARP"
    assert listed(inspector) == []


def test_a_frame_is_opened_with_its_fields_and_bytes(inspector: Inspector) -> None:
    inspector.frame = 2
    parts = part(inspector, "parts")
    assert [layer["name"] for layer in parts.layers] == ["Ethernet", "ARP"]
    field = next(one for one in parts.layers[1]["fields"] if one["name"] == "pdst")
    asked = "Target Protocol Address (ar$tpa): whose MAC is asked for (RFC 826)"
    assert field == {"name": "pdst", "value": "10.0.0.2", "start": 38 * 8, "size": 32, "is": asked}
    assert bytes.fromhex(parts.data)[38:42] == bytes((10, 0, 0, 2))


def test_each_frame_has_the_colour_and_the_word_of_its_protocol(inspector: Inspector) -> None:
    row = part(inspector, "frames").rows[0]
    assert row["protocol"] == "arp"
    assert "ARP" in row["cells"]
    assert row["colour"] in part(inspector, "key-of").value


def test_what_is_listed_can_be_saved_for_wireshark(inspector: Inspector) -> None:
    sent: list[tuple[object, list[bytes]]] = []
    part(inspector, "frames").send = lambda words, buffers: sent.append((words, buffers))
    part(inspector, "only").value = "who has 10.0.0.2"
    part(inspector, "save").click()
    until(lambda: bool(sent))
    (words, (data,)) = sent[0]
    assert words == {"save": "nslab.pcapng"}
    assert data.startswith(bytes.fromhex("0a0d0d0a"))


def test_the_end_of_the_lab_is_said(inspector: Inspector, engine: Replies) -> None:
    engine.replies.append(LabGone("use the lab"))
    until(
        lambda: (
            "the lab ended, or was made anew, before the capture was stopped"
            in part(inspector, "status").value
        )
    )
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
    assert part(empty, "save").disabled
    empty.follow()
    assert "no frames" in empty._repr_mimebundle_()["text/plain"]


def test_without_a_kernel_the_table_is_there(inspector: Inspector, seen: Capture) -> None:
    bundle = inspector._repr_mimebundle_()
    assert str(seen.frames) in bundle["text/plain"]
    assert "who has 10.0.0.2" in bundle["text/html"]


def test_a_frame_leads_to_its_step_and_a_step_to_its_frame(inspector: Inspector) -> None:
    inspector.frame = 1
    inspector.follow()
    shown, journey = part(inspector, "journey").value, inspector._journey
    assert journey is not None
    (number,) = (step.frame.number for step in journey.steps)
    inspector._page.gesture = {"step": 1}
    assert inspector.frame == number
    assert part(inspector, "journey").value == shown, "it is the same journey"
    # All of it is no frame's.
    inspector._page.gesture = {"step": 0}
    assert inspector.frame == number


NAMED = ("Ether", "Dot3", "LLC", "STP", "Dot1Q", "ARP")
"""Of layer 2, what lessons show."""


def test_each_field_that_a_lesson_shows_is_explained() -> None:
    layers = scapy()
    kinds = [getattr(layers.l2, name) for name in NAMED]
    kinds += [getattr(layers.inet, name) for name in ("IP", "ICMP", "TCP", "UDP")]
    kinds += [layers.inet6.IPv6, layers.inet6.ICMPv6ND_NS, layers.inet6.ICMPv6ND_NA, layers.dns.DNS]
    kinds += [layers.inet.IPerror, layers.inet.ICMPerror, layers.inet.UDPerror]
    kinds += [layers.inet6.ICMPv6EchoRequest, layers.inet6.ICMPv6EchoReply]
    named = {(kind().name, field.name) for kind in kinds for field in kind.fields_desc}
    assert [one for one in sorted(named) if not meaning(*one)] == []
    assert meaning("IP", "ihl") == (
        "IHL, Internet Header Length: the header's length in units of 4 bytes (RFC 791)"
    )
    assert meaning("IP", "tos").endswith("(RFC 2474, RFC 3168)"), "its own, and not RFC 791"
    assert meaning("data", "data") == ""
