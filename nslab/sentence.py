"""Sentences that know what they were made of, so that a layer above can say them in other words.

>>> said = sentence("{link} is down", link="ns1/eth0")
>>> said
'ns1/eth0 is down'
>>> said.form, dict(said.values)
('{link} is down', {'link': 'ns1/eth0'})

What is said is English, and remains so here: ``script/translate`` finds the forms of all that is
made by :func:`sentence`, and the widgets have them in the reader's language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Say = Callable[[str], str | None]
"""A form in another language; None, or the same, where there is none."""

Fill = Callable[[str, str], str | None]
"""What stands in a blank of that name: a value, or one in other words; None if they are unknown."""

_BLANK = re.compile(r"\{\w+\}")
_WORD = re.compile(r"[^\W\d_]{2}")


class Sentence(str):
    """English text, which may be one line or several, with the form and the values behind it.

    :param form: with blanks in braces
    :param values: what fills them; what is a sentence itself is said in other words, too
    """

    form: str
    values: Mapping[str, str]

    def __new__(cls, form: str, values: Mapping[str, str] | None = None) -> Sentence:
        values = dict(values or {})
        made = super().__new__(cls, form.format_map(values))
        made.form, made.values = form, values
        return made

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.form, self.values

    def said(self, say: Say, fill: Fill = lambda _, value: value) -> Sentence | None:
        """The same in other words; None if they are not known for all of it.

        :param say: gives a form in another language
        :param fill: gives what stands in a blank; of what it leaves as it is, sentences are said
        """
        form = self.form
        if _WORD.search(_BLANK.sub("", form)):
            found = say(form)
            if found is None or found == form:
                return None
            form = found
        values = {}
        for name, value in self.values.items():
            here = fill(name, value)
            if here is value and isinstance(value, Sentence):
                here = value.said(say, fill)
            if here is None:
                return None
            values[name] = here
        return Sentence(form, values)


def sentence(form: str, /, **values: object) -> Sentence:
    """A sentence of a form that ``script/translate`` takes into the catalogue.

    :param form: a text, as such in the code
    :param values: what fills its blanks; of what is no text the usual words
    """
    return Sentence(form, {name: _text(value) for name, value in values.items()})


def lines(*texts: str) -> Sentence:
    """Several lines: sentences, and what is the same in all languages, such as commands.

    :param texts: each may have several lines itself; those without any are left out
    """
    return joined("\n", [text for text in texts if text])


def joined(between: str, texts: Iterable[str]) -> Sentence:
    """Texts in a row, each of which may be a sentence.

    :param between: what stands between two of them
    """
    filled = {f"part{number}": text for number, text in enumerate(texts)}
    return Sentence(between.join(f"{{{name}}}" for name in filled), filled)


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value)
