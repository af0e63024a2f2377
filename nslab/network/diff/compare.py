"""The comparison: what is the same thing in both snapshots, and what follows from that."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from nslab.network.arguments import checked
from nslab.network.diff import details, learned, switches
from nslab.network.diff.change import Change, Diff, Kind, Teller, What, came_or_went
from nslab.network.diff.wording import address_of, link_text, route_text, visible_routes
from nslab.network.model import Link, Namespace, Peer, Route, Snapshot

_STATE_FLAGS = frozenset({"UP", "LOWER_UP", "RUNNING", "NO-CARRIER"})
"""Flags that repeat ``up`` and ``carrier``; RUNNING follows them up to a second later."""


@checked
def compare(before: Snapshot, after: Snapshot) -> Diff:
    """What changed from ``before`` to ``after``."""
    return Diff(before, after, tuple(_Comparison(before, after).changes()))


Pair = tuple[Namespace | None, Namespace | None]
_Where = tuple[int, int]


class _Comparison:
    """The matching of two snapshots, and the changes that follow from it."""

    def __init__(self, before: Snapshot, after: Snapshot) -> None:
        self.before, self.after = before, after
        self.pairs = list(pair_namespaces(before, after))
        self.same: dict[_Where, tuple[Namespace, Link]] = {}
        """From where a link is now to what it was."""
        self.renamed: dict[tuple[int, int], dict[str, str]] = {}
        self._pair_links()
        self.now = {(old.inode, link.index): where for where, (old, link) in self.same.items()}
        self.names = {
            mac: address_of(ns, link)
            for snapshot in (before, after)
            for ns in snapshot.namespaces
            for link in ns.links
            if (mac := link.mac)
            and link.kind != "bridge"
            and ns.role != "world"
            and not snapshot.borrows_mac(link)
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
                if was.mac == link.mac
                and was.kind == link.kind
                and _can_move(link)
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
        tell = Teller(here)
        if old is None or new is None:
            what = "container" if here.role == "container" else "namespace"
            kind = came_or_went(new is not None)
            yield tell(kind, "namespace", here.label, f"{what} {here.label}")
        else:
            yield from details.namespace_fields(tell, old, new)
        gone = old.links if old else ()
        for link in new.links if new else ():
            match = self.same.get((here.inode, link.index))
            if match:
                yield from self._link(match[0], match[1], here, link)
            elif old or link.name != "lo":
                yield tell(came_or_went(True), "link", link.name, link_text(here, link), link.index)
        for link in gone:
            if old and (old.inode, link.index) not in self.now and (new or link.name != "lo"):
                yield tell(came_or_went(False), "link", link.name, link_text(old, link), link.index)
        yield from self._routes(tell, old, new)
        yield from details.items(tell, "route", details.local(old), details.local(new))
        yield from details.items(tell, "policy", switches.policy(old), switches.policy(new))
        yield from details.items(tell, "nat", details.nat(old), details.nat(new))
        yield from details.rules(tell, old, new)
        if old and new:
            yield from details.sysctls(tell, old, new)
        yield from details.resolv_conf_changes(tell, old, new)
        if here.role == "host":
            yield from details.files(tell, self.before, self.after)
        yield from details.items(tell, "process", details.processes(old), details.processes(new))
        yield from self._learned(tell, old, new)

    def _link(self, was: Namespace, old: Link, ns: Namespace, new: Link) -> Iterator[Change]:
        whose = address_of(ns, new)
        tell = Teller(ns)

        def changed(
            text: str, what: What = "link", *, value: str = "", quiet: bool = False
        ) -> Change:
            line, value = f"{whose}: {text}", value or text
            return tell("changed", what, new.name, line, new.index, value=value, quiet=quiet)

        if was.inode != ns.inode:
            text, value = f"{old.name} moved from {was.label} to {ns.label}", f"was in {was.label}"
            if old.name != new.name:
                text, value = f"{text}, renamed to {new.name}", f"was {old.name} in {was.label}"
            yield tell("changed", "link", new.name, text, new.index, value=value)
        elif old.name != new.name:
            text, value = f"{address_of(ns, old)} renamed to {new.name}", f"was {old.name}"
            yield tell("changed", "link", new.name, text, new.index, value=value)
        if old.state != new.state:
            yield changed(f"{old.state} → {new.state}", value=f"was {old.state}")
        elif old.carrier != new.carrier:
            yield changed(f"carrier {'found' if new.carrier else 'lost'}", quiet=True)
        for flag in sorted((set(old.flags) ^ set(new.flags)) - _STATE_FLAGS):
            yield changed(f"flag {flag} {'set' if flag in new.flags else 'cleared'}", quiet=True)
        if old.promiscuity != new.promiscuity:
            yield changed(f"promiscuity {old.promiscuity} → {new.promiscuity}")
        if (old.mac, old.mac_origin) != (new.mac, new.mac_origin):
            yield changed(details.mac_words(old, new))
        if old.mtu != new.mtu:
            yield changed(f"MTU {old.mtu} → {new.mtu}")
        for word, was_so, is_so in (("mode", old.mode, new.mode), ("VLAN", old.vlan, new.vlan)):
            if was_so != is_so:
                yield changed(f"{word} {was_so or 'none'} → {is_so or 'none'}")
        for text in switches.of_link(old, new):
            yield changed(text)
        if (words := self._peer(old, new)) is not None:
            yield changed(words)
        yield from details.bridging(changed, old, new, self._renamed(was, ns))
        yield from details.addresses(tell, whose, old, new)

    def _renamed(self, was: Namespace, ns: Namespace) -> dict[str, str]:
        """From the names that links of a namespace had to those they have now."""
        pair = (was.inode, ns.inode)
        if pair not in self.renamed:
            names = self.renamed[pair] = {link.name: link.name for link in was.links}
            for link in ns.links:
                match = self.same.get((ns.inode, link.index))
                if match and match[0].inode == was.inode:
                    names[match[1].name] = link.name
        return self.renamed[pair]

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
        self, tell: Teller, old: Namespace | None, new: Namespace | None
    ) -> Iterator[Change]:
        names = self._renamed(old, new) if old and new else {}
        before = [
            structs.replace(route, dev=names.get(route.dev, route.dev))
            for route in (visible_routes(old) if old else ())
        ]
        after = list(visible_routes(new)) if new else []
        alive = {structs.replace(route, dead=False): route for route in before}

        def of_route(kind: Kind, route: Route, note: str = "") -> Change:
            text = tell.of(f"route {route_text(route)}{note}")
            # The kernel's own routes follow from the addresses.
            quiet = route.protocol == "kernel"
            own, value = route.by_kernel, route_text(route)
            return tell(kind, "route", route.destination, text, value=value, quiet=quiet, own=own)

        kept = set()
        for route in after:
            match = alive.get(structs.replace(route, dead=False))
            if match is None:
                yield of_route("new", route)
                continue
            kept.add(structs.replace(route, dead=False))
            if match.dead != route.dead:
                yield of_route("changed", route, "" if route.dead else ": no longer linkdown")
        for route in before:
            if structs.replace(route, dead=False) not in kept:
                yield of_route("gone", structs.replace(route, dead=False), " removed")

    def _learned(
        self, tell: Teller, old: Namespace | None, new: Namespace | None
    ) -> Iterator[Change]:
        neighbours, proxied = learned.neighbours, learned.proxied
        stations = learned.Stations(old, new, self.names)
        entries = stations.entries
        unwritten = learned.unwritten
        yield from details.items(tell, "neighbour", neighbours(old), neighbours(new), unwritten)
        yield from details.items(tell, "neighbour", proxied(old), proxied(new))
        yield from details.items(tell, "fdb", entries(old), entries(new), stations.unwritten)


def pair_namespaces(before: Snapshot, after: Snapshot) -> Iterator[Pair]:
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
