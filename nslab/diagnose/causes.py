"""Where a trace stopped → what is wrong, there or at a hop before, and what mends it.

A packet that goes astray stops far from the mistake: at a router that has never heard of its
destination.  So the hops are looked through first for a namespace that should have known better.
"""

from __future__ import annotations

from collections.abc import Callable

from nslab.diagnose import astray, on_addresses, on_links, on_routes
from nslab.diagnose.explanation import Obstacle
from nslab.diagnose.search import Search, told, wanted
from nslab.errors import InvalidInput
from nslab.network.model import Snapshot
from nslab.trace import Stop, Trace

STOPS: dict[str, Callable[[Search], Obstacle]] = {
    "link-down": on_links.link_down,
    "not-forwarding": on_links.not_forwarding,
    "not-attached": on_links.not_attached,
    "wrong-bridge": on_links.wrong_bridge,
    "macvlan-parent": on_links.macvlan_parent,
    "address-on-port": on_links.address_on_port,
    "out-of-sight": on_links.out_of_sight,
    "no-address": on_addresses.no_address,
    "own-source": on_addresses.own_source,
    "answered-elsewhere": on_addresses.answered_elsewhere,
    "duplicate-address": on_addresses.duplicate_address,
    "broadcast": on_addresses.broadcast,
    "nobody-answers": on_addresses.nobody_answers,
    "no-route": on_routes.no_route,
    "route-refuses": on_routes.route_refuses,
    "loop": on_routes.loop,
    "no-forwarding": on_routes.no_forwarding,
    "rp-filter": on_routes.rp_filter,
}
"""What is said of each kind of stop, if no hop before it is to blame."""


def obstacle(snapshot: Snapshot, trace: Trace, stop: Stop) -> tuple[Obstacle, Trace]:
    """What is in the way of a trace that stopped, and the part of it that leads there."""
    search = Search(snapshot, trace, stop)
    try:
        found = _find(search)
        return found, told(search)
    except InvalidInput as error:
        # A name that the kernel has and actions do not take, such as one with a blank in it.
        where = f"{stop.namespace}/{stop.link}" if stop.link else stop.namespace
        message = f"{where}: {stop.kind.replace('-', ' ')}"
        found = Obstacle(kind=stop.kind, where=where, message=message, hint=f"# {error.cause}")
        return found, trace


def _find(search: Search) -> Obstacle:
    for hop in search.trace.hops:
        if hop.route is None and not (hop is search.hop and search.stop.kind == "no-route"):
            continue  # nobody asked for a route there
        here = search.snapshot.namespace(hop.namespace)
        found = search.flaw(here, wanted(hop), hop.route)
        if found is not None:
            search.blamed = hop
            return found
    return astray.cause(search) or STOPS[search.stop.kind](search)
