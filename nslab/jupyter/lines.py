"""The simple commands of a few lines of shell, as far as they can be read without running them.

It is not bash: words are taken as they stand, nothing is expanded, and what stands in a loop, a
condition, a function or a subshell is only marked as such.

:mod:`nslab.network.looking` reads shell too, and on purpose not with this reader: it proves that
lines change nothing, so it gives up at whatever it does not know.  Hints and completion, which this
one is for, have to make something of a line that is half typed or goes beyond them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_OPENING = {"if", "for", "while", "until", "case", "select", "{"}
_CLOSING = {"fi", "done", "esac", "}"}
_BETWEEN = {"then", "do", "else", "elif", "!", "time", "in"}
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(\[[^]]*\])?\+?=")
_OPERATOR = re.compile(r"&&|\|\||;;&?|;&|\|&|&>>?|<<<|<<-?|<>|<&|>>|>&|>\||[|&;()<>\n]")
_ENDS = {"&&", "||", ";;", ";&", ";;&", ";", "&", "\n", "|", "|&", "(", ")"}


def has_commands(text: str) -> bool:
    """Whether there is more than comments and blank lines."""
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())


@dataclass
class Command:
    """A simple command: its words without quotes, and what it is connected to.

    ``given``: its input comes from a pipe or a file.  ``inside``: it is part of something larger,
    which may run it never, often, or with another input.
    """

    words: list[str] = field(default_factory=list)
    given: bool = False
    inside: bool = False


def commands(text: str) -> list[Command]:
    """The simple commands, in order, without the assignments in front of each.

    >>> [(c.words, c.given) for c in commands("ip link | less; X=1 cat <<E\\nvim\\nE")]
    [(['ip', 'link'], False), (['less'], True), (['cat'], True)]
    """
    found: list[Command] = []
    depth: list[str] = []
    command = Command()
    following = ""
    """A redirection whose word comes next."""
    for kind, token in _tokens(text):
        if kind == "operator" and token not in _ENDS:
            following = token
            command.given |= token.startswith("<")
        elif kind == "operator":
            if token == ")" and depth[-1:] == ["("]:
                depth.pop()
            if command.words:
                found.append(command)
            if token == "(":
                depth.append("(")
            command = Command(given=token in ("|", "|&"), inside=bool(depth))
        elif following:
            following = ""
        elif command.words or not (_reserved(token, depth, command) or _ASSIGNMENT.match(token)):
            command.words.append(token)
    if command.words:
        found.append(command)
    return found


def _reserved(word: str, depth: list[str], command: Command) -> bool:
    """Whether a first word is one of the shell's own, which only say what belongs together."""
    if word in _OPENING:
        depth.append(word)
    elif word in _CLOSING:
        if depth:
            depth.pop()
    elif word not in _BETWEEN:
        return False
    command.inside = bool(depth)
    return True


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Words and operators; comments and here-documents are left out."""
    text = text.replace("\\\n", "")
    place, awaited = 0, False
    ends: list[str] = []
    while place < len(text):
        char = text[place]
        if char in " \t":
            place += 1
        elif char == "#":
            place = _until(text, "\n", place)
        elif (match := _OPERATOR.match(text, place)) and not _substitution(text, place):
            place = match.end()
            yield "operator", match[0]
            if match[0] == "\n":
                for end in ends:
                    place = _after_document(text, place, end)
                ends.clear()
            awaited = match[0] in ("<<", "<<-")
        else:
            word, place = _word(text, place)
            # The number of a descriptor belongs to its redirection.
            if word.isdigit() and text[place : place + 1] in ("<", ">"):
                continue
            if awaited:
                ends.append(word)
                awaited = False
            yield "word", word


def _substitution(text: str, place: int) -> bool:
    return text[place : place + 2] in ("<(", ">(")


def _until(text: str, end: str, place: int) -> int:
    found = text.find(end, place)
    return len(text) if found < 0 else found


def _after_document(text: str, place: int, end: str) -> int:
    while place < len(text):
        line_end = _until(text, "\n", place)
        line = text[place:line_end].lstrip("\t")
        place = line_end + 1
        if line == end:
            break
    return place


def _word(text: str, place: int) -> tuple[str, int]:
    """The word that begins here, without its quotes, and where it ends."""
    word = ""
    while place < len(text) and text[place] not in " \t\n;&|":
        char = text[place]
        if char == "\\":
            word += text[place + 1 : place + 2]
            place += 2
        elif char in "'\"`":
            end = _quoted(text, place)
            word += text[place + 1 : end - 1] if char != "`" else text[place:end]
            place = end
        elif text[place : place + 2] in ("$(", "${", "<(", ">("):
            end = _bracketed(text, place + 1)
            word += text[place:end]
            place = end
        elif char in "()<>":
            break
        else:
            word += char
            place += 1
    return word, place


def _quoted(text: str, place: int) -> int:
    """Behind the quote that ends what one begins here."""
    quote, place = text[place], place + 1
    while place < len(text) and text[place] != quote:
        place += 2 if text[place] == "\\" and quote != "'" else 1
    return place + 1


def _bracketed(text: str, place: int) -> int:
    """Behind the bracket that closes the one here."""
    opening = text[place]
    closing = {"(": ")", "{": "}"}[opening]
    depth = 0
    while place < len(text):
        char = text[place]
        if char in "'\"":
            place = _quoted(text, place)
            continue
        depth += (char == opening) - (char == closing)
        place += 1
        if depth == 0:
            break
    return place
