"""What a learner typed into a cell, read as it was meant.

Only where that is clear: a comment above ``%%host``, a space before it, a line behind it, a slip in
the word.  Else a hint says what would have run in the lab.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Sequence

from nslab.network import programs
from nslab.network.looking import only_looks

MAGICS = ("host", "ns")

_MAGIC = re.compile(r"\s*(%{1,2})(\w+)(?:[ \t]+(.*?))?\s*$")
_OPTION = re.compile(r"\w+=\S*$")

_NETWORK = frozenset(
    "ip bridge brctl ifconfig route arp iptables ip6tables nft sysctl tc ethtool unshare nsenter "
    "ping traceroute ss netstat tcpdump conntrack ebtables arptables".split()
)
"""Programs that are about a network: typed after ``!``, they work on the machine's own."""

_FOR_THE_LAB = "begin the cell with %%host for the lab"


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
    words = rest.split()
    options = words[:1] if name == "ns" else []
    while len(words) > len(options) and _OPTION.match(words[len(options)]):
        options.append(words[len(options)])
    behind = _after(rest, len(options))
    head = " ".join([f"%%{name}", *options])
    more = [behind + "\n"] if behind else []
    return [head + "\n", *more, *lines[place + 1 :]]


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
                return f"this asks your own machine, not the lab: {_FOR_THE_LAB}"
            return f"this changes your own machine, not the lab, if {program} may: {_FOR_THE_LAB}"
    if _is_python(cell):
        return ""
    lines = [line.strip() for line in cell.splitlines()]
    first = next((line for line in lines if line and not line.startswith("#")), "")
    known = {*programs.PACKAGES, *_NETWORK, "sudo", "cat", "ls", "cd", "echo", "curl", "docker"}
    if _program(first) in known:
        return "begin the cell with %%host, to type its lines into the lab"
    return ""


def _program(line: str) -> str:
    words = line.split()
    if words[:1] == ["sudo"]:
        words = words[1:]
    return words[0] if words else ""


def _is_python(cell: str) -> bool:
    try:
        ast.parse(cell)
    except (SyntaxError, ValueError):
        return False
    return True
