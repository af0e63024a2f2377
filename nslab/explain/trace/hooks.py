"""A packet at the hooks of a namespace on its way, with what conntrack knows of it there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import ip_address

from nslab.explain.trace import routing
from nslab.explain.trace.filter import Ground, Passage, passes
from nslab.explain.trace.packet import ECHO_REPLY, ECHO_REQUEST, SYN, SYN_ACK, Packet
from nslab.explain.trace.values import Rewrite
from nslab.network.model import Link, Namespace

CLIENT = 40_000
"""A port that a client may have been given: any of the range from 32768 to 60999."""

_BACK = ("prerouting", "output")
"""The hooks at which a destination is rewritten; at the others it is a source."""


def asking(source: str, destination: str, protocol: str, port: int | None) -> Packet:
    """The first packet of a question."""
    return Packet(
        protocol=protocol,
        source=source,
        destination=destination,
        sport=None if protocol == "icmp" else CLIENT,
        dport=None if protocol == "icmp" else port,
        icmp_type=ECHO_REQUEST if protocol == "icmp" else None,
        tcp_flags=SYN if protocol == "tcp" else None,
    )


def answering(packet: Packet) -> Packet:
    """The answer to a packet that arrived."""
    return replace(
        elsewhere(packet),
        source=packet.destination,
        destination=packet.source,
        sport=packet.dport,
        dport=packet.sport,
        icmp_type=ECHO_REPLY if packet.protocol == "icmp" else None,
        tcp_flags=SYN_ACK if packet.protocol == "tcp" else None,
        direction="reply",
        state="established",
    )


def elsewhere(packet: Packet) -> Packet:
    """A packet as another namespace gets it: without marks, and unknown to its conntrack."""
    state = "established" if packet.direction == "reply" else "new"
    return replace(
        packet,
        state=state,
        status=frozenset(),
        mark=0,
        link_in="",
        link_out="",
        port_in="",
        port_out="",
    )


@dataclass(frozen=True)
class Tracked:
    """An entry of a namespace's (``inode``) conntrack: the first packet as it came and left."""

    inode: int
    original: Packet
    translated: Packet
    onwards: bool = False
    """For what follows the first packet, and not for its answer."""

    def answered(self, packet: Packet) -> bool:
        """Whether a packet is the answer to the one that left."""
        ours, theirs = self.translated, packet
        return (ours.source, ours.sport, ours.destination, ours.dport) == (
            theirs.destination,
            theirs.dport,
            theirs.source,
            theirs.sport,
        )

    def same(self, packet: Packet) -> bool:
        """Whether a packet goes the way of the first."""
        first = self.original
        return (first.source, first.sport, first.destination, first.dport) == (
            packet.source,
            packet.sport,
            packet.destination,
            packet.dport,
        )

    @property
    def status(self) -> frozenset[str]:
        """What conntrack keeps of how it translates."""
        before, after = self.original, self.translated
        kinds = []
        if (before.source, before.sport) != (after.source, after.sport):
            kinds.append("snat")
        if (before.destination, before.dport) != (after.destination, after.dport):
            kinds.append("dnat")
        return frozenset(kinds)

    def restored(self, packet: Packet, hook: str) -> Packet:
        """An answer with the half given back that a hook is for; what follows, translated."""
        if self.onwards:
            after = self.translated
            if hook in _BACK:
                return replace(packet, destination=after.destination, dport=after.dport)
            return replace(packet, source=after.source, sport=after.sport)
        before = self.original
        if hook in _BACK:
            return replace(packet, destination=before.source, dport=before.sport)
        return replace(packet, source=before.destination, sport=before.dport)


def at(
    hook: str,
    packet: Packet,
    here: Namespace,
    tracked: Tracked | None = None,
    address: Callable[[Packet], str] | None = None,
) -> Passage:
    """What a namespace does with a packet at a hook.

    :param tracked: what conntrack knows of the connection that the packet is an answer in
    :param address: the source that masquerading puts in
    """
    known = (lambda given: tracked.restored(given, hook)) if tracked is not None else None
    if not here.rules:
        return Passage("accept", known(packet) if known is not None else packet)
    ground = Ground(
        type_of=lambda given: kind_of(here, given),
        address=address or (lambda given: ""),
        own=lambda given: _own(here, given),
    )
    return passes(here.rules, hook, packet, ground=ground, known=known)


def kind_of(here: Namespace, address: str) -> str:
    """What an address is to a namespace, as `fib … type` and addrtype say."""
    if routing.holder(here, address) is not None or routing.in_loopback(address):
        return "local"
    if ip_address(address).is_multicast:
        return "multicast"
    ends = (each.network for link in here.links for each in routing.interfaces(link))
    if any(address == str(each.broadcast_address) for each in ends if each.prefixlen < 31):
        return "broadcast"
    return "unicast"


def lets_in_loopback(here: Namespace, link: Link) -> bool:
    """Whether a packet for 127.0.0.1 may come in by a link: as a rule by lo only."""
    return routing.is_loopback(link) or routing.setting(here, link, "route_localnet") != 0


def _own(here: Namespace, packet: Packet) -> str:
    """Where redirecting sends a packet: to the link that it came in by, or to this host."""
    if not packet.link_in:
        return "127.0.0.1"
    addresses = routing.interfaces(here.link(packet.link_in))
    return str(addresses[0].ip) if addresses else ""


def rewrites(before: Packet, after: Packet, kind: str) -> tuple[Rewrite, ...]:
    """What differs between a packet before and after a hook."""
    found = []
    for what, port in (("source", "sport"), ("destination", "dport")):
        was, now = getattr(before, what), getattr(after, what)
        old, new = getattr(before, port), getattr(after, port)
        if (was, old) != (now, new):
            with_ports = old != new
            found.append(
                Rewrite(
                    kind=kind,
                    before=f"{was}:{old}" if with_ports else was,
                    after=f"{now}:{new}" if with_ports else now,
                    what=what,
                )
            )
    return tuple(found)
