"""How routes, rules and links are put into words, in a diff and in a picture alike."""

from __future__ import annotations

from collections.abc import Iterable

from nslab.network.model import Link, Namespace, PortVlan, Route

_LOCAL_TABLE = 255
"""The kernel fills this routing table from the addresses; it says nothing of its own."""


def route_text(route: Route) -> str:
    """A route as ``ip route`` says it, without what only repeats: ``default via 10.0.0.1``."""
    words = [] if route.kind == "unicast" else [route.kind]
    words.append(route.destination)
    if route.via:
        words += ["via", route.via]
    if route.dev:
        words += ["dev", route.dev]
    for way in route.hops:
        words += ["nexthop", *(["via", way.via] if way.via else []), "dev", way.dev]
        words += ["weight", str(way.weight)] if way.weight > 1 else []
    if route.source and route.protocol != "kernel":
        words += ["src", route.source]
    if route.metric:
        words += ["metric", str(route.metric)]
    if route.mtu:
        words += ["mtu", str(route.mtu)]
    if route.onlink:
        words.append("onlink")
    if route.table != 254:
        words += ["table", str(route.table)]
    if route.dead:
        words.append("linkdown")
    return " ".join(words)


def kind_text(link: Link) -> str:
    """The kind of a link as a noun: bridge, veth, device."""
    if link.name == "lo":
        return "loopback"
    return link.kind or "device"


def kind_and_mode(link: Link) -> str:
    """The kind with how it stands on its parent: ``macvlan private``, ``ipvlan l3``, ``VLAN 10``.

    A macvlan in mode bridge, as nearly all are, is a ``macvlan`` alone.
    """
    if link.vlan:
        return f"VLAN {link.vlan}"
    mode = "" if (link.kind, link.mode) == ("macvlan", "bridge") else link.mode
    return f"{kind_text(link)} {mode}".rstrip()


def vlans_text(vlans: Iterable[PortVlan] | None) -> str:
    """What a port carries: ``VLAN 10 untagged, 20 and 30 tagged``; nothing if nobody filters."""
    if vlans is None:
        return ""
    # Frames without a tag belong to the PVID both ways, as a rule; else both are told.
    plain = [str(one.vlan) for one in vlans if one.pvid and one.untagged]
    into = [str(one.vlan) for one in vlans if one.pvid and not one.untagged]
    out = [str(one.vlan) for one in vlans if one.untagged and not one.pvid]
    tagged = [str(one.vlan) for one in vlans if not one.pvid and not one.untagged]
    parts = [
        f"{_and(numbers)} {word}"
        for numbers, word in (
            (plain, "untagged"),
            (into, "untagged inwards"),
            (out, "untagged outwards"),
            (tagged, "tagged"),
        )
        if numbers
    ]
    return "VLAN " + ", ".join(parts) if parts else "no VLAN"


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def nameservers(resolv_conf: str | None) -> list[str]:
    """The name servers that a resolv.conf names."""
    lines = [line.split() for line in (resolv_conf or "").splitlines()]
    return [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]


def visible_routes(namespace: Namespace) -> tuple[Route, ...]:
    """The routes without the kernel's own table of local addresses."""
    return tuple(route for route in namespace.routes if route.table != _LOCAL_TABLE)


def address_of(namespace: Namespace, link: Link) -> str:
    """A link's name, with its namespace in front unless that is the host."""
    return link.name if namespace.role == "host" else f"{namespace.label}/{link.name}"


def link_text(namespace: Namespace, link: Link) -> str:
    """A link that came or went, in one line."""
    text = f"{kind_and_mode(link)} {address_of(namespace, link)}"
    facts = [address.address for address in link.addresses]
    if link.master:
        facts.append(f"port of {link.master}")
    return f"{text}: {', '.join([*facts, link.state])}"


def name_text(name: str) -> str:
    """A further name of a namespace; a process id differs from run to run and is not printed."""
    return "by its process id" if name.isdigit() else name
