"""What the packet filter of a namespace does with a packet at one hook.

A pure function of the rules and the packet.  The base chains of the hook are tried in the order of
their priorities, with conntrack and address translation between them where the kernel has them
(linux/netfilter_ipv4.h).  What hangs on something that is not known is ``unknown``, unless it ends
the same either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from nslab.explain.trace.matching import TypeOf, about, fits
from nslab.explain.trace.packet import Packet, Ruling, ruling
from nslab.network.rules import UNKNOWN, Chain, Rule, Ruleset, Statement, Table

_FAMILIES = {"ip": ("ip", "inet"), "ip6": ("ip6", "inet")}
_CONNTRACK = -200
"""NF_IP_PRI_CONNTRACK: chains before it do not know what connection a packet belongs to."""

_BUDGET = 20_000
"""Rules that are looked at: each that is not understood may double the ways that follow."""

Change = Callable[[Packet], Packet]


class Translated(NamedTuple):
    """A translation that took place: its kind, and the packet before and after."""

    kind: str
    before: Packet
    after: Packet
    ruling: Ruling


class Passage(NamedTuple):
    """What became of a packet at a hook.

    ``verdict`` is accept, drop, reject or unknown, ``ruling`` who decided that (None if nobody
    had anything against it); ``packet`` is as it goes on.
    """

    verdict: str
    packet: Packet
    ruling: Ruling | None = None
    translated: Translated | None = None


@dataclass(frozen=True)
class Ground:
    """What the rules ask of the namespace that they are in.

    ``address`` gives the source that masquerading puts into a packet, empty if there is none;
    ``own`` where redirecting sends a packet.
    """

    type_of: TypeOf | None = None
    address: Callable[[Packet], str] = lambda packet: ""
    own: Callable[[Packet], str] = lambda packet: "127.0.0.1"


def passes(
    rules: Ruleset,
    hook: str,
    packet: Packet,
    *,
    layer: str = "",
    ground: Ground | None = None,
    known: Change | None = None,
) -> Passage:
    """What becomes of a packet at a hook.

    :param hook: prerouting, input, forward, output, postrouting, ingress, egress
    :param layer: bridge, arp or netdev for the rules of that family; else those of IP
    :param known: what conntrack does to a packet of a connection that it translates already
    """
    return _Hook(rules, hook, layer or packet.family, ground or Ground(), known).run(packet)


def untouched(rules: Ruleset, hook: str, packet: Packet) -> Ruling | None:
    """The rule that ends the first translating chain for a packet, and leaves it as it is."""
    return _Hook(rules, hook, packet.family, Ground(), None).untouched(packet)


class _Outcome(NamedTuple):
    """How a base chain ended."""

    verdict: str
    packet: Packet
    table: Table
    chain: Chain
    rule: Rule | None = None
    done: Statement | None = None
    """The translation that it ended with."""

    @property
    def effect(self) -> tuple[str, Packet, Statement | None]:
        return self.verdict, self.packet, self.done


_Frame = tuple[Chain, int]
"""A chain, and the rule that comes next in it."""


@dataclass
class _Hook:
    rules: Ruleset
    hook: str
    layer: str
    ground: Ground
    known: Change | None
    spent: int = field(default=0)
    left: Rule | None = None
    """The rule that sent the packet out of a base chain, to its policy."""

    def run(self, packet: Packet) -> Passage:
        translated, doubt = None, None
        tracked = packet
        for priority, table, chain in self._order():
            early = self.hook in ("prerouting", "output") and priority < _CONNTRACK
            if chain is None:
                passage = self._translate(packet)
                if passage.verdict != "accept":
                    return passage
                packet, translated = passage.packet, passage.translated or translated
                continue
            seen = replace(packet, state="invalid", status=frozenset()) if early else packet
            if packet.state == "untracked":
                seen = packet
            end = self._chain(table, chain, seen)
            if end.verdict == UNKNOWN:
                doubt = doubt or self._ruling(end)
                continue  # a chain that comes later may still drop it
            if end.verdict != "accept":
                return Passage(end.verdict, packet, self._ruling(end), translated)
            packet = end.packet
            if early and packet.state != "untracked":
                packet = replace(packet, state=tracked.state, status=tracked.status)
        return Passage(UNKNOWN if doubt else "accept", packet, doubt, translated)

    def _order(self) -> Iterator[tuple[int, Table, Chain | None]]:
        """The base chains in their order; None where addresses are translated."""
        steps: list[tuple[int, int, Table, Chain | None]] = []
        for number, (table, chain) in enumerate(self._here()):
            if chain.type != "nat":
                # Of two with one priority, the one that came last is tried first.
                steps.append((chain.priority, -number, table, chain))
        if self.layer in _FAMILIES:
            place = -100 if self.hook in ("prerouting", "output") else 100
            steps.append((place, 1, Table(family="", name=""), None))
        for priority, _, table, where in sorted(steps, key=lambda step: step[:2]):
            yield priority, table, where

    def _here(self) -> Iterator[tuple[Table, Chain]]:
        families = _FAMILIES.get(self.layer, (self.layer,))
        for table, chain in self.rules.base_chains():
            if table.family in families and chain.hook == self.hook:
                yield table, chain

    def _translate(self, packet: Packet) -> Passage:
        if packet.state == "untracked":
            return Passage("accept", packet)
        if self.known is not None:
            return Passage("accept", self.known(packet))
        if packet.state != "new":
            return Passage("accept", packet)
        for table, chain in self._nat():
            end = self._chain(table, chain, packet)
            if end.verdict != "accept":
                return Passage(end.verdict, packet, self._ruling(end))
            packet = end.packet
            if end.done is not None:
                return self._rewritten(end, packet)
        return Passage("accept", packet)

    def untouched(self, packet: Packet) -> Ruling | None:
        for table, chain in self._nat():
            self.left = None
            end = self._chain(table, chain, packet)
            if end.done is None and (end.rule is not None or self.left is not None):
                return self._ruling(end if self.left is None else end._replace(rule=self.left))
        return None

    def _nat(self) -> list[tuple[Table, Chain]]:
        """The chains that translate, in their order: of two with one priority, the later first."""
        chains = [(table, chain) for table, chain in self._here() if chain.type == "nat"][::-1]
        return sorted(chains, key=lambda pair: pair[1].priority)

    def _rewritten(self, end: _Outcome, packet: Packet) -> Passage:
        assert end.done is not None
        after = rewritten(end.done, self.hook, packet, self.ground)
        decided = self._ruling(end)
        if after is None:
            return Passage("drop", packet, decided)
        kind = end.done.kind
        if after == packet:
            return Passage("accept", packet)
        outwards = self.hook in ("postrouting", "input")
        after = replace(after, status=packet.status | {"snat" if outwards else "dnat"})
        return Passage("accept", after, None, Translated(kind, packet, after, decided))

    def _ruling(self, end: _Outcome) -> Ruling:
        return ruling(end.verdict, end.table, end.chain, self.hook, end.rule)

    # -- a base chain --------------------------------------------------------------------------

    def _chain(self, table: Table, base: Chain, packet: Packet) -> _Outcome:
        link = packet.link_out if self.hook == "egress" else packet.link_in
        if base.devices and link not in base.devices:
            return _Outcome("accept", packet, table, base)
        return self._frames(table, base, ((base, 0),), packet)

    def _frames(
        self, table: Table, base: Chain, frames: tuple[_Frame, ...], packet: Packet
    ) -> _Outcome:
        while frames:
            chain, number = frames[-1]
            if number >= len(chain.rules):
                frames = frames[:-1]
                continue
            rule = chain.rules[number]
            frames = (*frames[:-1], (chain, number + 1))
            self.spent += 1
            if self.spent > _BUDGET:
                return _Outcome(UNKNOWN, packet, table, chain, rule)
            sure = about(rule, packet, self.ground.type_of)
            if sure is False:
                continue
            done = self._do(table, base, chain, rule, frames, packet)
            if sure is None:
                return self._either(table, base, chain, rule, frames, packet, done)
            if isinstance(done, _Outcome):
                return done
            frames, packet = done
        return _Outcome(base.policy, packet, table, base)

    def _either(
        self,
        table: Table,
        base: Chain,
        chain: Chain,
        rule: Rule,
        frames: tuple[_Frame, ...],
        packet: Packet,
        done: _Outcome | tuple[tuple[_Frame, ...], Packet],
    ) -> _Outcome:
        """A rule of which it is not known whether it is carried out: is it all the same?"""
        passed_over = self._frames(table, base, frames, packet)
        if not isinstance(done, _Outcome):
            if done == (frames, packet):
                return passed_over
            done = self._frames(table, base, *done)
        if done.effect == passed_over.effect:
            return passed_over
        for each in (done, passed_over):
            if each.verdict == UNKNOWN:
                return each
        return _Outcome(UNKNOWN, packet, table, chain, rule)

    def _do(
        self,
        table: Table,
        base: Chain,
        chain: Chain,
        rule: Rule,
        frames: tuple[_Frame, ...],
        packet: Packet,
    ) -> _Outcome | tuple[tuple[_Frame, ...], Packet]:
        """Carry out a rule: the base chain's end, or where it goes on with which packet."""
        for given in rule.statements:
            chosen = self._choose(given, packet)
            if chosen is None:
                return _Outcome(UNKNOWN, packet, table, chain, rule)
            if not chosen:
                return frames, packet  # no entry of the map fits: the rule ends there
            statement = chosen[0]
            match statement.kind:
                case "accept" | "drop" | "reject":
                    return _Outcome(statement.kind, packet, table, chain, rule)
                case "return":
                    self.left = rule if len(frames) == 1 else self.left
                    return frames[:-1], packet
                case "jump" | "goto":
                    target = table.chain(statement.target)
                    if target is None or len(frames) > 32:
                        return _Outcome(UNKNOWN, packet, table, chain, rule)
                    kept = frames if statement.kind == "jump" else frames[:-1]
                    return (*kept, (target, 0)), packet
                case "mark":
                    number = int(statement.target) if statement.target else None
                    packet = replace(packet, mark=number)
                case "notrack":
                    packet = replace(packet, state="untracked")
                case "masquerade" | "snat" | "dnat" | "redirect" | "netmap":
                    return _Outcome("accept", packet, table, chain, rule, statement)
                case "note":
                    continue
                case _:
                    return _Outcome(UNKNOWN, packet, table, chain, rule)
        return frames, packet

    def _choose(self, statement: Statement, packet: Packet) -> Sequence[Statement] | None:
        """What a map says for a packet; nothing if it has no entry, None if that is not known."""
        if statement.kind != "choose":
            return (statement,)
        answers = [
            (fits(statement.target, case.key, packet, self.ground.type_of), case.then)
            for case in statement.cases
        ]
        for answer, then in answers:
            if answer:
                return (then,)
        return None if any(answer is None for answer, _ in answers) else ()


