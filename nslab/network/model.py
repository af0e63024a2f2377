"""What the kernel reported, as frozen values.  No input or output happens here.

A :class:`Snapshot` is everything that could be reached at one moment.  A network namespace is
identified by the inode of its ``/proc/PID/ns/net``; a name in ``/run/netns`` is only a label, and
there may be several or none (`ip-netns(8)`).  Within a namespace a link is found by its name.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any, TypeVar

from msgspec import structs

from nslab.errors import NotFound
from nslab.network.rules.translation import Translation, translations
from nslab.network.rules.values import Ruleset, canonical
from nslab.network.value import Value as Value

WORLD = ("switch", "lan", "router", "internet")
"""The namespaces outside the pseudo-host, in the order in which they are drawn."""


class Address(Value, frozen=True):
    """An address of a link, with its prefix length: ``192.168.10.1/24``."""

    address: str
    scope: str = "global"
    broadcast: str = ""

    @property
    def by_kernel(self) -> bool:
        """Whether the kernel gave it, as it gives each link one of IPv6's link-local scope.

        Such a one is made of the link's MAC (EUI-64, RFC 4291): it differs from run to run, and
        comes some seconds after the link is up.
        """
        if not self.address.startswith("fe80:"):
            return False
        return ipaddress.IPv6Interface(self.address).ip.packed[11:13] == b"\xff\xfe"


class Bridge(Value, frozen=True):
    """What only a bridge has.  ``forward_delay`` is in seconds."""

    stp: bool
    forward_delay: float
    multicast_snooping: bool = True
    vlan_filtering: bool = False


class PortVlan(Value, frozen=True):
    """A VLAN that a port carries.

    ``pvid``: frames that come in without a tag belong to it.  ``untagged``: frames that go out have
    their tag taken off.
    """

    vlan: int
    pvid: bool = False
    untagged: bool = False


class Port(Value, frozen=True):
    """What only a port of a bridge has.

    ``state`` is the spanning tree's word: disabled, blocking, listening, learning, forwarding.
    ``vlans`` are those that it carries; None if its bridge does not filter them.
    """

    state: str
    learning: bool = True
    flood: bool = True
    vlans: tuple[PortVlan, ...] | None = None
    isolated: bool = False
    """Isolated ports exchange no frames with each other."""
    hairpin: bool = False
    """It may send a frame back to where it came from."""
    broadcast_flood: bool = True
    neighbour_suppress: bool = False
    locked: bool = False
    """Only stations that its bridge knows already may send."""


class Tunnel(Value, frozen=True):
    """The ends of a vxlan: ``number`` (VNI), addresses and UDP port; ``dev`` is what it goes over.

    ``remote`` is where frames for unknown stations go; without one, entries of its forwarding table
    say it.  ``learning``: it notes behind which remote end a station is.
    """

    number: int
    local: str = ""
    remote: str = ""
    port: int = 0
    dev: str = ""
    learning: bool = True


class Ends(Value, frozen=True):
    """What a tunnel was told of its ends, where it is no vxlan: gre, ipip, sit, wireguard and such.

    ``local`` and ``remote`` are addresses of the network that it goes over, empty for any.
    ``key_in`` is what packets that come must carry, ``key_out`` what it sends: a GRE key, or the
    VNI of a geneve.  ``port`` is the UDP port at which it listens, 0 if it uses none.  A wireguard
    has ``peers`` in place of a remote end: for each its endpoint, ``address:port``, empty while
    nobody has said or heard where it is.
    """

    local: str = ""
    remote: str = ""
    key_in: int | None = None
    key_out: int | None = None
    port: int = 0
    peers: tuple[str, ...] | None = None


class Mirred(Value, frozen=True):
    """Frames that a filter of ``tc`` sends to another link of the namespace (tc-mirred(8)).

    ``side`` is where the filter sits: at the ingress or at the egress of its link.  ``verb`` is
    redirect, and they end there, or mirror, and a copy goes.  ``to`` is the other link, ``filter``
    what tc says of the filter.
    """

    side: str
    verb: str
    to: str
    filter: str = ""


class Peer(Value, frozen=True):
    """The other end of a veth pair, or the lower device of a stacked link.

    ``namespace`` is the inode of the namespace that it is in, 0 if that is out of sight.
    """

    namespace: int
    name: str
    index: int


def who_chose(mac: bytes) -> str:
    """Who chose a MAC that is no port's: ``permanent``, ``random`` or ``set``.

    The kernel says it in sysfs only, so this goes by the look of it.  What it draws at random has
    the locally administered bit (``eth_random_addr()``); what a person or a lab chooses begins with
    02:00:00, or has three zeros behind its first byte.  Three in ten million draws look like that.

    :param mac: its six bytes; a link that has none has chosen nothing
    """
    if not any(mac):
        return "permanent"
    chosen = not any(mac[1 : 3 if mac[0] == 2 else 4])
    return "random" if mac[0] & 2 and not chosen else "set"


class Link(Value, frozen=True):
    """An interface.  ``kind`` is the kernel's word (bridge, veth, macvlan …), "" for a device."""

    name: str
    index: int
    kind: str = ""
    mode: str = ""
    """Of a macvlan (bridge, private, vepa, passthru, source) or ipvlan (l2, l3, l3s)."""
    vlan: int = 0
    """The VLAN's number, of a link of kind vlan; ``peer`` is what it stands on."""
    mac: str = ""
    mac_origin: str = "permanent"
    """permanent, random (the kernel drew it), stolen (a bridge took a port's) or set."""
    mtu: int = 1500
    up: bool = False
    """IFF_UP: somebody set it up."""
    carrier: bool = False
    """IFF_LOWER_UP: the wire has a signal; for a veth, its peer is up too."""
    operstate: str = "down"
    """The kernel's own summary; it may lag behind ``carrier`` by a second (linkwatch)."""
    flags: tuple[str, ...] = ()
    promiscuity: int = 0
    """How many reasons there are to take in every frame; the PROMISC flag shows only one."""
    master: str = ""
    peer: Peer | None = None
    bridge: Bridge | None = None
    port: Port | None = None
    addresses: tuple[Address, ...] = ()
    settings: dict[str, str] = {}  # noqa: RUF012  msgspec copies it
    """Those of ``net.ipv4.conf`` for this link that decide whether packets pass, and are not usual:
    ``forwarding`` where it differs from ip_forward, the others where they are not 0."""
    queue: str = ""
    """The queue (qdisc) for what it sends, as ``tc`` calls it, if somebody has put one there."""
    queue_passes: int | None = None
    """The largest packet that the queue lets through, in bytes; None if it takes all."""
    xdp: str = ""
    """How a program is attached that looks at each frame before the kernel does, as ``ip link``
    says it: xdp, xdpgeneric or xdpoffload; empty if there is none."""
    tunnel: Tunnel | None = None
    """Of a vxlan."""
    ends: Ends | None = None
    """Of any other tunnel; None if nobody could read them."""
    mirred: tuple[Mirred, ...] = ()
    """Where filters of ``tc`` at this link send its frames."""

    @property
    def state(self) -> str:
        """One word: up, down, or no-carrier (set up, but the wire is dead)."""
        if not self.up:
            return "down"
        return "up" if self.carrier else "no-carrier"


