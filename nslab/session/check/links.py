"""Checks of links: what they are, how they stand, what they are joined to."""

from __future__ import annotations

from nslab.explain.diagnose.remedy import typed
from nslab.network.model import Snapshot
from nslab.sentence import Sentence, sentence
from nslab.session.check.verdict import (
    RUN_IN_ORDER,
    Check,
    Verdict,
    lacking,
    link_of,
    namespace_of,
    on_off,
    place,
)


class HasLink(Check, frozen=True):
    """There is a link of that name, and of that kind (the kernel's word) if one is named.

    :param link: the name of the link
    :param ns: the namespace; the host if None
    :param kind: the kind as the kernel names it, such as ``bridge``; None: any
    """

    link: str
    ns: str | None = None
    kind: str | None = None

    @property
    def wanted(self) -> str:
        where = place(self.link, self.ns)
        if self.kind == "bridge":
            return sentence("a bridge {place}", place=where)
        if self.kind == "veth":
            return sentence("a veth {place}", place=where)
        return sentence("a {kind} {place}", kind=self.kind, place=where) if self.kind else ""

    @property
    def goal(self) -> str:
        return self.wanted or sentence("a link {place}", place=place(self.link, self.ns))

    def _judge(self, snapshot: Snapshot) -> Verdict:
        link = link_of(snapshot, self.link, self.ns)
        where = place(self.link, self.ns)
        if self.kind is not None and link.kind != self.kind:
            kind = link.kind or "device"
            text = sentence(
                "{place} is a {kind}, not a {other}", place=where, kind=kind, other=self.kind
            )
            return Verdict(False, text, wanted=self.wanted)
        if self.kind == "bridge":
            return Verdict(True, sentence("there is a bridge {place}", place=where))
        if self.kind == "veth":
            return Verdict(True, sentence("there is a veth {place}", place=where))
        return Verdict(True, sentence("there is a link {place}", place=where))


class NoLink(Check, frozen=True):
    """There is no link of that name there."""

    link: str
    ns: str | None = None

    @property
    def wanted(self) -> str:
        return sentence("no link {place}", place=place(self.link, self.ns))

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.ns)
        if any(link.name == self.link for link in namespace.links):
            text = sentence(
                "there is a link {link} in {place}", link=self.link, place=namespace.label
            )
            return Verdict(False, text, RUN_IN_ORDER, self.wanted)
        text = sentence("there is no link {link} in {place}", link=self.link, place=namespace.label)
        return Verdict(True, text)


class State(Check, frozen=True):
    """A link is up, down, or no-carrier (set up, but with a dead wire).

    :param link: the name of the link
    :param state: ``up``, ``down`` or ``no-carrier``
    :param ns: the namespace; the host if None
    """

    link: str
    state: str
    ns: str | None = None

    @property
    def wanted(self) -> str:
        return _state(place(self.link, self.ns), self.state)

    def _judge(self, snapshot: Snapshot) -> Verdict:
        link = link_of(snapshot, self.link, self.ns)
        if link.state == self.state:
            return Verdict(True, self.wanted)
        hint = ""
        if self.state == "up":
            hint = f"ip link set dev {self.link} up"
            if link.up:
                hint = sentence("it is set up, but its other end is not")
            elif self.ns:
                hint = typed(namespace_of(snapshot, self.ns), hint)
        text = _state(place(self.link, self.ns), link.state)
        return Verdict(False, text, hint, self.wanted)


def _state(where: str, state: str) -> Sentence:
    if state == "up":
        return sentence("{place} is up", place=where)
    if state == "down":
        return sentence("{place} is down", place=where)
    if state == "no-carrier":
        return sentence("{place} is set up, and its wire is dead", place=where)
    return sentence("{place} is {state}", place=where, state=state)


class HasAddress(Check, frozen=True):
    """A link has that address, with that prefix length.

    :param link: the name of the link
    :param address: the address with its prefix length, such as ``192.168.10.1/24``
    :param ns: the namespace; the host if None
    """

    link: str
    address: str
    ns: str | None = None

    @property
    def wanted(self) -> str:
        where = place(self.link, self.ns)
        return sentence("{place} has the address {address}", place=where, address=self.address)

    def _judge(self, snapshot: Snapshot) -> Verdict:
        link = link_of(snapshot, self.link, self.ns)
        where = place(self.link, self.ns)
        there = [address.address for address in link.addresses]
        if self.address in there:
            return Verdict(True, self.wanted)
        return Verdict(False, lacking(where, self.address, there), RUN_IN_ORDER)


