"""What a real kernel says of wires that no pair of links is, and that the picture shows it."""

from __future__ import annotations

import pytest

from nslab import Lab

pytestmark = pytest.mark.kernel

MIRROR = """
ip netns add web; ip link add v0 type veth peer name eth0 netns web; ip link set v0 up
ip netns add tap; ip link add t0 type veth peer name eth0 netns tap; ip link set t0 up
ip link add t1 type veth peer name eth1 netns tap; ip link set t1 up
ip -n web link set eth0 up; ip -n tap link set eth0 up
tc qdisc add dev v0 clsact
tc filter add dev v0 ingress pref 7 u32 match u32 0 0 action mirred egress mirror dev t0
tc qdisc add dev t0 root handle 1: htb
tc filter add dev t0 parent 1: pref 8 u32 match u32 0 0 action mirred egress redirect dev t1
"""


def test_what_tc_mirrors_and_redirects_is_drawn_as_a_wire() -> None:
    with Lab() as lab:
        assert not lab.sh(MIRROR).stderr
        v0 = lab.snapshot().link("v0")
        assert [(one.side, one.verb, one.to) for one in v0.mirred] == [("ingress", "mirror", "t0")]
        t0 = lab.snapshot().link("t0")
        assert [(one.side, one.verb, one.to) for one in t0.mirred] == [("egress", "redirect", "t1")]
        picture = lab.picture
        assert picture.placed.cable("host/v0", "host/t0")
        assert picture.placed.cable("host/t0", "host/t1")
        assert "mirred mirror to t0" in picture.text
        assert "tc filter at ingress, protocol all pref 7 u32: mirred mirror to t0" in picture.svg
        undone = lab.sh("tc filter del dev v0 ingress")
        assert "mirror to t0 → none" in str(undone.changes)
        assert not lab.picture.placed.cable("host/v0", "host/t0")


def test_a_filter_that_comes_is_heard_of() -> None:
    """Else the live picture would show its wire with the next change of something else."""
    with Lab() as lab:
        lab.sh("ip link add v0 type veth peer name v1; tc qdisc add dev v0 clsact")
        engine = lab.engine
        number = engine.changes()
        # Not by a call: what starts a program in a lab may be taken for a change itself.
        lab.sh(f"(sleep 2; {MIRRORS}) > /dev/null 2>&1 &")
        while (last := engine.changes(number, 0.4)) != number:
            number = last
        while not lab.snapshot().link("v0").mirred:
            assert engine.changes(number, 60) > number
            number += 1


MIRRORS = "tc filter add dev v0 ingress u32 match u32 0 0 action mirred egress mirror dev v1"

SITES = """
for n in 1 2; do
    ip netns add site$n; ip link add to$n type veth peer name eth0 netns site$n
    ip addr add 10.$n.0.1/24 dev to$n; ip link set to$n up; ip -n site$n link set eth0 up
    ip -n site$n addr add 10.$n.0.2/24 dev eth0
done
"""
ENDS = {
    "gre": "local {here} remote {there} key 7",
    "gretap": "local {here} remote {there}",
    "ipip": "local {here} remote {there}",
    "sit": "local {here} remote {there}",
    "vti": "local {here} remote {there} key 7",
    "geneve": "id 7 remote {there}",
}


def test_the_two_ends_of_each_tunnel_that_the_kernel_knows_are_joined() -> None:
    """Of a kind that it does not know, both ends are refused, and the picture has none."""
    with Lab() as lab:
        lab.sh(SITES)
        refused = set()
        for kind, words in ENDS.items():
            for n, here, there in ((1, "10.1.0.2", "10.2.0.2"), (2, "10.2.0.2", "10.1.0.2")):
                ends = words.format(here=here, there=there)
                made = lab.sh(f"ip -n site{n} link add t-{kind} type {kind} {ends}")
                if made.stderr:
                    assert "Unknown device type" in made.stderr
                    refused.add(kind)
        picture = lab.picture
        for kind in ENDS:
            one = bool(picture.placed.cable(f"site1/t-{kind}", f"site2/t-{kind}"))
            assert one == (kind not in refused)
            assert (f"t-{kind} {kind}, down, to 10.2.0.2" in picture.text) == one


PUBLISHED = """
ip netns add web; ip link add br0 type bridge; ip addr add 172.17.0.1/24 dev br0
ip link add v0 type veth peer name eth0 netns web; ip link set v0 master br0
sysctl -qw net.ipv4.ip_forward=1
iptables -t nat -N DOCKER; iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
iptables -t nat -A DOCKER ! -i br0 -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
iptables -P FORWARD DROP; iptables -A FORWARD -o br0 -p tcp --dport 80 -j ACCEPT
ip netns exec web iptables -P INPUT DROP
"""


def test_policies_and_published_ports_stand_where_they_act() -> None:
    with Lab() as lab:
        assert not lab.sh(PUBLISHED).stderr
        picture = lab.picture
        (gate,) = picture.placed.gates
        assert "forward policy drop" in [line.words for line in gate.notes.lines]
        elsewhere = {
            line.words: box.label
            for every, _, box in picture.placed.notes
            for line in every.lines
            if line.role in {"policy", "nat"}
        }
        assert elsewhere == {
            "dnat tcp port 8080 → 172.17.0.2:80": "host",
            "input policy drop": "web",
        }
        assert "<title>iptables -P INPUT DROP</title>" in picture.svg
        assert "--dport 8080 -j DNAT --to-destination 172.17.0.2:80</title>" in picture.svg
