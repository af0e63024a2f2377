"""``lab.why`` against the judge: what it says of a way, and what a real ping says.

Every test builds a network in the kernel, breaks it, and compares; then it does what ``why`` says
until there is nothing left to say, and pings.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest
from breakage import BREAKAGES, CHANCE, PAIRS, WORKING, Pair, answers, build, pinged
from machine import ARTICLE

from nslab import (
    AddAddress,
    AddContainer,
    AddRoute,
    AddVeth,
    Attach,
    Explanation,
    Lab,
    Move,
    Rename,
    SetUp,
)
from nslab.explain.trace import trace

pytestmark = pytest.mark.kernel

MENDS = 10
"""Remedies that are followed at most for one way."""

NOT_BY_ACTIONS = ("nobody-has-address", "no-link")
"""What cannot be mended without knowing what somebody had in mind."""


def agree(lab: Lab, pairs: tuple[Pair, ...] = PAIRS) -> None:
    """What ``why`` says of each way, before it has sent anything, is what a ping says."""
    snapshot = lab.snapshot()
    said = {}
    for pair in pairs:
        stop = trace(snapshot, *pair).stop
        if stop is None or stop.kind not in CHANCE:
            said[pair] = lab.why(*pair, probe=False)
    answered = pinged(lab, said)
    for pair, why in said.items():
        if answered[pair] != why.ok:
            assert answers(lab, pair) == why.ok, f"a ping says {not why.ok}, why says\n{why}"


def mend(lab: Lab, pair: Pair, *, typed: bool = False) -> Explanation:
    """Do what ``why`` says, by actions or by typing its hint, until it has nothing more to say."""
    said = []
    for _ in range(MENDS):
        why = lab.why(*pair)
        said.append(str(why))
        if why.obstacle is None or why.obstacle.kind in NOT_BY_ACTIONS:
            return why
        if typed or not why.actions:
            ran = lab.sh(why.obstacle.hint, echo=False)
            assert ran.failures == (), why
        else:
            lab.do(*why.actions, watch=False)
    raise AssertionError("no end of remedies:\n" + "\n".join(said))


def mended(lab: Lab, pair: Pair, **options: bool) -> None:
    """The remedies lead to a ping that is answered."""
    why = mend(lab, pair, **options)
    if why.ok:
        assert answers(lab, pair), why


@pytest.mark.parametrize("broken", BREAKAGES)
def test_why_and_ping_agree(lab: Lab, broken: str) -> None:
    build(lab, broken)
    agree(lab)
    said = {pair: lab.why(*pair, probe=False) for pair in PAIRS}
    failing = [pair for pair in PAIRS if not said[pair].ok and pair[1] != "192.168.10.99"]
    for pair in failing[:2]:
        mended(lab, pair)


@pytest.mark.parametrize("seed", range(24))
def test_why_and_ping_agree_on_several_faults(lab: Lab, seed: int) -> None:
    chosen = random.Random(seed)
    names = sorted(BREAKAGES)
    build(lab, *chosen.sample(names, chosen.choice((2, 3, 4))))
    agree(lab)
    mended(lab, chosen.choice(PAIRS))


def test_the_article_cut_at_each_line(lab: Lab) -> None:
    pairs: tuple[Pair, ...] = ((None, "192.168.10.1"), (None, "192.168.10.11"))
    inside: tuple[Pair, ...] = (
        ("ns1", "192.168.10.1"),
        ("ns1", "192.168.10.11"),
        ("ns1", "203.0.113.80"),
    )
    for line in ARTICLE:
        lab.sh(line, echo=False)
        there = "ns1" in [ns.label for ns in lab.snapshot()]
        agree(lab, pairs + inside if there else pairs)


def test_the_article_is_mended_by_three_hints(lab: Lab) -> None:
    for line in ARTICLE:
        lab.sh(line, echo=False)
    kinds = []
    while (obstacle := lab.why("ns1", "203.0.113.80").obstacle) is not None:
        assert not answers(lab, ("ns1", "203.0.113.80"), 0)
        kinds.append(obstacle.kind)
        assert lab.sh(obstacle.hint, echo=False).failures == ()
    assert kinds == ["link-down", "no-forwarding", "no-masquerade"]
    assert answers(lab, ("ns1", "203.0.113.80"))
    assert lab.why("ns1", "www.example.org").ok


@pytest.mark.parametrize(
    "broken",
    [
        "port down",
        "no masquerade",
        "NIC enslaved",
        "port detached",
        "container's address alone",
        "unreachable",
    ],
)
def test_hints_can_be_typed(lab: Lab, broken: str) -> None:
    build(lab, broken)
    mended(lab, ("ns1", "203.0.113.80"), typed=True)
    mended(lab, (None, "203.0.113.80"), typed=True)


def test_a_port_that_listens_forwards_after_its_delay(lab: Lab) -> None:
    build(lab)
    lab.sh(
        "ip link set lxcbr0 type bridge stp_state 1 forward_delay 200\n"
        "ip link set lxcbr0.1 down; ip link set lxcbr0.1 up",
        echo=False,
    )
    pair = ("ns1", "192.168.10.1")
    why = lab.why(*pair)
    if why.obstacle is not None:  # it may be over on a machine that is that slow
        assert why.obstacle.kind == "port-not-forwarding"
    assert answers(lab, pair, 20)
    assert lab.why(*pair).ok


def test_a_port_that_somebody_disabled(lab: Lab) -> None:
    build(lab)
    lab.sh("bridge link set dev lxcbr0.1 state 0", echo=False)
    pair = ("ns1", "192.168.10.1")
    obstacle = lab.why(*pair).obstacle
    assert obstacle is not None
    assert (obstacle.kind, obstacle.actions) == ("port-not-forwarding", ())
    assert not answers(lab, pair, 0)
    assert lab.sh(obstacle.hint, echo=False).failures == ()
    assert answers(lab, pair)
    assert lab.why(*pair).ok


def test_a_second_link_into_a_container(lab: Lab) -> None:
    """The article's last chapter: a veth whose port is in a bridge that eth0 is not in."""
    lab.do(*WORKING, AddContainer("c1"), watch=False)
    lab.do(
        AddVeth("peerA", "peerB", master="lxcbr0", up=True),
        Move("peerB", to="c1"),
        Rename("peerB", "eth1", ns="c1"),
        AddAddress("eth1", "198.51.100.30/24", ns="c1"),
        SetUp("eth1", ns="c1"),
        watch=False,
    )
    pairs: tuple[Pair, ...] = (
        ("c1", "198.51.100.20"),
        (None, "198.51.100.20"),
        ("lan", "198.51.100.30"),
        ("internet", "198.51.100.30"),
    )
    agree(lab, pairs)
    obstacle = lab.why("c1", "198.51.100.20").obstacle
    assert obstacle is not None
    assert obstacle.actions[0] == Attach("eth0", "lxcbr0")
    lab.do(*obstacle.actions)
    agree(lab, pairs)
    assert lab.why(None, "198.51.100.20").ok, "the host is not cut off"
    for pair in pairs:
        mended(lab, pair)
    agree(lab, pairs)