class Place(Value, frozen=True):
    """A link as a point where frames pass; as text ``eth0`` on the host, else ``ns1/eth0``."""

    ns: str
    link: str

    def __str__(self) -> str:
        return self.link if self.ns == "host" else f"{self.ns}/{self.link}"


class Frame(Value, frozen=True):
    """A frame, seen once at one place.

    ``kind`` is the kernel's packet type (``sockaddr_ll``, packet(7)): host (for this link),
    broadcast, multicast, otherhost (for another station) or outgoing (sent by this link).
    """

    number: int
    """Its place in the capture, from 1."""
    time: int
    """Nanoseconds since the capture began, by the kernel's clock."""
    stamp: int
    """The same in nanoseconds since 1970."""
    place: Place
    kind: str
    length: int
    """Bytes on the wire; ``data`` may hold fewer of them."""
    data: bytes
    """From the Ethernet header on, without the checksum at the end; a VLAN tag is in its place."""
    checksums: bool = True
    """False if they were left to the card: between virtual links nobody ever fills them in."""
    ethernet: bool = True
    """False for a link without link-layer headers: ``data`` begins with IP."""


class Flow(Value, frozen=True):
    """One direction of a connection.  For ICMP both ports are the echo's identifier."""

    protocol: int
    source: str
    source_port: int
    target: str
    target_port: int

    @property
    def inverse(self) -> Flow:
        """The other direction, if it is not rewritten."""
        return Flow(
            protocol=self.protocol,
            source=self.target,
            source_port=self.target_port,
            target=self.source,
            target_port=self.source_port,
        )


