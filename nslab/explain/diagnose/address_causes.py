"""Addresses that are missing, that nobody has, or that several have."""

from __future__ import annotations

from nslab.explain.diagnose import gateways, link_causes, remedy
from nslab.explain.diagnose.context import Search, wanted
from nslab.explain.diagnose.explanation import Obstacle
from nslab.explain.trace import routing
from nslab.explain.trace.segment import NEAR, reach
from nslab.network.actions import AddAddress, DeleteAddress
from nslab.network.model import Namespace, Route
from nslab.sentence import Sentence, sentence


def no_address(search: Search) -> Obstacle:
    link = search.stop.link
    address = search.free_address(search.here, search.here.link(link), search.stop.address)
    message = sentence(
        "{here}/{link} has no address to send from", here=search.here.label, link=link
    )
    actions = [AddAddress(link, address, ns=search.ns)] if address else []
    remark = () if address else sentence("ip address add ADDRESS/PREFIX dev {link}", link=link)
    return search.made("no-address", search.here, message, actions, link=link, remark=remark)


_LOOPBACK, _LOOPBACK_MTU = "127.0.0.1/8", 65536


def no_loopback(search: Search) -> Obstacle:
    """The loopback is without the address that the kernel gives it as it comes up.

    Where it is up already, to set it up once more does not help.
    """
    here, name = search.here, search.stop.link
    if not here.link(name).up:
        return link_causes.link_down(search)
    where, link = f"{here.label}/{name}", here.link(name)
    if link.mtu < routing.LEAST_MTU:
        least = routing.LEAST_MTU
        message = sentence(
            "{link} takes {mtu} bytes at most: below {least} IPv4 is off there",
            link=where,
            mtu=link.mtu,
            least=least,
        )
        size = f"ip link set dev {name} mtu {_LOOPBACK_MTU}"
        address = f"ip address add {_LOOPBACK} dev {name}"
        commands = [(here, size), (here, address)]
        return search.made("no-address", here, message, link=name, commands=commands)
    message = missing_there(where, _LOOPBACK)
    others = [str(each) for each in routing.interfaces(link)]
    if others:
        message = _uncovered(message, others, search.stop.address)
    actions = [AddAddress(name, _LOOPBACK, ns=search.ns, broadcast=False)]
    return search.made("no-address", here, message, actions, link=name)


def missing_there(link: str, address: str) -> Sentence:
    """What is said of a loopback without the address that it should have."""
    return sentence(
        "{link} is up, but the address {address} is missing there", link=link, address=address
    )


def _uncovered(first: Sentence, others: list[str], address: str) -> Sentence:
    """The same, where there are other addresses."""
    if len(others) == 1:
        return sentence(
            "{first}: {other} does not cover {address}",
            first=first,
            other=others[0],
            address=address,
        )
    return sentence(
        "{first}: {others} do not cover {address}",
        first=first,
        others=", ".join(others),
        address=address,
    )


def own_source(search: Search) -> Obstacle:
    address = search.stop.address
    message = sentence(
        "{here} has {address} too: it drops what others send from that address",
        here=search.here.label,
        address=address,
    )
    return _twice(search, search.here, address, message)


def answered_elsewhere(search: Search) -> Obstacle:
    address = search.stop.address
    message = sentence(
        "{here} has {address} too, and gets the answer", here=search.here.label, address=address
    )
    return _twice(search, search.here, address, message)


def duplicate_address(search: Search) -> Obstacle:
    owners = ", ".join(sorted(search.hop.rivals))
    message = sentence(
        "{address} is the address of {owners}: any of them may answer",
        address=search.stop.address,
        owners=owners,
    )
    return _twice(
        search, search.snapshot.namespace(search.stop.other), search.stop.address, message
    )


def _twice(search: Search, owner: Namespace, address: str, message: Sentence) -> Obstacle:
    link = routing.holder(owner, address)
    if link is None:
        return search.made("duplicate-address", owner, message)
    actions = [
        DeleteAddress(link.name, str(each), ns=remedy.reference(owner))
        for each in routing.interfaces(link)
        if str(each.ip) == address
    ]
    return search.made("duplicate-address", owner, message, actions, link=link.name)


