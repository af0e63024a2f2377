"""A step of a lesson as a value: what is typed, what it is for, the same by actions, the check.

Notebooks and widgets use these.  What else may be checked is a :class:`Task`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct

from nslab.network.actions import Action
from nslab.sentence import sentence
from nslab.session.check import Check, Verdict
from nslab.session.check.verdict import Asked


class Step(Struct, frozen=True, kw_only=True):
    """One step.

    ``lines`` are typed in the host, word for word as the article prints them where ``rows`` names
    rows of it (:mod:`nslab.course.lessons.article`).  ``actions`` do the same by the library.  A
    step without lines is a claim, or something that only the library does.

    :param id: its name, such as ``B1``
    :param title: its heading
    :param text: what it does
    :param guess: the question before it
    :param rows: the rows of the article's table that it covers
    :param lines: the command lines as printed
    :param actions: the actions that do the same
    :param checks: what must hold after it
    :param later: the steps that follow it in its lesson
    """

    id: str
    title: str
    text: str
    """What it does, in a sentence or two."""
    guess: str = ""
    """The question to ask the learner before it is run."""
    rows: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    checks: tuple[Check, ...] = ()
    """What must be so right after the step."""
    later: tuple[Step, ...] = ()
    """The steps after it, by which a check of it sees that a lab is past it."""

    @property
    def typed(self) -> str:
        """The lines as one block."""
        return "\n".join(self.lines)


@runtime_checkable
class Task(Protocol):
    """What judges a lab by itself, as an exercise does."""

    @property
    def id(self) -> str:
        """Its name."""

    def ask_all(self, lab: Any) -> Sequence[Verdict]:
        """Ask the lab, and judge all that is wanted."""


def judged(step: Step, lab: Asked) -> list[Verdict]:
    """The verdicts on a step's checks.

    A learner who types several steps at once is past the first before it is checked: the cable's
    end that step made is in another namespace by then.  So where a check fails, the lab is held
    against the steps after it, by those checks that look and send nothing.
    """
    found = [check.ask(lab) for check in step.checks]
    if all(found):
        return found
    snapshot = lab.snapshot()
    for later in step.later:
        looks = all(type(check).ask is Check.ask for check in later.checks)
        if looks and later.checks and all(check.judge(snapshot) for check in later.checks):
            past = sentence(
                "the lab is past step {step}: what step {later} makes is there already",
                step=step.id,
                later=later.id,
            )
            return [*filter(None, found), Verdict(True, past)]
    return found
