"""Every exercise on the real kernel: every right way is taken, every wrong one refused, and nothing
that is asked for is asked in vain.
"""

from __future__ import annotations

from typing import Any

import pytest

from nslab import Exercise, HasAddress, NotMet, State, WrongAnswer
from nslab.course.exercises import proof
from nslab.course.exercises.values import Way
from nslab.course.lessons import LESSONS

pytestmark = pytest.mark.kernel

EXERCISES = [one for found in LESSONS for one in found.exercises]


def name_of(one: Exercise) -> str:
    return f"{one.lesson}-{one.id}"


def marked(one: Exercise, *more: object, name: str = "") -> Any:
    """As parameters; what needs a full kernel may be in a virtual machine."""
    marks = [pytest.mark.vm] if one.needs else []
    return pytest.param(one, *more, marks=marks, id=name_of(one) + name)


EACH = [marked(one) for one in EXERCISES]
RIGHT = [
    marked(one, way, name=f"-{number}")
    for one in EXERCISES
    for number, way in enumerate((one.answer, *one.others))
]
PREDICT = [marked(one) for one in EXERCISES if one.choices]


@pytest.mark.parametrize("exercise", EACH)
def test_doing_nothing_is_refused(exercise: Exercise) -> None:
    """Whatever was chosen."""
    assert proof.doing_nothing(exercise) == []


@pytest.mark.parametrize(("exercise", "way"), RIGHT)
def test_a_right_way_is_taken(exercise: Exercise, way: Way) -> None:
    assert proof.right(exercise, way) == []


@pytest.mark.parametrize("exercise", EACH)
def test_wrong_answers_are_refused_and_no_check_is_idle(exercise: Exercise) -> None:
    """Each with its true reason.

    Leaving a check out would let through whatever is refused by that check alone.  Each must have
    such an answer among the wrong ones, or it is idle.
    """
    assert proof.wrong(exercise) == []


@pytest.mark.parametrize("exercise", PREDICT)
def test_every_choice_that_is_not_right_is_among_the_wrong_answers(exercise: Exercise) -> None:
    assert proof.choices(exercise) == []


HALF = ("ip link add br0 up type bridge",)
UP = (*HALF, "ip addr add 10.0.0.1/24 dev br0")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"answer": ("ip link add br0 type bridge",)}, "br0 is down: after the right way"),
        ({"others": ((*UP, "ip link set br9 up"),)}, "line 1 ended with 1: ip link set br9 up"),
        ({"prepare": UP}, "it is met before anything was done"),
        ({"wrong": (WrongAnswer(HALF, "no address"),) * 3}, "refused by this alone: br0 is up"),
        ({"wrong": (WrongAnswer(HALF, "tired"),) * 3}, "not for 'tired'"),
        ({"wrong": (WrongAnswer(UP, "x"),) * 3}, "is taken"),
    ],
)
def test_an_exercise_that_judges_wrongly_is_found_out(change: dict[str, Any], said: str) -> None:
    """The proof itself: a flaw of each kind is named."""
    plain: dict[str, Any] = {
        "id": "X1",
        "kind": "build",
        "goal": "A bridge br0 that is up, with the address 10.0.0.1/24.",
        "checks": (HasAddress("br0", "10.0.0.1/24"), State("br0", "up")),
        "hints": ("Which?", "There.", "`ip link add`"),
        "answer": UP,
        "others": (("brctl addbr br0", "ifconfig br0 10.0.0.1/24 up"),),
        "wrong": (
            WrongAnswer(HALF, "br0 does not have"),
            WrongAnswer((*UP, "ip link set br0 down"), "br0 is down"),
            WrongAnswer((), "there is no link br0"),
        ),
    }
    found = proof.flaws(Exercise(**(plain | change)))
    assert any(said in one for one in found) if said else not found, found


def test_a_learner_goes_from_the_start_to_the_solution() -> None:
    """By what a notebook has: start, check, require; the kernel is asked each time."""
    (exercise,) = [one for one in EXERCISES if name_of(one) == "02-bridge-X2"]
    with exercise.start() as lab:
        assert lab.name == "02-bridge-X2"
        with pytest.raises(NotMet) as caught:
            lab.require(exercise)
        assert str(caught.value).count("✘") == 3
        assert '→ lesson["X2"].hint()' in str(caught.value)
        for line in exercise.answer:
            assert not lab.sh(str(line), echo=False).failures
        tries = exercise.attempt.tries
        assert lab.check(exercise)
        assert exercise.attempt.tries == tries + 1
        assert exercise.attempt.passed
        lab.undo()
        assert not lab.check(exercise)
        lab.redo()
        assert lab.require(exercise)
        assert exercise.attempt.passed
