"""What changed between two snapshots, in words and for the drawing.

Nothing here looks at the kernel.  Namespaces are matched by inode and links by index within their
namespace; a link that left one namespace and turned up in another with the same MAC and kind was
moved.  MACs, inodes, indexes and process ids are used for matching and never appear in a text,
because they differ from run to run.

What the kernel learns by itself (neighbours, forwarding entries) is reported too, but apart from
what somebody did: :attr:`Diff.lasting` leaves it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from msgspec import Struct, structs

from nslab.model import Link, Namespace, NatRule, Peer, Process, Route, Snapshot

Kind = Literal["new", "gone", "changed"]
What = Literal[
    "namespace", "link", "address", "route", "neighbour", "fdb", "nat", "sysctl", "process",
    "resolv.conf", "port", "bridge",
]  # fmt: skip

MARKS: dict[Kind, str] = {"new": "+", "gone": "-", "changed": "~"}
"""What stands at the start of a line about a change."""

LEARNED = frozenset({"neighbour", "fdb"})
"""What the kernel learns from traffic and forgets by itself."""

_LOCAL_TABLE = 255
"""The kernel fills this routing table from the addresses; it says nothing of its own."""

_STATE_FLAGS = frozenset({"UP", "LOWER_UP", "RUNNING", "NO-CARRIER"})
"""Flags that only repeat ``up`` and ``carrier``."""


class Change(Struct, frozen=True, kw_only=True):
    """One change.  ``text`` is a line for a person; ``name`` is the key within its namespace.

    ``inode`` and ``index`` say which namespace and link it is about, on the side where it is
    still to be found: after, or before for what is gone.  ``index`` is 0 where no link is meant.
    """

    kind: Kind
    what: What
    ns: str
    name: str
    text: str
    inode: int = 0
    index: int = 0

    def __str__(self) -> str:
        return f"{MARKS[self.kind]} {self.text}"


@dataclass(frozen=True)
class Diff:
    """The changes from one snapshot to another, in a fixed order."""

    before: Snapshot
    after: Snapshot
    changes: tuple[Change, ...]

    @cached_property
    def lasting(self) -> tuple[Change, ...]:
        """The changes without what the kernel learned by itself."""
        return tuple(change for change in self.changes if change.what not in LEARNED)

    def __bool__(self) -> bool:
        return bool(self.lasting)

    def __str__(self) -> str:
        return "\n".join(map(str, self.lasting)) or "nothing changed"

    @cached_property
    def _of_link(self) -> dict[tuple[int, int], list[Change]]:
        found: dict[tuple[int, int], list[Change]] = {}
        for change in self.lasting:
            if change.index and not (change.what == "link" and change.kind == "gone"):
                found.setdefault((change.inode, change.index), []).append(change)
        return found

    @cached_property
    def _of_namespace(self) -> dict[int, list[Change]]:
        found: dict[int, list[Change]] = {}
        for change in self.lasting:
            if not change.index and not (change.what == "namespace" and change.kind == "gone"):
                found.setdefault(change.inode, []).append(change)
        return found

    def of_link(self, inode: int, index: int) -> list[Change]:
        """The lasting changes of a link that is there afterwards."""
        return self._of_link.get((inode, index), [])

    def of_namespace(self, inode: int) -> list[Change]:
        """The lasting changes of a namespace that is there afterwards, its links' left out."""
        return self._of_namespace.get(inode, [])

    def link_mark(self, inode: int, index: int) -> Kind | None:
        """How a link that is there afterwards came to be as it is; None if it did not change."""
        changes = self.of_link(inode, index)
        if any(change.what == "link" and change.kind == "new" for change in changes):
            return "new"
        return "changed" if changes else None

    def namespace_mark(self, inode: int) -> Kind | None:
        """``new`` for a namespace that was not there, ``changed`` for one that was renamed."""
        kinds = [c.kind for c in self.of_namespace(inode) if c.what == "namespace"]
        return kinds[0] if kinds else None

    @cached_property
    def gone_links(self) -> frozenset[tuple[int, int]]:
        """The namespace's inode and the index, as they were before, of every link that is gone."""
        return frozenset(
            (c.inode, c.index) for c in self.lasting if c.what == "link" and c.kind == "gone"
        )

    @cached_property
    def gone_namespaces(self) -> frozenset[int]:
        """The inodes of the namespaces that are gone."""
        return frozenset(
            c.inode for c in self.lasting if c.what == "namespace" and c.kind == "gone"
        )


