"""The way of a ping, hop by hop, as IP decides it in each namespace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from nslab.explain.trace import nat, routing
from nslab.explain.trace.segment import Reached, blind, reach
from nslab.explain.trace.values import Hop, Rewrite, Stop, Trace
from nslab.network.model import Link, Namespace, Route, Snapshot

_BUDGET = 500
"""Hops in all that are looked at: several answerers at each of many would multiply without end."""


def trace(
    snapshot: Snapshot, ns: str | int | None, address: str, look: routing.Look = routing.evaluated
) -> Trace:
    """The way of a ping from a namespace to an IPv4 address, and of its answer.

    :param look: says which route a namespace takes: the snapshot, or the kernel
    :raises NotFound: there is no such namespace
    :raises ValueError: that is no IPv4 address
    """
    routing.ip(address)
    return _Walk(snapshot, snapshot.namespace(ns), address, look).run()


@dataclass(frozen=True)
class _Packet:
    source: str
    destination: str
    answer: bool = False
    there: tuple[Hop, ...] = ()
    """The ping's way, once this is its answer."""
    hops: tuple[Hop, ...] = ()
    rewritten: tuple[tuple[int, str, str], ...] = ()
    """What conntrack keeps: in which namespace (inode) which source became which."""
    seen: frozenset[tuple[int, str, bool]] = frozenset()


