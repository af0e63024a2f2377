"""Whether a frame is really delivered to who has the address, once a way of cables leads there.

Neighbours are asked for by ARP, which may be off or ignored; what is written down by hand
(permanent neighbours, static entries of a bridge) may be wrong; ports and queues have switches; and
each link takes frames of a certain size only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nslab.explain.trace import routing
from nslab.explain.trace.segment import Reached
from nslab.explain.trace.values import Spot, Stop
from nslab.network.model import FdbEntry, Link, Namespace, Neighbour, Port, PortVlan, Snapshot

PING = 84
"""Bytes of an IP packet that ``ping`` sends if nothing is said of a size."""

_ETHERNET = 14
_SLACK = 4
"""What a cable and a bridge let pass above the MTU: room for a VLAN tag (is_skb_forwardable())."""


class Frame(NamedTuple):
    """What is to be delivered: from whose link to which neighbour, and how many bytes of IP."""

    here: Namespace
    dev: Link
    next_hop: str
    length: int
    resolved: bool
    """The neighbour's MAC is known already, because it has just asked for ours."""


Held = tuple[int, Stop]
"""What stops it, and the number of spots before that."""


def permanent(here: Namespace, dev: Link, address: str) -> Neighbour | None:
    """The neighbour that somebody wrote down: nobody is asked for it."""
    for entry in here.neighbours:
        if (entry.address, entry.dev, entry.state) == (address, dev.name, "permanent"):
            return entry
    return None


def silent(here: Namespace, dev: Link, address: str) -> Stop | None:
    """Whether nobody is even asked for an address, because ARP is off for what sends."""
    if "NOARP" in dev.flags and dev.kind in ("veth", "bridge", "macvlan"):
        return Stop(kind="arp-off", namespace=here.label, link=dev.name, address=address)
    return None


def proxies(each: Reached, address: str) -> bool:
    """Whether a link answers ARP for an address that is behind another link of its namespace."""
    there, link = each.namespace, each.link
    if any((entry.address, entry.dev) == (address, link.name) for entry in there.proxied):
        return True
    if not routing.setting(there, link, "proxy_arp") or not routing.forwards(there, link.name):
        return False
    route = routing.lookup(there, address)
    return route is not None and route.kind == "unicast" and route.dev != link.name


def held(snapshot: Snapshot, frame: Frame, each: Reached) -> Held | None:
    """What keeps the frame from somebody whom the cables and bridges lead to."""
    return (
        _size(snapshot, frame, each.path)
        or _queue(snapshot, frame, each.path)
        or _bridges(snapshot, frame, each)
        or _asked(frame, each)
        or _same_mac(frame, each)
    )


def _stop(kind: str, spot: Spot, frame: Frame, other: str = "") -> Stop:
    return Stop(
        kind=kind, namespace=spot.namespace, link=spot.link, address=frame.next_hop, other=other
    )


def _link(snapshot: Snapshot, spot: Spot) -> Link:
    return snapshot.link(spot.link, spot.namespace)


def _size(snapshot: Snapshot, frame: Frame, path: Sequence[Spot]) -> Held | None:
    for number, spot in enumerate(path):
        link = _link(snapshot, spot)
        first = number == 0
        room = link.mtu if first else link.mtu + _SLACK
        counts = first or spot.role in ("out", "in")
        if counts and frame.length > room:
            return number, _stop("too-big", spot, frame, str(link.mtu))
    return None


def _queue(snapshot: Snapshot, frame: Frame, path: Sequence[Spot]) -> Held | None:
    for number, spot in enumerate(path):
        link = _link(snapshot, spot)
        if spot.role == "out" or number == 0:
            passes = link.queue_passes
            if passes is not None and frame.length + _ETHERNET > passes:
                return number, _stop("tc-drop", spot, frame, link.queue)
    return None


def _asked(frame: Frame, each: Reached) -> Held | None:
    """Whether who has the address says so when asked."""
    if frame.resolved:
        return None
    there, link, last = each.namespace, each.link, len(each.path) - 1
    spot = each.path[last]
    if "NOARP" in link.flags and link.kind != "ipvlan":
        return last, _stop("arp-off", spot, frame)
    mode = routing.setting(there, link, "arp_ignore")
    holder = routing.holder(there, frame.next_hop)
    elsewhere = holder is not None and holder.name != link.name
    if mode == 8 or (mode in (1, 2) and elsewhere):
        return last, _stop("arp-ignored", spot, frame, str(mode))
    return None


def _same_mac(frame: Frame, each: Reached) -> Held | None:
    """A bridge does not send a frame back to where it has learned that its MAC is."""
    crossed = any(spot.role == "bridge" for spot in each.path)
    same = bool(frame.dev.mac.strip("0:")) and frame.dev.mac == each.link.mac
    if crossed and same and "ipvlan" not in (frame.dev.kind, each.link.kind):
        return len(each.path) - 1, _stop("duplicate-mac", each.path[-1], frame, frame.dev.mac)
    return None


