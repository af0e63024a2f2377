"""Counters and tracked connections as tables that a beginner can read."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from msgspec import structs

from nslab import AddContainer, AddNamespace, InvalidInput, Lab
from nslab.network.model import Flow, Tracked
from nslab.session.counting import MEANINGS, Connections, Count, Counts, parsed

SNMP = "Ip: Forwarding InReceives\nIp: 1 7\nTcp: RtoAlgorithm MaxConn\nTcp: 1 -1\n"


def flow(source: str, target: str, protocol: int = 6, port: int = 40000) -> Flow:
    return Flow(protocol=protocol, source=source, source_port=port, target=target, target_port=80)


WEB = "203.0.113.80"
NAT = Tracked(
    ns="host",
    original=flow("192.168.10.11", "203.0.113.80"),
    reply=Flow(
        protocol=6, source="203.0.113.80", source_port=80, target="198.51.100.10", target_port=1024
    ),
)


def test_the_kernels_files() -> None:
    assert parsed(SNMP) == {
        "IpForwarding": 1, "IpInReceives": 7, "TcpRtoAlgorithm": 1, "TcpMaxConn": -1
    }  # fmt: skip
    assert parsed("") == parsed("nonsense") == {}


def test_a_table_says_what_is_counted_what_is_new_and_the_command() -> None:
    counts = Counts("ns1", [Count("IpForwDatagrams", 3, 1), Count("UdpNoPorts", 2, 0)])
    assert str(counts).splitlines() == [
        "IpForwDatagrams  3  +1  forwarded to another link",
        "UdpNoPorts       2      datagrams to a port where nothing listens",
        "as a command: ip netns exec ns1 nstat -asz IpForwDatagrams UdpNoPorts",
    ]
    assert "<td" in counts._repr_mimebundle_()["text/html"]
    assert str(Counts("host", [Count("UdpNoPorts", 2)])).startswith("UdpNoPorts  2  datagrams")


def test_a_connection_says_what_leaves_in_its_place() -> None:
    plain = Tracked(
        ns="host", original=flow("10.0.0.1", "10.0.0.2"), reply=flow("10.0.0.2", "10.0.0.1")
    )
    text = str(Connections([NAT]))
    assert text.splitlines() == [
        f"host  tcp  192.168.10.11:40000 → {WEB}:80  leaves as 198.51.100.10:1024 → {WEB}:80",
        "as a command: conntrack -L",
    ]
    ping = Tracked(
        ns="ns1",
        original=flow("10.0.0.1", "10.0.0.2", 1),
        reply=Flow(protocol=1, source="10.0.0.2", source_port=1, target="10.0.0.1", target_port=9),
    )
    lines = str(Connections([ping, ping, plain])).splitlines()
    assert lines[0] == "ns1   icmp  10.0.0.1 → 10.0.0.2", (
        "each ping is one; alike, they are one line"
    )
    assert len(lines) == 3
    assert str(Connections([], "lan")) == "no connection is tracked in lan"


def test_wrong_questions() -> None:
    with Lab(engine="fake") as lab:
        with pytest.raises(InvalidInput, match="it is none of these"):
            lab.counters("host", "IpForward")
        with pytest.raises(InvalidInput, match="no protocol is called so"):
            lab.connections("host", "imcp")
        assert len(lab.connections()) == 0


def test_of_the_host_alone_nothing_else_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    with Lab(engine="fake") as lab:
        look = lab._engine.snapshot
        monkeypatch.setattr(lab._engine, "snapshot", lambda: looks.append("look") or look())
        monkeypatch.setattr(lab, "run", lambda *_, **__: SimpleNamespace(stdout=SNMP))
        assert str(lab.counters()).endswith("\nas a command: nstat -asz IpInReceives")
        for entries in ((), (NAT,)):
            monkeypatch.setattr(lab._engine, "tracked", lambda entries=entries: entries)
            assert len(lab.connections()) == len(entries)
        assert looks == []
        lab.do(AddNamespace("ns1"), watch=False)
        looks.clear()
        lab.counters("ns1")
        assert looks == ["look"]


def test_meanings_are_of_one_form() -> None:
    assert all(not words.endswith(".") and words[0].islower() for words in MEANINGS.values())


def test_the_command_enters_a_container_by_a_way_that_it_has() -> None:
    with Lab(engine="fake") as lab:
        lab.do(AddContainer("app"), watch=False)
        app = lab.snapshot().namespace("app")
    told = str(Counts("app", [Count("UdpNoPorts", 2)], app)).splitlines()[-1]
    assert told == 'as a command: lab.sh("nstat -asz UdpNoPorts", "app")'
    entry = structs.replace(NAT, ns="app")
    told = str(Connections([entry, NAT], places=[app])).splitlines()[-1]
    assert told == 'as a command: lab.sh("conntrack -L", "app"); conntrack -L'
