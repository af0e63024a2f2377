"""Checks of links: what they are, how they stand, what they are joined to."""

from __future__ import annotations

from nslab.network.model import Snapshot
from nslab.session.check.verdict import (
    RUN_IN_ORDER,
    Check,
    Verdict,
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
        return f"a {self.kind} {place(self.link, self.ns)}" if self.kind else ""

    def _judge(self, snapshot: Snapshot) -> Verdict:
        link = link_of(snapshot, self.link, self.ns)
        if self.kind is not None and link.kind != self.kind:
            kind = link.kind or "device"
            return Verdict(False, f"{place(self.link, self.ns)} is a {kind}, not a {self.kind}")
        kind = {"bridge": "bridge", "veth": "veth"}.get(self.kind or "", "link")
        return Verdict(True, f"there is a {kind} {place(self.link, self.ns)}")


class NoLink(Check, frozen=True):
    """There is no link of that name there."""

    link: str
    ns: str | None = None

    @property
    def wanted(self) -> str:
        return f"no link {place(self.link, self.ns)}"

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.ns)
        if any(link.name == self.link for link in namespace.links):
            text = f"there is a link {self.link} in {namespace.label}"
            return Verdict(False, text, RUN_IN_ORDER, self.wanted)
        return Verdict(True, f"there is no link {self.link} in {namespace.label}")


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
        return f"{place(self.link, self.ns)} is {_STATES.get(self.state, self.state)}"

    def _judge(self, snapshot: Snapshot) -> Verdict:
        link = link_of(snapshot, self.link, self.ns)
        if link.state == self.state:
            return Verdict(True, self.wanted)
        hint = ""
        if self.state == "up":
            hint = f"ip link set dev {self.link} up"
            if link.up:
                hint = "it is set up, but its other end is not"
            elif self.ns:
                hint = f"ip netns exec {self.ns} {hint}"
        text = f"{place(self.link, self.ns)} is {_STATES[link.state]}"
        return Verdict(False, text, hint, self.wanted)


_STATES = {"up": "up", "down": "down", "no-carrier": "set up, and its wire is dead"}


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
        return f"{place(self.link, self.ns)} has the address {self.address}"

    def _judge(self, snapshot: Snapshot) -> Verdict:
        link = link_of(snapshot, self.link, self.ns)
        where = place(self.link, self.ns)
        there = [address.address for address in link.addresses]
        if self.address in there:
            return Verdict(True, self.wanted)
        has = ", ".join(there) or "no address"
        text = f"{where} does not have {self.address}: it has {has}"
        return Verdict(False, text, RUN_IN_ORDER)


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
        return f"{place(self.link, self.ns)} is a port of {self.bridge}"

    def _judge(self, snapshot: Snapshot) -> Verdict:
        link = link_of(snapshot, self.link, self.ns)
        where = place(self.link, self.ns)
        if link.master == self.bridge:
            return Verdict(True, self.wanted)
        of = f"a port of {link.master}" if link.master else "not a port of a bridge"
        hint = f"brctl addif {self.bridge} {self.link}"
        return Verdict(False, f"{where} is {of}", hint, self.wanted)


class ArePeers(Check, frozen=True):
    """Two links are the ends of one pair of cables.

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
        ends = f"{place(self.link, self.ns)} and {place(self.peer, self.peer_ns)}"
        return f"{ends} are the two ends of one cable"

    def _judge(self, snapshot: Snapshot) -> Verdict:
        one = link_of(snapshot, self.link, self.ns)
        other = link_of(snapshot, self.peer, self.peer_ns)
        ends = f"{place(self.link, self.ns)} and {place(self.peer, self.peer_ns)}"
        there = snapshot.peer(one)
        if there and there[1] == other:
            return Verdict(True, self.wanted)
        return Verdict(False, f"{ends} are not the two ends of one cable", RUN_IN_ORDER)


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
        return f"the spanning tree of {place(self.bridge, self.ns)} is {on_off(self.on)}"

    def _judge(self, snapshot: Snapshot) -> Verdict:
        link = link_of(snapshot, self.bridge, self.ns)
        where = place(self.bridge, self.ns)
        if link.bridge is None:
            return Verdict(False, f"{where} is not a bridge", wanted=self.wanted)
        if link.bridge.stp == self.on:
            return Verdict(True, self.wanted)
        text = f"the spanning tree of {where} is {on_off(link.bridge.stp)}"
        hint = f"brctl stp {self.bridge} {on_off(self.on)}"
        return Verdict(False, text, hint, self.wanted)


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
        takes = "accepts every frame" if self.on else "accepts only frames for it"
        return f"{place(self.link, self.ns)} {takes}"

    def _judge(self, snapshot: Snapshot) -> Verdict:
        link = link_of(snapshot, self.link, self.ns)
        where = place(self.link, self.ns)
        ok = bool(link.promiscuity) == self.on
        hint = "" if ok else f"ip link set dev {self.link} promisc {on_off(self.on)}"
        text = "accepts every frame" if link.promiscuity else "accepts only frames for it"
        text = f"{where} {text} (promiscuity {link.promiscuity})"
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
        return f"{self.bridge} has learned an address behind {self.port}"

    def _judge(self, snapshot: Snapshot) -> Verdict:
        namespace = namespace_of(snapshot, self.ns)
        for entry in namespace.fdb:
            if (entry.dev, entry.master, entry.state) == (self.port, self.bridge, "learned"):
                return Verdict(True, self.wanted)
        text = f"{self.bridge} has not learned an address behind {self.port}"
        return Verdict(False, text, "it learns from the frames that come in by that port")
