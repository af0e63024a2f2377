"""Checks of namespaces: names, routes, neighbours, settings, translation, files."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import replace

from nslab.explain.trace.filter import Passage, passes
from nslab.explain.trace.hooks import asking
from nslab.explain.trace.packet import Packet
from nslab.network import names
from nslab.network.diff import route_text
from nslab.network.model import Route, Snapshot
from nslab.sentence import Sentence, sentence
from nslab.session.check.verdict import (
    RUN_IN_ORDER,
    Check,
    NotThere,
    Verdict,
    lacking,
    namespace_of,
    who,
)


class HasNamespace(Check, frozen=True):
    """There is a namespace of that name; ``alone``: with nothing in it but its loopback."""

    name: str
    alone: bool = False

    @property
    def wanted(self) -> str:
        if self.alone:
            return sentence("a namespace {name}, with nothing in it but a loopback", name=self.name)
        return sentence("a namespace {name}", name=self.name)

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.name)
        there = [link.name for link in namespace.links]
        if self.alone and there != ["lo"]:
            text = sentence("{name} already has {links}", name=self.name, links=", ".join(there))
            return Verdict(False, text, wanted=self.wanted)
        text = sentence("there is a namespace {name}", name=self.name)
        if self.alone:
            text = sentence(
                "there is a namespace {name}, with nothing in it but a loopback", name=self.name
            )
        return Verdict(True, text)


class NoNamespace(Check, frozen=True):
    """There is no namespace of that name.

    :param name: the name, in /run/netns or of a container
    """

    name: str

    @property
    def wanted(self) -> str:
        return sentence("no namespace {name}", name=self.name)

    def _judge(self, snapshot: Snapshot) -> Verdict:
        try:
            namespace_of(snapshot, self.name)
        except NotThere:
            return Verdict(True, sentence("there is no namespace {name}", name=self.name))
        text = sentence("there is a namespace {name}", name=self.name)
        return Verdict(False, text, RUN_IN_ORDER, self.wanted)


class NoProcess(Check, frozen=True):
    """No process runs in a namespace that is there all the same.

    :param ns: the namespace
    """

    ns: str

    @property
    def wanted(self) -> str:
        return sentence("a namespace {name} in which no process runs", name=self.ns)

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.ns)
        if namespace.processes:
            text = sentence(
                "a process runs in {place}: {command}",
                place=self.ns,
                command=namespace.processes[-1].command,
            )
            return Verdict(False, text, f"ip netns pids {self.ns}", self.wanted)
        return Verdict(True, sentence("no process runs in {place}", place=self.ns))


class NamedByPid(Check, frozen=True):
    """A container's namespace has a name in /run/netns that is the id of one of its processes."""

    container: str

    @property
    def wanted(self) -> str:
        return sentence(
            "the namespace of {container} is named by its process's id", container=self.container
        )

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.container)
        pids = {str(process.pid) for process in namespace.processes}
        if pids & set(namespace.names):
            return Verdict(True, self.wanted)
        text = sentence(
            "no name in /run/netns is the id of a process of {container}", container=self.container
        )
        return Verdict(False, text, "ln -s /proc/$PID/ns/net /run/netns/$PID")


class HasRoute(Check, frozen=True):
    """There is a route to that destination: ``via`` a gateway, through ``dev``, as far as named.

    :param destination: a network such as ``10.0.0.0/8``, or ``default``
    :param via: the gateway's address; None: any
    :param dev: the link; None: any
    :param ns: the namespace; the host if None
    """

    destination: str
    via: str | None = None
    dev: str | None = None
    ns: str | None = None

    @property
    def wanted(self) -> str:
        return sentence("{place} has a route {route}", place=who(self.ns), route=self._route)

    @property
    def _route(self) -> str:
        return route_text(Route(self.destination, via=self.via or "", dev=self.dev or ""))

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.ns)
        there = [
            route
            for route in namespace.routes
            if route.destination == self.destination and route.table == 254
        ]
        for route in there:
            if self.via in (None, route.via) and self.dev in (None, route.dev):
                return Verdict(
                    True,
                    sentence(
                        "{place} has a route {route}", place=who(namespace.label), route=self._route
                    ),
                )
        place, wanted = who(namespace.label), self._route
        text = sentence("{place} has no route {route}", place=place, route=wanted)
        if wanted != self.destination:
            text = sentence(
                "{place} has no route {route}: {now}",
                place=place,
                route=wanted,
                now=self._instead(there),
            )
        return Verdict(False, text, RUN_IN_ORDER)

    def _instead(self, there: Sequence[Route]) -> Sentence:
        """What there is to that destination."""
        if there:
            return sentence("it has {routes}", routes=", ".join(map(route_text, there)))
        if self.destination == "default":
            return sentence("no default route")
        return sentence("none to {destination}", destination=self.destination)