def compare(before: Snapshot, after: Snapshot) -> Diff:
    """What changed from ``before`` to ``after``."""
    return Diff(before, after, tuple(_Comparison(before, after).changes()))


def route_text(route: Route) -> str:
    """A route as ``ip route`` says it, without what only repeats: ``default via 10.0.0.1``."""
    words = [] if route.kind == "unicast" else [route.kind]
    words.append(route.destination)
    if route.via:
        words += ["via", route.via]
    if route.dev:
        words += ["dev", route.dev]
    if route.metric:
        words += ["metric", str(route.metric)]
    if route.table != 254:
        words += ["table", str(route.table)]
    if route.dead:
        words.append("linkdown")
    return " ".join(words)


def nat_text(rule: NatRule) -> str:
    """A translation in one line: ``masquerade 192.168.10.0/24 → eth0``."""
    words = [rule.kind]
    words.append(rule.source or ("" if rule.destination else "everything"))
    if rule.destination:
        words += ["to", rule.destination]
    if rule.out:
        words += ["→", rule.out]
    if rule.to:
        words += ["as", rule.to]
    return " ".join(word for word in words if word)


def kind_text(link: Link) -> str:
    """The kind of a link as a noun: bridge, veth, device."""
    if link.name == "lo":
        return "loopback"
    return link.kind or "device"


def nameservers(resolv_conf: str | None) -> list[str]:
    """The name servers that a resolv.conf names."""
    lines = [line.split() for line in (resolv_conf or "").splitlines()]
    return [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]


def visible_routes(namespace: Namespace) -> tuple[Route, ...]:
    """The routes without the kernel's own table of local addresses."""
    return tuple(route for route in namespace.routes if route.table != _LOCAL_TABLE)


_Pair = tuple[Namespace | None, Namespace | None]
_Where = tuple[int, int]


