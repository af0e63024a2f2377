"""The witness without a kernel: which frames are a probe's, what is asked, how far one came."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from blocks import ANSWER, DNS, arp, icmp, ipv4, udp
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from snapshots import article, link

from nslab.engine.agent.packets import asking, filters, watching
from nslab.engine.agent.packets.recognise import Marks, packet, part, sightings
from nslab.engine.agent.packets.watching import Raw
from nslab.errors import InvalidInput
from nslab.explain.diagnose.explanation import LOST, Explanation, Obstacle
from nslab.explain.diagnose.ipv6_ways import FORWARDING
from nslab.explain.diagnose.question import question
from nslab.explain.diagnose.sighted import Way
from nslab.explain.diagnose.why import theory
from nslab.explain.diagnose.witnessed import together
from nslab.network.evidence import (
    Counted,
    Evidence,
    Listener,
    Outcome,
    Probe,
    Ruling,
    Sighting,
    TrafficFilter,
)
from nslab.network.model import Address, Link, Namespace, Peer, Place, PolicyRule, Route, Snapshot

MARKS = Marks(nonce=b"once", ident=7, ports={61500: 0, 61501: 1})
ECHO = struct.pack(">BBHHH", 8, 0, 0, 99, 2) + MARKS.token + b"\1"


def raw(data: bytes, protocol: int = 0x0800, **given: object) -> Raw:
    fields = {
        "stamp": 0, "depth": 0, "ns": "ns1", "link": "eth0", "outgoing": True, "for_others": False,
        "protocol": protocol, "vlan": 0, "source_mac": "", "target_mac": "", "data": data,
    }  # fmt: skip
    return Raw(**{**fields, **given})  # type: ignore[arg-type]


def what(data: bytes) -> tuple[str, int] | None:
    found = packet(data)
    assert found is not None
    belongs = part(found, MARKS)
    return (belongs.what, belongs.attempt) if belongs is not None else None


def tcp(source: int, target: int, number: int, acknowledged: int, flags: int) -> bytes:
    return struct.pack(">HHIIBBHHH", source, target, number, acknowledged, 0x50, flags, 0, 0, 0)


def test_an_echo_is_known_by_what_it_carries() -> None:
    assert what(ipv4(1, ECHO)) == ("request", 1)
    assert what(ipv4(1, b"\0" + ECHO[1:])) == ("answer", 1)
    assert what(ipv4(1, ECHO[:8] + b"somebody else's")) is None


def test_an_error_is_known_by_what_it_quotes() -> None:
    assert what(ipv4(1, icmp(3, 1, ipv4(1, ECHO)))) == ("error", 1)
    assert what(ipv4(1, icmp(3, 3, ipv4(17, udp(61501, 53, b"x"))))) == ("error", 1)
    assert what(ipv4(1, icmp(3, 1, ipv4(17, udp(1, 2, b"x"))))) is None


def test_a_connection_is_known_by_its_first_number_once_its_port_was_changed() -> None:
    assert what(ipv4(6, tcp(61500, 80, 1000, 0, 2))) == ("request", 0)
    assert what(ipv4(6, tcp(1024, 8080, 1000, 0, 2))) == ("request", 0)
    assert what(ipv4(6, tcp(8080, 1024, 5, 1001, 0x12))) == ("answer", 0)
    assert what(ipv4(6, tcp(8080, 1024, 5, 1001, 0x14))) == ("reset", 0)
    assert what(ipv4(6, tcp(8080, 1024, 5, 2001, 0x12))) is None


def test_sightings_are_in_the_order_of_time_and_then_of_depth() -> None:
    frames = [
        raw(ipv4(1, ECHO), stamp=2, depth=1, link="br0", outgoing=False),
        raw(ipv4(1, ECHO), stamp=2, link="v1", outgoing=False),
        raw(ipv4(1, ECHO), stamp=1),
        raw(arp(1, "10.0.0.1", "10.0.0.2"), 0x0806),
        raw(arp(1, "10.0.0.1", "10.0.0.2"), 0x0806, stamp=3),
    ]
    shown = [(one.what, str(one.place)) for one in sightings(frames, MARKS)]
    assert shown == [
        ("arp", "ns1/eth0"),
        ("request", "ns1/eth0"),
        ("request", "ns1/v1"),
        ("request", "ns1/br0"),
    ]


@given(st.binary(max_size=120), st.sampled_from((0x0800, 0x86DD, 0x0806)))
def test_no_frame_is_too_odd(data: bytes, protocol: int) -> None:
    assert isinstance(sightings([raw(data, protocol)], MARKS), list)
    asking.answer(data, 7)


def test_questions_and_answers_of_names() -> None:
    asked = asking.question(7, "www.example.org")
    assert asked[12:] == b"\3www\7example\3org\0\0\1\0\1"
    assert asking.answer(asked, 7) == (-1, ()), "a question is no answer"
    (ident,) = struct.unpack_from(">H", ANSWER)
    code, records = asking.answer(ANSWER, ident)
    assert code == 0
    assert records
    assert asking.answer(DNS, ident) == (-1, ())


def test_the_program_ends_within_itself() -> None:
    """Jumps of a classic filter go forward, and to an instruction."""
    laid = watching.program(80, (61440, 61951))
    for place, (code, true, false, _) in enumerate(laid):
        if code & 7 == 5 and code != 0x05:
            assert place + 1 + max(true, false) < len(laid)
    assert filters.packed(laid)


@pytest.mark.parametrize(
    ("target", "given", "wanted"),
    [
        ("203.0.113.80", {}, ("203.0.113.80", "", 0, "icmp")),
        ("203.0.113.80:80", {}, ("203.0.113.80", "", 80, "tcp")),
        ("203.0.113.80", {"port": 53, "protocol": "udp"}, ("203.0.113.80", "", 53, "udp")),
        ("fd00::1", {}, ("fd00::1", "", 0, "icmp")),
        ("[fd00::1]:80", {}, ("fd00::1", "", 80, "tcp")),
        ("www.example.org:80", {}, ("", "www.example.org", 80, "tcp")),
    ],
)
def test_what_is_asked(
    target: str, given: dict[str, object], wanted: tuple[str, str, int, str]
) -> None:
    found = question(article(), target, **given)  # type: ignore[arg-type]
    assert (found.address, found.name, found.port, found.protocol) == wanted


@pytest.mark.parametrize(
    ("target", "given"),
    [
        ("203.0.113.80:80", {"port": 81}),
        ("203.0.113.80:80", {"protocol": "icmp"}),
        ("203.0.113.80", {"protocol": "udp"}),
        ("203.0.113.80", {"protocol": "sctp", "port": 1}),
        ("203.0.113.80:80", {"size": 100}),
        ("203.0.113.80", {"size": 70_000}),
        ("203.0.113.80:99999", {}),
        ("[]:80", {}),
    ],
)
def test_what_does_not_go_together(target: str, given: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as caught:
        question(article(), target, **given)  # type: ignore[arg-type]
    assert caught.value.hint


def test_three_answers() -> None:
    def said(kind: str | None) -> Explanation:
        obstacle = Obstacle(kind=kind, where="host", message="so it is") if kind else None
        return Explanation(
            namespace="ns1", target="x", obstacle=obstacle, witness=("a ping was sent",)
        )

    assert [said(kind).ok for kind in (None, "link-down", LOST)] == [True, False, None]
    assert [bool(said(kind)) for kind in (None, "link-down", LOST)] == [True, False, False]
    assert "? so it is" in str(said(LOST))
    assert "✘ so it is" in str(said("link-down"))
    assert "  seen: a ping was sent" in str(said(None))
    assert "seen: a ping was sent" in said(None).html


def seen(*places: str, what: str = "request", astray: str = "") -> tuple[Sighting, ...]:
    shown = []
    for words in places:
        place, way = words.split()
        ns, link = place.split("/")
        shown.append(
            Sighting(
                place=Place(ns=ns, link=link),
                way=way,  # type: ignore[arg-type]
                what=what,  # type: ignore[arg-type]
                for_others=place == astray,
            )
        )
    return tuple(shown)


def way(*sightings: Sighting) -> Way:
    snapshot = article(repaired=True)
    evidence = Evidence(
        probe=Probe(target="203.0.113.80", ns="ns1"),
        outcome=Outcome(kind="silence"),
        sightings=sightings,
    )
    return Way(snapshot, evidence, snapshot.namespace("ns1"))


def test_the_place_where_it_was_seen_last() -> None:
    assert way().lost()[:2] == ("ns1", "")
    left = way(*seen("ns1/eth0 out")).lost()
    assert (left.where, left.answering) == ("ns1/eth0", False)
    assert "never came in at host/lxcbr0.1" in left.words
    came = way(*seen("ns1/eth0 out", "host/lxcbr0.1 in", "host/lxcbr0 in")).lost()
    assert (came.where, came.words) == (
        "host/lxcbr0",
        "it came in at host/lxcbr0, and host did not pass it on",
    )
    back = way(*seen("ns1/eth0 out"), *seen("host/eth0 in", what="answer")).lost()
    assert (back.where, back.answering) == ("host/eth0", True)


def test_what_a_bridge_floods_to_others_is_not_the_way() -> None:
    flooded = seen("ns1/eth0 out", "host/lxcbr0.1 in", "host/eth0 in", astray="host/eth0")
    assert way(*flooded).lost().where == "host/lxcbr0.1"


def lost_at_the_host(
    name: str, host: Namespace | None = None, *, six: bool = False, icmp: tuple[int, int] = (0, 0)
) -> str:
    """The kind of the obstacle, where each packet came in by host/lxcbr0 and a counter went up."""
    snapshot = article(repaired=True)
    if host is not None:
        snapshot = structs.replace(snapshot, namespaces=(host, *snapshot.namespaces[1:]))
    target = "fd00:2::11" if six else "203.0.113.80"
    outcome = Outcome(kind="silence")
    if icmp != (0, 0):
        outcome = Outcome(kind="error", source="192.168.10.1", icmp=icmp, words="no way")
    evidence = Evidence(
        probe=Probe(target=target, ns="ns1"),
        outcome=outcome,
        sent=1,
        sightings=seen("ns1/eth0 out", "host/lxcbr0.1 in", "host/lxcbr0 in"),
        counted=(Counted(ns="host", kind="namespace", name=name, more=1),) if name else (),
    )
    asked = question(snapshot, target)
    found = together(snapshot, snapshot.namespace("ns1"), asked, evidence, None)
    assert found.obstacle is not None
    assert found.obstacle.where.startswith("host")
    return found.obstacle.kind


def changed(**given: object) -> Namespace:
    """The host of the article, changed."""
    return structs.replace(article(repaired=True).host, **given)


def with_setting(key: str, value: str) -> Namespace:
    host = article(repaired=True).host
    return changed(
        links=tuple(
            structs.replace(link, settings={key: value}) if link.name == "lxcbr0" else link
            for link in host.links
        )
    )


def test_a_counter_alone_convicts_nobody() -> None:
    """Others count there, too: the setting has to bear it out."""
    assert lost_at_the_host("TcpExtIPReversePathFilter") == LOST
    filtering = with_setting("rp_filter", "1")
    assert lost_at_the_host("TcpExtIPReversePathFilter", filtering) == "rp-filter"
    assert lost_at_the_host("IpInAddrErrors") == LOST
    assert lost_at_the_host("IpInAddrErrors", changed(sysctls={})) == "no-forwarding"
    shut = with_setting("forwarding", "0")
    assert lost_at_the_host("IpInAddrErrors", shut) == "no-forwarding"
    opened = changed(sysctls={FORWARDING: "1"})
    assert lost_at_the_host("Ip6InAddrErrors", opened, six=True) == LOST
    assert lost_at_the_host("Ip6InAddrErrors", six=True) == "no-forwarding"


def test_an_unreachable_host_is_the_matter_of_a_policy_rule_only_if_there_is_one() -> None:
    unreachable = (3, 1)
    assert lost_at_the_host("", icmp=unreachable) == LOST
    main = PolicyRule(priority=32766, table=254)
    harmless = changed(policy=(PolicyRule(priority=9, source="10.9.0.0/16", table=9), main))
    assert lost_at_the_host("", harmless, icmp=unreachable) == LOST
    refusing = PolicyRule(priority=9, destination="203.0.113.0/24", action="unreachable")
    assert lost_at_the_host("", changed(policy=(refusing, main)), icmp=unreachable) == (
        "policy-route"
    )
    other = (PolicyRule(priority=32767, table=253),)
    assert lost_at_the_host("", changed(policy=other), icmp=unreachable) == "policy-route"


def test_a_link_that_is_down_elsewhere_is_not_in_the_way_of_ipv6() -> None:
    """The only veth of the lab that is down, and no packet had to pass it."""
    host = article(repaired=True).host
    spare = Link(name="spare", index=99, kind="veth")
    assert lost_at_the_host("", changed(links=(*host.links, spare)), six=True) == LOST
    routed = changed(
        links=(*host.links, spare),
        routes=(*host.routes, Route(destination="fd00:2::/64", dev="spare", metric=256)),
    )
    assert lost_at_the_host("", routed, six=True) == "link-down"


def test_out_of_sight_is_no_no() -> None:
    obstacle = Obstacle(kind="out-of-sight", where="host/eth0", message="who knows")
    assert Explanation(namespace="ns1", target="x", obstacle=obstacle).ok is None


def test_a_question_that_a_rule_sends_on_is_no_answer() -> None:
    """It came to the host's own address, and a neighbour is asked for who is not its sender."""
    came = seen("ns1/eth0 out", "host/lxcbr0.1 in", "host/lxcbr0 in")
    came = tuple(
        structs.replace(one, source="192.168.10.11", target="192.168.10.1") for one in came
    )

    def asks(target: str) -> bool:
        question = structs.replace(seen("host/lxcbr0 out", what="arp")[0], target=target)
        return way(*came, question).lost().answering

    assert asks("192.168.10.11")
    assert not asks("192.168.10.99")


