"""Which frames a filter leaves, over frames that a lab could have seen."""

from __future__ import annotations

import re

import pytest

from nslab.errors import InvalidInput
from nslab.frames.filtering import Facts, facts, wanted
from nslab.frames.summary import Names
from nslab.network.model import Frame, Place


def frame(number: int, place: str, data: str) -> Frame:
    found = bytes.fromhex(data)
    space, _, link = place.rpartition("/")
    return Frame(
        number=number,
        time=number,
        stamp=number,
        place=Place(space or "host", link),
        kind="host",
        length=len(found),
        data=found,
    )


MACS = "020000000002" + "020000000001"
IP = "4500{:04x}0000000040{:02x}0000c0a80a0bcb007150"
ARP = MACS + "0806" + "0001080006040001020000000001c0a80a0b000000000000c0a80a01"
ECHO = MACS + "0800" + IP.format(28, 1) + "0800000000010001"
SYN = MACS + "0800" + IP.format(40, 6) + "c0000050" + "00" * 8 + "50020000" + "00000000"
ASKS = MACS + "0800" + IP.format(28, 17) + "c0010035" + "00080000"
TAGGED = MACS + "81000007" + "0800" + IP.format(28, 1) + "0000000000010001"
CUT = MACS + "0800" + "4500"

FRAMES = [
    frame(1, "ns1/eth0", ARP),
    frame(2, "ns1/eth0", ECHO),
    frame(3, "lxcbr0", SYN),
    frame(4, "lxcbr0", ASKS),
    frame(5, "eth0.7", TAGGED),
    frame(6, "eth0", CUT),
]


@pytest.fixture(scope="module")
def told() -> list[Facts]:
    return [facts(one, Names()) for one in FRAMES]


def left(told: list[Facts], text: str) -> list[int]:
    fits = wanted(text)
    return [number for number, one in enumerate(told, 1) if fits(one)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", [1, 2, 3, 4, 5, 6]),
        ("icmp", [2, 5]),
        ("ICMP", [2, 5]),
        ("arp", [1]),
        ("!arp", [2, 3, 4, 5, 6]),
        ("not ARP", [2, 3, 4, 5, 6]),
        ("203.0.113.80", [2, 3, 4, 5]),
        ("203.0.113.8", []),
        ("203.0.113.0/24", [2, 3, 4, 5]),
        ("ns1", [1, 2]),
        ("eth0", [1, 2, 5, 6]),
        ("port 80", [3]),
        ("port 53", [4]),
        ("vlan 7", [5]),
        ("vlan 8", []),
        ("vlan", [5]),
        ("ip.addr==192.168.10.11", [2, 3, 4, 5]),
        ("ip.addr == 192.168.10.11 && ns1", [2]),
        ("ip.src == 203.0.113.80", []),
        ("ip.dst != 203.0.113.80", []),
        ("ip.addr != 192.168.10.12", [2, 3, 4, 5]),
        ("!(ip.dst == 203.0.113.80)", [1, 6]),
        ("arp.dst.proto_ipv4 == 192.168.10.1", [1]),
        ("tcp.port==80", [3]),
        ("tcp.dstport > 79 and tcp.dstport <= 80", [3]),
        ("udp.port eq 53", [4]),
        ("dns or arp", [1, 4]),
        ("dns || arp", [1, 4]),
        ("arp or icmp and ns1", [1, 2]),
        ("(arp or icmp) and eth0.7", [5]),
        ("icmp.type == 8", [2]),
        ("echo REQUEST", [2]),
        ('"who has"', [1]),
        ("192.168.10.1", [1]),
        ("02:00:00:00:00:01", [1, 2, 3, 4, 5, 6]),
        ("eth.src == 02:00:00:00:00:02", []),
        ("eth.type == 0x806", [1]),
        ("frame.number > 4", [5, 6]),
        ("ns == ns1", [1, 2]),
        ("(icmp", [2, 5]),
        ("no such words", []),
    ],
)
def test_what_a_filter_leaves(told: list[Facts], text: str, numbers: list[int]) -> None:
    assert left(told, text) == numbers


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("ip.addr ==", "of what"),
        ("ip.adr == 1.2.3.4", "ip.adr is no field, ip.addr is one"),
        ("ttl == 63", "ttl is no field, ip.ttl is one"),
        ("xyzzy == 63", "xyzzy is no field$"),
        ("arp and", "nothing stands behind and"),
        ("arp or", "nothing stands behind or"),
        ("asdf((", r"nothing stands behind \("),
        ("!", "nothing stands behind !"),
        ("arp)", "nothing before it"),
        ("or arp", "nothing before it"),
    ],
)
def test_what_it_cannot_read_is_said(text: str, cause: str) -> None:
    with pytest.raises(InvalidInput) as error:
        wanted(text)
    assert re.search(cause, error.value.cause)