def test_the_answer_may_leave_by_another_link(lab: Lab) -> None:
    build(lab, "NIC enslaved")
    mended(lab, (None, "203.0.113.80"))
    lab.do(
        AddContainer("c1"),
        AddVeth("c1.0", "eth0", peer_ns="c1", master="br1", up=True),
        AddVeth("c1.1", "eth1", peer_ns="c1", master="lxcbr0", up=True),
        AddAddress("eth0", "192.168.20.30/24", ns="c1"),
        SetUp("eth0", ns="c1"),
        AddAddress("eth1", "198.51.100.30/24", ns="c1"),
        SetUp("eth1", ns="c1"),
        AddRoute("default", via="192.168.20.1", ns="c1"),
        watch=False,
    )
    lab.sh("sysctl -qw net.ipv4.ip_forward=0", echo=False)
    pair = ("internet", "198.51.100.30")
    agree(lab, (pair,))
    obstacle = lab.why(*pair).obstacle
    assert obstacle is not None
    assert (obstacle.kind, obstacle.where) == ("no-forwarding", "host")
    assert "the answer leaves c1 by eth0, not by eth1" in obstacle.message
    mended(lab, pair)


def test_macvlans_do_not_talk_to_their_parent(lab: Lab) -> None:
    lab.sh(
        "ip netns add ns1\n"
        "ip link add mac0 link eth0 netns ns1 type macvlan mode bridge\n"
        "ip netns exec ns1 ip address add 198.51.100.40/24 dev mac0\n"
        "ip netns exec ns1 ip link set mac0 up\n"
        "ip netns add ns2\n"
        "ip link add mac0 link eth0 netns ns2 type macvlan mode bridge\n"
        "ip netns exec ns2 ip address add 198.51.100.41/24 dev mac0\n"
        "ip netns exec ns2 ip link set mac0 up\n"
        "ip netns exec ns2 ip route add default via 198.51.100.1",
        echo=False,
    )
    agree(
        lab,
        (
            ("ns1", "198.51.100.10"),
            (None, "198.51.100.40"),
            ("ns1", "198.51.100.41"),
            ("ns1", "198.51.100.20"),
            ("lan", "198.51.100.40"),
            ("ns2", "203.0.113.80"),
        ),
    )
    obstacle = lab.why("ns1", "198.51.100.10").obstacle
    assert obstacle is not None
    assert obstacle.kind == "macvlan-parent"
    mended(lab, ("ns1", "203.0.113.80"))


