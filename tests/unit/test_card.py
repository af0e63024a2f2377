"""The card of an exercise without a browser, on a lab in memory."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from handles import part
from ipywidgets import Widget
from msgspec import structs
from waiting import LIMIT, rests, until

import nslab
from nslab import (
    AddAddress,
    AddBridge,
    AddNamespace,
    DeleteLink,
    Exercise,
    HasAddress,
    HasLink,
    HasRoute,
    InvalidInput,
    Lab,
    MustNot,
    NslabError,
    SetUp,
    State,
    WrongAnswer,
    lesson,
)
from nslab.course.exercises import exercise
from nslab.course.exercises.values import Choice
from nslab.course.grading import submission
from nslab.course.lessons import LESSONS
from nslab.jupyter.widgets import card_words, rejudging
from nslab.jupyter.widgets.card import Card
from nslab.jupyter.widgets.page import marked
from nslab.jupyter.widgets.rejudging import Rejudging
from nslab.network.model import Neighbour, Process, Snapshot
from nslab.session import views
from nslab.session.check import Check, Reaches, Verdict
from nslab.session.check.verdict import Asked

number = itertools.count(1)


KEPT = ("children", "value")
"""What of a widget's saved state is looked at."""


TRIED: dict[str, int] = {}
"""How often each link was tried."""


class Tried(Check, frozen=True):
    """Something that is tried for real, as a ping is; each try is counted."""

    link: str

    @property
    def tries(self) -> str:
        return f"{self.link} answers"

    def ask(self, lab: Asked) -> Verdict:
        TRIED[self.link] = TRIED.get(self.link, 0) + 1
        there = any(link.name == self.link and link.up for link in lab.snapshot().host.links)
        return Verdict(there, f"{self.link} {'answers' if there else 'is silent'}")


SLOW = threading.Event()


class Slow(Check, frozen=True):
    """Something whose answer is a long time coming."""

    link: str

    @property
    def tries(self) -> str:
        return f"{self.link} answers"

    def ask(self, lab: Asked) -> Verdict:
        return Verdict(SLOW.wait(LIMIT), f"{self.link} answers")


class Unanswered(Reaches, frozen=True):
    """A ping where there is no program for it."""

    def ask(self, lab: Asked) -> Verdict:
        return Verdict(False, f"host does not reach {self.address}")


def build(**fields: Any) -> Exercise:
    """An exercise that no test has begun."""
    plain: dict[str, Any] = {
        "id": "X1",
        "kind": "build",
        "goal": f"Make a bridge `br0`, for the {next(number)}th time on a card.",
        "checks": (HasLink("br0"), HasLink("br1")),
        "hints": ("What is a bridge?", "Look at `brctl`.", "`brctl addbr br0`"),
        "answer": (AddBridge("br0"),),
        "others": (("ip link add br0 type bridge",),),
        "wrong": tuple(WrongAnswer((), "there is no link br0") for _ in range(3)),
    }
    return Exercise(**(plain | fields))


def predict() -> Exercise:
    choices = (
        Choice("a", "It is `up`.", (State("br0", "up"),)),
        Choice("b", "It is down.", (State("br0", "down"),), (State("br0", "up"),)),
    )
    return build(kind="predict", choices=choices, checks=(HasLink("br0"),))


@pytest.fixture
def deal() -> Iterator[Any]:
    """Makes the card of an exercise, and takes it and its lab away in the end."""
    cards: list[tuple[Card, Lab]] = []

    def dealt(exercise: Exercise) -> tuple[Card, Lab]:
        lab = exercise.attempt.lab or exercise.start(engine="fake")
        cards.append((Card(exercise, lab, "fake"), lab))
        return cards[-1]

    yield dealt
    for card, lab in cards:
        card.close()
        lab.close()


@pytest.fixture
def tried() -> dict[str, int]:
    TRIED.clear()
    return TRIED


def shown(card: Card, condition: Callable[[], object]) -> None:
    """Wait until a card shows something: all that it shows at once with it is there then."""

    def holds() -> bool:
        with card._showing:
            return bool(condition())

    until(holds)


def says(card: Card, words: str, where: str = "says") -> None:
    """Wait until a part of it says so."""
    shown(card, lambda: words in part(card, where).value)


def press(card: Card, name: str) -> None:
    """Press a button once the job of another has ended: until then it would only say so."""
    until(lambda: not card._worker.busy)
    part(card, name).click()


def hidden(card: Card, name: str) -> bool:
    return bool(part(card, name).layout.display == "none")


# -- what is met, without a click --------------------------------------------------------------


def test_it_shows_the_goal_and_what_is_not_met(deal: Any) -> None:
    card, lab = deal(build(checks=(HasLink("br0"), State("br0", "up"))))
    assert "<b>X1 · build</b>" in part(card, "goal").value
    assert "<code>br0</code>" in part(card, "goal").value
    assert ">0 of 2 met<" in part(card, "says").value
    assert "br0 is up; now: there is no link br0" in open_points(card)
    assert lab.name in part(card, "where").value


def open_points(card: Card) -> list[str]:
    """What a card says of each point that is open, before anything was tried."""
    found = re.findall(r">☐</span>(.*?)</div>", part(card, "points").value)
    return [re.sub(r"<[^>]*>", "", one) for one in found]


def test_before_a_try_all_that_is_wanted_is_said_in_the_same_manner(deal: Any) -> None:
    checks = (
        HasLink("br0"),
        State("br0", "up"),
        HasAddress("br0", "10.0.0.1/24"),
        HasRoute("10.9.0.0/16", dev="br0"),
    )
    card, lab = deal(build(checks=checks))
    assert open_points(card) == [
        "a link br0",
        "br0 is up; now: there is no link br0",
        "br0 has the address 10.0.0.1/24; now: there is no link br0",
        "host has a route 10.9.0.0/16 dev br0; now: none to 10.9.0.0/16",
    ]
    said = open_points(card)
    lab.do(AddBridge("br1"))  # from now on what is not so is wrong, and said in the same words
    says(card, "✘", "points")
    assert re.findall(r">✘</b>(.*?)</div>", re.sub(r"</?span[^>]*>", "", points_of(card))) == said


