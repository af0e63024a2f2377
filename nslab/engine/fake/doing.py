"""Actions → changes of the fake's state.

Each function does what the kernel does for the message that the agent would send, in the kernel's
order, and raises :class:`~nslab.engine.fake.state.Refusal` where the kernel refuses.
"""

from __future__ import annotations

import errno
import ipaddress
import re
from collections.abc import Callable
from typing import Any

from nslab.engine import explain
from nslab.engine.fake import bridging, fib, stacking
from nslab.engine.fake.state import NO_MAC, Addr, Entry, Link, Network, Refusal, Space
from nslab.errors import InvalidInput
from nslab.network import actions as act
from nslab.network import names
from nslab.network.model import NatRule, Process


def do(net: Network, action: act.Action) -> None:
    """Do one action.

    :raises NslabError: it was refused; see :func:`nslab.engine.explain.explain`
    """
    try:
        _DOERS[type(action)](net, action)
    except Refusal as refusal:
        raise explain.explain(action, refusal.errno) from None
    finally:
        # Also when it was refused: an Attach has taken the link off its old bridge by then.
        bridging.enable_ports(net)


def _space(net: Network, ns: str | None, action: act.Action) -> Space:
    space = net.find(ns)
    if space is None:
        raise explain.namespace_missing(action.title, ns or "host")
    return space


def _link(space: Space, name: str) -> Link:
    if name not in space.links:
        raise Refusal(errno.ENODEV)
    return space.links[name]


def _the_link(net: Network, action: Any) -> Link:
    return _link(_space(net, action.ns, action), action.link)


# -- bridges ----------------------------------------------------------------------------------


def add_bridge(net: Network, action: act.AddBridge) -> None:
    space = _space(net, action.ns, action)
    if action.name in space.links:
        raise Refusal(errno.EEXIST)
    bridge = Link(action.name, space.take_index(), space, kind="bridge", mac=net.draw_mac())
    bridging.set_delay(bridge, action.forward_delay)
    bridging.set_stp(bridge, action.stp)
    if action.multicast_snooping is not None:
        bridge.multicast_snooping = action.multicast_snooping
    space.links[action.name] = bridge


def set_bridge(net: Network, action: act.SetBridge) -> None:
    bridge = _link(_space(net, action.ns, action), action.name)
    if bridge.kind != "bridge":
        raise Refusal(errno.EOPNOTSUPP)
    # br_changelink() sets the delay first, whatever the order of the attributes.
    bridging.set_delay(bridge, action.forward_delay)
    bridging.set_stp(bridge, action.stp)
    if action.vlan_filtering is not None:
        bridge.vlan_filtering = action.vlan_filtering


def set_port_vlan(net: Network, action: act.SetPortVlan) -> None:
    bridging.set_vlan(
        _the_link(net, action), action.vlan, pvid=action.pvid, untagged=action.untagged
    )


def delete_port_vlan(net: Network, action: act.DeletePortVlan) -> None:
    bridging.delete_vlan(_the_link(net, action), action.vlan)


def attach(net: Network, action: act.Attach) -> None:
    space = _space(net, action.ns, action)
    bridge = _link(space, action.bridge)
    link = _link(space, action.link)
    bridging.attach(link, bridge, net.uppers(link))


def detach(net: Network, action: act.Detach) -> None:
    bridging.detach(_the_link(net, action))


# -- links ------------------------------------------------------------------------------------


def add_veth(net: Network, action: act.AddVeth) -> None:
    there = _space(net, action.peer_ns, action)
    here = _space(net, action.ns, action)
    bridge = _link(here, action.master) if action.master else None
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


def add_macvlan(net: Network, action: act.AddMacvlan) -> None:
    place, lower = _place(net, action)
    mac = names.mac_address(action.mac) if action.mac else ""
    stacking.add(net, lower, action.name, place, "macvlan", mode=action.mode, mac=mac)


def add_ipvlan(net: Network, action: act.AddIpvlan) -> None:
    place, lower = _place(net, action)
    stacking.add(net, lower, action.name, place, "ipvlan", mode=action.mode)


