"""Probes and look-ups: what an engine with a kernel sees of its own packets, and what one says
that has none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from nslab.engine.fake import FakeEngine
from nslab.engine.protocol import Command, Engine
from nslab.errors import EngineUnavailable, LabClosed, NotFound
from nslab.network import diff
from nslab.network.evidence import TABLE, Evidence, Lookup, Probe

LINES = """
ip link add br0 type bridge
ip addr add 192.168.10.1/24 dev br0
ip link set br0 up
ip netns add ns1
ip link add v1 type veth peer name eth0 netns ns1
ip link set v1 master br0 up
ip -n ns1 link set lo up
ip -n ns1 addr add 192.168.10.11/24 dev eth0
ip -n ns1 link set eth0 up
ip -n ns1 route add default via 192.168.10.1
sysctl -qw net.ipv4.ip_forward=1
iptables -t nat -A POSTROUTING -s 192.168.10.0/24 ! -o br0 -j MASQUERADE
"""
INPUT = "{ type filter hook input priority 0;"
RULE = "add rule bridge b c meta l4proto icmp drop"
WEB, NAMES = "203.0.113.80", "8.8.8.8"


def typed(engine: Engine, lines: str) -> None:
    said: list[bytes] = []
    command = Command(argv=("bash", "-e", "-c", lines), view="full")
    done = engine.run(command, lambda _, data: said.append(data))
    assert done.returncode == 0, b"".join(said)


@pytest.fixture
def built(make_real: Callable[..., Engine]) -> Iterator[Engine]:
    engine = make_real()
    typed(engine, LINES)
    yield engine
    assert no_table_is_left(engine)


def no_table_is_left(engine: Engine) -> bool:
    said: list[bytes] = []
    for ns in (None, "ns1"):
        engine.run(Command(argv=("nft", "list", "tables"), ns=ns), lambda _, d: said.append(d))
    return TABLE.encode() not in b"".join(said)


def places(evidence: Evidence, *what: str, attempt: int = 0) -> list[str]:
    """Where packets of a kind were seen, the world left out."""
    return [
        f"{one.place} {one.way}"
        for one in evidence.sightings
        if one.what in what
        and one.attempt in (attempt, -1)
        and one.place.ns not in ("switch", "router", "internet", "lan")
    ]


def test_what_passes_is_seen_on_every_link_in_order(built: Engine) -> None:
    found = built.probe(Probe(ns="ns1", target=WEB))
    assert found.answered
    assert found.outcome.source == WEB
    assert found.sent == 1
    assert found.source == "192.168.10.11"
    assert places(found, "request") == ["ns1/eth0 out", "v1 in", "br0 in", "eth0 out"]
    assert places(found, "answer") == ["eth0 in", "br0 out", "v1 out", "ns1/eth0 in"]
    assert "ns1/eth0 out" in places(found, "arp")
    left = [one for one in found.sightings if str(one.place) == "eth0" and one.what == "request"]
    assert [one.source for one in left] == ["198.51.100.10"]  # as NAT rewrote it


@pytest.mark.parametrize(
    ("protocol", "port", "target", "kind"),
    [
        ("tcp", 80, WEB, "reply"),
        ("tcp", 81, WEB, "refused"),
        ("udp", 81, WEB, "error"),
        ("dns", 53, NAMES, "reply"),
    ],
)
def test_ports(built: Engine, protocol: str, port: int, target: str, kind: str) -> None:
    found = built.probe(
        Probe(ns="ns1", target=target, protocol=protocol, port=port, name="www.example.org")  # type: ignore[arg-type]
    )
    assert found.outcome.kind == kind
    assert places(found, "request") == ["ns1/eth0 out", "v1 in", "br0 in", "eth0 out"]
    if protocol == "dns":
        assert found.outcome.records == (WEB,)
    if kind == "refused":
        resets = [one for one in found.sightings if one.what == "reset"]
        assert resets[0].place.ns == "internet"
    if kind == "error":
        assert (found.outcome.source, found.outcome.icmp) == (WEB, (3, 3))


@pytest.mark.parametrize(
    ("lines", "ruling"),
    [
        ("iptables -P FORWARD DROP", ("host", "ip", "filter", "FORWARD", "iptables", "")),
        (
            "iptables -A FORWARD -i br0 -p icmp -j DROP",
            ("host", "ip", "filter", "FORWARD", "iptables", "-A FORWARD -i br0 -p icmp -j DROP"),
        ),
        (
            f"nft 'add table bridge b; add chain bridge b c {INPUT} }}; {RULE}'",
            ("host", "bridge", "b", "c", "nft", "meta l4proto icmp drop"),
        ),
        (
            f"nft 'add table inet t; add chain inet t in {INPUT} policy drop; }}'",
            ("ns1", "inet", "t", "in", "nft", ""),
        ),
    ],
    ids=["policy", "rule", "bridge", "answer"],
)
def test_a_packet_filter_is_named_with_its_rule(
    built: Engine, lines: str, ruling: tuple[str, ...]
) -> None:
    typed(built, f"ip netns exec ns1 {lines}" if ruling[0] == "ns1" else lines)
    before = built.snapshot()
    found = built.probe(Probe(ns="ns1", target=WEB))
    assert found.outcome.kind == "silence"
    drops = {
        (one.ns, one.family, one.table, one.chain, one.tool, one.rule)
        for one in found.rulings
        if one.verdict == "drop"
    }
    assert drops == {ruling}
    changes = diff.compare(before, built.snapshot()).changes
    assert [one for one in changes if one.what not in diff.LEARNED] == []


@pytest.mark.parametrize(
    "make_real", [pytest.param("local", marks=pytest.mark.kernel)], indirect=True
)
def test_old_iptables_is_read_by_its_counters(built: Engine) -> None:
    """Not in a virtual machine, whose kernel has no ip_tables any longer."""
    typed(built, "iptables-legacy -A FORWARD -p icmp -j DROP")
    found = built.probe(Probe(ns="ns1", target=WEB))
    (rule,) = [one for one in found.counted if one.kind == "rule"]
    assert rule.where == "iptables -t filter -A FORWARD -p icmp -j DROP"
    assert places(found, "request")[-1] == "br0 in"


def test_what_nobody_answers(built: Engine) -> None:
    found = built.probe(Probe(ns="ns1", target="192.168.10.77"))
    assert found.outcome.kind == "silence"
    assert places(found, "request") == []
    assert places(found, "arp")[:3] == ["ns1/eth0 out", "v1 in", "br0 in"]
    assert places(found, "arp-answer") == []


def test_what_the_kernel_does_not_take(built: Engine) -> None:
    typed(built, "ip -n ns1 route del default")
    found = built.probe(Probe(ns="ns1", target=WEB))
    assert (found.outcome.kind, found.outcome.errno) == ("unsent", 101)
    assert found.sightings == ()


def test_a_size_that_does_not_fit_leaves_no_exception(built: Engine) -> None:
    typed(built, "ip link set eth0 mtu 1400")
    found = built.probe(Probe(ns="ns1", target=WEB, size=1400))
    assert (found.outcome.kind, found.outcome.source) == ("error", "192.168.10.1")
    assert found.outcome.mtu == 1400
    assert built.probe(Probe(ns="ns1", target=WEB, size=1372)).answered
    said: list[bytes] = []
    show = Command(argv=("ip", "route", "get", WEB), ns="ns1")
    built.run(show, lambda _, data: said.append(data))
    assert b"mtu" not in b"".join(said)


def test_who_listens_is_named(built: Engine) -> None:
    found = built.probe(Probe(ns="ns1", target="192.168.10.1", protocol="dns", port=53, name="a.b"))
    assert (found.outcome.kind, found.outcome.icmp) == ("error", (3, 3))
    # The host's own name server waits on its loopback only.
    assert [one.address for one in found.listeners if one.ns == "host"] == ["127.0.0.53"]


def test_the_kernel_says_where_it_would_send(built: Engine) -> None:
    typed(built, "ip rule add from 192.168.10.12 table 9; ip route add prohibit 10.9.0.0/16")
    own, local, through, banned, missing = built.lookup(
        [
            Lookup(ns="ns1", target=WEB),
            Lookup(target="198.51.100.10"),
            Lookup(target=WEB, source="192.168.10.11", link_in="br0"),
            Lookup(target="10.9.0.1"),
            Lookup(ns="ns1", target="2001:db8::1"),
        ]
    )
    assert own.route is not None
    assert (own.route.destination, own.route.via, own.route.dev) == (
        "default",
        "192.168.10.1",
        "eth0",
    )
    assert own.source == "192.168.10.11"
    assert local.route is not None
    assert local.route.kind == "local"
    assert through.route is not None
    assert through.route.via == "198.51.100.1"
    assert banned.errno == 13
    assert missing.errno == 101
    with pytest.raises(NotFound):
        built.lookup([Lookup(ns="nsx", target=WEB)])


def test_a_namespace_that_is_not_there(make_real: Callable[..., Engine]) -> None:
    with pytest.raises(NotFound):
        make_real().probe(Probe(ns="nsx", target=WEB))


def test_an_engine_without_packets_says_so() -> None:
    with pytest.raises(EngineUnavailable, match=r"moves no frames(.|\n)*lab = Lab\(\)"):
        FakeEngine().probe(Probe(target=WEB))
    with pytest.raises(EngineUnavailable, match="no kernel to ask"):
        FakeEngine().lookup([Lookup(target=WEB)])


def test_a_closed_engine_sends_nothing(engine: Engine) -> None:
    engine.close()
    with pytest.raises(LabClosed):
        engine.probe(Probe(target=WEB))
    with pytest.raises(LabClosed):
        engine.lookup([Lookup(target=WEB)])
