"""Addresses and routes of one namespace: what the kernel's lookups would say.

Follows net/ipv4/fib_trie.c (fib_table_lookup()), devinet.c (inet_select_addr()) and route.c.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from nslab.network.model import Address, Link, Namespace, PolicyRule, Route

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
    for route in namespace.local:  # AnyIP: addresses that it answers to and no link has
        prefix = network(route.destination)
        if route.kind == "local" and prefix is not None and wanted in prefix:
            return next((link for link in namespace.links if link.name == route.dev), None)
    return None


def is_loopback(link: Link) -> bool:
    return "LOOPBACK" in link.flags or link.name == "lo"


LEAST_MTU = 68
"""Below it a link has no IPv4 (inetdev_valid_mtu() in net/ipv4/devinet.c)."""


def speaks(link: Link) -> bool:
    """Whether a link passes IPv4: it is up, and takes packets that are long enough."""
    return link.up and link.mtu >= LEAST_MTU


def in_loopback(address: str) -> bool:
    return ip(address) in _LOOPBACK


def lookup(
    namespace: Namespace, destination: str, source: str = "", incoming: str = ""
) -> Route | None:
    """The route to a destination, by the policy rules: as :func:`decided` finds it."""
    return decided(namespace, destination, source, incoming)[0]


def decided(
    namespace: Namespace, destination: str, source: str = "", incoming: str = ""
) -> tuple[Route | None, PolicyRule | None]:
    """The route to a destination, and the policy rule that led to it.

    A rule that asks for more than a packet's addresses and the link that it came in by (a mark, a
    port, a user) is passed over, as if it did not match.  A rule that refuses is given as a route
    of that kind; the rule is None where nobody has changed the rules.

    :param source: of the packet, empty if it has none yet
    :param incoming: the link that it came in by, empty for what is sent from here
    """
    if not namespace.policy:
        for table in _TABLES:
            found = _in_table(namespace, table, destination)
            if found is not None:
                return found, None
        return None, None
    skip_to = 0
    for rule in sorted(namespace.policy, key=lambda each: each.priority):
        if rule.priority < skip_to or not _applies(rule, destination, source, incoming):
            continue
        if rule.action == "goto":
            skip_to = rule.goto
        elif rule.action in REFUSING:
            refusal = Route(destination="default", kind=rule.action, table=0)
            return refusal, rule
        elif rule.action == "lookup" and rule.table != _LOCAL:
            found = _in_table(namespace, rule.table, destination, rule.suppressed)
            if found is not None:
                return found, rule
    return None, None


_LOCAL = 255


def _applies(rule: PolicyRule, destination: str, source: str, incoming: str) -> bool:
    if rule.unknown or rule.outgoing or rule.mark:
        return False
    matches = (
        _within(destination, rule.destination)
        and (not rule.source or bool(source and _within(source, rule.source)))
        and (not rule.incoming or rule.incoming == (incoming or "lo"))
    )
    return matches != rule.inverted


def _within(address: str, prefix: str) -> bool:
    if not prefix:
        return True
    found = network(prefix)
    return found is not None and ip(address) in found


def _in_table(
    namespace: Namespace, table: int, destination: str, suppressed: int = -1
) -> Route | None:
    """The route of one table: the longest prefix, then the lowest metric, then the first.

    A route whose device has no carrier is used all the same, unless that is switched off.
    """
    wanted = ip(destination)
    best: tuple[int, int] | None = None
    found = None
    passed_over = namespace.sysctls.get("net.ipv4.conf.all.ignore_routes_with_linkdown", "0")
    for route in namespace.routes:
        prefix = network(route.destination)
        if route.table != table or prefix is None or wanted not in prefix:
            continue
        if prefix.prefixlen <= suppressed or (route.dead and passed_over == "1"):
            continue
        rank = (-prefix.prefixlen, route.metric)
        if best is None or rank < best:
            best, found = rank, route
    return None if found is not None and found.kind == "throw" else found


Look = Callable[[Namespace, str, str, str], Route | None]
"""Which route a namespace takes to a destination, for a source, and for what comes in by a link."""


def evaluated(namespace: Namespace, destination: str, source: str, link_in: str) -> Route | None:
    """As :func:`lookup` says, which knows no more of the packet than that."""
    return lookup(namespace, destination, source, link_in)


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


def forwards(namespace: Namespace, link: str = "") -> bool:
    """Whether it forwards what comes in, by a certain link if one is named."""
    usual = namespace.sysctls.get("net.ipv4.ip_forward", "0")
    for each in namespace.links:
        if each.name == link:
            usual = each.settings.get("forwarding", usual)
    return usual != "0"


def setting(namespace: Namespace, link: Link, key: str) -> int:
    """A setting of a link, where the kernel takes the larger of the link's and that of all."""
    every = namespace.sysctls.get(f"net.ipv4.conf.all.{key}", "0")
    return max(int(every), int(link.settings.get(key, "0")))


def filtered(namespace: Namespace, link: str, source: str, destination: str = "") -> bool:
    """Whether rp_filter drops what comes in by a link with that source."""
    mode = str(setting(namespace, namespace.link(link), "rp_filter"))
    if mode == "0":
        return False
    # As if it were to be answered: from where it was sent to (__fib_validate_source()).
    back = lookup(namespace, source, destination)
    if back is None or back.kind in REFUSING:
        return True
    if back.dev == link:
        return False
    return mode == "1" or not interfaces(namespace.link(link))
