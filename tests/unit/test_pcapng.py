"""The file that Wireshark opens: read back by scapy, and by a reader of its blocks."""

from __future__ import annotations

import struct
from pathlib import Path

from blocks import echo, ether, frame, ipv4
from scapy.utils import PcapNgReader

from nslab.frames import Frames, pcapng
from nslab.network.model import Place

DATA = ether(0x0800, ipv4(1, echo()))
OTHER = Place(ns="host", link="lxcbr0.1")


def blocks(data: bytes) -> list[tuple[int, bytes]]:
    """The blocks of a file: (type, body); each says its length at both ends."""
    found, place = [], 0
    while place < len(data):
        kind, size = struct.unpack_from("<II", data, place)
        assert size % 4 == 0
        assert struct.unpack_from("<I", data, place + size - 4) == (size,)
        found.append((kind, data[place + 8 : place + size - 4]))
        place += size
    assert place == len(data)
    return found


def options(body: bytes, place: int) -> dict[int, bytes]:
    found = {}
    while True:
        code, size = struct.unpack_from("<HH", body, place)
        if code == 0:
            return found
        found[code] = body[place + 4 : place + 4 + size]
        place += 4 + size + -size % 4


def test_links_have_their_names_and_frames_their_kind() -> None:
    kinds = ("host", "broadcast", "multicast", "otherhost", "outgoing")
    made = [frame(DATA + bytes(n), n + 1, kind=kind) for n, kind in enumerate(kinds)]
    made.append(frame(DATA, 6, place=OTHER, length=1500))
    found = blocks(pcapng.encode(made))
    assert [kind for kind, _ in found] == [0x0A0D0D0A, 1, 1] + [6] * 6
    names = [options(body, 8) for kind, body in found if kind == 1]
    assert [name[2] for name in names] == [b"ns1/eth0", b"lxcbr0.1"]
    assert [name[9] for name in names] == [b"\x09", b"\x09"]
    flags, lengths, links = [], [], []
    for kind, body in found:
        if kind == 6:
            link, high, low, kept, length = struct.unpack_from("<5I", body)
            assert (high << 32 | low) == made[len(flags)].stamp
            assert body[20 : 20 + kept] == made[len(flags)].data
            (flag,) = struct.unpack("<I", options(body, 20 + kept + -kept % 4)[2])
            flags.append((flag & 3, flag >> 2 & 7))
            lengths.append(length)
            links.append(link)
    assert flags == [(1, 1), (1, 3), (1, 2), (1, 4), (2, 0), (1, 1)]
    assert lengths[-1] == 1500
    assert links == [0, 0, 0, 0, 0, 1]


def test_what_is_missing_stands_at_the_end() -> None:
    found = blocks(pcapng.encode([frame(DATA)], {"ns1/eth0": 7, "elsewhere": 3}))
    assert [kind for kind, _ in found] == [0x0A0D0D0A, 1, 6, 5]
    link, *_ = struct.unpack_from("<III", found[-1][1])
    assert (link, options(found[-1][1], 12)[5]) == (0, struct.pack("<Q", 7))


def test_a_link_without_ethernet_has_its_own_type() -> None:
    found = blocks(pcapng.encode([frame(DATA[14:], ethernet=False)]))
    assert struct.unpack_from("<H", found[1][1]) == (101,)


def test_scapy_reads_it(tmp_path: Path) -> None:
    file = Frames([frame(DATA, n) for n in range(1, 4)]).to_pcapng(tmp_path / "some.pcapng")
    with PcapNgReader(str(file)) as reader:
        packets = list(reader)
    assert [bytes(packet) for packet in packets] == [DATA] * 3
    assert {packet.sniffed_on for packet in packets} == {"ns1/eth0"}
    assert round(float(packets[0].time) * 1e9 / 1e3) == (10**18 + 1000) // 1000


def test_no_frames_make_a_file_too() -> None:
    assert [kind for kind, _ in blocks(pcapng.encode([]))] == [0x0A0D0D0A]
