"""A packet as packet filter rules look at it, and what they decided about it."""

from __future__ import annotations

from dataclasses import dataclass

from nslab.network.rules import UNKNOWN, Chain, Rule, Table
from nslab.network.value import Value
from nslab.sentence import Sentence, joined, sentence

ECHO_REQUEST, ECHO_REPLY = 8, 0
SYN, SYN_ACK, ACK = 2, 18, 16
"""The bits of the first packet of a TCP connection, of its answer, and of what follows."""


@dataclass(frozen=True)
class Packet:
    """A packet at one hook.  None stands for what is not known of it.

    ``state`` is conntrack's word for it, ``mark`` the number that rules may give it.  Links are
    empty where there is none: nothing comes in by a link at the hook output.
    """

    family: str = "ip"
    protocol: str = "icmp"
    source: str = ""
    destination: str = ""
    sport: int | None = None
    dport: int | None = None
    icmp_type: int | None = None
    tcp_flags: int | None = None
    link_in: str = ""
    link_out: str = ""
    port_in: str = ""
    port_out: str = ""
    """Of a bridge, where iptables sees bridged frames (physdev)."""
    bridge_in: str = ""
    bridge_out: str = ""
    state: str = "new"
    status: frozenset[str] = frozenset()
    direction: str = "original"
    mark: int | None = 0
    mac_source: str = ""
    mac_destination: str = ""
    operation: str = ""
    length: int | None = None
    ttl: int | None = None


class Ruling(Value, frozen=True):
    """Who decided about a packet: a rule, or (``rule`` is empty) the policy of a base chain.

    ``verdict`` is accept, drop, reject or unknown; ``rule`` the tool's own words.
    """

    verdict: str
    hook: str
    tool: str
    family: str
    table: str
    chain: str
    rule: str = ""
    handle: int = 0
    because: str = ""
    """What of the rule is not understood, where the verdict is unknown."""

    @property
    def place(self) -> Sentence:
        """The table and chain, as the tool names them."""
        values = {"chain": self.chain, "table": self.table}
        if self.tool == "nft":
            return sentence(
                "chain {chain} of nft's table {family} {table}", family=self.family, **values
            )
        return sentence("chain {chain} of {tool}' table {table}", tool=self.tool, **values)

    @property
    def told(self) -> Sentence:
        """Where it was decided, and by which rule or policy."""
        if self.rule:
            return Sentence("{place}: {rule}", {"place": self.place, "rule": self.rule})
        policy = self.verdict if self.tool == "nft" else self.verdict.upper()
        return sentence("{place}: policy {policy}", place=self.place, policy=policy)

    def __str__(self) -> str:
        return str(self.told)


def ruling(verdict: str, table: Table, chain: Chain, hook: str, rule: Rule | None) -> Ruling:
    """What a rule of a chain, or its policy, decided."""
    because = joined("", [])
    if verdict == UNKNOWN and rule is not None:
        limited = [match for match in rule.matches if match.field == "limit"]
        limits = [sentence("the limit of {rate}", rate=match.values[0]) for match in limited]
        because = joined(", ", [*rule.unknown, *limits])
    return Ruling(
        verdict=verdict,
        hook=hook,
        tool=table.tool,
        family=table.family,
        table=table.name,
        chain=chain.name,
        rule=rule.text if rule is not None else "",
        handle=rule.handle if rule is not None else 0,
        because=because,
    )
