"""A step of a lesson as a value: what is typed, what it is for, the same by actions, the check.

Notebooks and widgets use these; nothing here does anything.
"""

from __future__ import annotations

from msgspec import Struct

from nslab.network.actions import Action
from nslab.session.check import Check


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

    @property
    def typed(self) -> str:
        """The lines as one block."""
        return "\n".join(self.lines)