def points_of(card: Card) -> str:
    return str(part(card, "points").value)


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("kind", ["build", "mend"])
def test_what_is_wanted_comes_first_whatever_its_sign(deal: Any, kind: str, begun: bool) -> None:
    """And nothing is wrong before anybody has done anything: the sign alone tells which it is."""
    checks = (HasAddress("eth0", "10.0.0.1/24"), HasRoute("10.9.0.0/16"), HasLink("eth0"))
    one = build(kind=kind, checks=checks)
    _, lab = deal(one)
    if begun:
        lab.do(AddBridge("br1"))
    sign = "✘" if begun else "☐"
    assert card_words.as_text(one, one.standing(lab)).splitlines()[-4:] == [
        "What is wanted:",
        f"{sign} eth0 has the address 10.0.0.1/24; now: it has 198.51.100.10/24",
        f"{sign} host has a route 10.9.0.0/16",
        "✔ there is a link eth0",
    ]


def test_of_what_is_to_be_done_how_it_is_stands_back(deal: Any) -> None:
    """Eleven lines are easier to read if the eye is told where to begin."""
    card, _ = deal(build(checks=(State("br0", "up"), Tried("br0"))))
    assert re.findall(r">☐</span>(.*?)</div>", part(card, "points").value) == [
        "br0 is up<span style='opacity:.7'>; now: there is no link br0</span>",
        "br0 answers<span style='opacity:.7'>: not tried until the rest is right</span>",
    ]


@pytest.mark.parametrize("one", [x for found in LESSONS for x in found.exercises], ids=repr)
def test_each_check_of_an_exercise_has_words_for_what_it_wants(one: Exercise) -> None:
    assert all(check.goal for check in one.checks)


def test_a_change_is_judged_and_what_is_solved_is_passed(deal: Any) -> None:
    one = build()
    card, lab = deal(one)
    lab.do(AddBridge("br0"))
    says(card, "1 of 2 met")
    says(card, "tries: 1", "foot")  # it is seen before it is known that a step has done it
    assert not one.attempt.passed
    lab.do(AddBridge("br1"))
    says(card, "Solved")
    assert one.attempt.passed
    says(card, "tries: 2", "foot")
    lab.undo()
    says(card, "1 of 2 met · you have solved it before")
    lab.redo()
    says(card, "Solved")
    assert one.attempt.tries == 2


def test_what_is_counted_is_what_is_shown(deal: Any) -> None:
    """Whatever is met, or is wrong beside it."""
    one = build(
        checks=(HasLink("br0"), State("br0", "up"), HasLink("br1"), State("br1", "up")),
        mustnot=(MustNot(HasLink("br9"), "nobody asked for br9"),),
        only=("host/br0", "host/br1"),
    )
    card, lab = deal(one)
    for action in (
        AddBridge("br9"),
        AddBridge("br0"),
        AddBridge("br1"),
        SetUp("br1"),
        SetUp("br0"),
    ):
        before = part(card, "points").value
        lab.do(action)
        until(lambda before=before: part(card, "points").value != before)  # type: ignore[misc]
        shown(card, lambda: f">{counted(card)}" in part(card, "says").value)
    says(card, "4 of 4 met: all that is wanted is there, but something else is wrong")
    bundle = Card(one, lab, "fake")._repr_mimebundle_()
    saved = (bundle[0] if isinstance(bundle, tuple) else bundle)["text/plain"]
    assert saved.index("br1 is up") < saved.index("What else is wrong:") < saved.index("br9")


def counted(card: Card) -> str:
    """What its lines add up to; what else is wrong stands below them, under a heading."""
    lines, _, beside = part(card, "points").value.partition("What else is wrong:")
    assert "✔" not in beside
    return f"{lines.count('✔')} of {sum(map(lines.count, '✔✘☐'))} met"


def test_nothing_is_wrong_before_anything_was_tried(deal: Any) -> None:
    """What is to be built is not there at first: it is still to be done."""
    one = build()
    card, lab = deal(one)
    assert part(card, "points").value.count("☐") == 2
    assert "✘" not in part(card, "points").value
    assert card_words.as_text(one, one.standing(lab)).endswith(
        "What is wanted:\n☐ a link br0\n☐ a link br1"
    )
    press(card, "check")
    says(card, "✘", "points")
    lab.do(AddBridge("br0"))
    says(card, "1 of 2 met")
    assert "✘" in part(card, "points").value
    press(card, "again")
    says(card, "0 of 2 met")
    shown(card, lambda: "✘" not in part(card, "points").value)


def test_a_wrong_answer_is_a_try(deal: Any) -> None:
    one = build(checks=(HasLink("br0"),))
    card, lab = deal(one)
    says(card, "tries: 0", "foot")
    lab.do(AddBridge("br7"))
    says(card, "tries: 1", "foot")
    press(card, "check")
    until(lambda: one.attempt.tries == 1)
    lab.undo()
    lab.redo()
    lab.do(AddBridge("br8"))
    says(card, "tries: 2", "foot")
    lab.do(AddBridge("br0"))
    says(card, "Solved")
    says(card, "tries: 3", "foot")
    lab.do(AddBridge("br6"))
    until(lambda: card.live.snapshot == lab.snapshot())
    assert one.attempt.tries == 3, "what is passed is tried no longer"


def test_what_must_not_be_is_said_when_it_is(deal: Any) -> None:
    one = build(
        checks=(HasLink("br0"),),
        mustnot=(MustNot(HasLink("br9"), "nobody asked for br9"),),
        only=("host/br0", "host/br9"),
    )
    card, lab = deal(one)
    assert "br9" not in part(card, "points").value
    lab.do(AddBridge("br0"), AddBridge("br9"), AddAddress("eth0", "10.1.0.1/24"))
    says(card, "nobody asked for br9", "points")
    says(card, "eth0: address 10.1.0.1/24", "points")
    says(card, "1 of 1 met: all that is wanted is there, but something else is wrong")
    assert not one.attempt.passed


