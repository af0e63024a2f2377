"""Packet filter rules as values: what the real tools printed (``captured/``), read."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import msgpack

from nslab.network.diff import filter_items, filter_text, nat_text
from nslab.network.rules import (
    UNKNOWN,
    Case,
    Match,
    Rule,
    Ruleset,
    Statement,
    Table,
    iptables,
    nft,
    translations,
)
from nslab.network.rules.values import canonical

CAPTURED = Path(__file__).parent / "captured"


def captured(name: str) -> str:
    return (CAPTURED / name).read_text()


def by_nft() -> tuple[Table, ...]:
    return nft.parse(captured("ruleset.json"), captured("ruleset.nft"))


def rules_of(tables: tuple[Table, ...]) -> dict[str, Rule]:
    return {rule.text: rule for table in tables for chain in table.chains for rule in chain.rules}


NFT = rules_of(by_nft())
IPTABLES = {
    rule.text.partition(" ")[2]: rule
    for rule in rules_of(iptables.parse(captured("iptables.save"), "iptables")).values()
}
EBTABLES = rules_of(iptables.parse(captured("ebtables.save"), "ebtables"))


def m(field: str, *values: str, negated: bool = False) -> Match:
    return Match(field=field, values=values, negated=negated)


TCP, UDP, IP = m("protocol", "tcp"), m("protocol", "udp"), m("family", "ip")
ACCEPT, DROP = Statement(kind="accept"), Statement(kind="drop")


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("ct state established,related accept", (m("state", "established", "related"),)),
        ('iif "lo" accept', (m("in", "lo"),)),
        (
            'iifname { "br*", "eth0" } tcp dport { 22, 80-90 } accept',
            (m("in", "br*", "eth0"), TCP, m("dport", "22", "80-90")),
        ),
        ("ip saddr @good accept", (IP, m("source", "10.0.0.0/8", "192.168.1.5-192.168.1.9"))),
        (
            "ip saddr != { 1.2.3.4, 5.6.7.8 } ip daddr 10.0.0.0/8 drop",
            (IP, m("source", "1.2.3.4", "5.6.7.8", negated=True), m("destination", "10.0.0.0/8")),
        ),
        (
            "ip saddr . tcp dport { 1.2.3.4 . 80, 10.0.0.0/8 . 22 } accept",
            (IP, TCP, m("source . dport", "1.2.3.4 . 80", "10.0.0.0/8 . 22")),
        ),
        ("meta mark & 0x000000ff == 0x00000003 drop", (m("mark", "3/255"),)),
        ("tcp flags syn / syn,ack drop", (TCP, m("tcp flags", "2/18"))),
        ("tcp flags syn accept", (TCP, m("tcp flags", "2/2"))),
        (
            "icmp type { echo-reply, echo-request } accept",
            (m("protocol", "icmp"), m("icmp type", "0", "8")),
        ),
        ("meta nfproto ipv6 drop", (m("family", "ip6"),)),
        ("tcp dport > 1024 accept", (TCP, m("dport", "1025-65535"))),
        ("fib daddr type local counter accept", (m("destination type", "local"),)),
        ("limit rate over 10/second drop", (m("limit", "10/second", negated=True),)),
        ("meta pkttype broadcast drop", (m(UNKNOWN, "meta pkttype"),)),
        ("ip6 saddr fd00::/8 drop", (m("family", "ip6"), m("source", "fd00::/8"))),
        ("ether type arp drop", (m("family", "arp"),)),
        ("vlan id 3 drop", (m(UNKNOWN, "vlan id"),)),
        ("arp operation request drop", (m("operation", "request"),)),
    ],
)
def test_what_a_rule_of_nft_matches(text: str, matches: tuple[Match, ...]) -> None:
    assert NFT[text].matches == matches


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("tcp dport != 22 reject with tcp reset", (Statement(kind="reject", target="tcp reset"),)),
        ("meta mark set 0x00000009", (Statement(kind="mark", target="9"),)),
        ("udp dport 53 notrack", (Statement(kind="notrack"),)),
        ("goto user", (Statement(kind="goto", target="user"),)),
        (
            "tcp dport vmap @m",
            (
                Statement(
                    kind="choose",
                    target="dport",
                    cases=(
                        Case(key="22", then=ACCEPT),
                        Case(key="80", then=Statement(kind="jump", target="user")),
                    ),
                ),
            ),
        ),
        (
            "tcp dport 8080 dnat to 192.168.10.11:80",
            (Statement(kind="dnat", to="192.168.10.11", ports="80"),),
        ),
        (
            "dnat ip to tcp dport map @e",
            (
                Statement(
                    kind="choose",
                    target="dport",
                    cases=(
                        Case(key="80", then=Statement(kind="dnat", to="10.0.0.1", ports="8080")),
                    ),
                ),
            ),
        ),
        (
            'oif "eth0" snat to 198.51.100.10-198.51.100.12 persistent',
            (Statement(kind="snat", to="198.51.100.10-198.51.100.12", flags=("persistent",)),),
        ),
        (
            "ip daddr 10.0.0.0/24 dnat prefix to 10.1.0.0/24",
            (Statement(kind="netmap", to="10.1.0.0/24"),),
        ),
        (
            "ip protocol tcp masquerade to :1000-2000 random",
            (Statement(kind="masquerade", ports="1000-2000", flags=("random",)),),
        ),
    ],
)
def test_what_a_rule_of_nft_does(text: str, statements: tuple[Statement, ...]) -> None:
    assert NFT[text].statements == statements


def test_chains_of_nft() -> None:
    tables = {(table.family, table.name): table for table in by_nft()}
    assert ("ip", "dorm") not in tables, "a dormant table does nothing"
    chain = tables["inet", "f"].chain("input")
    assert chain is not None
    assert (chain.type, chain.hook, chain.priority, chain.policy) == ("filter", "input", -5, "drop")
    devices = tables["netdev", "nd"].chain("in2")
    assert devices is not None
    assert devices.devices == ("eth0", "lo"), "nft 1.0.6 tells them in words only"


def test_a_set_that_packets_fill_is_unknown() -> None:
    said = captured("ruleset.json").replace('"@good"', '"@dyn"')
    (rule,) = [
        rule
        for rule in rules_of(nft.parse(said, captured("ruleset.nft"))).values()
        if rule.text == "ip saddr @good accept"
    ]
    assert rule.unknown == ("the set @dyn, whose contents come and go",)


def test_every_captured_rule_is_understood_or_says_what_is_not() -> None:
    unknown = {text: rule.unknown for text, rule in NFT.items() if rule.unknown}
    assert unknown == {
        "meta pkttype broadcast drop": ("meta pkttype",),
        "vlan id 3 drop": ("vlan id",),
    }


@pytest.mark.parametrize(
    ("text", "matches", "statement"),
    [
        (
            "USER -m conntrack --ctstate RELATED,ESTABLISHED",
            (m("state", "related", "established"),),
            ACCEPT,
        ),
        (
            "FORWARD ! -s 10.0.0.0/8 ! -i eth+ -p tcp -m tcp --dport 1024:65535",
            (
                m("source", "10.0.0.0/8", negated=True),
                m("in", "eth*", negated=True),
                TCP,
                m("dport", "1024-65535"),
            ),
            ACCEPT,
        ),
        (
            'FORWARD -p udp -m multiport --sports 53,100:200 -m comment --comment "two words"',
            (UDP, m("sport", "53", "100-200")),
            DROP,
        ),
        (
            "FORWARD -p tcp -m tcp --tcp-flags SYN,ACK SYN",
            (TCP, m("tcp flags", "2/18")),
            Statement(kind="reject", target="tcp-reset"),
        ),
        (
            "FORWARD -p icmp -m icmp --icmp-type 8 -m limit --limit 5/sec",
            (m("protocol", "icmp"), m("icmp type", "8"), m("limit", "5/sec")),
            ACCEPT,
        ),
        (
            "FORWARD -m iprange --src-range 10.0.0.1-10.0.0.9",
            (m("source", "10.0.0.1-10.0.0.9"),),
            DROP,
        ),
        ("FORWARD -m mark --mark 0x7/0xff", (m("mark", "7/255"),), DROP),
        ("FORWARD -m addrtype --dst-type LOCAL", (m("destination type", "local"),), ACCEPT),
        (
            "FORWARD -m statistic --mode random --probability 0.50000000000",
            (m(UNKNOWN, "-m statistic --mode random --probability 0.50000000000"),),
            DROP,
        ),
        (
            "FORWARD -m mac --mac-source 02:00:00:00:00:01",
            (m("mac source", "02:00:00:00:00:01"),),
            DROP,
        ),
        ("FORWARD -m physdev --physdev-in veth1", (m("port in", "veth1"),), DROP),
        ("FORWARD", (), Statement(kind="jump", target="USER")),
        ("FORWARD", (), Statement(kind="goto", target="USER")),
        (
            "PREROUTING -d 198.51.100.10/32 -p tcp -m tcp --dport 8080",
            (m("destination", "198.51.100.10"), TCP, m("dport", "8080")),
            Statement(kind="dnat", to="192.168.10.11", ports="80"),
        ),
        (
            "POSTROUTING -s 192.168.10.11/32",
            (m("source", "192.168.10.11"),),
            Statement(kind="snat", to="198.51.100.55"),
        ),
        (
            "POSTROUTING -p tcp",
            (TCP,),
            Statement(kind="masquerade", ports="1000-2000", flags=("random",)),
        ),
        (
            "OUTPUT -p tcp -m tcp --dport 80",
            (TCP, m("dport", "80")),
            Statement(kind="redirect", ports="8080"),
        ),
        (
            "PREROUTING -d 10.5.0.0/24",
            (m("destination", "10.5.0.0/24"),),
            Statement(kind="netmap", to="10.6.0.0/24"),
        ),
        ("PREROUTING", (), Statement(kind="mark", target="9")),
        ("PREROUTING -p udp", (UDP,), Statement(kind="notrack")),
    ],
)
def test_a_rule_of_iptables(text: str, matches: tuple[Match, ...], statement: Statement) -> None:
    found = [
        (rule.matches, rule.statements)
        for said, rule in IPTABLES.items()
        if said.startswith((f"{text} -j", f"{text} -g"))
    ]
    assert (matches, (statement,)) in found


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        (
            "-A FORWARD -p IPv4 -i v+ --ip-src 10.0.0.0/8 --ip-proto tcp --ip-dport 80 -j ACCEPT",
            (IP, m("in", "v*"), m("source", "10.0.0.0/8"), TCP, m("dport", "80")),
        ),
        (
            "-A FORWARD -p ARP --arp-op Request --arp-ip-dst 10.0.0.1 -j ACCEPT",
            (m("family", "arp"), m("operation", "request"), m("destination", "10.0.0.1")),
        ),
        ("-A FORWARD -p ! IPv4 -j ACCEPT", (m("family", "ip", negated=True),)),
        (
            "-A CH -p 802_1Q --vlan-id 3 -j DROP",
            (m(UNKNOWN, "-p 802_1Q"), m(UNKNOWN, "--vlan-id 3")),
        ),
    ],
)
def test_a_rule_of_ebtables(text: str, matches: tuple[Match, ...]) -> None:
    assert EBTABLES[text].matches == matches


def test_a_chain_of_ones_own_in_ebtables_has_a_policy() -> None:
    (table,) = iptables.parse(captured("ebtables.save"), "ebtables")
    own = table.chain("CH")
    assert own is not None
    assert own.rules[-1].statements == (ACCEPT,)
    forward = table.chain("FORWARD")
    assert forward is not None
    assert (forward.policy, forward.priority) == ("drop", -200)


def test_a_range_that_nft_prints_as_a_prefix_is_a_range() -> None:
    """nft 1.0.6 does, of `snat to 198.51.100.56-198.51.100.57`; a prefix proper says so."""
    said = captured("ruleset.json").replace(
        '{"range": ["198.51.100.10", "198.51.100.12"]}',
        '{"prefix": {"addr": "198.51.100.56", "len": 31}}',
    )
    found = rules_of(nft.parse(said, captured("ruleset.nft")))
    (statement,) = found['oif "eth0" snat to 198.51.100.10-198.51.100.12 persistent'].statements
    assert (statement.kind, statement.to) == ("snat", "198.51.100.56-198.51.100.57")


def test_one_meaning_is_one_value_whichever_tool_says_it() -> None:
    saved = (
        "*nat\n:POSTROUTING ACCEPT [3:180]\n:PREROUTING ACCEPT [0:0]\n"
        "[5:300] -A POSTROUTING -s 192.168.10.0/24 -o eth0 -j MASQUERADE\nCOMMIT\n"
    )
    listed = (
        '{"nftables": [{"table": {"family": "ip", "name": "nslab", "handle": 1}},'
        '{"chain": {"family": "ip", "table": "nslab", "name": "postrouting", "handle": 1,'
        '"type": "nat", "hook": "postrouting", "prio": 100, "policy": "accept"}},'
        '{"rule": {"family": "ip", "table": "nslab", "chain": "postrouting", "handle": 2, "expr": ['
        '{"match": {"op": "==", "left": {"meta": {"key": "oifname"}}, "right": "eth0"}},'
        '{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}},'
        '"right": {"prefix": {"addr": "192.168.10.0", "len": 24}}}},{"masquerade": null}]}}]}'
    )
    one = Ruleset(tables=iptables.parse(saved, "iptables"))
    other = Ruleset(tables=nft.parse(listed))
    assert canonical(one) == canonical(other)
    assert [nat_text(rule) for rule in translations(one)] == ["masquerade 192.168.10.0/24 → eth0"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "POSTROUTING -s 192.168.10.0/24 -o eth0 -j MASQUERADE",
            "masquerade 192.168.10.0/24 → eth0",
        ),
        ("POSTROUTING -s 10.0.0.0/8 -p tcp -j MASQUERADE", "masquerade tcp 10.0.0.0/8"),
        ("POSTROUTING ! -o br0 -j MASQUERADE", "masquerade everything → !br0"),
        ("POSTROUTING -m mark --mark 0x7 -j MASQUERADE", "masquerade everything if mark 7"),
        (
            (
                "PREROUTING -d 198.51.100.10/32 -p tcp -m tcp --dport 8080 "
                "-j DNAT --to-destination 192.168.10.11:80"
            ),
            "dnat tcp 198.51.100.10:8080 → 192.168.10.11:80",
        ),
        (
            "POSTROUTING -s 192.168.10.11/32 -j SNAT --to-source 198.51.100.55",
            "snat 192.168.10.11 as 198.51.100.55",
        ),
        (
            "POSTROUTING -m owner --uid-owner 5 -j MASQUERADE",
            "-A POSTROUTING -m owner --uid-owner 5 -j MASQUERADE",
        ),
    ],
)
def test_a_translation_in_words(line: str, words: str) -> None:
    chain = line.split()[0]
    saved = f"*nat\n:{chain} ACCEPT [0:0]\n-A {line}\nCOMMIT\n"
    rules = Ruleset(tables=iptables.parse(saved, "iptables"))
    assert [nat_text(rule) for rule in translations(rules)] == [words]


def test_a_translation_in_a_chain_that_nothing_jumps_to() -> None:
    saved = "*nat\n:POSTROUTING ACCEPT [0:0]\n:LOST - [0:0]\n-A LOST -j MASQUERADE\nCOMMIT\n"
    (rule,) = translations(Ruleset(tables=iptables.parse(saved, "iptables")))
    assert not rule.reached
    jumped = saved.replace("COMMIT", "-A POSTROUTING -j LOST\nCOMMIT")
    (rule,) = translations(Ruleset(tables=iptables.parse(jumped, "iptables")))
    assert (rule.reached, rule.hook) == (True, "postrouting")


def test_the_filter_in_one_line_and_in_many() -> None:
    rules = Ruleset(tables=iptables.parse(captured("iptables.save"), "iptables"))
    assert filter_text(rules) == "filter: 17 rules, forward policy drop"
    items = list(filter_items(rules))
    assert "iptables -P FORWARD DROP" in items
    assert "iptables -t mangle -A PREROUTING -j MARK --set-xmark 0x9/0xffffffff" in items
    assert "inet f input: policy drop" in list(filter_items(Ruleset(tables=by_nft())))


def test_rules_can_be_sent() -> None:
    rules = Ruleset(tables=by_nft())
    assert msgpack.decode(msgpack.encode(rules), type=Ruleset) == rules


@pytest.mark.parametrize("text", ["-A X -m", "-A X ! -j", '-A X "', "-A X -s", "-A X -p"])
def test_a_line_that_no_tool_prints_is_unknown_or_nothing(text: str) -> None:
    assert isinstance(iptables.rule(text), Rule)
