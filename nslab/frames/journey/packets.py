"""Which frames are one packet.

Frames belong to one packet if what forwarding and translation leave alone is equal
(:mod:`nslab.frames.identity`) and their flows are the same, or are named by one entry of a
connection tracking as translations of each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from nslab.frames.identity import Packet, packet
from nslab.network.model import Flow, Frame, Place, Tracked


class Sighting(NamedTuple):
    """A frame with what it says about its packet."""

    frame: Frame
    packet: Packet


class Flows:
    """Which flows are translations of each other: each has one that stands for all."""

    def __init__(self, tracked: Sequence[Tracked]) -> None:
        self._above: dict[Flow, Flow] = {}
        for entry in tracked:
            self._join(entry.original, entry.reply.inverse)
            self._join(entry.reply, entry.original.inverse)

    def _join(self, one: Flow, other: Flow) -> None:
        one, other = self.of(one), self.of(other)
        if one != other:
            self._above[other] = one

    def of(self, flow: Flow) -> Flow:
        """The flow that stands for all translations of a flow."""
        while flow in self._above:
            flow = self._above[flow]
        return flow


def packets(frames: Sequence[Frame], tracked: Sequence[Tracked]) -> list[list[Sighting]]:
    """The frames of each packet.

    The same packet passes a place in one direction once: when it does again, it is another that
    looks the same, such as a second ARP request.
    """
    flows = Flows(tracked)
    newest: dict[tuple[Any, ...], tuple[list[Sighting], set[tuple[Place, bool]]]] = {}
    found: list[list[Sighting]] = []
    for frame in frames:
        seen = packet(frame)
        key = (*seen.same, flows.of(seen.flow) if seen.flow is not None else None)
        where = (frame.place, frame.kind == "outgoing")
        if key not in newest or where in newest[key][1]:
            newest[key] = ([], set())
            found.append(newest[key][0])
        newest[key][0].append(Sighting(frame, seen))
        newest[key][1].add(where)
    return found


__all__ = ["Flows", "Sighting", "packets"]