def evidence(**given: Any) -> Evidence:
    """A ping of ns1's that was lost without a word."""
    usual = {"probe": Probe(target="203.0.113.80", ns="ns1"), "outcome": Outcome(kind="silence")}
    return Evidence(**{**usual, "sent": 3, **given})


def found(said: Evidence, snapshot: Snapshot | None = None, target: str = "203.0.113.80") -> Any:
    """The obstacle that a probe of ns1's shows, without any theory."""
    snapshot = snapshot or article(repaired=True)
    here = snapshot.namespace("ns1")
    return together(snapshot, here, question(snapshot, target), said, None).obstacle


CAME = seen("ns1/eth0 out", "host/lxcbr0.1 in")
DROPPED = Counted(ns="host", kind="qdisc", name="clsact", more=3, where="lxcbr0.1")
PROGRAM = TrafficFilter(
    ns="host", link="lxcbr0.1", side="ingress", words="protocol all pref 9 bpf", takes=None
)


def test_a_filter_of_tc_is_named_if_its_place_has_dropped() -> None:
    obstacle = found(evidence(sightings=CAME, counted=(DROPPED,), filters=(PROGRAM,)))
    assert (obstacle.kind, obstacle.where) == ("tc-drop", "host/lxcbr0.1")
    assert "tc filter del dev lxcbr0.1 ingress protocol all pref 9 bpf" in obstacle.hint
    assert found(evidence(sightings=CAME, filters=(PROGRAM,))).kind == LOST
    assert found(evidence(sightings=CAME, counted=(DROPPED,))).kind == LOST
    other = structs.replace(PROGRAM, words="protocol ip pref 8 bpf")
    both = evidence(sightings=CAME, counted=(DROPPED,), filters=(PROGRAM, other))
    assert found(both).kind == LOST, "nobody can say which of two programs it was"


