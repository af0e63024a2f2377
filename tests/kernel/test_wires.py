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
