"""The fake's bridges: ports, the MAC that follows them, the spanning tree.

Follows net/bridge/br_if.c and br_stp_if.c.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable

from msgspec import structs

from nslab.engine.fake.state import NO_MAC, Link, Network, Refusal
from nslab.network.model import PortVlan


def enable_ports(net: Network) -> None:
    """What changed may have enabled or disabled ports (br_port_carrier_check())."""
    for space in net.spaces():
        for port in space.links.values():
            bridge = port.master
            if bridge is None:
                port.enabled = None
                continue
            alive = bridge.up and net.carrier(port)
            if alive == (port.enabled is not None):
                continue
            port.enabled = net.clock() if alive else None
            port.slow = bridge.stp and bridge.forward_delay > 0
            bridge.counted = True


def follow_ports(bridge: Link) -> None:
    """A bridge takes its ports' lowest MAC (br_stp_recalculate_bridge_id())."""
    if bridge.mac_set:
        return
    lowest = min((port.mac for port in bridge.ports), default=NO_MAC)
    if lowest != bridge.bridge_id:
        bridge.mac = bridge.bridge_id = lowest
        bridge.counted = True


def detach(link: Link) -> None:
    bridge, link.master = link.master, None
    link.vlans.clear()
    if bridge is not None:
        if link.enabled is not None:
            bridge.counted = True
        link.enabled = None
        follow_ports(bridge)


def attach(link: Link, bridge: Link, uppers: Iterable[Link] = ()) -> None:
    # do_set_master() takes the link off its old master before it asks the new one.
    if link.master is bridge:
        return
    detach(link)
    if bridge.kind != "bridge":
        raise Refusal(errno.EOPNOTSUPP)
    if link.loopback or link.mac == NO_MAC:
        raise Refusal(errno.EINVAL)
    if link.kind == "bridge":
        raise Refusal(errno.ELOOP)
    if any(upper.kind in ("macvlan", "ipvlan") for upper in uppers):
        raise Refusal(errno.EBUSY)
    if link.kind == "ipvlan":
        raise Refusal(errno.EINVAL)
    link.master = bridge
    link.vlans = {1: PortVlan(vlan=1, pvid=True, untagged=True)}  # default_pvid
    follow_ports(bridge)


def set_vlan(port: Link, vlan: int, *, pvid: bool, untagged: bool) -> None:
    if port.master is None:
        raise Refusal(errno.EOPNOTSUPP)
    if pvid:
        for number, other in port.vlans.items():
            port.vlans[number] = structs.replace(other, pvid=False)
    port.vlans[vlan] = PortVlan(vlan=vlan, pvid=pvid, untagged=untagged)


def delete_vlan(port: Link, vlan: int) -> None:
    if port.master is None:
        raise Refusal(errno.EOPNOTSUPP)
    port.vlans.pop(vlan, None)  # that it was not there is no error to the kernel


def set_stp(bridge: Link, stp: bool | None) -> None:
    if stp and not bridge.stp:
        bridge.counted = True
        bridge.forward_delay = max(bridge.forward_delay, 2.0)  # br_stp_start()
    if stp is not None:
        bridge.stp = stp


def set_delay(bridge: Link, delay: float | None) -> None:
    if delay is None:
        return
    if bridge.stp and not 2 <= delay <= 30:
        raise Refusal(errno.ERANGE)
    bridge.forward_delay = round(delay * 100) / 100
