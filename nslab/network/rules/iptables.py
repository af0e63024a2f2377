"""What iptables-save prints, as values; ip6tables, the legacy tools, ebtables and arptables too.

Parsed are the words of iptables-save(8), which always come in the same form; not all that a person
may type (`-A FORWARD --proto TCP`), which the tool makes the same before it prints them.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from nslab.network.rules import options, words
from nslab.network.rules.values import UNKNOWN, Chain, Match, Rule, Statement, Table

FAMILIES = {
    "iptables": "ip",
    "ip6tables": "ip6",
    "iptables-legacy": "ip",
    "ip6tables-legacy": "ip6",
    "ebtables": "bridge",
    "arptables": "arp",
}
"""The tools whose listings are read, and the family of their tables."""

HOOKS = {
    "PREROUTING": "prerouting",
    "INPUT": "input",
    "FORWARD": "forward",
    "OUTPUT": "output",
    "POSTROUTING": "postrouting",
}
_COUNTERS = re.compile(r"\[\d+:\d+\]\s*")
_CHAIN = re.compile(r":(\S+) (\S+)")


def parse(text: str, tool: str) -> tuple[Table, ...]:
    """The tables of a listing, without those in which nothing can happen to a packet.

    :param text: what the save command of the tool printed
    :param tool: iptables, ip6tables, iptables-legacy, ip6tables-legacy, ebtables or arptables
    """
    return tuple(table for table in _tables(text, tool) if any(c.does for c in table.chains))


def _tables(text: str, tool: str) -> Iterator[Table]:
    name = ""
    policies: dict[str, str] = {}
    rules: dict[str, list[Rule]] = {}
    for line in [*text.splitlines(), "*"]:
        line = _COUNTERS.sub("", line, count=1) if line.startswith("[") else line
        if line.startswith("*"):
            if name:
                yield _table(name, tool, policies, rules)
            name, policies, rules = line[1:].strip(), {}, {}
        elif found := _CHAIN.match(line):
            policies[found[1]] = found[2]
        elif line.startswith("-A "):
            rules.setdefault(line.split()[1], []).append(rule(line, tool, policies))


def _table(name: str, tool: str, policies: dict[str, str], rules: dict[str, list[Rule]]) -> Table:
    chains = tuple(
        _chain(name, tool, chain, policy, tuple(rules.get(chain, ())))
        for chain, policy in policies.items()
    )
    return Table(family=FAMILIES[tool], name=name, tool=tool, chains=chains)


def _chain(table: str, tool: str, name: str, policy: str, rules: tuple[Rule, ...]) -> Chain:
    hook = HOOKS.get(name, "")
    if not hook:
        # ebtables has a policy for its own chains, too: what falls off their end.
        if tool == "ebtables" and policy in ("ACCEPT", "DROP"):
            rules = (*rules, Rule(statements=(Statement(kind=policy.lower()),), text=policy))
        return Chain(name=name, rules=rules)
    return Chain(
        name=name,
        type=_type(table, tool, hook),
        hook=hook,
        priority=_priority(table, tool, hook),
        policy="drop" if policy == "DROP" else "accept",
        rules=rules,
    )


def _type(table: str, tool: str, hook: str) -> str:
    if table == "nat" and FAMILIES[tool] in ("ip", "ip6"):
        return "nat"
    return "route" if (table, hook) == ("mangle", "output") else "filter"


def _priority(table: str, tool: str, hook: str) -> int:
    if tool == "ebtables":  # linux/netfilter_bridge.h
        if table == "nat":
            return {"prerouting": -300, "output": 100}.get(hook, 300)
        return -200
    return words.priority(table, hook)


def rule(line: str, tool: str = "iptables", chains: dict[str, str] | None = None) -> Rule:
    """A line of a listing that begins with -A.

    >>> rule("-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE").matches[1]
    Match(field='out', values=('docker0',), negated=True)
    """
    text = _COUNTERS.sub("", line, count=1) if line.startswith("[") else line
    try:
        given = shlex.split(text)[2:]
    except ValueError:  # a quote that never ends: not from iptables-save
        unclear = Match(field=UNKNOWN, values=(text,))
        return Rule(matches=(unclear,), text=text)
    read = options.read(given, tool, chains or {})
    return Rule(
        matches=tuple(dict.fromkeys(read.matches)),
        statements=tuple(read.statements),
        text=text,
        counted=True,
    )
