"""Frames out of the kernel's blocks, in a line, in a table, opened; whatever the bytes are."""

from __future__ import annotations

import re
import struct

import pytest
from blocks import (
    ANSWER,
    DNS,
    MAC_A,
    MAC_B,
    QUESTION,
    TCP,
    Packet,
    arp,
    block,
    echo,
    ether,
    frame,
    icmp,
    ipv4,
    udp,
)
from hypothesis import given
from hypothesis import strategies as st

from nslab.errors import InvalidInput
from nslab.frames import Frames
from nslab.frames import blocks as bl
from nslab.frames.dissect import dissect
from nslab.frames.opened import Opened
from nslab.frames.summary import Names, summarise
from nslab.network.model import Place

PORT = bl.Origin(Place(ns="host", link="lxcbr0.1"), 0, True)
BRIDGE = bl.Origin(Place(ns="host", link="lxcbr0"), 1, True)
BEGAN = 1_700_000_000_000_000_000


# -- blocks ------------------------------------------------------------------------------------


def test_a_block_holds_stamps_kinds_lengths_and_bytes() -> None:
    made = block(
        Packet(BEGAN + 5, b"a" * 60),
        Packet(BEGAN + 9, b"b" * 33, kind=4, length=1500),
        Packet(BEGAN + 12, b"c" * 14, kind=3, status=9),
    )
    found = bl.frames([(0, made)], [PORT], BEGAN)
    assert [(f.number, f.time, f.kind, f.length, len(f.data)) for f in found] == [
        (1, 5, "host", 60, 60),
        (2, 9, "outgoing", 1500, 33),
        (3, 12, "otherhost", 14, 14),
    ]
    assert [f.data[:1] for f in found] == [b"a", b"b", b"c"]
    assert [f.checksums for f in found] == [True, True, False]
    assert found[0].stamp == BEGAN + 5


def test_frames_of_several_taps_are_in_the_order_of_time() -> None:
    one = block(Packet(BEGAN + 30, b"c"), Packet(BEGAN + 40, b"d"))
    other = block(Packet(BEGAN + 10, b"a"), Packet(BEGAN + 20, b"b"), Packet(BEGAN + 50, b"e"))
    found = bl.frames([(0, one), (1, other)], [PORT, BRIDGE], BEGAN)
    assert b"".join(f.data for f in found) == b"abcde"
    assert [str(f.place) for f in found] == "lxcbr0 lxcbr0 lxcbr0.1 lxcbr0.1 lxcbr0".split()


def test_what_has_one_stamp_was_at_the_port_before_it_was_at_the_bridge() -> None:
    same = block(Packet(BEGAN + 7, b"x"))
    for blocks in ([(0, same), (1, same)], [(1, same), (0, same)]):
        found = bl.frames(blocks, [PORT, BRIDGE], BEGAN)
        assert [str(f.place) for f in found] == ["lxcbr0.1", "lxcbr0"]


def test_what_one_tap_saw_at_one_moment_stays_in_its_order() -> None:
    made = block(*(Packet(BEGAN, bytes([200 - n])) for n in range(5)))
    again = block(*(Packet(BEGAN, bytes([100 - n])) for n in range(5)))
    found = bl.frames([(0, made), (0, again)], [PORT], BEGAN)
    assert [f.data[0] for f in found] == [200, 199, 198, 197, 196, 100, 99, 98, 97, 96]


def test_a_vlan_tag_is_put_back_where_it_was() -> None:
    plain = ether(0x0800, ipv4(1, echo()))
    made = block(Packet(BEGAN, plain, status=0x51, vlan=(0x88A8, 7)))
    (found,) = bl.frames([(0, made)], [PORT], BEGAN)
    assert found.data == plain[:12] + b"\x88\xa8\x00\x07" + plain[12:]
    assert found.length == len(plain) + 4
    assert summarise(found).what.startswith("VLAN 7: ICMP echo request")
    (older,) = bl.unpack(block(Packet(BEGAN, plain, status=0x11, vlan=(0, 9))), 0)
    assert older.data[12:16] == b"\x81\x00\x00\x09"


