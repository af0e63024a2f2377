"""Who hears a frame that a link sends: cables, bridges and their ports, macvlans, ipvlans.

A search for the cheapest way over the links, where a way past something that holds the frame up
has a price.  What is reached free of charge hears the frame; of the rest, the cheapest way says
what would have to be mended first.  All that holds a frame up (a link or a bridge that is down,
a port that does not forward) holds up the answer as well, so one direction is enough.

A link for a VLAN sends with a tag, which goes over cables to the links for VLANs at the other end.

An ipvlan in mode l3 sends no frames of its own: it reaches the others on its parent, and what it
sends to anybody else its parent's namespace routes, which is no matter of a segment.  It hears what
its parent hears, but nobody can ask it for its MAC.

Left out: MACs (each frame is taken as for everybody), and tags that cross a bridge.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import NamedTuple

from nslab.explain.trace.routing import holder, interfaces, is_loopback
from nslab.explain.trace.values import Role, Spot, Stop
from nslab.network.model import Link, Namespace, Snapshot

NEAR = 8
"""Below this price no link has to be put anywhere else: what is there is only to be set up."""

_DOWN, _PORT, _LOOP, _ATTACH, _REATTACH, _ADDRESSED, _PARENT = 1, 1, 3, NEAR, 10, 16, 64
_QUIET = 4
"""Prices.  A guess about which link should be in which bridge is dearer than any number of links
that are to be set up; and who has an address is rather a host's NIC than a port."""


class Node(NamedTuple):
    """A link in one of its roles; for a bridge also the port that the frame came in by.

    ``vlan`` is the tag of a frame on a cable between links for VLANs.
    """

    namespace: Namespace
    link: Link
    role: Role
    port: str = ""
    vlan: int = 0

    @property
    def key(self) -> tuple[int, str, Role, str, int]:
        return (self.namespace.inode, self.link.name, self.role, self.port, self.vlan)

    @property
    def spot(self) -> Spot:
        return Spot(namespace=self.namespace.label, link=self.link.name, role=self.role)


class Reached(NamedTuple):
    """A link whose IP hears the frame, or would: ``stops`` are in its way, in order."""

    namespace: Namespace
    link: Link
    cost: int
    path: tuple[Spot, ...]
    stops: tuple[tuple[int, Stop], ...]
    """Each with the number of spots that come before it."""


_Step = tuple[int, Stop | None, Node]


def reach(snapshot: Snapshot, namespace: Namespace, link: Link) -> list[Reached]:
    """Every link whose IP hears what ``link`` sends, then what it would take to reach others."""
    return _Search(snapshot).run(namespace, link)


def blind(snapshot: Snapshot, namespace: Namespace, link: Link) -> Spot | None:
    """A link that hears the frame and passes it on to where the snapshot does not look."""
    search = _Search(snapshot)
    search.run(namespace, link)
    return next(iter(search.blind), None)