@pytest.mark.parametrize(
    ("action", "takes", "more", "kind"),
    [
        ("drop", True, 3, "tc-drop"),
        ("redirect to lo", True, 3, "tc-drop"),
        ("drop", True, 0, LOST),
        ("mirror to br1", False, 3, LOST),
    ],
)
def test_a_filter_with_an_action_is_named_if_that_has_counted(
    action: str, takes: bool, more: int, kind: str
) -> None:
    one = structs.replace(PROGRAM, action=action, takes=takes, more=more)
    assert found(evidence(sightings=CAME, filters=(one,))).kind == kind


def test_what_never_came_out_of_a_cable_was_taken_by_the_program_at_its_end() -> None:
    plain = article(repaired=True)
    host = plain.host
    links = tuple(
        structs.replace(link, xdp="xdpgeneric") if link.name == "lxcbr0.1" else link
        for link in host.links
    )
    changed = structs.replace(host, links=links)
    snapshot = structs.replace(plain, namespaces=(changed, *plain.namespaces[1:]))
    left = evidence(sightings=seen("ns1/eth0 out"))
    obstacle = found(left, snapshot)
    assert (obstacle.kind, obstacle.where) == ("xdp-drop", "host/lxcbr0.1")
    assert "ip link set dev lxcbr0.1 xdpgeneric off" in obstacle.hint
    assert found(left).kind == LOST
    assert found(evidence(sightings=CAME), snapshot).kind == LOST, "it came out"


