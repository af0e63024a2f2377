"""The kernel → Snapshot: dumps of rtnetlink in every namespace, decoded here.

No socket is kept open between two looks: in a namespace it would keep that alive after
``ip netns delete``, and the learner would see a veth that should have gone with it.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Mapping, Sequence
from functools import cache

from msgspec import Struct, field

from nslab.engine import uapi
from nslab.engine.agent.netns.syscalls import call
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.engine.agent.rtnl import rules, settings, tcfilters, tunnels
from nslab.engine.agent.rtnl.sysctls import Sysctls
from nslab.engine.agent.rtnl.words import PROTOCOL as _PROTOCOL
from nslab.engine.agent.rtnl.words import ROUTE_KIND as _ROUTE_KIND
from nslab.engine.agent.rtnl.words import SCOPE as _SCOPE
from nslab.network import model
from nslab.network.names import label

_OPERSTATE = ("unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up")
_PORT_STATE = ("disabled", "listening", "learning", "forwarding", "blocking")
_FLAGS = (
    (0x2, "BROADCAST"),
    (0x1000, "MULTICAST"),
    (0x8, "LOOPBACK"),
    (0x10, "POINTOPOINT"),
    (0x80, "NOARP"),
    (0x100, "PROMISC"),
    (0x200, "ALLMULTI"),
    (0x1, "UP"),
    (0x10000, "LOWER_UP"),
)
_MACVLAN_MODE = {1: "private", 2: "vepa", 4: "bridge", 8: "passthru", 16: "source"}
_IPVLAN_MODE = ("l2", "l3", "l3s")
_NEIGHBOUR_STATE = {
    0x01: "incomplete",
    0x02: "reachable",
    0x04: "stale",
    0x08: "delay",
    0x10: "probe",
    0x20: "failed",
    0x40: "noarp",
    0x80: "permanent",
}
_I32 = struct.Struct("=i")
_U16 = struct.Struct("=H")
_U32 = struct.Struct("=I")
_RTMSG = struct.Struct("=BBBBBBBBI")
_WITH_DATA = frozenset({"bridge", "macvlan", "ipvlan", "vlan", "vxlan", *tunnels.KINDS})
"""Kinds of links whose own data are read."""


class Target(Struct):
    """A namespace to look at: how to enter it, and what is known of it from outside it."""

    inode: int
    descriptor: int
    role: str
    label: str
    names: tuple[str, ...] = ()
    processes: tuple[model.Process, ...] = ()
    resolv_conf: str | None = None
    unseen: tuple[str, ...] = ()
    raw: list[_RawLink] = field(default_factory=list)
    nsids: dict[int, int] = field(default_factory=dict)
    """The inode behind each namespace id that this namespace's links mention."""


class _RawLink(Struct):
    index: int
    flags: int
    found: Mapping[int, bytes]
    name: str
    kind: str
    data: Mapping[int, bytes]
    slave: Mapping[int, bytes]
    lower: int
    nsid: int | None


def observe(
    targets: Sequence[Target],
    title: str = "lab",
    reader: rules.Reader | None = None,
    sysctls: Sysctls | None = None,
) -> model.Snapshot:
    """Look at every target and put all together.  The calling thread changes namespace.

    Without a ``reader`` the packet filter rules are left out; without ``sysctls`` the files of
    settings are opened for this look only.

    Targets must be in the order wanted; the caller closes their descriptors and goes home.
    """
    sockets: dict[int, w.Socket] = {}
    files = Sysctls(room=0) if sysctls is None else sysctls
    try:
        parts = []
        here = os.stat("/proc/thread-self/ns/net").st_ino
        for target in targets:
            if target.descriptor < 0:
                parts.append(_Part())
                continue
            if target.inode != here:  # to enter even one's own takes privileges
                call("setns", target.descriptor, uapi.CLONE_NEWNET)
                here = target.inode
            sockets[target.inode] = asking = w.Socket()
            parts.append(_look(target, asking, reader, files))
        _learn_nsids(targets, sockets)
    finally:
        for asking in sockets.values():
            asking.close()
    links: dict[int, dict[int, str]] = {
        target.inode: {raw.index: raw.name for raw in target.raw} for target in targets
    }
    return model.Snapshot(
        title=title,
        namespaces=tuple(
            _namespace(target, part, links) for target, part in zip(targets, parts, strict=True)
        ),
    )


