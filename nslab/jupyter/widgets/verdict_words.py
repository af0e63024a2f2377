"""What the kernel says of an exercise, in the reader's language, where a widget shows it.

A verdict is a :class:`~nslab.sentence.Sentence`: ``script/translate`` takes its form
into the catalogue from where it is made.  One that has a part which no catalogue knows, such as a
sentence of somebody's own course, is shown in English from end to end.
"""

from __future__ import annotations

import re

from nslab.jupyter.widgets import error_words
from nslab.jupyter.widgets.change_words import of_change
from nslab.jupyter.widgets.phrases import Phrases, noted
from nslab.jupyter.widgets.words import say
from nslab.network.diff import MARKS, Diff
from nslab.printable import printable
from nslab.sentence import Sentence

_SENTENCES = frozenset(("more", "now", "wanted", "what"))
"""Blanks for sentences; in others are names, addresses, and what another program says."""

CHANGES = (
    noted("new namespace {name}"),
    noted("new container {name}"),
    noted("new file {name}"),
    noted("new {value}"),
    noted("gone namespace {name}"),
    noted("gone container {name}"),
    noted("gone file {name}"),
    noted("gone {value}"),
    noted("file {name}"),
    noted("namespace {name} is now {other}"),
    noted("{link} moved from {place} to {other}"),
    noted("{link} moved from {place} to {other}, renamed to {name}"),
    noted("{link} renamed to {name}"),
    noted("{link}: attached to {bridge}"),
    noted("{link}: detached from {bridge}"),
    noted("{link}: address {address}"),
    noted("{link}: address {address} removed"),
    noted("route {value}"),
    noted("route {value} removed"),
    noted("{place}: route {value}"),
    noted("{place}: route {value} removed"),
    noted("{place}: process {value}"),
    noted("{place}: process {value} removed"),
    noted("route {value}: no longer linkdown"),
    noted("{place}: route {value}: no longer linkdown"),
    noted("{value} removed"),
    noted("new directory {name}"),
    noted("namespace {name} named {other}"),
)
"""What else was changed, as far as it has words of its own; it is quoted."""

_changes = Phrases(CHANGES)

OUTSIDE = (noted("the LAN machine"), noted("the LAN switch"))
"""What is outside the host, where something is said of it."""


def told(text: str) -> str:
    """What a verdict says, in the reader's language; in English if it is not known."""
    said = text.said(say, _filled) if isinstance(text, Sentence) else _cause(text)
    return str(text if said is None else said)


def _cause(text: str) -> str | None:
    """Why something could not be asked: it is not there at all; None if that is not known."""
    cause = error_words.known(text)
    return None if cause == text else cause


def changed(changes: Diff) -> str:
    """What changed, a line each, as a picture has it; its signs are the same everywhere."""
    return "\n".join(f"{MARKS[one.kind]} {printable(_change(one.text))}" for one in changes.lasting)


def _change(text: str) -> str:
    said = _changes.say(text) or of_change(text) or text
    return _PORT.sub(lambda found: say("port of {bridge}").format(bridge=found[1]), said)


_PORT = re.compile(r"(?<=[:,] )port of ([^\s,]+)(?=, )")
"""Of a link that came or went: what is said in parentheses, as it were."""


def _filled(name: str, value: str) -> str | None:
    """What stands in a blank."""
    if name == "vlans" and (said := of_change(value)):
        return said
    if isinstance(value, Sentence):
        return value
    if name in _SENTENCES:
        return _cause(value)
    return _changes.say(value) or value if name == "change" else value


__all__ = ["changed", "told"]
