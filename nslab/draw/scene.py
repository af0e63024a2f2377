"""What is to be drawn, in words and lines, before anybody thinks about places or shapes.

Both the picture and the text form are made from a :class:`Scene`, so they cannot say different
things.  A scene holds names, addresses and states only: nothing that differs from run to run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from msgspec import structs

from nslab.diff import (
    Change, Diff, Kind, kind_text, nameservers, nat_text, route_text, visible_routes,
)  # fmt: skip
from nslab.model import WORLD, Link, Namespace, Peer, Snapshot

DRAWN_AT_MOST = 30
"""Namespaces beside the host and the world; of more, only :data:`DRAWN_OF_MANY` are drawn."""

DRAWN_OF_MANY = 8

Key = tuple[bool, int, int]
"""Of a link: whether it is gone, its namespace's inode, its index."""

WORLD_NAMES = {"switch": "LAN switch", "lan": "LAN machine"}
_WORLD_ORDER = ("lan", "switch", "router", "internet")


@dataclass(frozen=True)
class Line:
    """A line of text; ``mark`` says how it changed, ``code`` whether it is set as code."""

    text: str
    mark: Kind | None = None
    code: bool = True


@dataclass(frozen=True)
class Cell:
    """A link, with what is said about it."""

    key: Key
    name: str
    kind: str
    state: str
    mark: Kind | None
    lines: tuple[Line, ...]
    facts: str
    """The long form, for whoever points at it."""


@dataclass
class Block:
    """A bridge with its ports; ``upper`` ports lead towards the world."""

    bridge: Cell
    upper: list[Cell] = field(default_factory=list)
    lower: list[Cell] = field(default_factory=list)


@dataclass
class Box:
    """A namespace.  ``uplinks`` lead out of it upwards, ``others`` are all the rest."""

    label: str
    title: str
    mark: Kind | None
    key: tuple[bool, int]
    uplinks: list[Cell] = field(default_factory=list)
    bridges: list[Block] = field(default_factory=list)
    others: list[Cell] = field(default_factory=list)
    notes: list[Line] = field(default_factory=list)
    runs: tuple[str, ...] = ()

    def cells(self) -> Iterator[Cell]:
        """Every link of it, in reading order."""
        yield from self.uplinks
        for block in self.bridges:
            yield block.bridge
            yield from block.upper
            yield from block.lower
        yield from self.others


@dataclass(frozen=True)
class Cable:
    """A veth pair (``pair``) or a link stacked on another, from the upper end to the lower."""

    upper: Key
    lower: Key
    up: bool
    mark: Kind | None
    pair: bool = True


@dataclass(frozen=True)
class Scenery:
    """A namespace of the world: calm, and told in two lines."""

    label: str
    name: str
    addresses: tuple[str, ...]
    mark: Kind | None
    facts: str


@dataclass
class Scene:
    """Everything that is drawn.  ``rest`` says what was left out, ``rest_on`` below which link."""

    title: str
    boxes: list[Box]
    scenery: list[Scenery]
    cables: list[Cable]
    scenery_of: dict[int, str]
    """By inode: to which scenery a cable leads."""
    rest: str = ""
    rest_on: Key | None = None
    rest_count: int = 0
    differs: bool = False


def scene(what: Snapshot | Diff) -> Scene:
    """The scene of a snapshot, or of what changed."""
    return _Scener(what).scene()


