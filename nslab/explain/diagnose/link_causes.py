"""Links and bridges that hold a frame up."""

from __future__ import annotations

from nslab.explain.diagnose.context import Search, without_lo
from nslab.explain.diagnose.explanation import Obstacle
from nslab.explain.trace import routing
from nslab.network.actions import (
    Action,
    AddAddress,
    AddRoute,
    Attach,
    DeleteAddress,
    DeleteRoute,
    SetBridge,
    SetDown,
    SetUp,
)
from nslab.network.model import Namespace, Route
from nslab.sentence import lines, sentence


def link_down(search: Search) -> Obstacle:
    if routing.is_loopback(search.here.link(search.stop.link)):
        place = f"{search.here.label}/{search.stop.link}"
        message = without_lo(place, search.here.label)
        return search.down(search.here, search.stop.link, message)
    return search.down(search.here, search.stop.link)


def not_forwarding(search: Search) -> Obstacle:
    link, state = search.stop.link, search.stop.other
    port = search.here.link(link)
    bridge = search.here.link(port.master)
    delay = bridge.bridge.forward_delay if bridge.bridge else 15
    values = {"link": f"{search.here.label}/{link}", "bridge": bridge.name, "state": state}
    message = sentence("{link} is a port of {bridge}, but {state}", **values)
    actions: list[Action] = []
    if state in ("listening", "learning"):
        wait = delay * (2 if state == "listening" else 1)
        message = sentence(
            "{link} is a port of {bridge}, but {state}: the spanning tree is on", **values
        )
        # To turn it off does not shorten the wait of a port that is waiting already.
        actions = [
            SetBridge(bridge.name, stp=False, ns=search.ns),
            SetDown(link, ns=search.ns),
            SetUp(link, ns=search.ns),
        ]
    command, remark = "", lines()
    if state in ("listening", "learning"):
        remark = sentence(
            "wait at most {seconds} seconds, or turn the spanning tree off:", seconds=f"{wait:g}"
        )
    elif state == "blocking":
        remark = sentence(
            "the spanning tree found a loop: which other ports does {bridge} have?",
            bridge=bridge.name,
        )
    else:
        command = f"bridge link set dev {link} state 3"
    return search.made(
        "port-not-forwarding",
        search.here,
        message,
        actions,
        link=link,
        remark=remark,
        command=command,
    )


def not_attached(search: Search) -> Obstacle:
    link, bridge = search.stop.link, search.stop.other
    message = sentence(
        "{link} is not a port of {bridge}", link=f"{search.here.label}/{link}", bridge=bridge
    )
    actions: list[Action] = [Attach(link, bridge, ns=search.ns)]
    remark = lines()
    if routing.interfaces(search.here.link(link)):
        # A port hands all it receives to its bridge: its own addresses would answer no longer.
        actions += _move_to_bridge(search, link, bridge)
        remark = sentence(
            "the addresses and routes of {link} then belong on {bridge}:", link=link, bridge=bridge
        )
    return search.made("not-attached", search.here, message, actions, link=link, remark=remark)


def wrong_bridge(search: Search) -> Obstacle:
    link, bridge = search.stop.link, search.stop.other
    master = search.here.link(link).master
    message = sentence(
        "{link} is a port of {master}, not of {bridge}",
        link=f"{search.here.label}/{link}",
        master=master,
        bridge=bridge,
    )
    actions = [Attach(link, bridge, ns=search.ns)]
    return search.made("wrong-bridge", search.here, message, actions, link=link)


def address_on_port(search: Search) -> Obstacle:
    here, port, bridge = search.here, search.stop.link, search.stop.other
    message = sentence(
        "{link} is a port of {bridge}, which receives its packets: its addresses and routes belong "
        "on {bridge}",
        link=f"{here.label}/{port}",
        bridge=bridge,
    )
    actions = _move_to_bridge(search, port, bridge)
    return search.made("address-on-port", here, message, actions, link=port)


def _move_to_bridge(search: Search, port: str, bridge: str) -> list[Action]:
    """What moves addresses and routes from a port to its bridge."""
    here, ns = search.here, search.ns
    actions: list[Action] = [] if here.link(bridge).up else [SetUp(bridge, ns=ns)]
    mine = _made_by_hand(here, port)
    actions += [
        DeleteRoute(route.destination, via=route.via or None, dev=port, ns=ns) for route in mine
    ]
    there = {str(each) for each in routing.interfaces(here.link(bridge))}
    for each in routing.interfaces(here.link(port)):
        actions.append(DeleteAddress(port, str(each), ns=ns))
        if str(each) not in there:
            actions.append(AddAddress(bridge, str(each), ns=ns))
    others = {route.destination for route in here.routes if route.dev != port}
    for route in mine:
        if route.destination not in others:
            dev = None if route.via else bridge
            actions.append(AddRoute(route.destination, via=route.via or None, dev=dev, ns=ns))
    return actions


def _made_by_hand(here: Namespace, link: str) -> list[Route]:
    """The routes of the main table by a link that do not go and come with its addresses."""
    return [
        route
        for route in here.routes
        if route.dev == link
        and route.protocol != "kernel"
        and route.table == 254
        and ":" not in route.destination + route.via
    ]


def out_of_sight(search: Search) -> Obstacle:
    if not search.stop.link:
        message = sentence(
            "{here}: a route with several next hops cannot be followed", here=search.here.label
        )
    else:
        place = f"{search.here.label}/{search.stop.link}"
        message = sentence("what is behind {link} cannot be seen from here", link=place)
    return search.made("out-of-sight", search.here, message, link=search.stop.link)
