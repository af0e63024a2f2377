"""Checks: each passes where it should, fails where it should, and says why."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from msgspec import structs

from nslab import Lab, Step
from nslab.errors import InvalidInput, LabClosed
from nslab.network.actions import (
    AddAddress,
    AddBridge,
    AddMacvlan,
    AddNamespace,
    AddRoute,
    AddVeth,
    AddVlan,
    Attach,
    Masquerade,
    ResolvConf,
    SetBridge,
    SetPortVlan,
    SetUp,
    Sysctl,
)
from nslab.network.model import Address, FdbEntry, Link, Namespace, Neighbour, Process, Snapshot
from nslab.session import check as ck

BUILT = (
    AddBridge("br0"),
    AddAddress("br0", "10.0.0.1/24"),
    SetUp("br0"),
    AddNamespace("ns1"),
    AddNamespace("ns2"),
    AddVeth("v1", "eth0", peer_ns="ns1"),
    SetUp("v1"),
    Attach("v1", "br0"),
    AddAddress("eth0", "10.0.0.2/24", ns="ns1"),
    SetUp("eth0", ns="ns1"),
    AddVeth("v2", "v3"),
    SetUp("v2"),
    AddRoute("default", via="10.0.0.1", ns="ns1"),
    Sysctl("net.ipv4.ip_forward", "1"),
    Masquerade("10.0.0.0/24", out="eth0"),
    ResolvConf("8.8.8.8", ns="ns1"),
    AddVeth("v4", "v5"),
    AddMacvlan("v4", "mac0", mode="private", to="ns1"),
    AddVlan("v4", "v4.10", 10),
    AddBridge("br1"),
    SetBridge("br1", vlan_filtering=True),
    Attach("v5", "br1"),
    SetPortVlan("v5", 10),
)

# What holds, and what does not with a word of the message or hint.
HOLDS: list[ck.Check] = [
    ck.HasNamespace("ns1"),
    ck.HasNamespace("ns2", alone=True),
    ck.NamedByPid("box"),
    ck.NoNamespace("ns3"),
    ck.NoProcess("ns1"),
    ck.HasLink("eth0"),
    ck.HasLink("br0", kind="bridge"),
    ck.HasLink("eth0", ns="ns1", kind="veth"),
    ck.NoLink("eth0", ns="ns2"),
    ck.State("br0", "up"),
    ck.State("v3", "down"),
    ck.State("v2", "no-carrier"),
    ck.HasAddress("eth0", "10.0.0.2/24", ns="ns1"),
    ck.HasRoute("default", via="10.0.0.1", ns="ns1"),
    ck.OwnsAddress("10.0.0.1"),
    ck.HasRoute("10.0.0.0/24", dev="br0"),
    ck.NoRoute("8.8.8.8", ns="ns2"),
    ck.IsPort("v1", "br0"),
    ck.ArePeers("v1", "eth0", peer_ns="ns1"),
    ck.Stp("br0", on=False),
    ck.HasNeighbour("10.0.0.2", dev="br0"),
    ck.Promiscuous("v1"),
    ck.Promiscuous("v2", on=False),
    ck.Learned("v1", "br0"),
    ck.Setting("net.ipv4.ip_forward", "1"),
    ck.Masquerades("10.0.0.0/24", out="eth0"),
    ck.HasFile("/etc/netns/ns1/"),
    ck.HasFile("/etc/netns/ns1/resolv.conf", "nameserver 8.8.8.8"),
    ck.StandsOn("mac0", "v4", ns="ns1", mode="private"),
    ck.StandsOn("v4.10", "v4", vlan=10),
    ck.SameMac("v4.10", "v4"),
    ck.SameMac("mac0", "v4", ns="ns1", same=False),
    ck.FiltersVlans("br1"),
    ck.FiltersVlans("br0", on=False),
    ck.Carries("v5", untagged=1, tagged=(10,)),
]
FAILS: list[tuple[ck.Check, str]] = [
    (ck.HasNamespace("ns3"), "there is no namespace ns3"),
    (ck.HasNamespace("ns1", alone=True), "eth0"),
    (ck.NamedByPid("ns1"), "ln -s /proc/$PID/ns/net /run/netns/$PID"),
    (ck.NoNamespace("ns1"), "there is a namespace ns1"),
    (ck.NoProcess("box"), "a process runs in box: sleep 1"),
    (ck.NoProcess("ns3"), "there is no namespace ns3"),
    (ck.HasLink("eth9"), "there is no link eth9"),
    (ck.HasLink("eth0", ns="ns3"), "there is no namespace ns3"),
    (ck.HasLink("br0", kind="veth"), "br0 is a bridge, not a veth"),
    (ck.NoLink("eth0", ns="ns1"), "there is a link eth0 in ns1"),
    (ck.State("v3", "up"), "ip link set dev v3 up"),
    (ck.State("v2", "up"), "its other end is not"),
    (ck.State("lo", "up", ns="ns2"), "ip netns exec ns2 ip link set dev lo up"),
    (ck.Promiscuous("eth0", ns="ns1"), "ip netns exec ns1 ip link set dev eth0 promisc on"),
    (
        ck.HasAddress("eth0", "10.0.0.3/24", ns="ns1"),
        "does not have 10.0.0.3/24: it has 10.0.0.2/24",
    ),
    (ck.HasAddress("v3", "10.0.0.3/24"), "no address"),
    (ck.HasRoute("default", via="10.0.0.9", ns="ns1"), "via 10.0.0.9: it has default via 10.0.0.1"),
    (ck.HasRoute("default", ns="ns2"), "ns2 has no route default"),
    (ck.HasRoute("default", dev="lo", ns="ns2"), "default dev lo: no default route"),
    (ck.HasRoute("10.9.0.0/16", dev="br0"), "10.9.0.0/16 dev br0: none to 10.9.0.0/16"),
    (ck.OwnsAddress("10.0.0.9"), "host does not have 10.0.0.9: it has "),
    (ck.NoRoute("8.8.8.8", ns="ns1"), "has a route default"),
    (ck.IsPort("v2", "br0"), "brctl addif br0 v2"),
    (ck.ArePeers("v1", "v2"), "not the two ends"),
    (ck.Stp("br0", on=True), "brctl stp br0 on"),
    (ck.Stp("v1", on=True), "not a bridge"),
    (ck.HasNeighbour("10.0.0.9", dev="br0"), "does not know the MAC of 10.0.0.9"),
    (ck.Promiscuous("v2"), "ip link set dev v2 promisc on"),
    (ck.Promiscuous("v1", on=False), "promiscuity 1"),
    (ck.Learned("v2", "br0"), "has not learned"),
    (ck.Setting("net.ipv4.ip_forward", "0"), "sysctl -w net.ipv4.ip_forward=0"),
    (ck.Masquerades("10.9.0.0/24", out="eth0"), "-s 10.9.0.0/24 -o eth0"),
    (ck.HasFile("/etc/netns/ns2/"), "no directory"),
    (ck.HasFile("/etc/netns/ns2/resolv.conf", "x"), "there is no file /etc/netns/ns2/resolv.conf"),
    (ck.HasFile("/etc/hosts", "x"), "/etc/hosts is missing, or the same as in a fresh lab"),
    (ck.HasFile("/etc/netns/ns1/resolv.conf", "nameserver 1.1.1.1"), "says: nameserver 8.8.8.8"),
    (ck.StandsOn("mac0", "v4", ns="ns1", mode="bridge"), "in mode private"),
    (ck.StandsOn("v4.10", "v4", vlan=20), "the tag of VLAN 10"),
    (ck.StandsOn("v5", "v4"), "v5 does not stand on v4"),
    (ck.StandsOn("v4.10", "v5", vlan=10), "does not stand on v5"),
    (ck.SameMac("v4", "v5"), "different MACs"),
    (ck.SameMac("v4.10", "v4", same=False), "have the same MAC"),
    (ck.FiltersVlans("br0"), "type bridge vlan_filtering 1"),
    (ck.FiltersVlans("v5"), "not a bridge"),
    (ck.Carries("v5", untagged=10), "carries VLAN 1 untagged, 10 tagged"),
    (ck.Carries("v1", untagged=1), "not a port of a bridge that filters"),
]


@pytest.fixture(scope="module")
def lab() -> Any:
    with Lab(engine="fake") as made:
        made.do(*BUILT)
        yield Named(made)


class Named:
    """The lab, with what the model does not do: a container named by its process id, learning."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def check(self, *wanted: ck.Check) -> ck.Verdicts:
        seen = self.lab.snapshot()
        box = Namespace(
            inode=7,
            role="container",
            label="box",
            names=("31",),
            processes=(Process(pid=31, command="sleep 1"),),
        )
        heard = FdbEntry(mac="02:00:00:00:00:01", dev="v1", master="br0", state="learned")
        shown = Neighbour(address="10.0.0.2", dev="br0", mac=heard.mac, state="reachable")
        host = structs.replace(seen.host, fdb=(*seen.host.fdb, heard), neighbours=(shown,))
        seen = structs.replace(seen, namespaces=(host, *seen.namespaces[1:], box))
        return ck.Verdicts([one.judge(seen) for one in wanted])


