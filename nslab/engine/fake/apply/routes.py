"""Routes."""

from __future__ import annotations

import errno
import ipaddress

from nslab.engine.fake import fib
from nslab.engine.fake.apply.doer import Doer, link_of, space_of
from nslab.engine.fake.state import Entry, Network, Refusal
from nslab.network import actions as act
from nslab.network import names


def add_route(net: Network, action: act.AddRoute) -> None:
    space = space_of(net, action.ns, action)
    dev = link_of(space, action.dev) if action.dev else None
    destination = _destination(action)
    if destination.version == 6 and not net.ipv6:
        raise Refusal(errno.EHOSTUNREACH if action.via else errno.EACCES)
    if action.via:
        dev = fib.gateway(space, action.via, dev)
    if dev is None:  # AddRoute has checked that there is one or the other
        raise Refusal(errno.ENODEV)
    if not dev.up:
        raise Refusal(errno.ENETDOWN)
    if any(entry.destination == destination for entry in space.routes):
        raise Refusal(errno.EEXIST)
    scope = "global" if action.via else "link"
    space.routes.append(Entry(destination, dev, action.via or "", scope=scope))


def delete_route(net: Network, action: act.DeleteRoute) -> None:
    space = space_of(net, action.ns, action)
    dev = link_of(space, action.dev) if action.dev else None
    destination = _destination(action)
    for entry in space.routes:
        if (
            entry.destination == destination
            and (dev is None or entry.dev is dev)
            and (action.via is None or entry.via == action.via)
        ):
            space.routes.remove(entry)
            return
    raise Refusal(errno.ESRCH)


def _destination(
    action: act.AddRoute | act.DeleteRoute,
) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    text = names.destination(action.destination)
    if text == "default":
        text = "::/0" if action.via and ":" in action.via else "0.0.0.0/0"
    return ipaddress.ip_network(text)


DOERS: dict[type[act.Action], Doer] = {act.AddRoute: add_route, act.DeleteRoute: delete_route}
