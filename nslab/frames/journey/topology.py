"""Cables and bridges of a snapshot: from where a frame can have come, and where it would go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nslab.frames.journey import values
from nslab.network.model import Frame, Link, Place, Snapshot
from nslab.network.names import OUTSIDE

STACKED = {"macvlan": "macvlan", "ipvlan": "ipvlan", "vlan": "VLAN"}
"""What stands on another link: a packet goes through both, up or down."""


class Topology:
    """What a snapshot says about places; without one nothing is known."""

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

    def has(self, place: Place, address: str) -> bool:
        """Whether the namespace of a link has an address: then it is at its end there."""
        return (place.ns, address) in self._addresses

    def behind(self, frame: Frame) -> Place | None:
        """Where a frame would be seen next: at the other end of a cable, or at the bridge.

        At the bridge only if it is for the bridge, or for everyone; else it goes to another port.
        """
        if frame.kind == "outgoing":
            return self._peers.get(frame.place)
        link = self._links.get(frame.place)
        if link is None or not link.master:
            return None
        bridge = Place(ns=frame.place.ns, link=link.master)
        macs = [one.mac for one in (self._links.get(bridge),) if one is not None]
        own = frame.kind in ("broadcast", "multicast") or frame.data[:6].hex(":") in macs
        return bridge if own else None

    def how(self, before: Frame | None, frame: Frame) -> str:
        """In words, how a packet came to a place."""
        who = values.who(frame.place.ns)
        out = frame.kind == "outgoing"
        if before is None:
            return f"sent by {who}" if out else "first seen"
        link, earlier = self._links.get(frame.place), self._links.get(before.place)
        if link is None or earlier is None:
            return ""
        if frame.place == before.place:
            return "back in" if frame.place.link == "lo" else ""
        if upper := self._stacked(before.place, frame.place):
            return f"by the {STACKED[upper.kind]} {upper.name}"
        if frame.place.ns != before.place.ns:
            if _is_tunnel(earlier) and _is_tunnel(link):
                return "through the tunnel"
            cable = self._peers.get(frame.place) == before.place and link.kind == "veth"
            return "over the cable" if cable and not out else "not captured in between"
        if not out:
            return f"taken in by {who}" if link.bridge is not None else ""
        if link.master and link.master in (earlier.master, earlier.name):
            return f"by {OUTSIDE.get(frame.place.ns) or f'the bridge {link.master}'}"
        return f"forwarded by {who}" if before.kind != "outgoing" else ""

    def _stacked(self, one: Place, other: Place) -> Link | None:
        """Of two links, the one that stands on the other, if one does."""
        for upper, lower in ((one, other), (other, one)):
            if self._peers.get(upper) == lower and self._links[upper].kind in STACKED:
                return self._links[upper]
        return None

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
        # Something between was not captured.  Rather what was sent this way than what went
        # elsewhere; what was meant for others went no further.
        earlier = [n for n in range(number - 1, -1, -1) if not self.ended(frames[n])]
        towards = [n for n in earlier if self._heads_for(frames[n], frame.place.ns)]
        return next(iter((*towards, *earlier)), number - 1 if number else None)

    def _heads_for(self, frame: Frame, ns: str) -> bool:
        """Whether a frame left by a cable whose other end is in a namespace."""
        peer = self._peers.get(frame.place)
        return frame.kind == "outgoing" and peer is not None and peer.ns == ns

    def ended(self, frame: Frame) -> bool:
        """Whether a frame came to a link that it is not for, and that is no port of a bridge."""
        link = self._links.get(frame.place)
        return frame.kind == "otherhost" and link is not None and not link.master

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


def _is_tunnel(link: Link) -> bool:
    """Whether its frames travel within others."""
    return bool(link.tunnel or link.ends)


__all__ = ["Topology"]