class NoRoute(Check, frozen=True):
    """Nothing in the routing table says where to send a packet for that address."""

    address: str
    ns: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        names.host_address(self.address)

    @property
    def wanted(self) -> str:
        where = who(self.ns)
        return sentence("{place} has no route for {address}", place=where, address=self.address)

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.ns)
        wanted = ipaddress.ip_address(self.address)
        for route in namespace.routes:
            network = "0.0.0.0/0" if route.destination == "default" else route.destination
            if wanted in ipaddress.ip_network(network):
                text = sentence(
                    "{place} has a route {route} for {address}",
                    place=who(namespace.label),
                    route=route.destination,
                    address=self.address,
                )
                return Verdict(False, text, RUN_IN_ORDER, self.wanted)
        text = sentence(
            "{place} has no route for {address}", place=who(namespace.label), address=self.address
        )
        return Verdict(True, text)


class HasNeighbour(Check, frozen=True):
    """The ARP table has an answer to who has that address on that link.

    :param address: the address of the neighbour
    :param dev: the link behind which it is
    :param ns: the namespace; the host if None
    """

    address: str
    dev: str
    ns: str | None = None

    @property
    def wanted(self) -> str:
        return self._knows(who(self.ns))

    def _knows(self, where: str) -> Sentence:
        return sentence(
            "{place} knows the MAC of {address} on {link}",
            place=where,
            address=self.address,
            link=self.dev,
        )

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.ns)
        for entry in namespace.neighbours:
            if (entry.address, entry.dev) == (self.address, self.dev) and entry.mac:
                return Verdict(True, self._knows(who(namespace.label)))
        text = sentence(
            "{place} does not know the MAC of {address} on {link}",
            place=who(namespace.label),
            address=self.address,
            link=self.dev,
        )
        return Verdict(False, text, sentence("it asks when it has something to send there"))


class OwnsAddress(Check, frozen=True):
    """An address is a namespace's own: some link of it has that, with whatever prefix length.

    A ping cannot tell: a loopback answers for each address of the network that it is given.

    :param address: without its prefix length, such as ``10.0.0.7``
    :param ns: the namespace; the host if None
    """

    address: str
    ns: str | None = None

    @property
    def wanted(self) -> str:
        where = who(self.ns)
        return sentence("{place} has the address {address}", place=where, address=self.address)

    def _judge(self, snapshot: Snapshot) -> Verdict:
        links = namespace_of(snapshot, self.ns).links
        there = [address.address for link in links for address in link.addresses]
        if self.address in (one.partition("/")[0] for one in there):
            return Verdict(True, self.wanted)
        return Verdict(False, lacking(who(self.ns), self.address, there), RUN_IN_ORDER)


class Setting(Check, frozen=True):
    """A kernel parameter has that value; those that a snapshot holds are known.

    :param key: the sysctl, such as ``net.ipv4.ip_forward``
    :param value: the value, as text
    :param ns: the namespace; the host if None
    """

    key: str
    value: str
    ns: str | None = None

    @property
    def wanted(self) -> str:
        return self._is(self.ns or "host", self.value)

    def _is(self, where: str, value: str) -> Sentence:
        return sentence("in {place}, {key} is {value}", place=where, key=self.key, value=value)

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.ns)
        value = namespace.sysctls.get(self.key, "unknown")
        ok = value == self.value
        hint = "" if ok else f"sysctl -w {self.key}={self.value}"
        text = self._is(namespace.label, value)
        if self.key not in namespace.sysctls:
            text = sentence("in {place}, {key} is unknown", place=namespace.label, key=self.key)
        return Verdict(ok, text, hint, "" if ok else self.wanted)