@dataclass
class _Walk:
    snapshot: Snapshot
    origin: Namespace
    address: str
    look: routing.Look
    spent: int = 0

    def run(self) -> Trace:
        here, address = self.origin, self.address
        held = routing.holder(here, address)
        if held is not None or routing.in_loopback(address):
            return self._to_itself(held)
        packet = _Packet("", address)
        if any(
            address == str(each.network.broadcast_address) and each.network.prefixlen < 31
            for link in here.links
            for each in routing.interfaces(link)
        ):
            return self._stop(packet, here, "broadcast", address=address)
        route = self.look(here, address, "", "")
        if route is None:
            return self._stop(packet, here, "no-route", address=address)
        source = routing.source(here, route, address)
        if not source and route.kind not in routing.REFUSING:
            return self._stop(packet, here, "no-address", link=route.dev, address=address)
        return self._leave(replace(packet, source=source), here, "", route)

    def _to_itself(self, held: Link | None) -> Trace:
        """Between a namespace and its own addresses lies only lo."""
        here = self.origin
        packet = _Packet(self.address, self.address)
        lo = next((link for link in here.links if routing.is_loopback(link)), None)
        if held is None or lo is None or not lo.up:
            return self._stop(packet, here, "link-down", link=lo.name if lo else "lo")
        hop = Hop(
            namespace=here.label, source=self.address, destination=self.address, link_in=lo.name
        )
        return Trace(namespace=here.label, address=self.address, there=(hop,), back=(hop,))

    def _leave(self, packet: _Packet, here: Namespace, link_in: str, route: Route) -> Trace:
        """Out by a route: rewrite, find the next hop's link, and go on where it is heard."""
        hop = Hop(
            namespace=here.label,
            source=packet.source,
            destination=packet.destination,
            link_in=link_in,
            route=route,
            link_out=route.dev,
            next_hop=route.via or packet.destination,
            rewrites=self._undone(packet, here),
        )
        packet = self._restored(packet, here)
        hop = structs.replace(hop, next_hop=route.via or packet.destination)
        if route.kind in routing.REFUSING:
            return self._stop(packet, here, "route-refuses", address=packet.destination, hop=hop)
        dev = next((link for link in here.links if link.name == route.dev), None)
        if dev is None:  # several next hops (multipath)
            return self._stop(packet, here, "out-of-sight", hop=hop)
        if not dev.up:
            return self._stop(packet, here, "link-down", link=dev.name, hop=hop)
        if not packet.answer:  # conntrack takes no answer for something new to rewrite
            source, kind = nat.rewritten(
                here, packet.source, packet.destination, dev.name, hop.next_hop
            )
            if not source:  # the kernel drops it: "ate my IP address"
                return self._stop(packet, here, "no-address", link=dev.name, hop=hop)
            if source != packet.source:
                rewrite = Rewrite(kind=kind, before=packet.source, after=source)
                hop = structs.replace(hop, rewrites=(*hop.rewrites, rewrite))
                kept = (here.inode, packet.source, source)
                packet = replace(packet, source=source, rewritten=(*packet.rewritten, kept))
        if dev.master:
            return self._stop(
                packet, here, "address-on-port", link=dev.name, other=dev.master, hop=hop
            )
        return self._across(packet, here, dev, hop)

    def _across(self, packet: _Packet, here: Namespace, dev: Link, hop: Hop) -> Trace:
        """Over the segment, to whoever has the next hop's address."""
        found = [
            each
            for each in reach(self.snapshot, here, dev)
            if routing.holder(each.namespace, hop.next_hop) is not None
        ]
        free = [each for each in found if each.cost == 0]
        if free:
            return self._onwards(packet, here, dev, hop, free)
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
            hops = (*packet.hops, structs.replace(hop, path=each.path, rivals=others))
            outcome = self._arrive(replace(packet, hops=hops), each.namespace, each.link)
            outcomes.append((each, outcome))
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

    def _arrive(self, packet: _Packet, here: Namespace, link: Link) -> Trace:
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
        wanted = self._restored(packet, here).destination
        if routing.holder(here, packet.source) is not None:
            # Rewritten or sent here, and back again; or somebody else has the address too.
            been = any(each.namespace == here.label for each in packet.hops)
            kind = "loop" if been else "own-source"
            return self._stop(packet, here, kind, address=packet.source, hop=hop)
        if routing.filtered(here, link.name, packet.source):
            return self._stop(
                packet, here, "rp-filter", link=link.name, address=packet.source, hop=hop
            )
        if routing.holder(here, wanted) is not None:
            return self._deliver(packet, here, hop)
        if not routing.forwards(here):
            return self._stop(packet, here, "no-forwarding", address=wanted, hop=hop)
        route = self.look(here, wanted, packet.source, link.name)
        if route is None:
            return self._stop(packet, here, "no-route", address=wanted, hop=hop)
        return self._leave(packet, here, link.name, route)

    def _deliver(self, packet: _Packet, here: Namespace, hop: Hop) -> Trace:
        hop = structs.replace(hop, rewrites=self._undone(packet, here))
        if packet.answer:
            if here.inode != self.origin.inode:
                address = packet.destination
                return self._stop(packet, here, "answered-elsewhere", address=address, hop=hop)
            return self._ended(packet, hop, None)
        back = _Packet(
            source=packet.destination,
            destination=packet.source,
            answer=True,
            there=(*packet.hops, hop),
            rewritten=packet.rewritten,
        )
        route = self.look(here, back.destination, back.source, "")
        if route is None:
            return self._stop(back, here, "no-route", address=back.destination)
        return self._leave(back, here, "", route)

    # -- what conntrack gives back -------------------------------------------------------------

    def _restored(self, packet: _Packet, here: Namespace) -> _Packet:
        """An answer that comes to where its ping was rewritten, as it is after that is undone."""
        if packet.answer:
            for inode, before, after in packet.rewritten:
                if inode == here.inode and after == packet.destination:
                    return replace(packet, destination=before)
        return packet

    def _undone(self, packet: _Packet, here: Namespace) -> tuple[Rewrite, ...]:
        after = self._restored(packet, here).destination
        if after == packet.destination:
            return ()
        return (Rewrite(kind="undone", before=packet.destination, after=after),)

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
            namespace=self.origin.label, address=self.address, there=there, back=back, stop=stop
        )


_GUESSES = ("not-attached", "wrong-bridge", "macvlan-parent")
