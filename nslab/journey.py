"""Journeys: the way of one packet through links and namespaces, and what was rewritten on it.

Pure functions over frames, the kernel's connection tracking and a snapshot.  Frames belong to one
packet if what forwarding and translation leave alone is equal (:mod:`nslab.frames.identity`) and
their flows are the same, or are named by one entry of a connection tracking as translations of
each other.  One packet may be seen many times at once: a bridge floods what is for everyone, or
for nobody it knows.  Where it came from is told by the cables and bridges of the snapshot.
"""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from nslab.frames.identity import Packet, packet
from nslab.frames.summary import Names, summarise
from nslab.model import Flow, Frame, Link, Place, Snapshot, Tracked


class Change(NamedTuple):
    """What is different from the step before: source, target, TTL, VLAN or MACs.

    ``why`` is the translation, if connection tracking names it, with the namespace that did it.
    """

    what: str
    before: str
    after: str
    why: str = ""

    def __str__(self) -> str:
        if self.what == "MACs":
            return "new MACs"  # they differ from run to run
        why = f" ({self.why})" if self.why else ""
        return f"{self.what} {self.before} → {self.after}{why}"


class Step(NamedTuple):
    """The packet at one place."""

    frame: Frame
    changes: tuple[Change, ...] = ()

    def __str__(self) -> str:
        way = "out of" if self.frame.kind == "outgoing" else "into"
        return f"{way} {self.frame.place}"


class Journey:
    """One packet: ``steps`` are its way in order, ``copies`` where else it was seen.

    ``arrived`` says whether it ended at a link that it was meant for.
    """

    def __init__(
        self,
        title: str,
        steps: Sequence[Step],
        copies: Sequence[Frame],
        arrived: bool,
        missed: Place | None = None,
    ) -> None:
        self._missed = missed  # where it would have been seen next
        self.title = title
        self.steps = tuple(steps)
        self.copies = tuple(copies)
        self.arrived = arrived

    @property
    def places(self) -> tuple[Place, ...]:
        """The links on its way, in order."""
        return tuple(step.frame.place for step in self.steps)

    @property
    def changes(self) -> tuple[tuple[Place, Change], ...]:
        """What was rewritten on the way, and where."""
        return tuple((s.frame.place, change) for s in self.steps for change in s.changes)

    @property
    def end(self) -> str:
        """How it ended, as far as it was captured."""
        place = self.steps[-1].frame.place
        if self.arrived:
            return f"arrived at {place}"
        if self._missed is not None:
            way = "left" if self.steps[-1].frame.kind == "outgoing" else "came into"
            return f"{way} {place}, and never into {self._missed}"
        if self.steps[-1].frame.kind == "outgoing":
            return f"left {place}, behind which nothing was captured"
        return f"last seen going into {place}"

    def __str__(self) -> str:
        width = max(len(str(step)) for step in self.steps)
        lines = [self.title]
        for number, step in enumerate(self.steps, 1):
            changes = ", ".join(str(change) for change in step.changes)
            lines.append(f"{number:>3}  {step!s:<{width}}  {changes}".rstrip())
        lines.append(f"     {self.end}")
        if self.copies:
            places = dict.fromkeys(str(frame.place) for frame in self.copies)
            lines.append(f"     copies at {', '.join(places)}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        rows = "".join(
            f"<tr style='background:none'><td style='text-align:right;opacity:.65'>{number}</td>"
            f"<td style='text-align:left'>{html.escape(str(step))}</td>"
            f"<td style='text-align:left'>"
            + "<br>".join(f"<b>{html.escape(str(change))}</b>" for change in step.changes)
            + "</td></tr>"
            for number, step in enumerate(self.steps, 1)
        )
        text = str(self)
        below = text.split("\n")[len(self.steps) + 1 :]
        page = (
            f"<p>{html.escape(self.title)}</p><table style='color:inherit'>{rows}</table>"
            + "".join(f"<p>{html.escape(line.strip())}</p>" for line in below)
        )
        return {"text/plain": text, "text/html": page}


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
    topology = _Topology(snapshot)
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


# -- in which order --------------------------------------------------------------------------------


class _Topology:
    """Cables and bridges: from where a frame can have come to a place."""

    def __init__(self, snapshot: Snapshot | None) -> None:
        self._links: dict[Place, Link] = {}
        self._peers: dict[Place, Place] = {}
        self._addresses: set[tuple[str, str]] = set()
        ends: dict[tuple[int, int], Place] = {}
        for namespace in snapshot or ():
            for link in namespace.links:
                here = Place(ns=namespace.label, link=link.name)
                self._links[here] = link
                ends[namespace.inode, link.index] = here
                for address in link.addresses:
                    self._addresses.add((here.ns, address.address.partition("/")[0]))
        for here, link in self._links.items():
            if link.peer is not None and (link.peer.namespace, link.peer.index) in ends:
                self._peers[here] = ends[link.peer.namespace, link.peer.index]

    @property
    def known(self) -> bool:
        """Whether there was a snapshot."""
        return bool(self._links)

    def behind(self, frame: Frame) -> Place | None:
        """Where a frame would be seen next: at the other end of a cable, or at the bridge."""
        if frame.kind == "outgoing":
            return self._peers.get(frame.place)
        link = self._links.get(frame.place)
        return Place(ns=frame.place.ns, link=link.master) if link and link.master else None

    def has(self, place: Place, address: str) -> bool:
        """Whether the namespace of a link has an address: then it is at its end there."""
        return (place.ns, address) in self._addresses

    def origins(self, frames: Sequence[Frame]) -> list[int | None]:
        """Of each frame of one packet, which of those before it came from."""
        found: list[int | None] = []
        inside: dict[str, list[int]] = {}  # the frames before, by namespace
        there: dict[tuple[Place, bool], int] = {}  # the newest, by place and direction
        for number, frame in enumerate(frames):
            here = inside.setdefault(frame.place.ns, [])
            found.append(self._origin(frames, number, here, there))
            here.append(number)
            there[frame.place, frame.kind == "outgoing"] = number
        return found

    def _origin(
        self,
        frames: Sequence[Frame],
        number: int,
        here: Sequence[int],
        there: Mapping[tuple[Place, bool], int],
    ) -> int | None:
        frame = frames[number]
        for before in reversed(here):
            if self._leads(frames[before], frame):
                return before
        peer = self._peers.get(frame.place)
        if frame.kind != "outgoing" and peer is not None:
            # The other end of a cable; of a macvlan, the device below it, which it came into.
            for outgoing in (True, False):
                if (peer, outgoing) in there:
                    return there[peer, outgoing]
        if frame.kind == "outgoing":
            # The links between were not captured: what came into the namespace last.
            for before in reversed(here):
                if frames[before].kind != "outgoing":
                    return before
        return number - 1 if number else None

    def _leads(self, earlier: Frame, frame: Frame) -> bool:
        """Whether a frame can have come from another of its namespace, over no other link."""
        link, before = self._links.get(frame.place), self._links.get(earlier.place)
        if link is None or before is None:
            return False
        came_in = earlier.kind != "outgoing"
        if frame.kind != "outgoing":
            return came_in and link.bridge is not None and before.master == link.name
        if link.master and came_in:
            return before.master == link.master and earlier.place != frame.place
        if link.master:
            return before.name == link.master
        return came_in and not before.master and earlier.place != frame.place


def _journey(
    sightings: Sequence[_Sighting],
    topology: _Topology,
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


__all__ = ["Change", "Journey", "Step", "journeys"]
