"""From a snapshot, or from what changed, to a scene: who is in it, and how they are joined.

What is gone is still shown: a link in its old place among those that are left, a namespace after
all others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TypeVar

from nslab.draw.scene import captions, sampling, wires
from nslab.draw.scene.networks import networks
from nslab.draw.scene.outermost import outermost
from nslab.draw.scene.ranks import ranks
from nslab.draw.scene.scene import Block, Box, Cable, Cell, Key, Line, Scene, Scenery
from nslab.network.diff import Change, Diff, Kind, kind_and_mode, kind_text
from nslab.network.model import WORLD, Link, Namespace, Peer, Snapshot

WORLD_NAMES = {"switch": "LAN switch", "lan": "LAN machine"}
"""What parts of the world are called in a picture; the others by their labels."""

_WORLD_ORDER = ("lan", "switch", "router", "internet")

Home = tuple[bool, int]
"""Of a namespace: whether it is gone, and its inode."""


AnyKey = TypeVar("AnyKey", Home, Key)
AnyWire = TypeVar("AnyWire", tuple[Key, Key], tuple[Key, Key, str])


def _unique(names: dict[AnyKey, str]) -> dict[AnyKey, str]:
    """Names of which no two are the same; what is there has precedence over what is gone."""
    found: dict[AnyKey, str] = {}
    taken: set[str] = set()
    for key in sorted(names, key=lambda key: key[0]):
        name, count = names[key], 2
        while name in taken:
            name, count = f"{names[key]}#{count}", count + 1
        taken.add(name)
        found[key] = name
    return found


def _in_order(own: list[tuple[bool, Namespace]]) -> list[tuple[bool, Namespace]]:
    """The host, then namespaces by role and name; what is gone comes last."""
    roles = {namespace.role: n for n, (_, namespace) in reversed(list(enumerate(own)))}
    return sorted(
        own, key=lambda entry: (entry[0], roles[entry[1].role], sampling.natural(entry[1].label))
    )


def compose(
    what: Snapshot | Diff,
    said: Mapping[int, Sequence[str]] | None = None,
    *,
    whole: bool = False,
    plain: bool = False,
) -> Scene:
    """The scene of a snapshot, or of what changed.

    :param said: by a namespace's inode: what more is said of it, a line each
    :param whole: with every namespace, however many there are
    :param plain: only what is there: not what is missing, and nothing is marked as wrong
    """
    diff = what if isinstance(what, Diff) else None
    composer = _Composer(what.after if isinstance(what, Diff) else what, diff, whole)
    scene = composer.scene()
    for box in scene.boxes:
        if plain:
            box.notes = list(_plain(box.notes))
        lines = said.get(box.key[1], ()) if said and not box.key[0] else ()
        box.notes += [Line(words, code=False, role="listens") for words in lines]
    return scene


def _plain(notes: Iterable[Line]) -> Iterator[Line]:
    """What is there, without a judgement on it."""
    for line in notes:
        if line.role != "missing":
            yield replace(line, role="") if line.role == "wrong" else line


def _is_card(link: Link) -> bool:
    """Whether a link is a device of the machine: those of the world are virtual, as a rule."""
    return link.name != "lo" and not link.kind and link.peer is None and not link.addresses


class _Composer:
    def __init__(self, snapshot: Snapshot, diff: Diff | None, whole: bool) -> None:
        self.snapshot, self.diff = snapshot, diff
        self.old: dict[int, Namespace] = {}
        """By inode: what a namespace that is still there was."""
        spaces = [(False, namespace) for namespace in snapshot.namespaces]
        spaces += self._gone()
        own = _in_order([entry for entry in spaces if entry[1].role != "world"])
        self.worldly = [entry for entry in spaces if entry[1].role == "world"]
        self.own, self.left = (own, []) if whole else sampling.choose(own, self._changed)
        self.labels = {(gone, namespace.inode): namespace.label for gone, namespace in spaces}
        self.links = dict(self._every_link(spaces))
        self.rank, self.levels = ranks(
            [(gone, namespace.inode) for gone, namespace in own], self._joined()
        )
        """The end of a cable in an earlier namespace is the upper one, and the world is above."""
        for n, (gone, namespace) in enumerate(self.worldly):
            self.rank[gone, namespace.inode] = n - len(self.worldly)
        self.box_names = _unique(self.labels)
        self.names = _unique(
            {
                key: f"{self.box_names[self._home(key)]}/{link.name}"
                for key, link in self.links.items()
            }
        )

        self.hubs = [hub for gone, ns in self.own for hub in wires.hubs(gone, ns)]
        self.former = [hub for ns in self.old.values() for hub in wires.hubs(False, ns)]
        """The same of what was, where that is known."""
        self.tunnels = list(wires.tunnels(self.links, spaces))
        self.joined = frozenset(chain.from_iterable(self.tunnels))
        """The ends of tunnels of which both are here."""

    def _gone(self) -> Iterator[tuple[bool, Namespace]]:
        """The namespaces that are there no longer; what the others were is noted."""
        for namespace in self.diff.before.namespaces if self.diff else ():
            if self.diff and namespace.inode in self.diff.gone_namespaces:
                yield True, namespace
            else:
                self.old[namespace.inode] = namespace

    def _joined(self) -> Iterator[tuple[Home, Home]]:
        """The namespaces of the two ends of each cable."""
        for key, link in self.links.items():
            end = self._peer_key(link.peer)
            if end is not None:
                yield self._home(key), self._home(end)

    def _every_link(self, spaces: list[tuple[bool, Namespace]]) -> Iterator[tuple[Key, Link]]:
        for gone, namespace in spaces:
            for lost, link in self._links_of(gone, namespace):
                yield (lost, namespace.inode, link.index), link

    def scene(self) -> Scene:
        boxes = [self._box(gone, namespace) for gone, namespace in self.own]
        drawn = {cell.key for box in boxes for cell in box.cells()}
        unsaid = sum(self._changed(False, namespace) for namespace in self.left)
        cables = list(self._cables(drawn))
        cables += self._hub_cables(drawn)
        cables += self._other_wires(drawn)
        order = {label: n for n, label in enumerate(_WORLD_ORDER)}
        # All of it where only changes count, too: where everything is stays as it was.
        worldly = sorted(self.worldly, key=lambda entry: order.get(entry[1].label, len(WORLD)))
        worlds = {ns.inode: ns.label for _, ns in self.worldly}
        found = networks(self.links, self._peer_key, worlds, self.tunnels)
        scene = Scene(
            title=self.snapshot.title,
            boxes=boxes,
            scenery=[self._scenery(gone, namespace) for gone, namespace in worldly],
            cables=cables,
            networks=[network.members for network in found],
            outside=frozenset(n for n, network in enumerate(found) if network.outside),
            scenery_of={namespace.inode: namespace.label for _, namespace in self.worldly},
            names=self.names,
            box_names=self.box_names,
            levels=self.levels,
            rest=sampling.summary(self.own, self.left, unsaid),
            rest_on=self._rest_on(boxes),
            rest_count=len(self.left),
            differs=self.diff is not None,
        )
        return outermost(scene) if self.diff else scene

    def _hub_cables(self, drawn: set[Key]) -> Iterator[Cable]:
        now, before = (
            {
                (min(one, other), max(one, other)): words.partition(" ")[0]
                for one, other, words in hubs
            }
            for hubs in (self.hubs, self.former)
        )
        for (one, other), by in {**before, **now}.items():
            mark = self._wire_mark((one, other), now, before)
            # Of a wire that went, nothing is drawn where an end is plugged in elsewhere now.
            moved = mark == "gone" and any(map(self._replugged, (one, other)))
            if one in drawn and other in drawn and not moved:
                up = self.links[one].state == "up" == self.links[other].state
                every = (*self.hubs, *self.former)
                heads = {to for start, to, _ in every if {start, to} == {one, other}}
                yield Cable(one, other, up, mark, pair=False, by=by, heads=tuple(sorted(heads)))

    def _replugged(self, key: Key) -> bool:
        """Whether a link is a port of another bridge than before, or was none."""
        old = self.old[key[1]].links if key[1] in self.old else ()
        before = {link.index: link.master for link in old}
        return self.links[key].master not in ("", before.get(key[2]))

    def _wire_mark(
        self, wire: AnyWire, now: Collection[AnyWire], old: Collection[AnyWire]
    ) -> Kind | None:
        """How a wire that a filter makes came to be, or what it says, or went."""
        if not self.diff or (wire in now) == (wire in old):
            return None
        return "new" if wire in now else "gone"

    def _other_wires(self, drawn: set[Key]) -> Iterator[Cable]:
        """Tunnels, and the hub that the machine's emulated cards are on."""
        for one, other in self.tunnels:
            if one in drawn and other in drawn:
                yield replace(self._cable(one, other), pair=False, by=self.links[one].kind)
        worldly = frozenset(namespace.inode for _, namespace in self.worldly)
        for far, near in wires.cards(self.links, worldly):
            if near in drawn:
                yield replace(self._cable(far, near), pair=True)

    # What is where.

    def _home(self, key: Key) -> Home:
        """The namespace in which a link is drawn: one that is gone may be in one that is not."""
        gone, inode, _ = key
        return (gone, inode) if (gone, inode) in self.labels else (False, inode)

    def _links_of(self, gone: bool, namespace: Namespace) -> Iterator[tuple[bool, Link]]:
        """The links that are there, and those that are gone in their old places."""
        here = [(gone, link) for link in namespace.links]
        old = None if gone else self.old.get(namespace.inode)
        for place, link in enumerate(old.links if old else ()):
            if self.diff and old and (old.inode, link.index) in self.diff.gone_links:
                here.insert(min(place, len(here)), (True, link))
        yield from here

    def _peer_key(self, peer: Peer | None) -> Key | None:
        """The other end, there or gone; None if it is out of sight."""
        for gone in (False, True) if peer else ():
            if peer and (gone, peer.namespace, peer.index) in self.links:
                return gone, peer.namespace, peer.index
        return None

    def _changes_of(self, gone: bool, inode: int, index: int) -> list[Change]:
        return [] if gone or not self.diff else self.diff.of_link(inode, index)

    def _changed(self, gone: bool, namespace: Namespace) -> bool:
        if gone or self.diff is None:
            return gone
        return bool(self.diff.of_namespace(namespace.inode)) or any(
            self.diff.of_link(namespace.inode, link.index) for link in namespace.links
        )

    def _rest_on(self, boxes: list[Box]) -> Key | None:
        """The bridge that most of what is left out hangs on."""
        counts: dict[tuple[Home, str], int] = {}
        for namespace in self.left:
            for link in namespace.links:
                end = self._peer_key(link.peer)
                if end and self.links[end].master:
                    bridge = (self._home(end), self.links[end].master)
                    counts[bridge] = counts.get(bridge, 0) + 1
        for box in boxes:
            for block in box.bridges:
                place = (box.key, block.bridge.name)
                if place in counts and counts[place] == max(counts.values()):
                    return block.bridge.key
        return None

    # One namespace.

    def _box(self, gone: bool, namespace: Namespace) -> Box:
        mark: Kind | None = "gone" if gone else None
        if self.diff and not gone:
            mark = self.diff.namespace_mark(namespace.inode)
            every = self.diff.of_namespace(namespace.inode)
            if mark == "changed" and captions.only_named(namespace, every):
                mark = None  # it is said where the name stands
        box = Box(
            label=namespace.label,
            title=self._title(namespace),
            mark=mark,
            key=(gone, namespace.inode),
            runs=tuple(p.command for p in namespace.processes),
        )
        self._fill(box, namespace)
        changes: list[Change] = []
        loopback: list[Change] = []
        if self.diff and mark not in {"new", "gone"}:
            changes = self.diff.of_namespace(namespace.inode)
            loopback = [
                change
                for link in namespace.links
                if link.name == "lo"
                for change in self.diff.of_link(namespace.inode, link.index)
            ]
        forwards = self.snapshot.host.sysctls.get("net.ipv4.ip_forward", "0") != "0"
        box.notes = list(
            captions.notes(
                namespace,
                changes,
                loopback,
                before=None if gone else self.old.get(namespace.inode),
                forwards=forwards and not gone,
            )
        )
        return box

    def _title(self, namespace: Namespace) -> str:
        if namespace.role == "host":
            return "the pseudo-host" if self.worldly else "the machine"
        return namespace.role if namespace.role in {"container", "process"} else "namespace"

    def _fill(self, box: Box, namespace: Namespace) -> None:
        """Put the links of a namespace where they belong."""
        cells = [
            (link, self._cell(lost, namespace, link))
            for lost, link in self._links_of(box.key[0], namespace)
            if link.name != "lo" and not self._left_out(link) and not wires.is_idle_fallback(link)
        ]
        blocks: dict[str, Block] = {}
        for link, cell in cells:
            if link.kind == "bridge":
                box.bridges.append(Block(cell))
                blocks.setdefault(link.name, box.bridges[-1])
        for link, cell in cells:
            if link.kind == "bridge":
                continue
            upwards = self._leads_up(box.key, namespace, link)
            if link.master in blocks:
                block = blocks[link.master]
                (block.upper if upwards else block.lower).append(cell)
            else:
                (box.uplinks if upwards else box.others).append(cell)
        box.others = self._pairs_together(box.others)
        for row in (box.others, box.uplinks):
            # Wires to the other end of a tunnel do not cross the beginnings of those without one.
            row.sort(key=lambda cell: bool(cell.loose and self.links[cell.key].ends))
        for block in box.bridges:
            # In the order of their other ends, so that cables do not cross.
            block.lower.sort(key=lambda cell: self._far_rank(cell.key))

    def _pairs_together(self, cells: list[Cell]) -> list[Cell]:
        """Links with the other ends that are among them beside them."""
        left = {cell.key: cell for cell in cells}
        found = []
        for cell in cells:
            if left.pop(cell.key, None):
                found.append(cell)
                end = self._peer_key(self.links[cell.key].peer)
                if end in left and self.links[end].kind == "veth":
                    found.append(left.pop(end))
        return found

    def _left_out(self, link: Link) -> bool:
        """Links whose other end is left out are left out too."""
        out = {namespace.inode for namespace in self.left}
        return link.peer is not None and link.peer.namespace in out

    def _far_rank(self, key: Key) -> tuple[int, int]:
        end = self._peer_key(self.links[key].peer)
        return (self.rank[self._home(end)], end[2]) if end else (len(self.rank), 0)

    def _leads_up(self, home: Home, namespace: Namespace, link: Link) -> bool:
        end = self._peer_key(link.peer)
        if end is None:
            # A device of the machine, or something whose other end nobody here can see.
            return link.kind == "" if namespace.role == "host" else True
        return self.rank[self._home(end)] < self.rank[home]

    def _sends(self, key: Key) -> Iterator[Line]:
        """What a packet filter does with the frames that come by a link."""
        for hub in dict.fromkeys((*self.hubs, *self.former)):
            one, other, words = hub
            if one == key and other in self.links:
                mark = self._wire_mark(hub, self.hubs, self.former)
                yield Line(f"{words} to {self.links[other].name}", mark, code=False)

    def _cell(self, gone: bool, namespace: Namespace, link: Link) -> Cell:
        changes = self._changes_of(gone, namespace.inode, link.index)
        end = self._peer_key(link.peer)
        key = (gone, namespace.inode, link.index)
        sends = tuple(self._sends(key))
        mark = self._mark(key, sends)
        far = f"{self.labels[self._home(end)]}/{self.links[end].name}" if end else ""
        leads = captions.loose(link)
        # A tunnel says where it leads also where it stands on a link, or its far end is here.
        joined = key in self.joined or bool(end and (link.tunnel or link.ends))
        told = captions.link_told(changes if mark == "changed" else (), link.state, lines=True)
        apart = captions.told_apart(link, told)
        # A mode that changed is said where that is.
        turned = any(one.startswith("mode ") for one in told)
        kind = kind_text(link) if turned else kind_and_mode(link)
        return Cell(
            key=key,
            name=link.name,
            kind="" if kind in {"veth", "device"} else kind,
            state=link.state,
            mark=mark,
            lines=(
                *captions.link_lines(link, changes if mark == "changed" else ()),
                *sends,
                *([Line(leads, code=False)] if joined else []),
            ),
            aside=captions.spanning_tree(link),
            does=captions.waits(link),
            told=told,
            turned=apart[0],
            tree=apart[1],
            others=apart[2],
            loose="" if end or joined else leads,
            facts=captions.link_facts(namespace.label, link, far, changes),
        )

    def _mark(self, key: Key, sends: Sequence[Line]) -> Kind | None:
        """How a link changed; what a filter does with its frames is a property of it."""
        if key[0]:
            return "gone"
        mark = self.diff.link_mark(*key[1:]) if self.diff else None
        return mark or ("changed" if any(line.mark for line in sends) else None)

    def _scenery(self, gone: bool, namespace: Namespace) -> Scenery:
        addresses = tuple(
            address.address.partition("/")[0]
            for link in namespace.links
            if link.name != "lo"
            for address in link.addresses
            if ":" not in address.address
        )
        addresses += tuple(link.name for link in namespace.links if _is_card(link))
        changed = self._changed(gone, namespace)
        name = WORLD_NAMES.get(namespace.label, namespace.label)
        inode, told = namespace.inode, list[Line]()
        if self.diff and changed and not gone:
            linked = {one.index: self.diff.of_link(inode, one.index) for one in namespace.links}
            told = list(captions.world_told(namespace, self.diff.of_namespace(inode), linked))
        ports = tuple(captions.scene_ports(namespace, self.old.get(inode)))
        facts = ": ".join(filter(None, (f"outside the host: {name}", ", ".join(addresses))))
        return Scenery(
            label=namespace.label,
            name=name,
            addresses=addresses,
            mark="gone" if gone else "changed" if changed else None,
            facts="\n".join([facts, *(f"{port.name}: {port.said}" for port in ports)]),
            told=tuple(told),
            ports=ports,
        )

    # What joins them.

    def _cables(self, drawn: set[Key]) -> Iterator[Cable]:
        worldly = {(gone, namespace.inode) for gone, namespace in self.worldly}
        done: set[frozenset[Key]] = set()
        for key, link in self.links.items():
            end = self._peer_key(link.peer)
            if end is None or frozenset((key, end)) in done:
                continue
            if all(one in drawn or self._home(one) in worldly for one in (key, end)):
                done.add(frozenset((key, end)))
                yield self._cable(key, end)

    def _cable(self, key: Key, end: Key) -> Cable:
        one, other = self.links[key], self.links[end]
        ranks = self.rank[self._home(key)], self.rank[self._home(end)]
        pair = one.kind == "veth"
        turned = ranks[1] < ranks[0] or (ranks[0] == ranks[1] and not pair)
        mark: Kind | None = None
        if key[0] or end[0]:
            mark = "gone"
        elif self.diff and "new" in (self.diff.link_mark(*k[1:]) for k in (key, end)):
            mark = "new"
        upper, lower = (end, key) if turned else (key, end)
        return Cable(upper, lower, one.state == "up" == other.state, mark, pair)
