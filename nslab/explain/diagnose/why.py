"""From a question to its explanation."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from nslab.errors import InvalidInput, NotFound
from nslab.explain.diagnose import causes, remedy
from nslab.explain.diagnose.explanation import Explanation, Finding, Obstacle
from nslab.explain.diagnose.findings import steps
from nslab.explain.trace import Trace, routing, trace
from nslab.network.actions import ResolvConf
from nslab.network.arguments import checked
from nslab.network.model import Namespace, Snapshot

_NAME_SERVER = "8.8.8.8"


@checked
def why(snapshot: Snapshot, ns: str | None, target: str) -> Explanation:
    """Why a namespace can, or cannot, reach an address.

    :param snapshot: what the kernel reported
    :param ns: a label or name of a namespace; None for the host
    :param target: an IPv4 address; for a name, the way to its name server is explained
    :raises NotFound: there is no such namespace
    :raises InvalidInput: no way leads to such a target, or not one that can be explained
    """
    try:
        here = snapshot.namespace(ns)
    except NotFound:
        there = ", ".join(each.label for each in snapshot)
        raise NotFound(
            "explain the way from",
            str(ns),
            "there is no namespace of that name",
            f"there are {there}",
        ) from None
    address = _address(snapshot, target)
    return _by_name(snapshot, here, target) if address is None else _to(snapshot, here, address)


def _address(snapshot: Snapshot, target: str) -> str | None:
    """The address in plain form; None for a name."""
    operation = "explain the way to"
    try:
        address = ipaddress.ip_address(target)
    except ValueError:
        for namespace in snapshot:
            if target == namespace.label or target in namespace.names:
                raise InvalidInput(
                    operation,
                    repr(target),
                    "that is a namespace, which may have many addresses",
                    f"name one of them: {', '.join(_addresses(namespace)) or 'it has none'}",
                ) from None
        if not target or any(not (c.isalnum() or c in ".-_") for c in target):
            raise InvalidInput(
                operation,
                repr(target),
                "it is neither an address nor a name",
                "such as 203.0.113.80, without a prefix length, or www.example.org",
            ) from None
        return None
    if address.version == 6:
        raise InvalidInput(
            operation, repr(target), "only IPv4 is explained", "ask for an IPv4 address"
        )
    if address.is_multicast or address.is_unspecified or int(address) == (1 << 32) - 1:
        raise InvalidInput(
            operation, repr(target), "it is not the address of one host", "such as 203.0.113.80"
        )
    return str(address)


def _addresses(namespace: Namespace) -> list[str]:
    return [
        str(each.ip)
        for link in namespace.links
        for each in routing.interfaces(link)
        if not routing.is_loopback(link)
    ]


def _to(snapshot: Snapshot, here: Namespace, address: str) -> Explanation:
    found = trace(snapshot, here.inode, address)
    obstacle, told = None, found
    if found.stop is not None:
        obstacle, told = causes.obstacle(snapshot, found, found.stop)
    return Explanation(
        namespace=here.label,
        target=address,
        steps=tuple(steps(snapshot, told)),
        obstacle=obstacle,
        notes=tuple(_notes(snapshot, found)),
    )


def _notes(snapshot: Snapshot, found: Trace) -> Iterator[str]:
    """What may be in the way all the same."""
    if not found.ok or len(found.there) < 2:
        return
    yield "not checked: policy rules (ip rule)"
    for doubt in found.doubts:
        because = f" (not understood: {doubt.ruling.because})" if doubt.ruling.because else ""
        yield f"whether {doubt.namespace} lets it by hangs on {doubt.ruling}{because}"
    for label in dict.fromkeys(hop.namespace for hop in found.hops):
        here = snapshot.namespace(label)
        if any(route.table not in (253, 254, 255) for route in here.routes):
            yield f"{label} has routes in other tables than main: {_RULES}"
    bridging = {spot.namespace for hop in found.hops for spot in hop.path if spot.role == "bridge"}
    for label in sorted(bridging):
        here = snapshot.namespace(label)
        if any(link.bridge and link.bridge.vlan_filtering for link in here.links):
            yield f"{label} has a bridge that filters VLANs, which is not checked"


_RULES = "ip rule says when they apply"


def _by_name(snapshot: Snapshot, here: Namespace, name: str) -> Explanation:
    """The way to the first name server; the name itself is not looked up."""
    text, path = here.resolv_conf, _file(here)
    if text is None:
        # `ip netns exec` binds what is in /etc/netns/NAME, and else leaves /etc as it is.
        text, path = snapshot.host.resolv_conf or "", "/etc/resolv.conf"
    servers = [
        words[1]
        for words in map(str.split, text.splitlines())
        if len(words) > 1 and words[0] == "nameserver"
    ]
    target = f"{name}"
    if not servers:
        return Explanation(
            namespace=here.label, target=target, obstacle=_no_server(snapshot, here, path)
        )
    server = servers[0]
    step = Finding(
        ok=True, where=here.label, message=f"{here.label} asks {server} for names ({path})"
    )
    try:
        address = str(ipaddress.IPv4Address(server))
    except ValueError:
        note = f"the way to {server} was not checked: only IPv4 is explained"
        return Explanation(namespace=here.label, target=target, steps=(step,), notes=(note,))
    to = _to(snapshot, here, address)
    notes = to.notes
    if to.ok:
        notes += (f"{name} was not looked up; to see whether {server} answers: host {name}",)
    return Explanation(
        namespace=here.label,
        target=target,
        steps=(step, *to.steps),
        obstacle=to.obstacle,
        notes=notes,
    )


def _file(here: Namespace) -> str:
    return f"/etc/netns/{here.label}/resolv.conf" if here.role == "named" else "/etc/resolv.conf"


def _no_server(snapshot: Snapshot, here: Namespace, path: str) -> Obstacle:
    message = f"{here.label} knows no name server: none is in {path}"
    if here.role == "world":
        return Obstacle(kind="no-nameserver", where=here.label, message=message)
    action = ResolvConf(_NAME_SERVER, ns=remedy.reference(here))
    hint = "\n".join(remedy.lines(snapshot, [action]))
    return Obstacle(
        kind="no-nameserver", where=here.label, message=message, hint=hint, actions=(action,)
    )