def broadcast(search: Search) -> Obstacle:
    message = sentence(
        "{address} means all hosts on a segment, so no single host has it",
        address=search.stop.address,
    )
    return search.made("broadcast", search.here, message)


def nobody_answers(search: Search) -> Obstacle:
    link, address, route = search.stop.link, search.stop.address, search.hop.route
    here, place = search.here.label, f"{search.here.label}/{link}"
    if routing.holder(search.here, address) is not None:
        message = sentence(
            "{here} has {address} itself, which is its gateway", here=here, address=address
        )
        return _twice(search, search.here, address, message)
    bare = _bare(search, link, address)
    if bare is not None:
        return bare
    owner = _namesake(search, link)
    if owner is not None:
        source = search.hop.source
        message = sentence(
            "no host behind {link} has {address}, and {owner} has {source}, the address of {here}",
            link=place,
            address=address,
            owner=owner.label,
            source=source,
            here=here,
        )
        return _twice(search, owner, source, message)
    if route is not None and route.via:
        return _no_gateway(search, route)
    message = behind(place, address)
    if gateways.holders(search.snapshot, address):
        other = gateways.gateway(search.snapshot, search.here, address)
        if other is not None:
            message = sentence(
                "no host behind {link} has {address}: it is elsewhere", link=place, address=address
            )
            return search.hand_over(search.here, other, message, address, default=False)
        return search.made("nobody-answers", search.here, message, link=link)
    return search.nobody(message)


def _no_gateway(search: Search, route: Route) -> Obstacle:
    """Nobody has the address that a route names as its gateway."""
    link, address = search.stop.link, search.stop.address
    message = sentence(
        "no host behind {link} has {address}, the gateway",
        link=f"{search.here.label}/{link}",
        address=address,
    )
    other = gateways.gateway(search.snapshot, search.here, wanted(search.hop), but=address)
    if other is not None and other.link.up:
        return search.instead(message, route, other.address)
    network = route.destination
    remark = sentence("ip route change {network} via ADDRESS-OF-THE-ROUTER", network=network)
    return search.made("nobody-answers", search.here, message, link=link, remark=remark)


def behind(link: str, address: str) -> Sentence:
    """What is said where nobody answers."""
    return sentence("no host behind {link} has {address}", link=link, address=address)


def _namesake(search: Search, link: str) -> Namespace | None:
    """A neighbour who has the address that is sent from."""
    here, source = search.here, search.hop.source
    if not source or routing.holder(here, source) is None:
        return None
    for each in reach(search.snapshot, here, here.link(link)):
        if each.cost == 0 and routing.holder(each.namespace, source) is not None:
            return each.namespace
    return None


def _bare(search: Search, link: str, address: str) -> Obstacle | None:
    """A neighbour without any address, who may be meant to have this one."""
    own = [
        each.network
        for each in routing.interfaces(search.here.link(link))
        if routing.ip(address) in each.network
    ]
    if not own or gateways.holders(search.snapshot, address):
        return None
    expected = address == str(own[0][1]) or any(
        route.via == address for ns in search.snapshot for route in ns.routes
    )
    bare = [
        each
        for each in reach(search.snapshot, search.here, search.here.link(link))
        if each.namespace.role != "world"
        and each.cost < NEAR
        and not routing.interfaces(each.link)
        # A bridge need not have an address, unless somebody counts on it.
        and (expected or each.link.kind != "bridge")
    ]
    bare.sort(key=lambda each: (each.cost, each.link.kind != "bridge"))
    for each in bare[:1]:
        where, ns = f"{each.namespace.label}/{each.link.name}", remedy.reference(each.namespace)
        action = AddAddress(each.link.name, f"{address}/{own[0].prefixlen}", ns=ns)
        return search.made(
            "no-address",
            each.namespace,
            sentence(
                "no host has {address}, and {link} has no address", address=address, link=where
            ),
            [action],
            link=each.link.name,
        )
    return None
