"""Bridges, veth pairs, and what every link can be told."""

from __future__ import annotations

import errno
import ipaddress

from nslab.engine.fake import bridging, fib, stacking
from nslab.engine.fake.apply.doer import Doer, link_of, space_of, the_link
from nslab.engine.fake.state import NO_MAC, Addr, Link, Network, Refusal
from nslab.network import actions as act
from nslab.network import names


def add_bridge(net: Network, action: act.AddBridge) -> None:
    space = space_of(net, action.ns, action)
    if action.name in space.links:
        raise Refusal(errno.EEXIST)
    bridge = Link(action.name, space.take_index(), space, kind="bridge", mac=net.draw_mac())
    bridging.set_delay(bridge, action.forward_delay)
    bridging.set_stp(bridge, action.stp)
    if action.multicast_snooping is not None:
        bridge.multicast_snooping = action.multicast_snooping
    space.links[action.name] = bridge


def set_bridge(net: Network, action: act.SetBridge) -> None:
    bridge = link_of(space_of(net, action.ns, action), action.name)
    if bridge.kind != "bridge":
        raise Refusal(errno.EOPNOTSUPP)
    # br_changelink() sets the delay first, whatever the order of the attributes.
    bridging.set_delay(bridge, action.forward_delay)
    bridging.set_stp(bridge, action.stp)
    if action.vlan_filtering is not None:
        bridge.vlan_filtering = action.vlan_filtering


def attach(net: Network, action: act.Attach) -> None:
    space = space_of(net, action.ns, action)
    bridge = link_of(space, action.bridge)
    link = link_of(space, action.link)
    bridging.attach(link, bridge, net.uppers(link))


def detach(net: Network, action: act.Detach) -> None:
    bridging.detach(the_link(net, action))


def add_veth(net: Network, action: act.AddVeth) -> None:
    there = space_of(net, action.peer_ns, action)
    here = space_of(net, action.ns, action)
    bridge = link_of(here, action.master) if action.master else None
    if action.peer in there.links or action.name in here.links:
        raise Refusal(errno.EEXIST)
    if here is there and action.name == action.peer:
        raise Refusal(errno.EEXIST)
    if bridge is not None and bridge.kind != "bridge":
        raise Refusal(errno.EOPNOTSUPP)
    peer = Link(action.peer, there.take_index(), there, kind="veth")
    there.links[action.peer] = peer
    link = Link(action.name, here.take_index(), here, kind="veth")
    here.links[action.name] = link
    link.mac = names.mac_address(action.mac) if action.mac else net.draw_mac()
    peer.mac = names.mac_address(action.peer_mac) if action.peer_mac else net.draw_mac()
    link.peer, peer.peer, link.up = peer, link, action.up
    if bridge is not None:
        bridging.attach(link, bridge)


def move(net: Network, action: act.Move) -> None:
    target = space_of(net, action.to, action)
    link = the_link(net, action)
    if target is link.space:
        return
    if link.loopback or link.kind == "bridge":  # netns_immutable
        raise Refusal(errno.EINVAL)
    if link.name in target.links:
        raise Refusal(errno.EEXIST)
    bridging.detach(link)
    link.up = False
    fib.forget(link)
    link.addresses.clear()
    del link.space.links[link.name]
    link.index = target.take_index(link.index)
    link.space = target
    target.links[link.name] = link


def rename(net: Network, action: act.Rename) -> None:
    link = the_link(net, action)
    if action.name == link.name:
        return
    if action.name in link.space.links:
        raise Refusal(errno.EEXIST)
    del link.space.links[link.name]
    link.name = action.name
    link.space.links[link.name] = link


def delete_link(net: Network, action: act.DeleteLink) -> None:
    link = the_link(net, action)
    if link.loopback:
        raise Refusal(errno.EOPNOTSUPP)
    remove(net, link)


def remove(net: Network, link: Link) -> None:
    for end in (link, link.peer):
        if end is None:
            continue
        for upper in net.uppers(end):
            remove(net, upper)
        for port in end.ports:
            bridging.detach(port)
        bridging.detach(end)
        fib.forget(end)
        del end.space.links[end.name]


def set_up(net: Network, action: act.SetUp) -> None:
    link = the_link(net, action)
    if not link.up:
        _set_up(net, link)


def _set_up(net: Network, link: Link) -> None:
    stacking.opened(net, link)
    link.up = True
    if link.loopback and not link.addresses:  # inetdev_event()
        link.addresses.append(Addr(ipaddress.ip_interface("127.0.0.1/8")))
    for addr in link.addresses:
        fib.announce(link, addr)
    for upper in net.uppers(link):  # vlan_device_event(): a VLAN goes up and down with its parent
        if upper.kind == "vlan" and not upper.up:
            _set_up(net, upper)


def set_down(net: Network, action: act.SetDown) -> None:
    _set_down(net, the_link(net, action))


def _set_down(net: Network, link: Link) -> None:
    link.up = False
    fib.forget(link)
    for upper in net.uppers(link):
        if upper.kind == "vlan" and upper.up:
            _set_down(net, upper)


def set_mac(net: Network, action: act.SetMac) -> None:
    link, mac = the_link(net, action), names.mac_address(action.mac)
    if mac == NO_MAC:
        raise Refusal(errno.EADDRNOTAVAIL)
    if link.kind == "ipvlan":
        raise Refusal(errno.EOPNOTSUPP)
    link.mac_set = True
    if link.kind == "bridge":
        link.counted = link.counted or mac != link.mac
        link.bridge_id = mac
    link.mac = mac
    stacking.follow_mac(net, link)
    if link.master is not None:
        bridging.follow_ports(link.master)


def set_promiscuous(net: Network, action: act.SetPromiscuous) -> None:
    the_link(net, action).promisc = action.on


DOERS: dict[type[act.Action], Doer] = {
    act.AddBridge: add_bridge,
    act.SetBridge: set_bridge,
    act.Attach: attach,
    act.Detach: detach,
    act.AddVeth: add_veth,
    act.Move: move,
    act.Rename: rename,
    act.DeleteLink: delete_link,
    act.SetUp: set_up,
    act.SetDown: set_down,
    act.SetMac: set_mac,
    act.SetPromiscuous: set_promiscuous,
}
