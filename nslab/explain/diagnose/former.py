"""The addresses that links had before: what a remedy gives back rather than any that is free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from nslab.network.model import Snapshot


class Former(Struct, frozen=True):
    """Which link had which addresses.

    :param held: by a namespace's label and a link's name: addresses with their prefix lengths, the
        last one first
    """

    held: Mapping[tuple[str, str], tuple[str, ...]] = {}

    def of(self, ns: str, link: str) -> tuple[str, ...]:
        """What a link had, the last one first."""
        return self.held.get((ns, link), ())

    def others(self, ns: str, link: str) -> frozenset[str]:
        """What the other links had."""
        return frozenset(
            address
            for place, addresses in self.held.items()
            if place != (ns, link)
            for address in addresses
        )


NONE = Former()


def formerly(snapshots: Iterable[Snapshot]) -> Former:
    """What links had in earlier looks at the same lab, or in the state that it began with.

    Namespaces are told apart by their labels: one that is made anew is meant to be what it was.

    :param snapshots: the earlier looks, the last one first
    """
    held: dict[tuple[str, str], dict[str, None]] = {}
    for snapshot in snapshots:
        for ns in snapshot:
            for link in ns.links:
                if link.addresses:
                    known = held.setdefault((ns.label, link.name), {})
                    known.update(dict.fromkeys(each.address for each in link.addresses))
    return Former({place: tuple(addresses) for place, addresses in held.items()})
