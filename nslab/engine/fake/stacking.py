"""The fake's links on links: macvlan, ipvlan, VLAN.

Follows drivers/net/macvlan.c, drivers/net/ipvlan/ipvlan_main.c and net/8021q/ of Linux 6.1.
"""

from __future__ import annotations

import errno
from typing import Literal

from nslab.engine.fake.state import Link, Network, Refusal, Space


def add(
    net: Network,
    lower: Link,
    name: str,
    place: Space,
    kind: Literal["macvlan", "ipvlan", "vlan"],
    *,
    mode: str = "",
    vlan: int = 0,
    mac: str = "",
) -> None:
    """Make a link on another.  The kernel looks for the name where it is asked, too."""
    if name in lower.space.links or name in place.links:
        raise Refusal(errno.EEXIST)
    others = net.uppers(lower)
    if kind == "vlan":
        if any(other.vlan == vlan for other in others):
            raise Refusal(errno.EEXIST)
        if lower.loopback:
            raise Refusal(errno.EOPNOTSUPP)
    else:
        _may_stand(lower, others, kind, mode)
    if kind == "ipvlan":
        _switch(others, mode)
    link = Link(name, place.take_index(), place, kind=kind, mtu=lower.mtu)
    link.lower, link.mode, link.vlan = lower, mode, vlan
    own = kind == "macvlan" and mode != "passthru"
    link.mac = mac or (net.draw_mac() if own else lower.mac)
    place.links[name] = link


def _may_stand(lower: Link, others: list[Link], kind: str, mode: str) -> None:
    if lower.loopback:
        raise Refusal(errno.EINVAL)
    # Each of them, and a bridge, wants to be the one that a device gives its frames to.
    other_kind = "ipvlan" if kind == "macvlan" else "macvlan"
    if lower.master is not None or any(other.kind == other_kind for other in others):
        raise Refusal(errno.EBUSY)
    if lower.kind == "bridge" and kind == "ipvlan":
        raise Refusal(errno.EBUSY)
    same = [other for other in others if other.kind == kind]
    if kind == "macvlan" and same and "passthru" in (mode, same[0].mode):
        raise Refusal(errno.EINVAL)


def _switch(others: list[Link], mode: str) -> None:
    """All ipvlans on one device are of one mode: that of the last."""
    for other in others:
        if other.kind == "ipvlan" and other.mode != mode:
            other.mode, other.noarp = mode, mode != "l2"


def opened(net: Network, link: Link) -> None:
    """Before a link is set up."""
    if link.kind == "vlan" and link.lower is not None:
        if not link.lower.up:
            raise Refusal(errno.ENETDOWN)
        if not link.mac_set:
            link.mac = link.lower.mac
    if link.kind == "ipvlan":
        link.noarp = link.mode != "l2"


def follow_mac(net: Network, lower: Link) -> None:
    """What stands on a link whose MAC was changed and has no MAC of its own."""
    for link in net.uppers(lower):
        if (
            link.kind == "ipvlan"
            or link.mode == "passthru"
            or (link.kind == "vlan" and link.up and not link.mac_set)
        ):
            link.mac = lower.mac
            follow_mac(net, link)
