"""Widgets while two threads are at work in them: the page's, and one that shows what has changed.

What a person chose is not lost, and what one thread found before the other is not shown after it.
Each test stops one thread at the very place, lets the other go as far as it can, and goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from types import SimpleNamespace as Namespace
from typing import Any

import pytest
from handles import idle, part
from replies import Replies, piece
from test_player import by_actions
from waiting import LIMIT, rests, until

from nslab import AddBridge, AddNamespace, Lab, lesson
from nslab.jupyter.widgets import Builder, Inspector, Live, Player, asking, live
from nslab.jupyter.widgets.bar import Bar
from nslab.jupyter.widgets.choices import Choices
from nslab.jupyter.widgets.player import Progress
from nslab.jupyter.widgets.work import Worker
from nslab.session import export
from nslab.session.capture import start

Job = Callable[[], object]


@pytest.fixture
def inspector() -> Iterator[Inspector]:
    engine = Replies(piece(1, more=True), piece(2, running=False))
    made = start(engine, engine.snapshot, SimpleQueue(), ()).inspect()
    until(lambda: len(part(made, "frames").rows) == 2)
    yield made
    made.close()


class Meanwhile:
    """Something that another thread does once, as far as it gets while this one stands still."""

    def __init__(self, job: Job) -> None:
        self._thread = threading.Thread(target=job)
        self.begun = False

    def __call__(self) -> None:
        """Let it begin; returns when it has ended, or waits."""
        if not self.begun:
            self.begun = True
            self._thread.start()
            rests(self._thread)

    def end(self) -> None:
        """Wait for it."""
        until(lambda: self._thread.ident)
        self._thread.join(LIMIT)
        assert not self._thread.is_alive()


def after(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, then: Meanwhile) -> None:
    """Have another thread go on once a function has found something, before it is used."""
    real = getattr(owner, name)

    def found(*args: Any, **options: Any) -> Any:
        result = real(*args, **options)
        then()
        return result

    monkeypatch.setattr(owner, name, found)


def page_chooses(choice: Any, words: str, seen: list[str]) -> Job:
    """What the page tells when something is chosen in a list as it saw it: its place."""
    return lambda: choice.set_state({"index": seen.index(words)})


def field(builder: Builder, number: int) -> Any:
    return part(builder, "form").children[number]


def test_what_is_chosen_while_a_form_is_brought_up_to_date_is_kept(
    lab: Lab, builder: Builder
) -> None:
    lab.do(AddNamespace("ns1"))
    part(builder, "what").value = "Set up"
    place = field(builder, 0)
    until(lambda: "ns1" in place.options)
    hand = Meanwhile(page_chooses(place, "ns1", ["host", "ns1"]))
    place.observe(lambda _: hand(), names="options")
    lab.do(AddNamespace("ns2"))
    hand.end()
    until(lambda: "ns2" in place.options)
    assert place.value == "ns1"


def test_a_choice_of_what_is_gone_is_no_error_and_is_taken_back(lab: Lab) -> None:
    choice = Choices(threading.RLock(), options=["a", "b", "c"])
    choice.refill(["a"])
    sent: list[Any] = []
    choice.send_state = sent.append
    choice.set_state({"index": 2})
    assert choice.value == "a"
    assert sent == [["_options_labels", "index"]]


def test_what_was_chosen_in_an_older_list_is_what_was_read_there(lab: Lab) -> None:
    """A kernel that is busy hears of it when another thread has filled the list anew."""
    lab.do(AddNamespace("ns2"))
    shown = Live(lab)
    choice = part(shown, "choice")
    seen = list(choice.options)
    lab.do(AddNamespace("ns1"))
    until(lambda: "ns1" in choice.options)
    assert choice.options.index("ns2/lo") != seen.index("ns2/lo")
    page_chooses(choice, "ns2/lo", seen)()
    (name,) = [each for each in choice._dom_classes if each.startswith("nslab-list-")]
    told = [name.removeprefix("nslab-list-"), "ns2/lo", 0.5]
    shown._page.set_state({"chosen": told})
    assert choice.value == "ns2/lo"
    shown.close()


def test_facts_are_those_of_what_was_chosen_last(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Live(lab)
    choice = part(shown, "choice")
    choice.value = "host/lo"
    hand = Meanwhile(lambda: setattr(choice, "value", "host/eth0"))
    after(monkeypatch, live, "facts", hand)
    lab.do(AddBridge("br0"))
    hand.end()
    until(lambda: "br0" in shown.picture.text)
    assert choice.value == "host/eth0"
    assert "veth, up" in part(shown, "facts").value
    shown.close()


def test_the_log_is_in_the_style_that_was_chosen_last(
    lab: Lab, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = Meanwhile(lambda: setattr(part(builder, "as"), "value", "Python"))
    after(monkeypatch, export, "shell", hand)
    lab.do(AddBridge("br0"))
    hand.end()
    assert "AddBridge" in part(builder, "log").value


def busy_seen_by(monkeypatch: pytest.MonkeyPatch, then: Meanwhile) -> None:
    """Have another thread go on once this one has seen whether something runs."""
    here, seen = threading.current_thread(), Worker.busy.fget
    assert seen is not None

    def busy(worker: Worker) -> bool:
        result: bool = seen(worker)
        if threading.current_thread() is here:
            then()
        return result

    monkeypatch.setattr(Worker, "busy", property(busy))


def test_undo_can_be_pressed_when_a_job_ends_beside_a_step(
    lab: Lab, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.do(AddBridge("br0"))
    goes_on = threading.Event()
    builder._worker.do(lambda: goes_on.wait(LIMIT))
    job = builder._worker._thread
    assert job is not None

    def end() -> None:
        goes_on.set()
        job.join(LIMIT)

    ends = Meanwhile(end)
    busy_seen_by(monkeypatch, ends)
    lab.do(AddBridge("br1"))
    ends.end()
    until(lambda: idle(builder))
    assert not part(builder, "undo").disabled


def test_a_player_that_runs_can_be_stopped_though_a_cell_takes_a_step_back(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chapter = by_actions(lesson("04"))
    goes_on = threading.Event()
    with chapter.lab(engine="fake") as lab:
        player = Player(chapter, lab, Progress(tmp_path / "progress.json"))
        player.run()
        hand = Meanwhile(lambda: player._worker.do(lambda: goes_on.wait(LIMIT)))
        busy_seen_by(monkeypatch, hand)
        lab.undo()
        hand.end()
        assert not part(player, "stop").disabled
        assert part(player, "run").disabled
        goes_on.set()
        until(lambda: idle(player))
        player.close()


def test_the_end_of_one_job_is_not_told_after_the_beginning_of_the_next() -> None:
    told: list[bool] = []
    goes_on = threading.Event()
    next_one = Meanwhile(lambda: worker.do(lambda: goes_on.wait(LIMIT)))

    def busy(now: bool) -> None:
        if not now:
            next_one()
        told.append(now)

    worker = Worker(busy, lambda _: None)
    worker.do(lambda: None)
    next_one.end()
    until(lambda: told.count(False))
    until(lambda: told[-1])
    goes_on.set()
    until(lambda: not told[-1])
    assert told == [True, False, True, False]


def test_a_bar_that_is_late_does_not_come_after_the_end() -> None:
    bar = Bar()
    bar.busy(True)
    late = bar._timer
    assert late is not None
    bar.busy(False)
    late.function()
    assert bar.value == ""


def test_an_answer_is_not_said_to_hold_when_the_network_has_changed_meanwhile(
    lab: Lab, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = next(one for one in builder.asking.questions("host") if one.kind == "ping")
    builder.asking.ask(question)
    until(lambda: idle(builder))
    before = lab.snapshot()

    def change() -> None:
        lab.do(AddBridge("br0"))
        until(lambda: "br0" in builder.live.picture.text)
        rests(builder.live.following._thread)
        goes_on.set()

    goes_on = threading.Event()
    changes = Meanwhile(change)
    real = asking.differ

    def differ(*snapshots: Any) -> bool:
        found: bool = real(*snapshots)
        if threading.current_thread() is here:
            changes()
            goes_on.wait(LIMIT)
        return found

    here = threading.current_thread()
    monkeypatch.setattr(asking, "differ", differ)
    builder.asking._say("<pre>an answer</pre>", of=before)
    changes.end()
    rests(builder.live.following._thread)
    assert part(builder, "old").layout.display is None


def test_a_step_that_is_chosen_while_a_journey_is_shown_is_opened(
    inspector: Inspector, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [Namespace(frame=Namespace(number=number)) for number in (1, 2)]
    way = Namespace(steps=steps, _page=lambda *_: "")
    monkeypatch.setattr(inspector._capture, "journey", lambda _: way)
    inspector.frame = 2
    hand = Meanwhile(lambda: inspector._at.set_state({"value": 1}))
    inspector._at.observe(lambda _: hand(), names="value")
    inspector.follow()
    hand.end()
    assert inspector._at.value == 1
    assert inspector.frame == 1


def test_the_page_waits_while_a_list_of_frames_is_filled(inspector: Inspector) -> None:
    hand = Meanwhile(lambda: part(inspector, "frames").set_state({"chosen": 2}))
    with inspector._filling:
        hand()
        assert inspector.frame == 1
    hand.end()
    assert inspector.frame == 2
