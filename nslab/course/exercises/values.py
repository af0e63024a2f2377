"""What an exercise is made of, beside checks."""

from __future__ import annotations

from msgspec import Struct

from nslab.network.actions import Action
from nslab.network.arguments import check_fields
from nslab.session.check import Check

Way = tuple[Action | str, ...]
"""Something to do: actions, and lines as they are typed in the host."""


class Choice(Struct, frozen=True):
    """One answer to a question, and what is so if it is right: no key says which is.

    The kernel is asked in a lab where nothing was done but the exercise's ``answer``: what else a
    learner changes decides nothing.

    :param id: what a learner chooses it by, such as ``a``
    :param text: what it claims
    :param checks: what holds if it is right
    :param mustnot: what does not hold if it is right
    """

    id: str
    text: str
    checks: tuple[Check, ...] = ()
    mustnot: tuple[Check, ...] = ()

    def __post_init__(self) -> None:
        check_fields(self)


class MustNot(Struct, frozen=True):
    """What would meet the goal at too high a price.

    :param check: what must not hold
    :param reason: what is said if it does
    """

    check: Check
    reason: str

    def __post_init__(self) -> None:
        check_fields(self)


class WrongAnswer(Struct, frozen=True):
    """An answer that must be refused, which a test proves.

    :param way: what is done
    :param reason: a piece of what must be said to it
    :param choice: what was chosen before, where there is a choice
    """

    way: Way
    reason: str
    choice: str = ""

    def __post_init__(self) -> None:
        check_fields(self)