def add_vlan(net: Network, action: act.AddVlan) -> None:
    place, lower = _place(net, action)
    stacking.add(net, lower, action.name, place, "vlan", vlan=action.vlan)


def _place(
    net: Network, action: act.AddMacvlan | act.AddIpvlan | act.AddVlan
) -> tuple[Space, Link]:
    """Where the new link is to be, and what it stands on."""
    lower = _link(_space(net, action.ns, action), action.parent)
    return _space(net, action.to or action.ns, action), lower


def move(net: Network, action: act.Move) -> None:
    target = _space(net, action.to, action)
    link = _the_link(net, action)
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
    link = _the_link(net, action)
    if action.name == link.name:
        return
    if action.name in link.space.links:
        raise Refusal(errno.EEXIST)
    del link.space.links[link.name]
    link.name = action.name
    link.space.links[link.name] = link


def delete_link(net: Network, action: act.DeleteLink) -> None:
    link = _the_link(net, action)
    if link.loopback:
        raise Refusal(errno.EOPNOTSUPP)
    _remove(net, link)


def _remove(net: Network, link: Link) -> None:
    for end in (link, link.peer):
        if end is None:
            continue
        for upper in net.uppers(end):
            _remove(net, upper)
        for port in end.ports:
            bridging.detach(port)
        bridging.detach(end)
        fib.forget(end)
        del end.space.links[end.name]


def set_up(net: Network, action: act.SetUp) -> None:
    link = _the_link(net, action)
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
    _set_down(net, _the_link(net, action))


def _set_down(net: Network, link: Link) -> None:
    link.up = False
    fib.forget(link)
    for upper in net.uppers(link):
        if upper.kind == "vlan" and upper.up:
            _set_down(net, upper)


def set_mac(net: Network, action: act.SetMac) -> None:
    link, mac = _the_link(net, action), names.mac_address(action.mac)
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
    _the_link(net, action).promisc = action.on


# -- addresses and routes ---------------------------------------------------------------------


def add_address(net: Network, action: act.AddAddress) -> None:
    link = _the_link(net, action)
    addr = Addr(ipaddress.ip_interface(action.address))
    network = addr.interface.network
    if network.version == 6 and not net.ipv6:
        raise Refusal(errno.EACCES)
    for other in link.addresses:
        if other.interface == addr.interface:
            raise Refusal(errno.EEXIST)
        addr.secondary = addr.secondary or other.interface.network == network
    if action.broadcast and network.version == 4 and network.prefixlen < 31:
        addr.broadcast = str(network.broadcast_address)
    # inet_insert_ifa(): first the primaries, wider scopes behind, then the secondaries.
    place = len(link.addresses)
    if not addr.secondary:
        place = 0
        for number, other in enumerate(link.addresses):
            if not other.secondary and (addr.scope == "global" or other.scope == "host"):
                place = number + 1
    link.addresses.insert(place, addr)
    fib.announce(link, addr)


def delete_address(net: Network, action: act.DeleteAddress) -> None:
    link = _the_link(net, action)
    interface = ipaddress.ip_interface(action.address)
    for addr in link.addresses:
        if addr.interface == interface:
            break
    else:
        raise Refusal(errno.EADDRNOTAVAIL)
    link.addresses[:] = [
        other
        for other in link.addresses
        if other is not addr
        and (addr.secondary or not other.secondary or other.interface.network != interface.network)
    ]
    fib.withdraw(link, addr)


def add_route(net: Network, action: act.AddRoute) -> None:
    space = _space(net, action.ns, action)
    dev = _link(space, action.dev) if action.dev else None
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
    space = _space(net, action.ns, action)
    dev = _link(space, action.dev) if action.dev else None
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


# -- namespaces -------------------------------------------------------------------------------


def add_namespace(net: Network, action: act.AddNamespace) -> None:
    if action.name in net.named:
        raise Refusal(errno.EEXIST)
    net.named[action.name] = net.make("named", action.name)


def delete_namespace(net: Network, action: act.DeleteNamespace) -> None:
    if action.name not in net.named:
        raise explain.namespace_missing(action.title, action.name)
    _empty(net, net.named.pop(action.name))


