"""Packet filter rules, in the words of the tool that made them."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterator

from nslab.network.making.pieces import Left, Piece, attempt, line
from nslab.network.making.work import Pieces, Work, named
from nslab.network.model import Namespace
from nslab.network.rules import Chain, Rule, Table

_Key = tuple[str, str, str]
_NOTHING: dict[_Key, Table] = {}


def filters(work: Work) -> Pieces:
    """Take away what is not wanted, then add what is missing."""
    for label in work.spaces():
        ns, old = named(label), work.before.spaces.get(label)
        was = _tables(old) if old else _NOTHING
        now = _tables(work.after.spaces[label])
        for key in sorted({*was, *now}, key=lambda key: (key in now, key)):
            before, after = was.get(key), now.get(key)
            if before == after:
                continue
            change = _by_nft if key[0] == "nft" else _by_tool
            yield from attempt(change(ns, before, after), work.left)


def _tables(ns: Namespace) -> dict[_Key, Table]:
    return {(table.tool, table.family, table.name): table for table in ns.rules}


def _chains(table: Table | None) -> dict[str, Chain]:
    return {chain.name: chain for chain in table.chains} if table else {}


def _texts(chain: Chain | None) -> list[str]:
    return [rule.text for rule in chain.rules] if chain else []


# -- iptables and its kin -----------------------------------------------------------------------


def _by_tool(ns: str | None, old: Table | None, new: Table | None) -> Pieces:
    table = new or old
    assert table is not None
    words = (table.tool,) if table.name == "filter" else (table.tool, "-t", table.name)
    was, now = _chains(old), _chains(new)

    def say(*rest: str) -> Piece:
        return line(ns, *words, *rest)

    for name, chain in now.items():
        if name not in was and not chain.hook:
            yield say("-N", name)
    for name in {**now, **was}:
        yield from (say(*rest) for rest in _changed(was.get(name), now.get(name)))
    for name, chain in was.items():
        if name not in now and not chain.hook:
            yield say("-X", name)
    for name in {**now, **was}:
        policy = _policy(now.get(name))
        if policy != _policy(was.get(name)):
            yield say("-P", name, policy.upper())


def _policy(chain: Chain | None) -> str:
    """A chain that is jumped to has none, and counts as one that accepts."""
    return chain.policy if chain else "accept"


def _changed(old: Chain | None, new: Chain | None) -> Iterator[tuple[str, ...]]:
    """What makes a chain's rules of what they are, from the last to the first."""
    was, now = _texts(old), _texts(new)
    name = (new or old).name  # type: ignore[union-attr]
    wanted = [_specified(text) for text in now if text not in was]
    if None in wanted:
        raise Left(f"chain {name}, which has a rule that its tool does not tell whole")
    steps = difflib.SequenceMatcher(None, was, now, autojunk=False).get_opcodes()
    for kind, first, last, start, end in reversed(steps):
        if kind == "equal":
            continue
        for number in range(last, first, -1):
            yield ("-D", name, str(number))
        for place, text in enumerate(now[start:end]):
            rest = _specified(text) or ()
            if last == len(was):
                yield ("-A", name, *rest)
            else:
                yield ("-I", name, str(first + place + 1), *rest)


def _specified(text: str) -> tuple[str, ...] | None:
    """What stands behind ``-A CHAIN``."""
    words = shlex.split(text)
    return tuple(words[2:]) if words[:1] == ["-A"] else None


# -- nft ----------------------------------------------------------------------------------------


def _by_nft(ns: str | None, old: Table | None, new: Table | None) -> Pieces:
    if new is None:
        assert old is not None
        yield line(ns, "nft", "delete", "table", old.family, old.name)
        return
    whole_name = (new.family, new.name)
    was, now = _chains(old), _chains(new)
    moved = [name for name in was if name in now and _place(was[name]) != _place(now[name])]
    gone = [name for name in was if name not in now]
    if old is None:
        yield line(ns, "nft", "add", "table", *whole_name)
    for name in (*gone, *moved):
        yield line(ns, "nft", "flush", "chain", *whole_name, name)
    for name in moved:
        yield line(ns, "nft", "delete", "chain", *whole_name, name)
        del was[name]
    yield from _nft_chains(ns, whole_name, was, now)
    for name in gone:
        yield line(ns, "nft", "delete", "chain", *whole_name, name)


def _nft_chains(
    ns: str | None, whole_name: tuple[str, str], was: dict[str, Chain], now: dict[str, Chain]
) -> Pieces:
    """All chains before the first rule, which may jump to any of them."""
    for name, chain in now.items():
        if name not in was or was[name].policy != chain.policy:
            yield line(ns, "nft", "add", "chain", *whole_name, name, *_base(chain))
    for name, chain in now.items():
        yield from _rules(ns, whole_name, was.get(name), chain)


def _place(chain: Chain) -> tuple[object, ...]:
    return (chain.type, chain.hook, chain.priority, chain.devices)


def _base(chain: Chain) -> tuple[str, ...]:
    if not chain.hook:
        return ()
    devices = f" devices = {{ {', '.join(chain.devices)} }}" if chain.devices else ""
    priority = f"priority {chain.priority} ; policy {chain.policy} ;"
    return (f"{{ type {chain.type} hook {chain.hook}{devices} {priority} }}",)


def _rules(ns: str | None, whole_name: tuple[str, str], old: Chain | None, new: Chain) -> Pieces:
    was, now = _texts(old), _texts(new)
    if was == now:
        return
    if now[: len(was)] != was:  # their numbers differ from lab to lab: all of them anew
        yield line(ns, "nft", "flush", "chain", *whole_name, new.name)
        was = []
    for rule in new.rules[len(was) :]:
        yield line(ns, "nft", "add", "rule", *whole_name, new.name, _in_nft(new, rule))


def _in_nft(chain: Chain, rule: Rule) -> str:
    """A rule that nft takes back as it prints it."""
    opaque = not rule.text or "@" in rule.text.replace("@nh", "").replace("@th", "")
    if opaque or rule.text.startswith("xt ") or " xt " in rule.text:
        raise Left(f"a rule of chain {chain.name} that nft does not tell whole")
    return rule.text