LOOPBACK = {
    "its address is gone": ("ip -n ns1 addr del 127.0.0.1/8 dev lo",),
    "another address is there": (
        "ip -n ns1 addr del 127.0.0.1/8 dev lo",
        "ip -n ns1 addr add 10.0.0.7/32 dev lo",
    ),
    "its address is alone": (
        "ip -n ns1 addr del 127.0.0.1/8 dev lo",
        "ip -n ns1 addr add 127.0.0.1/32 dev lo",
    ),
    "packets for it leave by the default route": (
        "ip -n ns1 addr del 127.0.0.1/8 dev lo",
        "ip -n ns1 route replace default via 192.168.10.1",
    ),
    "a route refuses": (
        "ip -n ns1 addr del 127.0.0.1/8 dev lo",
        "ip -n ns1 route add blackhole 127.0.0.0/8",
    ),
    "it takes too few bytes": ("ip -n ns1 link set lo mtu 60",),
    "it is down": ("ip -n ns1 link set lo down",),
    "it is down, and its address is gone": (
        "ip -n ns1 addr del 127.0.0.1/8 dev lo",
        "ip -n ns1 link set lo down",
    ),
}


@pytest.mark.parametrize("case", LOOPBACK)
@pytest.mark.parametrize("target", ["127.0.0.1", "127.0.0.5", "192.168.10.11", "localhost"])
def test_the_loopback(lab: Lab, case: str, target: str) -> None:
    """What is said of lo is what its state is, and one remedy is enough."""
    build(lab)
    for line in LOOPBACK[case]:
        assert lab.sh(line, echo=False).failures == ()
    pinged = f"ping -n -c 1 -W 1 {target}"
    reached = lab.sh(pinged, "ns1", echo=False).returncode == 0
    silent = lab.why("ns1", target, probe=False)
    why = lab.why("ns1", target)
    assert (silent.ok, why.ok) == (reached, reached), why
    if reached:
        return
    assert ("ns1/lo is down" in str(why)) == ("it is down" in case)
    assert why.obstacle is not None
    assert silent.obstacle == why.obstacle
    assert lab.sh(why.obstacle.hint, echo=False).failures == ()
    assert lab.sh(pinged, "ns1", echo=False).returncode == 0, why


