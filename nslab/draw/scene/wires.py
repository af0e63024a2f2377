"""Wires that no pair of links is: filters that pass frames on, tunnels, the hub of two cards.

Also which links are no wires yet, though the kernel lists them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from nslab.draw.scene.scene import Key
from nslab.network.model import Ends, Link, Namespace

_PASSED_ON = re.compile(r'\b(fwd|dup) to "?([^\s"]+)"?')
"""How nft says that a frame, or a copy of it, goes out by another link."""


def hubs(gone: bool, namespace: Namespace) -> Iterator[tuple[Key, Key, str]]:
    """Links between which a filter passes frames on as a wire would, and how."""
    keys = {link.name: (gone, namespace.inode, link.index) for link in namespace.links}
    for device, name, words in (*_by_nft(namespace), *_by_tc(namespace)):
        if device in keys and name in keys and device != name:
            yield keys[device], keys[name], words


def _by_nft(namespace: Namespace) -> Iterator[tuple[str, str, str]]:
    found: dict[tuple[str, str], dict[str, None]] = {}
    for table, chain in namespace.rules.base_chains():
        texts = [rule.text for rule in chain.rules] if table.family == "netdev" else []
        for verb, name in (pair for text in texts for pair in _PASSED_ON.findall(text)):
            for device in chain.devices:
                found.setdefault((device, name), {})[verb] = None
    for (device, name), verbs in found.items():
        yield device, name, f"nft {' and '.join(verbs)}"


def _by_tc(namespace: Namespace) -> Iterator[tuple[str, str, str]]:
    for link in namespace.links:
        sent: dict[str, dict[str, None]] = {}
        for one in link.mirred:
            sent.setdefault(one.to, {})[one.verb] = None
        for name, verbs in sent.items():
            yield link.name, name, f"mirred {' and '.join(verbs)}"


def is_idle_fallback(link: Link) -> bool:
    """Whether a link is one that the kernel makes of itself, and nobody has touched.

    With the module of a kind of tunnel, one comes into every namespace, down and without ends.
    """
    untouched = not (link.up or link.addresses or link.master or link.peer)
    return link.name in _FALLBACKS and untouched and not (link.ends and _told(link.ends))


_FALLBACKS = frozenset(
    ("gre0", "gretap0", "erspan0", "tunl0", "sit0", "ip6tnl0", "ip6gre0", "ip_vti0", "ip6_vti0")
)


def tunnels(
    links: Mapping[Key, Link], spaces: Sequence[tuple[bool, Namespace]]
) -> Iterator[tuple[Key, Key]]:
    """The two ends of each tunnel of which both are here: one sends to an address of the other."""
    homes = {(gone, namespace.inode): namespace for gone, namespace in spaces}
    ends = [key for key, link in links.items() if (link.tunnel or link.ends) and not key[0]]
    for one, other in combinations(ends, 2):
        here, there = homes.get(one[:2]), homes.get(other[:2])
        if here and there and here is not there and _meet(here, links[one], there, links[other]):
            yield one, other


def _meet(here: Namespace, one: Link, there: Namespace, other: Link) -> bool:
    """Whether what one end sends may come out at the other."""
    if one.kind != other.kind:
        return False
    if one.ends and other.ends:
        return _match(here.own_addresses, one.ends, there.own_addresses, other.ends)
    a, b = one.tunnel, other.tunnel
    if a is None or b is None or (a.number, a.port) != (b.number, b.port):
        return False
    sends = _targets(here, one) & there.own_addresses
    answers = _targets(there, other) & here.own_addresses
    return bool(sends or answers) or (a.remote == b.remote and _is_group(a.remote))


def _match(here: set[str], one: Ends, there: set[str], other: Ends) -> bool:
    """Whether one of two ends sends to the other, and that takes what comes from there."""
    if one.peers is not None and other.peers is not None:
        return _is_peer(one, there, other) or _is_peer(other, here, one)
    there_and_back = _arrives(here, one, there, other), _arrives(there, other, here, one)
    return all(there_and_back) or (any(there_and_back) and not (one.remote and other.remote))


def _arrives(here: set[str], one: Ends, there: set[str], other: Ends) -> bool:
    """Whether a packet that one end sends belongs to the other end's tunnel.

    One without any address of its own takes only what no other tunnel takes (gre0, tunl0).
    """
    wanted = other.remote in here if other.remote else bool(other.local)
    known = one.local in ("", other.remote) or not other.remote
    port = one.port == other.port
    at = one.remote in there and other.local in ("", one.remote)
    return at and wanted and known and port and one.key_out == other.key_in


def _is_peer(one: Ends, there: set[str], other: Ends) -> bool:
    """Whether a wireguard has another one as its peer."""
    ends = (peer.rpartition(":") for peer in one.peers or ())
    return any(
        address.strip("[]") in there and port == str(other.port) for address, _, port in ends
    )


def _told(ends: Ends) -> bool:
    return bool(ends.local or ends.remote or ends.peers)


def _targets(namespace: Namespace, link: Link) -> set[str]:
    """The far ends that a vxlan sends to: its own, and those of its forwarding table."""
    remote = {link.tunnel.remote} if link.tunnel else set()
    return (remote | {one.remote for one in namespace.fdb if one.dev == link.name}) - {""}


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


__all__ = ["cards", "hubs", "is_idle_fallback", "tunnels"]