class _Comparison:
    """The matching of two snapshots, and the changes that follow from it."""

    def __init__(self, before: Snapshot, after: Snapshot) -> None:
        self.before, self.after = before, after
        self.pairs = list(_pair_namespaces(before, after))
        self.same: dict[_Where, tuple[Namespace, Link]] = {}
        """From where a link is now to what it was."""
        self._pair_links()
        self.now = {
            (old.inode, link.index): where for where, (old, link) in self.same.items()
        }
        self.names = {
            mac: _address(ns, link)
            for snapshot in (before, after)
            for ns in snapshot.namespaces
            for link in ns.links
            if (mac := link.mac) and link.kind != "bridge" and ns.role != "world"
        }
        """Whose MAC it is, so that a text can say a name instead."""

    def _pair_links(self) -> None:
        left: list[tuple[Namespace, Link]] = []
        came: list[tuple[Namespace, Link]] = []
        for old, new in self.pairs:
            earlier = {link.index: link for link in old.links} if old else {}
            for link in new.links if new else ():
                match = earlier.get(link.index)
                if new and old and match and match.kind == link.kind:
                    self.same[new.inode, link.index] = (old, match)
                    del earlier[link.index]
                elif new:
                    came.append((new, link))
            left += [(old, link) for link in earlier.values() if old]
        for ns, link in came:
            found = [
                (was_in, was)
                for was_in, was in left
                if was.mac == link.mac and was.kind == link.kind and _can_move(link)
                and was_in.inode != ns.inode
            ]
            if found:
                # ipvlan links share a MAC: the name and the index tell them apart where they can.
                best = min(found, key=lambda f: (f[1].name != link.name, f[1].index != link.index))
                self.same[ns.inode, link.index] = best
                left.remove(best)

    def changes(self) -> Iterator[Change]:
        for old, new in self.pairs:
            yield from self._namespace(old, new)

    def _namespace(self, old: Namespace | None, new: Namespace | None) -> Iterator[Change]:
        here = new or old
        assert here is not None
        tell = _Teller(here)
        if old is None or new is None:
            what = "container" if here.role == "container" else "namespace"
            yield tell(_kind(new is not None), "namespace", here.label, f"{what} {here.label}")
        else:
            yield from _namespace_fields(tell, old, new)
        gone = old.links if old else ()
        for link in new.links if new else ():
            match = self.same.get((here.inode, link.index))
            if match:
                yield from self._link(match[0], match[1], here, link)
            elif old or link.name != "lo":
                yield tell(_kind(True), "link", link.name, _whole(here, link), link.index)
        for link in gone:
            if old and (old.inode, link.index) not in self.now and (new or link.name != "lo"):
                yield tell(_kind(False), "link", link.name, _whole(old, link), link.index)
        yield from self._routes(tell, old, new)
        yield from _items(tell, "nat", _nat(old), _nat(new))
        if old and new:
            yield from _sysctls(tell, old, new)
        yield from _resolv_conf(tell, old, new)
        yield from _items(tell, "process", _processes(old), _processes(new))
        yield from self._learned(tell, old, new)

    def _link(self, was: Namespace, old: Link, ns: Namespace, new: Link) -> Iterator[Change]:
        told = _address(ns, new)
        tell = _Teller(ns)

        def changed(text: str, what: What = "link") -> Change:
            return tell("changed", what, new.name, text, new.index)

        if was.inode != ns.inode:
            text = f"{old.name} moved from {was.label} to {ns.label}"
            yield changed(text + (f", renamed to {new.name}" if old.name != new.name else ""))
        elif old.name != new.name:
            yield changed(f"{_address(ns, old)} renamed to {new.name}")
        if old.state != new.state:
            yield changed(f"{told}: {old.state} → {new.state}")
        else:
            if old.carrier != new.carrier:
                yield changed(f"{told}: carrier {'found' if new.carrier else 'lost'}")
        for flag in sorted(set(old.flags) ^ set(new.flags)):
            if flag not in _STATE_FLAGS or (old.state, old.carrier) == (new.state, new.carrier):
                yield changed(f"{told}: flag {flag} {'set' if flag in new.flags else 'cleared'}")
        if old.promiscuity != new.promiscuity:
            yield changed(f"{told}: promiscuity {old.promiscuity} → {new.promiscuity}")
        if (old.mac, old.mac_origin) != (new.mac, new.mac_origin):
            yield changed(f"{told}: {_mac_words(old, new)}")
        if old.mtu != new.mtu:
            yield changed(f"{told}: MTU {old.mtu} → {new.mtu}")
        if (words := self._peer(old, new)) is not None:
            yield changed(f"{told}: {words}")
        yield from _bridging(changed, told, old, new, self._renamed(was, ns))
        before = {address.address: address for address in old.addresses}
        after = {address.address: address for address in new.addresses}
        for key in [*after, *(key for key in before if key not in after)]:
            kind: Kind = _kind(key in after) if (key in after) != (key in before) else "changed"
            if kind != "changed" or before[key] != after[key]:
                note = {"new": "", "gone": " removed", "changed": " changed"}[kind]
                yield tell(kind, "address", new.name, f"{told}: address {key}{note}", new.index)

    def _renamed(self, was: Namespace, ns: Namespace) -> dict[str, str]:
        """From the names that links of a namespace had to those they have now."""
        names = {link.name: link.name for link in was.links}
        for link in ns.links:
            match = self.same.get((ns.inode, link.index))
            if match and match[0].inode == was.inode:
                names[match[1].name] = link.name
        return names

    def _peer(self, old: Link, new: Link) -> str | None:
        if old.peer == new.peer:
            return None
        if old.peer and new.peer:
            where = (old.peer.namespace, old.peer.index)
            if self.now.get(where) == (new.peer.namespace, new.peer.index):
                # The same peer, renamed or moved: that is told where the peer is.
                found = self._find(self.after, new.peer)
                if found and found.name == new.peer.name:
                    return None
        if new.peer is None:
            return "peer out of sight"
        label = {n.inode: n.label for n in self.after.namespaces}.get(new.peer.namespace, "?")
        return f"peer is {new.peer.name} in {label}"

    @staticmethod
    def _find(snapshot: Snapshot, peer: Peer) -> Link | None:
        for namespace in snapshot.namespaces:
            for link in namespace.links if namespace.inode == peer.namespace else ():
                if link.index == peer.index:
                    return link
        return None

    def _routes(
        self, tell: _Teller, old: Namespace | None, new: Namespace | None
    ) -> Iterator[Change]:
        names = self._renamed(old, new) if old and new else {}
        before = [
            structs.replace(route, dev=names.get(route.dev, route.dev))
            for route in (visible_routes(old) if old else ())
        ]
        after = list(visible_routes(new)) if new else []
        alive = {structs.replace(route, dead=False): route for route in before}
        kept = set()
        for route in after:
            match = alive.get(structs.replace(route, dead=False))
            if match is None:
                yield tell("new", "route", route.destination, tell.of(f"route {route_text(route)}"))
                continue
            kept.add(structs.replace(route, dead=False))
            if match.dead != route.dead:
                words = route_text(structs.replace(route, dead=False))
                state = "linkdown" if route.dead else "usable again"
                text = tell.of(f"route {words}: {state}")
                yield tell("changed", "route", route.destination, text)
        for route in before:
            if structs.replace(route, dead=False) not in kept:
                text = tell.of(f"route {route_text(route)} removed")
                yield tell("gone", "route", route.destination, text)

    def _learned(
        self, tell: _Teller, old: Namespace | None, new: Namespace | None
    ) -> Iterator[Change]:
        def neighbours(namespace: Namespace | None) -> dict[str, tuple[str, object]]:
            return {
                f"{n.dev} {n.address}": (f"neighbour {n.address} on {n.dev} {n.state}".rstrip(), n)
                for n in (namespace.neighbours if namespace else ())
            }

        def stations(namespace: Namespace | None) -> dict[str, tuple[str, object]]:
            found: dict[str, tuple[str, object]] = {}
            for entry in namespace.fdb if namespace else ():
                station = self.names.get(entry.mac, "a station")
                if entry.own:
                    text = f"{entry.dev} takes in frames for {station}"
                else:
                    text = f"{entry.master or entry.dev} finds {station} behind {entry.dev}"
                key = f"{entry.master} {entry.dev} {entry.mac} {entry.own}"
                found[key] = (f"{text} ({entry.state})" if entry.state else text, entry)
            return found

        for what, read in (("neighbour", neighbours), ("fdb", stations)):
            yield from _items(tell, what, read(old), read(new))  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Teller:
    """Makes the changes of one namespace."""

    namespace: Namespace

    def __call__(self, kind: Kind, what: What, name: str, text: str, index: int = 0) -> Change:
        ns = self.namespace
        if what in {"namespace", "link"} and kind != "changed":
            text = f"{kind} {text}"
        return Change(
            kind=kind, what=what, ns=ns.label, name=name, text=text, inode=ns.inode, index=index
        )

    def of(self, text: str) -> str:
        """Say of which namespace a text is, unless it is the host."""
        return text if self.namespace.role == "host" else f"{self.namespace.label}: {text}"


