"""What is in the way of IPv6, of which no trace knows: by the evidence and by the snapshot.

A link that is down has lost its IPv6 addresses, and with IPv6 switched off it never had any.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from nslab.explain.diagnose import ipv6_ways, remedy
from nslab.explain.diagnose.address_causes import behind, missing_there
from nslab.explain.diagnose.case import Case
from nslab.explain.diagnose.context import alone, is_down, no_route_to, without_lo
from nslab.explain.diagnose.explanation import Obstacle
from nslab.explain.diagnose.ipv6_ways import Near
from nslab.explain.trace import routing
from nslab.network.actions import SetUp
from nslab.network.model import Link, Namespace
from nslab.sentence import Sentence, lines, sentence

_NO_WAY = {(1, 0), (1, 3), (1, 6)}
_NO_NEIGHBOUR = (1, 3)
_SWITCHED_OFF = "net.ipv6.conf.all.disable_ipv6"


def without_a_way(case: Case) -> Obstacle | None:
    """A host says, or counts, that it has no route; its routes have to bear it out.

    What a host says of a neighbour that does not answer reads the same.
    """
    lost, outcome = case.lost, case.outcome
    if not case.question.v6:
        return None
    says = outcome.icmp in _NO_WAY and case.way.holder(outcome.source)[0] == lost.ns
    if not says and not case.counted("Ip6OutNoRoutes"):
        return None
    requests = [one for one in case.way.seen if one.what == "request"]
    address = requests[-1].source if requests and not says else case.question.address
    found = ipv6_ways.route_to(case.at(lost.ns), address)
    if found is None:
        return missing(case, lost.ns, address, no_route_to(lost.ns, address))
    if found.kind not in routing.REFUSING:
        return None
    route = f"{found.kind} {found.destination}"
    message = sentence("{here} refuses it: route {route}", here=lost.ns, route=route)
    command = f"ip -6 route del {found.kind} {found.destination}"
    hint = case.hint(lost.ns, command)
    return Obstacle(kind="route-refuses", where=lost.ns, message=message, hint=hint)


def missing(case: Case, label: str, address: str, message: Sentence) -> Obstacle:
    """A route that a namespace has not, or what it needs before it can have one."""
    here, snapshot = case.at(label), case.way.snapshot
    for link in ipv6_ways.ends(here):
        alone = _alone(case, here, link)
        if alone is not None:
            return alone
    found = ipv6_ways.gateway(snapshot, here, address)
    if found is not None:
        known = any(each.destination == "default" and ":" in each.via for each in here.routes)
        where = f"{address}/128" if known else "default"
        hint = case.hint(label, f"ip -6 route add {where} via {found.address}")
        return Obstacle(kind="no-route", where=label, message=message, hint=hint)
    bare = [link for link in ipv6_ways.ends(here) if not ipv6_ways.addresses(link)]
    for link in bare:
        if not link.up:
            near = Near(here, link)
            said = sentence("{link} is down, and so without IPv6 addresses", link=near.where)
            return _down(case, near, said)
    wanted = ipaddress.IPv6Address(address)
    offers = [
        (wanted not in subnet, link, subnet)
        for link in bare
        for subnet in ipv6_ways.subnets(snapshot, here, link)
    ]
    if offers:
        _, link, subnet = min(offers, key=lambda each: each[0])
        free = ipv6_ways.free_address(snapshot, subnet, case.former.of(label, link.name))
        if free:
            near = Near(here, link)
            said = sentence(
                "{link} has no IPv6 address, and so no route to {address}",
                link=near.where,
                address=address,
            )
            return _addressed(case, near, free, said)
    hint = lines(
        sentence("# give it one: ip -6 route add … via GATEWAY"), case.hint(label, "ip -6 route")
    )
    return Obstacle(kind="no-route", where=label, message=message, hint=hint)


_LOOPBACK = "::1"


def no_loopback(case: Case) -> Obstacle | None:
    """To itself a namespace speaks by lo, which has to be up, and to have ::1 for that."""
    here, address = case.way.origin, case.question.address
    own = {str(one.ip) for link in here.links for one in ipv6_ways.addresses(link)}
    lo = next((link for link in here.links if routing.is_loopback(link)), None)
    if lo is None or address not in (_LOOPBACK, *own):
        return None
    near = Near(here, lo)
    if not lo.up:
        return _down(case, near, without_lo(near.where, here.label))
    if address in own:
        return None
    commands = [] if ipv6_ways.speaks(lo) else [f"sysctl -w net.ipv6.conf.{lo.name}.disable_ipv6=0"]
    commands.append(f"ip -6 addr replace {_LOOPBACK}/128 dev {lo.name}")
    message = missing_there(near.where, f"{_LOOPBACK}/128")
    hint = case.hint(here.label, *commands)
    return Obstacle(kind="no-address", where=near.where, message=message, hint=hint)


def _alone(case: Case, here: Namespace, link: Link) -> Obstacle | None:
    """An address that was given without a prefix length, beside neighbours in one subnet."""
    subnets = ipv6_ways.subnets(case.way.snapshot, here, link)
    own = ipv6_ways.addresses(link)
    for one in own:
        inside = [subnet for subnet in subnets if one.ip in subnet]
        if one.network.prefixlen < 128 or not inside or any(o.network in inside for o in own):
            continue
        place = f"{here.label}/{link.name}"
        return Obstacle(
            kind="prefix-32",
            where=place,
            message=alone(place, str(one)),
            hint=case.hint(
                here.label,
                f"ip -6 addr del {one} dev {link.name}",
                f"ip -6 addr add {one.ip}/{inside[0].prefixlen} dev {link.name}",
            ),
        )
    return None


def _addressed(case: Case, near: Near, address: str, message: Sentence) -> Obstacle:
    """A link that is to have an address; without even a link-local one IPv6 may be off there."""
    name = near.link.name
    key = (
        f"net/ipv6/conf/{name}/disable_ipv6"
        if "." in name
        else (f"net.ipv6.conf.{name}.disable_ipv6")
    )
    commands = [] if ipv6_ways.speaks(near.link) else [f"sysctl -w {key}=0"]
    commands.append(f"ip -6 addr add {address} dev {name}")
    hint = case.hint(near.namespace.label, *commands)
    return Obstacle(kind="no-address", where=near.where, message=message, hint=hint)


def _down(case: Case, near: Near, message: Sentence | None = None) -> Obstacle:
    action = SetUp(near.link.name, ns=remedy.reference(near.namespace))
    return Obstacle(
        kind="link-down",
        where=near.where,
        message=message or is_down(near.where),
        hint=lines(*remedy.lines(case.way.snapshot, [action])),
        actions=(action,),
    )


def _segment(case: Case) -> list[Near]:
    """The segment that it was lost on, or should have left by: where that begins comes first."""
    lost = case.lost
    here = case.at(lost.waiting or lost.ns)
    link = case.way.link(here.label, lost.by)
    if link is None and case.at_a_port:
        link = case.way.link(lost.ns, lost.link)
    if link is None:
        route = ipv6_ways.route_to(here, case.question.address)
        link = case.way.link(here.label, route.dev) if route is not None else None
    return ipv6_ways.segment(case.way.snapshot, here, link) if link is not None else []


def link_down(case: Case) -> Obstacle | None:
    """A link that is down where it should have gone on: its cable's end, a port, or who is asked.

    If a neighbour was asked, or a bridge had it, it has come to those who are up; if not, nothing
    went out, and the link had no carrier.  Who has the next hop's address shows which links
    are on the way; if nobody has it, and several cables are down, none is known to be the one.
    """
    lost = case.lost
    refused = case.outcome.kind == "error" and case.outcome.icmp != _NO_NEIGHBOUR
    if not case.question.v6 or refused or lost.answering:
        return None
    near = _segment(case)
    asked = bool(lost.by) or case.at_a_port
    if not near or (not asked and near[0].link.up and near[0].link.carrier):
        return None
    route = ipv6_ways.route_to(near[0].namespace, case.question.address)
    owner = case.way.holder((route.via if route is not None else "") or case.question.address)
    found = _before(near, owner) if owner[0] else _only_cable(case, near)
    return _down(case, found) if found is not None else None


def _before(near: Sequence[Near], owner: tuple[str, str]) -> Near | None:
    """The first that is down on the way to a link."""
    ends = (each for each in near if (each.namespace.label, each.link.name) == owner)
    return next((step for end in ends for step in end.path if not step.link.up), None)


def _only_cable(case: Case, near: Sequence[Near]) -> Near | None:
    """The first that is down, if all that are down are ends of one cable."""
    down = [each for each in near if not each.link.up and each.namespace.role != "world"]
    cables = {frozenset((each.where, _far(case, each))) for each in down}
    return down[0] if len(cables) == 1 else None


def _far(case: Case, near: Near) -> str:
    """The other end of its cable."""
    far = case.way.snapshot.peer(near.link)
    return f"{far[0].label}/{far[1].name}" if far is not None else ""


def gateway_is_nobody(case: Case) -> Obstacle | None:
    """A gateway of IPv6 that was asked for in vain, and that nobody has."""
    here = case.way.namespace(case.lost.waiting)
    if here is None or not case.question.v6:
        return None
    asked = {one.target for one in case.evidence.sightings if one.place.ns == here.label}
    for route in here.routes:
        if route.via in asked and ":" in route.via and not case.way.holder(route.via)[0]:
            message = sentence(
                "{here}'s gateway {via} is nobody's address", here=here.label, via=route.via
            )
            address = case.question.address
            other = ipv6_ways.gateway(case.way.snapshot, here, address, but=route.via)
            command = (
                f"ip -6 route replace {route.destination} via {other.address}"
                if other
                else (f"ip -6 route del {route.destination} via {route.via}")
            )
            remark = sentence("# name one that is: ip -6 route add … via GATEWAY")
            return Obstacle(
                kind="wrong-gateway",
                where=here.label,
                message=message,
                hint=lines("" if other else remark, case.hint(here.label, command)),
            )
    return None


def nobody(case: Case) -> Obstacle | None:
    """Nobody in sight has an address that was asked for in vain."""
    address = case.question.address
    refused = case.outcome.kind == "error" and case.outcome.icmp != _NO_NEIGHBOUR
    if not case.question.v6 or case.way.holder(address)[0] or refused:
        return None
    near = _segment(case)
    failed = bool(case.lost.by) or case.outcome.icmp == _NO_NEIGHBOUR
    silent = _without(case, near[0].link, near[1:], address) if near and failed else None
    if silent is not None:
        return silent
    # A link that is down, or without IPv6, has lost its addresses: then it may be there.
    if any(
        not link.up or here.sysctls.get(_SWITCHED_OFF) == "1"
        for here in case.way.snapshot
        for link in here.links
        if here.role != "world" and link.kind not in ("", "bridge")
    ):
        return None
    asked = any(one.what == "arp" and one.target == address for one in case.evidence.sightings)
    message = behind(case.lost.where, address)
    hint = sentence("# check the address; nslab show lists those that there are")
    kind = "nobody-has-address"
    return Obstacle(kind=kind, where=case.lost.where, message=message, hint=hint) if asked else None


def _without(case: Case, link: Link, near: list[Near], address: str) -> Obstacle | None:
    """The one neighbour without an IPv6 address, who may be meant to have this one."""
    bare = [
        each
        for each in near
        if each.namespace.role != "world"
        and not each.link.master
        and each.link.kind != "bridge"
        and each.link.up
        and not ipv6_ways.addresses(each.link)
    ]
    if len(bare) != 1:
        return None
    label, name = bare[0].namespace.label, bare[0].link.name
    if bare[0].namespace.sysctls.get(_SWITCHED_OFF) == "1":
        message = sentence("{here} has IPv6 switched off, and so no IPv6 address", here=label)
        hint = case.hint(label, f"sysctl -w {_SWITCHED_OFF}=0")
        return Obstacle(kind="ipv6-off", where=label, message=message, hint=hint)
    wanted = ipaddress.IPv6Address(address)
    own = ipv6_ways.addresses(link)
    fitting = [one.network.prefixlen for one in own if wanted in one.network]
    if not fitting:
        return None
    message = sentence(
        "no host has {address}, and {link} has no IPv6 address",
        address=address,
        link=f"{label}/{name}",
    )
    return _addressed(case, bare[0], f"{address}/{fitting[0]}", message)
