"""Every exercise on the real kernel: every right way is taken, every wrong one refused, and nothing
that is asked for is asked in vain.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from nslab import Exercise, Lab, NotMet, WrongAnswer
from nslab.course.exercises.values import Way
from nslab.course.lessons import LESSONS
from nslab.session.check import Verdict

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


def do(lab: Lab, way: Way) -> None:
    """Do it as a learner does; every line of it works."""
    for one in way:
        if isinstance(one, str):
            ran = lab.sh(one, echo=False)
            assert not ran.failures, (one, str(ran))
        else:
            lab.do(one)


def right_choice(exercise: Exercise, lab: Lab) -> str:
    """What the kernel says is so: one choice, once it was run."""
    ids = [one.id for one in exercise.choices if all(exercise.judge(lab, one.id))]
    assert len(ids) == 1, f"not one of the choices is right, but: {ids}"
    return ids[0]


@pytest.mark.parametrize("exercise", EACH)
def test_doing_nothing_is_refused(exercise: Exercise) -> None:
    """Whatever was chosen."""
    with exercise.start() as lab:
        for choice in [one.id for one in exercise.choices] or [""]:
            verdicts = exercise.judge(lab, choice)
            assert not all(verdicts), list(map(str, verdicts))
        if exercise.only:
            assert verdicts[-1], "nothing was done, and yet something changed"
        assert not exercise.check(lab)


@pytest.mark.parametrize(("exercise", "way"), RIGHT)
def test_a_right_way_is_taken(exercise: Exercise, way: Way) -> None:
    with exercise.start() as lab:
        do(lab, way)
        choice = right_choice(exercise, lab) if exercise.choices else ""
        verdicts = exercise.judge(lab, choice)
    assert all(verdicts), "\n".join(map(str, verdicts))


@pytest.mark.parametrize("exercise", EACH)
def test_wrong_answers_are_refused_and_no_check_is_idle(exercise: Exercise) -> None:
    """Each with its true reason.

    Leaving a check out would let through whatever is refused by that check alone.  Each must have
    such an answer among the wrong ones, or it is idle.
    """
    alone: dict[int, list[WrongAnswer]] = defaultdict(list)
    verdicts: list[Verdict] = []
    for wrong in exercise.wrong:
        with exercise.start() as lab:
            do(lab, wrong.way)
            verdicts = exercise.judge(lab, wrong.choice)
        failed = [place for place, verdict in enumerate(verdicts) if not verdict]
        said = [verdicts[place].message for place in failed]
        assert any(wrong.reason in message for message in said), (wrong, said)
        if len(failed) == 1:
            alone[failed[0]].append(wrong)
    idle = [str(verdicts[n]) for n in range(len(verdicts)) if not alone[n]]
    assert not idle, "no wrong answer is refused by these alone"


@pytest.mark.parametrize("exercise", PREDICT)
def test_every_choice_that_is_not_right_is_among_the_wrong_answers(exercise: Exercise) -> None:
    with exercise.start() as lab:
        do(lab, exercise.answer)
        right = right_choice(exercise, lab)
    chosen = {wrong.choice for wrong in exercise.wrong if wrong.way == exercise.answer}
    assert chosen == {one.id for one in exercise.choices} - {right}


def test_a_learner_goes_from_the_start_to_the_solution() -> None:
    """By what a notebook has: start, check, require; the kernel is asked each time."""
    (exercise,) = [one for one in EXERCISES if name_of(one) == "02-bridge-X2"]
    with exercise.start() as lab:
        assert lab.name == "02-bridge-X2"
        with pytest.raises(NotMet) as caught:
            lab.require(exercise)
        assert str(caught.value).count("✘") == 3
        assert '→ lesson["X2"].hint()' in str(caught.value)
        do(lab, exercise.answer)
        tries = exercise.attempt.tries
        assert lab.check(exercise)
        assert exercise.attempt.tries == tries + 1
        assert exercise.attempt.passed
        lab.undo()
        assert not lab.check(exercise)
        lab.redo()
        assert lab.require(exercise)
        assert exercise.attempt.passed
