"""``why`` about packet filters and translations: cases from outside, each for what it is.

The article's network, its three omissions mended, and one thing more; a ping is the judge, before
and after what ``why`` says.
"""

from __future__ import annotations

import pytest
from breakage import answers
from machine import ARTICLE

from nslab import Lab, Masquerades
from nslab.network.diff import filter_text, nat_text

pytestmark = pytest.mark.kernel

MENDED = ("ip link set lxcbr0.1 up", "sysctl -w net.ipv4.ip_forward=1")
NAT = "iptables -t nat -A POSTROUTING"
OUT = f"{NAT} -s 192.168.10.0/24 -o eth0 -j MASQUERADE"
SECOND = (
    "ip netns add ns2; ip link add v2 type veth peer name eth0 netns ns2",
    "ip link set v2 master lxcbr0 up; ip -n ns2 link set eth0 up; ip -n ns2 link set lo up",
    "ip -n ns2 addr add 192.168.10.12/24 dev eth0; ip -n ns2 route add default via 192.168.10.1",
)
AWAY, HOST = "203.0.113.80", "198.51.100.10"
NFT = "nft add table ip t; nft 'add chain ip t p { type nat hook postrouting priority 100; }'"

NETDEV = "nft 'add chain netdev n in { type filter hook ingress device \"lxcbr0.1\" priority 0; }'"

DROPPED = {
    "FORWARD policy": ((OUT, "iptables -P FORWARD DROP"), AWAY, "policy DROP"),
    "FORWARD policy, legacy": (
        (OUT, "iptables-legacy -P FORWARD DROP"),
        AWAY,
        "iptables-legacy' table filter: policy DROP",
    ),
    "FORWARD policy, nft": (
        (
            OUT,
            "nft add table inet f",
            "nft 'add chain inet f way { type filter hook forward priority 0; policy drop; }'",
        ),
        AWAY,
        "chain way of nft's table inet f: policy drop",
    ),
    "INPUT policy": (
        ("iptables -P INPUT DROP", "iptables -A INPUT -i eth0 -j ACCEPT"),
        HOST,
        "policy DROP",
    ),
    "a chain of one's own": (
        (OUT, "iptables -N MINE; iptables -A FORWARD -j MINE; iptables -A MINE -p icmp -j DROP"),
        AWAY,
        "-A MINE -p icmp -j DROP",
    ),
    "the answer": (
        (OUT, "iptables -A FORWARD -m conntrack --ctstate ESTABLISHED -j DROP"),
        AWAY,
        "drops the answer",
    ),
    "bridged frames": (
        (*SECOND, "iptables -P FORWARD DROP; sysctl -w net.bridge.bridge-nf-call-iptables=1"),
        "192.168.10.12",
        "policy DROP",
    ),
    "ebtables": (
        (*SECOND, "ebtables -A FORWARD -p IPv4 -j DROP"),
        "192.168.10.12",
        "-A FORWARD -p IPv4 -j DROP",
    ),
    "arptables": (("arptables -A INPUT -j DROP",), HOST, "(ARP)"),
    "netdev": (
        ("nft add table netdev n", NETDEV, "nft add rule netdev n in ip protocol icmp drop"),
        HOST,
        "ip protocol icmp drop",
    ),
}
"""What drops a ping from ns1: the lines, to which address, and words of what is said."""


def build(lab: Lab, *lines: str) -> None:
    for line in (*ARTICLE, *MENDED, *lines):
        lab.sh(line, echo=False)


@pytest.mark.parametrize("name", DROPPED)
def test_who_drops_it_is_named_and_what_is_said_mends_it(lab: Lab, name: str) -> None:
    lines, target, words = DROPPED[name]
    build(lab, *lines)
    assert not answers(lab, ("ns1", target), limit=0)
    for _ in range(3):
        why = lab.why("ns1", target)
        if why.obstacle is None:
            break
        assert why.obstacle.kind == "filter-drop"
        assert words in why.obstacle.message
        lab.sh(why.obstacle.hint, echo=False)
    assert answers(lab, ("ns1", target))


def test_a_refusal(lab: Lab) -> None:
    build(lab, OUT, "iptables -A FORWARD -p icmp -j REJECT")
    why = lab.why("ns1", AWAY)
    assert why.obstacle is not None
    assert why.obstacle.kind == "filter-reject"
    assert "-A FORWARD -p icmp -j REJECT" in why.obstacle.message