class _Part(Struct):
    addresses: dict[int, list[model.Address]] = field(default_factory=dict)
    routes: tuple[model.Route, ...] = ()
    neighbours: tuple[model.Neighbour, ...] = ()
    fdb: tuple[model.FdbEntry, ...] = ()
    rules: rules.Seen = rules.NOTHING
    sysctls: dict[str, str] = field(default_factory=dict)
    vlans: dict[int, tuple[model.PortVlan, ...]] = field(default_factory=dict)
    """By a port's index, where a bridge filters VLANs."""
    policy: tuple[model.PolicyRule, ...] = ()
    local: tuple[model.Route, ...] = ()
    proxied: tuple[model.Neighbour, ...] = ()
    queues: dict[int, tuple[str, int | None]] = field(default_factory=dict)
    """By a link's index: its queue, and the largest packet that passes."""
    mirred: dict[int, tuple[model.Mirred, ...]] = field(default_factory=dict)
    """By a link's index: where filters of tc send its frames."""
    wireguards: dict[int, model.Ends] = field(default_factory=dict)


def _look(target: Target, asking: w.Socket, reader: rules.Reader | None, files: Sysctls) -> _Part:
    """Everything that is read inside one namespace, where this thread and the socket are."""
    target.raw = _links(asking)
    names = {raw.index: raw.name for raw in target.raw}
    bridged = any(raw.kind in ("bridge", "macvlan", "vxlan") for raw in target.raw)
    filtering = any(raw.kind == "bridge" and _filters(raw) for raw in target.raw)
    world = target.role == "world"
    routes, local = _routes(asking, {raw.index: raw for raw in target.raw})
    neighbours = _neighbours(asking, names)
    sysctls = _sysctls(asking) | files.read(target.inode)
    return _Part(
        addresses=_addresses(asking),
        routes=routes,
        local=local,
        policy=settings.policy(asking),
        neighbours=neighbours,
        # Who forwards nothing answers for nobody (arp_process() in net/ipv4/arp.c).
        proxied=settings.proxied(asking, names) if sysctls[_FORWARD] != "0" else (),
        queues=settings.queues(asking, target.raw),
        mirred={} if world else tcfilters.mirred(asking, names),
        wireguards=tunnels.wireguards(_of_kind(target, tunnels.WIREGUARD)),
        fdb=_fdb(asking, names) if bridged else (),
        rules=reader.read(target.inode, world=world) if reader else rules.NOTHING,
        sysctls=sysctls,
        vlans=_vlans(asking) if filtering else {},
    )


def _links(asking: w.Socket) -> list[_RawLink]:
    body = w.ifinfo() + w.u32(uapi.IFLA_EXT_MASK, uapi.RTEXT_FILTER_SKIP_STATS)
    result = []
    for header, found in asking.dump(uapi.RTM_GETLINK, body, 16):
        _, _, _, index, flags, _ = struct.unpack("=BBHiII", header)
        kind = ""
        data: Mapping[int, bytes] = {}
        slave: Mapping[int, bytes] = {}
        if uapi.IFLA_LINKINFO in found:
            raw = found[uapi.IFLA_LINKINFO]
            info = w.decoded(raw)
            kind = info.get(uapi.IFLA_INFO_KIND, b"").rstrip(b"\0").decode(errors="replace")
            if kind in _WITH_DATA:
                raw = info.get(uapi.IFLA_INFO_DATA, b"")
                data = w.decoded(raw)
            if info.get(uapi.IFLA_INFO_SLAVE_KIND, b"").rstrip(b"\0") == b"bridge":
                raw = info.get(uapi.IFLA_INFO_SLAVE_DATA, b"")
                slave = w.decoded(raw)
        lower = _U32.unpack(found[uapi.IFLA_LINK])[0] if uapi.IFLA_LINK in found else 0
        nsid = (
            _I32.unpack(found[uapi.IFLA_LINK_NETNSID])[0]
            if uapi.IFLA_LINK_NETNSID in found
            else None
        )
        name = label(found[uapi.IFLA_IFNAME].rstrip(b"\0"))
        result.append(_RawLink(index, flags, found, name, kind, data, slave, lower, nsid))
    return result


def _of_kind(target: Target, kind: str) -> list[int]:
    return [raw.index for raw in target.raw if raw.kind == kind]


def _filters(raw: _RawLink) -> bool:
    return raw.data.get(uapi.IFLA_BR_VLAN_FILTERING, b"\0") != b"\0"


