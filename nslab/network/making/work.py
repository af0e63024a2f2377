"""What is there while a plan is carried out, as far as that can be told beforehand."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from nslab.network.making.pairing import Network, Where, pair
from nslab.network.making.pieces import Piece
from nslab.network.model import Address, Link, Snapshot

FORWARD = "net.ipv4.ip_forward"
DEFAULT_RP_FILTER = "net.ipv4.conf.default.rp_filter"


class Work:
    """The two networks, and what has become of the first by the pieces so far."""

    def __init__(self, before: Snapshot, after: Snapshot) -> None:
        self.before, self.after = Network(before), Network(after)
        self.same = pair(self.before, self.after)
        self.left: list[str] = []
        """What cannot be made, in words."""
        self.base: dict[Where, Link] = {
            where: self.before.links[was] for where, was in self.same.items()
        }
        """What is there, by where it is afterwards."""
        self.bare: set[Where] = set()
        """Links whose routes are gone, because they are new, moved, or were down meanwhile."""
        self.joined: set[Where] = set()
        """Links whose bridge looks at their MTU again."""
        self.readdressed: set[Where] = set()
        """Links whose own routes follow from what is done to them."""
        self.given: dict[Where, list[Address]] = {}
        """Addresses that links were given; a link that was set up counts as given all it has."""
        self.taken: dict[Where, list[Address]] = {}
        """Addresses that were taken away from links."""

    def spaces(self) -> Iterator[str]:
        """The labels of the namespaces afterwards in which something is otherwise."""
        for label, ns in self.after.spaces.items():
            if self.before.spaces.get(label) != ns:
                yield label

    def links(self) -> Iterator[tuple[Where, Link, Link]]:
        """Where links are that are not as they should be; how they are, and how they should be."""
        for label in self.spaces():
            for link in self.after.spaces[label].links:
                where = (label, link.name)
                if where in self.base and self.base[where] != link:
                    yield where, self.base[where], link

    def made(self, where: Where, link: Link) -> None:
        """A link is made anew: it is down and has nothing yet."""
        default = self.setting(where[0], DEFAULT_RP_FILTER)
        self.base[where] = Link(
            name=link.name,
            index=link.index,
            kind=link.kind,
            mac=link.mac,
            mac_origin=link.mac_origin,
            mtu=65536 if link.name == "lo" else 1500,
            bridge=structs.replace(link.bridge, vlan_filtering=False) if link.bridge else None,
            settings={} if default in ("", "0") else {"rp_filter": default},
            flags=tuple(flag for flag in link.flags if flag in _BY_KIND),
        )
        self.bare.add(where)
        self.readdressed.add(where)

    def setting(self, label: str, key: str) -> str:
        """What a namespace is to have as a setting; empty if that is not known."""
        return self.after.spaces[label].sysctls.get(key, "")


_BY_KIND = ("BROADCAST", "MULTICAST", "LOOPBACK", "POINTOPOINT")

Pieces = Iterator[Piece]


def named(label: str) -> str | None:
    """A namespace as actions name it."""
    return None if label == "host" else label


def place(where: Where) -> str:
    """A link in words."""
    return where[1] if where[0] == "host" else f"{where[0]}/{where[1]}"
