"""What a learner typed into a cell, read as it was meant.

Only where that is clear: a comment above ``%%host``, a space before it, a line behind it, a slip in
the word.  Else a hint says what would have run in the lab.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from nslab.network import programs
from nslab.network.looking import only_looks

MAGICS = ("host", "ns")

TAG = "exercise:"
"""How the tag of the cell begins that is an exercise's answer; the exercise's name follows."""

_MAGIC = re.compile(r"\s*(%{1,2})(\w+)(?:[ \t]+(.*?))?\s*$")
_OPTION = re.compile(r"\w+=\S*$|-l\S+$")

_NETWORK = frozenset(
    "ip bridge brctl ifconfig route arp iptables ip6tables nft sysctl tc ethtool unshare nsenter "
    "ping traceroute ss netstat tcpdump conntrack ebtables arptables".split()
)
"""Programs that are about a network: typed after ``!``, they work on the machine's own."""

_SHELL = frozenset(
    {*programs.PACKAGES, *_NETWORK}
    | set("sudo cat ls cd echo curl docker mkdir rm cp mv touch export source sleep".split())
)
"""Words with which a line of shell begins."""

_LOOP = re.compile(r"\s*(for|while|until|if)\b.*(;\s*(do|then)\b|\]\]?\s*$)")

_FOR_THE_LAB = "begin the cell with %%host for the lab"
NOTHING = "#\n"
"""What stands in a cell below its magic where nobody has typed anything."""
ASKS_YOUR_OWN = f"this asks your own machine, not the lab: {_FOR_THE_LAB}"


def meant(lines: list[str], known: Sequence[str] = MAGICS) -> list[str]:
    """A cell's lines with ``%%host`` or ``%%ns`` first, if they are in it; for IPython.

    :param lines: the cell's lines, each with its end
    :param known: the cell magics that the shell has

    >>> meant(["# look\\n", "\\n", " %%host\\n", "ip link\\n"])
    ['%%host\\n', 'ip link\\n']
    >>> meant(["%%host ip link\\n"])
    ['%%host\\n', 'ip link\\n']
    >>> meant(["%%hots\\n", "ip link\\n"], ["host", "ns", "time"])
    ['%%host\\n', 'ip link\\n']
    """
    found = _first(lines)
    if found is None:
        return lines
    place, (marks, word, rest) = found
    name = _called(marks, word, known)
    if name is None:
        return lines
    options, behind = _split(name, rest)
    head = " ".join([f"%%{name}", *options])
    typed = [*([behind + "\n"] if behind else []), *lines[place + 1 :]]
    if not "".join(typed).strip():  # IPython would say that "the cell body is empty"
        typed = [NOTHING]
    return [head + "\n", *typed]


@dataclass(frozen=True)
class Place:
    """Where the lines of a cell are typed: ``ns`` is None for the host, ``lab`` empty for the lab
    in use; ``begins`` is the character at which the first of them begins."""

    ns: str | None
    lab: str
    begins: int


def typed(cell: str) -> Place | None:
    """Where the lines of a cell are typed; None for a cell of Python.

    >>> typed("# look\\n%%ns ns1 -l two\\nip link")
    Place(ns='ns1', lab='two', begins=23)
    >>> typed("%%host ip li").begins, typed("x = 1")
    (7, None)
    """
    lines = cell.splitlines(keepends=True)
    found = _first(lines)
    if found is None or found[1][1] not in MAGICS or found[1][0] != "%%":
        return None
    place, (_, name, rest) = found
    begun, line = sum(map(len, lines[:place])), lines[place]
    options, behind = _split(name, rest)
    ns = options[0] if name == "ns" and options else None
    lab = "".join(options[options.index("-l") + 1 :][:1]) if "-l" in options else ""
    if behind:  # the one-line form
        return Place(ns, lab, begun + line.rindex(behind))
    return Place(ns, lab, begun + len(line.rstrip("\n")) + 1)


def _split(name: str, rest: str) -> tuple[list[str], str]:
    """What stands behind a magic's name: its options, and lines of shell."""
    words = rest.split()
    options = words[:1] if name == "ns" else []
    while (more := _options(words[len(options) :])) > 0:
        options += words[len(options) : len(options) + more]
    return options, _after(rest, len(options))


def _first(lines: Sequence[str]) -> tuple[int, tuple[str, str, str]] | None:
    """The first line that is neither blank nor a comment, if it is a magic: its parts."""
    for place, line in enumerate(lines):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _MAGIC.match(line)
        return None if match is None else (place, (match[1], match[2], match[3] or ""))
    return None


def _called(marks: str, word: str, known: Sequence[str]) -> str | None:
    """Which of ours a magic is meant to be."""
    if word in MAGICS:
        return word
    if marks == "%" or word in known:
        return None
    close = difflib.get_close_matches(word.lower(), MAGICS, 1, 0.7)
    return close[0] if close else None


def _options(words: Sequence[str]) -> int:
    """How many words the option has that they begin with: 0 if they begin with none."""
    if not words:
        return 0
    if words[0] == "-l":
        return min(2, len(words))
    return 1 if _OPTION.match(words[0]) else 0


def _after(text: str, words: int) -> str:
    """What follows so many words, as it was typed."""
    for _ in range(words):
        text = text.lstrip().partition(" ")[2]
    return text.strip()


def hint(cell: str) -> str:
    """What to say before a cell runs that was meant for the lab, as far as it shows; else empty.

    >>> hint("ip link")
    'begin the cell with %%host, to type its lines into the lab'
    >>> hint("!ip link")
    'this asks your own machine, not the lab: begin the cell with %%host for the lab'
    """
    for line in cell.splitlines():
        text = line.strip()
        if text.startswith("%%"):
            return ""
        if text.startswith("!") and (program := _program(text[1:])) in _NETWORK:
            words = text[1:].strip().removeprefix("sudo ")
            if only_looks(words):
                return ASKS_YOUR_OWN
            return f"this changes your own machine, not the lab, if {program} may: {_FOR_THE_LAB}"
    if is_python(cell):
        return ""
    if is_shell(first_line(cell)):
        return "begin the cell with %%host, to type its lines into the lab"
    return ""


def first_line(cell: str) -> str:
    """The first line of a cell that is neither blank nor a comment; empty if there is none."""
    lines = (line.strip() for line in cell.splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "")


def misplaced(cell: str) -> str:
    """The magic of ours that stands below other lines of a cell; empty if none does."""
    lines = [line.split()[0] for line in cell.splitlines() if line.startswith("%%")]
    return next((word for word in lines if word.removeprefix("%%") in MAGICS), "")


def is_shell(line: str) -> bool:
    """Whether a line looks like one for a shell.

    >>> is_shell("ip a"), is_shell("for n in 1 2; do echo $n; done"), is_shell("x = ip(")
    (True, True, False)
    """
    return _program(line) in _SHELL or _LOOP.match(line) is not None


def _program(line: str) -> str:
    words = line.split()
    if words[:1] == ["sudo"]:
        words = words[1:]
    return words[0] if words else ""


def is_python(cell: str) -> bool:
    """Whether Python can read it."""
    try:
        ast.parse(cell)
    except (SyntaxError, ValueError):
        return False
    return True