class Tracked(Value, frozen=True):
    """An entry of a namespace's connection tracking: what it expects each way.

    Where addresses are translated, ``reply`` is not the inverse of ``original``.
    """

    ns: str
    original: Flow
    reply: Flow


class NextHop(Value, frozen=True):
    """One of several ways that a route spreads its packets over."""

    via: str = ""
    dev: str = ""
    weight: int = 1


class PolicyRule(Value, frozen=True):
    """A rule that says which table is asked (``ip rule``), the lowest ``priority`` first.

    ``source`` and ``destination`` are prefixes, ``incoming`` and ``outgoing`` links, ``mark`` with
    its ``mask`` a firewall mark; what is empty (None for a mark) matches everything.  ``action`` is
    lookup, goto, nop, blackhole, unreachable or prohibit.  ``suppressed`` is a prefix length:
    routes that are not longer do not count.  ``unknown`` names what else it asks for: whether it
    then matches, nobody can say.
    """

    priority: int
    source: str = ""
    destination: str = ""
    incoming: str = ""
    outgoing: str = ""
    mark: int | None = None
    mask: int = 0xFFFFFFFF
    table: int = 0
    action: str = "lookup"
    goto: int = 0
    inverted: bool = False
    suppressed: int = -1
    unknown: str = ""


class Route(Value, frozen=True):
    """A route; ``destination`` is ``default`` or a prefix, ``via`` a gateway or empty."""

    destination: str
    via: str = ""
    dev: str = ""
    source: str = ""
    metric: int = 0
    table: int = 254
    scope: str = "global"
    kind: str = "unicast"
    protocol: str = "boot"
    dead: bool = False
    """The device it needs has no carrier: what ``ip route`` calls linkdown."""
    hops: tuple[NextHop, ...] = ()
    """Several ways, of which each packet takes one (ECMP); ``via`` and ``dev`` are then empty."""
    mtu: int = 0
    """What the route itself says, 0 if it does not."""
    onlink: bool = False
    """The gateway is taken to be behind the link, whatever the addresses say."""

    @property
    def by_kernel(self) -> bool:
        """Whether the kernel makes it for each link that IPv6 uses, some time after the link is up.

        It comes and goes with the link's own address (:attr:`Address.by_kernel`), not at once.
        """
        return self.destination == "fe80::/64" and self.protocol == "kernel" and not self.via


class Neighbour(Value, frozen=True):
    """An entry of the ARP (or ND) table: reachable, stale, failed, incomplete, permanent …"""

    address: str
    dev: str
    mac: str = ""
    state: str = ""


class FdbEntry(Value, frozen=True):
    """An entry of a bridge's forwarding table, or of a device's own unicast list (``own``)."""

    mac: str
    dev: str
    master: str = ""
    state: str = ""
    own: bool = False
    sticky: bool = False
    """It stays as it is, whatever is heard of that station."""
    remote: str = ""
    """Of a vxlan: the far end that has the station."""


_Entry = TypeVar("_Entry", Neighbour, FdbEntry)


class Process(Value, frozen=True):
    """A process whose network namespace this is; ``pid`` as the pseudo-host counts."""

    pid: int
    command: str


