"""A rule of translation as it is written everywhere, with the words in it as sentences.

So it is said in the reader's language as a picture says it; what is a value stays as it is.
"""

from __future__ import annotations

import re

from nslab.network.diff import nat_text
from nslab.network.rules import Translation
from nslab.sentence import Sentence, joined, sentence

WORDS = (
    sentence("(in a chain that nothing jumps to)"),
    sentence("this host"),
    sentence("everything"),
    sentence("in by"),
    sentence("from"),
    sentence("port"),
    sentence("to"),
    sentence("as"),
    sentence("if"),
)
CONDITIONS = (
    sentence("bridge in"),
    sentence("bridge out"),
    sentence("ctmark"),
    sentence("destination"),
    sentence("destination type"),
    sentence("direction"),
    sentence("dport"),
    sentence("family"),
    sentence("icmp type"),
    sentence("in"),
    sentence("length"),
    sentence("limit"),
    sentence("mac destination"),
    sentence("mac source"),
    sentence("mark"),
    sentence("operation"),
    sentence("out"),
    sentence("port in"),
    sentence("port out"),
    sentence("protocol"),
    sentence("source"),
    sentence("source type"),
    sentence("sport"),
    sentence("state"),
    sentence("status"),
    sentence("tcp flags"),
    sentence("ttl"),
)
"""What a condition behind "if" begins with; a value follows."""


def notation(rule: Translation) -> Sentence:
    """A rule in one line; one that is not understood is in its tool's words."""
    text = nat_text(rule)
    if not rule.exact:
        return joined("", [text])
    before, condition, rest = text.partition(" if ")
    parts = _parts(before, WORDS)
    if condition:
        told = [_condition(one) for one in rule.also]
        parts += [WORDS[-1], joined(", ", told)]
        end = rest.removeprefix(", ".join(rule.also)).strip()
        parts += _parts(end, WORDS) if end else []
    return joined(" ", parts)


def _parts(text: str, words: tuple[Sentence, ...]) -> list[str]:
    """What stands between blanks: words that are said otherwise elsewhere, and values."""
    known = {str(word): word for word in words}
    longest = "|".join(map(re.escape, known))
    found = re.split(rf"(?<![^ ])({longest})(?![^ ])", text)
    return [known.get(one, one.strip()) for one in found if one.strip()]


def _condition(text: str) -> Sentence:
    """A field, and what it is to be."""
    field = max((one for one in CONDITIONS if text.startswith(f"{one} ")), key=len, default="")
    return joined(" ", [field, text[len(field) + 1 :]]) if field else joined("", [text])
