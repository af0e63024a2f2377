"""All about a namespace or a link, as lines below headings; a pure function of a snapshot."""

from __future__ import annotations

from nslab.errors import NotFound
from nslab.jupyter.widgets.change_words import of_change
from nslab.jupyter.widgets.words import say
from nslab.network.diff import (
    Diff,
    filter_items,
    kind_and_mode,
    leads_text,
    nat_text,
    route_text,
    visible_routes,
    vlans_text,
)
from nslab.network.model import Link, Namespace, Snapshot

Facts = list[tuple[str, list[str]]]
"""Headings, each with its lines; a heading without lines is left out."""


def things(snapshot: Snapshot) -> list[str]:
    """What there is to ask about: every namespace, and its links below it."""
    found = []
    for namespace in snapshot:
        found.append(namespace.label)
        found += [f"{namespace.label}/{link.name}" for link in namespace.links]
    return found


def joined(snapshot: Snapshot) -> list[list[str]]:
    """Pairs of links that hand frames to each other in one namespace, or over a pair of ends."""
    found = []
    for namespace in snapshot:
        for link in namespace.links:
            own = f"{namespace.label}/{link.name}"
            if link.master:
                found.append([own, f"{namespace.label}/{link.master}"])
            far = snapshot.peer(link)
            if far and (link.kind != "veth" or own < f"{far[0].label}/{far[1].name}"):
                found.append([own, f"{far[0].label}/{far[1].name}"])
    return found


def changed_thing(changes: Diff) -> str:
    """Where something changed, as ``ns1`` or ``ns1/eth0``: the first place that is there still."""
    for change in changes.lasting:
        for namespace in changes.after:
            if namespace.inode != change.inode:
                continue
            for link in namespace.links:
                if change.index and link.index == change.index:
                    return f"{namespace.label}/{link.name}"
            return namespace.label
    return ""


def facts(snapshot: Snapshot, thing: str) -> Facts:
    """All about ``ns1`` or ``ns1/eth0``; nothing if it is not there (any longer)."""
    label, _, name = thing.partition("/")
    try:
        namespace = snapshot.namespace(label)
        found = _link(snapshot, namespace, namespace.link(name)) if name else _space(namespace)
    except NotFound:
        return []
    return [(heading, lines) for heading, lines in found if lines]


def _said(notation: str) -> str:
    """A rule, or the VLANs of a port, as the picture has it."""
    return of_change(notation) or notation


def _space(namespace: Namespace) -> Facts:
    links = [f"{link.name}: {kind_and_mode(link)}, {link.state}" for link in namespace.links]
    neighbours = [
        f"{entry.address} dev {entry.dev} {entry.state}" for entry in namespace.neighbours
    ]
    return [
        (say("Links"), links),
        (say("Routes"), [route_text(route) for route in visible_routes(namespace)]),
        (say("Neighbours"), neighbours),
        (say("Address translation"), [_said(nat_text(rule)) for rule in namespace.nat]),
        (say("Packet filter"), list(filter_items(namespace.rules))),
        (say("Settings"), [f"{key} = {value}" for key, value in namespace.sysctls.items()]),
        (say("Name servers"), (namespace.resolv_conf or "").split("\n")[:-1]),
        (say("Processes"), [process.command for process in namespace.processes]),
    ]


def _link(snapshot: Snapshot, namespace: Namespace, link: Link) -> Facts:
    far = snapshot.peer(link)
    state = [
        f"{kind_and_mode(link)}, {link.state}",
        f"MAC {link.mac} ({link.mac_origin})",
        f"MTU {link.mtu}",
        say("promiscuity {count}").format(count=link.promiscuity),
    ]
    if far:
        state.append(say("other end {link}").format(link=f"{far[0].label}/{far[1].name}"))
    state += map(_said, leads_text(link))
    if link.master:
        state.append(say("port of {bridge}").format(bridge=link.master))
    if link.port:
        flood = say("floods") if link.port.flood else say("does not flood")
        state.append(f"{link.port.state}, {flood}")
        if link.port.vlans is not None:
            state.append(_said(vlans_text(link.port.vlans)))
    stations = [
        say("{mac} behind {link}").format(mac=entry.mac, link=entry.dev) + f" {entry.state}"
        for entry in namespace.fdb
        if link.name in (entry.dev, entry.master)
    ]
    neighbours = [
        f"{entry.address} {entry.mac} {entry.state}"
        for entry in namespace.neighbours
        if entry.dev == link.name
    ]
    routes = [route_text(route) for route in visible_routes(namespace) if route.dev == link.name]
    return [
        (say("Link"), state),
        (say("Addresses"), [address.address for address in link.addresses]),
        (say("Routes"), routes),
        (say("Neighbours"), neighbours),
        (say("Forwarding table"), stations),
        (say("Flags"), [" ".join(link.flags)] if link.flags else []),
    ]
