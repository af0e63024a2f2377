"""Numbers as options take them, refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable

import typer

from nslab.printable import printable


def number(
    kind: type[int] | type[float], least: int, most: int | None = None
) -> Callable[[object], float]:
    """What reads an option's number, and says what it takes if it cannot.

    :param kind: int for whole numbers only
    :param least: the smallest that it takes
    :param most: the largest; None for any
    """
    wanted = "a whole number" if kind is int else "a number"
    span = f"of at least {least}" if most is None else f"from {least} to {most}"

    def read(text: object) -> float:
        try:
            value = kind(str(text))
        except ValueError:
            value = None
        if value is None or not least <= value <= (value if most is None else most):
            raise typer.BadParameter(f"it takes {wanted} {span}, not {printable(text)}")
        return value

    return read