def refusing(*listeners: tuple[str, int], port: int = 80, asked: str = "192.168.10.12") -> str:
    """What is said of ns2, which refuses, where somebody listens at other addresses."""
    came = tuple(
        structs.replace(one, port=port, source="192.168.10.11", target=asked)
        for one in seen("ns1/eth0 out", "host/lxcbr0.1 in", "host/lxcbr0.2 out", "ns2/eth0 in")
    )
    reset = structs.replace(seen("ns2/eth0 out", what="reset")[0], source=asked)
    said = evidence(
        probe=Probe(target="192.168.10.12", ns="ns1", protocol="tcp", port=80),
        outcome=Outcome(kind="refused", source=asked),
        sightings=(*came, reset),
        listeners=tuple(Listener(ns="ns2", address=a, port=p) for a, p in listeners),
    )
    message: str = found(said, target="192.168.10.12:80").message
    return message.removeprefix("ns2 refuses: ")


def test_who_listens_elsewhere_is_told_with_the_port_that_was_reached() -> None:
    assert refusing() == "nothing listens at port 80 (tcp) there"
    assert refusing(("192.168.10.12", 8080)) == "nothing listens at port 80 (tcp) there"
    assert refusing(port=81) == "nothing listens at port 81 (tcp) there", "translated"
    only = "at port 80 (tcp) it listens "
    assert refusing(("127.0.0.1", 80)) == f"{only}on 127.0.0.1 only, not on 192.168.10.12"
    assert refusing(("::ffff:10.0.0.1", 80)) == f"{only}on 10.0.0.1 only, not on 192.168.10.12"
    assert refusing(("::", 80)) == f"{only}for IPv6 only (::), not on 192.168.10.12"
    assert refusing(("0.0.0.0", 80), ("::", 80)) == "nothing listens at port 80 (tcp) there"


