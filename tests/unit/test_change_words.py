"""What a picture says of changes, rules and VLANs, in German."""

from __future__ import annotations

import json
import pickle
import re

import snapshots as sample
from spoken import printed

from nslab.network.diff import CONDITIONS, nat_sentence, nat_text, vlans_text
from nslab.network.diff.switches import PORT_FLAGS
from nslab.network.model import PortVlan
from nslab.network.rules import Translation, options

SAID = {
    "attached to docker0": "an docker0 gesteckt",
    "detached from docker0": "von docker0 gelöst",
    "was veth-ns1": "war veth-ns1",
    "was peerB in host": "war peerB in host",
    "was in host": "war in host",
    "attached": "eingesteckt",
    "promiscuity 0 → 1": "Promiscuity 0 → 1",
    "mode bridge → private": "Modus bridge → private",
    "forward delay 15 s → 2 s": "Forward Delay 15 s → 2 s",
    "STP off → on": "STP aus → ein",
    "VLAN filtering off → on": "VLAN-Trennung aus → ein",
    "flood on → off": "flood ein → aus",
    "to-lan: flood on → off": "to-lan: flood ein → aus",
    "python3 listens at *:80": "python3 lauscht an *:80",
    "the lab itself listens at 127.0.0.53:53/udp": "das Lab selbst lauscht an 127.0.0.53:53/udp",
    "also named by its process id": "auch nach seiner Prozess-ID benannt",
    "also named blue": "heißt auch blue",
    "nft fwd and dup to peerA": "nft fwd und dup an peerA",
    "mirred mirror to ifb0": "mirred mirror an ifb0",
    "14 namespaces · lo down": "14 Namespaces · lo down",
    "30 namespaces on br0 · default via 10.0.0.1": "30 Namespaces an br0 · default via 10.0.0.1",
    "VLAN 10 untagged, 20 and 30 tagged": "VLAN 10 ohne Tag, 20 und 30 mit Tag",
    "VLAN 1 untagged inwards, 1 untagged outwards": "VLAN 1 hinein ohne Tag, 1 hinaus ohne Tag",
    "VLAN 1 untagged → VLAN 10 untagged": "VLAN 1 ohne Tag → VLAN 10 ohne Tag",
    "no VLAN → VLAN 10 tagged": "kein VLAN → VLAN 10 mit Tag",
    "no VLAN": "kein VLAN",
    "masquerade everything → eth0": "masquerade alles → eth0",
    "masquerade 10.0.0.0/8 to !10.0.0.0/8 → eth0": "masquerade 10.0.0.0/8 nach !10.0.0.0/8 → eth0",
    "snat 10.0.0.0/8 → eth0 as 198.51.100.10": "snat 10.0.0.0/8 → eth0 als 198.51.100.10",
    "dnat tcp in by eth0 port 80 → 10.0.0.2:80": "dnat tcp herein über eth0 Port 80 → 10.0.0.2:80",
    "redirect from 10.0.0.2 port 53 → this host": "redirect von 10.0.0.2 Port 53 → dieser Host",
    "masquerade everything if to be sure": "masquerade alles falls to be sure",
    "masquerade everything if state NEW, mark !0x1": "masquerade alles falls Zustand NEW, "
    "Markierung !0x1",
    "dnat tcp port 80 → 10.0.0.2 if mac source 00:11:22:33:44:55 (in a chain that nothing jumps "
    "to)": "dnat tcp Port 80 → 10.0.0.2 falls Quell-MAC 00:11:22:33:44:55 (in einer Chain, in die "
    "nichts springt)",
    "tunnel 42 from anywhere to 10.0.0.2 port 4789 → none": "Tunnel 42 von irgendwo nach 10.0.0.2 "
    "Port 4789 → nichts",
    "tunnel 42 from 10.0.0.1 to nobody port 4789, not learning": "Tunnel 42 von 10.0.0.1 nach "
    "niemand Port 4789, lernt nicht",
    "tunnel port 51820 to 10.0.0.2 and a peer without endpoint": "Tunnel Port 51820 nach 10.0.0.2 "
    "und ein Peer ohne Endpunkt",
    "gre1: tunnel from anywhere to 10.0.0.2 key 5/5 → from anywhere to 10.0.0.3 key 5/5": "gre1: "
    "Tunnel von irgendwo nach 10.0.0.2 Key 5/5 → von irgendwo nach 10.0.0.3 Key 5/5",
    "VNI 42 to 10.0.0.2 over eth0": "VNI 42 nach 10.0.0.2 über eth0",
    "to 10.0.0.2, key 5": "nach 10.0.0.2, Key 5",
    "tc none → ingress mirror to ifb0": "tc nichts → ingress mirror nach ifb0",
    "tc filter at ingress, u32: mirred mirror to ifb0": "tc Filter am Eingang, u32: mirred mirror "
    "nach ifb0",
    "queue usual → tbf rate 1Mbit": "Warteschlange wie üblich → tbf rate 1Mbit",
    "queue tbf → tbf (passes 1600 bytes)": "Warteschlange tbf → tbf (lässt 1600 Bytes durch)",
    "arp_ignore usual → 1": "arp_ignore wie üblich → 1",
    "to !172.17.0.0/16": "nach !172.17.0.0/16",
}