class _Search:
    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.upper: dict[tuple[int, int], list[tuple[Namespace, Link]]] = {}
        """The macvlans and ipvlans on a device, of all modes, by its namespace and index."""
        self.tagged: dict[tuple[int, int], list[tuple[Namespace, Link]]] = {}
        """The same of links for VLANs."""
        for namespace in snapshot:
            for link in namespace.links:
                if link.peer is None:
                    continue
                place = (link.peer.namespace, link.peer.index)
                if _shares(link) or routed(link):
                    self.upper.setdefault(place, []).append((namespace, link))
                elif link.kind == "vlan":
                    self.tagged.setdefault(place, []).append((namespace, link))
        self.blind: list[Spot] = []
        self.tunnels = [
            (namespace, link)
            for namespace in snapshot
            for link in namespace.links
            if link.tunnel is not None
        ]

    def run(self, namespace: Namespace, link: Link) -> list[Reached]:
        start = list(self._sent(namespace, link))
        queue: list[tuple[int, int, int, Node, tuple[Spot, ...], tuple[tuple[int, Stop], ...]]]
        queue, count, done, found = [], 0, set(), []
        todo: list[tuple[int, tuple[Spot, ...], tuple[tuple[int, Stop], ...], list[_Step]]]
        todo = [(0, (), (), start)]
        while todo or queue:
            while todo:
                cost, path, stops, steps = todo.pop()
                for price, stop, node in steps:
                    passed = (*stops, (len(path), stop)) if stop else stops
                    longer = (*path, node.spot)
                    count += 1
                    entry = (cost + price, len(longer), count, node, longer, passed)
                    heapq.heappush(queue, entry)
            if not queue:
                break
            cost, _, _, node, path, stops = heapq.heappop(queue)
            if node.key in done:
                continue
            done.add(node.key)
            if node.role == "stack":
                if node.namespace.inode != namespace.inode:
                    found.append(Reached(node.namespace, node.link, cost, path, stops))
                continue
            lone = self._far(node.link) is None and node.link.tunnel is None
            if cost == 0 and node.role == "out" and lone:
                self.blind.append(node.spot)
            todo.append((cost, path, stops, list(self._after(node))))
        return found

    def _far(self, link: Link) -> tuple[Namespace, Link] | None:
        return self.snapshot.peer(link) if link.kind == "veth" else None

    def _tunnelled(self, here: Namespace, link: Link) -> Iterator[_Step]:
        """The far ends of a vxlan, which take what has their number and port."""
        if link.tunnel is None:
            return
        if all(there.inode == here.inode for there, _ in self.tunnels):
            ends = list(self._endless(here, link))
            if not ends:
                self.blind.append(Node(here, link, "out").spot)
            yield from ends
        for there, far in self.tunnels:
            if there.inode == here.inode or far.tunnel is None:
                continue
            wanted = remotes(here, link)
            found = any(holder(there, address) is not None for address in wanted)
            price, stop, node = self._enter(there, far, "in")
            if (found, far.tunnel.number, far.tunnel.port) == (
                True,
                link.tunnel.number,
                link.tunnel.port,
            ):
                yield price, stop, node
                continue
            wrong = Stop(
                kind="tunnel-mismatch",
                namespace=here.label,
                link=link.name,
                other=f"{there.label}/{far.name}",
            )
            yield _ATTACH + price + (not found), wrong, node

    def _endless(self, here: Namespace, link: Link) -> Iterator[_Step]:
        """The bridges of who has the far end's address, and no tunnel: there its end should be."""
        for there in self.snapshot:
            if any(holder(there, address) is not None for address in remotes(here, link)):
                stop = Stop(
                    kind="tunnel-mismatch",
                    namespace=here.label,
                    link=link.name,
                    other=f"{there.label}/",
                )
                for bridge in there.links:
                    if bridge.kind == "bridge":
                        yield _ATTACH, stop, Node(there, bridge, "bridge")

    def _enter(self, namespace: Namespace, link: Link, role: Role) -> _Step:
        """Into a link that has to be up."""
        node = Node(namespace, link, role)
        if link.up:
            return 0, None, node
        return _DOWN, _down(namespace, link), node

    def _after(self, node: Node) -> Iterator[_Step]:
        namespace, link, role, came, vlan = node
        if role == "out":
            far = self._far(link)
            if far is not None:
                price, stop, there = self._enter(*far, "in")
                yield price, stop, there._replace(vlan=vlan)
            yield from self._tunnelled(namespace, link)
        elif role == "in" and vlan:
            yield from self._untagged(namespace, link, vlan)
        elif role == "in":
            yield from self._received(namespace, link)
        else:
            for other in namespace.links:
                if other.name == came:
                    continue  # never back to where it came from (hairpin is off)
                if other.master == link.name:
                    price, stop, _ = self._port(namespace, other, link)
                    down, because, out = self._enter(namespace, other, "out")
                    yield price + down, because or stop, out
                elif _may_be_port(other):
                    price, stop, _ = self._attach(namespace, other, link)
                    yield price, stop, Node(namespace, other, "out")
            yield from self._up(namespace, link)

    def _sent(self, namespace: Namespace, link: Link) -> Iterator[_Step]:
        """What IP sends by a link."""
        if link.kind == "bridge":
            yield self._enter(namespace, link, "bridge")
        elif _shares(link):
            lower = self.snapshot.peer(link)
            if lower is None:
                self.blind.append(Node(namespace, link, "out").spot)
                return
            yield from self._sent(*lower)
            for where, other in self._sharers(*lower):
                itself = (where.inode, other.name) == (namespace.inode, link.name)
                if not itself and _talks(link) and _talks(other):
                    yield self._beside(lower, where, other)
                elif not itself:
                    quiet = (namespace, link) if not _talks(link) else (where, other)
                    yield _QUIET, _quiet(*quiet), Node(where, other, "stack")
            yield _PARENT, _parent(namespace, link, lower[1]), Node(*lower, "stack")
        elif link.kind == "vlan":
            yield from self._tagging(namespace, link)
        elif routed(link):
            yield from self._without_arp(namespace, link)
            return
        elif not is_loopback(link):
            yield self._enter(namespace, link, "out")
        for where, other in self._sharers(namespace, link):
            yield _PARENT, _parent(where, other, link), Node(where, other, "stack")

    def _tagging(self, namespace: Namespace, link: Link) -> Iterator[_Step]:
        """What a link for a VLAN sends: by the cable of what it stands on."""
        below = self.snapshot.peer(link)
        if below is None or below[1].kind != "veth" or below[1].master:
            self.blind.append(Node(namespace, link, "out").spot)
            return
        price, stop, node = self._enter(*below, "out")
        yield price, stop, node._replace(vlan=link.vlan)

    def _without_arp(self, namespace: Namespace, link: Link) -> Iterator[_Step]:
        """What an ipvlan in mode l3 sends: its parent knows the others by their addresses."""
        lower = self.snapshot.peer(link)
        if lower is None:
            self.blind.append(Node(namespace, link, "out").spot)
            return
        for where, other in self._sharers(*lower):
            if where.inode != namespace.inode:
                yield self._beside(lower, where, other)

    def _beside(self, lower: tuple[Namespace, Link], namespace: Namespace, link: Link) -> _Step:
        """To another on the same parent, without which none of them has a carrier."""
        price, stop, node = self._enter(namespace, link, "stack")
        far = self._far(lower[1])
        for where, held in (lower, far) if far else (lower,):
            if not held.up:
                return _DOWN + price, _down(where, held), node
        return price, stop, node

    def _received(self, namespace: Namespace, link: Link) -> Iterator[_Step]:
        """What a link takes from its cable goes to the bridge that it is a port of, or up."""
        if link.master:
            master = namespace.link(link.master)
            if master.kind == "bridge":
                yield self._port(namespace, link, master)
        else:
            yield from self._up(namespace, link)
        for other in namespace.links:
            if other.kind == "bridge" and other.name != link.master and _may_be_port(link):
                yield self._attach(namespace, link, other)

    def _untagged(self, namespace: Namespace, link: Link, vlan: int) -> Iterator[_Step]:
        """What came in with a tag goes to the link for that VLAN, if there is one."""
        if link.master:
            self.blind.append(Node(namespace, link, "in").spot)
            return
        for where, other in self.tagged.get((namespace.inode, link.index), []):
            price, stop, node = self._enter(where, other, "stack")
            if other.vlan != vlan:
                price, stop = _ATTACH + price, _other_vlan(where, other, vlan)
            yield price, stop, node

    def _up(self, namespace: Namespace, link: Link) -> Iterator[_Step]:
        alone = [o for _, o in self._sharers(namespace, link) if o.mode == "passthru"]
        if not alone:  # else it gets all, and the link itself nothing
            yield 0, None, Node(namespace, link, "stack")
        for where, other in self._sharers(namespace, link):
            price, stop, node = self._enter(where, other, "stack")
            mute = _mute(where, other) if routed(other) else None
            yield price + (_QUIET if mute else 0), mute or stop, node

    def _sharers(self, namespace: Namespace, link: Link) -> list[tuple[Namespace, Link]]:
        return self.upper.get((namespace.inode, link.index), [])

    def _port(self, namespace: Namespace, port: Link, bridge: Link) -> _Step:
        """Between a port and its bridge.

        A port is disabled as long as it or its bridge is down; that is said of the link itself.
        """
        price, stop, node = self._enter(namespace, bridge, "bridge")
        state = port.port.state if port.port else "disabled"
        alive = port.up and port.carrier and bridge.up
        node = node._replace(port=port.name)
        if stop is None and state != "forwarding" and (alive or state != "disabled"):
            price = _LOOP if state == "blocking" else _PORT
            stop = Stop(
                kind="not-forwarding", namespace=namespace.label, link=port.name, other=state
            )
        return price, stop, node

    def _attach(self, namespace: Namespace, link: Link, bridge: Link) -> _Step:
        """From a link into a bridge that it is not a port of."""
        kind = "wrong-bridge" if link.master else "not-attached"
        price = _REATTACH if link.master else _ADDRESSED if interfaces(link) else _ATTACH
        price += (not link.up) + (not bridge.up)
        stop = Stop(kind=kind, namespace=namespace.label, link=link.name, other=bridge.name)
        return price, stop, Node(namespace, bridge, "bridge", link.name)


