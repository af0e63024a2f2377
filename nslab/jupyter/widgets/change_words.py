"""What a picture says of a change, of a rule and of VLANs, in the reader's language.

All of it is put together from words and values, in :mod:`nslab.network.diff`.  Here each is taken
apart again; the kernel's own words (flood, private, masquerade) are the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from nslab.jupyter.widgets import words
from nslab.jupyter.widgets.phrases import Phrases, noted
from nslab.jupyter.widgets.words import say

_changes = Phrases(
    (
        noted("attached to {bridge}"),
        noted("detached from {bridge}"),
        noted("is a port"),
        noted("no longer a port"),
        noted("is a bridge"),
        noted("no longer a bridge"),
        noted("was {link}"),
        noted("was {link} in {place}"),
        noted("promiscuity {count} → {now}"),
        noted("mode {mode} → {now}"),
        noted("forward delay {seconds} s → {now} s"),
        noted("MAC address taken from a port"),
        noted("port {mode} → {now}"),
        noted("carrier found"),
        noted("carrier lost"),
        noted("flag {flags} set"),
        noted("flag {flags} cleared"),
        noted("MAC address was {before}, is {after}"),
        noted("MAC address changed ({kind})"),
        noted("peer out of sight"),
        noted("peer is {link} in {place}"),
        noted("XDP program attached"),
        noted("XDP program taken off"),
        noted("{program} listens at {address}"),
        noted("the lab itself listens at {address}"),
        noted("a program listens at {address}"),
        noted("also named by its process id"),
        noted("nft fwd to {link}"),
        noted("nft dup to {link}"),
        noted("nft fwd and dup to {link}"),
        noted("nft dup and fwd to {link}"),
        noted("mirred mirror to {link}"),
        noted("mirred redirect to {link}"),
        noted("mirred mirror and redirect to {link}"),
        noted("mirred redirect and mirror to {link}"),
        noted("{count} namespaces"),
        noted("{count} namespaces on {link}"),
        noted("{count} namespaces · {what}"),
        noted("{count} namespaces on {link} · {what}"),
    )
)

_SWITCHES = {
    "STP": noted("STP"),
    "multicast snooping": noted("multicast snooping"),
    "VLAN filtering": noted("filtering of VLANs"),
    "flooding of broadcasts": noted("flooding of broadcasts"),
    "suppression of neighbour questions": noted("suppression of neighbour questions"),
}
"""What is switched on or off and has a name of more than the kernel's one word."""

_SWITCHED = re.compile(r"(.+) (off → on|on → off)")
_OF_A_LINK = re.compile(r"([\w.@/-]+): (.+)")
_VLANS = re.compile(r"(?:no VLAN|VLAN \d[\d, and]* (?:un)?tagged)(?: → |[\w, ])*")
_PART = re.compile(r"(.+?) (untagged inwards|untagged outwards|untagged|tagged)")
_RULE = re.compile(r"(?:masquerade|snat|dnat|redirect|netmap) .*|→ \S+(?: as \S+)?|(?:to|as) !?\S+")
"""A translation; or what stands in its second row, where it is long."""

_RULES_WORDS: dict[str, Callable[[], str]] = {
    "everything": lambda: say("everything"),
    "this host": lambda: say("this host"),
    "(in a chain that nothing jumps to)": lambda: say("(in a chain that nothing jumps to)"),
    "in by": lambda: say("in by"),
    "from": lambda: say("from"),
    "port": lambda: say("port"),
    "to": lambda: say("to"),
    "as": lambda: say("as"),
    "if": lambda: say("if"),
}
_RULES_WORD = re.compile(rf"(?<![^ ])({'|'.join(map(re.escape, _RULES_WORDS))})(?![^ ])")


def of_change(text: str) -> str | None:
    """A line of a picture in the reader's language; None if it is the same, or not known."""
    for said in (*_whole(text), *_of_a_link(text)):
        return None if said == text else said
    return None


def _whole(text: str) -> Iterator[str]:
    """How a line is said, if it is one of those that are known here."""
    if said := _changes.say(text):
        yield said
    if found := _SWITCHED.fullmatch(text):
        name = _SWITCHES.get(found[1])
        yield f"{words.say(name) if name else found[1]} {words.say(found[2])}"
    if _VLANS.fullmatch(text):
        yield " → ".join(map(_vlans, text.split(" → ")))
    if _RULE.fullmatch(text):
        yield _rule(text)


def _of_a_link(text: str) -> Iterator[str]:
    """The same behind the name of a link."""
    if found := _OF_A_LINK.fullmatch(text):
        yield from (f"{found[1]}: {said}" for said in _whole(found[2]))


def _vlans(text: str) -> str:
    """``VLAN 10 untagged, 20 and 30 tagged``."""
    if text == "no VLAN":
        return say("no VLAN")
    both = say("and")
    named = {
        "untagged inwards": say("untagged inwards"),
        "untagged outwards": say("untagged outwards"),
        "untagged": say("untagged"),
        "tagged": say("tagged"),
    }
    parts = [
        f"{numbers.replace(' and ', f' {both} ')} {named[how]}"
        for numbers, how in _PART.findall(text)
    ]
    return "".join(parts)


def _rule(text: str) -> str:
    """``masquerade everything → eth0``; what stands behind "if" is its tool's."""
    ours, condition, tools = text.partition(" if ")
    said = _RULES_WORD.sub(lambda found: _RULES_WORDS[found[1]](), ours)
    return " ".join((said, say("if"), tools)) if condition else said


__all__ = ["of_change"]
