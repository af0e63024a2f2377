"""The way of a packet, hop by hop, as IP decides it in each namespace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from msgspec import structs

from nslab.explain.trace import delivery, hooks, routing
from nslab.explain.trace.bridged import cross
from nslab.explain.trace.filter import Passage
from nslab.explain.trace.packet import ACK, Packet
from nslab.explain.trace.segment import Reached, blind, reach, remotes, routed
from nslab.explain.trace.values import Doubt, Hop, Rewrite, Stop, Trace
from nslab.network.model import Link, Namespace, Route, Snapshot

_BUDGET = 500
"""Hops in all that are looked at: several answerers at each of many would multiply without end."""


def trace(
    snapshot: Snapshot,
    ns: str | int | None,
    address: str,
    *,
    protocol: str = "icmp",
    port: int | None = None,
    size: int = 0,
    look: routing.Look = routing.evaluated,
) -> Trace:
    """The way of a packet from a namespace to an IPv4 address, and of its answer.

    :param protocol: icmp (a ping), tcp or udp
    :param port: the port at that address, of TCP and UDP
    :param size: bytes that a ping carries, and that may not be fragmented; 0 for as usual
    :param look: says which route a namespace takes: the snapshot, or the kernel
    :raises NotFound: there is no such namespace
    :raises ValueError: that is no IPv4 address
    """
    routing.ip(address)
    found = _Walk(snapshot, snapshot.namespace(ns), address, protocol, port, look, size).run()
    return structs.replace(found, protocol=protocol, port=port, size=size)


@dataclass(frozen=True)
class _Packet:
    """A packet on its way, with the way behind it."""

    now: Packet
    answer: bool = False
    there: tuple[Hop, ...] = ()
    """The question's way, once this is its answer."""
    hops: tuple[Hop, ...] = ()
    tracked: tuple[hooks.Tracked, ...] = ()
    """What the conntrack of each namespace on the way keeps."""
    seen: frozenset[tuple[int, str, bool]] = frozenset()
    doubts: tuple[Doubt, ...] = ()
    ttl: int = 64
    """Routers that it may still pass."""

    @property
    def source(self) -> str:
        return self.now.source

    @property
    def destination(self) -> str:
        return self.now.destination

    def moved(self, now: Packet) -> _Packet:
        return replace(self, now=now)


@dataclass(frozen=True)
class _Came:
    """How a packet came into a namespace: as what, by which link, and what was done to it."""

    packet: Packet
    link: str = ""
    rewrites: tuple[Rewrite, ...] = ()


class _Stopped(Exception):
    """The way ended at a packet filter."""

    def __init__(self, packet: _Packet, came: _Came, passage: Passage, link: str, out: str) -> None:
        assert passage.ruling is not None
        self.packet, self.came, self.link, self.out = packet, came, link, out
        self.verdict, self.ruling = passage.verdict, passage.ruling


