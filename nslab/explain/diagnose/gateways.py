"""Who could be asked, and by which address: what remedies are made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from itertools import islice
from typing import NamedTuple

from nslab.explain.diagnose.former import NONE, Former
from nslab.explain.trace import routing
from nslab.explain.trace.segment import Reached, reach
from nslab.network.model import Link, Namespace, Snapshot


class Gateway(NamedTuple):
    """A neighbour who may know the way further: its address, and the link it is behind."""

    address: str
    link: Link


def ends(namespace: Namespace) -> list[Link]:
    """The links that IP uses, or could use: all but lo and the ports of bridges."""
    return [link for link in namespace.links if not routing.is_loopback(link) and not link.master]


def addressed(namespace: Namespace) -> list[Link]:
    """Of those the ones with an address."""
    return [link for link in ends(namespace) if routing.interfaces(link)]


def neighbours(
    snapshot: Snapshot, namespace: Namespace, link: Link
) -> Iterator[tuple[Reached, IPv4Interface]]:
    """The addresses of who is, or should be, on a link's segment: the nearest first."""
    for each in reach(snapshot, namespace, link):
        for address in routing.interfaces(each.link):
            yield each, address


def gateway(
    snapshot: Snapshot, namespace: Namespace, destination: str, *, but: str = ""
) -> Gateway | None:
    """The neighbour that a packet could be handed to, as far as the snapshot shows.

    One that has the destination itself or a route to it that leads away from here; of several
    the one that forwards already, then the nearest.  ``but`` is an address that will not do.
    The link to it may be down.
    """
    found: list[tuple[tuple[int, int, int], Gateway]] = []
    for link, each, address in _asked(snapshot, namespace):
        if str(address.ip) == but:
            continue
        there = each.namespace
        informed = knows(there, destination, each.link)
        if not informed and len(addressed(there)) < 2:
            continue
        ready = routing.forwards(there) or _has(there, destination)
        rank = (not informed, not ready, each.cost)
        found.append((rank, Gateway(str(address.ip), link)))
    return min(found, key=lambda each: each[0])[1] if found else None


def _asked(
    snapshot: Snapshot, namespace: Namespace
) -> Iterator[tuple[Link, Reached, IPv4Interface]]:
    """The neighbours that could be gateways, each with the link that it is behind."""
    for link in ends(namespace):
        own = [each.network for each in routing.interfaces(link) if each.network.prefixlen < 32]
        for each, address in neighbours(snapshot, namespace, link):
            mine = routing.holder(namespace, str(address.ip)) is not None
            mute = any(stop.kind == "ipvlan-mode" for _, stop in each.stops)
            if not mine and not mute and any(address.ip in network for network in own):
                yield link, each, address


def informed(snapshot: Snapshot, namespace: Namespace, destination: str) -> list[Gateway]:
    """The neighbours that have a destination, or a route to it that is not just the default."""
    found = []
    for link, each, address in _asked(snapshot, namespace):
        route = routing.lookup(each.namespace, destination)
        usual = route is not None and route.destination == "default"
        if knows(each.namespace, destination, each.link) and not usual:
            found.append(Gateway(str(address.ip), link))
    return found


def _has(namespace: Namespace, destination: str) -> bool:
    return routing.holder(namespace, destination) is not None


def knows(namespace: Namespace, destination: str, link: Link) -> bool:
    """Whether it has the destination, or a route to it that does not lead back over ``link``."""
    if _has(namespace, destination):
        return True
    route = routing.lookup(namespace, destination)
    onwards = route is not None and route.kind not in routing.REFUSING and route.dev != link.name
    return onwards


def own_network(snapshot: Snapshot, address: str) -> IPv4Network | None:
    """The subnet of an address, by the prefix length that its holder gave it."""
    for namespace in snapshot:
        for link in namespace.links:
            for each in routing.interfaces(link):
                if str(each.ip) == address and each.network.prefixlen < 32:
                    return each.network
    return None