class _Scener:
    def __init__(self, what: Snapshot | Diff) -> None:
        self.diff = what if isinstance(what, Diff) else None
        self.snapshot = what.after if isinstance(what, Diff) else what
        self.before = what.before if isinstance(what, Diff) else None
        spaces = [(False, ns) for ns in self.snapshot.namespaces]
        if self.diff and self.before:
            gone = self.diff.gone_namespaces
            spaces += [(True, ns) for ns in self.before.namespaces if ns.inode in gone]
        self.worldly = [(gone, ns) for gone, ns in spaces if ns.role == "world"]
        own = [(gone, ns) for gone, ns in spaces if ns.role != "world"]
        self.own, self.left_out = self._choose(own)
        self.rank = {(gone, ns.inode): n for n, (gone, ns) in enumerate(own)}
        """An end in an earlier namespace is the upper one."""
        self.labels = {(gone, ns.inode): ns.label for gone, ns in spaces}
        self.links = {
            (gone, ns.inode, link.index): link
            for gone, ns in spaces
            for gone, link in self._links_of(gone, ns)
        }
        self.by_inode: dict[int, Namespace] = {
            ns.inode: ns for ns in (self.before.namespaces if self.before else ())
        }

    def scene(self) -> Scene:
        boxes = [self._box(gone, ns) for gone, ns in self.own]
        drawn = {cell.key for box in boxes for cell in box.cells()}
        order = {label: n for n, label in enumerate(_WORLD_ORDER)}
        worldly = sorted(self.worldly, key=lambda w: order.get(w[1].label, len(WORLD)))
        scenery = [self._scenery(gone, ns) for gone, ns in worldly]
        return Scene(
            title=self.snapshot.title,
            boxes=boxes,
            scenery=scenery,
            cables=list(self._cables(drawn)),
            scenery_of={ns.inode: ns.label for _, ns in self.worldly},
            rest=self._rest(),
            rest_on=self._rest_on(drawn),
            rest_count=len(self.left_out),
            differs=self.diff is not None,
        )

    def _home(self, key: Key) -> tuple[bool, int]:
        """The namespace in which a link is drawn: one that is gone may be in one that is not."""
        gone, inode, _ = key
        return (gone, inode) if (gone, inode) in self.labels else (False, inode)

    # What is left out of a big picture.

    def _choose(
        self, own: list[tuple[bool, Namespace]]
    ) -> tuple[list[tuple[bool, Namespace]], list[Namespace]]:
        if len(own) - 1 <= DRAWN_AT_MOST:
            return own, []
        first, others = own[:1], own[1:]
        # What changed comes first, and what is unlike the ones before it.
        kept: list[tuple[bool, Namespace]] = []
        shapes: set[object] = set()
        for wanted in (self._changed, self._unlike(shapes), lambda gone, ns: True):
            for entry in others:
                if len(kept) < DRAWN_OF_MANY and entry not in kept and wanted(*entry):
                    kept.append(entry)
        kept.sort(key=others.index)
        return first + kept, [ns for entry in others if entry not in kept for ns in entry[1:]]

    def _changed(self, gone: bool, namespace: Namespace) -> bool:
        if gone or self.diff is None:
            return gone
        changed = self.diff.of_namespace(namespace.inode)
        return bool(changed) or any(
            self.diff.of_link(namespace.inode, link.index) for link in namespace.links
        )

    @staticmethod
    def _unlike(shapes: set[object]) -> Callable[[bool, Namespace], bool]:
        def unlike(gone: bool, namespace: Namespace) -> bool:
            shape = _shape(namespace)
            new = shape not in shapes
            shapes.add(shape)
            return new

        return unlike

    def _rest(self) -> str:
        if not self.left_out:
            return ""
        count = len(self.left_out)
        likes = {_shape(ns): ns.label for _, ns in reversed(self.own[1:])}
        models = {likes.get(_shape(ns)) for ns in self.left_out}
        if len(models) == 1 and None not in models:
            return f"… and {count} more like {models.pop()}"
        return f"… and {count} more namespaces"

    def _rest_on(self, drawn: set[Key]) -> Key | None:
        """The bridge that most of what is left out hangs on."""
        counts: dict[Key, int] = {}
        for namespace in self.left_out:
            for link in namespace.links:
                end = self._peer_key(link.peer)
                port = self.links.get(end) if end else None
                if end and port and port.master:
                    for key in drawn:
                        if self._home(key) == self._home(end) and self.links[key].name == port.master:
                            counts[key] = counts.get(key, 0) + 1
        return max(counts, key=lambda key: counts[key]) if counts else None

    # One namespace.

    def _links_of(self, gone: bool, namespace: Namespace) -> Iterator[tuple[bool, Link]]:
        """The links that are there, and those that are gone in their old places."""
        here = [(gone, link) for link in namespace.links]
        if self.diff and self.before and not gone:
            dead = self.diff.gone_links
            for old in self.before.namespaces:
                if old.inode == namespace.inode and old.inode not in self.diff.gone_namespaces:
                    for place, link in enumerate(old.links):
                        if (old.inode, link.index) in dead:
                            here.insert(min(place, len(here)), (True, link))
        yield from here

    def _box(self, gone: bool, namespace: Namespace) -> Box:
        mark = "gone" if gone else self.diff and self.diff.namespace_mark(namespace.inode)
        box = Box(
            label=namespace.label, title=_title(namespace), mark=mark or None,
            key=(gone, namespace.inode), runs=tuple(p.command for p in namespace.processes),
        )  # fmt: skip
        shown = self._shown_ports(namespace)
        links = [
            (lost, link)
            for lost, link in self._links_of(gone, namespace)
            if link.name != "lo" and (not link.master or link.index in shown)
        ]
        blocks: dict[str, Block] = {}
        for lost, link in links:
            if link.bridge or link.kind == "bridge":
                block = Block(self._cell(lost, namespace, link))
                blocks.setdefault(link.name, block)
                box.bridges.append(block)
        for lost, link in links:
            if link.bridge or link.kind == "bridge":
                continue
            cell = self._cell(lost, namespace, link)
            upwards = self._leads_up(gone, namespace, link)
            if link.master in blocks:
                block = blocks[link.master]
                (block.upper if upwards else block.lower).append(cell)
            else:
                (box.uplinks if upwards else box.others).append(cell)
        for block in box.bridges:
            # In the order of their other ends, so that cables do not cross.
            block.lower.sort(key=lambda cell: self._far_rank(cell.key))
        box.notes = list(self._notes(gone, namespace))
        return box

    def _shown_ports(self, namespace: Namespace) -> set[int]:
        """Ports whose other end is left out are left out too."""
        out = {ns.inode for ns in self.left_out}
        return {
            link.index for link in namespace.links if not (link.peer and link.peer.namespace in out)
        } | {
            index for inode, index in (self.diff.gone_links if self.diff else ())
            if inode == namespace.inode
        }  # fmt: skip

    def _far_rank(self, key: Key) -> tuple[int, int]:
        end = self._peer_key(self.links[key].peer)
        return (self.rank.get(self._home(end), 0), end[2]) if end else (-1, 0)

    def _leads_up(self, gone: bool, namespace: Namespace, link: Link) -> bool:
        if link.peer is None:
            return link.kind == "" or gone or namespace.role != "host"
        end = self._peer_key(link.peer)
        if end is None:
            return namespace.role != "host"
        if self._home(end) == (gone, namespace.inode):
            return False
        rank = self.rank.get(self._home(end))
        return rank is None or rank < self.rank[gone, namespace.inode]

    def _peer_key(self, peer: Peer | None) -> Key | None:
        """The other end, there or gone; None if it is out of sight."""
        if peer is None:
            return None
        for gone in (False, True):
            if (gone, peer.namespace, peer.index) in self.links:
                return (gone, peer.namespace, peer.index)
        return None

    def _cell(self, gone: bool, namespace: Namespace, link: Link) -> Cell:
        changes = [] if gone or not self.diff else self.diff.of_link(namespace.inode, link.index)
        mark = "gone" if gone else self.diff and self.diff.link_mark(namespace.inode, link.index)
        lines = []
        fresh = {c.text.rpartition(": address ")[2] for c in changes if c.what == "address"}
        for address in link.addresses:
            new = mark != "new" and address.address in fresh
            lines.append(Line(address.address, "new" if new else None))
        for change in changes:
            if change.what == "address" and change.kind == "gone":
                text = change.text.rpartition(": address ")[2].removesuffix(" removed")
                lines.append(Line(text, "gone"))
        lines += [Line(word, code=False) for word in _words(link)]
        if mark != "new":
            texts = [c.text for c in changes if c.what != "address"]
            told = [short for text in texts if (short := _short(text))]
            if texts and not told and not any(line.mark for line in lines):
                told = [text.partition(": ")[2] or text for text in texts]
            lines += [Line(text, "changed", code=False) for text in told]
        kind = kind_text(link)
        return Cell(
            key=(gone, namespace.inode, link.index), name=link.name,
            kind="" if kind in {"veth", "device"} else kind, state=link.state, mark=mark or None,
            lines=tuple(lines), facts=self._facts(namespace, link, changes),
        )  # fmt: skip

    def _facts(self, namespace: Namespace, link: Link, changes: list[Change]) -> str:
        facts = [f"{namespace.label}/{link.name}: {kind_text(link)}, {link.state}"]
        facts += [f"address {address.address}" for address in link.addresses]
        if link.master:
            state = f", {link.port.state}" if link.port else ""
            facts.append(f"port of {link.master}{state}")
        if end := self._peer_key(link.peer):
            stacked = "other end" if link.kind == "veth" else "on top of"
            facts.append(f"{stacked}: {self.labels[self._home(end)]}/{self.links[end].name}")
        facts.append(f"MTU {link.mtu}")
        if link.promiscuity:
            facts.append(f"promiscuity {link.promiscuity}")
        if link.flags:
            facts.append("flags " + " ".join(link.flags))
        return "\n".join([*facts, *map(str, changes)])

    def _notes(self, gone: bool, namespace: Namespace) -> Iterator[Line]:
        """Forwarding, routes, NAT, name server: what belongs to the namespace as a whole."""
        changes = [] if gone or not self.diff else self.diff.of_namespace(namespace.inode)
        whole = "new" in {c.kind for c in changes if c.what == "namespace"}
        marks = {} if whole else {(c.what, c.text.rpartition(": ")[2]): c.kind for c in changes}
        keys = {} if whole else {(c.what, c.name): c.kind for c in changes}
        lo = next((link for link in namespace.links if link.name == "lo"), None)
        changed = bool(self.diff and lo and self.diff.of_link(namespace.inode, lo.index)) and not whole
        if lo and (lo.state != "up" or changed or len(namespace.links) == 1):
            yield Line(f"lo {lo.state}", "changed" if changed and not gone else None)
        alone = sum(link.name != "lo" for link in namespace.links) < 2
        for key in ("net.ipv4.ip_forward", "net/ipv4/ip_forward"):
            value = namespace.sysctls.get(key)
            if value is not None and (namespace.role == "host" or value != "0" or not alone):
                yield Line(f"ip_forward = {value}", keys.get(("sysctl", key)))
        for rule in namespace.nat:
            yield Line(nat_text(rule), marks.get(("nat", nat_text(rule))))
        for route in visible_routes(namespace):
            if route.protocol != "kernel":
                mark = marks.get(("route", f"route {route_text(route)}"))
                revived = ("route", route.destination)
                if mark is None and keys.get(revived) == "changed":
                    mark = "changed"
                # With one link only there is nothing to choose.
                plain = structs.replace(route, dev="") if alone and route.via else route
                yield Line(route_text(plain), mark)
        for server in nameservers(namespace.resolv_conf):
            yield Line(f"nameserver {server}", keys.get(("resolv.conf", "resolv.conf")))
        yield from (Line(f"cannot see {what}", code=False) for what in namespace.unseen)
        dull = {
            f"route {route_text(route)}"
            for old in (self.before.namespaces if self.before else ())
            for route in old.routes
            if route.protocol == "kernel"
        }
        for change in changes:
            if change.kind == "gone" and change.what in {"nat", "route", "resolv.conf"}:
                text = change.text.removesuffix(" removed").rpartition(": ")[2]
                if text not in dull:
                    yield Line(text.removeprefix("route "), "gone")

    def _scenery(self, gone: bool, namespace: Namespace) -> Scenery:
        addresses = tuple(
            address.address.partition("/")[0]
            for link in namespace.links if link.name != "lo"
            for address in link.addresses if ":" not in address.address
        )  # fmt: skip
        changed = not gone and self._changed(gone, namespace)
        name = WORLD_NAMES.get(namespace.label, namespace.label)
        return Scenery(
            label=namespace.label, name=name, addresses=addresses,
            mark="gone" if gone else "changed" if changed else None,
            facts=": ".join(filter(None, (f"outside the host: {name}", ", ".join(addresses)))),
        )  # fmt: skip

    def _cables(self, drawn: set[Key]) -> Iterator[Cable]:
        worldly = {(gone, ns.inode) for gone, ns in self.worldly}
        known = {(gone, ns.inode): n for n, (gone, ns) in enumerate(self.worldly)}
        done: set[frozenset[Key]] = set()
        for key, link in self.links.items():
            end = self._peer_key(link.peer)
            if end is None or frozenset((key, end)) in done:
                continue
            if not {key, end} <= drawn | {k for k in (key, end) if self._home(k) in worldly}:
                continue
            done.add(frozenset((key, end)))
            far = self.links[end]
            # The world is above everything, then come the namespaces in their order.
            places = [
                known[home] - len(known) if home in known else self.rank[home]
                for home in (self._home(key), self._home(end))
            ]
            stacked = link.kind != "veth"
            upper, lower = (end, key) if places[1] < places[0] or (
                places[0] == places[1] and stacked
            ) else (key, end)  # fmt: skip
            mark: Kind | None = None
            if key[0] or end[0]:
                mark = "gone"
            elif self.diff and "new" in {
                self.diff.link_mark(*key[1:]), self.diff.link_mark(*end[1:])
            }:  # fmt: skip
                mark = "new"
            yield Cable(upper, lower, link.state == "up" == far.state, mark, not stacked)


