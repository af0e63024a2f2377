"""Addresses and routes of one namespace: what the kernel's lookups would say.

Follows net/ipv4/fib_trie.c (fib_table_lookup()), devinet.c (inet_select_addr()) and route.c.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from nslab.network.model import Address, Link, Namespace, Route

_TABLES = (254, 253)
"""main and default, in the order of ``ip rule`` where nobody changed it."""

REFUSING = ("unreachable", "prohibit", "blackhole")
_ANYWHERE = IPv4Network("0.0.0.0/0")
_LOOPBACK = IPv4Network("127.0.0.0/8")
_SCOPES = {"global": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255}


@cache
def interface(text: str) -> IPv4Interface | None:
    """An address with its prefix length; None for IPv6."""
    return None if ":" in text else IPv4Interface(text)


@cache
def ip(text: str) -> IPv4Address:
    return IPv4Address(text)


@cache
def network(destination: str) -> IPv4Network | None:
    """A route's destination; None for IPv6."""
    if destination == "default":
        return _ANYWHERE
    return None if ":" in destination else IPv4Network(destination)


def interfaces(link: Link) -> list[IPv4Interface]:
    """The IPv4 addresses of a link."""
    found = (interface(each.address) for each in link.addresses)
    return [each for each in found if each is not None]


def holder(namespace: Namespace, address: str) -> Link | None:
    """The link that an address belongs to.

    The whole namespace answers to it, over any link, even while that link is down
    (fib_add_ifaddr() does not ask for IFF_UP).
    """
    wanted = ip(address)
    for link in namespace.links:
        for each in interfaces(link):
            if each.ip == wanted or (is_loopback(link) and wanted in each.network):
                return link
    return None


def is_loopback(link: Link) -> bool:
    return "LOOPBACK" in link.flags or link.name == "lo"


def in_loopback(address: str) -> bool:
    return ip(address) in _LOOPBACK


def lookup(namespace: Namespace, destination: str) -> Route | None:
    """The route to a destination: the longest prefix, then the lowest metric, then the first.

    A route whose device has no carrier is used all the same (ignore_routes_with_linkdown is 0).
    """
    wanted = ip(destination)
    for table in _TABLES:
        best: tuple[int, int] | None = None
        found = None
        for route in namespace.routes:
            prefix = network(route.destination)
            if route.table != table or prefix is None or wanted not in prefix:
                continue
            rank = (-prefix.prefixlen, route.metric)
            if best is None or rank < best:
                best, found = rank, route
        if found is not None and found.kind != "throw":
            return found
    return None


Look = Callable[[Namespace, str, str, str], Route | None]
"""Which route a namespace takes to a destination, for a source, and for what comes in by a link."""


def evaluated(namespace: Namespace, destination: str, source: str, link_in: str) -> Route | None:
    """As :func:`lookup` says, which knows neither policy rules nor anything of the packet."""
    return lookup(namespace, destination)


def source(namespace: Namespace, route: Route, destination: str) -> str:
    """The source that is put into a packet; empty if there is none."""
    if route.source:
        return route.source
    return select(
        namespace, route.dev, route.via or destination, route.scope if not route.via else "global"
    )


def select(namespace: Namespace, dev: str, towards: str, scope: str = "global") -> str:
    """The address of a device to speak with: one of the neighbour's subnet, else the first.

    If the device has none, that of any other device (inet_select_addr()).
    """
    limit, wanted = _SCOPES.get(scope, 0), ip(towards)
    first = ""
    for link in namespace.links:
        if link.name == dev:
            for address, each in _primaries(link):
                if _SCOPES.get(address.scope, 0) > limit:
                    continue
                if wanted in each.network:
                    return str(each.ip)
                first = first or str(each.ip)
    if first:
        return first
    for link in namespace.links:
        for address, each in _primaries(link):
            if address.scope != "link" and _SCOPES.get(address.scope, 0) <= limit:
                return str(each.ip)
    return ""


def _primaries(link: Link) -> Iterator[tuple[Address, IPv4Interface]]:
    """The addresses that are the first of their subnet; the others do not speak of themselves."""
    seen = set()
    for address in link.addresses:
        each = interface(address.address)
        if each is not None and each.network not in seen:
            seen.add(each.network)
            yield address, each


def forwards(namespace: Namespace) -> bool:
    return namespace.sysctls.get("net.ipv4.ip_forward", "0") != "0"


def filtered(namespace: Namespace, link: str, source: str) -> bool:
    """Whether rp_filter drops what comes in by a link with that source.

    The snapshot has ``conf.all`` only; the kernel takes the stricter of that and the device's.
    """
    mode = namespace.sysctls.get("net.ipv4.conf.all.rp_filter", "0")
    if mode == "0":
        return False
    back = lookup(namespace, source)
    if back is None or back.kind in REFUSING:
        return True
    if back.dev == link:
        return False
    return mode == "1" or not interfaces(namespace.link(link))