def holders(snapshot: Snapshot, address: str) -> list[tuple[Namespace, Link]]:
    """Who has an address, near or far."""
    found = []
    for namespace in snapshot:
        for link in namespace.links:
            if any(str(each.ip) == address for each in routing.interfaces(link)):
                found.append((namespace, link))
    return found


def worldly(snapshot: Snapshot, address: str) -> bool:
    """Whether only the world has an address, so that the default route should lead there."""
    return all(namespace.role == "world" for namespace, _ in holders(snapshot, address))


def wider(snapshot: Snapshot, namespace: Namespace, link: Link) -> dict[str, IPv4Network]:
    """For each /32 of a link the subnet that its neighbours are in, if it is in one.

    Where another link is in that subnet, the address was left alone on purpose: a second one with
    a prefix would bring the subnet's route twice.
    """
    lone = _lone(namespace, link)
    result: dict[str, IPv4Network] = {}
    if not lone or routing.is_loopback(link):
        return result
    for _, address in neighbours(snapshot, namespace, link):
        for each in lone:
            if address.network.prefixlen < 31 and each.ip in address.network:
                result.setdefault(str(each.ip), address.network)
    return result


def _lone(namespace: Namespace, link: Link) -> list[IPv4Interface]:
    """The addresses of a link with /32 that no other link's subnet holds."""
    elsewhere = [
        each.network
        for other in namespace.links
        for each in routing.interfaces(other)
        if other.name != link.name and each.network.prefixlen < 32
    ]
    alone = [each for each in routing.interfaces(link) if each.network.prefixlen == 32]
    return [each for each in alone if not any(each.ip in network for network in elsewhere)]


def free_address(
    snapshot: Snapshot, namespace: Namespace, link: Link, towards: str, former: Former = NONE
) -> str:
    """An address that nobody has, of a subnet that a link's neighbours are in; or "".

    Rather of the subnet that ``towards`` is in, then of the nearest neighbour's; rather one that
    the link had before, then one that a neighbour's route names as its gateway; not one that
    another link had before, if there is any other.

    :param former: what links had before
    """
    taken = {each.ip for ns in snapshot for x in ns.links for each in routing.interfaces(x)}
    own = _interfaces(former.of(namespace.label, link.name))
    subnets, asked = [], []
    for each, address in neighbours(snapshot, namespace, link):
        if address.network.prefixlen < 31:
            subnets.append(address.network)
            asked += [routing.ip(r.via) for r in each.namespace.routes if _names(r.via)]
    subnets.sort(key=lambda network: routing.ip(towards) not in network)
    missed = {each.ip for each in _interfaces(former.others(namespace.label, link.name))}
    offers = [each for network in subnets for each in _offers(network, own, asked, missed)]
    offers = offers if subnets else own
    return next((str(each) for each in offers if each.ip not in taken), "")


def _interfaces(addresses: Iterable[str]) -> list[IPv4Interface]:
    """Those of IPv4."""
    return [each for each in map(routing.interface, addresses) if each is not None]


def _offers(
    network: IPv4Network,
    own: Sequence[IPv4Interface],
    asked: Sequence[IPv4Address],
    missed: Collection[IPv4Address],
) -> list[IPv4Interface]:
    """The addresses of a subnet in the order in which they are offered.

    :param own: what the link had before
    :param asked: what neighbours' routes name as their gateway
    :param missed: what other links had before
    """
    again = [each for each in own if each.network == network]
    again.sort(key=lambda each: each.ip not in asked)
    others = [*(via for via in asked if via in network), *_hosts(network)]
    others.sort(key=lambda host: host in missed)
    return [*again, *(IPv4Interface(f"{host}/{network.prefixlen}") for host in others)]


def _names(via: str) -> bool:
    return bool(via) and ":" not in via


def _hosts(network: IPv4Network) -> Iterator[IPv4Address]:
    """The first addresses of a subnet: enough to find one that is free."""
    return islice(network.hosts(), 1024)
