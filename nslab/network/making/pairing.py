"""Which link is which in two snapshots, whatever it is called and wherever it is."""

from __future__ import annotations

from collections.abc import Iterator

from nslab.network.model import Link, Namespace, Peer, Snapshot

Where = tuple[str, str]
"""The label of a namespace, and the name of a link in it."""


class Network:
    """A snapshot by names."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.labels = {ns.inode: ns.label for ns in snapshot}
        self.spaces: dict[str, Namespace] = {}
        for ns in snapshot:
            if ns.role != "process":  # its label is a process id, and means nothing elsewhere
                self.spaces.setdefault(ns.label, ns)
        self.links: dict[Where, Link] = {
            (label, link.name): link for label, ns in self.spaces.items() for link in ns.links
        }

    def peer(self, link: Link) -> Where | None:
        """The other end, or the link below, if it is in sight."""
        peer: Peer | None = link.peer
        if peer is None or peer.namespace not in self.labels:
            return None
        where = (self.labels[peer.namespace], peer.name)
        return where if where in self.links else None


def pair(before: Network, after: Network) -> dict[Where, Where]:
    """From where a link is afterwards to where it was; what is new is left out."""
    same: dict[Where, Where] = {}
    left = dict(before.links)
    for likely in (_unmistakable, _named_so, _earlier):
        for where, link in after.links.items():
            if where not in same:
                found = min(likely(left, where, link), default=None)
                if found is not None:
                    same[where] = found[1]
                    del left[found[1]]
    while wrong := list(_torn(before, after, same)):
        for where in wrong:
            del same[where]
    return same


def _alike(old: Link, new: Link) -> bool:
    """Whether one can be made the other without being made anew."""
    # A bridge that was given a MAC takes none of a port's (br_stp_recalculate_bridge_id()).
    given = old.kind == "bridge" and old.mac_origin == "set"
    if given and (new.mac_origin == "stolen" or not new.mac.strip("0:")):
        return False
    return (old.kind, old.mode, old.vlan, old.tunnel) == (new.kind, new.mode, new.vlan, new.tunnel)


Likely = Iterator[tuple[tuple[bool, bool, bool], Where]]
"""What may have become a link: the most likely is the least."""


def _unmistakable(left: dict[Where, Link], where: Where, link: Link) -> Likely:
    """The same number and the same MAC in the same namespace, by whatever name."""
    for was, old in left.items():
        same = (was[0], old.index, old.mac) == (where[0], link.index, link.mac)
        if same and _alike(old, link) and link.name != "lo" and link.mac.strip("0:"):
            yield (False, False, was[1] != where[1]), was


def _named_so(left: dict[Where, Link], where: Where, link: Link) -> Likely:
    if where in left and _alike(left[where], link):
        yield (False, False, False), where


def _earlier(left: dict[Where, Link], where: Where, link: Link) -> Likely:
    """What has another name, or was in another namespace."""
    for was, old in left.items():
        there, same_name = was[0] == where[0], was[1] == where[1]
        numbered = old.index == link.index
        moved = not there and old.mac == link.mac and bool(link.mac.strip("0:"))
        if _alike(old, link) and link.name != "lo" and (numbered if there else moved):
            yield (not there, not numbered, not same_name), was


def _torn(before: Network, after: Network, same: dict[Where, Where]) -> Iterator[Where]:
    """Links whose other end, or what they stand on, is another one now."""
    for where, was in same.items():
        now, then = after.peer(after.links[where]), before.peer(before.links[was])
        if (same.get(now) if now else None) != then:
            yield where