@given(st.binary(max_size=300))
def test_what_is_no_block_brings_nothing_down(data: bytes) -> None:
    assert len(list(bl.unpack(data, 0))) <= len(data)


@given(st.data())
def test_a_damaged_block_brings_nothing_down(data: st.DataObject) -> None:
    made = bytearray(block(*(Packet(BEGAN, ether(0x0800, ipv4(1, echo()))) for _ in range(3))))
    for _ in range(data.draw(st.integers(1, 8))):
        made[data.draw(st.integers(0, len(made) - 1))] = data.draw(st.integers(0, 255))
    cut = made[: data.draw(st.integers(0, len(made)))]
    assert len(list(bl.unpack(bytes(cut), 0))) <= len(made)


# -- a line ------------------------------------------------------------------------------------

NAMES = {MAC_A.hex(":"): "ns1/eth0", MAC_B.hex(":"): "lxcbr0"}
NO_SUCH = struct.pack(">HHHHHH", 5, 0x8183, 1, 0, 0, 0) + QUESTION


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (
            ether(0x0806, arp(1, "10.0.0.1", "10.0.0.2"), b"\xff" * 6),
            ("ns1/eth0", "everyone", "ARP: who has 10.0.0.2? tell 10.0.0.1"),
        ),
        (
            ether(0x0806, arp(2, "10.0.0.2", "10.0.0.1", MAC_B), MAC_A, MAC_B),
            ("lxcbr0", "ns1/eth0", "ARP: 10.0.0.2 is at lxcbr0"),
        ),
        (
            ether(0x0806, arp(1, "10.0.0.1", "10.0.0.1")),
            ("ns1/eth0", "lxcbr0", "ARP: I have 10.0.0.1"),
        ),
        (
            ether(0x0806, arp(1, "0.0.0.0", "10.0.0.1")),
            ("ns1/eth0", "lxcbr0", "ARP: has anybody 10.0.0.1?"),
        ),
        (ether(0x0800, ipv4(1, echo())), ("10.0.0.1", "10.0.0.2", "ICMP echo request, seq 1")),
        (ether(0x0800, ipv4(1, echo(0, 3))), ("10.0.0.1", "10.0.0.2", "ICMP echo reply, seq 3")),
        (
            ether(0x0800, ipv4(1, icmp(3, 1, ipv4(1, echo(), "10.0.0.2", "10.9.9.9")))),
            (
                "10.0.0.1",
                "10.0.0.2",
                "ICMP host unreachable (about 10.0.0.2 → 10.9.9.9: ICMP echo request, seq 1)",
            ),
        ),
        (
            ether(0x0800, ipv4(1, icmp(11, 0, ipv4(17, udp(40000, 33434, b""))))),
            (
                "10.0.0.1",
                "10.0.0.2",
                "ICMP time exceeded (about 10.0.0.1 → 10.0.0.2: UDP a → b, 0 bytes)",
            ),
        ),
        (ether(0x0800, ipv4(6, TCP)), ("10.0.0.1", "10.0.0.2", "TCP a → 80 SYN")),
        (
            ether(
                0x0800, ipv4(6, TCP[:12] + b"\x50\x18" + TCP[14:] + b"GET / HTTP/1.1\r\nHost: x")
            ),
            ("10.0.0.1", "10.0.0.2", "TCP a → 80 PSH ACK, 23 bytes: GET / HTTP/1.1"),
        ),
        (
            ether(0x0800, ipv4(17, udp(40000, 53, DNS))),
            ("10.0.0.1", "10.0.0.2", "DNS: A www.example.org?"),
        ),
        (
            ether(0x0800, ipv4(17, udp(53, 40000, ANSWER))),
            ("10.0.0.1", "10.0.0.2", "DNS: A www.example.org: 203.0.113.80"),
        ),
        (
            ether(0x0800, ipv4(17, udp(53, 40000, NO_SUCH))),
            ("10.0.0.1", "10.0.0.2", "DNS: A www.example.org: NXDOMAIN"),
        ),
        (
            ether(0x0800, ipv4(17, udp(53, 40000, b"none"))),
            ("10.0.0.1", "10.0.0.2", "UDP 53 → a, 4 bytes"),
        ),
        (ether(0x0800, ipv4(47, b"abc")), ("10.0.0.1", "10.0.0.2", "IP protocol 47, 3 bytes")),
        (
            ether(0x0800, ipv4(1, b"abcd", fragment=100)),
            ("10.0.0.1", "10.0.0.2", "IPv4, a later fragment, 4 bytes"),
        ),
        (ether(0x0800, ipv4(1, b"ab")), ("10.0.0.1", "10.0.0.2", "ICMP, cut off or malformed")),
        (ether(0x0800, b"\x45\0"), ("ns1/eth0", "lxcbr0", "IPv4, cut off or malformed")),
        (ether(0x88CC, b"abc"), ("ns1/eth0", "lxcbr0", "LLDP, 3 bytes")),
        (ether(0x1234, b"abc"), ("ns1/eth0", "lxcbr0", "type 0x1234, 3 bytes")),
        (
            ether(0x0026, b"\x42\x42\x03"),
            ("ns1/eth0", "bridges", "spanning tree: who is the root?"),
        ),
        (b"short", ("", "", "cut off: 5 bytes are no Ethernet header")),
        (b"", ("", "", "cut off: 0 bytes are no Ethernet header")),
    ],
)
def test_a_frame_in_a_line(data: bytes, line: tuple[str, str, str]) -> None:
    assert tuple(summarise(frame(data), Names(NAMES))) == line


