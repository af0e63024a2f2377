"""Checks: a wanted state of the lab, asked of the kernel, and the verdict on it.

Most checks look at a snapshot and nothing else; some try for real (a ping, a question to a name
server).  A check that fails says what is there instead, and what to do.

>>> from nslab import Lab
>>> from nslab.check import HasLink
>>> with Lab() as lab:
...     print(lab.check(HasLink("eth0")))
✔ there is a link eth0
"""

from __future__ import annotations

import html
import ipaddress
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from msgspec import Struct

from nslab.model import Link, Namespace, Snapshot

RUN_IN_ORDER = "run the cells above first, from the top of the notebook"
"""What helps most often: a check looks at the lab as it is now."""


class Verdict(Struct, frozen=True):
    """What a check found: ``message`` says what is so, ``hint`` what to do if it should not be."""

    ok: bool
    message: str
    hint: str = ""

    def __str__(self) -> str:
        lines = [f"{'✔' if self.ok else '✘'} {self.message}"]
        lines += [f"  → {line}" for line in self.hint.splitlines()]
        return "\n".join(lines)

    def __bool__(self) -> bool:
        return self.ok


class Verdicts(Sequence[Verdict]):
    """The verdicts on several checks; true if all are."""

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        self._verdicts = tuple(verdicts)

    def __len__(self) -> int:
        return len(self._verdicts)

    def __getitem__(self, place: Any) -> Any:
        return self._verdicts[place]

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self._verdicts)

    def __bool__(self) -> bool:
        return all(self._verdicts)

    def __str__(self) -> str:
        return "\n".join(map(str, self._verdicts))

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        lines = "".join(_html(verdict) for verdict in self._verdicts)
        return {"text/plain": str(self), "text/html": f'<div class="nslab-check">{lines}</div>'}


def _html(verdict: Verdict) -> str:
    colour, sign = ("#009e73", "✔") if verdict.ok else ("#d55e00", "✘")
    hint = "".join(
        f'<div style="margin-left:1.6em;opacity:.8">→ {html.escape(line)}</div>'
        for line in verdict.hint.splitlines()
    )
    return (
        f'<div><b style="color:{colour};display:inline-block;width:1.6em">{sign}</b>'
        f"{html.escape(verdict.message)}{hint}</div>"
    )


class Program(Protocol):
    """How a program ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


class Asked(Protocol):
    """What a check may ask: a lab."""

    def snapshot(self) -> Snapshot:
        """What the kernel reports now."""

    def run(
        self, *argv: str, ns: str | None = None, timeout: float | None = ..., full: bool = ...
    ) -> Program:
        """Run a program to its end."""


class Check(Struct, frozen=True, tag=True):
    """The base of all checks: a value that says what is wanted.

    ``ns`` names the namespace that is meant; None is the host.
    """

    def ask(self, lab: Asked) -> Verdict:
        """Ask the lab, and judge."""
        return self.judge(lab.snapshot())

    def judge(self, snapshot: Snapshot) -> Verdict:
        """Judge what the kernel reported."""
        raise NotImplementedError


def place(link: str, ns: str | None) -> str:
    """A link as texts name it: ``ns1/eth0``, or ``eth0`` alone in the host."""
    return link if ns in (None, "host") else f"{ns}/{link}"


def _namespace(snapshot: Snapshot, ns: str | None) -> Namespace | Verdict:
    try:
        return snapshot.namespace(None if ns == "host" else ns)
    except KeyError:
        return Verdict(False, f"there is no namespace {ns}", RUN_IN_ORDER)


def _link(snapshot: Snapshot, link: str, ns: str | None) -> Link | Verdict:
    namespace = _namespace(snapshot, ns)
    if isinstance(namespace, Verdict):
        return namespace
    try:
        return namespace.link(link)
    except KeyError:
        return Verdict(False, f"there is no link {place(link, ns)}", RUN_IN_ORDER)


class HasNamespace(Check, frozen=True):
    """There is a namespace of that name; ``alone``: with nothing in it but its loopback."""

    name: str
    alone: bool = False

    def judge(self, snapshot: Snapshot) -> Verdict:
        namespace = _namespace(snapshot, self.name)
        if isinstance(namespace, Verdict):
            return namespace
        there = [link.name for link in namespace.links]
        if self.alone and there != ["lo"]:
            return Verdict(False, f"in {self.name} there are already {', '.join(there)}")
        only = ", with nothing in it but a loopback" if self.alone else ""
        return Verdict(True, f"there is a namespace {self.name}{only}")


class NamedByPid(Check, frozen=True):
    """A container's namespace has a name in /run/netns that is the id of one of its processes."""

    container: str

    def judge(self, snapshot: Snapshot) -> Verdict:
        namespace = _namespace(snapshot, self.container)
        if isinstance(namespace, Verdict):
            return namespace
        pids = {str(process.pid) for process in namespace.processes}
        if pids & set(namespace.names):
            text = f"the namespace of {self.container} is named by its process's id"
            return Verdict(True, text)
        text = f"no name in /run/netns is the id of a process of {self.container}"
        return Verdict(False, text, "ln -s /proc/$PID/ns/net /run/netns/$PID")


