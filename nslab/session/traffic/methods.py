"""The part of a lab that is about frames: capture, ping, send and their like."""

from __future__ import annotations

from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from nslab.network.arguments import checked
from nslab.session import capture as captures
from nslab.session.capture import Capture
from nslab.session.traffic import crafted, tools
from nslab.session.traffic.answers import (
    ArpResult,
    Counters,
    FetchResult,
    PingResult,
    ResolveResult,
    SendResult,
    TracerouteResult,
)

if TYPE_CHECKING:
    from nslab.draw import Picture
    from nslab.engine.protocol import Engine
    from nslab.network.diff import Diff
    from nslab.network.model import Snapshot
    from nslab.session.traffic.scapy_socket import LabSocket


class Traffic:
    """What can be done with frames in a lab.  A base of :class:`nslab.Lab`."""

    _engine: Engine

    def __init__(self) -> None:
        self._counters = Counters()
        self._left: SimpleQueue[int] = SimpleQueue()  # captures that were forgotten

    def snapshot(self) -> Snapshot:
        """What the kernel reports now."""
        raise NotImplementedError

    def _draw(self, what: Snapshot | Diff) -> Picture:
        """A picture in which nothing jumps that was in the lab's pictures before."""
        raise NotImplementedError

    @checked
    def capture(
        self,
        *where: str,
        filter: str = "",
        frames: int = captures.FRAMES,
        bytes: int = captures.BYTES,
    ) -> Capture:
        """Record frames from now on, on many links of many namespaces at once.

        :param where: links: ``eth0`` of the host, ``ns1/eth0``, ``ns1/*`` for all of a namespace,
            ``*`` for everything with the world outside; none for the host and its namespaces
        :param filter: as for tcpdump, such as ``"icmp or arp"``
        :param frames: how many are kept; what comes after is counted only
        :param bytes: how much is kept, likewise
        :raises NotFound: there is no such namespace or link
        :raises InvalidInput: the filter cannot be understood; says it in tcpdump's words
        """
        return captures.start(
            self._engine,
            self.snapshot,
            self._left,
            where,
            filter=filter,
            frames=frames,
            bytes=bytes,
            draw=self._draw,
        )

    @checked
    def ping(
        self,
        ns: str | None,
        target: str,
        *,
        count: int = 1,
        interval: float = 0.1,
        timeout: float = 4.0,
        size: int | None = None,
    ) -> PingResult:
        """Ping an address or a name from a namespace; None or ``"host"`` is the host.

        :param timeout: seconds to wait for the last answer; "host unreachable" takes three
        :param size: bytes of data in each request, 56 if nothing is said
        """
        return tools.ping(
            self._engine,
            ns,
            target,
            self._counters.ping(),
            count=count,
            interval=interval,
            timeout=timeout,
            size=size,
        )

    @checked
    def arping(
        self,
        ns: str | None,
        target: str,
        *,
        on: str | None = None,
        count: int = 1,
        timeout: float = 1.0,
    ) -> ArpResult:
        """Ask by ARP who has an IPv4 address, on a link or on that in whose subnet it is."""
        return crafted.arping(self._engine, ns, target, on, count=count, timeout=timeout)

    @checked
    def traceroute(
        self, ns: str | None, target: str, *, hops: int = 6, timeout: float = 0.5
    ) -> TracerouteResult:
        """The routers on the way; ``timeout`` is the seconds to wait for each."""
        return tools.traceroute(self._engine, ns, target, hops=hops, timeout=timeout)

    @checked
    def http(self, ns: str | None, url: str, *, timeout: float = 5.0) -> FetchResult:
        """Fetch a page with curl, from a local port of its own."""
        return tools.http(self._engine, ns, url, self._counters.port(), timeout=timeout)

    @checked
    def resolve(
        self, ns: str | None, name: str, server: str | None = None, *, timeout: float = 1.0
    ) -> ResolveResult:
        """Ask for a name's addresses: the namespace's name server, or another."""
        return tools.resolve(self._engine, ns, name, server, timeout=timeout)

    @checked
    def send(
        self, packets: Any, on: str, *, count: int = 1, rate: float | None = None
    ) -> SendResult:
        """Send frames on a link, such as ``ns1/eth0``, as they are.

        Addresses that a scapy packet leaves open are filled in from the lab: the link's own as the
        source, the next hop's MAC as the destination.

        :param packets: a scapy packet that begins with ``Ether``, bytes, or a list of those
        :param count: how many times over
        :param rate: frames a second; as fast as the link takes them if nothing is said
        :raises NotFound: there is no such link
        :raises KernelRefused: it is down, or a frame is too long for it
        """
        return crafted.send(self._engine, packets, on, count=count, rate=rate)

    @checked
    def scapy(self, on: str, filter: str = "") -> LabSocket:
        """A scapy socket on a link such as ``ns1/eth0``, for ``sr1``, ``sr``, ``sniff`` and more.

        >>> from nslab import Lab
        >>> from scapy.layers.inet import ICMP, IP
        >>> from scapy.layers.l2 import Ether
        >>> with Lab() as lab, lab.scapy("eth0") as socket:
        ...     answer = socket.sr1(Ether()/IP(dst="198.51.100.1")/ICMP(), timeout=2, verbose=0)
        ...     answer["IP"].src
        '198.51.100.1'

        :param filter: as for tcpdump
        """
        from nslab.session.traffic.scapy_socket import LabSocket

        return LabSocket(self._engine, on, filter)