@pytest.mark.parametrize("wanted", HOLDS, ids=repr)
def test_what_holds(lab: Lab, wanted: ck.Check) -> None:
    (verdict,) = lab.check(wanted)
    assert verdict.ok, verdict
    assert str(verdict).startswith("✔ ")
    assert not verdict.hint


@pytest.mark.parametrize(("wanted", "words"), FAILS, ids=repr)
def test_what_does_not(lab: Lab, wanted: ck.Check, words: str) -> None:
    (verdict,) = lab.check(wanted)
    assert not verdict
    assert str(verdict).startswith("✘ ")
    assert words in str(verdict)


def test_every_check_can_pass_and_fail() -> None:
    passive = {
        kind
        for kind in vars(ck).values()
        if isinstance(kind, type)
        and issubclass(kind, ck.Check)
        and kind is not ck.Check
        and "ask" not in vars(kind)
    }
    assert passive == {type(wanted) for wanted in HOLDS} == {type(wanted) for wanted, _ in FAILS}


class Answers:
    """A lab whose programs have answered already."""

    def __init__(self, returncode: int, stdout: str = "", stderr: str = "") -> None:
        self.returncode, self.stdout, self.stderr = returncode, stdout, stderr
        self.asked: dict[str, Any] = {}
        self.looks = 0

    def snapshot(self) -> Snapshot:
        """One namespace, whose neighbours answer at the third look."""
        self.looks += 1
        entry = Neighbour(
            address="10.0.0.1", dev="eth0", state="incomplete" if self.looks < 3 else "failed"
        )
        host = Namespace(inode=1, role="host", label="host")
        eth0 = Link(index=2, name="eth0", addresses=(Address("10.0.0.2/24"),))
        named = Namespace(inode=2, role="named", label="ns1", links=(eth0,), neighbours=(entry,))
        return Snapshot(namespaces=(host, named))

    def why(self, source: str | None, target: str) -> Any:
        obstacle = SimpleNamespace(message="v1 is down", hint="ip link set dev v1 up")
        return SimpleNamespace(obstacle=obstacle if source == "ns1" else None)

    def run(self, *argv: str, **options: Any) -> Any:
        self.asked = options | {"argv": argv}
        return self