def test_a_link_without_ethernet_begins_with_ip() -> None:
    found = summarise(frame(ipv4(1, echo()), ethernet=False))
    assert found.what == "ICMP echo request, seq 1"


def test_ports_that_the_kernel_drew_are_letters_in_the_order_of_appearance() -> None:
    names = Names()
    assert [names.port(n) for n in (50000, 80, 40001, 50000, 40001)] == ["a", "80", "b", "a", "b"]
    many = Names()
    assert [many.port(n) for n in range(32768, 32768 + 28)][-4:] == ["y", "z", "aa", "bb"]


def test_a_foreign_mac_stays_what_it_is() -> None:
    line = summarise(frame(ether(0x88CC, b"")), Names())
    assert (line.source, line.target) == ("02:00:00:00:00:0a", "02:00:00:00:00:0b")


# -- opened ------------------------------------------------------------------------------------


def test_every_field_says_where_its_bytes_are() -> None:
    layers = dissect(frame(ether(0x0800, ipv4(1, echo()))))
    assert [(layer.name, layer.start, layer.end) for layer in layers] == [
        ("Ethernet", 0, 14),
        ("IP", 14, 34),
        ("ICMP", 34, 42),
        ("data", 42, 46),
    ]
    fields = {field.name: field for layer in layers for field in layer.fields}
    assert (fields["ttl"].value, fields["ttl"].bytes) == ("64", range(22, 23))
    assert (fields["version"].size, fields["version"].bytes) == (4, range(14, 15))
    assert (fields["seq"].bytes, fields["id"].value) == (range(40, 42), "0x4d")
    assert fields["data"].value == "data"


def test_a_frame_opens_into_a_tree_and_bytes() -> None:
    opened = Opened(frame(ether(0x0800, ipv4(1, echo())), kind="otherhost", checksums=False))
    text = str(opened)
    assert text.startswith("frame 1 at ns1/eth0, meant for another, 46 bytes: ICMP echo request")
    assert re.search(r"^  0016  40 +ttl +64$", text, re.MULTILINE)
    assert re.search(r"^  000e  45 +4 bits +version +4$", text, re.MULTILINE)
    assert "checksum is not filled in" in text
    bundle = opened._repr_mimebundle_()
    assert bundle["text/plain"] == text
    assert bundle["text/html"].count("<details") == len(opened.layers) + 1
    assert "title='IP.ttl = 64'" in bundle["text/html"]
    assert "IP.version = 4; IP.ihl = 5" in bundle["text/html"]
    assert opened.packet["IP"].dst == "10.0.0.2"