def test_check_counts_a_try(deal: Any) -> None:
    one = build()
    card, lab = deal(one)
    press(card, "check")
    says(card, "tries: 1", "foot")
    lab.do(AddBridge("br0"))
    says(card, "1 of 2 met")
    says(card, "tries: 2", "foot")


def test_a_step_while_check_asks_is_one_try_alone(deal: Any) -> None:
    """Check counts what was not counted before; the step that comes meanwhile counts itself."""
    SLOW.clear()
    one = build(checks=(HasLink("br0"), Slow("br0")))
    card, lab = deal(one)
    lab.do(AddBridge("br7"))
    says(card, "tries: 1", "foot")
    press(card, "check")
    says(card, "checking")
    lab.do(AddBridge("br8"))
    SLOW.set()
    all_is_judged(card)
    assert one.attempt.tries == 2


def all_is_judged(card: Card) -> None:
    """Wait until neither a button nor the thread has anything left to judge."""
    judging = card._judging
    assert judging is not None
    until(lambda: not card._worker.busy and not judging._stepped.is_set())
    with judging._turn:  # what was begun is counted
        pass


def test_a_prediction_does_not_tell_what_is_to_be_found_before_anything_was_done(deal: Any) -> None:
    card, lab = deal(predict())
    assert "br0" not in part(card, "points").value
    lab.do(AddBridge("br9"))
    says(card, "a link br0", "points")


@pytest.mark.parametrize("choice", ["a", "b"])
def test_what_was_predicted_is_explained_once_it_was_run(deal: Any, choice: str) -> None:
    one = structs.replace(predict(), because="A new link is `down`.")
    card, lab = deal(one)
    one.choose(choice)
    assert "A new link" not in part(card, "points").value
    lab.do(AddBridge("br0"))
    says(card, f"you chose {choice}", "points")
    says(card, "A new link is <code>down</code>.", "points")


def test_a_fault_that_is_to_be_found_is_not_named_before_a_hint(
    deal: Any, tried: dict[str, int]
) -> None:
    one = build(
        kind="mend",
        find=True,
        checks=(Tried("br0"), State("br1", "up")),
        mustnot=(MustNot(HasLink("br9"), "nobody asked for br9"),),
    )
    card, lab = deal(one)
    says(card, "br0 is silent", "points")
    says(card, "0 of 1 met")
    lab.do(AddBridge("br9"), AddBridge("br0"), SetUp("br0"))
    says(card, "it works, but the task asks for more", "points")
    assert "br1" not in part(card, "points").value
    assert "br9" not in part(card, "points").value
    assert not one.attempt.passed
    before = tried["br0"]
    press(card, "hint")
    says(card, "nobody asked for br9", "points")
    says(card, "br1 is up<span style='opacity:.7'>; now: there is no link br1", "points")
    assert "br0 answers</div>" in part(card, "points").value, "what is known stays known"
    assert tried["br0"] == before
    lab.do(nslab.DeleteLink("br9"), AddBridge("br1"), SetUp("br1"))
    says(card, "Solved")


# -- what is tried for real --------------------------------------------------------------------


def test_what_is_tried_waits_until_the_rest_is_met(deal: Any, tried: dict[str, int]) -> None:
    one = build(checks=(HasLink("br0"), Tried("br0")))
    card, lab = deal(one)
    assert "br0 answers: not tried until the rest is right" in open_points(card)
    lab.do(AddBridge("br1"))
    until(lambda: card.live.snapshot == lab.snapshot())
    assert tried == {}
    lab.do(AddBridge("br0"))
    says(card, "br0 is silent", "points")
    assert not one.attempt.passed
    lab.do(SetUp("br0"))
    says(card, "Solved")
    assert one.attempt.passed


def test_what_must_be_tried_first_waits_for_nothing(deal: Any) -> None:
    card, _ = deal(build(checks=(Unanswered(None, "203.0.113.80"),)))
    assert card._first is not None
    assert card._first.points == ("host reaches 203.0.113.80: not tried yet",)
    says(card, "does not reach", "points")


def test_while_something_is_tried_it_says_so(deal: Any) -> None:
    """What was found before need not hold any longer."""
    SLOW.clear()
    card, lab = deal(build(checks=(HasLink("br0"), Slow("br0"))))
    lab.do(AddBridge("br0"))
    says(card, "checking")
    assert "there is a link br0" in part(card, "points").value
    SLOW.set()
    says(card, "Solved")


def test_what_was_tried_while_the_lab_changed_is_no_answer_for_what_was_there_before(
    deal: Any,
) -> None:
    SLOW.clear()
    card, lab = deal(build(checks=(HasLink("br0"), HasLink("br1"), Slow("br0"))))
    says(card, "0 of 3 met")
    press(card, "check")
    says(card, "checking")
    lab.do(AddBridge("br0"))
    SLOW.set()
    shown(card, lambda: "✔" in part(card, "points").value)
    press(card, "again")
    says(card, "0 of 3 met")
    shown(card, lambda: "✘" not in part(card, "points").value)


def test_check_tries_it_whatever_else_is_met(deal: Any, tried: dict[str, int]) -> None:
    card, _ = deal(build(checks=(HasLink("br0"), Tried("br0"))))
    press(card, "check")
    says(card, "br0 is silent", "points")
    assert tried == {"br0": 1}


def with_neighbour(snapshot: Snapshot) -> Snapshot:
    """The same after a ping: the host knows a MAC more."""
    host = snapshot.host
    learned = Neighbour("198.51.100.1", "eth0", "02:00:00:00:00:99", "reachable")
    host = structs.replace(host, neighbours=(*host.neighbours, learned))
    return structs.replace(snapshot, namespaces=(host, *snapshot.namespaces[1:]))


def judged(one: Exercise, lab: Lab) -> tuple[Rejudging, list[Any]]:
    shown: list[Any] = []
    judge = Rejudging(one, lab, lambda now, _: shown.append(now), lambda: None, lambda _: None)
    return judge, shown