class Masquerades(Check, frozen=True):
    """What leaves ``out`` from ``source`` gets the address of ``out``.

    :param source: the network whose packets are translated
    :param out: the link that the packets leave by
    :param ns: the namespace; the host if None
    """

    source: str
    out: str
    ns: str | None = None

    @property
    def wanted(self) -> str:
        return self._done(self.ns or "host")

    def _done(self, where: str) -> Sentence:
        return sentence(
            "{place} masquerades {network} when it leaves by {link}",
            place=where,
            network=self.source,
            link=self.out,
        )

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.ns)
        packets = list(self._packets())
        found = [passes(namespace.rules, "postrouting", packet) for packet in packets]
        done = [_masqueraded(passage) for passage in found]
        if all(done):
            return Verdict(True, self._done(namespace.label))
        text = sentence(
            "{place} does not masquerade {network} when it leaves by {link}",
            place=namespace.label,
            network=self.source,
            link=self.out,
        )
        if any(done):
            left, what = packets[done.index(False)], text
            text = sentence(
                "not {protocol} from {source} to {target}",
                protocol=left.protocol,
                source=left.source,
                target=left.destination,
            )
            text = sentence("{what}: {now}", what=what, now=text)
        hint = f"iptables -t nat -A POSTROUTING -s {self.source} -o {self.out} -j MASQUERADE"
        return Verdict(False, text, hint)

    def _packets(self) -> Iterator[Packet]:
        """Some that leave: from both ends of the network, to two hosts, by each protocol."""
        network = ipaddress.ip_network(names.destination(self.source).replace("default", ANY))
        first = network[1] if network.num_addresses > 1 else network[0]
        for source in dict.fromkeys((first, network[-1])):
            for destination in ("203.0.113.80", "192.0.2.1"):
                for protocol, port in (("icmp", None), ("tcp", 80), ("udp", 53)):
                    asks = asking(str(source), destination, protocol, port)
                    yield replace(asks, link_out=self.out)


ANY = "0.0.0.0/0"


def _masqueraded(passage: Passage) -> bool:
    """Whether a packet gets the address of the link that it leaves by."""
    kind = passage.translated.kind if passage.translated else ""
    took = passage.ruling is not None and passage.ruling.verdict == "accept"
    return kind == "masquerade" or took


class HasFile(Check, frozen=True):
    """A file in /etc holds that text; a directory, with a path that ends in /, is there."""

    path: str
    text: str = ""

    @property
    def wanted(self) -> str:
        if self.path.endswith("/"):
            return sentence("a directory {path}", path=self.path)
        return sentence("{path} says: {text}", path=self.path, text=self.text.strip())

    def _judge(self, snapshot: Snapshot) -> Verdict:
        below = [name for name in snapshot.files if name.startswith(self.path)]
        if self.path.endswith("/"):
            # A directory with files in it is listed by its files.
            if below:
                return Verdict(True, sentence("there is a directory {path}", path=self.path))
            text = sentence("there is no directory {path}", path=self.path)
            return Verdict(False, text, RUN_IN_ORDER)
        found = snapshot.files.get(self.path)
        if found is None:
            text = sentence("{path} is missing, or the same as in a fresh lab", path=self.path)
            if self.path.startswith("/etc/netns/"):  # a fresh lab has none
                text = sentence("there is no file {path}", path=self.path)
            return Verdict(False, text, RUN_IN_ORDER, self.wanted)
        if found.strip() == self.text.strip():
            return Verdict(True, self.wanted)
        text = sentence("{path} says: {text}", path=self.path, text=found.strip())
        return Verdict(False, text, RUN_IN_ORDER, self.wanted)