@dataclass
class _Walk:
    snapshot: Snapshot
    origin: Namespace
    address: str
    protocol: str
    port: int | None
    look: routing.Look
    size: int = 0
    spent: int = 0
    below: bool = False
    """Whether this is what a tunnel sends to its far end."""
    begun: tuple[hooks.Tracked, ...] = ()
    """What every conntrack on the way keeps of a connection that has been made."""

    @property
    def length(self) -> int:
        """Bytes of the IP packet."""
        return self.size + 28 if self.size else delivery.PING

    def run(self) -> Trace:
        first = hooks.asking("", self.address, self.protocol, self.port)
        found = self._asked(first)
        if found.ok and self.protocol == "tcp" and any(ns.rules for ns in self.snapshot):
            # A filter may let the first packet and its answer by, but not what follows.
            self.spent = 0
            later = self._asked(replace(first, tcp_flags=ACK))
            return found if later.ok else later
        return found

    def _asked(self, first: Packet) -> Trace:
        here, address = self.origin, self.address
        packet = _Packet(first, ttl=_ttl(here))
        if any(
            address == str(each.network.broadcast_address) and each.network.prefixlen < 31
            for link in here.links
            for each in routing.interfaces(link)
        ):
            return self._stop(packet, here, "broadcast", address=address)
        try:
            return self._sent(packet, here)
        except _Stopped as end:
            return self._filtered(end, here)

    def _sent(self, packet: _Packet, here: Namespace) -> Trace:
        """Out of the namespace in which it is made, where its destination may be rewritten."""
        found = self._routed(packet, here)
        if isinstance(found, Trace):
            return found
        source, dev, _ = found
        packet = packet.moved(replace(packet.now, source=source))
        came = _Came(packet.now)
        packet, came = self._hook("output", packet, here, came, out=dev)
        if packet.destination != came.packet.destination:
            found = self._routed(packet, here)
            if isinstance(found, Trace):
                return found
        _, dev, route = found
        if route is None:
            return self._to_itself(packet, here, came)
        return self._leave(packet, here, came, route)

    def _routed(self, packet: _Packet, here: Namespace) -> Trace | tuple[str, str, Route | None]:
        """The source, device and route of a packet that is made here; no route to itself."""
        address = packet.destination
        held = routing.holder(here, address) is not None
        if held or routing.in_loopback(address):
            return self._by_loopback(packet, here, held)
        route = self.look(here, address, packet.source, "")
        if route is None:
            return self._stop(packet, here, "no-route", address=address)
        source = packet.source or routing.source(here, route, address)
        if not source and route.kind not in routing.REFUSING:
            return self._stop(packet, here, "no-address", link=route.dev, address=address)
        return source, route.dev, route

    def _by_loopback(
        self, packet: _Packet, here: Namespace, held: bool
    ) -> Trace | tuple[str, str, None]:
        """To an address of its own that it has; or of lo, which it should have."""
        address = packet.destination
        lo = next((link for link in here.links if routing.is_loopback(link)), None)
        if held and lo is not None and routing.speaks(lo):
            return packet.source or address, lo.name, None
        packet = packet.moved(replace(packet.now, source=address))
        down = lo is None or not lo.up
        kind = "link-down" if down and held else "no-loopback"
        name = lo.name if lo is not None else "lo"
        return self._stop(packet, here, kind, link=name, address=address)

    def _to_itself(self, packet: _Packet, here: Namespace, came: _Came) -> Trace:
        """Between a namespace and its own addresses lies only lo."""
        lo = next(link for link in here.links if routing.is_loopback(link))
        hop = Hop(
            namespace=here.label,
            source=packet.source,
            destination=packet.destination,
            link_in=lo.name,
            rewrites=came.rewrites,
        )
        turned = self._over_lo(packet, here, came, lo.name)
        entry = hooks.Tracked(here.inode, came.packet, turned.now)
        self.begun = (entry,)
        answer = replace(turned, now=hooks.answering(turned.now), answer=True, tracked=(entry,))
        came, out = _Came(answer.now), lo.name
        if hooks.kind_of(here, answer.destination) != "local":  # the source was rewritten
            route = self.look(here, answer.destination, answer.source, "")
            if route is None or routing.in_loopback(answer.source):
                # Nothing is sent from 127.0.0.1 by another link than lo (__mkroute_output()).
                there = replace(answer, there=(hop,))
                return self._stop(there, here, "no-route", address=answer.destination)
            out = route.dev
        answer, came = self._hook("output", answer, here, came, out=out)
        turned = self._over_lo(answer, here, came, lo.name)
        return Trace(
            namespace=here.label,
            address=self.address,
            there=(hop,),
            back=(hop,),
            doubts=turned.doubts,
        )

    def _over_lo(self, packet: _Packet, here: Namespace, came: _Came, lo: str) -> _Packet:
        """Out by lo and in again."""
        packet, came = self._hook("postrouting", packet, here, came, out=lo)
        for hook in ("prerouting", "input"):
            bound = not packet.answer
            packet, came = self._hook(hook, packet, here, came, link=lo, bound=bound)
        return packet

    def _leave(self, packet: _Packet, here: Namespace, came: _Came, route: Route) -> Trace:
        """Out by a route: filter, rewrite, find the next hop's link, and go on there."""
        next_hop = route.via or packet.destination

        def hop(came: _Came) -> Hop:
            return Hop(
                namespace=here.label,
                source=came.packet.source,
                destination=came.packet.destination,
                link_in=came.link,
                route=route,
                link_out=route.dev,
                next_hop=next_hop,
                rewrites=came.rewrites,
            )

        if route.kind in routing.REFUSING:
            return self._stop(
                packet, here, "route-refuses", address=packet.destination, hop=hop(came)
            )
        if route.hops:
            return self._each_way(packet, here, came, route)
        if route.mtu and self.length > route.mtu:
            return self._stop(packet, here, "too-big", other=str(route.mtu), hop=hop(came))
        dev = next((link for link in here.links if link.name == route.dev), None)
        if dev is None:
            return self._stop(packet, here, "out-of-sight", hop=hop(came))
        if not dev.up:
            return self._stop(packet, here, "link-down", link=dev.name, hop=hop(came))
        if came.link:
            packet, came = self._hook("forward", packet, here, came, link=came.link, out=dev.name)
        before = packet
        packet, came = self._hook(
            "postrouting", packet, here, came, link=came.link, out=dev.name, next_hop=next_hop
        )
        if not packet.source:  # the kernel drops it: "ate my IP address"
            return self._stop(before, here, "no-address", link=dev.name, hop=hop(came))
        if not packet.answer and packet.now.state != "untracked":
            entry = hooks.Tracked(here.inode, came.packet, packet.now)
            packet = replace(packet, tracked=(*packet.tracked, entry))
        if dev.master:
            return self._stop(
                packet, here, "address-on-port", link=dev.name, other=dev.master, hop=hop(came)
            )
        return self._across(packet, here, dev, hop(came))

    def _each_way(self, packet: _Packet, here: Namespace, came: _Came, route: Route) -> Trace:
        """By each of the ways of a route that has several: all of them have to lead there."""
        first = None
        for way in route.hops:
            self.spent += 1
            if first is not None and self.spent > _BUDGET:
                break
            alone = structs.replace(route, via=way.via, dev=way.dev, hops=())
            outcome = self._leave(packet, here, came, alone)
            if not outcome.ok:
                return outcome
            first = first or outcome
        assert first is not None
        return first

    def _across(self, packet: _Packet, here: Namespace, dev: Link, hop: Hop) -> Trace:
        """Over the segment, to whoever has the next hop's address."""
        heard = reach(self.snapshot, here, dev)
        if routed(dev):
            hop = structs.replace(hop, next_hop=packet.destination)  # no gateway is asked
        found = [x for x in heard if routing.holder(x.namespace, hop.next_hop) is not None]
        if routed(dev) and not found:
            return self._by_parent(packet, here, dev, hop)
        free = [each for each in found if each.cost == 0]
        written = delivery.permanent(here, dev, hop.next_hop)
        if written is not None:
            return self._as_written(packet, here, dev, hop, written.mac, heard)
        if not free:
            free = [x for x in heard if x.cost == 0 and delivery.proxies(x, hop.next_hop)]
        if free:
            return self._delivered(packet, here, dev, hop, free, self._resolved(packet, here, hop))
        return self._missed(packet, here, dev, hop, found)

    def _missed(
        self, packet: _Packet, here: Namespace, dev: Link, hop: Hop, found: Sequence[Reached]
    ) -> Trace:
        """What is in the way of who has the next hop's address; or nobody has it there."""
        unseen = blind(self.snapshot, here, dev)
        if found and not (unseen and found[0].stops[0][1].kind in _GUESSES):
            before, stop = found[0].stops[0]
            hop = structs.replace(hop, path=found[0].path[:before])
            stop = structs.replace(stop, address=hop.next_hop)
            return self._ended(packet, hop, stop)
        if unseen:
            stop = Stop(
                kind="out-of-sight",
                namespace=unseen.namespace,
                link=unseen.link,
                address=hop.next_hop,
            )
            return self._ended(packet, hop, stop)
        return self._stop(
            packet, here, "nobody-answers", link=dev.name, address=hop.next_hop, hop=hop
        )

    def _by_parent(self, packet: _Packet, here: Namespace, dev: Link, hop: Hop) -> Trace:
        """What an ipvlan in mode l3 sends is sent by its parent's namespace, over the parent.

        As if it were made there, with the sender's address: ipvlan_process_v4_outbound() in
        drivers/net/ipvlan/ipvlan_core.c.  Without a route over the parent, it is on its segment.
        """
        below = self.snapshot.peer(dev)
        if below is None:
            return self._stop(packet, here, "out-of-sight", link=dev.name, hop=hop)
        there, lower = below
        now = replace(hooks.elsewhere(packet.now), mac_source="", mac_destination="")
        packet = replace(packet, now=now, hops=(*packet.hops, hop))
        over = structs.replace(
            there, policy=(), routes=tuple(x for x in there.routes if x.dev == lower.name)
        )
        route = routing.lookup(over, packet.destination, packet.source)
        if route is None or route.kind in routing.REFUSING:
            route = Route(destination=f"{packet.destination}/32", dev=lower.name, scope="link")
        try:
            packet, came = self._hook("output", packet, there, _Came(packet.now), out=lower.name)
            return self._leave(packet, there, came, route)
        except _Stopped as end:
            return self._filtered(end, there)

    def _as_written(
        self,
        packet: _Packet,
        here: Namespace,
        dev: Link,
        hop: Hop,
        mac: str,
        heard: Sequence[Reached],
    ) -> Trace:
        """To whoever has the MAC that somebody wrote down as the neighbour's."""
        named = [
            each
            for each in heard
            if each.link.mac == mac and all(stop.kind == "ipvlan-mode" for _, stop in each.stops)
        ]
        holders = [x for x in named if routing.holder(x.namespace, hop.next_hop) is not None]
        outcome = None
        if named:
            outcome = self._delivered(packet, here, dev, hop, holders or named, resolved=True)
        if outcome is None or not (outcome.ok or holders):
            return self._stop(packet, here, "wrong-neighbour", link=dev.name, other=mac, hop=hop)
        return outcome

    def _resolved(self, packet: _Packet, here: Namespace, hop: Hop) -> bool:
        """Whether the neighbour has just asked for this one, and so is known."""
        return packet.answer and any(
            each.path
            and each.path[-1].namespace == here.label
            and routing.holder(self.snapshot.namespace(each.namespace), hop.next_hop) is not None
            for each in packet.there
        )

    def _delivered(
        self,
        packet: _Packet,
        here: Namespace,
        dev: Link,
        hop: Hop,
        free: Sequence[Reached],
        resolved: bool,
    ) -> Trace:
        """To those of the neighbours that the frame is really given to."""
        stop = None if resolved else delivery.silent(here, dev, hop.next_hop)
        if stop is not None:
            return self._ended(packet, hop, stop)
        frame = delivery.Frame(here, dev, hop.next_hop, self.length, resolved)
        held = [delivery.held(self.snapshot, frame, each) for each in free]
        through = [each for each, stop in zip(free, held, strict=True) if stop is None]
        if through:
            under = self._under(through[0])
            if under is not None:
                way = structs.replace(hop, path=through[0].path)
                return self._ended(packet, way, under)
            return self._onwards(packet, here, dev, hop, through)
        assert held[0] is not None
        before, stop = held[0]
        return self._ended(packet, structs.replace(hop, path=free[0].path[:before]), stop)

    def _under(self, each: Reached) -> Stop | None:
        """What stops the packets that a tunnel on the way sends to its far end."""
        for spot, after in pairwise(each.path):
            link = self.snapshot.link(spot.link, spot.namespace)
            if spot.role != "out" or link.tunnel is None or self.below:
                continue
            start = self.snapshot.namespace(spot.namespace)
            there = self.snapshot.namespace(after.namespace)
            for address in remotes(start, link):
                if routing.holder(there, address) is not None:
                    walk = _Walk(self.snapshot, start, address, "udp", link.tunnel.port, self.look)
                    walk.below = True
                    return walk.run().stop
        return None

    def _onwards(
        self, packet: _Packet, here: Namespace, dev: Link, hop: Hop, free: Sequence[Reached]
    ) -> Trace:
        rivals = tuple(dict.fromkeys(each.namespace.label for each in free))
        outcomes: list[tuple[Reached, Trace]] = []
        for each in free:
            self.spent += 1
            if outcomes and self.spent > _BUDGET:
                break
            others = tuple(name for name in rivals if name != each.namespace.label)
            outcomes.append((each, self._given(packet, dev, hop, each, others)))
        failing = [each for each, outcome in outcomes if not outcome.ok]
        if failing and len(failing) < len(outcomes):
            return self._stop(
                packet,
                here,
                "duplicate-address",
                link=dev.name,
                address=hop.next_hop,
                other=failing[0].namespace.label,
                hop=structs.replace(hop, rivals=rivals),
            )
        return outcomes[0][1]

    def _given(
        self, packet: _Packet, dev: Link, hop: Hop, to: Reached, others: tuple[str, ...]
    ) -> Trace:
        """To one of those who have the next hop's address."""
        crossing = cross(self.snapshot, to.path, packet.now, hop.next_hop)
        packet = replace(packet, doubts=(*packet.doubts, *crossing.doubts))
        if crossing.stop is not None:
            path = to.path[: crossing.passed]
            hop = structs.replace(hop, path=path, rivals=others)
            return self._ended(packet, hop, crossing.stop)
        hops = (*packet.hops, structs.replace(hop, path=to.path, rivals=others))
        now = replace(hooks.elsewhere(packet.now), mac_source=dev.mac, mac_destination=to.link.mac)
        try:
            return self._arrive(replace(packet, now=now, hops=hops), to.namespace, to.link)
        except _Stopped as end:
            return self._filtered(end, to.namespace)

    def _arrive(self, packet: _Packet, here: Namespace, link: Link) -> Trace:
        here, link = self._upper(here, link, packet.destination)
        came = _Came(packet.now, link.name)
        hop = Hop(
            namespace=here.label,
            source=packet.source,
            destination=packet.destination,
            link_in=link.name,
        )
        place = (here.inode, link.name, packet.answer)
        if place in packet.seen:
            return self._stop(packet, here, "loop", link=link.name, address=packet.destination)
        packet = replace(packet, seen=packet.seen | {place})
        if routing.holder(here, packet.source) is not None:
            # Rewritten or sent here, and back again; or somebody else has the address too.
            been = any(each.namespace == here.label for each in packet.hops)
            kind = "loop" if been else "own-source"
            return self._stop(packet, here, kind, address=packet.source, hop=hop)
        packet, came = self._hook("prerouting", packet, here, came, link=link.name)
        wanted, hop = packet.destination, structs.replace(hop, rewrites=came.rewrites)
        if routing.in_loopback(wanted) and not hooks.lets_in_loopback(here, link):
            return self._stop(
                packet, here, "loopback-target", link=link.name, address=wanted, hop=hop
            )
        if routing.filtered(here, link.name, packet.source, wanted):
            return self._stop(
                packet, here, "rp-filter", link=link.name, address=packet.source, hop=hop
            )
        if routing.holder(here, wanted) is not None:
            return self._deliver(packet, here, came)
        if not routing.forwards(here, link.name):
            return self._stop(
                packet, here, "no-forwarding", link=link.name, address=wanted, hop=hop
            )
        if packet.ttl <= 1:
            return self._stop(packet, here, "ttl-exceeded", address=wanted, hop=hop)
        packet = replace(packet, ttl=packet.ttl - 1)
        route = self.look(here, wanted, packet.source, link.name)
        if route is None:
            return self._stop(packet, here, "no-route", address=wanted, hop=hop)
        return self._leave(packet, here, came, route)

    def _upper(self, here: Namespace, link: Link, address: str) -> tuple[Namespace, Link]:
        """The ipvlan in mode l3 that gets what comes for its address to its parent."""
        for there in self.snapshot:
            for each in there.links:
                below = each.peer if routed(each) and each.up else None
                on = below and (below.namespace, below.index) == (here.inode, link.index)
                if on and address in {str(own.ip) for own in routing.interfaces(each)}:
                    return there, each
        return here, link

    def _deliver(self, packet: _Packet, here: Namespace, came: _Came) -> Trace:
        packet, came = self._hook("input", packet, here, came, link=came.link)
        hop = Hop(
            namespace=here.label,
            source=came.packet.source,
            destination=came.packet.destination,
            link_in=came.link,
            rewrites=came.rewrites,
        )
        if packet.answer:
            if here.inode != self.origin.inode:
                address = packet.destination
                return self._stop(packet, here, "answered-elsewhere", address=address, hop=hop)
            if self.protocol != "icmp" and packet.source != self.address:
                return self._stop(packet, here, "stranger", address=packet.source, hop=hop)
            self.begun = packet.tracked
            return self._ended(packet, hop, None)
        ignored = here.sysctls.get("net.ipv4.icmp_echo_ignore_all", "0") != "0"
        if ignored and self.protocol == "icmp":
            address = packet.destination
            return self._stop(packet, here, "echo-ignored", address=address, hop=hop)
        kept = packet.tracked
        if packet.now.state != "untracked":
            kept = (*kept, hooks.Tracked(here.inode, came.packet, packet.now))
        back = _Packet(
            ttl=_ttl(here),
            now=hooks.answering(packet.now),
            answer=True,
            there=(*packet.hops, hop),
            tracked=kept,
            doubts=packet.doubts,
        )
        route = self.look(here, back.destination, back.source, "")
        if route is None:
            return self._stop(back, here, "no-route", address=back.destination)
        came = _Came(back.now)
        back, came = self._hook("output", back, here, came, out=route.dev)
        if back.destination != came.packet.destination:
            route = self.look(here, back.destination, back.source, "") or route
        return self._leave(back, here, came, route)

    # -- the packet filter ---------------------------------------------------------------------

    def _hook(
        self,
        hook: str,
        packet: _Packet,
        here: Namespace,
        came: _Came,
        *,
        link: str = "",
        out: str = "",
        next_hop: str = "",
        bound: bool = False,
    ) -> tuple[_Packet, _Came]:
        """What a hook leaves of the packet.

        :param bound: conntrack has decided already that nothing is translated here

        :raises _Stopped: nothing
        """
        now = replace(packet.now, link_in=link, link_out=out)
        tracked = self._tracked(packet, here, came)
        if now.state == "untracked":
            tracked = None
        elif self.begun and not packet.answer:
            tracked = self._begun(here, came)
            if tracked is not None:
                now = replace(now, state="established", status=tracked.status)
        elif packet.answer:
            state = "established" if tracked else _STRAY[self.protocol]
            now = replace(now, state=state, status=tracked.status if tracked else frozenset())
        if bound:
            tracked = hooks.Tracked(here.inode, hooks.answering(now), now)
        passage = hooks.at(hook, now, here, tracked, lambda _: routing.select(here, out, next_hop))
        if passage.ruling is not None:
            if passage.verdict == "unknown":
                doubt = Doubt(namespace=here.label, ruling=passage.ruling)
                packet = replace(packet, doubts=(*packet.doubts, doubt))
            elif passage.ruling.verdict == "accept":  # a translation without an address to take
                return packet.moved(replace(now, source="")), came
            else:
                raise _Stopped(packet, came, passage, link, out)
        kind = passage.translated.kind if passage.translated else "undone"
        done = hooks.rewrites(now, passage.packet, kind)
        came = replace(came, rewrites=(*came.rewrites, *done))
        return packet.moved(passage.packet), came

    def _tracked(self, packet: _Packet, here: Namespace, came: _Came) -> hooks.Tracked | None:
        """What conntrack keeps of the question that a packet is the answer to."""
        if not packet.answer:
            return None
        for entry in packet.tracked:
            if entry.inode == here.inode and entry.answered(came.packet):
                return entry
        return None

    def _begun(self, here: Namespace, came: _Came) -> hooks.Tracked | None:
        """The connection that a packet goes on with, as conntrack translates it."""
        for entry in self.begun:
            if entry.inode == here.inode and entry.same(came.packet):
                return replace(entry, onwards=True)
        return None

    def _filtered(self, end: _Stopped, here: Namespace) -> Trace:
        hop = Hop(
            namespace=here.label,
            source=end.came.packet.source,
            destination=end.came.packet.destination,
            link_in=end.came.link,
            rewrites=end.came.rewrites,
        )
        stop = Stop(
            kind="filter-reject" if end.verdict == "reject" else "filter-drop",
            namespace=here.label,
            link=end.link,
            other=end.out,
            address=end.packet.destination,
            ruling=end.ruling,
        )
        return self._ended(end.packet, hop, stop)

    # -- the end -------------------------------------------------------------------------------

    def _stop(
        self,
        packet: _Packet,
        here: Namespace,
        kind: str,
        *,
        link: str = "",
        address: str = "",
        other: str = "",
        hop: Hop | None = None,
    ) -> Trace:
        if hop is None:
            hop = Hop(namespace=here.label, source=packet.source, destination=packet.destination)
        stop = Stop(
            kind=kind, namespace=here.label, link=link, address=address or hop.next_hop, other=other
        )
        return self._ended(packet, hop, stop)

    def _ended(self, packet: _Packet, hop: Hop, stop: Stop | None) -> Trace:
        hops = (*packet.hops, hop)
        there, back = (packet.there, hops) if packet.answer else (hops, ())
        return Trace(
            namespace=self.origin.label,
            address=self.address,
            there=there,
            back=back,
            stop=stop,
            doubts=packet.doubts,
        )


def _ttl(here: Namespace) -> int:
    """How many routers what it sends may pass."""
    return int(here.sysctls.get("net.ipv4.ip_default_ttl", "64"))


_GUESSES = ("not-attached", "wrong-bridge", "macvlan-parent", "macvlan-mode")
_STRAY = {"icmp": "invalid", "tcp": "invalid", "udp": "new"}
"""What conntrack says of an answer whose question it has not seen."""
