"""Wires that no pair of links is: filters that pass frames on, tunnels, the hub of two cards."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from nslab.draw.scene.scene import Key
from nslab.network.model import Link, Namespace

_PASSED_ON = re.compile(r'\b(fwd|dup) to "?([^\s"]+)"?')
"""How nft says that a frame, or a copy of it, goes out by another link."""


def hubs(gone: bool, namespace: Namespace) -> Iterator[tuple[Key, Key, str]]:
    """Links between which a packet filter passes frames on as a wire would, and how."""
    keys = {link.name: (gone, namespace.inode, link.index) for link in namespace.links}
    found: dict[tuple[str, str], dict[str, None]] = {}
    for table, chain in namespace.rules.base_chains():
        texts = [rule.text for rule in chain.rules] if table.family == "netdev" else []
        for verb, name in (pair for text in texts for pair in _PASSED_ON.findall(text)):
            for device in chain.devices:
                found.setdefault((device, name), {})[verb] = None
    for (device, name), verbs in found.items():
        if device in keys and name in keys:
            yield keys[device], keys[name], f"nft {' and '.join(verbs)}"


def tunnels(
    links: Mapping[Key, Link], spaces: Sequence[tuple[bool, Namespace]]
) -> Iterator[tuple[Key, Key]]:
    """The two ends of each vxlan of which both are here: one sends to an address of the other."""
    homes = {(gone, namespace.inode): namespace for gone, namespace in spaces}
    ends = [key for key, link in links.items() if link.tunnel and not key[0]]
    for one, other in combinations(ends, 2):
        here, there = homes.get(one[:2]), homes.get(other[:2])
        if here and there and here is not there and _meet(here, links[one], there, links[other]):
            yield one, other


def _meet(here: Namespace, one: Link, there: Namespace, other: Link) -> bool:
    """Whether what one end sends may come out at the other."""
    a, b = one.tunnel, other.tunnel
    if a is None or b is None or (a.number, a.port) != (b.number, b.port):
        return False
    sends = _targets(here, one) & _addresses(there)
    answers = _targets(there, other) & _addresses(here)
    return bool(sends or answers) or (a.remote == b.remote and _is_group(a.remote))


def _targets(namespace: Namespace, link: Link) -> set[str]:
    """The far ends that a vxlan sends to: its own, and those of its forwarding table."""
    remote = {link.tunnel.remote} if link.tunnel else set()
    return (remote | {one.remote for one in namespace.fdb if one.dev == link.name}) - {""}


def _addresses(namespace: Namespace) -> set[str]:
    return {
        address.address.partition("/")[0] for link in namespace.links for address in link.addresses
    }


def _is_group(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_multicast
    except ValueError:
        return False


def cards(links: Mapping[Key, Link], worldly: frozenset[int]) -> Iterator[tuple[Key, Key]]:
    """The machine's emulated cards, which are on one hub: those of the world with the others.

    A link of the world is virtual and has another end, unless it is such a card.
    """
    bare = [
        key
        for key, link in links.items()
        if not key[0] and link.name != "lo" and not link.kind and link.peer is None
    ]
    outside = [key for key in bare if key[1] in worldly]
    inside = [key for key in bare if key[1] not in worldly]
    yield from ((far, near) for far in outside for near in inside)


__all__ = ["cards", "hubs", "tunnels"]