def test_a_rule_that_drops_neighbour_discovery_is_named_where_that_was_lost() -> None:
    def ruled(ns: str, what: Any) -> Evidence:
        ruling = Ruling(
            ns=ns, family="ip6", table="filter", chain="INPUT", verdict="drop", what=what,
            rule="-A INPUT -p ipv6-icmp -j DROP", tool="ip6tables",
        )  # fmt: skip
        return evidence(probe=Probe(target="fd00::9", ns="ns1"), sightings=CAME, rulings=(ruling,))

    obstacle = found(ruled("host", "neighbour"), target="fd00::9")
    assert (obstacle.kind, obstacle.where) == ("filter-drop", "host")
    assert "ip6tables -D INPUT -p ipv6-icmp -j DROP" in obstacle.hint
    assert found(ruled("ns3", "neighbour"), target="fd00::9").kind == LOST
    assert found(ruled("host", "other"), target="fd00::9").kind == LOST


def known(snapshot: Snapshot, target: str, *places: str) -> Any:
    """What is said of ns1's ping, for which nobody had to be asked, with the theory."""
    here, asked = snapshot.namespace("ns1"), question(snapshot, target)
    said = evidence(probe=Probe(target=target, ns="ns1"), sightings=seen(*places))
    return together(snapshot, here, asked, said, theory(snapshot, here, asked)).obstacle


def on_one_nic(**second: Any) -> Snapshot:
    """ns1 and ns2 as macvlans on the host's NIC."""
    found = article(repaired=True)
    lower = Peer(namespace=found.host.inode, name="eth0", index=found.host.link("eth0").index)
    first = link("m", 9, "198.51.100.51/24", kind="macvlan", mode="bridge", peer=lower)
    other = link("m", 9, "198.51.100.52/24", kind="macvlan", mode="bridge", peer=lower)
    spaces = [each for each in found if each.label != "ns1"]
    for label, inode, own in (("ns1", 77, first), ("ns2", 78, structs.replace(other, **second))):
        route = Route(destination="198.51.100.0/24", dev="m", scope="link")
        lo = next(each for each in found.host.links if each.name == "lo")
        spaces.append(
            Namespace(label=label, inode=inode, role="named", links=(lo, own), routes=(route,))
        )
    return structs.replace(found, namespaces=tuple(spaces))


OUT = ("ns1/m out", "host/eth0 out", "switch/host in")


def test_what_is_sent_to_a_mac_that_is_still_known_goes_past_the_stop() -> None:
    """Once the neighbours have forgotten each other, the theory's place would show by itself."""
    down = known(on_one_nic(up=False, carrier=False), "198.51.100.52", *OUT)
    assert (down.kind, down.where) == ("link-down", "ns2/m")
    parent = known(on_one_nic(), "198.51.100.10", *OUT)
    assert (parent.kind, parent.where) == ("macvlan-parent", "ns1/m")
    moved = on_one_nic(addresses=(Address(address="198.51.100.53/24"),))
    nobody = known(moved, "198.51.100.52", "ns1/m out", "ns2/m in")
    assert (nobody.kind, nobody.where) == ("nobody-has-address", "ns1")
    assert known(on_one_nic(), "198.51.100.52", *OUT).kind == LOST


def test_forwarding_is_not_the_matter_where_it_would_lead_nowhere() -> None:
    """As for who had an address, and still gets what is sent to it."""
    routes = [x for x in article(repaired=True).host.routes if x.destination != "default"]
    assert lost_at_the_host("IpInAddrErrors", changed(sysctls={}, routes=tuple(routes))) == LOST
    back = Route(destination="default", dev="lxcbr0", via="192.168.10.11")
    led = changed(sysctls={}, routes=(*routes, back))
    assert lost_at_the_host("IpInAddrErrors", led) == LOST