class HasLink(Check, frozen=True):
    """There is a link of that name, and of that kind (the kernel's word) if one is named."""

    link: str
    ns: str | None = None
    kind: str | None = None

    def judge(self, snapshot: Snapshot) -> Verdict:
        link = _link(snapshot, self.link, self.ns)
        if isinstance(link, Verdict):
            return link
        if self.kind is not None and link.kind != self.kind:
            kind = link.kind or "device"
            return Verdict(False, f"{place(self.link, self.ns)} is a {kind}, not a {self.kind}")
        kind = {"bridge": "bridge", "veth": "veth"}.get(self.kind or "", "link")
        return Verdict(True, f"there is a {kind} {place(self.link, self.ns)}")


class NoLink(Check, frozen=True):
    """There is no link of that name there."""

    link: str
    ns: str | None = None

    def judge(self, snapshot: Snapshot) -> Verdict:
        namespace = _namespace(snapshot, self.ns)
        if isinstance(namespace, Verdict):
            return namespace
        if any(link.name == self.link for link in namespace.links):
            return Verdict(False, f"there is a link {self.link} in {namespace.label}", RUN_IN_ORDER)
        return Verdict(True, f"there is no link {self.link} in {namespace.label}")


class State(Check, frozen=True):
    """A link is up, down, or no-carrier (set up, but with a dead wire)."""

    link: str
    state: str
    ns: str | None = None

    def judge(self, snapshot: Snapshot) -> Verdict:
        link = _link(snapshot, self.link, self.ns)
        if isinstance(link, Verdict):
            return link
        if link.state == self.state:
            return Verdict(True, f"{place(self.link, self.ns)} is {_STATES[self.state]}")
        hint = ""
        if self.state == "up":
            hint = f"ip link set dev {self.link} up"
            if link.up:
                hint = "it is set up, but its other end is not"
            elif self.ns:
                hint = f"ip netns exec {self.ns} {hint}"
        return Verdict(False, f"{place(self.link, self.ns)} is {_STATES[link.state]}", hint)


_STATES = {"up": "up", "down": "down", "no-carrier": "set up, but its wire is dead"}


class HasAddress(Check, frozen=True):
    """A link has that address, with that prefix length."""

    link: str
    address: str
    ns: str | None = None

    def judge(self, snapshot: Snapshot) -> Verdict:
        link = _link(snapshot, self.link, self.ns)
        if isinstance(link, Verdict):
            return link
        where = place(self.link, self.ns)
        there = [address.address for address in link.addresses]
        if self.address in there:
            return Verdict(True, f"{where} has the address {self.address}")
        has = ", ".join(there) or "no address"
        return Verdict(False, f"{where} has {has}, not {self.address}", RUN_IN_ORDER)


