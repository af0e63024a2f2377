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
        :param frames: how many to keep; later ones are only counted
        :param bytes: how many bytes to keep, likewise
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
        """Ping an address or a name from a namespace.

        :param ns: the namespace; None or ``"host"`` is the host
        :param target: an address or a name
        :param count: how many requests
        :param interval: seconds between two of them
        :param timeout: seconds to wait for the last answer; "host unreachable" takes three
        :param size: bytes of data in each request; None: 56
        :raises InvalidInput: the target, the count or the timeout cannot work
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
        """Ask by ARP who has an IPv4 address.

        :param ns: the namespace; None or ``"host"`` is the host
        :param target: the IPv4 address
        :param on: the link to ask on; None: the one whose subnet has the address
        :param count: how many requests
        :param timeout: seconds to wait for each answer
        :raises NotFound: there is no such link, or none in that subnet
        :raises InvalidInput: the target is not an IPv4 address
        """
        return crafted.arping(self._engine, ns, target, on, count=count, timeout=timeout)

    @checked
    def traceroute(
        self, ns: str | None, target: str, *, hops: int = 6, timeout: float = 0.5
    ) -> TracerouteResult:
        """The routers on the way.

        :param ns: the namespace; None or ``"host"`` is the host
        :param target: an address or a name
        :param hops: how many routers at most
        :param timeout: seconds to wait for each
        """
        return tools.traceroute(self._engine, ns, target, hops=hops, timeout=timeout)

    @checked
    def http(self, ns: str | None, url: str, *, timeout: float = 5.0) -> FetchResult:
        """Fetch a page with curl, from its own local port.

        :param ns: the namespace; None or ``"host"`` is the host
        :param url: such as ``http://www.example.org/``
        :param timeout: seconds until it gives up
        :raises InvalidInput: it is not an http address
        """
        return tools.http(self._engine, ns, url, self._counters.port(), timeout=timeout)

    @checked
    def resolve(
        self, ns: str | None, name: str, server: str | None = None, *, timeout: float = 1.0
    ) -> ResolveResult:
        """Ask a name server for a name's addresses.

        :param ns: the namespace; None or ``"host"`` is the host
        :param name: the name
        :param server: the name server; None: the namespace's own
        :param timeout: seconds to wait for its answer
        """
        return tools.resolve(self._engine, ns, name, server, timeout=timeout)

    @checked
    def send(
        self, packets: Any, on: str, *, count: int = 1, rate: float | None = None
    ) -> SendResult:
        """Send frames on a link, such as ``ns1/eth0``, as they are.

        Addresses that a scapy packet leaves open are filled in from the lab: the link's own as the
        source, the next hop's MAC as the destination.

        :param packets: a scapy packet that begins with ``Ether``, bytes, or a list of those
        :param on: the link
        :param count: how many times
        :param rate: frames per second; None: as fast as the link takes them
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