ALIKE = (
    "down → up",
    "198.51.100.10/24",
    "default via 10.0.0.1 dev eth0",
    "rule from 10.0.0.2/32 lookup 100",
    "masquerade 10.0.0.0/8 → eth0",
    "forward policy drop",
    "MTU 1500 → 1400",
    "VLAN 10",
)
"""What is the kernel's own, or the same in both."""


def german(texts: list[str]) -> dict[str, str | None]:
    code = (
        "import json, sys\n"
        "from nslab.jupyter.widgets.picture_words import _here\n"
        "print(json.dumps({text: _here(text) for text in json.load(sys.stdin)}))"
    )
    said = printed(code, given=json.dumps(texts))
    found: dict[str, str | None] = json.loads(said)
    return found


def test_changes_rules_and_vlans_are_said_in_german() -> None:
    assert german(list(SAID)) == SAID


def test_what_is_the_kernels_own_stays_as_it_is() -> None:
    assert german(list(ALIKE)) == dict.fromkeys(ALIKE)


ENGLISH = re.compile(r"\b(?:to|as|from|in by|everything|this host|tagged|off|of)\b")


def test_whatever_is_put_together_of_them_has_no_english_word_left() -> None:
    vlans = [
        PortVlan(vlan=number, pvid=pvid, untagged=untagged)
        for number, pvid, untagged in ((1, True, True), (2, True, False), (3, False, True))
    ]
    rules = (
        Translation(kind="dnat", came="eth0", dport="80", to="10.0.0.2", hook="prerouting"),
        Translation(kind="masquerade", source="10.0.0.0/8", out="eth0"),
        Translation(kind="snat", destination="10.0.0.2", sport="7", to="192.0.2.1"),
        Translation(kind="redirect", source="10.0.0.2", hook="prerouting"),
        Translation(kind="dnat", came="eth0", to="10.0.0.2", reached=False),
    )
    texts = [*map(nat_text, rules), vlans_text(vlans), vlans_text(vlans[:1]), vlans_text(())]
    texts += [f"{word} on → off" for _, word in PORT_FLAGS]
    left = {text: said for text, said in german(texts).items() if ENGLISH.search(said or text)}
    assert not left


def test_each_condition_has_its_german_in_a_picture_and_in_why() -> None:
    fields = {*options._WORDS.values(), *options._PORTS.values(), "ctmark", "mark", "icmp type"}
    fields |= {*options._ADDRESS.values(), "tcp flags", *options._EBTABLES.values()}
    fields |= {*options._ARPTABLES.values()}
    assert fields <= {str(word) for word in CONDITIONS}
    said = german([f"masquerade everything if {field} 7" for field in sorted(fields)])
    english = [text for text, here in said.items() if here is None or text[23:] in here]
    assert not english


def test_why_writes_a_rule_as_a_picture_does() -> None:
    rules = (
        Translation(kind="dnat", came="eth0", dport="80", to="10.0.0.2", hook="prerouting"),
        Translation(kind="snat", destination="10.0.0.2", sport="7", to="192.0.2.1"),
        Translation(kind="masquerade", also=("state NEW", "mark !0x1"), reached=False),
        Translation(kind="masquerade", also=("something else",)),
        Translation(kind="masquerade", exact=False, text="masquerade from to"),
    )
    for rule in rules:
        told = nat_sentence(rule)
        assert told == nat_text(rule)
        marked = told.said(lambda form: f"<{form}>")
        assert marked is not None
        assert ("<" in marked) == rule.exact
    assert "<state> NEW, <mark> !0x1 <(in a chain" in str(
        nat_sentence(rules[2]).said(lambda form: f"<{form}>")
    )


FACTS = """
import json, pickle, sys
from nslab.jupyter.widgets.node_facts import facts
snapshot = pickle.load(sys.stdin.buffer)
print(json.dumps([line for _, lines in facts(snapshot, "host") for line in lines]))
"""


def test_the_facts_of_a_node_say_its_rules_in_the_same_words() -> None:
    snapshot = sample.lab(rules=sample.nat("masquerade", out="eth0"))
    said = printed(FACTS, given=pickle.dumps(snapshot))
    assert "masquerade alles → eth0" in json.loads(said)


def test_the_words_of_a_translation_stand_once() -> None:
    """As data, where it is put together: nobody takes the text apart to say it."""
    said = nat_sentence(Translation(kind="dnat", dport="80", came="eth0", hook="prerouting"))
    assert said == "dnat in by eth0 port 80 → this host"
    assert said.said(lambda form: f"<{form}>") == "dnat <in by> eth0 <port> 80 → <this host>"
    assert type(nat_text(Translation(kind="masquerade"))) is str
