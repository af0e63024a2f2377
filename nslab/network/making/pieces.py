"""What a plan is made of: actions, and command lines where no action stands for it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from nslab.errors import InvalidInput
from nslab.network.actions import Action, Command


class Line(Struct, frozen=True):
    """A command that no action stands for, in a namespace; in the host if it is None."""

    command: Command
    ns: str | None = None

    def __str__(self) -> str:
        return str(self.command)


Piece = Action | Line


class Left(Exception):
    """Something that cannot be made; says what, in words."""


def line(ns: str | None, *words: str, to: str = "") -> Line:
    """A command in a namespace, from its words."""
    return Line(Command(words, to=to), ns)


def attempt(pieces: Iterator[Piece], left: list[str]) -> list[Piece]:
    """All pieces of what makes one thing, or none of them and a word about it.

    :param left: where that word goes; a name that no action takes is one, too
    """
    try:
        return list(pieces)
    except Left as error:
        left.append(str(error))
    except InvalidInput as error:
        left.append(f"{error.subject}: {error.cause}")
    return []
