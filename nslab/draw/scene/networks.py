"""Which links are in one network: what a frame reaches without being routed.

A bridge and its ports, the two ends of a cable, a macvlan and what it stands on belong together.  A
VLAN is a network of its own, and so is each VLAN of a bridge that filters them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass

from nslab.draw.scene.scene import Key
from nslab.network.model import Link, Peer

_SAME = frozenset({"veth", "macvlan", "macvtap", "ipvlan", "ipvtap"})
"""Kinds whose frames are those of what they are joined to or stand on."""

_JOINS = frozenset({"bridge", "bond", "team"})
"""Kinds of links that pass frames on between those that are part of them."""

_Peer = Callable[[Peer | None], Key | None]

_PASSES = 4
"""How often VLANs on VLANs are looked for."""


@dataclass(frozen=True)
class Network:
    """A network's links; ``outside`` if it is the world's own."""

    members: tuple[Key, ...]
    outside: bool = False


class _Groups:
    """Things that are put together, pair by pair."""

    def __init__(self) -> None:
        self._above: dict[Hashable, Hashable] = {}

    def root(self, thing: Hashable) -> Hashable:
        while (above := self._above.get(thing, thing)) != thing:
            thing = above
        return thing

    def join(self, one: Hashable, other: Hashable) -> None:
        self._above[self.root(other)] = self.root(one)


def networks(
    links: Mapping[Key, Link],
    peer: Callable[[Peer | None], Key | None],
    worldly: Mapping[int, str],
    tunnels: Iterable[tuple[Key, Key]] = (),
) -> list[Network]:
    """The networks of all links, in the order in which their first links stand.

    Left out is what nobody uses yet: a link without cable, address or bridge is in no network.

    :param peer: the key of the other end, None if it is out of sight
    :param worldly: by inode: the labels of the world's namespaces
    :param tunnels: the two ends of each tunnel
    """
    groups = _Groups()
    for one, other in tunnels:
        groups.join(one, other)
    masters = {(key[:2], link.name): key for key, link in links.items()}
    for key, link in links.items():
        end = peer(link.peer)
        if end is not None and link.kind in _SAME:
            groups.join(end, key)
        master = masters.get((key[:2], link.master)) if link.master else None
        if master is not None and links[master].kind in _JOINS:
            groups.join(_at(master, links[master], link), key)
        if worldly.get(key[1]) == "switch" and link.name != "lo":
            groups.join(("switch", key[1]), key)
        if link.tunnel and link.tunnel.number:
            groups.join(("tunnel", link.tunnel.number), key)
    _join_vlans(groups, links, peer)
    found: dict[Hashable, list[Key]] = {}
    for key, link in links.items():
        if link.name != "lo":
            found.setdefault(groups.root(key), []).append(key)
    used = [keys for keys in found.values() if _is_used([links[key] for key in keys])]
    return [Network(tuple(keys), all(key[1] in worldly for key in keys)) for keys in used]


def _join_vlans(groups: _Groups, links: Mapping[Key, Link], peer: _Peer) -> None:
    """VLANs of one number on links of one network are one network."""
    for _ in range(_PASSES):
        for key, link in links.items():
            end = peer(link.peer)
            if end is not None and link.vlan:
                groups.join(("VLAN", groups.root(end), link.vlan), key)


def _at(bridge: Key, master: Link, port: Link) -> Hashable:
    """What a port is joined to: its bridge, or a VLAN of it."""
    if master.bridge and master.bridge.vlan_filtering and port.port and port.port.vlans:
        inner = [one.vlan for one in port.port.vlans if one.pvid]
        if len(port.port.vlans) == 1 and inner and inner != [1]:
            return ("bridge's VLAN", bridge, inner[0])
    return bridge


def _is_used(links: list[Link]) -> bool:
    return any(
        link.kind == "bridge" or any(not one.by_kernel for one in link.addresses) for link in links
    )


__all__ = ["Network", "networks"]