def test_a_step_stays_a_try_when_the_look_after_it_fails(lab: Lab) -> None:
    stepped: list[bool] = []
    judge = Rejudging(
        build(), lab, lambda _, by_step: stepped.append(by_step), lambda: None, lambda _: None
    )
    look, lab.snapshot = lab.snapshot, broken  # type: ignore[method-assign]
    judge.changed(step=True)
    with pytest.raises(NslabError):
        judge.judge()
    lab.snapshot = look  # type: ignore[method-assign]
    judge.judge()
    judge.judge()
    assert stepped == [True, False]


def broken() -> Snapshot:
    raise NslabError("look", "at the lab", "there was no answer")


def test_the_same_network_is_tried_once(lab: Lab, tried: dict[str, int]) -> None:
    judge, shown = judged(build(checks=(HasLink("br0"), Tried("br0"))), lab)
    judge.judge()
    assert shown[-1].left
    assert tried == {}
    lab.do(AddBridge("br0"))
    for _ in range(5):
        judge.judge()
    assert tried == {"br0": 1}
    assert shown[-1].points[1] == Verdict(False, "br0 is silent", goal="br0 answers"), (
        "what is known stays known"
    )
    lab.do(SetUp("br0"))
    judge.judge()
    assert tried == {"br0": 2}
    assert shown[-1].solved
    assert judge.judge().solved
    assert tried == {"br0": 2}


def test_what_a_try_leaves_behind_is_no_change(lab: Lab, tried: dict[str, int]) -> None:
    judge, _ = judged(build(checks=(HasLink("br0"), Tried("br0"))), lab)
    lab.do(AddBridge("br0"))
    judge.judge()
    before = lab.snapshot()
    after = with_neighbour(before)
    assert after != before
    lab.snapshot = lambda: after  # type: ignore[method-assign]
    judge.judge()
    assert tried == {"br0": 1}


