"""Frames → journeys: which are one packet, in which order, and what was rewritten."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from nslab.frames.identity import Packet, packet
from nslab.frames.summary import Names, summarise
from nslab.journey.topology import Topology
from nslab.journey.way import Change, Journey, Step
from nslab.model import Flow, Frame, Place, Snapshot, Tracked


def journeys(
    frames: Sequence[Frame],
    tracked: Sequence[Tracked] = (),
    snapshot: Snapshot | None = None,
    captured: Collection[Place] = (),
    macs: Mapping[str, str] | None = None,
) -> tuple[Journey, ...]:
    """The journeys of all packets in these frames, in the order in which they began.

    :param captured: where frames would have been seen
    :param macs: who has each MAC, for the titles
    """
    topology = Topology(snapshot)
    names = Names(macs)
    return tuple(
        _journey(sightings, topology, tracked, captured, names)
        for sightings in _packets(frames, tracked)
    )


# -- which frames are one packet -------------------------------------------------------------------


class _Sighting(NamedTuple):
    frame: Frame
    packet: Packet


class _Flows:
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


def _packets(frames: Sequence[Frame], tracked: Sequence[Tracked]) -> list[list[_Sighting]]:
    """The frames of each packet.

    The same packet passes a place in one direction once: when it does again, it is another that
    looks the same, such as a second ARP request.
    """
    flows = _Flows(tracked)
    newest: dict[tuple[Any, ...], tuple[list[_Sighting], set[tuple[Place, bool]]]] = {}
    found: list[list[_Sighting]] = []
    for frame in frames:
        seen = packet(frame)
        key = (*seen.same, flows.of(seen.flow) if seen.flow is not None else None)
        where = (frame.place, frame.kind == "outgoing")
        if key not in newest or where in newest[key][1]:
            newest[key] = ([], set())
            found.append(newest[key][0])
        newest[key][0].append(_Sighting(frame, seen))
        newest[key][1].add(where)
    return found


def _journey(
    sightings: Sequence[_Sighting],
    topology: Topology,
    tracked: Sequence[Tracked],
    captured: Collection[Place],
    names: Names,
) -> Journey:
    origins = topology.origins([one.frame for one in sightings])
    leaves = set(range(len(sightings))) - {origin for origin in origins if origin is not None}

    lengths: list[int] = []
    for origin in origins:
        lengths.append(1 if origin is None else lengths[origin] + 1)

    def worth(leaf: int) -> tuple[bool, bool, int]:
        one = sightings[leaf]
        return (
            topology.has(one.frame.place, one.packet.target), one.frame.kind == "host",
            lengths[leaf],
        )  # fmt: skip

    end = max(sorted(leaves), key=worth)
    on_way: list[int] = []
    place: int | None = end
    while place is not None:
        on_way.insert(0, place)
        place = origins[place]
    steps = [Step(sightings[on_way[0]].frame)]
    for before, after in pairwise(on_way):
        changes = _changes(sightings[before], sightings[after], tracked)
        steps.append(Step(sightings[after].frame, changes))
    line = summarise(steps[0].frame, names)
    last = sightings[end].frame
    arrived = last.kind in ("host", "broadcast", "multicast")
    if topology.known and sightings[end].packet.target:
        arrived = arrived and topology.has(last.place, sightings[end].packet.target)
    missed = topology.behind(last)
    if missed not in captured:
        missed = None
    copies = [one.frame for number, one in enumerate(sightings) if number not in on_way]
    title = f"{line.what}: {line.source} → {line.target}"
    return Journey(title, steps, copies, arrived and missed is None, missed)


# -- what was rewritten ----------------------------------------------------------------------------


def _changes(
    before: _Sighting, after: _Sighting, tracked: Sequence[Tracked]
) -> tuple[Change, ...]:
    old, new = before.packet, after.packet
    found: list[Change] = []
    why = _translation(old, new, tracked)
    for what, one, other in (
        ("source", _end(old, False), _end(new, False)), ("target", _end(old, True), _end(new, True))
    ):  # fmt: skip
        if one != other:
            found.append(Change(what, one, other, why.get(what, "")))
    if old.ttl != new.ttl:
        found.append(Change("TTL", str(old.ttl), str(new.ttl)))
    if old.tags != new.tags:
        found.append(Change("VLAN", str(list(old.tags)), str(list(new.tags))))
    if old.macs != new.macs and old.macs[0] and new.macs[0]:
        found.append(Change("MACs", " → ".join(old.macs), " → ".join(new.macs)))
    return tuple(found)


def _end(one: Packet, target: bool) -> str:
    """An address with its port, if the port can be translated too."""
    address = one.target if target else one.source
    flow = one.flow
    if flow is None or flow.protocol not in (6, 17):
        return address
    return f"{address}:{flow.target_port if target else flow.source_port}"


def _translation(old: Packet, new: Packet, tracked: Sequence[Tracked]) -> dict[str, str]:
    """By which entry each of the two ends is translated from one flow to the other."""
    for entry in tracked:
        by = f" by {'the host' if entry.ns == 'host' else entry.ns}"
        if old.flow == entry.original and new.flow == entry.reply.inverse:
            return {"source": f"SNAT{by}", "target": f"DNAT{by}"}
        if old.flow == entry.reply and new.flow == entry.original.inverse:
            return {"source": f"DNAT undone{by}", "target": f"SNAT undone{by}"}
    return {}
