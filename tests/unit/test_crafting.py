"""What is sent: open addresses are filled in from the lab, never from this machine."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw

from nslab.errors import InvalidInput
from nslab.frames import crafting
from nslab.network.model import Address, Link, Namespace, Neighbour, Route, Snapshot

BRIDGE, OWN, KNOWN = "02:00:00:00:00:01", "02:00:00:00:00:0a", "02:00:00:00:00:99"
LAB = Snapshot(
    namespaces=(
        Namespace(
            inode=1,
            role="host",
            label="host",
            links=(
                Link(
                    name="lxcbr0",
                    index=2,
                    mac=BRIDGE,
                    addresses=(Address(address="192.168.10.1/24"),),
                ),
            ),
        ),
        Namespace(
            inode=2,
            role="named",
            label="ns1",
            names=("ns1",),
            links=(
                Link(
                    name="eth0",
                    index=2,
                    mac=OWN,
                    addresses=(Address(address="192.168.10.11/24"), Address(address="fd00::11/64")),
                ),
            ),
            routes=(
                Route(destination="default", via="192.168.10.1", dev="eth0"),
                Route(destination="192.168.10.0/24", dev="eth0"),
            ),
            neighbours=(Neighbour(address="192.168.10.7", dev="eth0", mac=KNOWN),),
        ),
    )
)


def sent(packets: Any) -> list[Any]:
    return [Ether(data) for data in crafting.encode(packets, LAB, "ns1", "eth0")]


@pytest.mark.parametrize(
    ("target", "mac"),
    [
        ("192.168.10.1", BRIDGE),  # who in the lab has the address
        ("203.0.113.80", BRIDGE),  # by the gateway
        ("192.168.10.7", KNOWN),  # from the neighbour table
        ("192.168.10.255", "ff:ff:ff:ff:ff:ff"),
        ("255.255.255.255", "ff:ff:ff:ff:ff:ff"),
        ("224.0.0.251", "01:00:5e:00:00:fb"),
        ("239.129.2.3", "01:00:5e:01:02:03"),
    ],
)
def test_a_packet_goes_to_the_next_hop_from_the_links_own_addresses(target: str, mac: str) -> None:
    (packet,) = sent(Ether() / IP(dst=target) / ICMP())
    assert (packet.src, packet.dst, packet[IP].src) == (OWN, mac, "192.168.10.11")


def test_what_is_said_stays() -> None:
    (packet,) = sent(Ether(src=KNOWN, dst=KNOWN) / IP(src="1.2.3.4", dst="5.6.7.8") / UDP(dport=9))
    assert (packet.src, packet.dst, packet[IP].src) == (KNOWN, KNOWN, "1.2.3.4")


def test_arp_asks_everyone_in_the_links_name() -> None:
    (packet,) = sent(Ether() / ARP(pdst="192.168.10.1"))
    assert (packet.dst, packet[ARP].hwsrc, packet[ARP].psrc) == (
        "ff:ff:ff:ff:ff:ff",
        OWN,
        "192.168.10.11",
    )


def test_ipv6_multicast_and_a_tag() -> None:
    (packet,) = sent(Ether() / Dot1Q(vlan=7) / IPv6(dst="ff02::1") / Raw(b"x"))
    assert (packet.dst, packet[IPv6].src) == ("33:33:00:00:00:01", "fd00::11")


def test_lists_bytes_and_packets_that_stand_for_several() -> None:
    frames = sent([b"x" * 14, Ether() / IP(dst="192.168.10.1", ttl=(1, 3)) / ICMP()])
    assert bytes(frames[0])[:2] == b"xx"
    assert [f[IP].ttl for f in frames[1:]] == [1, 2, 3]


def test_the_packet_that_was_given_is_left_as_it_is() -> None:
    packet = Ether() / IP(dst="192.168.10.1") / ICMP()
    sent(packet)
    assert "src" not in packet.fields
    assert "src" not in packet[IP].fields


@pytest.mark.parametrize(
    ("packets", "words"),
    [
        (IP(dst="192.168.10.1") / ICMP(), r"begins with IP, but .*\n.*Ether\(\)/IP"),
        (Ether() / IP(dst="192.168.10.99") / ICMP(), "the next hop, 192.168.10.99"),
        (Ether() / Raw(b"x"), "does not say to which MAC"),
        (Ether(dst=KNOWN) / IP(dst="192.168.10.1", len="x") / ICMP(), "scapy cannot make bytes"),
        (3, "3 is not a frame"),
        ("text", "'t' is not a frame"),
        ([], "there is no frame"),
    ],
)
def test_what_cannot_be_sent(packets: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        sent(packets)
