"""Routes that are missing or lead elsewhere, and namespaces that do not let a packet through."""

from __future__ import annotations

from nslab.explain.diagnose import cable_causes, delivery_causes, gateways, remedy
from nslab.explain.diagnose.context import Search, no_route_to, routeless, wanted
from nslab.explain.diagnose.explanation import Obstacle
from nslab.explain.diagnose.findings import route_words
from nslab.explain.trace import Hop, routing
from nslab.explain.trace.segment import NEAR, reach
from nslab.network.actions import AddAddress, AddRoute, DeleteRoute, Sysctl
from nslab.sentence import Sentence, sentence


def no_route(search: Search) -> Obstacle:
    here, address = search.here, search.stop.address
    message = no_route_to(here.label, address)
    ends = gateways.ends(here)
    if not ends:
        return cable_causes.missing(search) or search.made(
            "no-link",
            here,
            sentence("{here} has no link but lo", here=here.label),
            remark=sentence("give it one end of a veth pair: ip link add … type veth peer name …"),
        )
    for link in ends:
        for lone, subnet in gateways.wider(search.snapshot, here, link).items():
            return search.lone(here, link, lone, subnet.prefixlen)
    found = gateways.gateway(search.snapshot, here, address)
    if found is not None:
        # A router gets the route that is missing, unless it is the way out that is.
        passing = bool(search.hop.link_in) and not gateways.worldly(search.snapshot, address)
        default = here.role != "world" and not passing
        return search.hand_over(here, found, message, address, default=default)
    silent = cable_causes.prefix(search) or _silent_gateway(search, address) or _without_arp(search)
    if silent is not None:
        return silent
    for link in sorted(ends, key=lambda each: not routing.interfaces(each)):
        if not link.up:
            return search.down(here, link.name, routeless(f"{here.label}/{link.name}"))
    for link in ends:
        if not routing.interfaces(link):
            free = search.free_address(here, link, address)
            if free:
                return search.made(
                    "no-address",
                    here,
                    sentence("{link} has no address", link=f"{here.label}/{link.name}"),
                    [AddAddress(link.name, free, ns=search.ns)],
                    link=link.name,
                )
    for port in here.links:
        if port.master and routing.interfaces(port):
            return search.made(
                "address-on-port",
                here,
                sentence(
                    "{link} is a port of {bridge}, but has an address",
                    link=f"{here.label}/{port.name}",
                    bridge=port.master,
                ),
            )
    if not search.trace.back and not gateways.holders(search.snapshot, address):
        return search.nobody(
            sentence(
                "{here} has no route to {address}: no host in this lab has it",
                here=here.label,
                address=address,
            )
        )
    return search.made(
        "no-route", here, message, remark=remedy.typed(here, "ip route add default via GATEWAY")
    )


def _without_arp(search: Search) -> Obstacle | None:
    """An ipvlan in mode l3 asks no neighbour, and so needs no gateway: all goes to its parent."""
    here = search.here
    for link in gateways.addressed(here):
        known = any(each.destination == "default" for each in here.routes)
        if link.kind == "ipvlan" and link.mode in ("l3", "l3s") and link.up and not known:
            message = no_route_to(here.label, search.stop.address)
            actions = [AddRoute("default", dev=link.name, ns=search.ns)]
            return search.made("no-route", here, message, actions)
    return None


def _silent_gateway(search: Search, destination: str) -> Obstacle | None:
    """A neighbour who knows the way further, but has no address to be asked by."""
    for link in gateways.addressed(search.here):
        for each in reach(search.snapshot, search.here, link):
            if each.cost >= NEAR or routing.interfaces(each.link):
                continue
            if gateways.knows(each.namespace, destination, each.link):
                own = str(routing.interfaces(link)[0].ip)
                free = search.free_address(each.namespace, each.link, own)
                ns = remedy.reference(each.namespace)
                where = f"{each.namespace.label}/{each.link.name}"
                message = sentence(
                    "{link} has no address: {here} has no gateway to ask",
                    link=where,
                    here=search.here.label,
                )
                return search.made(
                    "no-address",
                    each.namespace,
                    message,
                    [AddAddress(each.link.name, free, ns=ns)] if free else [],
                    link=each.link.name,
                )
    return None


def route_refuses(search: Search) -> Obstacle:
    route = search.hop.route
    words = route_words(route) if route else ""
    actions = [DeleteRoute(route.destination, ns=search.ns)] if route else []
    message = sentence("{here} refuses it: route {route}", here=search.here.label, route=words)
    return search.made("route-refuses", search.here, message, actions)


def loop(search: Search) -> Obstacle:
    names = " → ".join(hop.namespace for hop in search.way)
    message = sentence("the packet loops: {names}", names=names)
    remark = sentence("compare their routes: ip route")
    return search.made("loop", search.here, message, remark=remark)


def no_forwarding(search: Search) -> Obstacle:
    here = search.here
    before = search.way[-2]
    sender = search.snapshot.namespace(before.namespace)
    route = before.route
    if route is not None and route.via and len(gateways.addressed(here)) < 2:
        other = gateways.gateway(search.snapshot, sender, wanted(before), but=before.next_hop)
        if other is not None and other.link.up:
            message = sentence(
                "{here} is not a router, but the gateway of {sender}",
                here=here.label,
                sender=sender.label,
            )
            return search.instead(message, route, other.address, sender)
    message = sentence("{here} does not forward: its net.ipv4.ip_forward is 0", here=here.label)
    remark: tuple[str, ...] = ()
    link = ""
    action = Sysctl("net.ipv4.ip_forward", "1", ns=search.ns)
    if routing.forwards(here):
        link = search.stop.link
        message = sentence(
            "{here} does not forward what comes in by {link}: its forwarding is 0",
            here=here.label,
            link=link,
        )
        action = Sysctl(delivery_causes.setting_key(link, "forwarding"), "1", ns=search.ns)
    first = search.trace.back[0] if search.trace.back else None
    came = search.trace.there[-1].link_in
    if first is not None and first.link_out != came:
        message, remark = _otherwise(message, first, came)
    return search.made("no-forwarding", here, message, [action], link=link, remark=remark)


def _otherwise(said: Sentence, first: Hop, came: str) -> tuple[Sentence, tuple[str, ...]]:
    """The same of an answer that leaves by another link than what it answers came in by."""
    there = first.namespace
    message = sentence(
        "{first} (the answer leaves {there} by {link}, not by {came})",
        first=said,
        there=there,
        link=first.link_out,
        came=came,
    )
    remark = (
        sentence("or let the answer leave by {link}, in {there}:", link=came, there=there),
        f"ip rule add from {first.source} table 100",
        f"ip route add default via GATEWAY dev {came} table 100",
    )
    return message, remark


def rp_filter(search: Search) -> Obstacle:
    link, source = search.stop.link, search.stop.address
    back = routing.lookup(search.here, source, search.hop.destination)
    values = {"here": search.here.label, "source": source}
    message = sentence(
        "{here} drops it: rp_filter is on, and its route to {source} is missing", **values
    )
    if back and back.dev:
        message = sentence(
            "{here} drops it: rp_filter is on, and its route to {source} leaves by {dev}, not by "
            "{link}",
            dev=back.dev,
            link=link,
            **values,
        )
    actions = delivery_causes.unset(search.here, link, "rp_filter")
    return search.made("rp-filter", search.here, message, actions, link=link)
