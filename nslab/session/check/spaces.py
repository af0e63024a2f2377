"""Checks of namespaces: names, routes, neighbours, settings, translation, files."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import replace

from nslab.explain.trace.filter import Passage, passes
from nslab.explain.trace.hooks import asking
from nslab.explain.trace.packet import Packet
from nslab.network import names
from nslab.network.model import Snapshot
from nslab.session.check.verdict import RUN_IN_ORDER, Check, NotThere, Verdict, namespace_of


class HasNamespace(Check, frozen=True):
    """There is a namespace of that name; ``alone``: with nothing in it but its loopback."""

    name: str
    alone: bool = False

    @property
    def wanted(self) -> str:
        only = ", with nothing in it but a loopback" if self.alone else ""
        return f"a namespace {self.name}{only}"

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.name)
        there = [link.name for link in namespace.links]
        if self.alone and there != ["lo"]:
            text = f"{self.name} already has {', '.join(there)}"
            return Verdict(False, text, wanted=self.wanted)
        return Verdict(True, f"there is {self.wanted}")


class NoNamespace(Check, frozen=True):
    """There is no namespace of that name.

    :param name: the name, in /run/netns or of a container
    """

    name: str

    @property
    def wanted(self) -> str:
        return f"no namespace {self.name}"

    def _judge(self, snapshot: Snapshot) -> Verdict:
        try:
            namespace_of(snapshot, self.name)
        except NotThere:
            return Verdict(True, f"there is no namespace {self.name}")
        return Verdict(False, f"there is a namespace {self.name}", RUN_IN_ORDER, self.wanted)


class NoProcess(Check, frozen=True):
    """No process runs in a namespace that is there all the same.

    :param ns: the namespace
    """

    ns: str

    @property
    def wanted(self) -> str:
        return f"a namespace {self.ns} in which no process runs"

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.ns)
        if namespace.processes:
            text = f"a process runs in {self.ns}: {namespace.processes[-1].command}"
            return Verdict(False, text, f"ip netns pids {self.ns}", self.wanted)
        return Verdict(True, f"no process runs in {self.ns}")


class NamedByPid(Check, frozen=True):
    """A container's namespace has a name in /run/netns that is the id of one of its processes."""

    container: str

    @property
    def wanted(self) -> str:
        return f"the namespace of {self.container} is named by its process's id"

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.container)
        pids = {str(process.pid) for process in namespace.processes}
        if pids & set(namespace.names):
            return Verdict(True, self.wanted)
        text = f"no name in /run/netns is the id of a process of {self.container}"
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
        return f"{self.ns or 'host'} has a route {self._route}"

    @property
    def _route(self) -> str:
        via = f" via {self.via}" if self.via else ""
        return f"{self.destination}{via}" + (f" dev {self.dev}" if self.dev else "")

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.ns)
        for route in namespace.routes:
            if (
                route.destination == self.destination
                and route.table == 254
                and self.via in (None, route.via)
                and self.dev in (None, route.dev)
            ):
                return Verdict(True, f"{namespace.label} has a route {self._route}")
        return Verdict(False, f"{namespace.label} has no route {self._route}", RUN_IN_ORDER)


class NoRoute(Check, frozen=True):
    """Nothing in the routing table says where to send a packet for that address."""

    address: str
    ns: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        names.host_address(self.address)

    @property
    def wanted(self) -> str:
        return f"{self.ns or 'host'} has no route for {self.address}"

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.ns)
        wanted = ipaddress.ip_address(self.address)
        for route in namespace.routes:
            network = "0.0.0.0/0" if route.destination == "default" else route.destination
            if wanted in ipaddress.ip_network(network):
                return Verdict(
                    False,
                    f"{namespace.label} has a route {route.destination} for {self.address}",
                    RUN_IN_ORDER,
                    self.wanted,
                )
        return Verdict(True, f"{namespace.label} has no route for {self.address}")


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
        return f"{self.ns or 'host'} knows the MAC of {self.address} on {self.dev}"

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.ns)
        for entry in namespace.neighbours:
            if (entry.address, entry.dev) == (self.address, self.dev) and entry.mac:
                text = f"{namespace.label} knows the MAC of {self.address} on {self.dev}"
                return Verdict(True, text)
        text = f"{namespace.label} does not know the MAC of {self.address} on {self.dev}"
        return Verdict(False, text, "it asks when it has something to send there")


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
        return f"{self.ns or 'host'} has the address {self.address}"

    def _judge(self, snapshot: Snapshot) -> Verdict:
        links = namespace_of(snapshot, self.ns).links
        there = [address.address for link in links for address in link.addresses]
        if self.address in (one.partition("/")[0] for one in there):
            return Verdict(True, self.wanted)
        has = ", ".join(there) or "no address"
        text = f"{self.ns or 'host'} does not have {self.address}: it has {has}"
        return Verdict(False, text, RUN_IN_ORDER)


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
        return f"in {self.ns or 'host'}, {self.key} is {self.value}"

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.ns)
        value = namespace.sysctls.get(self.key, "unknown")
        ok = value == self.value
        hint = "" if ok else f"sysctl -w {self.key}={self.value}"
        text = f"in {namespace.label}, {self.key} is {value}"
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
        return f"{self.ns or 'host'} masquerades {self.source} when it leaves by {self.out}"

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.ns)
        packets = list(self._packets())
        found = [passes(namespace.rules, "postrouting", packet) for packet in packets]
        done = [_masqueraded(passage) for passage in found]
        if all(done):
            text = f"{namespace.label} masquerades {self.source} when it leaves by {self.out}"
            return Verdict(True, text)
        text = f"{namespace.label} does not masquerade {self.source} when it leaves by {self.out}"
        if any(done):
            lacking = packets[done.index(False)]
            text += f": not {lacking.protocol} from {lacking.source} to {lacking.destination}"
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
            return f"a directory {self.path}"
        return f"{self.path} says: {self.text.strip()}"

    def _judge(self, snapshot: Snapshot) -> Verdict:
        below = [name for name in snapshot.files if name.startswith(self.path)]
        if self.path.endswith("/"):
            # A directory with files in it is listed by its files.
            if below:
                return Verdict(True, f"there is a directory {self.path}")
            return Verdict(False, f"there is no directory {self.path}", RUN_IN_ORDER)
        text = snapshot.files.get(self.path)
        if text is None:
            text = f"{self.path} is missing, or the same as in a fresh lab"
            if self.path.startswith("/etc/netns/"):  # a fresh lab has none
                text = f"there is no file {self.path}"
            return Verdict(False, text, RUN_IN_ORDER, self.wanted)
        if text.strip() == self.text.strip():
            return Verdict(True, self.wanted)
        return Verdict(False, f"{self.path} says: {text.strip()}", RUN_IN_ORDER, self.wanted)
