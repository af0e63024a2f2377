"""What the kernel has counted, and which connections it tracks, as small tables.

The kernel's files are for programs: two lines for each protocol, names in one and numbers in the
other (``/proc/net/snmp``), an entry of conntrack in a line of twenty words.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from nslab.errors import InvalidInput
from nslab.explain.diagnose.remedy import typed
from nslab.network import names
from nslab.network.arguments import checked
from nslab.network.model import Flow, Namespace, Tracked
from nslab.printable import short

if TYPE_CHECKING:
    from nslab.engine.protocol import Engine
    from nslab.session.outcome import CommandResult

FILES = ("/proc/net/snmp", "/proc/net/netstat")
RAW = "nstat -asz"
"""The same by iproute2."""

MEANINGS = {
    "IpInReceives": "packets that came in",
    "IpInDelivers": "for this namespace itself",
    "IpForwDatagrams": "forwarded to another link",
    "IpOutRequests": "sent by programs of this namespace",
    "IpInAddrErrors": "for an address that is not ours, and forwarding is off",
    "IpInHdrErrors": "with a header that is wrong, or at the end of their TTL",
    "IpInDiscards": "thrown away on the way in",
    "IpInUnknownProtos": "of a protocol that nothing here speaks",
    "IpOutDiscards": "thrown away on the way out",
    "IpOutNoRoutes": "without a route",
    "IpFragFails": "too large, and not to be cut",
    "IpReasmFails": "of which a piece never came",
    "IcmpInEchos": "pings that came in",
    "IcmpOutEchoReps": "answers to them",
    "IcmpOutEchos": "pings that went out",
    "IcmpInEchoReps": "answers that came in",
    "IcmpInDestUnreachs": "told by others: it cannot be reached",
    "IcmpOutDestUnreachs": "told to others: it cannot be reached",
    "IcmpOutRedirects": "told to others: there is a shorter way",
    "TcpActiveOpens": "connections begun here",
    "TcpPassiveOpens": "connections accepted here",
    "TcpAttemptFails": "connections that were refused or never answered",
    "TcpRetransSegs": "segments sent again, because no answer came",
    "TcpOutRsts": "refusals sent",
    "UdpInDatagrams": "datagrams that a program took",
    "UdpNoPorts": "datagrams to a port where nothing listens",
    "UdpOutDatagrams": "datagrams sent",
    "IpExtInNoRoutes": "for which there was no way on",
    "TcpExtIPReversePathFilter": "whose source would be answered elsewhere (rp_filter)",
    "TcpExtListenOverflows": "for a server with too many who wait",
}
"""The kernel's names as nstat(8) writes them, and what is counted; in the order of the table."""

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}
_WITH_PORTS = frozenset({"tcp", "udp"})


class Count(Struct, frozen=True):
    """A counter: its name, what it has come to, and how much of that is new."""

    name: str
    value: int
    new: int | None = None
    """Since the table before; None in the first."""

    @property
    def meaning(self) -> str:
        """What is counted, in words."""
        return MEANINGS[self.name]


class Counts(Sequence[Count]):
    """The counters of a namespace that are not zero, or that were asked for by name.

    >>> from nslab import Lab
    >>> with Lab() as lab:
    ...     _ = lab.counters("host", "IcmpOutEchos")
    ...     _ = lab.ping("host", "198.51.100.1")
    ...     lab.counters("host", "IcmpOutEchos")[0].new
    1
    """

    def __init__(self, ns: str, counts: Iterable[Count], where: Namespace | None = None) -> None:
        self.ns = ns
        self._where = where
        self._counts = tuple(counts)

    def __len__(self) -> int:
        return len(self._counts)

    def __getitem__(self, place: Any) -> Any:
        return self._counts[place]

    def __str__(self) -> str:
        return _text(self._rows(), self._raw())

    __repr__ = __str__

    def _rows(self) -> list[list[str]]:
        changes = any(count.new is not None for count in self._counts)
        rows = []
        for count in self._counts:
            change = [f"+{count.new}" if count.new else ""] if changes else []
            rows.append([count.name, str(count.value), *change, count.meaning])
        return rows

    def _raw(self) -> str:
        line = " ".join([RAW, *(count.name for count in self._counts)])
        return _typed(self.ns, self._where, line)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": _html(self._rows(), self._raw())}


class Connections(Sequence[Tracked]):
    """The connections that namespaces track, and how each is translated.

    An entry of conntrack: what the first packet looked like as it came, and what the answer looks
    like.  Where the two are no mirror images, the packets are rewritten on the way.
    """

    def __init__(
        self, entries: Iterable[Tracked], ns: str = "", places: Iterable[Namespace] = ()
    ) -> None:
        self._entries = tuple(entries)
        self._ns = ns
        self._places = {place.label: place for place in places}

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, place: Any) -> Any:
        return self._entries[place]

    def __str__(self) -> str:
        if not self._entries:
            return f"no connection is tracked{f' in {self._ns}' if self._ns else ''}"
        return _text(self._rows(), self._raw())

    __repr__ = __str__

    def _rows(self) -> list[list[str]]:
        # Each ping is an entry of its own, by its number, which says nothing here.
        rows = (
            (entry.ns, _protocol(entry.original), _flow(entry.original), _translated(entry))
            for entry in self._entries
        )
        return [list(row) for row in dict.fromkeys(rows)]

    def _raw(self) -> str:
        places = dict.fromkeys(entry.ns for entry in self._entries)
        return "; ".join(_typed(ns, self._places.get(ns), "conntrack -L") for ns in places)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        if not self._entries:
            return {"text/plain": str(self)}
        return {"text/plain": str(self), "text/html": _html(self._rows(), self._raw())}


