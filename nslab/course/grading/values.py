"""What the grader and the box say to each other, as JSON; only its form is believed."""

from __future__ import annotations

from msgspec import Struct

from nslab.network.actions import AnyAction

MANY = 350
"""Processes that one answer may have at once; a lab with a Docker engine in it has some sixty."""


BEGUN = b"\n"
"""What comes before the answer, once the lab is there; JSON may begin with it."""


class Deed(Struct, frozen=True, omit_defaults=True):
    """One thing that was done in a lab: actions, or lines that were typed.

    :param actions: what was done by the library
    :param text: what was typed
    :param ns: where; the host if it is None
    :param living: into the shell that lives there, as in a notebook
    """

    actions: tuple[AnyAction, ...] = ()
    text: str = ""
    ns: str | None = None
    living: bool = False


class Job(Struct, frozen=True):
    """What is to be done in the box.

    :param exercise: its name, such as ``02-bridge-X2``
    :param cells: what was handed in, to be run; then ``deeds`` are the answer
    :param deeds: what is to be done in a lab and judged
    :param choice: what was chosen, where there is a choice
    """

    exercise: str
    cells: tuple[str, ...] = ()
    deeds: tuple[Deed, ...] = ()
    choice: str = ""


class Answer(Struct, frozen=True):
    """What came of it.

    :param met: whether the kernel says that the goal is met
    :param lines: the verdict, or what failed, line by line
    :param deeds: what the cells did
    :param choice: what they chose
    """

    met: bool = False
    lines: tuple[str, ...] = ()
    deeds: tuple[Deed, ...] = ()
    choice: str = ""
