"""What a link is like: MAC, MTU, flags, bridge, port, settings, queue, whether it is up."""

from __future__ import annotations

import re

from msgspec import structs

from nslab.network.actions import (
    Attach,
    DeletePortVlan,
    Detach,
    SetBridge,
    SetDown,
    SetMac,
    SetPortVlan,
    SetPromiscuous,
    SetUp,
    Sysctl,
)
from nslab.network.diff.switches import USUAL
from nslab.network.making.pieces import line
from nslab.network.making.work import FORWARD, Pieces, Work, named, place
from nslab.network.model import Link, Port, PortVlan

_FLAGS = (
    ("NOARP", "arp", "off", "on"),
    ("MULTICAST", "multicast", "on", "off"),
    ("ALLMULTI", "allmulticast", "on", "off"),
)
"""A flag, iproute2's word for it, and the values with which it is there and is not."""

_PORT = {
    "learning": "learning",
    "flood": "flood",
    "isolated": "isolated",
    "hairpin": "hairpin",
    "broadcast_flood": "bcast_flood",
    "neighbour_suppress": "neigh_suppress",
    "locked": "locked",
}
"""The flags of a port in bridge(8)'s words."""


def settings(work: Work) -> Pieces:
    """The settings of namespaces."""
    for label in work.spaces():
        old = work.before.spaces.get(label)
        new = work.after.spaces[label].sysctls
        usual = USUAL | {"net.ipv6.conf.all.forwarding": "0"}
        # What a new namespace has is not known, but for what all have: the machine's own settings.
        was = old.sysctls if old else {FORWARD: "0"} | _everywhere(work)
        for key in sorted({*was, *new}, key=lambda key: (key != FORWARD, key)):
            wanted = new.get(key, usual.get(key, ""))
            if not wanted or was.get(key, usual.get(key, "")) == wanted:
                continue
            yield Sysctl(key, wanted, ns=named(label))
            if key == FORWARD:  # the kernel sets it for all links
                for where, link in work.base.items():
                    if where[0] == label and "forwarding" in link.settings:
                        rest = {k: v for k, v in link.settings.items() if k != "forwarding"}
                        work.base[where] = structs.replace(link, settings=rest)


def _everywhere(work: Work) -> dict[str, str]:
    """The settings that all namespaces have, before and after."""
    spaces = [*work.before.spaces.values(), *work.after.spaces.values()]
    return dict(set.intersection(*(set(ns.sysctls.items()) for ns in spaces)))


def downs(work: Work) -> Pieces:
    """Set down what is to be down."""
    for where, old, new in list(work.links()):
        if old.up and not new.up:
            yield SetDown(new.name, ns=named(where[0]))
            v4 = tuple(one for one in old.addresses if ":" not in one.address)
            work.base[where] = structs.replace(old, up=False, addresses=v4)
            work.bare.add(where)


def own(work: Work) -> Pieces:
    """MAC, MTU, flags and what a bridge has."""
    for where, old, new in list(work.links()):
        ns = named(where[0])
        if new.mac != old.mac and _chosen(old, new):
            yield SetMac(new.name, new.mac, ns=ns)
        if new.mtu != old.mtu and new.bridge is None:
            yield line(ns, "ip", "link", "set", "dev", new.name, "mtu", str(new.mtu))
            work.joined.add(where)
        if ("PROMISC" in old.flags) != ("PROMISC" in new.flags):
            yield SetPromiscuous(new.name, "PROMISC" in new.flags, ns=ns)
        for flag, word, on, off in _FLAGS:
            if (flag in old.flags) != (flag in new.flags):
                value = on if flag in new.flags else off
                yield line(ns, "ip", "link", "set", "dev", new.name, word, value)
        if old.bridge != new.bridge:
            yield from _bridge(ns, old, new)
        if old.xdp != new.xdp:
            work.left.append(f"the XDP program of {place(where)}")


def _chosen(old: Link, new: Link) -> bool:
    """Whether a MAC has to be set: the kernel draws others, and a bridge takes a port's."""
    if not new.mac.strip("0:"):
        return False
    # A bridge that has lost its ports has none, and draws none again.
    empty = new.bridge is not None and new.mac_origin == "random" != old.mac_origin
    return empty or "set" in (old.mac_origin, new.mac_origin)


def bridge_mtus(work: Work) -> Pieces:
    """The MTU of bridges, which take the least of their ports' if nobody has set it."""
    for where, old, new in list(work.links()):
        ports = work.after.spaces[where[0]].ports(new.name)
        follows = any((where[0], one.name) in work.joined for one in ports)
        expected = min(one.mtu for one in ports) if follows else old.mtu
        if new.bridge is not None and new.mtu != expected:
            words = ("ip", "link", "set", "dev", new.name, "mtu", str(new.mtu))
            yield line(named(where[0]), *words)


