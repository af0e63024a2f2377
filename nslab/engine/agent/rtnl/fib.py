"""The kernel's own route look-up (RTM_GETROUTE), for IPv4 and IPv6.

It applies policy rules, tables, metrics and nexthops as it does for packets, so none of that is
done again here.  Asked twice: once for the entry that decides (``fibmatch``), once for what it
makes of it, such as the source address.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Mapping, Sequence

from msgspec import structs

from nslab.engine import explain, uapi
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.engine.agent.rtnl.words import PROTOCOL, ROUTE_KIND, SCOPE
from nslab.errors import KernelRefused
from nslab.network.evidence import Lookup, Routed
from nslab.network.model import Route
from nslab.network.names import label

_RTMSG = struct.Struct("=BBBBBBBBI")


def lookups(spaces: sp.Spaces, wanted: Sequence[Lookup]) -> tuple[Routed, ...]:
    """Ask in each namespace; the thread comes home at the end.

    :raises NotFound: there is no such namespace
    """
    return tuple(_in(spaces, each) for each in wanted)


def _in(spaces: sp.Spaces, wanted: Lookup) -> Routed:
    operation = f"look up the route to {wanted.target}"
    try:
        descriptor = spaces.open(wanted.ns)
    except FileNotFoundError:
        raise explain.namespace_missing(operation, wanted.ns or "host") from None
    try:
        with spaces.inside(descriptor):
            return lookup(wanted)
    except OSError as error:
        raise KernelRefused(operation, "", str(error), errno=error.errno or 0) from None
    finally:
        os.close(descriptor)


def lookup(wanted: Lookup) -> Routed:
    """Ask in this thread's namespace."""
    names = {index: label(os.fsencode(name)) for index, name in socket.if_nameindex()}
    asking = w.Socket()
    try:
        entry = _question(wanted, names, uapi.RTM_F_FIB_MATCH)
        chosen = _question(wanted, names, uapi.RTM_F_LOOKUP_TABLE)
        (first, went), (second, answered) = asking.ask(
            [(uapi.RTM_GETROUTE, entry), (uapi.RTM_GETROUTE, chosen)]
        )
    finally:
        asking.close()
    # For what the machine itself has there may be no entry to name, but an answer.
    if not answered:
        (code,) = struct.unpack_from("=i", second)
        return Routed(errno=-code)
    decided = w.attributes(second, 12, len(second))
    route = _route(second, names)
    if went:
        found = _route(first, names)
        # Of several next hops it takes the one that the second answer names.  Else the entry
        # counts: the answer may be an exception that an ICMP redirect has left.
        several = uapi.RTA_MULTIPATH in w.attributes(first, 12, len(first))
        route = structs.replace(found, via=route.via, dev=route.dev) if several else found
    family = second[0]
    prefsrc = decided.get(uapi.RTA_PREFSRC)
    return Routed(
        route=route, source=socket.inet_ntop(family, prefsrc) if prefsrc else route.source
    )


def _question(wanted: Lookup, names: Mapping[int, str], flags: int) -> bytes:
    family = socket.AF_INET6 if ":" in wanted.target else socket.AF_INET
    bits = 128 if family == socket.AF_INET6 else 32
    indexes = {name: index for index, name in names.items()}
    body = w.attribute(uapi.RTA_DST, socket.inet_pton(family, wanted.target))
    if wanted.source:
        body += w.attribute(uapi.RTA_SRC, socket.inet_pton(family, wanted.source))
    if wanted.link_in in indexes:
        body += w.u32(uapi.RTA_IIF, indexes[wanted.link_in])
    if wanted.link_out in indexes:
        body += w.u32(uapi.RTA_OIF, indexes[wanted.link_out])
    if wanted.mark:
        body += w.u32(uapi.RTA_MARK, wanted.mark)
    source = bits if wanted.source else 0
    return _RTMSG.pack(family, bits, source, 0, 0, 0, 0, 0, flags) + body


def _route(answer: bytes, names: Mapping[int, str]) -> Route:
    family, length, _, _, table, protocol, scope, kind, _ = _RTMSG.unpack_from(answer)
    found = w.attributes(answer, 12, len(answer))
    destination, via = found.get(uapi.RTA_DST), found.get(uapi.RTA_GATEWAY)
    out, source = found.get(uapi.RTA_OIF), found.get(uapi.RTA_PREFSRC)
    metric = found.get(uapi.RTA_PRIORITY)
    number = found.get(uapi.RTA_TABLE)
    return Route(
        destination=(
            f"{socket.inet_ntop(family, destination)}/{length}"
            if destination is not None and length
            else "default"
        ),
        via=socket.inet_ntop(family, via) if via else "",
        dev=names.get(struct.unpack("=i", out)[0], "") if out else "",
        source=socket.inet_ntop(family, source) if source else "",
        metric=struct.unpack("=I", metric)[0] if metric else 0,
        table=struct.unpack("=I", number)[0] if number else table,
        scope=SCOPE.get(scope, str(scope)),
        kind=ROUTE_KIND.get(kind, str(kind)),
        protocol=PROTOCOL.get(protocol, str(protocol)),
    )
