"""What an action would fail of, as far as a snapshot tells it; a pure function, and no promise.

It says nothing where the kernel might agree: what is not foreseen here is tried.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from nslab.jupyter.widgets.words import say
from nslab.network import actions as act
from nslab.network.actions import Action
from nslab.network.model import Link, Namespace, Snapshot


def obstacle(snapshot: Snapshot, action: Action) -> str:
    """Why it cannot work; empty if nothing speaks against it."""
    check = _CHECKS.get(type(action))
    return check(snapshot, action) if check else ""


def _space(snapshot: Snapshot, label: str | None) -> Namespace | None:
    for namespace in snapshot:
        if label is None or label == namespace.label or label in namespace.names:
            return namespace
    return None


def _there(snapshot: Snapshot, name: str, ns: str | None) -> Link | None:
    namespace = _space(snapshot, ns)
    links = namespace.links if namespace else ()
    return next((link for link in links if link.name == name), None)


def _place(ns: str | None) -> str:
    return ns or "host"


def _absent(snapshot: Snapshot, ns: str | None, *links: str) -> str:
    """That a namespace or a link in it is not there."""
    if _space(snapshot, ns) is None:
        return say("there is no namespace {name}").format(name=ns)
    for name in links:
        if _there(snapshot, name, ns) is None:
            return say("{place} has no link {name}").format(place=_place(ns), name=name)
    return ""


def _taken(snapshot: Snapshot, name: str, ns: str | None) -> str:
    if (gone := _absent(snapshot, ns)) or _there(snapshot, name, ns) is None:
        return gone
    return say("{place} has a link {name} already").format(place=_place(ns), name=name)


def _new_space(snapshot: Snapshot, action: Any) -> str:
    if _space(snapshot, action.name) is None:
        return ""
    return say("there is a namespace {name} already").format(name=action.name)


def _new_bridge(snapshot: Snapshot, action: Any) -> str:
    return _taken(snapshot, action.name, action.ns)


def _new_pair(snapshot: Snapshot, action: Any) -> str:
    return (
        _taken(snapshot, action.name, action.ns)
        or _taken(snapshot, action.peer, action.peer_ns)
        or (_no_bridge(snapshot, action.master, action.ns) if action.master else "")
    )


def _stacked(snapshot: Snapshot, action: Any) -> str:
    where = action.to or action.ns
    return _absent(snapshot, action.ns, action.parent) or _taken(snapshot, action.name, where)


def _no_bridge(snapshot: Snapshot, name: str, ns: str | None) -> str:
    found = _there(snapshot, name, ns)
    if found is None or found.kind == "bridge":
        return _absent(snapshot, ns, name)
    return say("{name} is no bridge").format(name=name)


def _attach(snapshot: Snapshot, action: Any) -> str:
    if wrong := _absent(snapshot, action.ns, action.link, action.bridge):
        return wrong
    if wrong := _no_bridge(snapshot, action.bridge, action.ns):
        return wrong
    link = _there(snapshot, action.link, action.ns)
    assert link is not None
    if link.name == "lo" or link.kind == "bridge":
        return say("{name} cannot be a port of a bridge").format(name=link.name)
    return ""


def _move(snapshot: Snapshot, action: Any) -> str:
    link = _there(snapshot, action.link, action.ns)
    if link is None:
        return _absent(snapshot, action.ns, action.link)
    if link.name == "lo" or link.kind == "bridge":
        return say("{name} cannot be moved: it belongs to its namespace").format(name=link.name)
    if _place(action.to) == _place(action.ns):
        return ""  # nothing happens
    return _taken(snapshot, action.link, action.to)


def _rename(snapshot: Snapshot, action: Any) -> str:
    return _absent(snapshot, action.ns, action.link) or _taken(snapshot, action.name, action.ns)


def _on_link(snapshot: Snapshot, action: Any) -> str:
    return _absent(snapshot, action.ns, action.link)


def _address(snapshot: Snapshot, action: Any) -> str:
    link = _there(snapshot, action.link, action.ns)
    if link is None:
        return _absent(snapshot, action.ns, action.link)
    there = any(one.address == action.address for one in link.addresses)
    if there == isinstance(action, act.DeleteAddress):
        return ""
    words = say("{link} has no address {address}")
    if there:
        words = say("{link} has the address {address} already")
    return words.format(link=action.link, address=action.address)


def _route(snapshot: Snapshot, action: Any) -> str:
    namespace = _space(snapshot, action.ns)
    if namespace is None:
        return _absent(snapshot, action.ns)
    plain = [route for route in namespace.routes if not route.metric and route.table == 254]
    if any(route.destination == action.destination for route in plain):
        words = say("{place} has a route to {target} already")
        return words.format(place=_place(action.ns), target=action.destination)
    if not action.via or _on_link_to(namespace, action.via):
        return ""
    words = say("no link of {place} that is up has an address in the network of {via}")
    return words.format(place=_place(action.ns), via=action.via)


def _on_link_to(namespace: Namespace, via: str) -> bool:
    """Whether a route of a namespace may lead to a gateway; in doubt it does."""
    try:
        gateway = ipaddress.IPv4Address(via)
    except ValueError:
        return True
    for route in namespace.routes:
        if "/" not in route.destination:
            if not route.via:
                return True
        elif gateway in ipaddress.ip_network(route.destination, strict=False):
            return True
    return False


def _no_route(snapshot: Snapshot, action: Any) -> str:
    namespace = _space(snapshot, action.ns)
    routes = namespace.routes if namespace else ()
    if any(route.destination == action.destination for route in routes):
        return ""
    words = say("{place} has no route to {target}")
    gone = _absent(snapshot, action.ns)
    return gone or words.format(place=_place(action.ns), target=action.destination)


def _bridge(snapshot: Snapshot, action: Any) -> str:
    return _absent(snapshot, action.ns) or _no_bridge(snapshot, action.name, action.ns)


def _port(snapshot: Snapshot, action: Any) -> str:
    link = _there(snapshot, action.link, action.ns)
    if link is None or link.master or link.kind == "bridge":
        return _absent(snapshot, action.ns, action.link)
    return say("{name} is attached to nothing").format(name=link.name)


def _delete_link(snapshot: Snapshot, action: Any) -> str:
    if action.link == "lo":
        return say("{name} cannot be deleted: it belongs to its namespace").format(name="lo")
    return _absent(snapshot, action.ns, action.link)


def _delete_space(snapshot: Snapshot, action: Any) -> str:
    if _space(snapshot, action.name) is not None:
        return ""
    return say("there is no namespace {name}").format(name=action.name)


def _setting(snapshot: Snapshot, action: Any) -> str:
    return _absent(snapshot, action.ns)


_CHECKS: dict[type[Action], Callable[[Snapshot, Any], str]] = {
    act.AddNamespace: _new_space,
    act.AddContainer: _new_space,
    act.AddBridge: _new_bridge,
    act.AddVeth: _new_pair,
    act.AddMacvlan: _stacked,
    act.AddIpvlan: _stacked,
    act.AddVlan: _stacked,
    act.Attach: _attach,
    act.Detach: _on_link,
    act.Move: _move,
    act.Rename: _rename,
    act.AddAddress: _address,
    act.DeleteAddress: _address,
    act.AddRoute: _route,
    act.DeleteRoute: _no_route,
    act.SetUp: _on_link,
    act.SetDown: _on_link,
    act.SetPromiscuous: _on_link,
    act.SetBridge: _bridge,
    act.SetPortVlan: _port,
    act.DeletePortVlan: _port,
    act.DeleteLink: _delete_link,
    act.DeleteNamespace: _delete_space,
    act.DeleteContainer: _delete_space,
    act.Sysctl: _setting,
    act.ResolvConf: _setting,
    act.Masquerade: _setting,
}
