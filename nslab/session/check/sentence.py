"""A sentence that knows its form, by which it can be said in another language.

It is a text, in English, wherever it goes: in a test, in a log, in what is saved.  What shows it to
a reader may look for its form in a catalogue, and fill in the same values.

>>> said = Sentence("{place} has no route {route}", place="ns1", route="default")
>>> said
'ns1 has no route default'
>>> said.form
'{place} has no route {route}'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce


class Sentence(str):
    """A sentence in English, with what it was made of.

    ``script/translate`` takes the form into the catalogues, so it is written out where it is used.

    :param form: the sentence, with blanks in braces
    :param values: what stands in the blanks: names, numbers, other sentences
    """

    form: str
    values: dict[str, object]

    def __new__(cls, form: str, /, **values: object) -> Sentence:
        made = super().__new__(cls, form.format_map(values))
        made.form, made.values = form, values
        return made

    def __reduce__(self) -> tuple[Callable[..., Sentence], tuple[str, dict[str, object]]]:
        return _again, (self.form, self.values)


def _again(form: str, values: dict[str, object]) -> Sentence:
    return Sentence(form, **values)


def together(said: Iterable[str]) -> str:
    """Sentences in a row; empty if there are none."""
    first, *rest = [*said] or [""]
    return reduce(lambda what, more: Sentence("{what}; {more}", what=what, more=more), rest, first)


def in_a_row(words: Iterable[str]) -> str:
    """Words with commas."""
    return reduce(lambda first, last: Sentence("{first}, {last}", first=first, last=last), words)


def listed(words: Iterable[str]) -> str:
    """Words in a row, the last behind an ``and``."""
    return reduce(lambda first, last: Sentence("{first} and {last}", first=first, last=last), words)
