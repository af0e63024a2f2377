"""A sample of the exercises on another kernel; all of them: tests/kernel/test_exercises.py."""

from __future__ import annotations

import os

import pytest

from nslab import Exercise, Lab, lesson
from nslab.course.exercises.values import Way

pytestmark = [pytest.mark.vm, pytest.mark.usefixtures("made")]


def do(lab: Lab, way: Way) -> None:
    for one in way:
        if isinstance(one, str):
            ran = lab.sh(one, echo=False)
            assert not ran.failures, (one, str(ran))
        else:
            lab.do(one)


@pytest.mark.parametrize("name", ["02-bridge-X2", "04-cables-X2", "13-ipvlan-X1", "14-vlan-X2"])
def test_an_exercise_is_judged_in_a_virtual_machine(name: str) -> None:
    """Not solved at its start, a wrong answer refused for its reason, the right one taken."""
    found, _, ident = name.rpartition("-")
    exercise: Exercise = lesson(found)[ident]
    wrong = exercise.wrong[0]
    with exercise.start(f"vm-{name}-{os.getpid()}", engine="vm") as lab:
        assert not exercise.check(lab)
        do(lab, wrong.way)
        assert wrong.reason in str(exercise.check(lab))
        assert not exercise.check(lab)
        lab.reset()
        do(lab, exercise.answer)
        assert exercise.check(lab), str(exercise.check(lab))
