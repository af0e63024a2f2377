"""What the kernel keeps that a picture of links does not show.

Learned addresses, listening programs, and the states that a bridge's port goes through.
"""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from nslab.errors import InvalidInput
from nslab.network import names
from nslab.network.arguments import checked
from nslab.network.model import Snapshot
from nslab.printable import short
from nslab.session.capture import owners

if TYPE_CHECKING:
    from nslab.draw import Picture
    from nslab.network.actions import Action
    from nslab.session.outcome import ActionResult, CommandResult

POLL, MOST = 0.05, 120.0
"""Seconds between two looks at a port, and how long one may watch it."""

_LINE = re.compile(
    r"(tcp|udp)\s+\S+\s+\d+\s+\d+\s+(\S+):(\d+)\s+\S+"
    r'(?:\s+users:\(\("([^"]*)",pid=(\d+))?'
)
"""A line of ``ss -Hltunp``."""


class Station(Struct, frozen=True):
    """An address on the wire that a bridge knows: who has it, and behind which port."""

    who: str
    """The link that has it, as ``ns1/eth0``; the MAC itself if none of the lab has it."""
    mac: str
    port: str
    learned: bool
    """Whether it was learned from a frame; else it is the port's own, or somebody entered it."""


class Stations(Sequence[Station]):
    """The forwarding table of a bridge; shows itself as the bridge with who is behind each port."""

    def __init__(self, bridge: str, ports: Sequence[str], stations: Iterable[Station]) -> None:
        self.bridge = bridge
        self.ports = tuple(ports)
        self._stations = tuple(stations)

    def __len__(self) -> int:
        return len(self._stations)

    def __getitem__(self, place: Any) -> Any:
        return self._stations[place]

    def behind(self, port: str) -> list[str]:
        """Whom the bridge has learned behind a port."""
        return [one.who for one in self._stations if one.port == port and one.learned]

    def __str__(self) -> str:
        if not self.ports:
            return f"{self.bridge} has no port"
        wide = max(map(len, self.ports))
        lines = [
            f"  {port:<{wide}}  ← {', '.join(self.behind(port)) or 'nobody yet'}"
            for port in self.ports
        ]
        return "\n".join([f"{self.bridge} has learned", *lines, f"as a command: {self._raw}"])

    __repr__ = __str__

    @property
    def _raw(self) -> str:
        return f"bridge fdb show br {self.bridge} dynamic"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from nslab.draw.paint.tables import stations

        drawn = stations(self.bridge, [(port, self.behind(port)) for port in self.ports])
        return {"text/plain": str(self), "text/html": drawn + _command(self._raw)}


class Listener(Struct, frozen=True):
    """A program that waits for packets or connections."""

    ns: str
    protocol: str
    address: str
    """The address that it listens at; ``0.0.0.0`` and ``::`` are all of the namespace."""
    port: int
    program: str

    @property
    def at(self) -> str:
        """Address and port, as ``ss`` writes them: ``127.0.0.1:80``, ``*:80``."""
        every = self.address in ("0.0.0.0", "*", "[::]")
        return f"{'*' if every else self.address}:{self.port}"

    def __str__(self) -> str:
        return f"{self.program} listens at {self.at}" + ("/udp" if self.protocol == "udp" else "")


class Listeners(Sequence[Listener]):
    """Who listens where; shows itself on the picture of the lab, each at its namespace."""

    def __init__(self, listeners: Iterable[Listener], picture: Callable[[], Picture]) -> None:
        self._listeners = tuple(listeners)
        self._picture = picture

    def __len__(self) -> int:
        return len(self._listeners)

    def __getitem__(self, place: Any) -> Any:
        return self._listeners[place]

    def __str__(self) -> str:
        if not self._listeners:
            return "nobody listens"
        rows = [(one.ns, one.protocol, one.at, one.program) for one in self._listeners]
        wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join(word.ljust(w) for word, w in zip(row, wide, strict=True)).rstrip()
            for row in rows
        )

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {
            "text/plain": str(self),
            "text/html": self._picture().output
            + _command("ss --listening --tcp --udp --processes"),
        }