class Namespace(Value, frozen=True):
    """A network namespace with all that is in it.

    ``role`` is host (the pseudo-host's own), named (in ``/run/netns``), container (known by a
    process with a hostname of its own), process (known by a process alone) or world.
    """

    inode: int
    role: str
    label: str
    names: tuple[str, ...] = ()
    processes: tuple[Process, ...] = ()
    links: tuple[Link, ...] = ()
    routes: tuple[Route, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    fdb: tuple[FdbEntry, ...] = ()
    sysctls: dict[str, str] = {}  # noqa: RUF012  msgspec copies it
    resolv_conf: str | None = None
    """What a process that ``ip netns exec`` starts here reads as /etc/resolv.conf, if its own."""
    unseen: tuple[str, ...] = ()
    """What could not be read, with the reason."""
    rules: Ruleset = Ruleset()
    """Of the packet filters: who drops, rejects or translates what."""

    policy: tuple[PolicyRule, ...] = ()
    """The rules that say which table is asked; empty while they are the kernel's own three."""
    local: tuple[Route, ...] = ()
    """Routes of kind local that somebody made: addresses that no link has, but it answers to."""
    proxied: tuple[Neighbour, ...] = ()
    """Addresses that it answers ARP for, though others have them (``ip neigh add proxy``)."""

    @property
    def nat(self) -> tuple[Translation, ...]:
        """The translations among the rules, in the order in which they stand."""
        return translations(self.rules)

    @property
    def own_addresses(self) -> set[str]:
        """The addresses of its links, without their prefix lengths."""
        return {
            address.address.partition("/")[0] for link in self.links for address in link.addresses
        }

    @property
    def static_neighbours(self) -> tuple[Neighbour, ...]:
        """The neighbours that somebody has entered for good."""
        return tuple(one for one in self.neighbours if one.state == "permanent")

    @property
    def static_stations(self) -> tuple[FdbEntry, ...]:
        """The same of forwarding tables: not what is learned, and not the kernel's own."""
        remote = {link.name: link.tunnel.remote for link in self.links if link.tunnel}
        return tuple(
            one
            for one in self.fdb
            if (one.state == "static" and not one.own)
            or (one.remote and one.state != "learned" and one.remote != remote.get(one.dev))
        )

    def link(self, name: str) -> Link:
        """The link of that name.

        :raises NotFound: there is none
        """
        for link in self.links:
            if link.name == name:
                return link
        there = ", ".join(link.name for link in self.links)
        raise NotFound(
            "find the link", str(name), f"{self.label} has no such link", f"it has: {there}"
        )

    def ports(self, bridge: str) -> tuple[Link, ...]:
        """The links that are attached to a bridge."""
        return tuple(link for link in self.links if link.master == bridge)


class Snapshot(Value, frozen=True):
    """Everything reachable at one moment; ``namespaces`` in a fixed order, the host first."""

    namespaces: tuple[Namespace, ...]
    title: str = "lab"
    files: dict[str, str] = {}  # noqa: RUF012  msgspec copies it
    """What differs in /etc from a fresh lab: text by path; of a directory (``/etc/netns/``) ""."""

    def __iter__(self) -> Iterator[Namespace]:
        return iter(self.namespaces)

    @property
    def host(self) -> Namespace:
        """The pseudo-host's own namespace."""
        return self.namespaces[0]

    def namespace(self, label: str | int | None = None) -> Namespace:
        """A namespace by label, by any of its names, or by inode; the host for None.

        :raises NotFound: there is none
        """
        if label is None:
            return self.host
        for namespace in self.namespaces:
            if label in (namespace.inode, namespace.label) or label in namespace.names:
                return namespace
        raise NotFound(
            "find the namespace",
            str(label),
            "there is none of that name",
            "there are: " + ", ".join(namespace.label for namespace in self),
        )

    def link(self, name: str, ns: str | int | None = None) -> Link:
        """A link by name and namespace, of the host for None.

        :raises NotFound: there is no such link, or no such namespace
        """
        return self.namespace(ns).link(name)

    def peer(self, link: Link) -> tuple[Namespace, Link] | None:
        """The other end of a link, if it is in sight."""
        if link.peer is None:
            return None
        for namespace in self.namespaces:
            if namespace.inode == link.peer.namespace:
                for other in namespace.links:
                    if other.index == link.peer.index:
                        return namespace, other
        return None

    def borrows_mac(self, link: Link) -> bool:
        """Whether a link has the MAC of what it stands on, as an ipvlan or a VLAN has."""
        below = None if link.kind in ("", "veth", "bridge") else self.peer(link)
        return below is not None and below[1].mac == link.mac

    def aligned(self, other: Snapshot) -> Snapshot:
        """This snapshot with the numbers that ``other`` has for what is called the same.

        For two labs that were made separately: inodes, indexes and MACs drawn at random differ
        in them and mean nothing; nor does from which of its ports a bridge took its MAC, as that
        is the lowest of them.
        """
        inodes = {ns.inode: other._called(ns.label, ns.inode) for ns in self.namespaces}
        indexes: dict[tuple[int, int], int] = {}
        macs: dict[str, str] = {}
        stolen: dict[tuple[int, int], str] = {}
        for ns, link, twin in self._twins(other):
            indexes[ns.inode, link.index] = twin.index if twin else link.index + (1 << 24)
            if twin and link.mac_origin == twin.mac_origin == "random":
                macs[link.mac] = twin.mac
            if twin and link.mac_origin == twin.mac_origin == "stolen":
                stolen[ns.inode, link.index] = twin.mac

        def renumbered(ns: Namespace, link: Link) -> Link:
            peer = link.peer
            if peer is not None:
                index = indexes.get((peer.namespace, peer.index), peer.index)
                inode = inodes.get(peer.namespace, peer.namespace)
                peer = structs.replace(peer, namespace=inode, index=index)
            return structs.replace(
                link,
                index=indexes[ns.inode, link.index],
                peer=peer,
                mac=stolen.get((ns.inode, link.index)) or macs.get(link.mac, link.mac),
            )

        def entries(some: tuple[_Entry, ...]) -> tuple[_Entry, ...]:
            return tuple(structs.replace(one, mac=macs.get(one.mac, one.mac)) for one in some)

        spaces = (
            structs.replace(
                ns,
                inode=inodes[ns.inode],
                links=tuple(renumbered(ns, link) for link in ns.links),
                neighbours=entries(ns.neighbours),
                fdb=entries(ns.fdb),
            )
            for ns in self.namespaces
        )
        return structs.replace(self, namespaces=tuple(spaces))

    def _twins(self, other: Snapshot) -> Iterator[tuple[Namespace, Link, Link | None]]:
        """Each link, with the one of the other snapshot that is called the same."""
        for ns in self.namespaces:
            twins = next((their.links for their in other if their.label == ns.label), ())
            theirs = {link.name: link for link in twins}
            yield from ((ns, link, theirs.get(link.name)) for link in ns.links)

    def _called(self, label: str, otherwise: int) -> int:
        return next((ns.inode for ns in self.namespaces if ns.label == label), otherwise)

    def canonical(self) -> dict[str, Any]:
        """The same for any two labs that were built alike, whatever numbers the kernel drew.

        Inodes become labels; indexes, process ids and the MACs that the kernel drew at random
        become blanks; learned and momentary things (neighbours, fdb, tool wording) are left out,
        but for what somebody has entered there for good.
        """
        labels = {namespace.inode: namespace.label for namespace in self.namespaces}
        drawn: dict[str, str] = {}
        for namespace in self.namespaces:
            for link in namespace.links:
                if link.mac_origin == "random":
                    drawn[link.mac] = f"<{namespace.label}/{link.name}>"
        result = {
            namespace.label: _canonical(namespace, labels, drawn) for namespace in self.namespaces
        }
        return result | {"/etc": dict(sorted(self.files.items()))}


def _canonical(
    namespace: Namespace, labels: dict[int, str], drawn: dict[str, str]
) -> dict[str, Any]:
    links: dict[str, Any] = {}
    for link in namespace.links:
        plain = structs.asdict(link)
        plain["index"] = 0
        # The kernel works these two out in the background, up to a second later (linkwatch).
        del plain["operstate"]
        # A bridge takes the lowest MAC of its ports: which of several random ones is chance.
        plain["mac"] = "<stolen>" if link.mac_origin == "stolen" else drawn.get(link.mac, link.mac)
        if link.bridge and not link.mac.strip("0:"):
            # It has lost its last port, and its MAC with it.  No command takes one away; without
            # ports it matters as little as the one that the kernel draws for a new bridge.
            plain["mac"], plain["mac_origin"] = f"<{namespace.label}/{link.name}>", "random"
        plain["addresses"] = tuple(one for one in link.addresses if not one.by_kernel)
        if link.peer:
            plain["peer"] = (labels.get(link.peer.namespace, "?"), link.peer.name)
        links[link.name] = plain
    commands = sorted(process.command for process in namespace.processes)

    def entries(some: tuple[_Entry, ...]) -> list[_Entry]:
        plain = (structs.replace(one, mac=drawn.get(one.mac, one.mac)) for one in some)
        return sorted(plain, key=repr)

    return {
        "role": namespace.role,
        # A name that is a number is a process id, as people make them by hand.
        "names": sorted("<pid>" if name.isdigit() else name for name in namespace.names),
        "processes": commands,
        "links": links,
        "routes": sorted((one for one in namespace.routes if not one.by_kernel), key=repr),
        "local routes": sorted(namespace.local, key=repr),
        "policy": sorted(namespace.policy, key=repr),
        "neighbours": entries(namespace.static_neighbours),
        "answered for": sorted(namespace.proxied, key=repr),
        "stations": entries(namespace.static_stations),
        "rules": canonical(namespace.rules),
        "sysctls": dict(sorted(namespace.sysctls.items())),
        "resolv_conf": namespace.resolv_conf,
    }
