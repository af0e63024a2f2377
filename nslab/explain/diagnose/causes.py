"""Where a trace stopped → what is wrong, there or at a hop before, and what mends it.

A packet that goes astray stops far from the mistake: at a router that has never heard of its
destination.  So the hops are looked through first for a namespace that should have known better.
"""

from __future__ import annotations

from collections.abc import Callable

from nslab.errors import InvalidInput
from nslab.explain.diagnose import (
    address_causes,
    cable_causes,
    delivery_causes,
    filter_causes,
    link_causes,
    no_return,
    policy_causes,
    route_causes,
    shared_causes,
    translation_causes,
)
from nslab.explain.diagnose.context import Search, up_to_the_blamed, wanted
from nslab.explain.diagnose.explanation import Obstacle
from nslab.explain.diagnose.former import NONE, Former
from nslab.explain.trace import Stop, Trace
from nslab.network.model import Snapshot
from nslab.sentence import Sentence

STOPS: dict[str, Callable[[Search], Obstacle]] = {
    "link-down": link_causes.link_down,
    "not-forwarding": link_causes.not_forwarding,
    "not-attached": link_causes.not_attached,
    "wrong-bridge": link_causes.wrong_bridge,
    "macvlan-parent": shared_causes.parent,
    "address-on-port": link_causes.address_on_port,
    "out-of-sight": link_causes.out_of_sight,
    "no-address": address_causes.no_address,
    "no-loopback": address_causes.no_loopback,
    "own-source": address_causes.own_source,
    "answered-elsewhere": address_causes.answered_elsewhere,
    "duplicate-address": address_causes.duplicate_address,
    "broadcast": address_causes.broadcast,
    "nobody-answers": address_causes.nobody_answers,
    "no-route": route_causes.no_route,
    "route-refuses": route_causes.route_refuses,
    "loop": route_causes.loop,
    "no-forwarding": route_causes.no_forwarding,
    "rp-filter": route_causes.rp_filter,
    "filter-drop": filter_causes.filtered,
    "filter-reject": filter_causes.filtered,
    "arp-off": delivery_causes.arp_off,
    "arp-ignored": delivery_causes.arp_ignored,
    "wrong-neighbour": delivery_causes.wrong_neighbour,
    "duplicate-mac": delivery_causes.duplicate_mac,
    "wrong-fdb": delivery_causes.wrong_fdb,
    "isolated-port": delivery_causes.isolated_port,
    "port-flags": delivery_causes.port_flags,
    "vlan-missing": delivery_causes.vlan_missing,
    "vlan-mismatch": delivery_causes.vlan_mismatch,
    "vlan-tagged": delivery_causes.vlan_tagged,
    "too-big": delivery_causes.too_big,
    "tc-drop": delivery_causes.tc_drop,
    "ttl-exceeded": delivery_causes.ttl_exceeded,
    "macvlan-mode": shared_causes.macvlan_mode,
    "ipvlan-mode": shared_causes.ipvlan_mode,
    "tunnel-mismatch": delivery_causes.tunnel_mismatch,
    "echo-ignored": delivery_causes.echo_ignored,
    "stranger": translation_causes.stranger,
    "loopback-target": translation_causes.loopback_target,
}
"""What is said of each kind of stop, if no hop before it is to blame."""


def obstacle(
    snapshot: Snapshot, trace: Trace, stop: Stop, former: Former = NONE
) -> tuple[Obstacle, Trace]:
    """What is in the way of a trace that stopped, and the part of it that leads there.

    :param former: what links had before
    """
    search = Search(snapshot, trace, stop, former)
    try:
        found = _find(search)
        return found, up_to_the_blamed(search)
    except InvalidInput as error:
        # A name that the kernel has and actions do not take, such as one with a blank in it.
        where = f"{stop.namespace}/{stop.link}" if stop.link else stop.namespace
        kind = stop.kind.replace("-", " ")
        message = Sentence("{where}: {kind}", {"where": where, "kind": Sentence(kind)})
        hint = Sentence("# {cause}", {"cause": error.cause})
        found = Obstacle(kind=stop.kind, where=where, message=message, hint=hint)
        return found, trace


_ASTRAY = ("wrong-bridge", "not-attached", "nobody-answers")
"""Stops where nobody is whom the way leads to: then another link may be the right one."""


_INSTEAD = (
    delivery_causes.same_subnet,
    delivery_causes.too_wide,
    cable_causes.wrong_link,
    cable_causes.elsewhere,
)


def _find(search: Search) -> Obstacle:
    found = policy_causes.cause(search)
    if found is None and search.stop.kind in _ASTRAY:
        found = next(filter(None, (cause(search) for cause in _INSTEAD)), None)
    if found is not None:
        return found
    for hop in search.trace.hops:
        if hop.route is None and not (hop is search.hop and search.stop.kind == "no-route"):
            continue  # nobody asked for a route there
        here = search.snapshot.namespace(hop.namespace)
        found = search.flaw(here, wanted(hop), hop.route)
        if found is not None:
            search.blamed = hop
            return found
    return (
        translation_causes.cause(search)
        or no_return.cause(search)
        or STOPS[search.stop.kind](search)
    )
