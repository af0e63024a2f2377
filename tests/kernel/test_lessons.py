"""Every step of every lesson on the real kernel: its line and its actions come to the same, and
what must be true after it is true after it and not before.
"""

from __future__ import annotations

from typing import Any

import pytest

from nslab.course.lessons import LESSONS, Lesson, lesson
from nslab.network.actions import AddBridge
from nslab.session.check import Resolves
from nslab.session.step import Step

pytestmark = pytest.mark.kernel

STEPS = [(found, step) for found in LESSONS for step in found.steps]


def marked(steps: list[tuple[Lesson, Step]]) -> list[Any]:
    """As parameters; what needs a full kernel may be in a virtual machine."""
    return [
        pytest.param(found, step, marks=[pytest.mark.vm] if found.needs else [])
        for found, step in steps
    ]


# What these say is so before as well: a line that does nothing, a look, a claim.
NO_EFFECT = {"B2", "A3", "A2", "E2"}


def name_of(value: Lesson | Step) -> str:
    return value.name if isinstance(value, Lesson) else value.id


@pytest.mark.parametrize(
    ("found", "step"), marked([(f, s) for f, s in STEPS if s.lines and s.actions]), ids=name_of
)
def test_the_line_and_the_actions_come_to_the_same(found: Lesson, step: Step) -> None:
    same = found.same(step.id)
    assert same, str(same)


@pytest.mark.parametrize(("found", "step"), marked(STEPS), ids=name_of)
def test_a_step_does_what_is_checked(found: Lesson, step: Step) -> None:
    with found.lab(step.id) as lab:
        before = lab.check(step)
        if step.lines:
            assert not lab.sh(step.typed, echo=False).failures
        elif step.actions:
            lab.do(*step.actions)
        after = lab.check(step)
    assert after, str(after)
    assert bool(before) == (step.id in NO_EFFECT or not (step.lines or step.actions)), str(before)


def test_a_wrong_action_is_noticed() -> None:
    same = lesson("02").same("B1", AddBridge("lxcbr0", stp=True))
    assert not same
    assert "stp" in str(same)


def test_the_hosts_own_name_server_is_the_hosts_alone() -> None:
    with lesson("06").lab() as lab:
        verdicts = lab.check(
            Resolves("host", "www.example.org", "203.0.113.80"),
            Resolves("ns1", "www.example.org", ok=False),
        )
        assert verdicts, str(verdicts)
