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
from nslab.network.making.pairing import Where
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
        # What a new namespace has is not known: what is always shown is said there, too.
        was = old.sysctls if old else {FORWARD: "0"}
        for key in sorted({*was, *new}, key=lambda key: (key != FORWARD, key)):
            wanted = new.get(key, usual.get(key, ""))
            if not wanted or was.get(key, usual.get(key, wanted if old is None else "")) == wanted:
                continue
            yield Sysctl(key, wanted, ns=named(label))
            if key == FORWARD:  # the kernel sets it for all links
                for where, link in work.base.items():
                    if where[0] == label and "forwarding" in link.settings:
                        rest = {k: v for k, v in link.settings.items() if k != "forwarding"}
                        work.base[where] = structs.replace(link, settings=rest)


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
        if new.mac != old.mac and "set" in (old.mac_origin, new.mac_origin) and _some(new.mac):
            yield SetMac(new.name, new.mac, ns=ns)
        if new.mtu != old.mtu and not _follows(work, where, new):
            yield line(ns, "ip", "link", "set", "dev", new.name, "mtu", str(new.mtu))
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


def _some(mac: str) -> bool:
    """Whether it is an address that a link may be given."""
    return bool(mac.strip("0:"))


def _follows(work: Work, where: Where, link: Link) -> bool:
    """Whether a link takes its MTU from others: a bridge from its ports (br_mtu_auto_adjust())."""
    return link.bridge is not None and any(
        one.master == link.name and one.mtu == link.mtu for one in work.after.spaces[where[0]].links
    )


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


def ports(work: Work) -> Pieces:
    """What is a port of what, and what kind of port it is."""
    renamed = {(was[0], was[1]): where[1] for where, was in work.same.items() if where[0] == was[0]}
    for where, old, new in list(work.links()):
        ns = named(where[0])
        master = renamed.get((where[0], old.master), "") if old.master else ""
        port = old.port
        if master != new.master:
            if master and not new.master:
                yield Detach(new.name, master, ns=ns)
            if new.master:
                yield Attach(new.name, new.master, ns=ns)
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
        told = _QUEUE.fullmatch(new.queue)
        if not new.queue:
            yield line(ns, "tc", "qdisc", "delete", "dev", new.name, "root")
        elif told is None:
            work.left.append(f"the queue {new.queue} of {place(where)}")
        else:
            words = [told[1], "limit", told[2]] if told[1] else ["blackhole"]
            words = ["netem", "loss", f"{told[4]}%"] if told[4] else words
            yield line(ns, "tc", "qdisc", "replace", "dev", new.name, "root", *words)
