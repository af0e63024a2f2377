"""What may pass and what not, drawn at the place where it acts: policies and published ports."""

from __future__ import annotations

import re

import snapshots as sample
from msgspec import structs

from nslab.draw import Picture
from nslab.network.diff import compare
from nslab.network.model import Snapshot
from nslab.network.rules import Chain, Match, Rule, Ruleset, Statement, Table


def filtered(*chains: Chain, family: str = "ip", tool: str = "iptables") -> Snapshot:
    """The article's network; the host filters."""
    snapshot = sample.article(repaired=True)
    table = Table(family=family, name="filter", tool=tool, chains=chains)
    host = structs.replace(snapshot.host, rules=Ruleset(tables=(table,)))
    return structs.replace(snapshot, namespaces=(host, *snapshot.namespaces[1:]))


def drops(hook: str, *rules: Rule, **more: tuple[str, ...]) -> Chain:
    return Chain(name=hook.upper(), type="filter", hook=hook, policy="drop", rules=rules, **more)


ACCEPTS = Rule(statements=(Statement(kind="accept"),), text="-A FORWARD -i br0 -j ACCEPT")


def signs(picture: Picture) -> tuple[list[str], list[str]]:
    """What signs stand at the gate, and elsewhere."""
    gates = [line for gate in picture.placed.gates for line in gate.notes.lines]
    notes = [line for every, _, _ in picture.placed.notes for line in every.lines]
    return (
        [line.words for line in gates if line.role == "policy"],
        [line.words for line in notes if line.role == "policy"],
    )


def test_each_policy_has_a_sign_where_it_acts() -> None:
    picture = Picture(filtered(drops("input"), drops("forward", ACCEPTS), drops("output")))
    at_gate, elsewhere = signs(picture)
    assert at_gate == ["forward policy drop"]
    assert elsewhere == ["input policy drop", "output policy drop"]
    assert "<title>iptables -P FORWARD DROP</title>" in picture.svg
    assert "<title>iptables -P INPUT DROP</title>" in picture.svg
    # In words, all of it is one line.
    assert "filter: 1 rule, input and forward and output policy drop" in picture.text
    assert picture.text.count("policy drop") == 1
    assert not re.search(r"^\s*$", picture.text, re.MULTILINE)


def test_a_chain_that_accepts_has_no_sign() -> None:
    accepting = structs.replace(drops("forward", ACCEPTS), policy="accept")
    assert signs(Picture(filtered(accepting))) == ([], [])


def test_what_a_bridge_or_a_link_drops_is_not_said_of_the_gate() -> None:
    bridge = Picture(filtered(drops("forward"), family="bridge", tool="nft"))
    assert signs(bridge) == ([], ["bridge forward policy drop"])
    ingress = drops("ingress", devices=("eth0",))
    link = Picture(filtered(ingress, family="netdev", tool="nft"))
    assert signs(link) == ([], ["ingress eth0 policy drop"])


def test_a_new_policy_is_marked_and_nothing_else() -> None:
    before = filtered(structs.replace(drops("forward", ACCEPTS), policy="accept"))
    (gate,) = Picture(compare(before, filtered(drops("forward", ACCEPTS)))).placed.gates
    assert [(line.words, line.mark) for line in gate.notes.lines if line.role == "policy"] == [
        ("forward policy drop", "new")
    ]
    more = compare(filtered(drops("forward")), filtered(drops("forward", ACCEPTS)))
    (gate,) = Picture(more).placed.gates
    assert [line.mark for line in gate.notes.lines if line.role == "policy"] == [None]


def published(*matches: Match) -> Picture:
    text = "-A PREROUTING ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to 172.17.0.2:80"
    port = Rule(
        matches=(
            Match(field="protocol", values=("tcp",)),
            Match(field="dport", values=("8080",)),
            *matches,
        ),
        statements=(Statement(kind="dnat", to="172.17.0.2", ports="80"),),
        text=text,
    )
    chain = Chain(name="PREROUTING", type="nat", hook="prerouting", rules=(port,))
    snapshot = sample.article(repaired=True)
    table = Table(family="ip", name="nat", tool="iptables", chains=(chain,))
    host = structs.replace(snapshot.host, rules=Ruleset(tables=(table,)))
    return Picture(structs.replace(snapshot, namespaces=(host, *snapshot.namespaces[1:])))


def test_a_published_port_is_one_short_tag_with_its_rule_in_the_title() -> None:
    from_outside = Match(field="in", values=("docker0",), negated=True)
    local = Match(field="destination type", values=("local",))
    picture = published(from_outside, local)
    shown = re.findall(r">([^<>]+)</text>", picture.svg)
    at = shown.index("dnat tcp port 8080")
    assert shown[at + 1] == "→ 172.17.0.2:80"
    assert "--dport 8080 -j DNAT --to 172.17.0.2:80</title>" in picture.svg
    assert "in by !docker0" in picture.text, "in words nothing of it is left out"


def test_a_condition_that_decides_stays_on_the_tag() -> None:
    (tag,) = [
        line.words
        for every, _, _ in published(Match(field="in", values=("eth0",))).placed.notes
        for line in every.lines
        if line.role == "nat"
    ]
    assert tag == "dnat tcp in by eth0 port 8080 → 172.17.0.2:80"
