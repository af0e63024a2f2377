"""An engine that is made up: what it answers to questions for frames is given beforehand."""

from __future__ import annotations

from blocks import Packet, arp, block, ether

from nslab.engine.fake import FakeEngine
from nslab.engine.protocol import Batch, Opened, Recording, Tap
from nslab.network.model import Place

TAPS = (
    Tap(place=Place(ns="host", link="br0"), depth=1, mac="02:00:00:00:00:0a"),
    Tap(place=Place(ns="host", link="p1"), mac="02:00:00:00:00:0a"),
)


class Replies(FakeEngine):
    """Answers each question for frames with the next of some batches, or raises it."""

    def __init__(self, *replies: Batch | Exception) -> None:
        super().__init__()
        self.replies = list(replies)
        self.asked: list[tuple[int, int, bool]] = []

    def record(self, recording: Recording) -> Opened:
        self.recording = recording
        return Opened(number=5, taps=TAPS, began=1000)

    def fetch(self, number: int, after: int = 0, wait: float = 0.0, stop: bool = False) -> Batch:
        self.asked.append((number, after, stop))
        reply = self.replies.pop(0) if self.replies else Batch(upto=after, running=not stop)
        if isinstance(reply, Exception):
            raise reply
        return reply


def piece(number: int, *, upto: int = 0, **fields: object) -> Batch:
    data = ether(0x0806, arp(1, "10.0.0.1", f"10.0.0.{number}"))
    blocks = ((1, block(Packet(1000 + number, data))),)
    return Batch(blocks=blocks, upto=upto or number, **fields)  # type: ignore[arg-type]
