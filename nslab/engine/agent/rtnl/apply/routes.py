"""Routes."""

from __future__ import annotations

import ipaddress
import struct

from nslab.engine import uapi
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.engine.agent.rtnl.apply.batch import Batch, Doer, packed_address
from nslab.network import actions as act


def add_route(batch: Batch, action: act.AddRoute) -> None:
    flags = uapi.NLM_F_CREATE | uapi.NLM_F_EXCL
    batch.send(action, action.ns, uapi.RTM_NEWROUTE, flags, _route(batch, action))


def delete_route(batch: Batch, action: act.DeleteRoute) -> None:
    batch.send(action, action.ns, uapi.RTM_DELROUTE, 0, _route(batch, action))


def _route(batch: Batch, action: act.AddRoute | act.DeleteRoute) -> bytes:
    destination = action.destination
    body, length, family = b"", 0, 2
    if destination != "default":
        network = ipaddress.ip_network(destination)
        family, length = 2 if network.version == 4 else 10, network.prefixlen
        body += w.attribute(uapi.RTA_DST, network.network_address.packed)
    if action.via:
        family, gateway = packed_address(action.via)
        body += w.attribute(uapi.RTA_GATEWAY, gateway)
    if action.dev:
        body += w.u32(uapi.RTA_OIF, batch.index(action.ns, action.dev, action))
    adding = isinstance(action, act.AddRoute)
    # As ip-route(8): a route without a gateway is of scope link; to delete, any scope will do.
    scope = (0 if action.via else 253) if adding else 255
    kind, protocol = (1, 3) if adding else (0, 0)
    return struct.pack("=BBBBBBBBI", family, length, 0, 0, 254, protocol, scope, kind, 0) + body


DOERS: dict[type[act.Action], Doer] = {act.AddRoute: add_route, act.DeleteRoute: delete_route}