def _vlans(asking: w.Socket) -> dict[int, tuple[model.PortVlan, ...]]:
    """What the ports of bridges (and the bridges themselves) carry."""
    body = w.ifinfo(family=uapi.AF_BRIDGE)
    body += w.u32(uapi.IFLA_EXT_MASK, uapi.RTEXT_FILTER_BRVLAN | uapi.RTEXT_FILTER_SKIP_STATS)
    result = {}
    for header, found in asking.dump(uapi.RTM_GETLINK, body, 16):
        index = _I32.unpack_from(header, 4)[0]
        raw, vlans, place = found.get(uapi.IFLA_AF_SPEC, b""), [], 0
        while place + 4 <= len(raw):  # many attributes of one kind
            size, kind = struct.unpack_from("=HH", raw, place)
            if kind == uapi.IFLA_BRIDGE_VLAN_INFO:
                flags, number = struct.unpack_from("=HH", raw, place + 4)
                vlans.append(
                    model.PortVlan(
                        vlan=number,
                        pvid=bool(flags & uapi.BRIDGE_VLAN_INFO_PVID),
                        untagged=bool(flags & uapi.BRIDGE_VLAN_INFO_UNTAGGED),
                    )
                )
            place += max(4, size + 3 & ~3)
        result[index] = tuple(vlans)
    return result


def _learn_nsids(targets: Sequence[Target], sockets: dict[int, w.Socket]) -> None:
    """Find out which namespace each namespace id stands for, where a link mentions one.

    An id means something only in the namespace whose link mentions it, and the kernel answers
    only "which id has that namespace here?" (rtnetlink RTM_GETNSID).  To ask that of every
    namespace about every other would be quadratic; the two ends of a veth name each other's
    index, so only those that fit are asked about.  Other links may have their lower device in
    any namespace, and then all are asked about.
    """
    ends: dict[tuple[int, int], list[Target]] = {}
    for target in targets:
        for raw in target.raw:
            if raw.nsid is not None and raw.kind == "veth":
                ends.setdefault((raw.index, raw.lower), []).append(target)
    reachable = [target for target in targets if target.descriptor >= 0]
    for target in reachable:
        candidates: dict[int, Target] = {}
        for raw in target.raw:
            if raw.nsid is not None and raw.nsid >= 0:
                some = ends.get((raw.lower, raw.index), ()) if raw.kind == "veth" else reachable
                candidates.update((other.inode, other) for other in some)
        if candidates:
            target.nsids = _nsids(sockets[target.inode], list(candidates.values()))


def _nsids(asking: w.Socket, targets: Sequence[Target]) -> dict[int, int]:
    """The inode of each of these namespaces by the id that it has where the socket is."""
    ids: dict[int, int] = {}
    for start in range(0, len(targets), 64):
        some = targets[start : start + 64]
        questions = [
            (uapi.RTM_GETNSID, bytes(4) + w.u32(uapi.NETNSA_FD, target.descriptor))
            for target in some
        ]
        for target, (body, went) in zip(some, asking.ask(questions), strict=True):
            if went:
                number = w.attributes(body, 4, len(body)).get(uapi.NETNSA_NSID, b"\xff" * 4)
                ids[_I32.unpack(number)[0]] = target.inode
    ids.pop(-1, None)
    return ids


def _addresses(asking: w.Socket) -> dict[int, list[model.Address]]:
    result: dict[int, list[model.Address]] = {}
    for header, found in asking.dump(uapi.RTM_GETADDR, bytes(8), 8):
        family, length, _, scope, index = struct.unpack("=BBBBI", header)
        packed = found.get(uapi.IFA_LOCAL) or found.get(uapi.IFA_ADDRESS, b"")
        broadcast = found.get(uapi.IFA_BROADCAST)
        result.setdefault(index, []).append(
            model.Address(
                address=f"{socket.inet_ntop(family, packed)}/{length}",
                scope=_SCOPE.get(scope, str(scope)),
                broadcast=socket.inet_ntop(family, broadcast) if broadcast else "",
            )
        )
    return result


def _is_local(rtmsg: bytes) -> bool:
    """Whether the kernel made a route for the host's own addresses: five of seven are."""
    return rtmsg[4] == uapi.RT_TABLE_LOCAL and rtmsg[5] == _BY_KERNEL


_BY_KERNEL = 2
"""RTPROT_KERNEL, in struct rtmsg."""


def _needs_no_resolving(ndmsg: bytes) -> bool:
    """Whether a neighbour is a noarp entry, such as a multicast address."""
    return ndmsg[8] == 0x40 and ndmsg[9] == 0


