"""What a trace is made of, as frozen values; namespaces are named by their labels."""

from __future__ import annotations

from typing import Literal

from nslab.explain.trace.packet import Ruling
from nslab.network.model import Route, Value

Role = Literal["out", "in", "bridge", "stack"]


class Spot(Value, frozen=True):
    """A link that a frame passes.

    ``role`` says how: ``out`` into its cable, ``in`` from its cable, ``bridge`` across it from
    port to port, ``stack`` up to IP.
    """

    namespace: str
    link: str
    role: Role

    def __str__(self) -> str:
        return f"{self.namespace}/{self.link}"


class Rewrite(Value, frozen=True):
    """An address (with its port, if that changes too) that NAT put another in place of.

    ``kind`` is masquerade, snat, dnat, redirect, netmap, or ``undone`` for what the answer gets
    back; ``what`` is source or destination.
    """

    kind: str
    before: str
    after: str
    what: str = "source"


class Hop(Value, frozen=True):
    """A namespace on the way.

    ``source`` and ``destination`` are the packet's when it came in.  ``link_in`` is empty where
    it starts, ``link_out`` where it ends; ``path`` is what the frame passes from ``link_out`` to
    the next hop's ``link_in``, both included.
    """

    namespace: str
    source: str
    destination: str
    link_in: str = ""
    link_out: str = ""
    route: Route | None = None
    next_hop: str = ""
    path: tuple[Spot, ...] = ()
    rewrites: tuple[Rewrite, ...] = ()
    rivals: tuple[str, ...] = ()
    """Other namespaces that have ``next_hop`` too: any of them may answer."""


class Stop(Value, frozen=True):
    """Where it ends and why, as far as the way itself shows it.

    =====================  ====================================================================
    no-route               ``namespace`` has no route to ``address``
    route-refuses          its route to ``address`` says unreachable, prohibit or blackhole
    no-address             it has no source address to send with
    link-down              ``link`` is down
    no-loopback            ``link``, the loopback, has no address that covers ``address``
    not-forwarding         ``link`` is a port in the spanning tree's state ``other``
    not-attached           ``link`` is not a port of the bridge ``other``, where the way goes on
    wrong-bridge           ``link`` is a port, but not of the bridge ``other``
    macvlan-parent         ``link`` is a macvlan or ipvlan, whose parent ``other`` cannot reach it
    address-on-port        ``link`` is a port of the bridge ``other``, and IP is to use it
    nobody-answers         no host behind ``link`` has ``address``
    out-of-sight           what is behind ``link`` is in no namespace of the snapshot
    no-forwarding          the packet is for somebody else, and ip_forward is 0
    rp-filter              it came in by ``link``, the way to ``address`` (its source) is another
    own-source             its source ``address`` is one of the namespace's own
    duplicate-address      several have ``address``; with some of them (``other``) it fails
    answered-elsewhere     the answer is delivered here, which is not who asked
    loop                   it comes to where it has been
    stranger               the answer comes from ``address``, which was not asked
    broadcast              ``address`` means all hosts on a segment
    filter-drop            ``ruling`` dropped it: a packet filter rule or a policy
    filter-reject          ``ruling`` refused it, and said so to the sender
    arp-off                nobody is asked for ``address`` by ``link``, or ``link`` does not answer
    arp-ignored            ``link`` does not answer for ``address``: arp_ignore is ``other``
    wrong-neighbour        ``address`` is written down as having the MAC ``other``, which is wrong
    duplicate-mac          ``link`` has the MAC ``other``, as who sends to it
    wrong-fdb              an entry of a bridge says that the MAC ``other`` is behind ``link``
    isolated-port          ``link`` and the port ``other`` are isolated from each other
    port-flags             the port ``link`` lets nothing pass: ``other`` is the switch
    vlan-missing           the port ``link`` does not carry the VLAN ``other``
    vlan-mismatch          ``link`` is for another VLAN than ``other``, whose frames come in there
    vlan-tagged            the port ``link`` leaves a tag on, for who knows no VLANs
    too-big                ``link`` (or a route) takes ``other`` bytes at most
    tc-drop                the queue ``other`` of ``link`` lets nothing of that size through
    ttl-exceeded           the packet has passed as many routers as it may
    macvlan-mode           ``link`` is a macvlan in mode ``other``, deaf to the others on its parent
    ipvlan-mode            ``link`` is an ipvlan in mode ``other``, which tells nobody its MAC (ARP)
    tunnel-mismatch        ``link`` and the tunnel's far end ``other`` do not fit together; without
                           a link in ``other`` that namespace has no end of it
    loopback-target        it came in by ``link``, and was then sent to ``address``, of lo
    echo-ignored           it answers no pings
    =====================  ====================================================================
    """

    kind: str
    namespace: str
    link: str = ""
    address: str = ""
    other: str = ""
    ruling: Ruling | None = None
    frame: str = ""
    """``arp`` if not the packet was filtered, but the question who has ``address``."""


class Doubt(Value, frozen=True):
    """A rule in ``namespace`` of which it is not known what it does to the packet."""

    namespace: str
    ruling: Ruling


class Trace(Value, frozen=True):
    """The way of a packet and of its answer.  ``stop`` is None if the answer arrives.

    ``back`` is empty if the packet does not arrive.  ``doubts`` are rules on the way that are not
    understood: the way is given as if they let the packet pass unchanged.
    """

    namespace: str
    address: str
    there: tuple[Hop, ...] = ()
    back: tuple[Hop, ...] = ()
    stop: Stop | None = None
    doubts: tuple[Doubt, ...] = ()
    protocol: str = "icmp"
    port: int | None = None
    size: int = 0
    """Bytes that the ping carries, and that may not be fragmented; 0 for as usual."""

    @property
    def ok(self) -> bool:
        """Whether the answer arrives."""
        return self.stop is None

    @property
    def hops(self) -> tuple[Hop, ...]:
        """There and back."""
        return self.there + self.back
