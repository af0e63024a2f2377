"""Sentences in a row, which keep their forms: what makes one of several."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from nslab.sentence import sentence


def together(said: Iterable[str]) -> str:
    """Sentences in a row; empty if there are none."""
    first, *rest = [*said] or [""]
    return reduce(lambda what, more: sentence("{what}; {more}", what=what, more=more), rest, first)


def in_a_row(words: Iterable[str]) -> str:
    """Words with commas."""
    return reduce(lambda first, last: sentence("{first}, {last}", first=first, last=last), words)


def listed(words: Iterable[str]) -> str:
    """Words in a row, the last behind an ``and``."""
    return reduce(lambda first, last: sentence("{first} and {last}", first=first, last=last), words)