def test_what_a_judge_runs_is_no_doing_of_the_learner(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its ping may still run when the learner's own cell ends."""
    argv = ("ping", "-n", "-c", "1", "203.0.113.80")
    before = lab.snapshot()
    pinging = Process(pid=7, command=" ".join(argv))
    host = structs.replace(before.host, processes=(*before.host.processes, pinging))
    during = structs.replace(before, namespaces=(host, *before.namespaces[1:]))
    monkeypatch.setattr(lab._engine, "snapshot", lambda: during)
    assert lab.snapshot() == during
    with contextlib.suppress(NslabError):  # there is no such program here
        lab._run_aside(*argv)
    assert lab.snapshot() == before


def test_what_was_tried_in_vain_is_tried_again_a_few_times(
    lab: Lab, tried: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejudging, "AGAIN", (0.0, 0.0))
    monkeypatch.setattr(rejudging, "TICK", 0.01)
    ticks = itertools.count()
    seen: list[int] = []
    one = build(checks=(HasLink("br0"), Tried("br0")))
    judge = Rejudging(one, lab, lambda *_: None, lambda: seen.append(next(ticks)), lambda _: None)
    lab.do(AddBridge("br0"))
    judge.start()
    until(lambda: tried == {"br0": 3})
    now = len(seen)
    until(lambda: len(seen) > now + 10)
    judge.stop()
    assert tried == {"br0": 3}, "and then no more"


def test_what_the_kernel_tells_nobody_of_is_seen_a_little_later(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejudging, "LOOK", 0.0)
    monkeypatch.setattr(rejudging, "TICK", 0.01)
    judge, shown = judged(build(checks=(HasLink("br0"),)), lab)
    judge.start()
    until(lambda: len(shown) == 2)  # the first look, and the thread's own
    lab.do(AddBridge("br0"))  # and nobody calls judge.changed()
    until(lambda: shown[-1].solved)
    judge.stop()


def test_what_tries_says_what_it_tries() -> None:
    """Else a look would run it: a check that asks in another way than by a snapshot tries."""
    for name in nslab.session.check.__all__:
        kind = getattr(nslab.session.check, name)
        if isinstance(kind, type) and issubclass(kind, Check):
            assert ("ask" in vars(kind)) == ("tries" in vars(kind)) or kind is Check, name


# -- to predict --------------------------------------------------------------------------------


def test_a_choice_is_judged_only_when_it_was_run(deal: Any) -> None:
    one = predict()
    card, lab = deal(one)
    choices = part(card, "choices")
    assert choices.value is None
    assert [words for words, _ in choices.options] == ["a) It is up.", "b) It is down."]
    assert "an answer is chosen" in part(card, "points").value
    assert "Choose an answer first" in part(card, "locked").value
    choices.value = "a"
    assert one.attempt.choice == "a"
    says(card, "you chose a: the kernel will judge it once you have run the commands", "points")
    assert "Until then you can change your answer" in part(card, "locked").value
    choices.value = "b"
    assert one.attempt.choices == ("a", "b")
    lab.do(AddBridge("br0"))
    says(card, "Solved")
    until(lambda: choices.disabled)
    assert "your answer is locked" in part(card, "locked").value
    # What the kernel says of it stands right below it, and not only below the picture.
    shown(card, lambda: "✔</b>you chose b: br0 is down" in part(card, "locked").value)


def test_a_choice_is_saved_with_the_card_for_who_marks_it(deal: Any, tmp_path: Path) -> None:
    """Through a notebook as JupyterLab saves it: an output, and the widgets' states beside it."""
    one = lesson("02-bridge")["X1"]
    older, _ = deal(one)
    part(older, "choices").value = "a"
    card, _ = deal(one)
    part(card, "choices").value = "b"
    states = {
        name: {"state": {key: value for key, value in state["state"].items() if key in KEPT}}
        for name, state in Widget.get_manager_state()["state"].items()
    }
    data = card._repr_mimebundle_()
    cells = [{"cell_type": "code", "metadata": {}, "source": "", "outputs": [{"data": data}]}]
    path = tmp_path / "02-bridge.ipynb"
    metadata = {"widgets": {submission.WIDGETS: {"state": states}}}
    path.write_text(json.dumps({"cells": cells, "metadata": metadata}))
    assert submission.VIEW in data
    assert submission.read(path)[0].choice == "b"
    assert 'data-nslab-choice="02-bridge-X1:b"' in data["text/html"]
    locked = part(card, "locked")
    part(card, "choices").value = "c"  # after it was shown: only its state knows
    states[locked.model_id]["state"]["value"] = locked.value
    path.write_text(json.dumps({"cells": cells, "metadata": metadata}))
    assert submission.read(path)[0].choice == "c"


def test_a_wrong_choice_is_locked_until_it_starts_over(deal: Any) -> None:
    one = predict()
    card, lab = deal(one)
    part(card, "choices").value = "a"
    lab.do(AddBridge("br0"))
    says(card, "you chose a, but br0 is down", "points")
    shown(card, lambda: part(card, "choices").disabled)
    assert not one.attempt.passed
    press(card, "again")
    shown(card, lambda: not part(card, "choices").disabled)
    shown(card, lambda: part(card, "choices").value is None)
    part(card, "choices").value = "b"
    lab.do(AddBridge("br0"))
    says(card, "Solved")
    assert one.attempt.choices == ("a", "", "b")
    press(card, "again")
    shown(card, lambda: not hidden(card, "back"))
    until(lambda: one.attempt.choice == "")
    press(card, "back")
    shown(card, lambda: part(card, "choices").value == "b")
    says(card, "Solved")


def test_a_choice_made_while_it_is_redrawn_is_kept(deal: Any) -> None:
    one = predict()
    card, lab = deal(one)
    choices = part(card, "choices")
    choices.value = "a"
    lab.do(AddBridge("br0"))
    until(lambda: choices.disabled)
    redrawing, chosen = threading.Event(), threading.Event()

    def stay(change: dict[str, Any]) -> None:
        if change["new"] is None:  # Start over is just about to show that nothing is chosen
            redrawing.set()
            chosen.wait(LIMIT)

    choices.observe(stay, names="value")
    press(card, "again")
    assert redrawing.wait(LIMIT)
    hand = threading.Thread(target=lambda: setattr(choices, "value", "b"))
    hand.start()
    until(lambda: choices.value == "b")
    chosen.set()
    hand.join(LIMIT)
    until(lambda: one.attempt.choice == "b")
    until(lambda: choices.value == "b")


def test_a_choice_made_while_it_starts_over_is_kept(
    deal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = predict()
    card, lab = deal(one)
    choices = part(card, "choices")
    choices.value = "a"
    real = lab.reset

    def reset() -> Any:
        choices.value = "b"  # its thread is another one: the card is not being redrawn
        return real()

    monkeypatch.setattr(lab, "reset", reset)
    press(card, "again")
    says(card, "Started over.", "told")
    until(lambda: not card._worker.busy)
    assert one.attempt.choice == choices.value == "b"


def test_what_is_said_while_a_job_ends_stays(deal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    card, _ = deal(build())
    real, person = card._reply, threading.Thread(target=lambda: press(card, "solution"))

    def reply(words: str, **more: Any) -> None:
        if not words and threading.current_thread() is not person and not person.ident:
            person.start()  # the job has ended, and is about to take "working" away
            rests(person)
        real(words, **more)

    monkeypatch.setattr(card, "_reply", reply)
    press(card, "check")
    until(lambda: person.ident and not person.is_alive())
    until(lambda: not card._worker.busy)
    assert "ask once more" in part(card, "told").value


def test_a_guess_that_was_made_true_is_refused(deal: Any) -> None:
    one = predict()
    card, lab = deal(one)
    part(card, "choices").value = "a"
    lab.do(AddBridge("br0"))
    lab.do(SetUp("br0"))
    says(card, "only because more was changed there: with nothing but what", "points")
    assert not one.attempt.passed


def test_what_was_run_first_is_no_prediction(deal: Any) -> None:
    one = predict()
    card, lab = deal(one)
    lab.do(AddBridge("br0"))
    part(card, "choices").value = "b"  # before the card knows that it was run, or after
    shown(card, lambda: part(card, "choices").value is None)
    assert one.attempt.choices == ()
    says(card, "commands were run before an answer was chosen: press Start over", "points")
    shown(card, lambda: part(card, "choices").disabled)
    assert "press Start over on the exercise's card, choose one, then" in repr(card._answered())
    press(card, "again")
    shown(card, lambda: not part(card, "choices").disabled)
    part(card, "choices").value = "b"
    lab.do(AddBridge("br0"))
    says(card, "Solved")


def test_an_answer_is_locked_once_anything_was_done(deal: Any) -> None:
    """Who has seen what comes of it could put back what was too much, and choose then."""
    one = predict()
    card, lab = deal(one)
    part(card, "choices").value = "a"
    lab.do(AddBridge("br1"))
    lab.do(DeleteLink("br1"))
    shown(card, lambda: part(card, "choices").disabled)
    says(card, "your answer is locked", "locked")
    with pytest.raises(InvalidInput, match="that would be no prediction"):
        one.choose("b")
    assert one.attempt.choice == "a"


# -- help --------------------------------------------------------------------------------------


def test_hints_open_one_at_a_time(deal: Any) -> None:
    one = build()
    card, _ = deal(one)
    hint = part(card, "hint")
    assert hint.description == "Hint 1 of 3"
    assert part(card, "hints").value == ""
    hint.click()
    assert "What is a bridge?" in part(card, "hints").value
    assert "brctl" not in part(card, "hints").value
    assert hint.description == "Hint 2 of 3"
    hint.click()
    hint.click()
    assert ">brctl addbr br0</code>" in part(card, "hints").value
    assert hint.disabled
    assert one.attempt.hints == 3


def test_the_solution_is_asked_for_twice(deal: Any) -> None:
    card, _ = deal(build())
    press(card, "solution")
    assert "ask once more" in part(card, "told").value
    assert "addbr" not in part(card, "told").value
    press(card, "solution")
    assert "AddBridge" in part(card, "told").value


def test_why_is_there_when_something_is_not_reached(deal: Any) -> None:
    card, lab = deal(build(checks=(HasLink("br0"), Unanswered(None, "203.0.113.80"))))
    assert hidden(card, "explain")
    lab.do(nslab.DeleteRoute("default"))
    press(card, "check")
    shown(card, lambda: not hidden(card, "explain"))
    assert "☐" not in part(card, "points").value
    press(card, "explain")
    says(card, "nslab-why", "told")
    assert "no route" in part(card, "told").value
    assert "the task, which may ask for another" in part(card, "told").value


@pytest.mark.parametrize("opens", ["check", "hint"])
def test_why_is_offered_after_the_first_try_or_hint(deal: Any, opens: str) -> None:
    one = build(kind="mend", checks=(Unanswered(None, "203.0.113.80"),))
    card, _ = deal(one)
    says(card, "does not reach", "points")  # the card has tried it by itself
    assert one.attempt.tries == 0
    assert hidden(card, "explain")
    part(card, opens).click()
    shown(card, lambda: not hidden(card, "explain"))


FAULT = (
    nslab.AddNamespace("ns1"),
    SetUp("lo", ns="ns1"),
    nslab.DeleteAddress("lo", "127.0.0.1/8", ns="ns1"),
)


@pytest.mark.parametrize("opens", ["check", "hint"])
def test_the_picture_shows_no_fault_before_the_first_try_or_hint(deal: Any, opens: str) -> None:
    one = build(kind="mend", prepare=FAULT)
    card, _ = deal(one)
    assert "lo up" in card.live.picture.text
    assert "lo without" not in card.live.picture.text
    assert "lo without" not in card._repr_mimebundle_()["text/html"]
    part(card, opens).click()
    until(lambda: "lo without 127.0.0.1/8" in card.live.picture.text)
    assert "nslab-wrong" in part(card.live, "drawn").value


def test_a_picture_to_build_by_shows_what_is_missing(deal: Any) -> None:
    card, _ = deal(build(prepare=FAULT))
    assert "lo without 127.0.0.1/8" in card.live.picture.text


def test_in_a_puzzle_a_try_does_not_mark_the_fault(deal: Any) -> None:
    one = build(id=f"word-{next(number)}", kind="mend", lesson="puzzle", prepare=FAULT)
    card, _ = deal(one)
    press(card, "check")
    until(lambda: one.attempt.tries == 1 and not card._worker.busy)
    assert "lo without" not in card.live.picture.text
    press(card, "hint")
    until(lambda: "lo without 127.0.0.1/8" in card.live.picture.text)


def test_why_goes_when_the_network_has_changed(deal: Any) -> None:
    card, lab = deal(build(checks=(HasLink("br0"), Unanswered(None, "203.0.113.80"))))
    lab.do(nslab.DeleteRoute("default"))
    press(card, "check")
    shown(card, lambda: not hidden(card, "explain"))
    press(card, "explain")
    says(card, "nslab-why", "told")
    lab.do(AddBridge("br0"))
    shown(card, lambda: part(card, "told").value == "")


def test_why_is_not_offered_where_its_namespace_is_missing(deal: Any) -> None:
    card, lab = deal(build(checks=(Unanswered("red", "10.0.0.7"), HasLink("br0"))))
    press(card, "check")
    says(card, "does not reach", "points")
    assert hidden(card, "explain")
    lab.do(nslab.AddNamespace("red"))
    press(card, "check")
    shown(card, lambda: not hidden(card, "explain"))


def test_an_error_has_its_remedy_on_a_line_of_its_own(deal: Any) -> None:
    card, _ = deal(build())

    def fail() -> None:
        raise nslab.NslabError("go", "on", "there is no way", "make one")

    card._do(fail)
    says(card, "there is no way", "told")
    assert "<div style='margin-left:1.6em'>→ make one</div>" in part(card, "told").value


def test_news_goes_with_the_next_step(deal: Any) -> None:
    card, lab = deal(build())
    press(card, "again")
    says(card, "Started over", "told")
    lab.do(AddBridge("br0"))
    says(card, "1 of 2 met")
    shown(card, lambda: part(card, "told").value == "")


def test_in_a_puzzle_help_costs_stars(deal: Any) -> None:
    checks = (HasLink("br0"), Unanswered(None, "203.0.113.80"))
    one = build(id=f"word-{next(number)}", kind="mend", checks=checks, lesson="puzzle")
    card, lab = deal(one)
    assert "· puzzle</b>" in part(card, "goal").value
    assert "%%host</code> as its first line" in part(card, "where").value
    assert "exercise" not in part(card, "where").value
    assert part(card, "foot").value.startswith("★★★ · tries: 0")
    assert part(card, "hint").description == "Hint 1 of 3 (−★)"
    press(card, "hint")
    says(card, "★★☆", "foot")
    lab.do(nslab.DeleteRoute("default"))
    press(card, "check")
    shown(card, lambda: not hidden(card, "explain"))
    assert part(card, "explain").description == "Show me why (−★)"
    press(card, "explain")
    says(card, "no route", "told")
    says(card, "★☆☆", "foot")
    assert part(card, "explain").description == "Show me why"
    press(card, "explain")
    until(lambda: not card._worker.busy)
    assert part(card, "foot").value.startswith("★☆☆"), "it is paid once"
    assert part(card, "hint").description == "Hint 2 of 3 (−★)"
    press(card, "hint")
    says(card, "☆☆☆", "foot")
    shown(card, lambda: part(card, "hint").description == "Hint 3 of 3")


# -- start over --------------------------------------------------------------------------------


def test_start_over_takes_one_press_and_there_is_a_way_back(deal: Any) -> None:
    card, lab = deal(build())
    press(card, "again")
    says(card, "Started over", "told")
    assert hidden(card, "back"), "nothing was taken"
    lab.do(AddBridge("br0"))
    says(card, "1 of 2 met")
    press(card, "again")
    says(card, "0 of 2 met")
    shown(card, lambda: not hidden(card, "back"))
    says(card, "What you had done can be brought back", "told")
    press(card, "back")
    says(card, "1 of 2 met")
    says(card, "It is as it was", "told")
    assert hidden(card, "back")


def test_a_step_before_it_starts_over_is_not_the_next_one(
    deal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, lab = deal(predict())
    goes_on, judged = threading.Event(), threading.Event()
    monkeypatch.setattr(card._judging, "_settle", lambda: goes_on.wait(LIMIT))
    lab.do(AddBridge("br0"))
    press(card, "again")
    says(card, "Started over.", "told")
    real = card._judging.judge

    def judge(**more: Any) -> Any:
        try:
            return real(**more)
        finally:
            judged.set()

    monkeypatch.setattr(card._judging, "judge", judge)
    goes_on.set()
    assert judged.wait(LIMIT)
    assert "Started over." in part(card, "told").value


def test_who_starts_over_is_asked_to_choose_again(deal: Any) -> None:
    one = predict()
    card, lab = deal(one)
    one.choose("a")
    lab.do(AddBridge("br0"))
    says(card, "you chose a", "points")
    press(card, "again")
    says(card, "Choose an answer again before you run the commands.", "told")
    says(card, "an answer is chosen", "points")
    assert "before an answer was chosen" not in part(card, "points").value
    assert "Commands were run" not in part(card, "locked").value


# -- what may go wrong -------------------------------------------------------------------------


def test_a_lab_that_made_room_for_another_says_so(
    deal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = build()
    card, lab = deal(one)
    monkeypatch.setattr(type(lab._engine), "name", "vm")
    build().start_alone("fake").close()
    says(card, "The lab has ended: another exercise has the virtual machine now.")
    press(card, "again")
    says(card, "0 of 2 met")
    assert one.attempt.lab is not lab
    one.attempt.lab.close()


def test_a_lab_that_ends_is_said_and_start_over_makes_another(
    deal: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    one = build()
    card, lab = deal(one)
    lab.do(AddBridge("br0"))
    says(card, "1 of 2 met")
    lab.close()
    says(card, "The lab has ended")
    says(card, "press Start over, or run the cell of this card again")
    assert part(card, "check").disabled
    assert "there is a link br0" in part(card, "points").value, "what it showed stays"
    assert "br0" in part(card, "drawn").value
    press(card, "again")
    says(card, "0 of 2 met")
    fresh = one.attempt.lab
    assert fresh is not None
    assert fresh is not lab
    assert not part(card, "check").disabled
    fresh.do(AddBridge("br0"), AddBridge("br1"))
    says(card, "Solved")
    fresh.close()
    assert capsys.readouterr() == ("", ""), "nothing is printed into a cell"


def test_a_newer_card_takes_over(deal: Any) -> None:
    one = build()
    first, lab = deal(one)
    part(first, "hint").click()
    second, same = deal(one)
    assert same is lab
    assert "A newer card has taken over" in part(first, "says").value
    for name in ("check", "hint", "again", "solution"):
        assert part(first, name).disabled
    assert "What is a bridge?" in part(second, "hints").value, "what was opened stays open"
    lab.do(AddBridge("br0"), AddBridge("br1"))
    says(second, "Solved")
    assert one.attempt.tries == 1
    assert "taken over" in part(first, "says").value


def test_a_lab_that_was_started_elsewhere_is_shown(deal: Any) -> None:
    one = build()
    card, _ = deal(one)
    with one.start(engine="fake") as other:
        says(card, "Another lab was started", "told")
        other.do(AddBridge("br0"), AddBridge("br1"))
        says(card, "Solved")
        assert other.name in part(card, "where").value


def test_undo_and_reset_in_a_cell_are_followed(deal: Any) -> None:
    card, lab = deal(build())
    lab.do(AddBridge("br0"))
    says(card, "1 of 2 met")
    lab.reset()
    says(card, "0 of 2 met")
    lab.redo()
    says(card, "1 of 2 met")


def test_a_fault_in_judging_is_said_and_not_printed(
    deal: Any, capsys: pytest.CaptureFixture[str], lab: Lab
) -> None:
    over: list[str] = []

    class Faulty:
        def standing(self, lab: Lab, *, trying: bool = False) -> Any:
            if threading.current_thread() is not threading.main_thread():
                raise ZeroDivisionError("oh")
            return build().standing(lab)

    faulty: Any = Faulty()
    Rejudging(faulty, lab, lambda *_: None, lambda: None, over.append).start()
    until(lambda: over == ["ZeroDivisionError: oh"])
    assert capsys.readouterr() == ("", "")


# -- in a notebook and without one -------------------------------------------------------------


class Notebook:
    """A notebook that cells type into."""

    lab: Any = None

    def use(self, lab: Lab) -> None:
        self.lab = lab

    def uses(self, lab: Lab) -> bool:
        return self.lab is lab


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    made = Notebook()
    monkeypatch.setattr(views, "notebook", lambda: made)
    return made


def test_card_starts_a_lab_once_and_has_cells_type_into_it(notebook: Notebook) -> None:
    one = build()
    card: Any = one.card(engine="fake")
    lab = one.attempt.lab
    assert lab is not None
    assert notebook.lab is lab
    assert "types into this exercise&#x27;s own lab" in part(card, "where").value
    assert hidden(card, "use")
    with Lab(engine="fake"):
        shown(card, lambda: not hidden(card, "use"))
        assert "What you type in the cell below" in part(card, "where").value
        press(card, "use")
        assert notebook.lab is lab
        assert hidden(card, "use")
    again: Any = one.card(engine="fake")
    assert one.attempt.lab is lab, "a cell that is run twice goes on in the same lab"
    assert "taken over" in part(card, "says").value
    for each in (card, again):
        each.close()
    lab.close()
    third: Any = one.card(engine="fake")
    assert one.attempt.lab is not lab
    assert notebook.lab is one.attempt.lab
    third.close()
    notebook.lab.close()


@pytest.fixture
def resting(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """Where many share a machine's memory."""
    monkeypatch.setenv(exercise.RESTING, "1")
    return notebook


def test_a_lab_that_nobody_uses_rests_and_its_card_shows_the_same(resting: Notebook) -> None:
    one = build()
    card: Any = one.card(engine="fake")
    lab = one.attempt.lab
    assert lab is not None
    assert lab.resting
    assert lab.alive
    assert not lab._held.alive, "nothing of it runs"  # type: ignore[union-attr]
    shown = str(part(card, "says").value)
    seen = lab.snapshot()
    for _ in range(3):
        assert not one.standing(lab).solved
        assert lab.snapshot() is seen
        assert not lab.changes.lasting
    assert lab.resting, "who only looks does not wake it"
    assert part(card, "says").value == shown
    assert one.card(engine="fake") is not None
    assert one.attempt.lab is lab, "a cell that is run twice goes on in the same lab"
    assert lab.resting
    lab.close()
    assert not lab.alive
    until(
        lambda: "has ended" in part(card, "says").value or "taken over" in part(card, "says").value
    )


def test_a_lab_that_rests_wakes_for_the_first_step_and_only_that_shows(resting: Notebook) -> None:
    one = build()
    card: Any = one.card(engine="fake")
    lab = one.attempt.lab
    assert lab is not None
    before = lab.snapshot()
    done = lab.do(AddBridge("br0"), AddBridge("br1"))
    assert not lab.resting
    assert lab.snapshot().canonical() != before.canonical()
    made = {change.what for change in done.changes.lasting}  # type: ignore[union-attr]
    assert "namespace" not in made, "what was there is the same, though it was made anew"
    shown(card, lambda: "Solved" in part(card, "says").value)
    lab.undo()
    assert lab.snapshot().canonical() == before.canonical()
    card.close()
    lab.close()


def test_a_lab_that_was_used_does_not_rest(resting: Notebook) -> None:
    one = build()
    lab = one.start(engine="fake")
    lab.do(AddNamespace("mine"))
    card: Any = one.card(engine="fake")
    assert not lab.resting
    assert lab.snapshot().namespace("mine")
    card.close()
    lab.close()
    assert not lab._rest()


def test_a_lab_in_which_only_a_judge_has_tried_something_rests_when_nothing_is_left_to_try(
    resting: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejudging, "AGAIN", ())
    one = build()
    card: Any = one.card(engine="fake")
    lab = one.attempt.lab
    assert lab is not None
    assert lab.resting
    assert lab._engine.alive, "as a judge wakes it who tries a ping"
    assert not lab.resting
    until(lambda: lab.resting)
    lab.sh("brctl addbr mine", echo=False)
    assert not lab._rest(), "what was used stays"
    card.close()
    lab.close()


def test_outside_a_notebook_it_says_the_plain_form() -> None:
    one = lesson("02")["X1"]
    shown = str(one.card(engine="fake"))
    assert one.goal in shown
    for line in (
        'lab = lesson["X1"].start()',
        'lesson["X1"].choose("a")',
        'lesson["X1"].hint()',
        'lab.check(lesson["X1"])',
    ):
        assert f"  {line}" in shown
    assert one.attempt.lab is None, "and starts nothing"


def test_saved_what_does_not_fit_on_a_line_goes_on_behind_its_sign(deal: Any) -> None:
    """In a narrow page it went on below the box."""
    card, lab = deal(predict())
    lab.do(AddBridge("br1"))
    bundle = card._repr_mimebundle_()
    page = (bundle[0] if isinstance(bundle, tuple) else bundle)["text/html"]
    signed = re.findall(r"<div([^>]*)><(?:b|span) style='([^']*)'>[☐✘✔]<", page)
    assert len(signed) == 2
    for around, sign in signed:
        assert around == " style='padding-left:1.6em;text-indent:-1.6em'"
        assert "text-indent:0" in sign


def test_saved_it_is_a_text_and_a_picture(deal: Any) -> None:
    card, lab = deal(predict())
    bundle = card._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    text, page = data["text/plain"], data["text/html"]
    assert text.startswith("X1 (predict): Make a bridge")
    assert "  a) It is `up`.\n" in text
    assert text.endswith(
        "What is wanted:\n"
        "☐ an answer is chosen, before the commands are run\n"
        "☐ the commands of the task were run; now: nothing was changed yet"
    )
    assert "<svg" in page
    assert "min" not in text, "no time is saved in an output"
    assert lab.name not in text


def test_saved_what_is_to_be_done_has_a_heading(deal: Any) -> None:
    """There no "0 of 2 met" stands above it."""
    one = build()
    card, lab = deal(one)
    head = "<div>What is wanted:</div><div[^>]*><"
    assert re.search(f"{head}span", card_words.as_page(one, card._now, ""))
    lab.do(AddBridge("br0"))
    assert re.search(f"{head}b", card_words.as_page(one, one.standing(lab), ""))


def test_a_closed_card_stops_its_threads(deal: Any) -> None:
    others = set(threading.enumerate())
    card, lab = deal(build())
    mine = {
        thread
        for thread in threading.enumerate()
        if thread.name in ("nslab-judge", "nslab-live") and thread not in others
    }
    assert mine
    card.close()
    until(lambda: not any(thread.is_alive() for thread in mine))
    assert lab.alive


def test_where_labs_are_machines_an_exercise_takes_the_place_of_another(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is short there; what is not a machine stays."""
    first, second, third = build(), build(), build()
    card: Any = first.card(engine="fake")
    plain: Any = second.card(engine="fake")
    lab, other = first.attempt.lab, second.attempt.lab
    assert lab is not None
    assert other is not None
    monkeypatch.setattr(lab.engine, "name", "vm")
    newest: Any = third.card(engine="fake")
    assert not lab.alive
    assert other.alive
    says(card, "The lab has ended")
    again: Any = third.card(engine="fake")
    assert again._lab is newest._lab, "its own lab is kept"
    for one in (card, plain, newest, again):
        one.close()
    other.close()
    newest._lab.close()


def test_a_short_command_is_not_broken_between_two_lines() -> None:
    short, long = "ip netns exec ns1", "ip netns exec ns1 sysctl -w net.ipv4.ip_forward=1"
    page = marked(f"Type `{short}` or `{long}` in `ns1`.")
    assert f'<code style="white-space:nowrap">{short}</code>' in page
    assert f"<code>{long}</code>" in page
    assert "<code>ns1</code>" in page, "it has no place to be broken"
