"""The words of a picture in the reader's language, where a widget shows it.

Names, addresses and the kernel's own words (up, bridge, macvlan) are the same everywhere.  What is
saved with a notebook stays English, so this is done to a picture on its way into a widget.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from html import escape, unescape
from typing import TypeVar

from nslab.draw import Picture, worded
from nslab.jupyter.widgets.change_words import of_change
from nslab.jupyter.widgets.frame_words import of_journey, of_tag
from nslab.jupyter.widgets.page import reachable
from nslab.jupyter.widgets.phrases import Phrases, noted
from nslab.jupyter.widgets.words import say

P = TypeVar("P", bound=Picture)

_TEXT = re.compile(r"(<(?:text|tspan|th)\b[^>]*>)([^<]+)(?=</(?:text|tspan|th)>)")
_TOLD = re.compile(r'(<title>|aria-label=")([^<>"]+)')

TIPS = (
    noted("The network of {name}"),
    noted("The network of {name}, with what changed"),
    noted("{title}, on the network of {name}"),
    noted("{name} (the pseudo-host)"),
    noted("{name} (the machine)"),
    noted("{name} (namespace)"),
    noted("{name} (process)"),
    noted("{name} (container)"),
    noted("outside the host: {name}"),
    noted("outside the host: LAN machine: {addresses}"),
    noted("outside the host: LAN switch"),
    noted("outside the host: {name}: {addresses}"),
    noted("{link}: {kind}, {state}"),
    noted("address {address}"),
    noted("port of {bridge}"),
    noted("port of {bridge}, {state}"),
    noted("other end: {link}"),
    noted("on top of {link}"),
    noted("MTU {size}"),
    noted("promiscuity {count}"),
    noted("flags {flags}"),
)
"""What is said of a part of the picture, line by line, where a mouse rests, and to a reader."""

CAPTIONS = (
    noted("VLAN filtering"),
    noted("promiscuous"),
    noted("part of {link}"),
    noted("STP on"),
    noted("STP off"),
    noted("STP on, forward delay {seconds} s"),
    noted("STP off → on, forward delay {seconds} s"),
    noted("STP off → on, forward delay {before} s → {after} s"),
    noted("STP on, forward delay {before} s → {after} s"),
    noted("STP on → off, forward delay {before} s → {after} s"),
    noted("STP off, forward delay {before} s → {after} s"),
    noted("to {address} and {count} more"),
    noted("{count} peers without endpoint"),
    noted("MAC → a port's"),
    noted("also named {names}"),
    noted("cannot see {what}"),
    noted("lo without {address}"),
    noted("filter: no rules"),
    noted("filter: 1 rule"),
    noted("filter: {count} rules"),
    noted("filter: no rules, {words} policy drop"),
    noted("filter: 1 rule, {words} policy drop"),
    noted("filter: {count} rules, {words} policy drop"),
    noted("… and {count} more namespaces"),
    noted("… and {count} more namespaces, {changed} of them changed"),
    noted("… and {count} more like {name}"),
    noted("… and {count} more like {name}, {changed} of them changed"),
)
"""What stands below a name, with blanks: no name reads so."""

_tips = Phrases(TIPS)
_captions = Phrases(CAPTIONS)


def drawn(picture: Picture) -> str:
    """A picture in the reader's language, laid out for those words."""
    return in_words(reachable(laid_out(picture).html))


def filed(picture: Picture) -> str:
    """The same as an SVG file of its own."""
    return in_words(laid_out(picture, standalone=True).svg)


def laid_out(picture: P, *, standalone: bool = False) -> P:
    """A picture with room for the reader's words, and described in them.

    :param standalone: whether its ``svg`` is wanted, and not its ``html``
    """
    return worded(picture, _here, standalone=standalone) if _known() else picture


def in_words(page: str) -> str:
    """A page with pictures, their words in the reader's language."""
    known = _known()

    def said(found: re.Match[str]) -> str:
        words = unescape(found[2])
        here = _here(words) or words
        return found[1] + (found[2] if here == words else escape(here))

    return _TOLD.sub(_told, _TEXT.sub(said, of_journey(page))) if known else page


@lru_cache(4096)
def _here(words: str) -> str | None:
    """Words of a picture in the reader's language; None if they are the same, or not known."""
    here = _known().get(words) or of_change(words) or _captions.say(words) or of_tag(words)
    return None if here == words else here


def _told(found: re.Match[str]) -> str:
    """What is said of a part: each of its lines is known, or all of them stay English."""
    here = [_tip(line) for line in unescape(found[2]).split("\n")]
    said = [line for line in here if line is not None]
    return found[0] if len(said) < len(here) else found[1] + escape("\n".join(said), quote=True)


def _tip(line: str) -> str | None:
    """A line of what is said of a part; of a port of a switch, its VLANs after its name."""
    name, colon, vlans = line.rpartition(": ")
    whole = _tips.say(line) or of_change(line)
    return whole or ((here := of_change(vlans)) and f"{name}{colon}{here}")


def _titles() -> dict[str, str]:
    """What the host is called: in the text of a picture, and in the picture itself."""
    return {
        "the pseudo-host": say("the pseudo-host"),
        "the machine": say("the machine"),
        "pseudo-host": say("pseudo-host"),
        "machine": say("machine"),
    }


@cache
def _known() -> dict[str, str]:
    """The words that are said otherwise than in English."""
    words = {
        **_titles(),
        "LAN machine": say("LAN machine"),
        "LAN switch": say("LAN switch"),
        "namespace": say("namespace"),
        "process": say("process"),
        "container": say("container"),
        "off → on": say("off → on"),
        "on → off": say("on → off"),
        "new": say("new"),
        "changed": say("changed"),
        "gone": say("gone"),
        "new cable": say("new cable"),
        "cable gone": say("cable gone"),
        "no default route": say("no default route"),
        "other end out of sight": say("other end out of sight"),
        "leads nowhere": say("leads nowhere"),
        "leads out of sight": say("leads out of sight"),
        "no peers": say("no peers"),
        "✔ arrived": say("✔ arrived"),
        "✘ not seen again": say("✘ not seen again"),
        "✘ did not get here": say("✘ did not get here"),
        "✘ dropped: for another": say("✘ dropped: for another"),
        "… not captured beyond": say("… not captured beyond"),
        "✔ it gets there": say("✔ it gets there"),
        "outside": say("outside"),
        "on {name}": say("on {name}"),
        "carries {name}": say("carries {name}"),
        "runs {names}": say("runs {names}"),
        "where": say("where"),
        "how it came there": say("how it came there"),
        "rewritten": say("rewritten"),
    }
    # Each of these is a word of its own in a picture, but "on" is many things in English.
    if (here := say("switched on")) != "switched on":
        words |= {"on": here, "off": say("switched off")}
        # The sign for forwarding has both words side by side: it is as wide as they are together.
        words["forwarding"] = gate = say("forwarding")
        words |= {f"forwarding {one}": f"{gate} {words[one]}" for one in ("on", "off")}
    return {english: here for english, here in words.items() if here != english}


__all__ = ["drawn", "filed", "in_words", "laid_out"]