def _bridge(ns: str | None, old: Link, new: Link) -> Pieces:
    was, now = old.bridge, new.bridge
    if was is None or now is None:
        return
    delay = None if was.forward_delay == now.forward_delay else now.forward_delay
    stp = None if was.stp == now.stp else now.stp
    if stp is False:  # the bounds of the delay hold while it is on
        yield SetBridge(new.name, stp=False, ns=ns)
        stp = None
    if delay is not None:
        yield SetBridge(new.name, forward_delay=delay, ns=ns)
    if stp is not None:
        yield SetBridge(new.name, stp=stp, ns=ns)
    if was.vlan_filtering != now.vlan_filtering:
        yield SetBridge(new.name, vlan_filtering=now.vlan_filtering, ns=ns)
    if was.multicast_snooping != now.multicast_snooping:
        value = "1" if now.multicast_snooping else "0"
        words = ("ip", "link", "set", "dev", new.name, "type", "bridge", "mcast_snooping", value)
        yield line(ns, *words)


def leave(work: Work) -> Pieces:
    """Take ports off their bridges, before others are put on them."""
    for where, old, new in list(work.links()):
        if old.master and not new.master:
            if bridge := _now(work, where[0], old.master):  # else it is gone, or has left it
                yield Detach(new.name, bridge, ns=named(where[0]))
            work.base[where] = structs.replace(old, master="", port=None)


def _now(work: Work, label: str, name: str) -> str:
    """What a link of a namespace is called afterwards; empty if it is there no more."""
    found = (at for at, was in work.same.items() if was == (label, name) and at[0] == label)
    return next(found, ("", ""))[1]


def ports(work: Work) -> Pieces:
    """What is a port of what, and what kind of port it is."""
    for where, old, new in list(work.links()):
        ns = named(where[0])
        port = old.port
        if new.master and (not old.master or _now(work, where[0], old.master) != new.master):
            yield Attach(new.name, new.master, ns=ns)
            work.joined.add(where)
            port = Port(state="", vlans=_usual_vlans(new.port))
        if new.port is None or not new.master:
            continue
        for field, word in _PORT.items():
            usual = port if port is not None else Port(state="")
            if getattr(usual, field) != getattr(new.port, field):
                value = "on" if getattr(new.port, field) else "off"
                yield line(ns, "bridge", "link", "set", "dev", new.name, word, value)
        yield from _vlans(ns, new.name, port, new.port)


def _usual_vlans(port: Port | None) -> tuple[PortVlan, ...] | None:
    """What a port carries that has just been attached, where VLANs are filtered."""
    if port is None or port.vlans is None:
        return None
    return (PortVlan(vlan=1, pvid=True, untagged=True),)


def _vlans(ns: str | None, name: str, old: Port | None, new: Port) -> Pieces:
    if new.vlans is None:
        return
    was = old.vlans if old is not None and old.vlans is not None else _usual_vlans(new)
    before = {one.vlan: one for one in was or ()}
    after = {one.vlan: one for one in new.vlans}
    for vlan in sorted(before.keys() - after.keys()):
        yield DeletePortVlan(name, vlan, ns=ns)
    for vlan, one in after.items():
        if before.get(vlan) != one:
            yield SetPortVlan(name, vlan, pvid=one.pvid, untagged=one.untagged, ns=ns)


def ups(work: Work) -> Pieces:
    """Set up what is to be up, what others stand on first."""
    waiting = [(where, old, new) for where, old, new in work.links() if new.up and not old.up]
    for where, old, new in sorted(waiting, key=lambda each: _depth(work, each[2])):
        yield SetUp(new.name, ns=named(where[0]))
        work.readdressed.add(where)
        work.given[where] = list(new.addresses)
        work.base[where] = structs.replace(old, up=True)


def _depth(work: Work, link: Link) -> int:
    depth, seen = 0, {link.name}
    while link.kind != "veth" and (below := work.after.peer(link)) is not None:
        link = work.after.links[below]
        if link.name in seen:
            break
        seen.add(link.name)
        depth += 1
    return depth


def of_links(work: Work) -> Pieces:
    """The settings of single links; those of IPv4 that decide about packets."""
    for where, old, new in list(work.links()):
        forwarding = work.setting(where[0], FORWARD) or "0"
        for key in sorted({*old.settings, *new.settings}):
            usual = forwarding if key == "forwarding" else "0"
            value = new.settings.get(key, usual)
            if old.settings.get(key, usual) != value:
                slash = "/" if "." in new.name else "."
                words = ("net", "ipv4", "conf", new.name, key)
                yield Sysctl(slash.join(words), value, ns=named(where[0]))


_QUEUE = re.compile(r"(pfifo|bfifo) limit (\d+)|(blackhole)|netem loss (\d+)%")


def queues(work: Work) -> Pieces:
    """Queues as far as their names tell them."""
    for where, old, new in list(work.links()):
        if old.queue == new.queue:
            continue
        ns = named(where[0])
        known = _QUEUE.fullmatch(new.queue)
        if not new.queue:
            yield line(ns, "tc", "qdisc", "delete", "dev", new.name, "root")
        elif known is None:
            work.left.append(f"the queue {new.queue} of {place(where)}")
        else:
            words = [known[1], "limit", known[2]] if known[1] else ["blackhole"]
            words = ["netem", "loss", f"{known[4]}%"] if known[4] else words
            yield line(ns, "tc", "qdisc", "replace", "dev", new.name, "root", *words)
