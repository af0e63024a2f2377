"""Macvlans and ipvlans: several links that share one wire, and what they do not tell each other."""

from __future__ import annotations

from nslab.explain.diagnose import gateways, remedy
from nslab.explain.diagnose.context import Search
from nslab.explain.diagnose.explanation import Obstacle
from nslab.explain.trace import routing
from nslab.network.actions import Action, AddRoute, SetUp
from nslab.network.model import Link, Namespace
from nslab.sentence import Sentence, sentence


def parent(search: Search) -> Obstacle:
    """What stands on a link, and that link's own namespace: another one on it is the way."""
    here, link = search.here, search.here.link(search.stop.link)
    below = search.snapshot.peer(link)
    name, ipvlan = search.stop.other, link.kind == "ipvlan"
    values = {"link": f"{here.label}/{link.name}", "parent": name}
    message = sentence("{link} is a macvlan on {parent}: those two cannot talk", **values)
    if ipvlan:
        message = sentence("{link} is an ipvlan on {parent}: those two cannot talk", **values)
    address = _own(search, link)
    if below is not None and address:
        there, lower = below
        beside = _beside(search, there, link)
        if beside is not None:
            return _by_the_other(search, there, beside, address)
        commands = [(there, line) for line in _made(search, there, lower, link, address)]
        if commands:
            values = {"there": there.label, "parent": name}
            remark = sentence(
                "give {there} a macvlan on {parent} too, with an address of its own:", **values
            )
            if ipvlan:
                remark = sentence(
                    "give {there} an ipvlan on {parent} too, with an address of its own:", **values
                )
            return search.made(
                "macvlan-parent", here, message, link=link.name, remark=remark, commands=commands
            )
    remark = sentence(
        "give the namespace of {parent} a macvlan on {parent} too, and the address to that",
        parent=name,
    )
    if ipvlan:
        remark = sentence(
            "give the namespace of {parent} an ipvlan on {parent} too, and the address to that",
            parent=name,
        )
    return search.made("macvlan-parent", here, message, link=link.name, remark=remark)


def _own(search: Search, link: Link) -> str:
    """The address that what stands on the parent is asked for, or asks from."""
    own = [str(each.ip) for each in routing.interfaces(link)]
    asked = [each for each in own if each == search.stop.address]
    return (asked or own or [""])[0]


def _beside(search: Search, there: Namespace, link: Link) -> Link | None:
    """A link of the parent's namespace that stands on the parent, too, and so could be the way."""
    for each in there.links:
        same = (each.kind, each.mode, each.peer) == (link.kind, link.mode, link.peer)
        if same and each.mode not in ("private", "vepa", "passthru"):
            return each
    return None


def _by_the_other(search: Search, there: Namespace, beside: Link, address: str) -> Obstacle:
    """The way is there, and not taken: its link is down, or its route is missing."""
    ns = remedy.reference(there)
    if not beside.up:
        actions: list[Action] = [SetUp(beside.name, ns=ns)]
        if f"{address}/32" not in {each.destination for each in there.routes}:
            actions.append(AddRoute(f"{address}/32", dev=beside.name, ns=ns))
        message = sentence(
            "{link}, the way to {address}, is down",
            link=f"{there.label}/{beside.name}",
            address=address,
        )
        return search.made("link-down", there, message, actions, link=beside.name)
    taken = routing.lookup(there, address)
    message = _past(there.label, address, beside, taken.dev if taken else "")
    if taken is not None and taken.destination == f"{address}/32":
        command = f"ip route replace {address}/32 dev {beside.name}"
        return search.made("no-route", there, message, command=command)
    return search.made(
        "no-route", there, message, [AddRoute(f"{address}/32", dev=beside.name, ns=ns)]
    )


def _past(here: str, address: str, beside: Link, taken: str) -> Sentence:
    """That no route leads by a link.

    :param taken: by which it leads instead, if by any
    """
    values = {"here": here, "address": address, "link": beside.name, "taken": taken}
    if not taken:
        return sentence("{here} has no route to {address} by {link}", **values)
    if beside.kind == "ipvlan":
        return sentence(
            "{here} has no route to {address} by {link}, and takes {taken}, whose own packets an "
            "ipvlan does not get",
            **values,
        )
    return sentence(
        "{here} has no route to {address} by {link}, and takes {taken}, whose own packets a "
        "macvlan does not get",
        **values,
    )


def _made(search: Search, there: Namespace, lower: Link, link: Link, address: str) -> list[str]:
    """The lines that give the parent's namespace a link beside, and a route by it."""
    free = gateways.free_address(search.snapshot, there, lower, address, search.former)
    if not free or link.mode in ("private", "vepa", "passthru"):
        return []
    taken = {each.name for each in there.links}
    name = next(each for n in range(len(taken) + 1) if (each := f"shim{n or ''}") not in taken)
    return [
        f"ip link add {name} link {lower.name} type {link.kind} mode {link.mode}",
        f"ip address add {free.partition('/')[0]}/32 dev {name}",
        f"ip link set dev {name} up",
        f"ip route add {address}/32 dev {name}",
    ]


def macvlan_mode(search: Search) -> Obstacle:
    """A macvlan that passes nothing to the others on its parent: and all of those that do not."""
    here, link = search.here, search.here.link(search.stop.link)
    message = sentence(
        "{link} is a macvlan in mode {mode}, which passes nothing to the others on its parent",
        link=f"{here.label}/{link.name}",
        mode=link.mode,
    )
    commands = [
        (ns, f"ip link set dev {each.name} type macvlan mode bridge")
        for ns in search.snapshot
        for each in ns.links
        if each.kind == "macvlan" and each.peer == link.peer and each.mode in ("private", "vepa")
    ]
    return search.made("macvlan-mode", here, message, link=link.name, commands=commands)


def ipvlan_mode(search: Search) -> Obstacle:
    """An ipvlan that is reached by routes only, and is looked for on its parent's segment.

    In mode l3 it is without ARP (ipvlan_set_port_mode() in drivers/net/ipvlan/ipvlan_main.c).
    """
    here, link = search.here, search.here.link(search.stop.link)
    message = sentence(
        "{link} is an ipvlan in mode {mode}: nobody on its parent's segment who asks for {address} "
        "(ARP) gets an answer",
        link=f"{here.label}/{link.name}",
        mode=link.mode,
        address=search.stop.address,
    )
    command = f"ip link set dev {link.name} type ipvlan mode l2"
    after = sentence(
        "the mode is that of all on the same parent; or let others have a route to it by an "
        "address of the parent's"
    )
    return search.made("ipvlan-mode", here, message, link=link.name, command=command, after=after)
