"""The tools in a real lab, and scapy in a namespace that the process is not in."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import ARP, Ether
from test_recording import ARTICLE

from nslab import Lab, NotFound, SetDown, Sysctl


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """One for all: nothing here changes it for good."""
    with Lab() as made:
        made.do(*ARTICLE)
        yield made


@pytest.mark.parametrize("ns", ["ns1", None, "host"])
def test_all_of_them_by_address_and_by_name(lab: Lab, ns: str | None) -> None:
    for target in ("203.0.113.80", "www.example.org"):
        found = lab.ping(ns, target, count=2)
        assert str(found) == "2 sent, 2 received from 203.0.113.80"
        assert len(found.times) == 2
        page = lab.http(ns, f"http://{target}/")
        assert str(page) == (
            "200 OK: Hello from www.example.org. Your packets came from 198.51.100.10."
        )
    assert str(lab.resolve(ns, "www.example.org")) == "www.example.org is 203.0.113.80"
    assert "NXDOMAIN" in str(lab.resolve(ns, "nowhere.example.org"))
    way = [hop.address for hop in lab.traceroute(ns, "203.0.113.80").hops]
    assert way == ["192.168.10.1"] * (ns == "ns1") + ["198.51.100.1", "203.0.113.80"]


def test_from_the_world_too(lab: Lab) -> None:
    assert lab.ping("lan", "198.51.100.10")
    assert str(lab.arping("lan", "198.51.100.10")) == "198.51.100.10 is at eth0"


def test_identifiers_are_the_same_in_every_lab() -> None:
    for _ in range(2):
        with Lab() as made, made.capture("eth0", filter="icmp") as seen:
            for _ in range(2):
                made.ping(None, "198.51.100.1")
            seen.stop()
            ids = [seen[f.number].packet["ICMP"].id for f in seen.frames.saying("request")]
            assert ids == [1, 2]


def test_arping(lab: Lab) -> None:
    found = lab.arping("ns1", "192.168.10.1", count=2)
    assert str(found) == "192.168.10.1 is at lxcbr0"
    assert (found.on, len(found.times), found.owner) == ("ns1/eth0", 2, "lxcbr0")
    assert str(lab.arping(None, "192.168.10.77", timeout=0.1)) == (
        "✘ no host on lxcbr0 answers who has 192.168.10.77 within 0.1 s"
    )
    with pytest.raises(NotFound, match="has an address in its subnet"):
        lab.arping(None, "203.0.113.80")


def test_what_goes_wrong_is_said(lab: Lab) -> None:
    assert str(lab.ping("ns1", "192.168.10.77")) == (
        "✘ 1 sent, 0 received: Destination Host Unreachable, says 192.168.10.11 (no answer to ARP)"
    )
    assert str(lab.ping("internet", "10.1.2.3")) == "✘ Network is unreachable"
    assert not lab.http("ns1", "http://203.0.113.80:81/")
    assert "connection refused" in str(lab.resolve("ns1", "www.example.org", "203.0.113.80"))
    with pytest.raises(NotFound, match="no namespace nsx"):
        lab.ping("nsx", "203.0.113.80")


def test_a_second_ping_is_not_taken_for_the_first() -> None:
    with Lab() as made:
        made.do(*ARTICLE[:-2])
        assert not made.ping("ns1", "203.0.113.80", timeout=0.2)
        made.do(Sysctl("net.ipv4.ip_forward", "1"))
        assert not made.ping("ns1", "203.0.113.80", timeout=0.2)
        made.do(ARTICLE[-1])
        assert made.ping("ns1", "203.0.113.80", timeout=30)


def test_scapy_in_a_namespace_that_the_process_is_not_in(lab: Lab) -> None:
    before = os.stat("/proc/self/ns/net").st_ino
    with lab.scapy("ns1/eth0") as socket:
        answer = socket.sr1(Ether() / IP(dst="203.0.113.80") / ICMP(), timeout=30, verbose=0)
        assert (answer["IP"].src, answer["ICMP"].type) == ("203.0.113.80", 0)
        answer = socket.sr1(Ether() / ARP(pdst="192.168.10.1"), timeout=30, verbose=0)
        assert (answer["ARP"].op, answer["ARP"].psrc) == (2, "192.168.10.1")
        several = Ether() / IP(dst="203.0.113.80", ttl=(1, 3)) / ICMP(id=9)
        answered, unanswered = socket.sr(several, timeout=30, verbose=0)
        assert sorted(a["IP"].src for _, a in answered) == [
            "192.168.10.1",
            "198.51.100.1",
            "203.0.113.80",
        ]
        assert len(unanswered) == 0
        lab.ping(None, "192.168.10.11")
        (packet,) = socket.sniff(count=1, timeout=30, lfilter=lambda p: "ICMP" in p)
        assert packet["IP"].src == "192.168.10.1"
    assert os.stat("/proc/self/ns/net").st_ino == before


def test_a_scapy_packet_is_sent_with_the_labs_addresses(lab: Lab) -> None:
    with lab.capture("ns1/eth0", filter="icmp") as seen:
        sent = lab.send(Ether() / IP(dst="203.0.113.80") / ICMP(id=5, seq=6), "ns1/eth0")
        seen.wait(until="echo reply, seq 6")
    assert str(sent) == "1 frame sent on ns1/eth0"
    assert seen[1].packet["IP"].src == "192.168.10.11"


def test_a_tool_on_a_link_that_is_down() -> None:
    with Lab() as made:
        made.do(*ARTICLE)
        made.do(SetDown("lxcbr0.1"))
        assert str(made.arping("ns1", "192.168.10.1", timeout=0.1)).startswith("✘ no host on")
