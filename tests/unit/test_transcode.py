"""Past the values: the kernel's blocks as a file, byte for byte as frames are written."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest
from blocks import Packet, block, echo, ether, ipv4
from hypothesis import given
from hypothesis import strategies as st

from nslab.frames import Frames, pcapng
from nslab.frames import blocks as bl
from nslab.frames.transcode import FLOOD, Table, transcode
from nslab.network.model import Place

TAPS = (
    bl.Origin(Place(ns="host", link="br0"), 1, True),
    bl.Origin(Place(ns="host", link="p1"), 0, True),
    bl.Origin(Place(ns="ns1", link="tun0"), 0, False),
)
LINKS = {tap.place: tap.ethernet for tap in TAPS}
BEGAN = 1_700_000_000_000_000_000
TURN = (BEGAN >> 32) + 1 << 32
"""Where the upper half of a stamp changes: not at the turn of a second."""

DATA = ether(0x0800, ipv4(1, echo()))

Given = Sequence[tuple[int, bytes]]


def expected(blocks: Given, missing: dict[str, int] | None = None) -> bytes:
    """The straightforward way: a value for each frame, written one by one."""
    return pcapng.encode(bl.frames(blocks, TAPS, BEGAN), missing, LINKS)


def written(blocks: Given, missing: dict[str, int] | None = None) -> bytes:
    return b"".join(transcode(blocks, TAPS, missing))


packets = st.builds(
    Packet,
    st.integers(-3, 3).map(lambda n: TURN + n * 500_000_000)
    | st.integers(BEGAN, BEGAN + 5)
    | st.integers(BEGAN, BEGAN + 10**10),
    st.sampled_from((DATA, DATA[:-1], DATA[:13], b"")) | st.binary(max_size=40),
    kind=st.integers(0, 6),
    length=st.none() | st.integers(0, 2000),
    status=st.sampled_from((1, 9, 0x11, 0x51)),
    vlan=st.tuples(st.sampled_from((0x8100, 0x88A8)), st.integers(0, 0xFFFF)),
)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.lists(packets, max_size=6)), max_size=5),
    st.dictionaries(st.sampled_from(("br0", "p1", "elsewhere")), st.integers(0, 9)),
)
def test_whatever_was_captured_both_ways_write_the_same(
    captured: list[tuple[int, list[Packet]]], missing: dict[str, int]
) -> None:
    blocks = [(tap, block(*some)) for tap, some in captured]
    assert written(blocks, missing) == expected(blocks, missing)


def flood(count: int = 40, start: int = BEGAN) -> list[Packet]:
    """Frames that differ in time and bytes only."""
    return [Packet(start + n * 7, DATA[:-1] + bytes([n])) for n in range(count)]


def test_a_flood_is_written_all_at_once() -> None:
    for length in range(14, 40):
        some = [one._replace(data=one.data[-length:]) for one in flood()]
        made = block(*some)
        assert Table(0).flood(made) is not None
        assert written([(1, made)]) == expected([(1, made)])
    many = [(1, block(*flood(start=BEGAN + n * 1000))) for n in range(5)]
    assert written(many) == expected(many)
    kernels = bytearray(made)  # the kernel's last frame has no step to a next one
    struct.pack_into("<I", kernels, 48 + 39 * (len(made) - 48) // 40, 0)
    assert Table(0).flood(bytes(kernels)) is not None
    assert written([(1, bytes(kernels))]) == expected([(1, made)])


@pytest.mark.parametrize("place", [0, 1, 20, 38, 39])
@pytest.mark.parametrize(
    "changes",
    [
        {"kind": 4},
        {"length": 1500},
        {"status": 9},
        {"status": 0x11, "vlan": (0x8100, 7)},
        {"data": DATA + b"!"},
        {"data": DATA[:-1]},
        {"data": DATA + bytes(16)},
        {"stamp": BEGAN + 1_000_000_000},
        {"stamp": BEGAN - 1},
        {"stamp": BEGAN + 500},
        {"stamp": TURN},
    ],
)
def test_a_frame_that_differs_makes_it_none(changes: dict[str, object], place: int) -> None:
    some = flood()
    some[place] = some[place]._replace(**changes)  # type: ignore[arg-type]
    made = block(*some)
    assert Table(0).flood(made) is None or changes.keys() == {"stamp"}
    assert written([(1, made)]) == expected([(1, made)])


def test_a_flood_at_the_turn_of_a_second_or_of_a_stamps_half() -> None:
    for turn in (TURN, BEGAN + 1_000_000_000):
        made = block(*flood(start=turn - 100))
        assert Table(0).flood(made) is None
        assert written([(1, made)]) == expected([(1, made)])
    assert Table(0).flood(block(*flood(FLOOD - 1))) is None


def test_blocks_that_overtook_each_other_are_sorted() -> None:
    early, late = block(*flood()), block(*flood(start=BEGAN + 100))
    for blocks in ([(1, late), (1, early)], [(0, early), (1, late), (1, early)]):
        assert written(blocks) == expected(blocks)


def test_more_kinds_of_frames_than_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nslab.frames.transcode.LAYOUTS", 3)
    blocks = [(1, block(*(Packet(BEGAN + n, DATA[: n % 50]) for n in range(200))))]
    assert written(blocks) == expected(blocks)


@given(st.binary(max_size=300))
def test_what_is_no_block_is_written_as_far_as_it_goes(data: bytes) -> None:
    assert written([(1, data)]) == expected([(1, data)])


@given(st.data())
def test_a_damaged_block_is_written_as_far_as_it_goes(data: st.DataObject) -> None:
    made = bytearray(block(*flood(20)))
    for _ in range(data.draw(st.integers(1, 8))):
        made[data.draw(st.integers(0, len(made) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(made[: data.draw(st.integers(0, len(made)))])
    assert written([(1, cut)]) == expected([(1, cut)])


def test_links_without_frames_are_in_the_file(tmp_path: Path) -> None:
    data = written([], {"p1": 3})
    assert data == pcapng.encode([], {"p1": 3}, LINKS)
    assert data.count(b"br0") == data.count(b"p1") == data.count(b"ns1/tun0") == 1
    made = Frames([], dropped={"p1": 3}, links=LINKS).to_pcapng(tmp_path / "file")
    assert made.read_bytes() == data


def test_frames_that_need_no_values_make_none(tmp_path: Path) -> None:
    def never() -> list[object]:
        raise AssertionError("values were made")

    blocks = [(1, block(*flood()))]
    seen = Frames(never, links=LINKS, file=lambda: transcode(blocks, TAPS))  # type: ignore[arg-type]
    assert seen.to_pcapng(tmp_path / "file").read_bytes() == expected(blocks)