def _typed(ns: str, where: Namespace | None, line: str) -> str:
    """A command line as it is typed for a namespace; of some no more is known than the name."""
    if where is not None:
        return typed(where, line)
    return line if ns == "host" else f"ip netns exec {ns} {line}"


def _order(entry: Tracked) -> tuple[str, int, str]:
    return entry.ns, entry.original.protocol, _flow(entry.original)


def _protocol(flow: Flow) -> str:
    return _PROTOCOLS.get(flow.protocol, str(flow.protocol))


def _end(address: str, port: int, flow: Flow) -> str:
    if _protocol(flow) not in _WITH_PORTS:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _flow(flow: Flow) -> str:
    source = _end(flow.source, flow.source_port, flow)
    return f"{source} → {_end(flow.target, flow.target_port, flow)}"


def _translated(entry: Tracked) -> str:
    """What leaves instead: the reply, read backwards, if it is another packet."""
    reply = entry.reply
    leaves = Flow(
        protocol=reply.protocol,
        source=reply.target,
        source_port=reply.target_port,
        target=reply.source,
        target_port=reply.source_port,
    )
    there, here = _flow(leaves), _flow(entry.original)
    return "" if there == here else f"leaves as {there}"


def _text(rows: Sequence[Sequence[str]], raw: str) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, f"as a command: {raw}"])


def _html(rows: Sequence[Sequence[str]], raw: str) -> str:
    body = "".join(
        "<tr>"
        + "".join(f'<td style="text-align:left">{html.escape(word)}</td>' for word in row)
        + "</tr>"
        for row in rows
    )
    return (
        f'<table style="margin-left:0">{body}</table>'
        f'<p style="opacity:.7">as a command: <code>{html.escape(raw)}</code></p>'
    )


def parsed(text: str) -> dict[str, int]:
    """The counters of /proc/net/snmp and /proc/net/netstat by nstat's names.

    >>> parsed("Ip: Forwarding InReceives\\nIp: 1 7")
    {'IpForwarding': 1, 'IpInReceives': 7}
    """
    lines = [line.split() for line in text.splitlines() if ":" in line]
    found: dict[str, int] = {}
    for head, values in zip(lines[::2], lines[1::2], strict=False):
        prefix = head[0].removesuffix(":")
        for name, value in zip(head[1:], values[1:], strict=False):
            found[prefix + name] = int(value)
    return found


class Counting:
    """What a lab's kernel has counted.  A base of :class:`nslab.Lab`."""

    _engine: Engine
    run: Callable[..., CommandResult]

    def __init__(self) -> None:
        self._seen: dict[str, Mapping[str, int]] = {}

    @checked
    def counters(self, ns: str | None = None, *which: str) -> Counts:
        """What a namespace has counted since it was made, and how much is new since last time.

        :param ns: the namespace; None or ``host`` for the host
        :param which: names as ``nstat`` writes them, such as ``IpForwDatagrams``; none for all that
            are not zero
        :raises InvalidInput: there is no such counter here
        """
        place = names.namespace_reference(ns) or "host"
        for name in which:
            if name not in MEANINGS:
                raise InvalidInput("count", short(name), "it is none of these", ", ".join(MEANINGS))
        now = parsed(self.run("cat", *FILES, ns=None if place == "host" else place).stdout)
        before = self._seen.get(place)
        self._seen[place] = now
        counts = [
            Count(name, now[name], None if before is None else now[name] - before.get(name, 0))
            for name in MEANINGS
            if name in now and (name in which or (not which and now[name]))
        ]
        # How a command is typed for the host is plain without a look.
        here = None if place == "host" else self._engine.snapshot().namespace(place)
        return Counts(place, counts, here)

    @checked
    def connections(self, ns: str | None = None, protocol: str | None = None) -> Connections:
        """The connections that are tracked, and how they are translated.

        :param ns: those of one namespace only, ``host`` is one; None for all
        :param protocol: those of ``icmp``, ``tcp``, ``udp`` or ``icmpv6`` only
        :raises InvalidInput: there is no such protocol
        """
        if protocol not in (None, *_PROTOCOLS.values()):
            raise InvalidInput(
                "list the connections",
                short(protocol),
                "no protocol is called so",
                f"such as {', '.join(_PROTOCOLS.values())}",
            )
        place = names.namespace_reference(ns)
        found = [
            entry
            for entry in self._engine.tracked()
            if place in (None, entry.ns) and protocol in (None, _protocol(entry.original))
        ]
        # How a command is typed for the host is plain without a look.
        within = any(entry.ns != "host" for entry in found)
        places = self._engine.snapshot().namespaces if within else ()
        return Connections(sorted(found, key=_order), place or "", places)
