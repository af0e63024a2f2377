"""Who is near by IPv6, and who knows the way: as much of a snapshot as remedies need."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from ipaddress import IPv6Interface, IPv6Network
from itertools import islice
from typing import NamedTuple

from nslab.explain.trace import routing
from nslab.network.model import Link, Namespace, Route, Snapshot

FORWARDING = "net.ipv6.conf.all.forwarding"
_MAIN, _ALONE = 254, 128


class Near(NamedTuple):
    """A link on the segment of another, whether it is up or not."""

    namespace: Namespace
    link: Link
    before: Near | None = None
    """What joins it to where the search began."""

    @property
    def path(self) -> list[Near]:
        """From where the search began to here."""
        return [*(self.before.path if self.before is not None else ()), self]

    @property
    def where(self) -> str:
        return f"{self.namespace.label}/{self.link.name}"


class Gateway(NamedTuple):
    """A neighbour who may know the way further."""

    address: str
    link: Link


def addresses(link: Link) -> list[IPv6Interface]:
    """Those of IPv6 that are not link-local."""
    found = [ipaddress.ip_interface(each.address) for each in link.addresses]
    return [one for one in found if isinstance(one, IPv6Interface) and not one.is_link_local]


def speaks(link: Link) -> bool:
    """Whether it has any address of IPv6, as a link has that is up and may speak it."""
    return any(":" in each.address for each in link.addresses)


def covers(route: Route, address: str) -> bool:
    """Whether a route is for an address; ``default`` belongs to the family of its gateway."""
    wanted = ipaddress.ip_address(address)
    if route.destination != "default":
        network = ipaddress.ip_network(route.destination, strict=False)
        return network.version == wanted.version and wanted in network
    ways = [route.via, *(hop.via for hop in route.hops)]
    # Without a gateway: each route of IPv6 has a metric, usually 1024, and few of IPv4 have one.
    six = any(":" in via for via in ways) or (not any(ways) and route.metric > 0)
    return six == (wanted.version == 6)


def route_to(here: Namespace, address: str) -> Route | None:
    """The route of the main table: the longest prefix, then the lowest metric."""
    fitting = [each for each in here.routes if each.table == _MAIN and covers(each, address)]
    return min(fitting, key=_rank) if fitting else None


def _rank(route: Route) -> tuple[int, int]:
    default = route.destination == "default"
    length = 0 if default else ipaddress.ip_network(route.destination, strict=False).prefixlen
    return -length, route.metric


def segment(snapshot: Snapshot, here: Namespace, link: Link) -> list[Near]:
    """The links that cables and bridges join, the nearest first; also those that are down."""
    found = [Near(here, link)]
    for each in found:  # which grows meanwhile
        for other in _joined(snapshot, each):
            if not any(_same(other, one) for one in found):
                found.append(other)
    return found


def _same(one: Near, other: Near) -> bool:
    return (one.namespace.inode, one.link.name) == (other.namespace.inode, other.link.name)


def _joined(snapshot: Snapshot, near: Near) -> Iterator[Near]:
    here, link = near.namespace, near.link
    if link.kind == "veth":
        far = snapshot.peer(link)
        if far is not None:
            yield Near(*far, near)
    for other in here.links:
        if other.name == link.master or (link.kind == "bridge" and other.master == link.name):
            yield Near(here, other, near)


def ends(here: Namespace) -> list[Link]:
    """The links that IP uses, or could use."""
    return [link for link in here.links if not routing.is_loopback(link) and not link.master]


def neighbours(snapshot: Snapshot, here: Namespace, link: Link) -> Iterator[tuple[Near, str]]:
    """Who else on a link's segment has an address there, with each of those."""
    for near in segment(snapshot, here, link):
        if near.namespace.inode == here.inode or not near.link.up:
            continue
        for address in addresses(near.link):
            yield near, str(address)


def gateway(snapshot: Snapshot, here: Namespace, target: str, but: str = "") -> Gateway | None:
    """The neighbour that has the target or knows a way there; ``but`` is one that will not do.

    Of several the one that forwards already, then the nearest.
    """
    found: list[tuple[bool, Gateway]] = []
    for link in ends(here):
        own = [one.network for one in addresses(link) if one.network.prefixlen < _ALONE]
        for near, text in neighbours(snapshot, here, link) if link.up else ():
            address = IPv6Interface(text).ip
            if str(address) == but or not any(address in network for network in own):
                continue
            ready = near.namespace.sysctls.get(FORWARDING, "0") != "0"
            if _knows(near, target):
                found.append((not ready, Gateway(str(address), link)))
    return min(found, key=lambda each: each[0])[1] if found else None


def _knows(near: Near, target: str) -> bool:
    wanted = ipaddress.ip_address(target)
    if any(one.ip == wanted for link in near.namespace.links for one in addresses(link)):
        return True
    known = route_to(near.namespace, target)
    return known is not None and known.kind == "unicast" and known.dev != near.link.name


def subnets(snapshot: Snapshot, here: Namespace, link: Link) -> list[IPv6Network]:
    """Those that the neighbours of a link are in."""
    found = [IPv6Interface(text).network for _, text in neighbours(snapshot, here, link)]
    return [one for one in dict.fromkeys(found) if one.prefixlen < _ALONE]


def free_address(snapshot: Snapshot, subnet: IPv6Network, former: Iterable[str] = ()) -> str:
    """One that nobody has, with its prefix length; or "".

    :param former: those that the link had before: rather one of these
    """
    taken = {one.ip for ns in snapshot for link in ns.links for one in addresses(link)}
    known = [ipaddress.ip_interface(each) for each in former]
    again = [one.ip for one in known if isinstance(one, IPv6Interface) and one.network == subnet]
    for host in (*again, *islice(subnet.hosts(), 1024)):
        if host not in taken:
            return f"{host}/{subnet.prefixlen}"
    return ""
