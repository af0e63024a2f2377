"""Packets that left the lab, or its right half, and will not come back: who should have known?

The world outside has no route to private addresses, as outside.  So a ping that leaves with one
gets no answer (no masquerade), and an answer to one that leaves the host was sent the wrong way.
"""

from __future__ import annotations

from nslab.explain.diagnose import gateways, remedy, translation_causes
from nslab.explain.diagnose.context import Search, no_route_to
from nslab.explain.diagnose.explanation import Obstacle
from nslab.explain.trace import Hop, routing
from nslab.explain.trace.segment import NEAR, reach
from nslab.network.actions import AddAddress, Masquerade
from nslab.network.diff import nat_sentence
from nslab.network.model import Namespace, Route
from nslab.network.rules import Translation
from nslab.sentence import Sentence, sentence


def cause(search: Search) -> Obstacle | None:
    """None if the stop is a matter of the place where it is."""
    if search.stop.kind == "loop" or (
        search.stop.kind in ("no-route", "nobody-answers") and search.here.role == "world"
    ):
        return _back(search) if search.trace.back else _there(search)
    return None


def _there(search: Search) -> Obstacle | None:
    address = search.stop.address if search.stop.kind == "no-route" else search.trace.address
    owners = gateways.holders(search.snapshot, address)
    if not owners:
        place = search.here.label if search.stop.kind == "no-route" else ""
        message = sentence("no host in this lab has {address}", address=address)
        if place:
            message = sentence(
                "no host in this lab has {address}; it ends at {here}, which has no route there",
                address=address,
                here=place,
            )
        return search.nobody(message)
    if owners[0][0].role != "world" or search.stop.kind == "loop":
        return _detour(search, search.trace.there, address)
    return _in_world(search, address)


def _back(search: Search) -> Obstacle | None:
    trace = search.trace
    source = trace.there[0].source
    wanted = trace.back[-1].destination
    known = gateways.own_network(search.snapshot, source)
    outside = {
        str(each.network)
        for ns in search.snapshot
        if ns.role == "world"
        for link in ns.links
        for each in routing.interfaces(link)
    }
    if known is not None and str(known) in outside:
        return _detour(search, trace.back, wanted) or _in_world(search, wanted)
    translated = any(each.what == "source" for hop in trace.there for each in hop.rewrites)
    if wanted == source and search.here.role == "world" and not translated:
        return _as_it_is(search, source)
    return _detour(search, trace.back, source)


def _as_it_is(search: Search, source: str) -> Obstacle | None:
    """The source went out unchanged."""
    worldly = {ns.label for ns in search.snapshot if ns.role == "world"}
    border = None
    for hop in search.trace.there:
        if hop.namespace in worldly:
            break
        border = hop
    if border is None:
        return None
    here = search.snapshot.namespace(border.namespace)
    subnet = gateways.own_network(search.snapshot, source)
    action = Masquerade(str(subnet or f"{source}/32"), border.link_out, ns=remedy.reference(here))
    rules = [rule for rule in here.nat if rule.kind in ("masquerade", "snat", "netmap")]
    kept = translation_causes.kept(search, here, border, source) if rules else None
    if kept is not None:
        return kept
    if rules:
        message = sentence(
            "{here} {does}, but this {comes} and leaves by {link}: {there} has no route back to "
            "{source}",
            here=here.label,
            does=_words(rules[0]),
            comes=_this(search, rules[0], source),
            link=border.link_out,
            there=search.here.label,
            source=source,
        )
        kind = "masquerade-mismatch" if _simple(rules[0]) else "not-translated"
        return search.made(kind, here, message, [action])
    message = sentence(
        "{there} has no route back to {source}: the packet left {here} with that address as its "
        "source",
        there=search.here.label,
        source=source,
        here=here.label,
    )
    return search.made("no-masquerade", here, message, [action])


def _words(rule: Translation) -> Sentence:
    """What a rule translates; in its own words if it is no simple one."""
    if not _simple(rule):
        return sentence("translates only: {rule}", rule=nat_sentence(rule))
    source = rule.source or sentence("anywhere")
    words = sentence("masquerades what comes from {source}", source=source)
    if rule.protocol:
        words = sentence(
            "masquerades the {protocol} that comes from {source}",
            protocol=rule.protocol,
            source=source,
        )
    if rule.destination:
        words = sentence("{does} for {network}", does=words, network=rule.destination)
    if rule.out:
        words = sentence("{does} and leaves by {link}", does=words, link=rule.out)
    return words


def _simple(rule: Translation) -> bool:
    """Whether it is told by its networks, its protocol and the link out."""
    usual = ("masquerade", "postrouting", "ip", True)
    others = (rule.also, rule.sport, rule.dport, rule.came)
    return (
        (rule.kind, rule.hook, rule.family, rule.reached) == usual
        and rule.exact
        and not any(others)
    )


def _this(search: Search, rule: Translation, source: str) -> Sentence:
    """Where a packet comes from; of what kind it is, where a rule is for one kind only."""
    if rule.protocol:
        protocol = search.trace.protocol
        return sentence("is {protocol} from {source}", protocol=protocol, source=source)
    return sentence("comes from {source}", source=source)


def _detour(search: Search, way: tuple[Hop, ...], address: str) -> Obstacle | None:
    """The last namespace of the lab's own on the way, which could have known better."""
    for hop in reversed(way):
        here = search.snapshot.namespace(hop.namespace)
        if here.role == "world" or hop.route is None:
            continue
        found = _bare(search, here, address) or _better(search, here, hop, hop.route, address)
        if found is not None:
            search.blamed = hop
            return found
    return None


def _better(
    search: Search, here: Namespace, hop: Hop, route: Route, address: str
) -> Obstacle | None:
    """Another neighbour that the packet should have been given to."""
    found = gateways.gateway(search.snapshot, here, address, but=hop.next_hop)
    if found is None:
        return None
    message = sentence(
        "{here} sends packets for {address} to {next}, which is wrong",
        here=here.label,
        address=address,
        next=hop.next_hop,
    )
    lost = route.destination != "default" or gateways.worldly(search.snapshot, address)
    if lost and route.via and found.link.up:
        return search.instead(message, route, found.address, here)
    return search.hand_over(here, found, message, address, default=False)


def _bare(search: Search, here: Namespace, address: str) -> Obstacle | None:
    """A link that the destination is a neighbour on, without an address of that subnet."""
    for link in gateways.ends(here):
        if any(routing.ip(address) in each.network for each in routing.interfaces(link)):
            continue
        near = [each for each in reach(search.snapshot, here, link) if each.cost < NEAR]
        if any(routing.holder(each.namespace, address) is not None for each in near):
            free = search.free_address(here, link, address)
            if free:
                action = AddAddress(link.name, free, ns=remedy.reference(here))
                place = f"{here.label}/{link.name}"
                message = sentence(
                    "{link} leads to {address}, but has no address of that subnet",
                    link=place,
                    address=address,
                )
                return search.made("no-address", here, message, [action], link=link.name)
    return None


def _in_world(search: Search, address: str) -> Obstacle | None:
    """A route of the world was deleted."""
    here = search.here
    found = gateways.gateway(search.snapshot, here, address)
    if found is None or search.stop.kind != "no-route":
        return None
    message = no_route_to(here.label, address)
    return search.hand_over(here, found, message, address, default=False)