def _kind(there: bool) -> Kind:
    return "new" if there else "gone"


def _address(namespace: Namespace, link: Link) -> str:
    """A link's name, with its namespace in front unless that is the host."""
    return link.name if namespace.role == "host" else f"{namespace.label}/{link.name}"


def _whole(namespace: Namespace, link: Link) -> str:
    """A link that came or went, in one line."""
    text = f"{kind_text(link)} {_address(namespace, link)}"
    facts = [address.address for address in link.addresses]
    if link.master:
        facts.append(f"port of {link.master}")
    return f"{text}: {', '.join([*facts, link.state])}"


def _pair_namespaces(before: Snapshot, after: Snapshot) -> Iterator[_Pair]:
    earlier = {namespace.inode: namespace for namespace in before.namespaces}
    for namespace in after.namespaces:
        match = earlier.get(namespace.inode)
        if match and not _reused(match, namespace):
            del earlier[namespace.inode]
            yield match, namespace
        else:
            yield None, namespace
    for namespace in earlier.values():
        yield namespace, None


def _reused(old: Namespace, new: Namespace) -> bool:
    """Whether the kernel gave a dead namespace's inode, the lowest free number, to a new one."""
    if old.role == "host" or old.label == new.label or set(old.names) & set(new.names):
        return False
    links = {(link.index, link.mac) for link in old.links if link.name != "lo"}
    kept = any((link.index, link.mac) in links for link in new.links)
    return not kept and not {p.pid for p in old.processes} & {p.pid for p in new.processes}


def _can_move(link: Link) -> bool:
    """Whether its MAC tells a link apart: lo has none, a tunnel may have none."""
    return bool(link.mac.strip("0:")) and link.name != "lo"


def _namespace_fields(tell: _Teller, old: Namespace, new: Namespace) -> Iterator[Change]:
    texts = []
    if old.label != new.label:
        texts.append(f"namespace {old.label} is now {new.label}")
    if old.role != new.role:
        texts.append(f"namespace {new.label}: {old.role} → {new.role}")
    texts += [f"namespace {new.label} named {name}" for name in new.names if name not in old.names]
    texts += [
        f"namespace {new.label} no longer named {name}" for name in old.names
        if name not in new.names
    ]  # fmt: skip
    texts += [f"{new.label}: cannot see {x}" for x in new.unseen if x not in old.unseen]
    texts += [f"{new.label}: can see again: {x}" for x in old.unseen if x not in new.unseen]
    for text in texts:
        yield tell("changed", "namespace", new.label, text)


