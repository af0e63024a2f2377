"""The rules that see a frame between two hops: of bridges, of links (netdev), and of ARP.

Also iptables' own on a bridge, where net.bridge.bridge-nf-call-iptables is 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from nslab.explain.trace import hooks
from nslab.explain.trace.filter import Ground, passes
from nslab.explain.trace.packet import Packet, Ruling
from nslab.explain.trace.values import Doubt, Spot, Stop
from nslab.network.model import Namespace, Snapshot


class Crossing(NamedTuple):
    """What became of a frame: where it was dropped, and what could not be decided."""

    stop: Stop | None = None
    passed: int = 0
    """How many spots it got past."""
    doubts: tuple[Doubt, ...] = ()


def cross(snapshot: Snapshot, path: Sequence[Spot], packet: Packet, next_hop: str) -> Crossing:
    """A frame on its way over links and bridges, the question who has the next hop first."""
    if not any(snapshot.namespace(spot.namespace).rules for spot in path):
        return Crossing()
    doubts: list[Doubt] = []
    for frame, way in _frames(snapshot, path, hooks.elsewhere(packet), next_hop):
        for number, spot in enumerate(way):
            here = snapshot.namespace(spot.namespace)
            if not here.rules:
                continue
            for decided in _decided(here, way, number, frame):
                if decided.verdict == "unknown":
                    doubts.append(Doubt(namespace=here.label, ruling=decided))
                    continue
                stop = Stop(
                    kind="filter-reject" if decided.verdict == "reject" else "filter-drop",
                    namespace=here.label,
                    link=spot.link,
                    address=next_hop,
                    ruling=decided,
                    frame="arp" if frame.family == "arp" else "",
                )
                return Crossing(stop, number if way is path else 0, tuple(doubts))
    return Crossing(None, len(path), tuple(doubts))


def _frames(
    snapshot: Snapshot, path: Sequence[Spot], packet: Packet, next_hop: str
) -> Iterator[tuple[Packet, Sequence[Spot]]]:
    """The ARP question, its answer, and the packet itself."""
    first, last = path[0], path[-1]
    ours = snapshot.link(first.link, first.namespace).mac
    theirs = snapshot.link(last.link, last.namespace).mac
    here = snapshot.namespace(first.namespace)
    asks = Packet(
        family="arp",
        protocol="",
        source=packet.source if packet.source in here.own_addresses else _sender(here, first.link),
        destination=next_hop,
        operation="request",
        mac_source=ours,
        mac_destination="ff:ff:ff:ff:ff:ff",
    )
    says = replace(
        asks,
        source=asks.destination,
        destination=asks.source,
        operation="reply",
        mac_source=theirs,
        mac_destination=ours,
    )
    turned = {"out": "in", "in": "out"}
    back = [
        Spot(namespace=spot.namespace, link=spot.link, role=turned.get(spot.role, spot.role))  # type: ignore[arg-type]
        for spot in reversed(path)
    ]
    yield asks, path
    yield says, back
    yield replace(packet, mac_source=ours, mac_destination=theirs), path


def _sender(here: Namespace, name: str) -> str:
    return next((each.address.split("/")[0] for each in here.link(name).addresses), "")


def _decided(here: Namespace, way: Sequence[Spot], number: int, frame: Packet) -> Iterator[Ruling]:
    """What the rules at one spot have against a frame."""
    for layer, hook, packet in _hooks(here, way, number, frame):
        found = passes(
            here.rules,
            hook,
            packet,
            layer=layer,
            ground=Ground(type_of=lambda given: hooks.kind_of(here, given)),
        )
        if found.ruling is not None:
            yield found.ruling


_Hook = tuple[str, str, Packet]


def _hooks(here: Namespace, way: Sequence[Spot], number: int, frame: Packet) -> Iterator[_Hook]:
    """The layers and hooks at one spot, each with the frame as it is there."""
    spot = way[number]
    last = number == len(way) - 1
    if spot.role == "in":
        yield "netdev", "ingress", replace(frame, link_in=spot.link)
    if number == 0 and frame.family == "arp":
        yield "arp", "output", replace(frame, link_out=spot.link)
    if spot.role == "bridge":
        before = way[number - 1] if number else None
        after = None if last else way[number + 1]
        port_in = before.link if before and before.role == "in" else ""
        port_out = after.link if after and after.role == "out" else ""
        yield from _bridge(here, spot.link, port_in, port_out, frame)
    if spot.role == "out":
        yield "netdev", "egress", replace(frame, link_out=spot.link)
    if last and frame.family == "arp":
        yield "arp", "input", replace(frame, link_in=spot.link)


def _bridge(
    here: Namespace, bridge: str, port_in: str, port_out: str, frame: Packet
) -> Iterator[_Hook]:
    logical = replace(frame, bridge_in=bridge if port_in else "", bridge_out=bridge)
    if port_in:
        yield "bridge", "prerouting", replace(logical, link_in=port_in)
    called = _called(here, frame) if port_in and port_out else ""
    routed = replace(frame, link_in=bridge, link_out=bridge, port_in=port_in, port_out=port_out)
    if called and called != "arp":
        yield called, "prerouting", replace(routed, link_out="", port_out="")
    if port_in and port_out:
        yield "bridge", "forward", replace(logical, link_in=port_in, link_out=port_out)
        if called:
            yield called, "forward", routed
    elif port_in:
        yield "bridge", "input", replace(logical, link_in=port_in)
    else:
        yield "bridge", "output", replace(logical, link_out=port_out)
    if port_out:
        yield "bridge", "postrouting", replace(logical, link_out=port_out)
        if called and called != "arp":
            yield called, "postrouting", replace(routed, link_in="", port_in="")


_CALLS = {"ip": "iptables", "ip6": "ip6tables", "arp": "arptables"}


def _called(here: Namespace, frame: Packet) -> str:
    """The layer of IP (or ARP) that bridged frames are shown to; empty if they are not."""
    word = _CALLS.get(frame.family, "")
    on = here.sysctls.get(f"net.bridge.bridge-nf-call-{word}", "0") == "1"
    return frame.family if on else ""