class HasRoute(Check, frozen=True):
    """There is a route to that destination: ``via`` a gateway, through ``dev``, as far as named."""

    destination: str
    via: str | None = None
    dev: str | None = None
    ns: str | None = None

    def judge(self, snapshot: Snapshot) -> Verdict:
        namespace = _namespace(snapshot, self.ns)
        if isinstance(namespace, Verdict):
            return namespace
        wanted = f"{self.destination}" + (f" via {self.via}" if self.via else "")
        wanted += f" dev {self.dev}" if self.dev else ""
        for route in namespace.routes:
            if (
                route.destination == self.destination and route.table == 254
                and self.via in (None, route.via) and self.dev in (None, route.dev)
            ):  # fmt: skip
                return Verdict(True, f"{namespace.label} has a route {wanted}")
        return Verdict(False, f"{namespace.label} has no route {wanted}", RUN_IN_ORDER)


class NoRoute(Check, frozen=True):
    """Nothing in the routing table says where to send a packet for that address."""

    address: str
    ns: str | None = None

    def judge(self, snapshot: Snapshot) -> Verdict:
        namespace = _namespace(snapshot, self.ns)
        if isinstance(namespace, Verdict):
            return namespace
        wanted = ipaddress.ip_address(self.address)
        for route in namespace.routes:
            network = "0.0.0.0/0" if route.destination == "default" else route.destination
            if wanted in ipaddress.ip_network(network):
                return Verdict(
                    False, f"{namespace.label} has a route {route.destination} for {self.address}",
                    RUN_IN_ORDER,
                )  # fmt: skip
        return Verdict(True, f"{namespace.label} has no route for {self.address}")


class IsPort(Check, frozen=True):
    """A link is a port of that bridge."""

    link: str
    bridge: str
    ns: str | None = None

    def judge(self, snapshot: Snapshot) -> Verdict:
        link = _link(snapshot, self.link, self.ns)
        if isinstance(link, Verdict):
            return link
        where = place(self.link, self.ns)
        if link.master == self.bridge:
            return Verdict(True, f"{where} is a port of {self.bridge}")
        of = f"a port of {link.master}" if link.master else "no port of a bridge"
        hint = f"brctl addif {self.bridge} {self.link}"
        return Verdict(False, f"{where} is {of}", hint)


class ArePeers(Check, frozen=True):
    """Two links are the ends of one pair of cables."""

    link: str
    peer: str
    ns: str | None = None
    peer_ns: str | None = None

    def judge(self, snapshot: Snapshot) -> Verdict:
        one = _link(snapshot, self.link, self.ns)
        other = _link(snapshot, self.peer, self.peer_ns)
        for found in (one, other):
            if isinstance(found, Verdict):
                return found
        assert isinstance(one, Link)
        assert isinstance(other, Link)
        ends = f"{place(self.link, self.ns)} and {place(self.peer, self.peer_ns)}"
        there = snapshot.peer(one)
        if there and there[1] == other:
            return Verdict(True, f"{ends} are the two ends of one cable")
        return Verdict(False, f"{ends} are not the two ends of one cable", RUN_IN_ORDER)


class Stp(Check, frozen=True):
    """The spanning tree of a bridge is on or off."""

    bridge: str
    on: bool
    ns: str | None = None

    def judge(self, snapshot: Snapshot) -> Verdict:
        link = _link(snapshot, self.bridge, self.ns)
        if isinstance(link, Verdict):
            return link
        where = place(self.bridge, self.ns)
        if link.bridge is None:
            return Verdict(False, f"{where} is no bridge")
        word = "on" if link.bridge.stp else "off"
        hint = "" if link.bridge.stp == self.on else f"brctl stp {self.bridge} {_word(self.on)}"
        return Verdict(link.bridge.stp == self.on, f"the spanning tree of {where} is {word}", hint)


def _word(on: bool) -> str:
    return "on" if on else "off"


