"""Exercises as values, and what a learner calls: hints, the solution, choices; each wrong use has
one clear answer.  Whether they judge rightly is proved on the kernel (tests/kernel).
"""

from __future__ import annotations

import itertools
import pickle
import re
from typing import Any

import pytest
from msgspec import structs

import nslab
from nslab import (
    AddAddress,
    AddBridge,
    DeleteLink,
    Exercise,
    HasAddress,
    HasLink,
    InvalidInput,
    Lab,
    MustNot,
    NoLink,
    NotMet,
    NslabError,
    SetUp,
    State,
    WrongAnswer,
    lesson,
)
from nslab.course.exercises import judging, predicting
from nslab.course.exercises.standing import UNFOUND, VEILED
from nslab.course.exercises.values import Choice
from nslab.course.lessons import LESSONS, Lesson
from nslab.session.check import Check, Verdict
from nslab.session.step import Task

number = itertools.count(1)
WRONG = tuple(WrongAnswer((), "there is no link br0") for _ in range(3))


def build(**fields: Any) -> Exercise:
    """An exercise that no test has begun."""
    plain: dict[str, Any] = {
        "id": "X1",
        "kind": "build",
        "goal": f"Make a bridge br0, for the {next(number)}th time.",
        "checks": (HasLink("br0"),),
        "hints": ("What is a bridge?", "Look at brctl.", "brctl addbr br0"),
        "answer": (AddBridge("br0"),),
        "others": (("ip link add br0 type bridge",),),
        "wrong": WRONG,
    }
    return Exercise(**(plain | fields))


def predict(**fields: Any) -> Exercise:
    choices = (
        Choice("a", "It is up.", (State("br0", "up"),)),
        Choice("b", "It is down.", (State("br0", "down"),), (State("br0", "up"),)),
    )
    return build(**({"kind": "predict", "choices": choices} | fields))


# -- in a lesson ------------------------------------------------------------------------------

EXERCISES = [one for found in LESSONS for one in found.exercises]


def test_a_lesson_lists_its_exercises_and_finds_them() -> None:
    bridge = lesson("02")
    assert [one.id for one in bridge.exercises] == ["X1", "X2", "X3"]
    assert bridge["X2"] is bridge.exercises[1]
    assert bridge["B1"].typed == "brctl addbr lxcbr0"
    assert [step.id for step in bridge] == ["B1", "B2", "B3"]
    with pytest.raises(InvalidInput, match="B1, B2, B3, X1, X2, X3"):
        _ = bridge["X4"]


@pytest.mark.parametrize("name", [one.name for one in LESSONS if one.steps])
def test_a_lesson_has_one_of_each_kind(name: str) -> None:
    """But the capstone, which teaches nothing."""
    assert {one.kind for one in lesson(name).exercises} == {"predict", "build", "mend"}


WORDS = {*"up down default host lan router switch internet client server relay bridge".split()}
"""Names and states that are usual words as well."""


@pytest.mark.parametrize("one", EXERCISES, ids=lambda one: f"{one.lesson}-{one.id}")
def test_the_names_in_a_goal_are_code(one: Exercise) -> None:
    values = {value for check in one.checks for value in structs.asdict(check).values()}
    names = {value for value in values if isinstance(value, str) and value.isidentifier()} - WORDS
    plain = re.sub("`[^`]*`", "", one.goal)
    assert not names & {*re.findall(r"[\w.-]+[\w-]", plain.replace("'s ", " "))}


@pytest.mark.parametrize("one", EXERCISES, ids=lambda one: f"{one.lesson}-{one.id}")
def test_an_exercise_is_written_out(one: Exercise) -> None:
    assert one.goal.endswith((".", "?"))
    assert one.hints[0].endswith("?"), "the first hint is a question"
    assert "`" in one.hints[2], "the last hint is a command"
    for called in re.findall(r"[^`(]*\blab\.", " ".join(one.hints)):
        assert called.replace("'", '"').endswith(f'["{one.id}"].lab.'), "lab is the lesson's own"
    assert one.kind != "mend" or one.prepare
    assert one.begin[len(one.begin) - len(one.prepare) :] == one.prepare
    assert len({*map(repr, (one.answer, *one.others))}) == 1 + len(one.others)


