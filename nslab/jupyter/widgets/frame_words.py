"""Frames and journeys in the reader's language, where a widget shows them.

What a frame carries (``ICMP echo request, seq 1``) is said as Wireshark says it, in all languages.
"""

from __future__ import annotations

import re
from html import escape, unescape

from nslab.frames.journey.markup import whole
from nslab.frames.summary import EVERYONE
from nslab.jupyter.widgets.phrases import Phrases, noted
from nslab.jupyter.widgets.words import say

FORMS = (
    # Where a packet was seen, and how it came there.
    noted("all"),
    noted("all steps"),
    noted("step {number}: into {place}"),
    noted("step {number}: out of {place}"),
    noted("into {place}"),
    noted("out of {place}"),
    noted("first seen"),
    noted("sent by {name}"),
    noted("back in"),
    noted("over the cable"),
    noted("taken in by {name}"),
    noted("by the bridge {name}"),
    noted("by the LAN switch"),
    noted("by the macvlan {name}"),
    noted("by the ipvlan {name}"),
    noted("by the VLAN {name}"),
    noted("through the tunnel"),
    noted("not captured in between"),
    noted("forwarded by {name}"),
    noted("… and {count} copies more"),
    noted("copy → {places}"),
    # What was rewritten.
    noted("new MACs"),
    noted("source {before} → {after}"),
    noted("source {before} → {after} (SNAT by {name})"),
    noted("source {before} → {after} (DNAT undone by {name})"),
    noted("target {before} → {after}"),
    noted("target {before} → {after} (DNAT by {name})"),
    noted("target {before} → {after} (SNAT undone by {name})"),
    # How it ended.
    noted("Arrived at {place}"),
    noted("Left {place}, and never into {other}"),
    noted("Came into {place}, and never into {other}"),
    noted("Left {place}, behind which nothing was captured"),
    noted("Last seen going into {place}"),
    noted("Dropped at {place}: it was meant for another"),
    noted("connection tracking of {name}: {flow}"),
    noted("answer expected: {flow}"),
    # A frame, and what is missing of a capture.
    noted("frame {number} at {place}, sent, {size} bytes: {what}"),
    noted("frame {number} at {place}, meant for this link, {size} bytes: {what}"),
    noted("frame {number} at {place}, meant for everyone, {size} bytes: {what}"),
    noted("frame {number} at {place}, meant for a group, {size} bytes: {what}"),
    noted("frame {number} at {place}, meant for another, {size} bytes: {what}"),
    noted(
        "Its checksum is not filled in: that is left to the card, and between virtual links "
        "there is none."
    ),
    noted("… and {count} frames more"),
    noted(
        "✘ {place}: the kernel dropped {count} frames, which came faster than they were taken in"
    ),
    noted("{place}: the link is called {name} now"),
    noted("this link"),
    noted("everyone"),
    noted("a group"),
    noted("another"),
    noted("– (sent)"),
)

TAGS = (
    noted("source → {after}"),
    noted("target → {after}"),
    noted("STP on, forward delay {seconds} s"),
    noted("STP on"),
    noted("STP off"),
    noted("filter: no rules"),
    noted("filter: 1 rule"),
    noted("filter: {count} rules"),
)
"""What was rewritten, beside a stop of a way in the picture; what stands at bridges and filters."""

_PARTS = {"the host": "host", "the LAN machine": "LAN machine", "the LAN switch": "LAN switch"}
_forms = Phrases(FORMS, _PARTS)
_tags = Phrases(TAGS)

_APART = re.compile(r"(<svg\b.*?</svg>|<style\b.*?</style>)", re.DOTALL)
_WORDS = re.compile(r">([^<>]+)<")
_DESCRIBED = re.compile(r"<desc>([^<]*)</desc>")
_STEP = re.compile(r" *\d+  ")
_GAP = re.compile(r"(\s{2,})")
_LABEL = re.compile(r'aria-label="([^"]+)"')


def of_frame(text: str) -> str:
    """A line about a frame; in English if it is not known."""
    return _forms.say(text) or text


def of_tag(text: str) -> str:
    """A text of a picture: other names in it may read as if they were words."""
    return _tags.say(text) or text


def of_journey(page: str) -> str:
    """A journey in a page: its table, what stands below it, and how its picture is described."""
    if "nslab-walk" not in page:
        return page
    parts = _APART.split(page)
    parts[::2] = [_LABEL.sub(_label, _WORDS.sub(_word, part)) for part in parts[::2]]
    parts[1::2] = [_DESCRIBED.sub(_description, part) for part in parts[1::2]]
    return "".join(parts)


def _description(found: re.Match[str]) -> str:
    """The steps of a journey, a line each, in which two blanks or more part what is said."""
    lines = [_line(line) for line in unescape(found[1]).split("\n")]
    return f"<desc>{escape(chr(10).join(lines))}</desc>"


def _line(line: str) -> str:
    if _STEP.match(line):
        return "".join(map(_cell, _GAP.split(line)))
    before, words = line[: -len(line.lstrip())], line.lstrip()
    if (here := _forms.say(words)) is not None:
        return before + here
    # A table begins with a capital what stands here in a row.
    here = _forms.say(words[:1].upper() + words[1:])
    return line if here is None else before + here[:1].lower() + here[1:]


def _cell(words: str) -> str:
    """What is said in one place: one thing, or all that was rewritten there."""
    return ", ".join(_forms.say(one) or one for one in words.split(", "))


def of_station(name: str) -> str:
    """Whom a frame is for, in a list: a name, which is the same everywhere, or everyone."""
    return say("everyone") if name == EVERYONE else name


def _word(found: re.Match[str]) -> str:
    here = _forms.say(unescape(found[1]).replace("\u00a0", " "))
    return found[0] if here is None else f">{escape(whole(here))}<"


def _label(found: re.Match[str]) -> str:
    here = _forms.say(unescape(found[1]))
    return found[0] if here is None else f'aria-label="{escape(here, quote=True)}"'


__all__ = ["FORMS", "TAGS", "of_frame", "of_journey", "of_station", "of_tag"]