def _mac_words(old: Link, new: Link) -> str:
    if new.mac == old.mac:
        return f"MAC address was {old.mac_origin}, is {new.mac_origin}"
    if new.mac_origin == "stolen":
        return "MAC address taken from a port"
    return f"MAC address changed ({new.mac_origin})"


def _bridging(
    changed: Callable[[str, What], Change], told: str, old: Link, new: Link, now: dict[str, str]
) -> Iterator[Change]:
    if now.get(old.master, old.master) != new.master:
        if old.master:
            yield changed(f"{told}: detached from {old.master}", "port")
        if new.master:
            yield changed(f"{told}: attached to {new.master}", "port")
    elif (old.port is None) != (new.port is None):
        yield changed(f"{told}: {'is' if new.port else 'no longer'} a port", "port")
    if old.port and new.port:
        if old.port.state != new.port.state:
            yield changed(f"{told}: port {old.port.state} → {new.port.state}", "port")
        for word in ("learning", "flood"):
            if getattr(old.port, word) != getattr(new.port, word):
                value = "on" if getattr(new.port, word) else "off"
                yield changed(f"{told}: {word} {value}", "port")
    if old.bridge and new.bridge:
        if old.bridge.forward_delay != new.bridge.forward_delay:
            delays = f"{old.bridge.forward_delay:g} s → {new.bridge.forward_delay:g} s"
            yield changed(f"{told}: forward delay {delays}", "bridge")
        for word, said in (
            ("stp", "STP"),
            ("multicast_snooping", "multicast snooping"),
            ("vlan_filtering", "VLAN filtering"),
        ):
            if getattr(old.bridge, word) != getattr(new.bridge, word):
                value = "on" if getattr(new.bridge, word) else "off"
                yield changed(f"{told}: {said} {value}", "bridge")
    elif old.bridge != new.bridge:
        yield changed(f"{told}: {'is' if new.bridge else 'no longer'} a bridge", "bridge")


def _items(
    tell: _Teller,
    what: What,
    old: dict[str, tuple[str, object]],
    new: dict[str, tuple[str, object]],
) -> Iterator[Change]:
    """Changes of a set of things: by key, each with its text and its value."""
    for key, (text, value) in new.items():
        if key not in old:
            yield tell("new", what, key, tell.of(text))
        elif old[key][1] != value:
            yield tell("changed", what, key, tell.of(text))
    for key, (text, _) in old.items():
        if key not in new:
            yield tell("gone", what, key, tell.of(f"{text} removed"))


def _numbered(texts: Iterable[tuple[str, object]]) -> dict[str, tuple[str, object]]:
    """By text; the same text again gets a number."""
    found: dict[str, tuple[str, object]] = {}
    for text, value in texts:
        key, count = text, 2
        while key in found:
            key, count = f"{text} #{count}", count + 1
        found[key] = (text, value)
    return found


def _nat(namespace: Namespace | None) -> dict[str, tuple[str, object]]:
    # The tool's own wording is not compared: nft prints handles and counters in it.
    return _numbered(
        (f"{rule.chain}: {nat_text(rule)}", structs.replace(rule, text=""))
        for rule in (namespace.nat if namespace else ())
    )


def _processes(namespace: Namespace | None) -> dict[str, tuple[str, object]]:
    processes: tuple[Process, ...] = namespace.processes if namespace else ()
    ordered = sorted(processes, key=lambda p: (p.command, p.pid))
    return _numbered((f"process {process.command}", None) for process in ordered)


def _sysctls(tell: _Teller, old: Namespace, new: Namespace) -> Iterator[Change]:
    for key in sorted({*old.sysctls, *new.sysctls}):
        was, value = old.sysctls.get(key), new.sysctls.get(key)
        if was == value:
            continue
        kind: Kind = "changed" if was is not None and value is not None else _kind(was is None)
        text = f"{key} {was or '(absent)'} → {value or '(absent)'}"
        yield tell(kind, "sysctl", key, tell.of(text))


def _resolv_conf(tell: _Teller, old: Namespace | None, new: Namespace | None) -> Iterator[Change]:
    was = old.resolv_conf if old else None
    value = new.resolv_conf if new else None
    if was == value:
        return
    kind: Kind = "changed" if was is not None and value is not None else _kind(was is None)
    servers = ", ".join(nameservers(value if value is not None else was))
    text = f"resolv.conf: nameserver {servers}" if servers else "resolv.conf"
    if kind == "gone":
        text += " removed"
    elif kind == "changed" and nameservers(was) == nameservers(value):
        text += " (other lines changed)"
    yield tell(kind, "resolv.conf", "resolv.conf", tell.of(text))
