"""The fake's network: values that change, and what follows from them.

Whatever the kernel derives (carrier, operstate, the state of a port) is derived here when it is
asked for, and only what has a history is kept.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from nslab.network import model
from nslab.network.rules import Chain, Rule, Ruleset, Table

NO_MAC = "00:00:00:00:00:00"

RESOLV_CONF = "nameserver 8.8.8.8\n"
"""The pseudo-host's own /etc/resolv.conf in a fresh lab."""


class Refusal(Exception):
    """The kernel says no; ``errno`` is its number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.errno = number


@dataclass
class Addr:
    """An IPv4 or IPv6 address of a link."""

    interface: ipaddress.IPv4Interface | ipaddress.IPv6Interface
    broadcast: str = ""
    secondary: bool = False
    """Not the first of its subnet: it goes when the first goes (promote_secondaries is 0)."""
    announced: bool = False
    """Its subnet is in the routing table, which happens when its link is up."""

    @property
    def scope(self) -> str:
        return "host" if self.interface.ip in ipaddress.ip_network("127.0.0.0/8") else "global"


@dataclass(eq=False)
class Link:
    """An interface."""

    name: str
    index: int
    space: Space
    kind: str = ""
    mac: str = NO_MAC
    mtu: int = 1500
    up: bool = False
    promisc: bool = False
    master: Link | None = None
    peer: Link | None = None
    addresses: list[Addr] = field(default_factory=list)
    # Of what stands on another link:
    lower: Link | None = None
    mode: str = ""
    vlan: int = 0
    noarp: bool = False
    settings: dict[str, str] = field(default_factory=dict)
    """Its own kernel parameters that are not 0."""
    # Of a bridge:
    vlan_filtering: bool = False
    stp: bool = False
    forward_delay: float = 15.0
    multicast_snooping: bool = True
    mac_set: bool = False
    """Somebody set the MAC, so it no longer follows the ports."""
    bridge_id: str = NO_MAC
    counted: bool = False
    """Its carrier has begun to follow its ports; a bridge that never had one shows a carrier."""
    # Of a port:
    enabled: float | None = None
    """When it was enabled; None is disabled."""
    slow: bool = False
    """The spanning tree was on when it was enabled, so it listens and learns first."""
    vlans: dict[int, model.PortVlan] = field(default_factory=dict)

    @property
    def loopback(self) -> bool:
        return not self.kind

    @property
    def ports(self) -> list[Link]:
        return [link for link in self.space.links.values() if link.master is self]


@dataclass(eq=False)
class Entry:
    """A route of the main table."""

    destination: ipaddress.IPv4Network | ipaddress.IPv6Network
    dev: Link
    via: str = ""
    source: str = ""
    scope: str = "global"
    protocol: str = "boot"


@dataclass(eq=False)
class Space:
    """A network namespace."""

    inode: int
    role: str
    label: str
    sysctls: dict[str, str]
    links: dict[str, Link] = field(default_factory=dict)
    routes: list[Entry] = field(default_factory=list)
    nat: list[Rule] = field(default_factory=list)
    """In the chain that the action for masquerading makes."""
    processes: tuple[model.Process, ...] = ()
    resolv_conf: str | None = None
    last_index: int = 0

    def take_index(self, wanted: int = 0) -> int:
        """An ifindex: the wanted one if it is free, else the next (dev_index_reserve())."""
        used = {link.index for link in self.links.values()}
        if wanted and wanted not in used:
            return wanted
        self.last_index += 1
        while self.last_index in used:
            self.last_index += 1
        return self.last_index


class Network:
    """All namespaces of one lab."""

    def __init__(self, *, ipv6: bool, title: str, clock: Callable[[], float]) -> None:
        self.ipv6 = ipv6
        self.title = title
        self.clock = clock
        self.named: dict[str, Space] = {}
        self.containers: dict[str, Space] = {}
        self.world: dict[str, Space] = {}
        self.etc_netns: dict[str, str] = {}
        """The resolv.conf below /etc/netns, which outlives the namespace that it is for."""
        self.last_pid = 1
        self._last_inode = 4026532000
        self._last_mac = 0
        self.host = self.make("host", "host")
        self.host.resolv_conf = RESOLV_CONF

    def make(self, role: str, label: str) -> Space:
        """A new namespace with nothing but a lo that is down."""
        self._last_inode += 1
        sysctls = {
            "net.ipv4.ip_forward": "0",
            "net.ipv4.conf.all.rp_filter": "0",
            "net.ipv4.conf.default.rp_filter": "0",
            "net.ipv6.conf.all.disable_ipv6": "0" if self.ipv6 else "1",
            "net.bridge.bridge-nf-call-iptables": "0",
        }
        space = Space(self._last_inode, role, label, sysctls)
        space.links["lo"] = Link("lo", space.take_index(), space, mtu=65536)
        return space

    def spaces(self) -> Iterator[Space]:
        """All of them, in the order of a snapshot."""
        yield self.host
        for group in (self.named, self.containers):
            for _, space in sorted(group.items()):
                yield space
        yield from self.world.values()

    def find(self, ns: str | None) -> Space | None:
        """By name, world's label, container or process id; the host for None."""
        if ns is None:
            return self.host
        if ns in self.world:
            return self.world[ns]
        found = self.named.get(ns) or self.containers.get(ns)
        if found is None and ns.isdigit():
            if int(ns) == 1:
                return self.host
            for space in self.containers.values():
                if int(ns) in {process.pid for process in space.processes}:
                    return space
        return found

    def uppers(self, lower: Link) -> list[Link]:
        """The links that stand on a link, wherever they are."""
        return [
            link for space in self.spaces() for link in space.links.values() if link.lower is lower
        ]

    def draw_mac(self) -> str:
        """A MAC as the kernel draws them, but the same in every run."""
        self._last_mac += 1
        return "f2:5a:" + self._last_mac.to_bytes(4, "big").hex(":")

    def draw_pid(self) -> int:
        self.last_pid += 1
        return self.last_pid

    # -- what follows -------------------------------------------------------------------------

    def carrier(self, link: Link) -> bool:
        """IFF_LOWER_UP."""
        if not link.up:
            return False
        if link.kind == "veth":
            return link.peer is not None and link.peer.up
        if link.lower is not None:
            return self.carrier(link.lower)
        if link.kind == "bridge" and link.counted:
            return any(self.port_state(port) == "forwarding" for port in link.ports)
        return True

    def operstate(self, link: Link) -> str:
        """IFLA_OPERSTATE, after the kernel has caught up: it may lag by a second."""
        if not link.up:
            return "down"
        if link.loopback or (link.kind == "bridge" and not link.counted):
            return "unknown"
        if self.carrier(link):
            return "up"
        return "down" if link.kind == "bridge" else "lowerlayerdown"

    def promiscuity(self, link: Link) -> int:
        """How many want every frame of a link."""
        count = int(link.promisc) + (link.master is not None)
        listed = False
        for upper in self.uppers(link):
            if upper.kind == "macvlan" and upper.up:
                # A veth has no list of addresses to take in: it takes in everything instead.
                listed |= upper.mode != "passthru"
                count += (upper.mode == "passthru") + bool(self.promiscuity(upper))
            elif upper.kind == "vlan":
                listed |= upper.up and upper.mac != link.mac
                count += bool(self.promiscuity(upper))
        return count + listed

    def port_state(self, port: Link) -> str:
        """The spanning tree's word for a port."""
        if port.enabled is None or port.master is None:
            return "disabled"
        delay = port.master.forward_delay
        if not port.slow or delay == 0:
            return "forwarding"
        steps = (self.clock() - port.enabled) / delay
        return ("listening", "learning", "forwarding")[min(2, int(steps))]

    # -- the snapshot -------------------------------------------------------------------------

    def snapshot(self) -> model.Snapshot:
        return model.Snapshot(
            title=self.title,
            namespaces=tuple(self._namespace(space) for space in self.spaces()),
            files=self._files(),
        )

    def _files(self) -> dict[str, str]:
        """What differs in /etc from a fresh lab."""
        files: dict[str, str] = {}
        if self.host.resolv_conf is not None and self.host.resolv_conf != RESOLV_CONF:
            files["/etc/resolv.conf"] = self.host.resolv_conf
        if self.etc_netns:
            files["/etc/netns/"] = ""
        for name, text in self.etc_netns.items():
            files |= {f"/etc/netns/{name}/": "", f"/etc/netns/{name}/resolv.conf": text}
        return files

    def _namespace(self, space: Space) -> model.Namespace:
        links = sorted(space.links.values(), key=lambda link: link.index)
        return model.Namespace(
            inode=space.inode,
            role=space.role,
            label=space.label,
            names=(space.label,) if space.role == "named" else (),
            processes=space.processes,
            links=tuple(self._link(link) for link in links),
            routes=tuple(self._route(entry) for entry in space.routes),
            sysctls=dict(space.sysctls),
            resolv_conf=(
                self.etc_netns.get(space.label) if space.role == "named" else space.resolv_conf
            ),
            rules=_rules(space.nat),
        )

    def _link(self, link: Link) -> model.Link:
        carrier = self.carrier(link)
        flags: tuple[str, ...] = ("LOOPBACK",) if link.loopback else ("BROADCAST", "MULTICAST")
        flags += ("NOARP",) * link.noarp
        flags += ("PROMISC",) * link.promisc + ("UP",) * link.up + ("LOWER_UP",) * carrier
        peer = link.peer or link.lower
        return model.Link(
            name=link.name,
            index=link.index,
            kind=link.kind,
            mode=link.mode,
            vlan=link.vlan,
            mac=link.mac,
            mac_origin=mac_origin(link),
            mtu=link.mtu,
            up=link.up,
            carrier=carrier,
            operstate=self.operstate(link),
            flags=flags,
            promiscuity=self.promiscuity(link),
            settings=dict(link.settings),
            master=link.master.name if link.master else "",
            peer=(
                model.Peer(namespace=peer.space.inode, name=peer.name, index=peer.index)
                if peer
                else None
            ),
            bridge=(
                model.Bridge(
                    stp=link.stp,
                    forward_delay=link.forward_delay,
                    multicast_snooping=link.multicast_snooping,
                    vlan_filtering=link.vlan_filtering,
                )
                if link.kind == "bridge"
                else None
            ),
            port=self._port(link, link.master) if link.master else None,
            addresses=tuple(
                model.Address(
                    address=addr.interface.with_prefixlen,
                    scope=addr.scope,
                    broadcast=addr.broadcast,
                )
                for addr in link.addresses
            ),
        )

    def _port(self, link: Link, bridge: Link) -> model.Port:
        vlans = tuple(vlan for _, vlan in sorted(link.vlans.items()))
        return model.Port(
            state=self.port_state(link), vlans=vlans if bridge.vlan_filtering else None
        )

    def _route(self, entry: Entry) -> model.Route:
        whole = entry.destination.prefixlen == 0
        return model.Route(
            destination="default" if whole else str(entry.destination),
            via=entry.via,
            dev=entry.dev.name,
            source=entry.source,
            scope=entry.scope,
            protocol=entry.protocol,
            dead=not self.carrier(entry.dev),
        )


def mac_origin(link: Link) -> str:
    """Who chose a MAC, as the agent tells it."""
    if link.kind == "bridge" and any(port.mac == link.mac for port in link.ports):
        return "stolen"
    return model.who_chose(bytes.fromhex(link.mac.replace(":", "")))


def _rules(nat: list[Rule]) -> Ruleset:
    if not nat:
        return Ruleset()
    chain = Chain(
        name="postrouting", type="nat", hook="postrouting", priority=100, rules=tuple(nat)
    )
    return Ruleset(tables=(Table(family="ip", name="nslab", chains=(chain,)),))
