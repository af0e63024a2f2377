"""What somebody else wrote, as it may be shown.

At the very bottom, because errors show such texts, too.
"""

from __future__ import annotations

import unicodedata

_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that a terminal obeys or hides: controls, marks that turn the direction
of writing, lone surrogates (bytes that were no UTF-8), line and paragraph separators."""


def printable(text: object) -> str:
    r"""A text of somebody else's (a name, a path, a message) as it may be shown anywhere.

    What a terminal would obey, hide or turn round is written as Python writes it; the rest stays.
    The result can always be encoded.  To be called once: a backslash is left as it is.

    >>> printable("plain name"), printable("q\x07\u202e\udc9b")
    ('plain name', 'q\\x07\\u202e\\udc9b')
    """
    if not isinstance(text, str):
        try:
            text = str(text)
        except ValueError:  # a number of thousands of digits
            text = short(text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode()
        if unicodedata.category(character) in _UNSHOWN
        else character
        for character in text
    )


def printable_lines(text: str) -> str:
    """The same of a text of several lines, with its tabs."""
    if text.isascii() and text.isprintable():
        return text
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))


def short(value: object, most: int = 60) -> str:
    """A value as Python writes it, its end left out if it is long."""
    try:
        written = repr(value)
    except Exception:  # of a value that nobody knows; huge numbers refuse to be written, too
        written = f"a {type(value).__name__}"
    return written if len(written) <= most else written[: most - 1] + "…"