def test_it_begins_where_it_says() -> None:
    bridge = lesson("02")
    done, before = build(done=True), build(id="X2", before="B2", prepare=("true",))
    made = structs.replace(bridge, exercises=(done, before, build(id="X3")))
    assert made["X1"].begin == bridge.state_after()
    assert made["X2"].begin == (AddBridge("lxcbr0"), "true")
    assert made["X3"].begin == ()
    assert {one.lesson for one in made.exercises} == {"02-bridge"}


def test_ids_do_not_collide() -> None:
    with pytest.raises(InvalidInput, match="called B1"):
        structs.replace(lesson("02"), exercises=(build(id="B1"),))
    with pytest.raises(InvalidInput, match="called X1"):
        structs.replace(lesson("02"), exercises=(build(), build()))
    with pytest.raises(InvalidInput, match="no such step"):
        structs.replace(lesson("02"), exercises=(build(before="X1"),))


# -- as a value -------------------------------------------------------------------------------


def test_it_is_a_value() -> None:
    one = build()
    assert one == structs.replace(one)
    assert hash(one) == hash(structs.replace(one))
    assert isinstance(one, Task)
    with pytest.raises(AttributeError):
        one.id = "X2"  # type: ignore[misc]
    for each in EXERCISES:
        hash(each)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "guess"}, "'guess' is no kind"),
        ({"id": ""}, "no id"),
        ({"goal": " "}, "no goal"),
        ({"goal": None}, "goal=None"),
        ({"checks": ()}, "no tuple of checks"),
        ({"checks": [HasLink("br0")]}, "no tuple of checks"),
        ({"checks": ("br0",)}, "no tuple of checks"),
        ({"hints": ("a", "b")}, "not three texts"),
        ({"hints": "abc"}, "not three texts"),
        ({"answer": ()}, "answer="),
        ({"answer": "brctl addbr br0"}, "answer="),
        ({"others": ()}, "others="),
        ({"others": ("brctl addbr br0",)}, "others="),
        ({"others": None}, "others="),
        ({"wrong": WRONG[:2]}, "fewer than three"),
        ({"mustnot": (HasLink("br0"),)}, "no tuple of MustNot"),
        ({"only": "ns1"}, "only is no tuple"),
        ({"prepare": "true"}, "prepare='true'"),
        ({"choices": (Choice("a", "yes"), Choice("b", "no"))}, "no other has"),
        ({"kind": "predict"}, "one to predict has choices"),
        ({"kind": "predict", "choices": (Choice("a", "yes"),)}, "one to predict has choices"),
        ({"kind": "predict", "choices": (Choice("a", "1"), Choice("a", "2"))}, "the same"),
        ({"kind": "predict", "choices": (Choice("", "1"), Choice("b", "2"))}, "no ids"),
        ({"done": True, "before": "B1"}, "after all of them"),
    ],
)
def test_one_that_is_written_wrongly_says_what_to_write(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        build(**fields)
    assert said in str(caught.value)


def test_it_shows_itself_without_its_solution() -> None:
    one = predict()
    shown = repr(one)
    assert one.goal in shown
    assert "b) It is down." in shown
    assert "not passed yet; tries: 0; hints open: 0 of 3" in shown
    assert "addbr" not in shown
    assert one._repr_mimebundle_()["text/plain"] == shown


# -- hints and the solution -------------------------------------------------------------------


def test_a_way_is_shown_once() -> None:
    one = build(
        others=(("brctl addbr br0",), ("ip link add br0 type bridge",)), answer=("brctl addbr br0",)
    )
    one.solution()
    assert str(one.solution()).count("brctl addbr br0") == 1


def test_hints_open_one_at_a_time() -> None:
    one = build()
    assert str(one.hint()) == "hint 1 of 3: What is a bridge?"
    assert "hint 2 of 3: Look at brctl." in str(one.hint())
    assert str(one.hint()) == str(one.hint())
    assert str(one.hint()).count("\n") == 2
    assert one.attempt.hints == 3
    assert build().attempt.hints == 0


def test_an_exercise_of_a_lesson_goes_on_where_it_was() -> None:
    made = structs.replace(lesson("02"), exercises=(build(),))
    made["X1"].hint()
    assert "hint 2 of 3" in str(made["X1"].hint())


def test_the_solution_comes_when_asked_twice() -> None:
    one = build()
    one.hint()
    first = str(one.solution())
    assert "2 hints are still closed;" in first
    assert "br0" not in first
    second = str(one.solution())
    assert 'exercise.lab.do(AddBridge("br0"))' in second
    assert "ip link add br0 type bridge" in second
    assert "one way:" in one.solution()._repr_mimebundle_()["text/html"]


def test_a_solution_in_python_can_be_run_where_it_is_read() -> None:
    """It imports what it needs, and works on the exercise's own lab, whatever else is open."""
    one = build(answer=("brctl addbr br0",), others=((AddBridge("br0"), SetUp("br0")),))
    one.solution()
    lines = one.solution().lines
    (place,) = (n for n, line in enumerate(lines) if line == "another, in Python:")
    with one.start(engine="fake") as lab, Lab(engine="fake") as other:
        before = other.snapshot()
        exec("\n".join(line.strip() for line in lines[place + 1 :]), {"exercise": one})
        assert lab.snapshot().link("br0").up
        assert other.snapshot() == before
    with pytest.raises(InvalidInput, match="it has ended"):
        one.lab.snapshot()


@pytest.mark.parametrize("name", [one.name for one in LESSONS])
def test_each_prediction_is_explained(name: str) -> None:
    for one in lesson(name).exercises:
        assert bool(one.because) == (one.kind == "predict")


@pytest.mark.parametrize("name", [one.name for one in LESSONS])
def test_what_solutions_import_is_there(name: str) -> None:
    for one in lesson(name).exercises:
        for way in (one.answer, *one.others):
            for line in one._shown(way):
                if line.startswith("  from nslab import "):
                    exec(line.strip(), {})


def test_the_solution_comes_once_it_is_passed() -> None:
    one = build()
    with one.start(engine="fake") as lab:
        lab.do(AddBridge("br0"))
        assert one.check(lab)
        assert one.solution().lines[0] == "one way:"


# -- judging ----------------------------------------------------------------------------------


def test_tries_are_counted_and_what_is_passed_stays_so() -> None:
    one = build()
    with one.start(engine="fake") as lab:
        verdicts = one.check(lab)
        assert str(verdicts) == "✘ there is no link br0\n  → exercise.hint() opens a hint"
        lab.do(AddBridge("br0"))
        assert lab.check(one)
        lab.undo()
        assert not lab.check(one)
    assert one.attempt.passed
    assert one.attempt.tries == 3
    assert "passed; tries: 3" in repr(one)


def test_judging_alone_counts_nothing() -> None:
    one = build()
    with one.start(engine="fake") as lab:
        assert not all(one.judge(lab))
    assert one.attempt.tries == 0


def test_its_lab_is_called_after_it() -> None:
    with build().start(engine="fake") as lab:
        assert lab.name == "exercise-X1"
    with lesson("02")["X2"].start(engine="fake") as lab:
        assert lab.name == "02-bridge-X2"
        assert lab.snapshot().link("lxcbr0").up


def test_what_must_not_be_is_said_only_if_it_is() -> None:
    one = build(mustnot=(MustNot(HasLink("br1"), "nobody asked for br1"),))
    with one.start(engine="fake") as lab:
        lab.do(AddBridge("br0"))
        assert str(one.check(lab)) == "✔ there is a link br0"
        lab.do(AddBridge("br1"))
        verdicts = one.check(lab)
        assert [verdict.ok for verdict in verdicts] == [True, False]
        assert verdicts[1].message == "nobody asked for br1"


class Heard(Check, frozen=True):
    """Something that is tried for real."""

    @property
    def tries(self) -> str:
        return "br0 answers"

    def ask(self, lab: Any) -> Verdict:
        return Verdict(any(one.name == "br0" for one in lab.snapshot().host.links), "br0 answers")


def test_a_fault_that_is_to_be_found_is_not_named_before_a_hint() -> None:
    """Neither in plain words; but what a half answer has reached is told."""
    one = build(
        kind="mend",
        find=True,
        prepare=(AddBridge("br9"),),
        checks=(Heard(), State("eth0", "up")),
        mustnot=(MustNot(HasLink("br9"), "there still is br9"),),
    )
    with one.start(engine="fake") as lab:
        assert next(str(verdict) for verdict in one.check(lab)).startswith("✘ br0 answers")
        assert "br9" not in str(one.check(lab))
        lab.do(AddBridge("br0"))
        first, second = one.check(lab)
        assert first.ok
        assert second.message == VEILED
        one.hint()
        assert "✘ there still is br9" in str(one.check(lab))
        lab.do(DeleteLink("br9"))
        assert one.check(lab)


def test_a_link_that_is_to_be_found_is_not_named_by_a_wrong_command() -> None:
    one = predict(find=True, checks=(HasLink("br0"),))
    with one.start(engine="fake") as lab:
        one.choose("a")
        lab.do(AddBridge("br9"))
        seen = str(list(one.standing(lab).points))
        assert "br0" not in seen
        assert UNFOUND in seen
        first, second = one.check(lab)
        assert (first.ok, str(first.message)) == (False, UNFOUND)
        assert "br0" not in str(first)
        assert not second
        lab.do(AddBridge("br0"))
        assert one.check(lab)[0].message == "there is a link br0"
    with one.start(engine="fake") as lab:
        one.hint()
        lab.do(AddBridge("br9"))
        assert "there is no link br0" in str(one.standing(lab).points[-1]), "a hint is open"


def test_what_is_wrong_from_the_start_is_not_named_before_anything_was_done() -> None:
    """The learner is to see it first."""
    one = build(
        kind="mend",
        prepare=(AddBridge("br9"),),
        mustnot=(MustNot(HasLink("br9"), "there still is br9"),),
    )
    with one.start(engine="fake") as lab:
        now = one.standing(lab)
        assert "br9" not in str(now.points)
        assert not now.solved
        lab.do(AddBridge("br0"))
        assert "there still is br9" in str(one.standing(lab).points)
    with one.start(engine="fake") as lab:
        assert "there still is br9" in str(one.check(lab)), "who asks is told"


def test_the_rest_that_comes_first_is_in_sight() -> None:
    """What is wrong from the start is not named yet, so nothing may wait for it in words."""
    one = build(
        kind="mend",
        checks=(HasLink("eth0"), Heard()),
        prepare=(AddBridge("br9"),),
        mustnot=(MustNot(HasLink("br9"), "there still is br9"),),
    )
    with one.start(engine="fake") as lab:
        assert one.standing(lab).points[1:] == ("br0 answers: not tried yet",)
        lab.do(AddBridge("br8"))
        assert one.standing(lab).points[1:] == (
            "br0 answers: not tried until the rest is right",
            Verdict(False, "there still is br9"),
        )


def test_what_is_too_much_is_named_also_where_a_fault_is_to_be_found() -> None:
    """What the learner has changed is no part of the fault."""
    one = build(kind="mend", find=True, checks=(Heard(),), only=("host/br0",))
    with one.start(engine="fake") as lab:
        lab.do(AddBridge("br0"), AddBridge("br7"))
        _, second = one.check(lab)
        assert str(second.message).startswith(
            "this should not have changed: in the host: new bridge br7: "
        )
        standing = one.standing(lab, trying=True)
        assert [point for point in standing.points if isinstance(point, Verdict) and not point] == [
            Verdict(False, second.message)
        ]


def test_what_else_was_changed_is_said() -> None:
    one = build(only=("host/br0",))
    with one.start(engine="fake") as lab:
        lab.do(AddBridge("br0"), AddAddress("br0", "10.0.0.1/24"), SetUp("br0"))
        assert one.check(lab), "a link's addresses and routes are its own"
        lab.do(AddAddress("eth0", "10.1.0.1/24"))
        (verdict,) = [verdict for verdict in one.check(lab) if not verdict]
        assert "not have changed: in the host: eth0: address 10.1.0.1/24; " in verdict.message
        assert "(exercise.lab.undo() takes a step back)" in verdict.message, "not the lesson's lab"


def test_a_namespace_may_differ_as_a_whole() -> None:
    with Lab(engine="fake", start=(AddBridge("br0"),)) as lab:
        lab.sh("true", echo=False)
        before = lab.snapshot()
        lab.do(AddBridge("br1"), nslab.AddNamespace("ns1"), SetUp("lo", ns="ns1"))
        after = lab.snapshot()
    assert judging.untouched(before, before, ("ns1",))
    assert judging.untouched(before, after, ("host", "ns1"))
    assert "in the host: new bridge br1: " in judging.untouched(before, after, ("ns1",)).message
    there = judging.untouched(before, after, ("host",)).message
    assert "new namespace ns1" in there
    for only in (("host/br1",), ("host",)):
        found = judging.untouched(before, after, only).message
        assert "in the host: lo" not in found, "it is that of ns1"
    both = judging.untouched(before, after, ("host/br0",)).message
    assert " more); " in both, "it does not name one thing as if it were all"


def test_another_lab_is_refused(lab: Lab) -> None:
    one = lesson("02")["X2"]
    for call in (lab.check, lab.require, one.check):
        with pytest.raises(InvalidInput, match="was not started for it") as caught:
            call(one if call != one.check else lab)
        assert 'lab = lesson["X2"].start()' in caught.value.hint
    with pytest.raises(InvalidInput, match="a lab"):
        one.check("lab")
    closed = one.start(engine="fake")
    closed.close()
    with pytest.raises(NslabError, match="closed"):
        one.check(closed)


# -- to predict -------------------------------------------------------------------------------


def test_choosing_and_then_running() -> None:
    one = predict()
    with one.start(engine="fake") as lab:
        assert "nothing was chosen" in str(one.check(lab))
        shown = str(one.choose("a"))
        assert shown.startswith("you chose a: It is up.\nnow run it:")
        assert not one.check(lab), "it was not run"
        lab.do(*[AddBridge("br0")])
        assert "you chose a, but br0 is down" in str(one.check(lab))
        with pytest.raises(InvalidInput, match="that would be no prediction"):
            one.choose("b")
    with one.start(engine="fake") as lab:
        one.choose("b")
        lab.do(AddBridge("br0"))
        assert "✔ you chose b: br0 is down" in str(one.check(lab))
    assert one.attempt.choices == ("a", "b")
    assert one.attempt.passed


def test_a_guess_does_not_come_true_by_what_else_is_changed() -> None:
    one = predict()
    with one.start(engine="fake") as lab:
        one.choose("a")
        lab.do(AddBridge("br0"))
        lab.do(SetUp("br0"))
        (verdict,) = [verdict for verdict in one.check(lab) if not verdict]
        assert "you chose a, and in your lab it is so, but only because" in verdict.message
        assert "with nothing but what the exercise says, br0 is down" in verdict.message
        assert verdict.message.endswith("start over, and change nothing else")
    assert not one.attempt.passed


def test_a_right_guess_stays_right_whatever_else_is_changed() -> None:
    one = predict()
    with one.start(engine="fake") as lab:
        one.choose("b")
        lab.do(AddBridge("br0"), SetUp("br0"))
        assert "with nothing but what the exercise says, br0 is down; your lab" in str(
            one.check(lab)
        )
    assert one.attempt.passed


def test_what_is_put_back_does_not_make_a_guess_come_true() -> None:
    """Then the lab differs from its beginning by less than the exercise's own commands make."""
    one = predict(
        prepare=(AddBridge("br0"), AddAddress("br0", "10.0.0.1/24")),
        checks=(HasLink("br1"),),
        answer=(DeleteLink("br0"), AddBridge("br1")),
        choices=(
            Choice("a", "The address stays.", (HasAddress("br0", "10.0.0.1/24"),)),
            Choice("b", "It goes.", (NoLink("br0"),)),
        ),
    )
    with one.start(engine="fake") as lab:
        one.choose("a")
        lab.do(*one.answer)
        lab.do(AddBridge("br0"), AddAddress("br0", "10.0.0.1/24"))
        assert "there is no link br0; start over" in str(one.check(lab))


def test_the_kernel_is_asked_once_and_once_more_where_the_lab_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    apart = Lab._apart
    monkeypatch.setattr(Lab, "_apart", lambda *args: asked.append(args) or apart(*args))
    one = predict()
    with one.start(engine="fake") as lab:
        one.choose("b")
        assert not one.check(lab)
        assert not asked, "it was not run yet"
        lab.do(AddBridge("br0"))
        for _ in range(3):
            assert one.check(lab)
        assert one.standing(lab).solved
        assert len(asked) == 1
        lab.do(SetUp("br0"))
        for _ in range(3):
            assert one.check(lab)
        assert len(asked) == predicting.OFTEN


def test_a_look_alone_starts_no_other_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    one = predict()
    with one.start(engine="fake") as lab:
        one.choose("b")
        lab.do(AddBridge("br0"))
        with monkeypatch.context() as patched:
            patched.setattr(Lab, "_apart", lambda *_: pytest.fail("another lab was started"))
            now = one.standing(lab)
            assert now.points[0] == "you chose b: the kernel is being asked"
            assert now.left
        assert one.standing(lab, trying=True).solved


@pytest.mark.parametrize("one", [pytest.param(e, id=e.name) for e in EXERCISES if e.choices])
def test_each_prediction_is_shown_to_be_no_guess_that_can_be_made_true(one: Exercise) -> None:
    """Such an answer is among the wrong ones: the proof on the kernel sees it refused."""
    told = "with nothing but what the exercise says, "
    assert [wrong for wrong in one.wrong if wrong.reason.startswith(told)]


def test_wrong_choices_are_refused() -> None:
    with pytest.raises(InvalidInput, match="it has: a, b"):
        predict().choose("c")
    with pytest.raises(InvalidInput, match="choice=3"):
        predict().choose(3)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="one to build"):
        build().choose("a")


# -- lab.require ------------------------------------------------------------------------------


def test_require_is_check_that_raises(lab: Lab) -> None:
    assert str(lab.require(HasLink("eth0"))) == str(lab.check(HasLink("eth0")))
    wanted = (HasLink("eth0"), HasLink("br9"))
    with pytest.raises(NotMet) as caught:
        lab.require(*wanted)
    assert str(caught.value) == str(lab.check(*wanted)) == caught.value.cause
    assert isinstance(caught.value, AssertionError)
    assert caught.value._render_traceback_()[0].startswith("NotMet: ✔ there is a link eth0\n✘")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    with pytest.raises(NotMet, match="lxcbr0"):
        lab.require(lesson("02")["B1"])
    assert lab.require(NoLink("br9"), lesson("02")["B1"].checks[0].__class__("eth0"))


def test_require_wants_something(lab: Lab) -> None:
    with pytest.raises(InvalidInput, match="nothing was named"):
        lab.require()
    for odd in (None, "eth0", Exercise, HasLink, Lesson, lesson("02")):
        for call in (lab.check, lab.require):
            with pytest.raises(InvalidInput, match="neither a check nor a step nor an exercise"):
                call(odd)  # type: ignore[arg-type]