def _routes(
    asking: w.Socket, links: dict[int, _RawLink]
) -> tuple[tuple[model.Route, ...], tuple[model.Route, ...]]:
    """All routes, and those of the local table that somebody made."""
    result: list[model.Route] = []
    local: list[model.Route] = []
    for header, found in asking.dump(uapi.RTM_GETROUTE, bytes(12), 12, _is_local):
        family, length, _, _, table, protocol, scope, kind, flags = _RTMSG.unpack(header)
        if flags & uapi.RTM_F_CLONED:
            continue  # what an ICMP error has left for one address: no route of anybody's
        if uapi.RTA_TABLE in found:
            table = _U32.unpack(found[uapi.RTA_TABLE])[0]
        if not _of_interest(family, table, kind):
            continue
        target = (
            f"{socket.inet_ntop(family, found[uapi.RTA_DST])}/{length}" if length else "default"
        )
        via, out = found.get(uapi.RTA_GATEWAY), found.get(uapi.RTA_OIF)
        link = links.get(_U32.unpack(out)[0]) if out else None
        source, metric = found.get(uapi.RTA_PREFSRC), found.get(uapi.RTA_PRIORITY)
        (local if table == uapi.RT_TABLE_LOCAL else result).append(
            model.Route(
                destination=target,
                via=socket.inet_ntop(family, via) if via else "",
                dev=link.name if link else "",
                source=socket.inet_ntop(family, source) if source else "",
                metric=_U32.unpack(metric)[0] if metric else 0,
                table=table,
                scope=_SCOPE.get(scope, str(scope)),
                kind=_ROUTE_KIND.get(kind, str(kind)),
                protocol=_PROTOCOL.get(protocol, str(protocol)),
                # RTNH_F_LINKDOWN says the same, up to a second later.
                dead=link is not None and not link.flags & uapi.IFF_LOWER_UP,
                hops=_hops(found.get(uapi.RTA_MULTIPATH, b""), links, family),
                mtu=_route_mtu(found.get(uapi.RTA_METRICS, b"")),
                onlink=bool(flags & uapi.RTNH_F_ONLINK),
            )
        )
    return tuple(result), tuple(local)


def _of_interest(family: int, table: int, kind: int) -> bool:
    """Not the anycast and multicast routes that every IPv6 link has, nor its local table."""
    if family == uapi.AF_INET:
        return True
    usual = kind in (4, 5) or table == uapi.RT_TABLE_LOCAL
    return family == uapi.AF_INET6 and not usual


def _hops(ways: bytes, links: dict[int, _RawLink], family: int) -> tuple[model.NextHop, ...]:
    """The ways of a route that has several: struct rtnexthop, each with attributes."""
    if not ways:
        return ()
    result, place = [], 0
    while place + 8 <= len(ways):
        size, _, weight, index = struct.unpack_from("=HBBi", ways, place)
        if size < 8:
            break
        via = w.attributes(ways, place + 8, place + size).get(uapi.RTA_GATEWAY)
        link = links.get(index)
        result.append(
            model.NextHop(
                via=socket.inet_ntop(family, via) if via else "",
                dev=link.name if link else "",
                weight=weight + 1,
            )
        )
        place += (size + 3) & ~3
    return tuple(result)


def _route_mtu(metrics: bytes) -> int:
    if not metrics:
        return 0
    mtu = w.attributes(metrics, 0, len(metrics)).get(uapi.RTAX_MTU)
    number: int = _U32.unpack(mtu)[0] if mtu else 0
    return number


def _neighbours(asking: w.Socket, names: dict[int, str]) -> tuple[model.Neighbour, ...]:
    result = []
    for header, found in asking.dump(uapi.RTM_GETNEIGH, bytes(12), 12, _needs_no_resolving):
        family, index, state = struct.unpack_from("=BxxxiH", header)
        if family not in (uapi.AF_INET, uapi.AF_INET6) or uapi.NDA_DST not in found:
            continue
        result.append(
            model.Neighbour(
                address=socket.inet_ntop(family, found[uapi.NDA_DST]),
                dev=names.get(index, ""),
                mac=_mac(found.get(uapi.NDA_LLADDR, b"")),
                state=_NEIGHBOUR_STATE.get(state, "none"),
            )
        )
    return tuple(sorted(result, key=lambda entry: (entry.dev, entry.address)))