class HasNeighbour(Check, frozen=True):
    """The ARP table has an answer to who has that address on that link."""

    address: str
    dev: str
    ns: str | None = None

    def judge(self, snapshot: Snapshot) -> Verdict:
        namespace = _namespace(snapshot, self.ns)
        if isinstance(namespace, Verdict):
            return namespace
        for entry in namespace.neighbours:
            if (entry.address, entry.dev) == (self.address, self.dev) and entry.mac:
                text = f"{namespace.label} was told who has {self.address} on {self.dev}"
                return Verdict(True, text)
        text = f"{namespace.label} was not told who has {self.address} on {self.dev}"
        return Verdict(False, text, "it asks when it has something to send there")


class Promiscuous(Check, frozen=True):
    """A link takes in every frame, whoever asked for it; ``on=False``: it does not."""

    link: str
    ns: str | None = None
    on: bool = True

    def judge(self, snapshot: Snapshot) -> Verdict:
        link = _link(snapshot, self.link, self.ns)
        if isinstance(link, Verdict):
            return link
        where = place(self.link, self.ns)
        ok = bool(link.promiscuity) == self.on
        hint = "" if ok else f"ip link set dev {self.link} promisc {_word(self.on)}"
        text = "takes in every frame" if link.promiscuity else "takes in what is meant for it"
        return Verdict(ok, f"{where} {text} (promiscuity {link.promiscuity})", hint)


class Learned(Check, frozen=True):
    """A bridge has learned who lives behind a port: that port alone gets their frames."""

    port: str
    bridge: str
    ns: str | None = None

    def judge(self, snapshot: Snapshot) -> Verdict:
        namespace = _namespace(snapshot, self.ns)
        if isinstance(namespace, Verdict):
            return namespace
        for entry in namespace.fdb:
            if (entry.dev, entry.master, entry.state) == (self.port, self.bridge, "learned"):
                return Verdict(True, f"{self.bridge} has learned who lives behind {self.port}")
        text = f"{self.bridge} has not learned who lives behind {self.port}"
        return Verdict(False, text, "it learns from the frames that come in by that port")


class Setting(Check, frozen=True):
    """A kernel parameter has that value; those that a snapshot holds are known."""

    key: str
    value: str
    ns: str | None = None

    def judge(self, snapshot: Snapshot) -> Verdict:
        namespace = _namespace(snapshot, self.ns)
        if isinstance(namespace, Verdict):
            return namespace
        value = namespace.sysctls.get(self.key, "unknown")
        ok = value == self.value
        hint = "" if ok else f"sysctl -w {self.key}={self.value}"
        return Verdict(ok, f"in {namespace.label}, {self.key} is {value}", hint)


class Masquerades(Check, frozen=True):
    """What leaves ``out`` from ``source`` gets the address of ``out``."""

    source: str
    out: str
    ns: str | None = None

    def judge(self, snapshot: Snapshot) -> Verdict:
        namespace = _namespace(snapshot, self.ns)
        if isinstance(namespace, Verdict):
            return namespace
        for rule in namespace.nat:
            if (rule.kind, rule.source, rule.out) == ("masquerade", self.source, self.out):
                text = f"{namespace.label} masquerades {self.source} when it leaves by {self.out}"
                return Verdict(True, text)
        text = f"{namespace.label} does not masquerade {self.source} when it leaves by {self.out}"
        hint = f"iptables -t nat -A POSTROUTING -s {self.source} -o {self.out} -j MASQUERADE"
        return Verdict(False, text, hint)


class HasFile(Check, frozen=True):
    """A file in /etc holds that text; a directory, with a path that ends in /, is there."""

    path: str
    text: str = ""

    def judge(self, snapshot: Snapshot) -> Verdict:
        below = [name for name in snapshot.files if name.startswith(self.path)]
        if self.path.endswith("/"):
            # A directory with files in it is listed by its files.
            if below:
                return Verdict(True, f"there is a directory {self.path}")
            return Verdict(False, f"there is no directory {self.path}", RUN_IN_ORDER)
        text = snapshot.files.get(self.path)
        if text is None:
            return Verdict(False, f"there is no file {self.path} of the lab's own", RUN_IN_ORDER)
        if text.strip() == self.text.strip():
            return Verdict(True, f"{self.path} says: {self.text.strip()}")
        return Verdict(False, f"{self.path} says: {text.strip()}", RUN_IN_ORDER)


