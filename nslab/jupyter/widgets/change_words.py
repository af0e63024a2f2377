"""What a picture says of a change, of a rule and of VLANs, in the reader's language.

All of it is put together from words and values, in :mod:`nslab.network.diff`.  Here each is taken
apart again; the kernel's own words (flood, private, masquerade) are the same everywhere.  So are a
queue and a setting, a tunnel and what tc sends elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from nslab.jupyter.widgets import words
from nslab.jupyter.widgets.phrases import Phrases, noted
from nslab.jupyter.widgets.words import say
from nslab.network.diff import CONDITIONS, WORDS

_changes = Phrases(
    (
        noted("attached"),
        noted("attached to {bridge}"),
        noted("detached from {bridge}"),
        noted("is a port"),
        noted("no longer a port"),
        noted("is a bridge"),
        noted("no longer a bridge"),
        noted("was in {place}"),
        noted("was {link}"),
        noted("was {link} in {place}"),
        noted("promiscuity {count} → {now}"),
        noted("mode {mode} → {now}"),
        noted("forward delay {seconds} s → {now} s"),
        noted("MAC address is now that of a port"),
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

_CONDITION = re.compile(rf"({'|'.join(sorted(CONDITIONS, key=len, reverse=True))}) (.*)")

_RULES_WORDS: dict[str, Callable[[], str]] = {
    str(word): partial(words.say, word.form) for word in WORDS
}

_LEADS_WORDS: dict[str, Callable[[], str]] = {
    "tunnel": lambda: say("tunnel"),
    "queue": lambda: say("queue"),
    "none": lambda: say("none"),
    "usual": lambda: say("usual"),
    "from": lambda: say("from"),
    "to": lambda: say("to"),
    "over": lambda: say("over"),
    "port": lambda: say("port"),
    "key": lambda: say("key"),
    "anywhere": lambda: say("anywhere"),
    "nobody": lambda: say("nobody"),
    "not learning": lambda: say("not learning"),
    "a peer without endpoint": lambda: say("a peer without endpoint"),
    "and": lambda: say("and"),
    "filter at ingress": lambda: say("filter at ingress"),
    "filter at egress": lambda: say("filter at egress"),
    "remote any": lambda: say("remote any"),
}
_LEADS = re.compile(
    r"tunnel .+|tc .+|VNI \d+(?: to \S+)?(?: over \S+)?|(?:to \S+|remote any), (?:VNI|key) \d+"
    r"|remote any|[\w./-]+ (?:usual → .+|\S+ → usual)"
)
"""Where else a link leads, its queue, and its settings, from the usual or back."""

_PASSES = re.compile(r"(queue .+) \(passes (\d+) bytes\)")


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
    if found := _PASSES.fullmatch(text):
        passes = say("passes {count} bytes").format(count=found[2])
        yield f"{_in_words(found[1], _LEADS_WORDS)} ({passes})"
    if _LEADS.fullmatch(text):
        yield _in_words(text, _LEADS_WORDS)
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
    """``masquerade everything → eth0 if state NEW``."""
    before, condition, others = text.partition(" if ")
    said = _in_words(before, _RULES_WORDS)
    if not condition:
        return said
    unreached = " (in a chain that nothing jumps to)"
    told = others.removesuffix(unreached)
    end = _in_words(others[len(told) + 1 :], _RULES_WORDS)
    conditions = ", ".join(map(_condition, told.split(", ")))
    return " ".join(filter(None, (said, say("if"), conditions, end)))


def _condition(text: str) -> str:
    """``state NEW``; one of a kind that is not known here stays as it is."""
    found = _CONDITION.fullmatch(text)
    return f"{words.say(found[1])} {found[2]}" if found else text


def _in_words(text: str, said: Mapping[str, Callable[[], str]]) -> str:
    """A notation with its own words said otherwise; values stay as they are."""
    longest = "|".join(map(re.escape, sorted(said, key=len, reverse=True)))
    return re.sub(rf"(?<![^ ])({longest})(?![^ ,])", lambda found: said[found[1]](), text)


__all__ = ["of_change"]