def _fdb(asking: w.Socket, names: dict[int, str]) -> tuple[model.FdbEntry, ...]:
    result = []
    for header, found in asking.dump(uapi.RTM_GETNEIGH, w.ifinfo(family=uapi.AF_BRIDGE), 12):
        family, index, state, flags = struct.unpack_from("=BxxxiHB", header)
        mac = found.get(uapi.NDA_LLADDR, b"")
        if family != uapi.AF_BRIDGE or not mac or mac[0] & 1:
            continue  # every device listens to the same multicast groups
        master = found.get(uapi.NDA_MASTER)
        result.append(
            model.FdbEntry(
                mac=_mac(mac),
                dev=names.get(index, ""),
                master=names.get(_U32.unpack(master)[0], "") if master else "",
                state="permanent" if state & 0x80 else "static" if state & 0x40 else "learned",
                own=bool(flags & uapi.NTF_SELF),
                sticky=bool(flags & uapi.NTF_STICKY),
                remote=_remote(found.get(uapi.NDA_DST)),
            )
        )
    return tuple(sorted(result, key=lambda entry: (entry.dev, entry.mac, entry.own)))


def _remote(packed: bytes | None) -> str:
    """The far end of a tunnel, in an entry of its forwarding table."""
    if packed is None or len(packed) not in (4, 16):
        return ""
    return socket.inet_ntop(uapi.AF_INET if len(packed) == 4 else uapi.AF_INET6, packed)


def _sysctls(asking: w.Socket) -> dict[str, str]:
    """The settings that decide whether packets pass, as far as netlink says them."""
    result: dict[str, str] = {}
    # -1 stands for "all", -2 for "default"; a dump would bring every device's along.
    questions = [
        (
            uapi.RTM_GETNETCONF,
            bytes((uapi.AF_INET, 0, 0, 0)) + w.attribute(uapi.NETCONFA_IFINDEX, which),
        )
        for which in (_I32.pack(-1), _I32.pack(-2))
    ]
    (every, _), (default, _) = asking.ask(questions)
    found = w.attributes(every, 4, len(every))
    result["net.ipv4.ip_forward"] = str(_I32.unpack(found[uapi.NETCONFA_FORWARDING])[0])
    result["net.ipv4.conf.all.rp_filter"] = str(_I32.unpack(found[uapi.NETCONFA_RP_FILTER])[0])
    for key, attribute in _UNUSUAL:
        number = _I32.unpack(found[attribute])[0] if attribute in found else 0
        if number:
            result[f"net.ipv4.conf.all.{key}"] = str(number)
    found = w.attributes(default, 4, len(default))
    result["net.ipv4.conf.default.rp_filter"] = str(_I32.unpack(found[uapi.NETCONFA_RP_FILTER])[0])
    return result


_FORWARD = "net.ipv4.ip_forward"
_UNUSUAL = (
    ("proxy_arp", uapi.NETCONFA_PROXY_NEIGH),
    ("ignore_routes_with_linkdown", uapi.NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN),
)


def _namespace(target: Target, part: _Part, links: dict[int, dict[int, str]]) -> model.Namespace:
    names = links[target.inode]
    macs: dict[str, set[bytes]] = {}
    for raw in target.raw:
        if uapi.IFLA_MASTER in raw.found:
            master = names.get(_U32.unpack(raw.found[uapi.IFLA_MASTER])[0], "")
            macs.setdefault(master, set()).add(raw.found.get(uapi.IFLA_ADDRESS, b""))
    return model.Namespace(
        inode=target.inode,
        role=target.role,
        label=target.label,
        names=target.names,
        processes=target.processes,
        links=tuple(
            _link(raw, target, part, links, macs.get(raw.name, set())) for raw in target.raw
        ),
        routes=part.routes,
        neighbours=part.neighbours,
        fdb=part.fdb,
        sysctls=part.sysctls,
        resolv_conf=target.resolv_conf,
        unseen=(*target.unseen, *part.rules[1]),
        rules=part.rules[0],
        policy=part.policy,
        local=part.local,
        proxied=part.proxied,
    )