class PortStates(Struct, frozen=True):
    """The states that a port went through, each with when it began, in seconds.

    Shows itself as a time line.
    """

    port: str
    states: dict[str, float]
    seconds: float
    """How long it was watched."""

    def __str__(self) -> str:
        said = ", ".join(f"{state} from {begin:.1f} s" for state, begin in self.states.items())
        return f"{self.port}: {said}"

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from nslab.draw.paint.tables import timeline

        return {
            "text/plain": str(self),
            "text/html": timeline(self.port, list(self.states.items()), self.seconds),
        }


class Tables:
    """What a lab's kernel keeps in tables.  A base of :class:`nslab.Lab`."""

    run: Callable[..., CommandResult]
    do: Callable[..., ActionResult]
    snapshot: Callable[[], Snapshot]

    @checked
    def fdb(self, bridge: str, ns: str | None = None) -> Stations:
        """Which addresses a bridge has learned behind which port: its forwarding table.

        :param bridge: its name
        :param ns: the namespace that it is in; None or ``host`` for the host
        :raises NotFound: there is no such link there
        :raises InvalidInput: it is no bridge
        """
        snapshot = self.snapshot()
        here = snapshot.namespace(names.namespace_reference(ns) or "host")
        link = here.link(bridge)
        if link.kind != "bridge":
            raise InvalidInput(
                "look at the table of",
                short(bridge),
                f"it is of kind {link.kind or 'device'}, and only a bridge learns",
                "name a bridge, such as lxcbr0",
            )
        ports = [one.name for one in here.links if one.master == bridge]
        who = owners(snapshot)
        found = [
            Station(who.get(one.mac, one.mac), one.mac, one.dev, one.state == "learned")
            for one in here.fdb
            if one.dev in ports and not one.own
        ]
        return Stations(bridge, ports, sorted(found, key=lambda s: (ports.index(s.port), s.who)))

    @checked
    def listening(self, ns: str | None = None) -> Listeners:
        """Which programs wait for packets, at which address and port, in which namespace.

        :param ns: a namespace; None for all of the lab's
        :raises NotFound: there is no such namespace
        """
        snapshot = self.snapshot()
        wanted = names.namespace_reference(ns)
        spaces = [one for one in snapshot if one.role != "world"]
        if ns is not None:
            spaces = [snapshot.namespace(wanted or "host")]
        found = [
            listener
            for space in spaces
            for listener in _listeners(
                space.label,
                self.run("ss", "-Hltunp", ns=None if space.role == "host" else space.label).stdout,
            )
        ]

        def picture() -> Picture:
            from nslab.draw import Picture

            said: dict[int, list[str]] = {}
            for space in spaces:
                mine = [str(one) for one in found if one.ns == space.label]
                said[space.inode] = list(dict.fromkeys(mine))
            return Picture(snapshot, said=said)

        return Listeners(found, picture)

    @checked
    def port_states(self, port: str, *actions: Action, seconds: float = 40.0) -> PortStates:
        """Do something, then watch a port of a bridge until it forwards: when each state began.

        :param port: the port's name, in the host
        :param actions: what is done first, such as setting both ends up
        :param seconds: how long to wait at most
        :raises InvalidInput: it is no port of a bridge, or that is too long
        """
        if not 0 < seconds <= MOST:
            raise InvalidInput(
                "watch", port, f"{seconds:g} s is no time to wait", f"give up to {MOST:g} seconds"
            )
        if actions:
            self.do(*actions)
        begin, states = time.monotonic(), dict[str, float]()
        while True:
            link = self.snapshot().host.link(port)
            now = time.monotonic() - begin
            if link.port is None:
                raise InvalidInput(
                    "watch", short(port), "it is no port of a bridge", "attach it to one first"
                )
            states.setdefault(link.port.state, round(now, 1))
            if link.port.state == "forwarding" or now >= seconds:
                return PortStates(port, states, round(now, 1))
            time.sleep(POLL)


def _listeners(label: str, printed: str) -> list[Listener]:
    found = {
        Listener(label, protocol, address, int(port), _program(program, pid))
        for protocol, address, port, program, pid in _LINE.findall(printed)
    }
    return sorted(found, key=lambda one: (one.protocol, one.port, one.address, one.program))


def _program(name: str, pid: str) -> str:
    """A program's name; the lab itself is number 1 of the host."""
    return "the lab itself" if pid == "1" else name or "a program"


def _command(words: str) -> str:
    return f'<p style="opacity:.78">as a command: <code>{html.escape(words)}</code></p>'


__all__ = ["Listener", "Listeners", "PortStates", "Station", "Stations", "Tables"]
