"""From frames to journeys: pure functions over frames, connection trackings and a snapshot.

One packet may be seen many times at once: a bridge floods what is for everyone, or for nobody it
knows.  Where it came from follows from the cables and bridges of the snapshot.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from nslab.frames.identity import TCP, UDP
from nslab.frames.journey.narrative import Draw, Journey, Journeys
from nslab.frames.journey.packets import Sighting, packets
from nslab.frames.journey.topology import Topology
from nslab.frames.journey.translations import changes, remembered
from nslab.frames.journey.values import JourneyStep
from nslab.frames.summary import Names, summarise
from nslab.network.model import Frame, Place, Snapshot, Tracked

_DNS = 53


def journeys(
    frames: Sequence[Frame],
    tracked: Sequence[Tracked] = (),
    snapshot: Snapshot | None = None,
    captured: Collection[Place] = (),
    macs: Mapping[str, str] | None = None,
    *,
    draw: Draw | None = None,
) -> Journeys:
    """The journeys of all packets in these frames, in the order in which they began.

    :param frames: the captured frames
    :param tracked: the connections that the kernel tracked
    :param snapshot: the lab as it was, for its cables and bridges; None: not known
    :param captured: the places of the capture
    :param macs: the owner of each MAC, for the titles
    :param draw: makes the picture on which a journey is drawn
    """
    found = packets(frames, tracked)
    names = _names(found, macs)
    follower = _Follower(Topology(snapshot), tracked, names, captured)
    return Journeys(follower.journey(sightings, snapshot, draw) for sightings in found)


def _names(found: Sequence[Sequence[Sighting]], macs: Mapping[str, str] | None) -> Names:
    """Names for ports, given out in the order in which the table of the frames does it."""
    names = Names(macs)
    every = sorted((one for sightings in found for one in sightings), key=lambda s: s.frame.number)
    for one in every:
        flow = one.packet.flow
        if flow is not None and flow.protocol in (TCP, UDP):
            ports = flow.source_port, flow.target_port
            for port in ports if _DNS not in ports else ():
                names.port(port)
    return names


class _Follower:
    def __init__(
        self,
        topology: Topology,
        tracked: Sequence[Tracked],
        names: Names,
        captured: Collection[Place],
    ) -> None:
        self._topology = topology
        self._tracked = tracked
        self._names = names
        self._captured = frozenset(captured)

    def journey(
        self, sightings: Sequence[Sighting], snapshot: Snapshot | None, draw: Draw | None
    ) -> Journey:
        topology, tracked, names = self._topology, self._tracked, self._names
        origins = topology.origins([one.frame for one in sightings])
        way, *branches = _ways(origins, self._end(sightings, origins))
        steps = [
            JourneyStep(sightings[way[0]].frame, (), topology.how(None, sightings[way[0]].frame))
        ]
        for before, after in pairwise(way):
            steps.append(
                JourneyStep(
                    sightings[after].frame,
                    changes(sightings[before].packet, sightings[after].packet, tracked, names),
                    topology.how(sightings[before].frame, sightings[after].frame),
                )
            )
        line = summarise(steps[0].frame, names)
        last = sightings[way[-1]]
        arrived = last.frame.kind in ("host", "broadcast", "multicast")
        if topology.known and last.packet.target:
            # All of 127.0.0.0/8 is at home in lo.
            here = last.frame.place.link == "lo"
            arrived = arrived and (here or topology.has(last.frame.place, last.packet.target))
        missed = topology.behind(last.frame)
        missed = missed if missed in self._captured else None
        flows = {one.packet.flow: None for one in sightings if one.packet.flow is not None}
        return Journey(
            f"{line.what}: {line.source} → {line.target}",
            steps,
            [tuple(sightings[place].frame for place in branch) for branch in branches],
            arrived=arrived and missed is None,
            missed=missed,
            dropped=missed is None and topology.ended(last.frame),
            quiet=not flows or line.what.startswith("ICMPv6: "),
            remembered=remembered(list(flows), tracked, names),
            snapshot=snapshot,
            draw=draw,
        )

    def _end(self, sightings: Sequence[Sighting], origins: Sequence[int | None]) -> int:
        """The sighting that tells best where the packet went."""
        leaves = set(range(len(sightings))) - {origin for origin in origins if origin is not None}
        lengths: list[int] = []
        for origin in origins:
            lengths.append(1 if origin is None else lengths[origin] + 1)

        # Where only a part of the links was captured, a copy may be seen more often than the packet
        # itself.  But a copy is nobody's: others' frames are its end, and nobody forwards it.
        def worth(leaf: int) -> tuple[bool, bool, int, bool, int]:
            one = sightings[leaf]
            return (
                self._topology.has(one.frame.place, one.packet.target),
                one.frame.kind == "host",
                -one.packet.ttl,
                one.frame.kind != "otherhost",
                lengths[leaf],
            )

        return max(sorted(leaves), key=worth)


def _ways(origins: Sequence[int | None], end: int) -> list[list[int]]:
    """The way to the end, and the branches: each from what is on a way before it to a leaf."""
    leaves = set(range(len(origins))) - {origin for origin in origins if origin is not None}
    found: list[list[int]] = []
    seen: set[int] = set()
    for leaf in (end, *sorted(leaves - {end})):
        way: list[int] = []
        place: int | None = leaf
        while place is not None and place not in seen:
            way.insert(0, place)
            seen.add(place)
            place = origins[place]
        found.append(way if place is None else [place, *way])
    return found


__all__ = ["journeys"]