# -- what a translation makes of a packet ------------------------------------------------------


def rewritten(done: Statement, hook: str, packet: Packet, ground: Ground) -> Packet | None:
    """The packet after a translation; None if the kernel drops it, for want of an address."""
    outwards = hook in ("postrouting", "input")
    if done.kind == "netmap":
        which = "source" if outwards else "destination"
        mapped = _mapped(done.to, getattr(packet, which))
        return replace(packet, **{which: mapped})  # type: ignore[arg-type]
    if done.kind in ("masquerade", "snat"):
        source = ground.address(packet) if done.kind == "masquerade" else _first(done, packet)
        if not source:
            return None
        return replace(packet, source=source, sport=_port(done.ports, packet.sport, keep=True))
    to = ground.own(packet) if done.kind == "redirect" else _first(done, packet, back=True)
    if not to:
        return None
    return replace(packet, destination=to, dport=_port(done.ports, packet.dport, keep=False))


def _first(done: Statement, packet: Packet, *, back: bool = False) -> str:
    """The first of a range: which one the kernel takes hangs on a secret number."""
    start = done.to.partition("-")[0].partition("/")[0]  # nft writes some ranges as a prefix
    return start or (packet.destination if back else packet.source)


def _port(ports: str, port: int | None, *, keep: bool) -> int | None:
    """The port after a translation; a source's stays if it may."""
    first, _, last = ports.partition("-")
    if port is None or not first.isdecimal():
        return port
    if keep and last and int(first) <= port <= int(last):
        return port
    return int(first)


def _mapped(prefix: str, address: str) -> str:
    """An address with the network's part replaced (NETMAP)."""
    network = ip_network(prefix, strict=False)
    rest = int(ip_address(address)) & int(network.hostmask)
    return str(network.network_address + rest)
