"""The fake's routes: those that come with an address, and which gateway can be reached.

Follows net/ipv4/fib_frontend.c and fib_semantics.c: fib_add_ifaddr(), fib_del_ifaddr(),
fib_disable_ip() and fib_check_nh().
"""

from __future__ import annotations

import errno
import ipaddress
from typing import NamedTuple

from nslab.engine.fake.state import Addr, Entry, Link, Refusal, Space

_ZERONET = ipaddress.ip_network("0.0.0.0/8")


def announce(link: Link, addr: Addr) -> None:
    """The subnet of an address becomes reachable, if its link is up."""
    network = addr.interface.network
    if not link.up or network.version != 4:
        return
    addr.announced = True
    if addr.secondary or network.prefixlen == 32 or network.network_address in _ZERONET:
        return
    if link.loopback:
        return  # its subnets go into the local table, which a snapshot leaves out
    source = str(addr.interface.ip)
    for entry in link.space.routes:
        if (entry.destination, entry.dev, entry.source) == (network, link, source):
            return
    link.space.routes.append(Entry(network, link, "", source, "link", "kernel"))


def withdraw(link: Link, addr: Addr) -> None:
    """An address was taken away: its subnet's route goes, and with the last address all others."""
    if not link.addresses:
        forget(link)
        return
    source = str(addr.interface.ip)
    link.space.routes[:] = [
        entry
        for entry in link.space.routes
        if not (
            entry.dev is link
            and entry.protocol == "kernel"
            and entry.source == source
            and entry.destination == addr.interface.network
        )
    ]


def forget(link: Link) -> None:
    """The link went down, or lost its last address: the routes over it go."""
    link.space.routes[:] = [entry for entry in link.space.routes if entry.dev is not link]
    for addr in link.addresses:
        # A loopback's subnets are routes of the local table with scope host; they stay.
        addr.announced = addr.announced and link.loopback


class _Way(NamedTuple):
    """What a lookup of a gateway may find."""

    length: int
    kind: str
    dev: Link


def gateway(space: Space, via: str, dev: Link | None) -> Link:
    """The link over which a gateway is a neighbour.

    :raises Refusal: ENETUNREACH if none is, EINVAL for a broadcast address, ENETDOWN
    """
    wanted = ipaddress.ip_address(via)
    found: list[_Way] = []
    for link in space.links.values():
        if dev is not None and link is not dev:
            continue
        for addr in link.addresses:
            network = addr.interface.network
            if addr.interface.ip == wanted:
                found.append(_Way(32, "local", link))
            if not addr.announced:
                continue
            if network.prefixlen < 31 and wanted == network.broadcast_address:
                found.append(_Way(32, "broadcast", link))
            if link.loopback and not addr.secondary and wanted in network:
                found.append(_Way(network.prefixlen, "local", link))
    for entry in space.routes:
        # Only a route that needs no gateway itself leads to one.
        neighbour = entry.scope == "link" and wanted in entry.destination
        if neighbour and dev in (None, entry.dev):
            found.append(_Way(entry.destination.prefixlen, "unicast", entry.dev))
    if not found:
        raise Refusal(errno.ENETUNREACH)
    best = max(found, key=lambda way: way.length)  # the first of those, as in the table
    if best.kind == "broadcast":
        raise Refusal(errno.EINVAL)
    if not best.dev.up:
        raise Refusal(errno.ENETDOWN)
    return best.dev
