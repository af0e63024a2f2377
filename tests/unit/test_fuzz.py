"""Mutilated frames, taken apart in every way: nothing fails, nothing hangs.

A hundred thousand with ``script/test --all``, ten thousand for a commit, drawn by its id.
What fails names the seed, the number and the frame's bytes.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import struct
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from types import FrameType

import pytest
from blocks import ANSWER, DNS, TCP, arp, echo, ether, frame, icmp, ipv4, udp

from nslab.frames import identity
from nslab.frames.opened import Opened
from nslab.frames.summary import Names, summarise
from nslab.network.model import Frame

FIRST = zlib.crc32(os.environ.get("NSLAB_SEED", "").encode())
SEEDS = range(FIRST, FIRST + 20)
EACH = 5_000 if os.environ.get("NSLAB_THOROUGH") else 500

HANG = 120
"""Seconds for one frame, which takes a thousandth of one: only what hangs takes that long."""

WHOLE = (
    ether(0x0806, arp(1, "10.0.0.1", "10.0.0.2")),
    ether(0x0800, ipv4(1, echo())),
    ether(0x0800, ipv4(6, TCP + b"GET / HTTP/1.1\r\n")),
    ether(0x0800, ipv4(17, udp(9, 53, DNS))),
    ether(0x0800, ipv4(17, udp(53, 9, ANSWER))),
    ether(0x0026, b"\x42\x42\x03" + bytes(35)),
    ether(0x0800, ipv4(1, icmp(3, 1, ipv4(17, udp(1, 2, b"x"))))),
    ether(0x8100, b"\0\7\x08\0" + ipv4(1, echo())),
    ether(
        0x86DD,
        struct.pack(">IHBB", 6 << 28, 40, 0, 64)
        + bytes(32)
        + b"\x3a\0"
        + bytes(6)
        + b"\x87\0"
        + bytes(30),
    ),
    ether(0x0800, ipv4(47, b"\0\0\x08\0" + ipv4(1, echo()))),
)


def mutilated(seed: int, count: int = EACH) -> Iterator[Frame]:
    """Frames with bytes changed, cut out and put in."""
    draw = random.Random(seed)
    for number in range(1, count + 1):
        data = bytearray(draw.choice(WHOLE))
        for _ in range(draw.choice((0, 1, 2, 4, 16))):
            place = draw.randrange(len(data) + 1)
            match draw.randrange(3):
                case 0:
                    data[place : place + 1] = draw.randbytes(1)
                case 1:
                    del data[place : place + draw.randrange(8)]
                case 2:
                    data[place:place] = draw.randbytes(draw.randrange(8))
        if draw.random() < 0.2:
            del data[draw.randrange(len(data) + 1) :]
        yield frame(bytes(data), number, ethernet=draw.random() < 0.95)


class Hangs(Exception):
    """A frame took too long."""


@contextmanager
def watchdog(seconds: int = HANG) -> Iterator[Callable[[], object]]:
    """What it gives is called before each frame."""

    def bark(_number: int, _frame: FrameType | None) -> None:
        raise Hangs(f"a frame was not done after {seconds} seconds")

    before = signal.signal(signal.SIGALRM, bark)
    try:
        yield lambda: signal.alarm(seconds)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def for_each(seed: int, work: Callable[[Frame], object], seconds: int = HANG) -> int:
    """Do something to each frame of a seed; how many there were."""
    count = 0
    with watchdog(seconds) as next_one:
        for one in mutilated(seed):
            next_one()
            try:
                work(one)
            except Exception as error:
                kind = "" if one.ethernet else ", without Ethernet"
                raise AssertionError(
                    f"seed {seed}, frame {one.number}{kind}: {one.data.hex()}\n"
                    f"{type(error).__name__}: {error}"
                ) from error
            count += 1
    return count


def in_a_line(seed: int) -> int:
    names = Names()

    def work(one: Frame) -> None:
        line = summarise(one, names)
        assert line.what, line
        assert line.what.isprintable(), line
        identity.packet(one)

    return for_each(seed, work)


def opened(seed: int) -> int:
    """Taken apart by scapy: layers and fields cover all bytes without a gap."""

    def work(one: Frame) -> None:
        made = Opened(one)
        place = 0
        for layer in made.layers:
            assert layer.start == place, layer
            bit = place * 8
            for field in layer.fields:
                assert field.start == bit, field
                bit += field.size
            assert bit == layer.end * 8, layer
            place = layer.end
        assert place == len(one.data)
        assert f"frame {one.number} at ns1/eth0" in str(made)

    return for_each(seed, work)


@pytest.mark.parametrize("way", [in_a_line, opened])
def test_mutilated_frames(way: Callable[[int], int]) -> None:
    # In processes of their own, as many as there are processors; fresh ones, because those of a
    # program with threads must not be forked.
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as processes:
        assert sum(processes.map(way, SEEDS)) == len(SEEDS) * EACH


def test_the_frames_are_the_same_every_time_and_others_for_each_seed() -> None:
    some = list(mutilated(0, 200))
    assert some == list(mutilated(0, 200))
    assert some != list(mutilated(1, 200))
    assert len({one.data for one in some}) > 100


def test_what_fails_or_hangs_is_named() -> None:
    def fails(one: Frame) -> None:
        if one.number == 7:
            raise ValueError("this one")

    def hangs(one: Frame) -> None:
        while one.number == 7:
            pass

    (seventh,) = [one for one in mutilated(3, 7) if one.number == 7]
    for work, word in ((fails, "ValueError: this one"), (hangs, "not done after 1 seconds")):
        with pytest.raises(AssertionError, match=word) as caught:
            for_each(3, work, seconds=1)
        assert f"seed 3, frame 7: {seventh.data.hex()}" in str(caught.value)
