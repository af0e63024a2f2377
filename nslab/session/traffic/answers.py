"""What became of an attempt, as values that say it."""

from __future__ import annotations

import itertools

from msgspec import Struct

from nslab.network.model import Place

HTTP_PORT = 40000
"""Local ports of the requests count up from here."""


class Counters:
    """What counts up in a lab, so that the same steps send the same frames."""

    def __init__(self) -> None:
        self._pings = itertools.cycle(range(1, 0xFFFF))
        self._ports = itertools.cycle(range(HTTP_PORT, HTTP_PORT + 9000))

    def ping(self) -> int:
        """An identifier for the next ping."""
        return next(self._pings)

    def port(self) -> int:
        """A local port for the next connection."""
        return next(self._ports)


class Answer(Struct, frozen=True, kw_only=True):
    """What became of an attempt; true if it went well.  ``output`` is what the tool printed."""

    ns: str
    target: str
    error: str = ""
    """Why it did not go well, in the words of who refused it."""
    output: str = ""

    def __bool__(self) -> bool:
        return not self.error

    def _says(self) -> str:
        return ""

    def __str__(self) -> str:
        if self.error:
            return f"✘ {self._says()}: {self.error}" if self._says() else f"✘ {self.error}"
        return self._says()

    def __repr__(self) -> str:
        return str(self)


class PingResult(Answer, frozen=True, kw_only=True):
    """Echo requests; true if there was an answer.  ``times`` are in milliseconds."""

    sent: int
    received: int
    answered_by: str = ""
    ttl: int = 0
    """What was left of the time to live of 64 or so: each router takes one."""
    times: tuple[float, ...] = ()

    def _says(self) -> str:
        if not self.sent:
            return ""
        who = f" from {self.answered_by}" if self.answered_by else ""
        return f"{self.sent} sent, {self.received} received{who}"


class ArpResult(Answer, frozen=True, kw_only=True):
    """An ARP question; true if somebody has the address."""

    mac: str = ""
    owner: str = ""
    """Which link of the lab has that MAC, such as ``ns1/eth0``."""
    on: str = ""
    times: tuple[float, ...] = ()

    def _says(self) -> str:
        return f"{self.target} is at {self.owner or self.mac}" if self.mac else ""


class Hop(Struct, frozen=True):
    """A router on the way; ``address`` is empty if it kept silent.  ``time`` in milliseconds."""

    number: int
    address: str
    time: float = 0.0
    mark: str = ""
    """What it said beside "time exceeded": !H host, !N network, !X prohibited."""

    def __str__(self) -> str:
        return f"{self.number}  {self.address or '*'} {self.mark}".rstrip()


class TracerouteResult(Answer, frozen=True, kw_only=True):
    """The routers on the way to a target; true if it was reached."""

    hops: tuple[Hop, ...] = ()

    def __str__(self) -> str:
        return "\n".join([*map(str, self.hops), *([f"✘ {self.error}"] if self.error else [])])


class FetchResult(Answer, frozen=True, kw_only=True):
    """An HTTP request; true if the status is below 400."""

    status: int = 0
    reason: str = ""
    headers: dict[str, str] = {}
    body: str = ""

    def _says(self) -> str:
        return "" if self.error else f"{self.status} {self.reason}: {self.body.strip()}"


class ResolveResult(Answer, frozen=True, kw_only=True):
    """A question to the name server; true if there is an address."""

    addresses: tuple[str, ...] = ()

    def _says(self) -> str:
        return f"{self.target} is {', '.join(self.addresses)}" if self.addresses else ""


class SendResult(Struct, frozen=True):
    """Frames that were sent: how many the kernel took, where, and their bytes."""

    count: int
    place: Place
    frames: tuple[bytes, ...]

    def __str__(self) -> str:
        return f"{self.count:,} frame{'' if self.count == 1 else 's'} sent on {self.place}"

    __repr__ = __str__