class IsPort(Check, frozen=True):
    """A link is a port of that bridge.

    :param link: the name of the link
    :param bridge: the name of the bridge
    :param ns: the namespace; the host if None
    """

    link: str
    bridge: str
    ns: str | None = None

    @property
    def wanted(self) -> str:
        where = place(self.link, self.ns)
        return sentence("{place} is a port of {bridge}", place=where, bridge=self.bridge)

    def _judge(self, snapshot: Snapshot) -> Verdict:
        link = link_of(snapshot, self.link, self.ns)
        where = place(self.link, self.ns)
        if link.master == self.bridge:
            return Verdict(True, self.wanted)
        text = sentence("{place} is not a port of a bridge", place=where)
        if link.master:
            text = sentence("{place} is a port of {bridge}", place=where, bridge=link.master)
        return Verdict(False, text, f"brctl addif {self.bridge} {self.link}", self.wanted)


class ArePeers(Check, frozen=True):
    """Two links are the ends of one veth pair.

    :param link: one end
    :param peer: the other end
    :param ns: the namespace; the host if None
    :param peer_ns: the namespace of the other end; the host if None
    """

    link: str
    peer: str
    ns: str | None = None
    peer_ns: str | None = None

    @property
    def wanted(self) -> str:
        return sentence(
            "{link} and {peer} are the two ends of one cable",
            link=place(self.link, self.ns),
            peer=place(self.peer, self.peer_ns),
        )

    def _judge(self, snapshot: Snapshot) -> Verdict:
        one = link_of(snapshot, self.link, self.ns)
        other = link_of(snapshot, self.peer, self.peer_ns)
        there = snapshot.peer(one)
        if there and there[1] == other:
            return Verdict(True, self.wanted)
        text = sentence(
            "{link} and {peer} are not the two ends of one cable",
            link=place(self.link, self.ns),
            peer=place(self.peer, self.peer_ns),
        )
        return Verdict(False, text, RUN_IN_ORDER)


class Stp(Check, frozen=True):
    """The spanning tree of a bridge is on or off.

    :param bridge: the name of the bridge
    :param on: whether the spanning tree is on
    :param ns: the namespace; the host if None
    """

    bridge: str
    on: bool
    ns: str | None = None

    @property
    def wanted(self) -> str:
        return _spanning_tree(place(self.bridge, self.ns), self.on)

    def _judge(self, snapshot: Snapshot) -> Verdict:
        link = link_of(snapshot, self.bridge, self.ns)
        where = place(self.bridge, self.ns)
        if link.bridge is None:
            text = sentence("{place} is not a bridge", place=where)
            return Verdict(False, text, wanted=self.wanted)
        if link.bridge.stp == self.on:
            return Verdict(True, self.wanted)
        text = _spanning_tree(where, link.bridge.stp)
        command = f"brctl stp {self.bridge} {on_off(self.on)}"
        hint = typed(namespace_of(snapshot, self.ns), command)
        return Verdict(False, text, hint, self.wanted)


def _spanning_tree(where: str, on: bool) -> Sentence:
    if on:
        return sentence("the spanning tree of {place} is on", place=where)
    return sentence("the spanning tree of {place} is off", place=where)


class Promiscuous(Check, frozen=True):
    """A link takes in every frame, whoever asked for it; ``on=False``: it does not.

    :param link: the name of the link
    :param ns: the namespace; the host if None
    :param on: whether it accepts every frame
    """

    link: str
    ns: str | None = None
    on: bool = True

    @property
    def wanted(self) -> str:
        where = place(self.link, self.ns)
        if self.on:
            return sentence("{place} accepts every frame", place=where)
        return sentence("{place} accepts only frames for it", place=where)

    def _judge(self, snapshot: Snapshot) -> Verdict:
        link = link_of(snapshot, self.link, self.ns)
        where = place(self.link, self.ns)
        ok = bool(link.promiscuity) == self.on
        command = f"ip link set dev {self.link} promisc {on_off(self.on)}"
        hint = "" if ok else typed(namespace_of(snapshot, self.ns), command)
        text = sentence("{place} accepts only frames for it (promiscuity 0)", place=where)
        if count := link.promiscuity:
            text = sentence(
                "{place} accepts every frame (promiscuity {count})", place=where, count=count
            )
        return Verdict(ok, text, hint, "" if ok else self.wanted)


class Learned(Check, frozen=True):
    """A bridge has learned an address behind a port: that port alone gets their frames.

    :param port: the port
    :param bridge: the name of the bridge
    :param ns: the namespace; the host if None
    """

    port: str
    bridge: str
    ns: str | None = None

    @property
    def wanted(self) -> str:
        return sentence(
            "{bridge} has learned an address behind {port}", bridge=self.bridge, port=self.port
        )

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.ns)
        for entry in namespace.fdb:
            if (entry.dev, entry.master, entry.state) == (self.port, self.bridge, "learned"):
                return Verdict(True, self.wanted)
        text = sentence(
            "{bridge} has not learned an address behind {port}", bridge=self.bridge, port=self.port
        )
        hint = sentence("it learns from the frames that come in by that port")
        return Verdict(False, text, hint)