UNTRANSLATED = {
    "another protocol": f"{NAT} -s 192.168.10.0/24 -p tcp -j MASQUERADE",
    "a mark": f"{NAT} -m mark --mark 7 -j MASQUERADE",
    "after a RETURN": f"{NAT} -s 192.168.10.0/24 -j RETURN; {NAT} -j MASQUERADE",
    "after an ACCEPT": f"{NAT} -s 192.168.10.0/24 -j ACCEPT; {NAT} -j MASQUERADE",
    "a chain nobody jumps to": "iptables -t nat -N M; iptables -t nat -A M -j MASQUERADE",
    "a set without it": (
        f"{NFT}; nft 'add set ip t s {{ type ipv4_addr; elements = {{ 192.168.10.12 }}; }}'; "
        "nft add rule ip t p ip saddr @s masquerade"
    ),
    "IPv6 only": "ip6tables -t nat -A POSTROUTING -o eth0 -j MASQUERADE",
}


@pytest.mark.parametrize("name", UNTRANSLATED)
def test_what_does_not_translate_this(lab: Lab, name: str) -> None:
    build(lab, UNTRANSLATED[name])
    why = lab.why("ns1", AWAY)
    assert not answers(lab, ("ns1", AWAY), limit=0)
    assert why.obstacle is not None
    assert why.obstacle.kind in ("no-masquerade", "masquerade-mismatch", "not-translated")
    assert not lab.check(Masquerades("192.168.10.0/24", out="eth0"))
    lab.sh(why.obstacle.hint, echo=False)
    assert answers(lab, ("ns1", AWAY))


WORKING = {
    "one to one": (
        "ip addr add 198.51.100.55/24 dev eth0; iptables -t nat -A PREROUTING -d 198.51.100.55 "
        f"-j DNAT --to-destination 192.168.10.11; {NAT} -s 192.168.10.11 "
        "-j SNAT --to-source 198.51.100.55"
    ),
    "a range": (
        "ip addr add 198.51.100.11/24 dev eth0; ip addr add 198.51.100.12/24 dev eth0; "
        f"{NFT}; nft add rule ip t p oif eth0 snat to 198.51.100.10-198.51.100.12"
    ),
    "a wildcard": f"{NAT} -o eth+ -j MASQUERADE",
    "not the bridge": f"{NAT} ! -o lxcbr0 -j MASQUERADE",
    "a range of sources": (
        f"{NAT} -m iprange --src-range 192.168.10.5-192.168.10.20 -j MASQUERADE"
    ),
    "inet and nfproto": (
        "nft add table inet t; "
        "nft 'add chain inet t p { type nat hook postrouting priority 100; }'; "
        'nft add rule inet t p meta nfproto ipv4 oifname "eth0" masquerade'
    ),
    "legacy": ("iptables-legacy -t nat -A POSTROUTING -s 192.168.10.0/24 -o eth0 -j MASQUERADE"),
}


@pytest.mark.parametrize("name", WORKING)
def test_what_works_is_no_obstacle(lab: Lab, name: str) -> None:
    build(lab, WORKING[name])
    assert answers(lab, ("ns1", AWAY))
    assert lab.why("ns1", AWAY)


def test_a_source_that_nobody_has(lab: Lab) -> None:
    build(lab, f"{NAT} -s 192.168.10.0/24 -j SNAT --to-source 198.51.100.99")
    assert not answers(lab, ("ns1", AWAY), limit=0)
    why = lab.why("ns1", AWAY)
    assert why.obstacle is not None
    assert why.obstacle.kind == "wrong-translation"
    assert "198.51.100.99" in why.obstacle.message
    lab.sh(why.obstacle.hint, echo=False)
    assert answers(lab, ("ns1", AWAY))


def test_a_published_port_in_picture_diff_and_undo(lab: Lab) -> None:
    build(lab)
    line = (
        "iptables -t nat -A PREROUTING -d 198.51.100.10 -p tcp -m tcp --dport 8080 "
        "-j DNAT --to-destination 192.168.10.11:80"
    )
    words = "dnat tcp 198.51.100.10:8080 → 192.168.10.11:80"
    done = lab.sh(line, echo=False)
    assert str(done.changes) == f"+ {words}"
    assert [nat_text(rule) for rule in lab.snapshot().host.nat] == [words]
    assert words in lab.picture.text
    lab.sh("iptables -P FORWARD DROP; iptables -A FORWARD -i lxcbr0 -j ACCEPT", echo=False)
    assert filter_text(lab.snapshot().host.rules) == "filter: 1 rule, forward policy drop"
    assert "filter: 1 rule, forward policy drop" in lab.picture.text
    assert "iptables -P FORWARD DROP" in lab.script()
    lab.undo()
    assert filter_text(lab.snapshot().host.rules) == ""


def test_a_missing_tool_is_said(lab: Lab) -> None:
    lab.sh("nft add table ip t; nft 'add chain ip t c { type filter hook input priority 0; }'")
    lab.sh("mount --bind /bin/false $(readlink -f $(command -v nft))", echo=False)
    lab.sh("nft add rule ip t c drop || iptables -A INPUT -j DROP", echo=False)
    unseen = lab.snapshot().host.unseen
    assert unseen == ("packet filter rules: nft does not say them",)