def test_reaching() -> None:
    lab = Answers(0)
    assert ck.Reaches("ns1", "10.0.0.1").ask(lab).message == "ns1 reaches 10.0.0.1"
    assert lab.asked["ns"] == "ns1"
    assert not ck.Reaches("ns1", "10.0.0.1", ok=False).ask(lab)
    lab = Answers(2, stderr="ping: connect: Network is unreachable")
    verdict = ck.Reaches(None, "10.0.0.1").ask(lab)
    assert not verdict
    assert verdict.message == "host does not reach 10.0.0.1: Network is unreachable"
    assert "run the cells above" in verdict.hint
    said = ck.Reaches("ns1", "10.0.0.1").ask(Answers(1)).hint
    assert said == "v1 is down\nip link set dev v1 up", "the reason, if it can be told"
    assert lab.asked["ns"] is None
    silent = Answers(1)
    assert ck.Reaches("ns1", "10.0.0.1", ok=False).ask(silent).message.endswith(", as expected")
    assert silent.looks == 3, "the kernel has given up on the neighbour"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("From 10.0.0.2 icmp_seq=1 Destination Host Unreachable", "no answer"),
        ("From 10.0.0.1 icmp_seq=1 Destination Host Unreachable", "Destination Host Unreachable"),
        ("From 10.0.0.2 icmp_seq=1 Destination Net Unreachable", "Destination Net Unreachable"),
    ],
)
@pytest.mark.parametrize("wants", [ck.Reaches("ns1", "10.0.0.9"), ck.Hops("ns1", "10.0.0.9", 0)])
def test_whether_the_namespace_itself_gives_up_within_a_second_is_chance(
    wants: ck.Check, said: str, wanted: str
) -> None:
    """It does if something else had asked for the neighbour two seconds before."""
    answer = Answers(1, f"PING 10.0.0.9 (10.0.0.9) 56(84) bytes of data.\n{said}\n")
    assert wants.ask(answer).message == f"ns1 does not reach 10.0.0.9: {wanted}"