def remotes(here: Namespace, link: Link) -> list[str]:
    """Where a vxlan sends what it does not know the place of, or has an entry for."""
    found = [link.tunnel.remote] if link.tunnel is not None and link.tunnel.remote else []
    found += [entry.remote for entry in here.fdb if entry.dev == link.name and entry.remote]
    return [each for each in dict.fromkeys(found) if ":" not in each]


def _shares(link: Link) -> bool:
    """Whether a link sends and hears by the wire of what it stands on."""
    return link.kind == "macvlan" or (link.kind == "ipvlan" and link.mode == "l2")


def routed(link: Link) -> bool:
    """Whether it is an ipvlan that passes packets in place of frames (mode l3, l3s)."""
    return link.kind == "ipvlan" and link.mode in ("l3", "l3s")


def _down(namespace: Namespace, link: Link) -> Stop:
    return Stop(kind="link-down", namespace=namespace.label, link=link.name)


def _mute(namespace: Namespace, link: Link) -> Stop:
    return Stop(kind="ipvlan-mode", namespace=namespace.label, link=link.name, other=link.mode)


def _talks(link: Link) -> bool:
    """Whether it passes frames to others on its parent: not if it is private, or goes by a VEPA."""
    return link.mode not in ("private", "vepa")


def _may_be_port(link: Link) -> bool:
    return link.kind not in ("bridge", "macvlan", "ipvlan") and not is_loopback(link)


def _other_vlan(namespace: Namespace, link: Link, vlan: int) -> Stop:
    return Stop(kind="vlan-mismatch", namespace=namespace.label, link=link.name, other=str(vlan))


def _quiet(namespace: Namespace, link: Link) -> Stop:
    return Stop(kind="macvlan-mode", namespace=namespace.label, link=link.name, other=link.mode)


def _parent(namespace: Namespace, link: Link, lower: Link) -> Stop:
    return Stop(kind="macvlan-parent", namespace=namespace.label, link=link.name, other=lower.name)