class Reaches(Check, frozen=True):
    """One packet from ``ns`` to an address is answered; ``ok=False``: it is not (yet).

    Tried for real, by one ping.  A neighbour that does not answer is asked for about three
    seconds (arp(7)); the check waits for the end of that, for a ping that comes in between would
    get its error.
    """

    ns: str | None
    address: str
    ok: bool = True

    def ask(self, lab: Asked) -> Verdict:
        where = self.ns or "host"
        argv = ("ping", "-n", "-c", "1", "-W", "1", self.address)
        ran = lab.run(*argv, ns=None if where == "host" else where, timeout=10)
        answered = ran.returncode == 0
        if not answered:
            _await_neighbours(lab, self.ns)
        text = f"{where} reaches {self.address}"
        if not answered:
            text = f"{where} does not reach {self.address}" + _ping_words(ran)
        hint = "" if answered == self.ok else RUN_IN_ORDER
        return Verdict(answered == self.ok, text, hint)


class Hops(Check, frozen=True):
    """An answer to one ping has passed so many routers: each takes one from its time to live.

    Tried for real.  The one that answers must begin with 64, as Linux does (ip-sysctl,
    ``ip_default_ttl``).
    """

    ns: str | None
    address: str
    routers: int

    def ask(self, lab: Asked) -> Verdict:
        where = self.ns or "host"
        argv = ("ping", "-n", "-c", "1", "-W", "1", self.address)
        ran = lab.run(*argv, ns=None if where == "host" else where, timeout=10)
        found = re.search(r"\bttl=(\d+)", ran.stdout)
        if not found:
            text = f"{where} does not reach {self.address}{_ping_words(ran)}"
            return Verdict(False, text, RUN_IN_ORDER)
        passed = 64 - int(found[1])
        words = "1 router" if passed == 1 else f"{passed or 'no'} routers"
        text = f"from {self.address} to {where}, an answer passes {words}"
        return Verdict(passed == self.routers, text, "" if passed == self.routers else RUN_IN_ORDER)


NEIGHBOUR_LIMIT = 5.0
"""Seconds to wait for a neighbour that is being asked for; the kernel gives up after three."""


def _await_neighbours(lab: Asked, ns: str | None) -> None:
    limit = time.monotonic() + NEIGHBOUR_LIMIT
    while time.monotonic() < limit:
        namespace = _namespace(lab.snapshot(), ns)
        if isinstance(namespace, Verdict):
            return
        if all(entry.state != "incomplete" for entry in namespace.neighbours):
            return
        time.sleep(0.05)


def _ping_words(ran: Program) -> str:
    """Why, as far as ping says it."""
    for line in (*ran.stderr.splitlines(), *ran.stdout.splitlines()):
        for words in ("Network is unreachable", "Destination Host Unreachable",
                      "Destination Net Unreachable"):  # fmt: skip
            if words in line:
                return f": {words}"
    return ": no answer"


class Resolves(Check, frozen=True):
    """A name is resolved in ``ns``, as a program that ``ip netns exec`` starts sees it.

    ``address`` is what it must stand for; ``ok=False``: it is not resolved (yet).
    """

    ns: str | None
    name: str
    address: str = ""
    ok: bool = True

    def ask(self, lab: Asked) -> Verdict:
        where = self.ns or "host"
        argv = ("getent", "ahostsv4", self.name)
        ran = lab.run(*argv, ns=None if where == "host" else where, timeout=30, full=True)
        found = sorted({line.split()[0] for line in ran.stdout.splitlines() if line.strip()})
        good = bool(found) and (not self.address or self.address in found)
        text = f"{where} finds {self.name}: {', '.join(found)}"
        if not found:
            text = f"{where} does not find {self.name}"
        hint = "" if good == self.ok else RUN_IN_ORDER
        return Verdict(good == self.ok, text, hint)
