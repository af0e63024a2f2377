"""English texts that are made elsewhere, said in the reader's language: whole, or not at all.

An error, or a step of a journey, is made far below the widgets, and stays English there: in logs,
in what is saved, in a test.  Its text is a sentence with names: it is known again by its form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from nslab.jupyter.widgets import words

_BLANK = re.compile(r"\\\{(\w+)\\\}")
_ANYTHING = frozenset(
    "before after character command flags flow kind more places reason step subject title value "
    "what word words".split()
)
"""Blanks for what was typed, or is another program's: it may hold any words."""
_LISTED = frozenset(("addresses", "example", "mode", "names"))
"""Blanks for names and values, several of them."""
_ENGLISH = re.compile(r"\b(?:a|and|as|for|is|it|of|or|that|the|which|with)\b")
"""Of a sentence that goes on, for which these are no place: it would be half and half."""


def noted(text: str) -> str:
    """The same text; ``script/translate`` takes it into the catalogue."""
    return text


class Phrases:
    """Sentences with blanks in braces, such as ``{link} has {address} already``.

    Where several fit, the one with the most words of its own is meant.

    :param forms: the sentences, English
    :param parts: what may stand in a blank and is said otherwise in a sentence of another language,
        in which it may have a name of its own
    """

    def __init__(self, forms: Iterable[str], parts: Mapping[str, str] | None = None) -> None:
        self._forms = tuple(forms)
        self._parts = dict(parts or {})

    @cached_property
    def _known(self) -> list[tuple[re.Pattern[str], str]]:
        """How each sentence is known, and how it is said; none where all of them stay English."""
        ordered = sorted(self._forms, key=lambda form: -len(re.sub(r"\{\w+\}", "", form)))
        said = [(form, words.say(form)) for form in ordered]
        if all(form == here for form, here in said):
            return []
        return [(_pattern(form), here) for form, here in said]

    def say(self, text: str) -> str | None:
        """A sentence in the reader's language; None if it is not known."""
        for pattern, here in self._known:
            found = pattern.fullmatch(text)
            if found and not any(_goes_on(*each) for each in found.groupdict().items()):
                parts = {name: self._part(each) for name, each in found.groupdict().items()}
                return here.format_map(parts)
        return None

    def _part(self, filled: str) -> str:
        """What stands in a blank: a name, or several in a row."""
        return " → ".join(
            words.say(self._parts[one]) if one in self._parts else one
            for one in filled.split(" → ")
        )

    def say_all(self, texts: Iterable[str]) -> list[str] | None:
        """Sentences that belong together; None if one of them is not known."""
        said = [self.say(text) for text in texts]
        return None if None in said else [each for each in said if each is not None]


def _pattern(form: str) -> re.Pattern[str]:
    """What a sentence looks like when its blanks are filled in."""
    seen: set[str] = set()

    def blank(found: re.Match[str]) -> str:
        name = found[1]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>{_filler(name)})"

    return re.compile(_BLANK.sub(blank, re.escape(form)))


def _filler(name: str) -> str:
    """What may stand in a blank."""
    return ".+?" if name in _ANYTHING | _LISTED else r"(?:the host|the LAN (?:machine|switch)|\S+?)"


def _goes_on(name: str, filled: str) -> bool:
    """Whether a blank was filled with more than belongs there."""
    return name in _LISTED and bool(_ENGLISH.search(filled))