def _link(
    raw: _RawLink, target: Target, part: _Part, links: dict[int, dict[int, str]], ports: set[bytes]
) -> model.Link:
    found = raw.found
    mac = found.get(uapi.IFLA_ADDRESS, b"")
    peer = None
    if raw.lower:
        inode = target.inode if raw.nsid is None else target.nsids.get(raw.nsid, 0)
        peer = model.Peer(
            namespace=inode, index=raw.lower, name=links.get(inode, {}).get(raw.lower, "")
        )
    bridge = port = None
    master = _U32.unpack(found[uapi.IFLA_MASTER])[0] if uapi.IFLA_MASTER in found else 0
    if raw.kind == "bridge" and raw.data:
        bridge = model.Bridge(
            stp=bool(_U32.unpack(raw.data[uapi.IFLA_BR_STP_STATE])[0]),
            forward_delay=_U32.unpack(raw.data[uapi.IFLA_BR_FORWARD_DELAY])[0] / 100,
            multicast_snooping=raw.data.get(uapi.IFLA_BR_MCAST_SNOOPING, b"\0") != b"\0",
            vlan_filtering=_filters(raw),
        )
    if raw.slave:
        filtering = {one.index for one in target.raw if one.kind == "bridge" and _filters(one)}
        port = _port(raw, part.vlans.get(raw.index, ()) if master in filtering else None)
    names = links[target.inode]
    queue, passes = part.queues.get(raw.index, ("", None))
    return model.Link(
        name=raw.name,
        index=raw.index,
        kind=raw.kind,
        mode=_mode(raw),
        vlan=_vlan(raw),
        mac=_mac(mac),
        mac_origin="stolen" if bridge and mac in ports else model.who_chose(mac),
        mtu=_U32.unpack(found[uapi.IFLA_MTU])[0],
        up=bool(raw.flags & uapi.IFF_UP),
        carrier=bool(raw.flags & uapi.IFF_LOWER_UP),
        operstate=_OPERSTATE[found[uapi.IFLA_OPERSTATE][0]],
        flags=_flag_words(raw.flags),
        promiscuity=_U32.unpack(found[uapi.IFLA_PROMISCUITY])[0],
        master=links[target.inode].get(master, "") if master else "",
        peer=peer,
        bridge=bridge,
        port=port,
        addresses=tuple(part.addresses.get(raw.index, ())),
        settings=settings.of_link(
            found.get(uapi.IFLA_AF_SPEC, b""), part.sysctls["net.ipv4.ip_forward"]
        ),
        queue=queue,
        queue_passes=passes,
        xdp=settings.program(found.get(uapi.IFLA_XDP, b"")),
        tunnel=settings.tunnel(raw.kind, raw.data, names),
        ends=tunnels.ends(raw.kind, raw.data) or part.wireguards.get(raw.index),
        mirred=part.mirred.get(raw.index, ()),
    )


def _port(raw: _RawLink, vlans: tuple[model.PortVlan, ...] | None) -> model.Port:
    def flag(attribute: int, usual: bool) -> bool:
        return raw.slave.get(attribute, b"\1" if usual else b"\0") != b"\0"

    return model.Port(
        state=_PORT_STATE[raw.slave[uapi.IFLA_BRPORT_STATE][0]],
        learning=flag(uapi.IFLA_BRPORT_LEARNING, True),
        flood=flag(uapi.IFLA_BRPORT_UNICAST_FLOOD, True),
        vlans=vlans,
        isolated=flag(uapi.IFLA_BRPORT_ISOLATED, False),
        hairpin=flag(uapi.IFLA_BRPORT_MODE, False),
        broadcast_flood=flag(uapi.IFLA_BRPORT_BCAST_FLOOD, True),
        neighbour_suppress=flag(uapi.IFLA_BRPORT_NEIGH_SUPPRESS, False),
        locked=flag(uapi.IFLA_BRPORT_LOCKED, False),
    )


def _mode(raw: _RawLink) -> str:
    if raw.kind == "macvlan" and uapi.IFLA_MACVLAN_MODE in raw.data:
        number = _U32.unpack(raw.data[uapi.IFLA_MACVLAN_MODE])[0]
        return _MACVLAN_MODE.get(number, str(number))
    if raw.kind == "ipvlan" and uapi.IFLA_IPVLAN_MODE in raw.data:
        return _IPVLAN_MODE[_U16.unpack(raw.data[uapi.IFLA_IPVLAN_MODE])[0]]
    return ""


def _vlan(raw: _RawLink) -> int:
    if raw.kind != "vlan" or uapi.IFLA_VLAN_ID not in raw.data:
        return 0
    number: int = _U16.unpack(raw.data[uapi.IFLA_VLAN_ID])[0]
    return number


@cache
def _flag_words(flags: int) -> tuple[str, ...]:
    return tuple(word for bit, word in _FLAGS if flags & bit)


def _mac(packed: bytes) -> str:
    return packed.hex(":") if packed else ""