def _bridges(snapshot: Snapshot, frame: Frame, each: Reached) -> Held | None:
    path, tag = each.path, 0
    for number, spot in enumerate(path):
        if spot.role != "bridge":
            continue
        before = path[number - 1] if number and path[number - 1].role == "in" else None
        after = path[number + 1] if path[number + 1 : number + 2] else None
        after = after if after is not None and after.role == "out" else None
        crossing = _Crossing(snapshot, frame, each, spot, before, after)
        stop = crossing.fdb() or crossing.flags()
        if stop is None:
            stop, tag = crossing.vlan(tag)
        if stop is not None:
            return number, stop
    return None


class _Crossed(NamedTuple):
    """A port of a bridge that the frame passes."""

    spot: Spot
    link: Link
    port: Port


class _Crossing:
    """One bridge on the way, with the ports that the frame comes in and goes out by, if any."""

    def __init__(
        self,
        snapshot: Snapshot,
        frame: Frame,
        each: Reached,
        bridge: Spot,
        before: Spot | None,
        after: Spot | None,
    ) -> None:
        self.frame, self.each = frame, each
        self.here = snapshot.namespace(bridge.namespace)
        self.bridge = _link(snapshot, bridge)
        self.came, self.goes = _crossed(snapshot, before), _crossed(snapshot, after)

    def _entries(self, mac: str) -> list[FdbEntry]:
        return [
            entry
            for entry in self.here.fdb
            if entry.mac == mac and entry.master == self.bridge.name and not entry.remote
        ]

    def _knows(self, mac: str, port: _Crossed) -> bool:
        return any(entry.dev == port.link.name for entry in self._entries(mac))

    def _stop(self, kind: str, at: _Crossed, other: str) -> Stop:
        return _stop(kind, at.spot, self.frame, other)

    def fdb(self) -> Stop | None:
        """An entry that somebody made, and that says otherwise."""
        right = self.goes.link.name if self.goes else self.bridge.name
        for entry in self._entries(self.each.link.mac):
            swallowed = entry.state == "permanent" and self.goes is not None
            elsewhere = entry.state == "static" and entry.sticky and entry.dev != right
            if swallowed or elsewhere:
                spot = Spot(namespace=self.here.label, link=entry.dev, role="bridge")
                return _stop("wrong-fdb", spot, self.frame, entry.mac)
        return None

    def flags(self) -> Stop | None:
        """Switches of the two ports."""
        came, goes = self.came, self.goes
        if came is not None and came.port.locked and not self._knows(self.frame.dev.mac, came):
            return self._stop("port-flags", came, "locked")
        if goes is None:
            return None
        if came is not None and came.port.isolated and goes.port.isolated:
            return self._stop("isolated-port", goes, came.link.name)
        if not self.frame.resolved and not goes.port.broadcast_flood:
            return self._stop("port-flags", goes, "bcast_flood")
        lets_in = goes.port.flood or goes.port.learning
        if not lets_in and not self._knows(self.each.link.mac, goes):
            return self._stop("port-flags", goes, "flood")
        return None

    def vlan(self, tag: int) -> tuple[Stop | None, int]:
        """The VLAN that the frame belongs to; and its tag, once it has left."""
        if not self._filters():
            return None, tag
        vlan = tag
        if self.came is not None:
            vlan = tag or _pvid(self.came.port)
            if not _carried(self.came.port, vlan):
                return self._stop("vlan-missing", self.came, str(vlan)), tag
        if self.goes is None or not vlan:
            return None, 0
        out = _carried(self.goes.port, vlan)
        if out is None:
            return self._stop("vlan-missing", self.goes, str(vlan)), tag
        return self._tagged(0 if out.untagged else vlan)

    def _filters(self) -> bool:
        """Whether VLANs are filtered, and somebody has looked which."""
        ports = [each for each in (self.came, self.goes) if each is not None]
        filters = self.bridge.bridge is not None and self.bridge.bridge.vlan_filtering
        return filters and all(each.port.vlans is not None for each in ports)

    def _tagged(self, tag: int) -> tuple[Stop | None, int]:
        """What leaves with a tag, towards who may know none."""
        assert self.goes is not None
        last = [spot for spot in self.each.path if spot.role == "out"][-1] == self.goes.spot
        if tag and last and self.each.link.kind != "vlan":
            return self._stop("vlan-tagged", self.goes, str(tag)), tag
        return None, tag


def _crossed(snapshot: Snapshot, spot: Spot | None) -> _Crossed | None:
    link = _link(snapshot, spot) if spot is not None else None
    if spot is None or link is None or link.port is None:
        return None
    return _Crossed(spot, link, link.port)


def _pvid(port: Port) -> int:
    return next((each.vlan for each in port.vlans or () if each.pvid), 0)


def _carried(port: Port, vlan: int) -> PortVlan | None:
    return next((each for each in port.vlans or () if each.vlan == vlan), None)
