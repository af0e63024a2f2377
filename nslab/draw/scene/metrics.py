"""How wide a text will be, by tables: the machine's fonts are never asked.

A picture has to be the same, byte for byte, wherever it is drawn, and to hold its text in
whatever font the reader has.  So these are the widths of wide common fonts, rounded up: DejaVu
Sans for words, and 0.604 em for the monospaced fonts, whose characters are 0.55 to 0.602 em wide.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from nslab.printable import printable_lines

CODE = 0.604

_NARROW = {
    "i": 0.29,
    "j": 0.29,
    "l": 0.29,
    "f": 0.36,
    "t": 0.4,
    "r": 0.42,
    " ": 0.32,
    ".": 0.32,
    ",": 0.32,
    ":": 0.34,
    "'": 0.28,
    "|": 0.34,
    "-": 0.37,
    "I": 0.3,
    "/": 0.34,
    "(": 0.4,
    ")": 0.4,
    "·": 0.32,
}
_WIDE = {
    "m": 0.98,
    "w": 0.82,
    "M": 0.87,
    "W": 0.99,
    "…": 1.0,
    "@": 1.0,
    "%": 0.95,
    "→": 0.84,
    "−": 0.84,
    "+": 0.84,
    "~": 0.84,
    "=": 0.84,
}

_BOLD = {
    0.35: "'ijl |/\\",
    0.4: "IJ,.·:;-",
    0.46: "!()[]f",
    0.5: "tr_`",
    0.6: "?zcs",
    0.66: "Lxvyk",
    0.7: "aeäoöTEF0123456789",
    0.72: "bdghnpquü{}ßS",
    0.74: "YZPC",
    0.78: "ABKRVXÄ",
    0.85: "DGHNOQUÖÜ#+<=>^~→✔✘−",
    1.0: "wM@…%",
    1.11: "mW&",
}
_BOLD_WIDTHS = {character: wide for wide, every in _BOLD.items() for character in every}
"""In em, of what stands in tags, which has the same distance to either end."""


_Said = Callable[[str], str | None]
_said: ContextVar[_Said | None] = ContextVar("said", default=None)


@contextmanager
def said_as(said: _Said) -> Iterator[None]:
    """Have pictures that are laid out meanwhile leave room for their words in another language.

    :param said: a text in that language, or None where it is the same
    """
    token = _said.set(said)
    try:
        yield
    finally:
        _said.reset(token)


def width(text: str, size: float, *, code: bool = False, bold: bool = False) -> float:
    """The width of a line of text in pixels, on the safe side."""
    said = _said.get()
    other = said(text) if said else None
    here = _width(text, size, code, bold)
    return max(here, _width(other, size, code, bold)) if other else here


def shown_width(text: str, size: float, *, code: bool = False, bold: bool = False) -> float:
    """The same in the language that it is read in, for what is laid out anew in each."""
    said = _said.get()
    here = (said and said(text)) or text
    if bold and not code:
        known = sum(_BOLD_WIDTHS.get(character, 0) for character in here)
        here = "".join(character for character in here if character not in _BOLD_WIDTHS)
        return known * size + _width(here, size, code, bold)
    return _width(here, size, code, bold)


def _width(text: str, size: float, code: bool, bold: bool) -> float:
    total = 0.0
    for character in text:
        if unicodedata.combining(character):
            continue
        if unicodedata.east_asian_width(character) in "WF":
            total += 1.05
        elif code:
            total += CODE
        elif character in _NARROW:
            total += _NARROW[character]
        elif character in _WIDE:
            total += _WIDE[character]
        else:
            total += 0.64 if character.islower() or character.isdigit() else 0.78
    return total * size * (1.1 if bold and not code else 1.0)


def clip(text: str, most: int) -> str:
    """A long name with its middle left out, so that it has at most ``most`` characters."""
    if len(text) <= most:
        return text
    head = (most - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (most - 1 - head) :]}"


def printable(text: str) -> str:
    """A text of one or more lines, which no XML may hold and no terminal should get as it is."""
    return printable_lines(text)
