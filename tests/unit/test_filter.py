"""What the packet filter does with a packet, by the model of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from nslab.explain.trace.filter import Ground, passes
from nslab.explain.trace.hooks import asking
from nslab.explain.trace.packet import Packet
from nslab.network.rules import Ruleset, iptables

PING = replace(asking("10.0.0.1", "203.0.113.80", "icmp", None), link_in="br0", link_out="eth0")
WEB = replace(asking("10.0.0.1", "203.0.113.80", "tcp", 80), link_in="br0", link_out="eth0")


def rules(*lines: str, table: str = "filter", chains: str = "") -> Ruleset:
    """Lines of iptables-save; a chain that is not built in is one of ours."""
    built_in = [f":{name} ACCEPT [0:0]" for name in iptables.HOOKS]
    own = [f":{name} - [0:0]" for name in chains.split()]
    said = [f"*{table}", *built_in, *own, *(f"-A {line}" for line in lines), "COMMIT"]
    return Ruleset(tables=iptables.parse("\n".join(said), "iptables"))


@pytest.mark.parametrize(
    ("lines", "packet", "verdict"),
    [
        (("FORWARD -j DROP",), PING, "drop"),
        (("FORWARD -p tcp -j DROP",), PING, "accept"),
        (("FORWARD -p tcp -j DROP",), WEB, "drop"),
        (("FORWARD -p tcp -m tcp --dport 443 -j DROP",), WEB, "accept"),
        (("FORWARD -p tcp -m multiport --dports 22,80 -j REJECT",), WEB, "reject"),
        (("FORWARD -j ACCEPT", "FORWARD -j DROP"), PING, "accept"),
        (("FORWARD -i br+ -j DROP",), PING, "drop"),
        (("FORWARD ! -i br0 -j DROP",), PING, "accept"),
        (("FORWARD -s 10.0.0.0/8 ! -d 203.0.113.0/24 -j DROP",), PING, "accept"),
        (("FORWARD -m conntrack --ctstate NEW -j DROP",), PING, "drop"),
        (
            ("FORWARD -m conntrack --ctstate NEW -j DROP",),
            replace(PING, state="established"),
            "accept",
        ),
        (("FORWARD -j OWN", "FORWARD -j DROP", "OWN -p icmp -j ACCEPT"), PING, "accept"),
        (("FORWARD -j OWN", "FORWARD -j DROP", "OWN -p icmp -j RETURN"), PING, "drop"),
        (("FORWARD -g OWN", "FORWARD -j DROP", "OWN -p icmp -j RETURN"), PING, "accept"),
        (("OWN -j DROP",), PING, "accept"),
        (("FORWARD -m owner --uid-owner 5 -j DROP",), PING, "unknown"),
        (("FORWARD -m owner --uid-owner 5 -j DROP", "FORWARD -j DROP"), PING, "drop"),
        (("FORWARD -m owner --uid-owner 5 -j ACCEPT",), PING, "accept"),
        (("FORWARD -p tcp -m owner --uid-owner 5 -j DROP",), PING, "accept"),
        (("FORWARD -m limit --limit 1/sec -j ACCEPT", "FORWARD -j DROP"), PING, "unknown"),
        (("INPUT -j DROP",), PING, "accept"),
        (("FORWARD -m mark --mark 0x1 -j DROP",), PING, "accept"),
        (("FORWARD -j MARK --set-xmark 0x1/0xffffffff",), PING, "accept"),
    ],
)
def test_a_verdict(lines: tuple[str, ...], packet: Packet, verdict: str) -> None:
    passage = passes(rules(*lines, chains="OWN"), "forward", packet)
    assert passage.verdict == verdict
    assert (passage.ruling is None) == (verdict == "accept")


def test_the_deciding_rule_and_the_deciding_policy() -> None:
    found = passes(rules("FORWARD -p icmp -j DROP"), "forward", PING).ruling
    assert found is not None
    assert (found.table, found.chain, found.rule) == (
        "filter",
        "FORWARD",
        "-A FORWARD -p icmp -j DROP",
    )
    saved = "*filter\n:FORWARD DROP [0:0]\nCOMMIT\n"
    policy = passes(Ruleset(tables=iptables.parse(saved, "iptables")), "forward", PING).ruling
    assert str(policy) == "chain FORWARD of iptables' table filter: policy DROP"


def test_a_mark_of_one_table_is_seen_in_the_next() -> None:
    marked = rules("FORWARD -j MARK --set-xmark 0x1/0xffffffff", table="mangle")
    dropped = rules("FORWARD -m mark --mark 0x1 -j DROP")
    both = Ruleset(tables=(*dropped.tables, *marked.tables))
    assert passes(both, "forward", PING).verdict == "drop"


def test_chains_of_all_families_are_asked_and_one_drop_is_enough() -> None:
    for family, layer, verdict in (
        ("inet", "", "drop"),
        ("ip6", "", "accept"),
        ("bridge", "", "accept"),
        ("bridge", "bridge", "drop"),
    ):
        (table,) = rules("FORWARD -j DROP").tables
        other = Ruleset(tables=(structs.replace(table, family=family),))
        assert passes(other, "forward", PING, layer=layer).verdict == verdict


GROUND = Ground(address=lambda packet: "198.51.100.10", own=lambda packet: "10.0.0.254")


@pytest.mark.parametrize(
    ("line", "hook", "packet", "after"),
    [
        (
            "POSTROUTING -o eth0 -j MASQUERADE",
            "postrouting",
            PING,
            ("198.51.100.10", None, "203.0.113.80", None),
        ),
        (
            "POSTROUTING -p tcp -j MASQUERADE",
            "postrouting",
            PING,
            ("10.0.0.1", None, "203.0.113.80", None),
        ),
        (
            "POSTROUTING -j SNAT --to-source 198.51.100.20-198.51.100.22",
            "postrouting",
            PING,
            ("198.51.100.20", None, "203.0.113.80", None),
        ),
        (
            "PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.9:8080",
            "prerouting",
            WEB,
            ("10.0.0.1", 40000, "10.0.0.9", 8080),
        ),
        (
            "PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.9:8080",
            "prerouting",
            replace(WEB, state="established"),
            ("10.0.0.1", 40000, "203.0.113.80", 80),
        ),
        (
            "PREROUTING -p tcp -j REDIRECT --to-ports 3128",
            "prerouting",
            WEB,
            ("10.0.0.1", 40000, "10.0.0.254", 3128),
        ),
        (
            "PREROUTING -d 203.0.113.0/24 -j NETMAP --to 10.7.0.0/24",
            "prerouting",
            PING,
            ("10.0.0.1", None, "10.7.0.80", None),
        ),
        (
            "POSTROUTING -s 10.0.0.0/24 -j NETMAP --to 10.7.0.0/24",
            "postrouting",
            PING,
            ("10.7.0.1", None, "203.0.113.80", None),
        ),
    ],
)
def test_a_translation(
    line: str, hook: str, packet: Packet, after: tuple[str, int | None, str, int | None]
) -> None:
    found = passes(rules(line, table="nat"), hook, packet, ground=GROUND).packet
    assert (found.source, found.sport, found.destination, found.dport) == after


def test_an_accept_before_a_translation_leaves_the_packet_as_it_is() -> None:
    both = rules("POSTROUTING -s 10.0.0.0/8 -j ACCEPT", "POSTROUTING -j MASQUERADE", table="nat")
    assert passes(both, "postrouting", PING, ground=GROUND).packet.source == "10.0.0.1"


def test_what_is_not_tracked_is_not_translated() -> None:
    raw = rules("PREROUTING -p tcp -j CT --notrack", table="raw")
    nat = rules("PREROUTING -p tcp -j DNAT --to-destination 10.0.0.9", table="nat")
    found = passes(Ruleset(tables=(*nat.tables, *raw.tables)), "prerouting", WEB)
    assert (found.packet.state, found.packet.destination) == ("untracked", "203.0.113.80")


def test_many_rules_that_are_not_understood_end_in_time() -> None:
    lines = [
        f"FORWARD -m owner --uid-owner {number} -j MARK --set-xmark 0x{number:x}/0xff"
        for number in range(64)
    ]
    found = passes(rules(*lines, "FORWARD -m mark --mark 0x5 -j DROP"), "forward", PING)
    assert found.verdict == "unknown"
