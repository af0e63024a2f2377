"""What the rules of a network namespace are made of, as frozen values.

A rule's conditions have one form: a field of the packet and the values that it may have, as texts.
So `-d 10.0.0.0/8` of iptables and `ip daddr 10.0.0.0/8` of nft are the same value.

=======================  =========================================================================
family                   ip, ip6, arp
protocol                 icmp, tcp, udp …, else a number
source, destination      an address, a prefix, or ``a-b``; in the family arp of the question
sport, dport             a port, or ``a-b``
in, out                  a link's name; ``*`` at its end stands for any rest
port in, port out        the same of the bridge's ports (physdev)
state                    new, established, related, invalid, untracked
status                   dnat, snat, assured …
direction                original, reply
mark, ctmark             a number, or ``value/mask``
icmp type                a number
tcp flags                ``value/mask``, of the bits in the header
source type,             local, unicast, broadcast, multicast
destination type
mac source,              a hardware address
mac destination
operation                of ARP: request, reply
length, ttl              a number, or ``a-b``
limit                    a rate; whether it is used up is not to be known
=======================  =========================================================================

Several fields of one set stand together with `` . `` between them, as nft prints them, and so do
their values.
"""

from __future__ import annotations

from collections.abc import Iterator

from nslab.network.value import Value

UNKNOWN = "unknown"
"""The field of a condition, and the kind of a statement, that is not understood."""


class Match(Value, frozen=True):
    """A condition: one of the values, or (``negated``) none of them.

    What is not understood has the field ``unknown`` and its text as the only value.
    """

    field: str
    values: tuple[str, ...] = ()
    negated: bool = False


class Case(Value, frozen=True):
    """An entry of a map: the values of its key, and what is done then."""

    key: str
    then: Statement


class Statement(Value, frozen=True):
    """What a rule does.

    ``kind`` is a verdict (accept, drop, reject, queue, return, jump, goto), a translation
    (masquerade, snat, dnat, redirect, netmap), notrack, mark, choose (a map: the first of the
    ``cases`` whose key fits ``target``, a field), note (it logs, counts or the like, and the packet
    goes on) or unknown.
    """

    kind: str
    target: str = ""
    """The chain of a jump; the field of a map; the value of a mark; what a reject answers."""
    to: str = ""
    """A translation's address, ``a-b``, or a prefix (netmap)."""
    ports: str = ""
    """A translation's port, or ``a-b``."""
    flags: tuple[str, ...] = ()
    """random, fully-random, persistent."""
    cases: tuple[Case, ...] = ()
    text: str = ""
    """Of what is not understood."""


class Rule(Value, frozen=True):
    """A rule: if all matches hold, the statements are carried out in their order.

    ``text`` is the rule as its own tool prints it, without the numbers of its counters, which any
    packet changes.  ``handle`` is the kernel's number of the rule, 0 where there is none.
    """

    matches: tuple[Match, ...] = ()
    statements: tuple[Statement, ...] = ()
    text: str = ""
    handle: int = 0
    counted: bool = False
    """Whether the kernel counts the packets that it was carried out for."""

    @property
    def unknown(self) -> tuple[str, ...]:
        """What of it is not understood."""
        said = [match.values[0] for match in self.matches if match.field == UNKNOWN]
        said += [each.text for each in self.statements if each.kind == UNKNOWN]
        return tuple(said)


class Chain(Value, frozen=True):
    """A chain.  Only a base chain has a hook, where packets come by; others are jumped to.

    ``hook`` is prerouting, input, forward, output, postrouting, ingress or egress; chains of one
    hook are tried in the order of ``priority``.  ``policy`` is the verdict at a base chain's end.
    """

    name: str
    type: str = ""
    """filter, nat, route; empty if it is no base chain."""
    hook: str = ""
    priority: int = 0
    policy: str = "accept"
    devices: tuple[str, ...] = ()
    """The links whose packets come by, in the family netdev."""
    rules: tuple[Rule, ...] = ()

    @property
    def does(self) -> bool:
        """Whether anything can happen to a packet here."""
        return bool(self.rules) or self.policy != "accept"


class Table(Value, frozen=True):
    """A table of chains.

    ``family`` is ip, ip6, inet (both), bridge, netdev or arp; ``tool`` nft, or the command that
    lists it: iptables, ip6tables, iptables-legacy, ip6tables-legacy, ebtables, arptables.
    """

    family: str
    name: str
    tool: str = "nft"
    chains: tuple[Chain, ...] = ()

    def chain(self, name: str) -> Chain | None:
        """The chain of that name, None if there is none."""
        return next((chain for chain in self.chains if chain.name == name), None)


class Ruleset(Value, frozen=True):
    """All rules of a network namespace."""

    tables: tuple[Table, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tables)

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables)

    def base_chains(self) -> Iterator[tuple[Table, Chain]]:
        """The chains that packets come by, the tables in their order."""
        for table in self.tables:
            for chain in table.chains:
                if chain.hook:
                    yield table, chain


def canonical(rules: Ruleset) -> list[object]:
    """What the rules do, whichever tool says it, and however it calls its tables and handles.

    Equal for `iptables -t nat -A POSTROUTING …` and for the nft rule that does the same.
    """
    chains: dict[tuple[object, ...], list[object]] = {}
    for number, (table, chain) in enumerate(rules.base_chains()):
        if chain.does:
            place = (table.family, chain.hook, chain.priority, chain.type, chain.policy)
            # Translation goes on until a rule translates, whichever chains the rules are in; of
            # filters each chain has its own say.
            key = (*place, chain.devices, 0 if chain.type == "nat" else number)
            chains.setdefault(key, []).extend(_plain(table, chain, ()))
    return sorted(((*key[:-1], said) for key, said in chains.items()), key=repr)


def _plain(table: Table, chain: Chain, above: tuple[str, ...]) -> list[object]:
    """The rules of a chain, with those of the chains that it jumps to in their places."""
    result: list[object] = []
    for rule in chain.rules:
        done: list[object] = []
        for statement in rule.statements:
            below = table.chain(statement.target) if statement.kind in ("jump", "goto") else None
            if below is not None and below.name not in above:
                done.append((statement.kind, _plain(table, below, (*above, below.name))))
            elif statement.kind != "note":
                done.append(statement)
        result.append((sorted(rule.matches, key=repr), done))
    return result