def add_container(net: Network, action: act.AddContainer) -> None:
    if action.name in net.containers or action.name in net.named:
        raise Refusal(errno.EEXIST)
    space = net.containers[action.name] = net.make("container", action.name)
    space.resolv_conf = net.host.resolv_conf
    space.processes = (Process(pid=net.draw_pid(), command="sleep infinity"),)


def delete_container(net: Network, action: act.DeleteContainer) -> None:
    if action.name not in net.containers:
        raise explain.namespace_missing(action.title, action.name)
    _empty(net, net.containers.pop(action.name))


def _empty(net: Network, space: Space) -> None:
    """A namespace ends: what is in it goes, and the other ends of its veth pairs."""
    for link in list(space.links.values()):
        if link.name in space.links and not link.loopback:
            _remove(net, link)


# -- the rest ---------------------------------------------------------------------------------


def masquerade(net: Network, action: act.Masquerade) -> None:
    space = _space(net, action.ns, action)
    source = names.destination(action.source).removesuffix("/32").replace("default", "")
    words = (f"from {source} " if source else "") + f"leaving by {action.out} masquerade"
    space.nat.append(NatRule(kind="masquerade", source=source, out=action.out, text=words))


_SYSCTLS = re.compile(
    r"net/(ipv4/(ip_forward|icmp_echo_ignore_all|ip_default_ttl|fwmark_reflect"
    r"|conf/(?P<dev>[^/]+)/(forwarding|rp_filter|proxy_arp|arp_ignore|arp_announce|accept_local"
    r"|log_martians|send_redirects|accept_redirects|route_localnet))"
    r"|ipv6/conf/(all|default)/(disable_ipv6|forwarding)"
    r"|bridge/bridge-nf-call-(iptables|ip6tables|arptables))"
)
"""The parameters that the fake knows; a kernel has about a thousand."""


def sysctl(net: Network, action: act.Sysctl) -> None:
    space = _space(net, action.ns, action)
    path = names.sysctl_path(action.key)
    known = _SYSCTLS.fullmatch(path)
    if known is None or known["dev"] not in {None, "all", "default", *space.links}:
        raise Refusal(errno.ENOENT)
    try:
        value = int(action.value.split()[0], 0)
    except (ValueError, IndexError):
        raise Refusal(errno.EINVAL) from None
    key = path.replace("/", ".").replace("ipv4.conf.all.forwarding", "ipv4.ip_forward")
    if key in space.sysctls:
        space.sysctls[key] = str(value)


def resolv_conf(net: Network, action: act.ResolvConf) -> None:
    space = _space(net, action.ns, action)
    text = f"nameserver {action.nameserver}\n"
    if space.role == "world":
        raise InvalidInput(
            action.operation,
            action.ns or "",
            "it has no file system of its own to write to",
            "name the host, a namespace of /run/netns or a container",
        )
    if space.role == "named":
        net.etc_netns[space.label] = text
    else:
        space.resolv_conf = text


_DOERS: dict[type[act.Action], Callable[[Network, Any], None]] = {
    act.AddNamespace: add_namespace,
    act.DeleteNamespace: delete_namespace,
    act.AddContainer: add_container,
    act.DeleteContainer: delete_container,
    act.AddBridge: add_bridge,
    act.SetBridge: set_bridge,
    act.AddVeth: add_veth,
    act.AddMacvlan: add_macvlan,
    act.AddIpvlan: add_ipvlan,
    act.AddVlan: add_vlan,
    act.SetPortVlan: set_port_vlan,
    act.DeletePortVlan: delete_port_vlan,
    act.Move: move,
    act.Rename: rename,
    act.DeleteLink: delete_link,
    act.SetUp: set_up,
    act.SetDown: set_down,
    act.SetMac: set_mac,
    act.SetPromiscuous: set_promiscuous,
    act.Attach: attach,
    act.Detach: detach,
    act.AddAddress: add_address,
    act.DeleteAddress: delete_address,
    act.AddRoute: add_route,
    act.DeleteRoute: delete_route,
    act.Masquerade: masquerade,
    act.Sysctl: sysctl,
    act.ResolvConf: resolv_conf,
}