def _shape(namespace: Namespace) -> object:
    return (
        namespace.role,
        tuple((link.name, link.kind, link.state) for link in namespace.links),
    )


def _title(namespace: Namespace) -> str:
    words = {"host": "the pseudo-host", "container": "container", "process": "process"}
    word = words.get(namespace.role, "namespace")
    others = [name for name in namespace.names if name != namespace.label]
    return word + (f", also named {', '.join(others)}" if others else "")


def _words(link: Link) -> Iterator[str]:
    """What is worth saying about a link beside its addresses and its state."""
    if link.bridge:
        delay = f", forward delay {link.bridge.forward_delay:g} s" if link.bridge.stp else ""
        yield f"STP {'on' if link.bridge.stp else 'off'}{delay}"
        if link.bridge.vlan_filtering:
            yield "VLAN filtering"
    if link.port and link.up and link.port.state != "forwarding":
        yield link.port.state
    if link.promiscuity and not link.port:
        yield "promiscuous"
    if link.peer and not link.peer.namespace:
        yield "other end out of sight"


def _short(text: str) -> str:
    """A change of a link as it is said below its name; empty where the picture shows it."""
    if " moved from " in text:
        name, _, rest = text.partition(" moved from ")
        return f"was {name} in {rest.partition(' to ')[0]}"
    if " renamed to " in text:
        return f"was {text.partition(' renamed to ')[0].rpartition('/')[2]}"
    body = text.partition(": ")[2]
    if body.startswith("promiscuity"):
        return body
    if body.startswith(("carrier", "operstate", "flag", "port ")):
        return ""
    return f"was {body.partition(' → ')[0]}" if " → " in body else body