def test_ports_are_numbers_whatever_this_machine_calls_them() -> None:
    (field,) = [
        f
        for layer in dissect(frame(ether(0x0800, ipv4(6, TCP))))
        for f in layer.fields
        if f.name == "dport"
    ]
    assert field.value == "80"


def test_a_frame_that_was_cut_says_so() -> None:
    assert "1500 bytes, of which 46 were kept" in str(
        Opened(frame(ether(0x0800, ipv4(1, echo())), length=1500))
    )


# -- the table ---------------------------------------------------------------------------------


def some() -> Frames:
    data = [
        ether(0x0806, arp(1, "10.0.0.1", "10.0.0.2"), b"\xff" * 6),
        ether(0x0800, ipv4(1, echo())),
        ether(0x0800, ipv4(1, echo(0))),
    ]
    kinds = ("outgoing", "outgoing", "host")
    other = Place(ns="host", link="lxcbr0.1")
    return Frames(
        [frame(d, n, kind=k) for n, (d, k) in enumerate(zip(data, kinds, strict=True), 1)]
        + [frame(data[1], 4, place=other, kind="otherhost")],
        NAMES,
        ("a note",),
    )


def test_the_table_says_where_for_whom_and_what() -> None:
    assert str(some()).splitlines() == [
        f"no.  where     meant for  from      to        {'what':<36}  bytes",
        "  1  ns1/eth0  – (sent)   ns1/eth0  everyone  ARP: who has 10.0.0.2? tell 10.0.0.1     42",
        "  2  ns1/eth0  – (sent)   10.0.0.1  10.0.0.2  ICMP echo request, seq 1                 46",
        "  3  ns1/eth0  this link  10.0.0.1  10.0.0.2  ICMP echo reply, seq 1                   46",
        "  4  lxcbr0.1  another    10.0.0.1  10.0.0.2  ICMP echo request, seq 1                 46",
        "a note",
    ]


def test_times_and_macs_stand_in_the_table_when_asked_for() -> None:
    text = str(some().table(times=True, macs=True))
    assert re.search(r"^  2 +0\.002 +ns1/eth0 .*02:00:00:00:00:0a +02:00:00:00:00:0b", text, re.M)
    assert "02:00" not in str(some())


def test_the_table_is_html_that_can_be_trusted() -> None:
    evil = Frames([frame(b"", place=Place(ns="<b>", link="eth0"))], {}, ("<script>",))
    page = evil._repr_mimebundle_()["text/html"]
    assert "<b>" not in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"(color|background):\s*(#|white|black|rgb)", page)


def test_a_long_table_says_what_it_leaves_out() -> None:
    many = Frames([frame(b"", n) for n in range(1, 121)])
    assert "… and 20 frames more" in str(many)
    assert "… and 115 frames more" in str(many.table(rows=5))
    assert str(Frames([])) == "no frames"


def test_frames_are_counted_as_in_the_table() -> None:
    frames = some()
    assert [f.number for f in frames[2:4]] == [2, 3]
    assert [f.number for f in frames[:3]] == [1, 2]
    assert frames[3].frame.kind == "host"
    assert frames[-1].frame.number == 4
    with pytest.raises(IndexError, match="none has the number 9"):
        _ = frames[9]
    assert [f.number for f in frames.at("lxcbr0.1")] == [4]
    assert frames.at("lxcbr0.1")[4].frame.number == 4
    assert [f.number for f in frames.saying("echo request")] == [2, 4]
    assert [f.number for f in frames.select(lambda f: f.kind == "host")] == [3]
    assert len(Frames([])[1:3]) == 0
    with pytest.raises(InvalidInput, match=r"there are frames at: lxcbr0\.1, ns1/eth0"):
        frames.at("ns2/eth0")