def test_the_loopback_of_ipv6(lab: Lab) -> None:
    build(lab)
    for broken in ("true", "ip -n ns1 -6 addr del ::1/128 dev lo", "ip -n ns1 link set lo down"):
        lab.sh(broken, echo=False)
        why = lab.why("ns1", "::1")
        assert why.obstacle is not None
        assert ("ns1/lo is down" in str(why)) == ("down" in broken), why
        assert lab.sh(why.obstacle.hint, echo=False).failures == (), why
        assert lab.why("ns1", "::1").ok


def test_the_address_that_a_link_had_is_given_back() -> None:
    """Also where it was lost on the way to the beginning, as in an exercise to mend."""
    built = (
        "ip link add br0 type bridge; ip addr add 192.168.10.1/24 dev br0; ip link set br0 up\n"
        "ip netns add ns1; ip link add v1 type veth peer name eth0 netns ns1\n"
        "ip link set v1 master br0 up; ip -n ns1 addr add 192.168.10.77/24 dev eth0\n"
        "ip -n ns1 link set eth0 up; ip -n ns1 link set lo up"
    )
    lost = "ip -n ns1 addr flush dev eth0"
    with Lab(start=(built, lost)) as lab:
        for again in ("192.168.10.77/24", "192.168.10.88/24"):
            said = lab.why("ns1", "192.168.10.1")
            assert said.obstacle is not None
            assert (said.obstacle.kind, said.obstacle.where) == ("no-address", "ns1/eth0")
            assert again in said.obstacle.hint
            lab.sh("ip -n ns1 addr add 192.168.10.88/24 dev eth0", echo=False)
            lab.sh(lost, echo=False)


def test_so_is_one_of_ipv6() -> None:
    built = (
        "ip netns add ns1; ip link add v1 type veth peer name eth0 netns ns1; ip link set v1 up\n"
        "ip addr add fd00::1/64 dev v1 nodad; ip -n ns1 addr add fd00::77/64 dev eth0 nodad\n"
        "ip -n ns1 link set eth0 up; ip -n ns1 link set lo up"
    )
    with Lab(ipv6=True, start=(built,)) as lab:
        lab.sh("ip -n ns1 addr del fd00::77/64 dev eth0", echo=False)
        said = lab.why("ns1", "fd00::1")
        assert said.obstacle is not None
        assert "fd00::77/64" in said.obstacle.hint


GERMAN = """
from nslab import Lab, lesson
with lesson("06").lab() as lab:
    lab.sh("ip link set lxcbr0 down", echo=False)
    builder = lab.builder()
    builder.asking._from = "ns1"
    builder.asking._whom.value = "203.0.113.80"
    builder.asking._whys()
    print(builder.asking._said.value)
    print(lab.why("ns1", "203.0.113.80"))
"""


def test_a_german_builder_says_why_not_in_german() -> None:
    """And a cell says it in English, for a notebook that is saved."""
    done = subprocess.run(
        [sys.executable, "-c", GERMAN],
        env={**os.environ, "NSLAB_LANG": "de"},
        capture_output=True,
        text=True,
        check=True,
    )
    page, text = done.stdout.split("\n", 1)
    for said in (
        "ns1: Route default via 192.168.10.1 dev eth0",
        "ns1/eth0 ist an, sein Kabel führt zu host/lxcbr0.1",
        "host/lxcbr0 ist aus",
        ">ip link set dev lxcbr0 up</pre>",
        "gesehen: ein Ping wurde gesendet: ns1 fragt über ns1/eth0, wer 192.168.10.1 hat: ",
    ):
        assert said in page
    assert "✘ host/lxcbr0 is down\n  → ip link set dev lxcbr0 up\n  seen: a ping was sent" in text
