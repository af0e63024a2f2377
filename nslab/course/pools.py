"""Which network a Docker engine takes for its containers.

The engine's rule in a few lines: it goes through its list of networks in order and
takes the first that overlaps no route of the host and no network it has given away
(moby/libnetwork, ipamutils and netutils).  A test holds it against a real engine.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from nslab.errors import InvalidInput, NslabError
from nslab.network.model import Route, Snapshot
from nslab.printable import short
from nslab.sentence import sentence
from nslab.session.check import Check, Verdict

BASES = (
    ("172.17.0.0/16", 16),
    ("172.18.0.0/16", 16),
    ("172.19.0.0/16", 16),
    ("172.20.0.0/14", 16),
    ("172.24.0.0/14", 16),
    ("172.28.0.0/14", 16),
    ("192.168.0.0/16", 20),
)
"""Docker's default address pools: a network, and the prefix length of the pieces it is cut to."""

Network = ipaddress.IPv4Network


def pools() -> Iterator[Network]:
    """The networks that the engine may take, in its order: 31 of them."""
    for base, length in BASES:
        yield from Network(base).subnets(new_prefix=length)


def taken(routes: Iterable[Route]) -> list[Network]:
    """The networks that the main routing table has a route to; the default route is none."""
    found = []
    for route in routes:
        if route.table == 254 and route.destination != "default" and ":" not in route.destination:
            found.append(Network(route.destination))
    return found


def free_pool(routes: Iterable[Route]) -> str:
    """The network that an engine would take on a host with these routes.

    >>> free_pool([])
    '172.17.0.0/16'
    >>> free_pool([Route(destination="172.16.0.0/12", dev="eth0")])
    '192.168.0.0/20'

    :raises NslabError: every one of them overlaps a route
    """
    if not isinstance(routes, list | tuple) or not all(isinstance(r, Route) for r in routes):
        raise InvalidInput(
            "find a network for containers",
            short(routes),
            "these are no routes",
            "such as free_pool(lab.snapshot().host.routes)",
        )
    mine = taken(routes)
    for pool in pools():
        if not any(pool.overlaps(other) for other in mine):
            return str(pool)
    raise NslabError(
        "find a network for containers",
        "",
        "all 31 of the engine's pools overlap a route",
        'configure one: "default-address-pools" in /etc/docker/daemon.json',
    )


class TakesNext(Check, frozen=True):
    """An engine would take that network next: the first of its list that no route overlaps.

    :param network: the network, such as ``172.18.0.0/16``
    """

    network: str

    @property
    def goal(self) -> str:
        return sentence("an engine would take {network} next", network=self.network)

    def judge(self, snapshot: Snapshot) -> Verdict:
        try:
            first = free_pool(snapshot.host.routes)
        except NslabError as error:
            return Verdict(False, str(error.cause), error.hint)
        text = sentence("an engine would take {network} next", network=first)
        if first == self.network:
            return Verdict(True, text)
        other = sentence("{now}, not {network}", now=text, network=self.network)
        return Verdict(False, other)


class TookFreePool(Check, frozen=True):
    """A bridge has the first network that was free when its own route is left out."""

    bridge: str

    def judge(self, snapshot: Snapshot) -> Verdict:
        host = snapshot.host
        own = [
            route.destination
            for route in host.routes
            if route.dev == self.bridge and route.table == 254
        ]
        rest = [route for route in host.routes if route.dev != self.bridge]
        try:
            first = free_pool(rest)
        except NslabError as error:
            return Verdict(False, str(error.cause), error.hint)
        if own == [first]:
            text = sentence(
                "{bridge} has {network}, the first pool that was free",
                bridge=self.bridge,
                network=first,
            )
            return Verdict(True, text)
        if not own:
            text = sentence(
                "{bridge} has no network; the first free pool is {network}",
                bridge=self.bridge,
                network=first,
            )
            return Verdict(False, text, wanted=self.goal)
        text = sentence(
            "{bridge} has {networks}; the first free pool is {network}",
            bridge=self.bridge,
            networks=", ".join(own),
            network=first,
        )
        return Verdict(False, text, wanted=self.goal)