@pytest.mark.parametrize("wants", [ck.Reaches("ns1", "10.0.0.9"), ck.Hops("ns1", "10.0.0.9", 0)])
def test_the_end_of_an_earlier_question_is_no_answer_to_this_one(wants: ck.Check) -> None:
    """A neighbour that is there by now answers the second ping."""

    class Late(Answers):
        def run(self, *argv: str, **options: Any) -> Any:
            if not self.asked:
                self.asked = options
                gone = "From 10.0.0.2 icmp_seq=1 Destination Host Unreachable\n"
                return SimpleNamespace(returncode=1, stdout=gone, stderr="")
            assert self.looks == 3, "the second meets no question that still goes on"
            return self

    verdict = wants.ask(Late(0, "64 bytes from 10.0.0.9: icmp_seq=1 ttl=64 time=0.1 ms\n"))
    assert verdict, verdict


def test_counting_routers() -> None:
    answered = "64 bytes from 10.0.0.1: icmp_seq=1 ttl={} time=0.1 ms\n"
    verdict = ck.Hops("ns1", "10.0.0.1", 1).ask(Answers(0, answered.format(63)))
    assert verdict
    assert verdict.message == "from 10.0.0.1 to ns1, an answer crosses 1 router"
    verdict = ck.Hops(None, "10.0.0.1", 1).ask(Answers(0, answered.format(64)))
    assert not verdict
    assert verdict.message == "from 10.0.0.1 to host, an answer comes without a router"
    verdict = ck.Hops("ns1", "10.0.0.1", 0).ask(Answers(1))
    assert not verdict
    assert "does not reach 10.0.0.1: no answer" in verdict.message


def test_resolving() -> None:
    lab = Answers(0, "203.0.113.80    STREAM www.example.org\n203.0.113.80    DGRAM\n")
    assert ck.Resolves("ns1", "www.example.org").ask(lab)
    assert lab.asked["full"]
    assert ck.Resolves("ns1", "www.example.org", "203.0.113.80").ask(lab)
    assert not ck.Resolves("ns1", "www.example.org", "203.0.113.81").ask(lab)
    verdict = ck.Resolves("host", "www.example.org", ok=False).ask(Answers(2))
    assert verdict
    assert verdict.message == "host does not find www.example.org"


def test_resolving_without_the_files_of_the_namespace() -> None:
    lab = Answers(2)
    verdict = ck.Resolves("ns1", "shop", ok=False, files=False).ask(lab)
    assert verdict.message == "a program that nsenter starts in ns1 does not find shop"
    assert lab.asked["argv"][:2] == ("nsenter", "--net=/run/netns/ns1")
    assert lab.asked["ns"] is None


def test_where_a_packet_would_go() -> None:
    lab = Answers(0, '[{"dst":"10.0.0.9","gateway":"10.0.0.1","dev":"eth0"}]')
    verdict = ck.GoesBy("10.0.0.9", "eth0", "10.0.0.1", ns="ns1").ask(lab)
    assert verdict
    assert verdict.message == "ns1 sends to 10.0.0.9 by eth0 via 10.0.0.1"
    assert lab.asked["ns"] == "ns1"
    verdict = ck.GoesBy("10.0.0.9", "eth1").ask(lab)
    assert not verdict
    assert verdict.message == "host sends to 10.0.0.9 by eth0 via 10.0.0.1, not by eth1"
    verdict = ck.GoesBy("10.0.0.9", "eth0").ask(lab)
    assert not verdict, "through a gateway is not on the wire itself"
    verdict = ck.GoesBy("10.0.0.9", "eth0").ask(Answers(2))
    assert verdict.message == "host has no way to 10.0.0.9"


def test_a_step_is_checked_as_a_whole() -> None:
    lab = Lab(engine="fake", start=BUILT)
    step = Step(id="X", title="x", text="x", checks=(ck.HasLink("eth0"), ck.HasLink("eth9")))
    verdicts = lab.check(step, ck.HasNamespace("ns1"))
    assert [verdict.ok for verdict in verdicts] == [True, False, True]
    assert not verdicts
    assert str(verdicts).count("\n") == 3
    bundle = verdicts._repr_mimebundle_()
    assert bundle["text/plain"] == str(verdicts)
    assert bundle["text/html"].count("✔") == 2
    assert "run the cells above first" in bundle["text/html"]


def test_a_closed_lab_says_so() -> None:
    lab = Lab(engine="fake")
    lab.close()
    with pytest.raises(LabClosed, match="from the top"):
        lab.check(ck.HasLink("eth0"))


@pytest.mark.parametrize("tagged", [10, [10, 20], ("10",), (0,), (True,), "10"])
def test_tagged_vlans_are_a_tuple_of_numbers(tagged: Any) -> None:
    with pytest.raises(InvalidInput, match=r"such as (\(10, 20\)|10)"):
        ck.Carries("v5", tagged=tagged)
