"""Hand-made snapshots: what the kernel reports at the points of the article that tests need.

A value here is what ``lab.snapshot()`` gives for a real lab at that point.  MACs, inodes, indexes
and process ids are arbitrary.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from nslab.network.model import (
    Address,
    Bridge,
    FdbEntry,
    Link,
    Namespace,
    Neighbour,
    Peer,
    Port,
    Process,
    Route,
    Snapshot,
)
from nslab.network.rules import Chain, Match, Rule, Ruleset, Statement, Table

HOST, SWITCH, LAN, ROUTER, INTERNET, NS1 = (4026532000 + n for n in range(6))


PRIORITIES = {"prerouting": -100, "output": -100, "input": 100, "postrouting": 100}


def nat(
    kind: str, *, hook: str = "postrouting", to: str = "", text: str = "", **fields: str
) -> Ruleset:
    """One rule that translates, with what it matches; a ``!`` in front of a value negates it."""
    matches = tuple(
        Match(field=field, values=(value.lstrip("!"),), negated=value.startswith("!"))
        for field, value in fields.items()
    )
    words = [f"{field} {value}" for field, value in fields.items()]
    said = text or " ".join([*words, kind, to]).strip()
    rule = Rule(matches=matches, statements=(Statement(kind=kind, to=to),), text=said)
    chain = Chain(name=hook, type="nat", hook=hook, priority=PRIORITIES[hook], rules=(rule,))
    return Ruleset(tables=(Table(family="ip", name="t", chains=(chain,)),))


def together(*rules: Ruleset) -> Ruleset:
    """The first of them is tried first."""
    # Of chains with one priority, the kernel tries the one that was made last first.
    return Ruleset(tables=tuple(table for each in reversed(rules) for table in each))


def mac(number: int) -> str:
    return f"02:00:00:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"


def link(name: str, index: int, *addresses: str, state: str = "up", **fields: Any) -> Link:
    """A link in a state: up, down or no-carrier."""
    up, carrier = state != "down", state == "up"
    fields.setdefault("mac", mac(index * 1000 + sum(map(ord, name + "".join(addresses)))))
    fields.setdefault("operstate", "up" if carrier else "down")
    flags = ["BROADCAST", "MULTICAST"]
    flags += ["NO-CARRIER"] if up and not carrier else []
    flags += ["UP"] if up else []
    flags += ["LOWER_UP"] if carrier else []
    return Link(
        name=name,
        index=index,
        up=up,
        carrier=carrier,
        flags=tuple(flags),
        addresses=tuple(Address(address=a) for a in addresses),
        **fields,
    )


def loopback(up: bool = False) -> Link:
    flags = ("LOOPBACK", "UP", "LOWER_UP") if up else ("LOOPBACK",)
    addresses = (Address(address="127.0.0.1/8", scope="host"),) if up else ()
    return Link(
        name="lo",
        index=1,
        mac="00:00:00:00:00:00",
        mtu=65536,
        up=up,
        carrier=up,
        flags=flags,
        operstate="unknown" if up else "down",
        addresses=addresses,
    )


def bridge(name: str, index: int, *addresses: str, state: str = "up", **fields: Any) -> Link:
    stp = fields.pop("stp", False)
    delay = fields.pop("forward_delay", 15)
    return link(
        name,
        index,
        *addresses,
        state=state,
        kind="bridge",
        bridge=Bridge(stp=stp, forward_delay=delay, multicast_snooping=False),
        **fields,
    )


def veth(
    name: str,
    index: int,
    peer: tuple[int, str, int] | None,
    *addresses: str,
    state: str = "up",
    **fields: Any,
) -> Link:
    far = Peer(namespace=peer[0], name=peer[1], index=peer[2]) if peer else None
    if fields.get("master"):
        fields.setdefault("port", Port(state="forwarding" if state == "up" else "disabled"))
        fields.setdefault("promiscuity", 1)
    return link(name, index, *addresses, state=state, kind="veth", peer=far, **fields)


def connected(prefix: str, dev: str, source: str, dead: bool = False) -> Route:
    return Route(
        destination=prefix, dev=dev, source=source, scope="link", protocol="kernel", dead=dead
    )


def world() -> tuple[Namespace, ...]:
    """The switch, the other machine on the LAN, the router and what is outside."""

    def port(name: str, index: int, peer: tuple[int, str, int]) -> Link:
        return veth(name, index, peer, master="br0")

    return (
        Namespace(
            inode=SWITCH,
            role="world",
            label="switch",
            links=(
                loopback(),
                bridge("br0", 2),
                port("host", 3, (HOST, "eth0", 2)),
                port("lan", 4, (LAN, "eth0", 2)),
                port("router", 5, (ROUTER, "eth0", 2)),
            ),
        ),
        Namespace(
            inode=LAN,
            role="world",
            label="lan",
            links=(loopback(True), veth("eth0", 2, (SWITCH, "lan", 4), "198.51.100.20/24")),
            routes=(Route(destination="default", via="198.51.100.1", dev="eth0"),),
        ),
        Namespace(
            inode=ROUTER,
            role="world",
            label="router",
            links=(
                loopback(True),
                veth("eth0", 2, (SWITCH, "router", 5), "198.51.100.1/24"),
                veth("eth1", 3, (INTERNET, "eth0", 2), "203.0.113.1/24"),
            ),
            sysctls={"net.ipv4.ip_forward": "1"},
        ),
        Namespace(
            inode=INTERNET,
            role="world",
            label="internet",
            links=(
                loopback(True),
                veth("eth0", 2, (ROUTER, "eth1", 3), "203.0.113.80/24", "8.8.8.8/32"),
            ),
            routes=(Route(destination="default", via="203.0.113.1", dev="eth0"),),
        ),
    )


HOST_ROUTES = (
    Route(destination="default", via="198.51.100.1", dev="eth0"),
    connected("198.51.100.0/24", "eth0", "198.51.100.10"),
)
NO_FORWARDING = {"net.ipv4.ip_forward": "0"}
UPLINK = veth("eth0", 2, (SWITCH, "host", 3), "198.51.100.10/24")


def lab(*namespaces: Namespace, **host: Any) -> Snapshot:
    """A lab with the world, the host and further namespaces."""
    host.setdefault("links", (loopback(True), UPLINK))
    host.setdefault("routes", HOST_ROUTES)
    host.setdefault("sysctls", NO_FORWARDING)
    host.setdefault("resolv_conf", "nameserver 8.8.8.8\n")
    first = Namespace(inode=HOST, role="host", label="host", **host)
    return Snapshot(namespaces=(first, *namespaces, *world()))


def fresh() -> Snapshot:
    """As a lab starts: eth0 and the world, nothing else."""
    return lab()


def with_bridge() -> Snapshot:
    """After B1 to B3: lxcbr0 with an address and no port, so without carrier."""
    return lab(
        links=(loopback(True), UPLINK, bridge("lxcbr0", 3, "192.168.10.1/24", state="no-carrier")),
        routes=(*HOST_ROUTES, connected("192.168.10.0/24", "lxcbr0", "192.168.10.1", dead=True)),
    )


def with_pair() -> Snapshot:
    """After C1, C2 and D1: ns1 is there and both ends of the pair are still in the host."""
    return lab(
        Namespace(inode=NS1, role="named", label="ns1", names=("ns1",), links=(loopback(True),)),
        links=(
            *with_bridge().host.links,
            veth("lxcbr0.1", 4, (HOST, "veth-ns1", 5), state="down", mac_origin="random"),
            veth("veth-ns1", 5, (HOST, "lxcbr0.1", 4), state="down", mac_origin="random"),
        ),
        routes=with_bridge().host.routes,
    )


def article(repaired: bool = False) -> Snapshot:
    """After the article's block: lxcbr0.1 was never set up.  ``repaired`` mends that.

    Repaired also means forwarding and a masquerade rule.
    """
    near = "up" if repaired else "down"
    far = "up" if repaired else "no-carrier"
    pair_mac = {"mac": with_pair().link("veth-ns1").mac, "mac_origin": "random"}
    port_mac = {"mac": with_pair().link("lxcbr0.1").mac, "mac_origin": "random"}
    host: dict[str, Any] = {
        "links": (
            loopback(True),
            UPLINK,
            bridge(
                "lxcbr0",
                3,
                "192.168.10.1/24",
                state="up" if repaired else "no-carrier",
                mac=port_mac["mac"],
                mac_origin="stolen",
            ),
            veth("lxcbr0.1", 4, (NS1, "eth0", 5), state=near, master="lxcbr0", **port_mac),
        ),
        "routes": (
            *HOST_ROUTES,
            connected("192.168.10.0/24", "lxcbr0", "192.168.10.1", dead=not repaired),
        ),
    }
    if repaired:
        host["sysctls"] = {"net.ipv4.ip_forward": "1"}
        host["rules"] = nat("masquerade", source="192.168.10.0/24", out="eth0")
        host["neighbours"] = (
            Neighbour(address="192.168.10.11", dev="lxcbr0", mac=pair_mac["mac"], state="stale"),
        )
        host["fdb"] = (FdbEntry(mac=pair_mac["mac"], dev="lxcbr0.1", master="lxcbr0"),)
    ns1 = Namespace(
        inode=NS1,
        role="named",
        label="ns1",
        names=("ns1",),
        links=(
            loopback(True),
            veth("eth0", 5, (HOST, "lxcbr0.1", 4), "192.168.10.11/24", state=far, **pair_mac),
        ),
        routes=(
            Route(destination="default", via="192.168.10.1", dev="eth0", dead=not repaired),
            connected("192.168.10.0/24", "eth0", "192.168.10.11", dead=not repaired),
        ),
        resolv_conf="nameserver 8.8.8.8\n",
    )
    return lab(ns1, **host)


def star(count: int, master: str = "br0") -> Snapshot:
    """``count`` namespaces, each with a veth pair to one bridge."""
    ports, namespaces = [], []
    for n in range(1, count + 1):
        inode, index = 4026540000 + n, 10 + 2 * n
        ports.append(veth(f"veth{n}", index, (inode, "eth0", 2), master=master))
        eth0 = veth("eth0", 2, (HOST, f"veth{n}", index), f"10.0.{n // 250}.{n % 250 + 2}/16")
        namespaces.append(
            Namespace(
                inode=inode,
                role="named",
                label=f"ns{n}",
                names=(f"ns{n}",),
                links=(loopback(True), eth0),
                routes=(
                    Route(destination="default", via="10.0.0.1", dev="eth0"),
                    connected("10.0.0.0/16", "eth0", eth0.addresses[0].address.split("/")[0]),
                ),
            )
        )
    return lab(
        *namespaces,
        links=(loopback(True), UPLINK, bridge(master, 3, "10.0.0.1/16"), *ports),
        routes=(*HOST_ROUTES, connected("10.0.0.0/16", master, "10.0.0.1")),
        sysctls={"net.ipv4.ip_forward": "1"},
        rules=nat("masquerade", source="10.0.0.0/16", out="eth0"),
    )


def docker() -> Snapshot:
    """Chapter H: docker0 with two containers, eth0 a port of it, and a second NIC in c1."""
    c1, c2 = 4026533001, 4026533002

    def container(inode: int, label: str, pid: int, *links: Link) -> Namespace:
        return Namespace(
            inode=inode,
            role="container",
            label=label,
            processes=(Process(pid=pid, command="sleep infinity"),),
            links=(loopback(True), *links),
            routes=(
                Route(destination="default", via="172.17.0.1", dev="eth0"),
                connected("172.17.0.0/16", "eth0", links[0].addresses[0].address.split("/")[0]),
            ),
            resolv_conf="nameserver 8.8.8.8\n",
        )

    return lab(
        container(
            c1,
            "c1",
            41,
            veth("eth0", 2, (HOST, "veth22a38e6", 4), "172.17.0.2/16"),
            veth("eth1", 3, (HOST, "peerA", 6), "198.51.100.30/24"),
        ),
        container(c2, "c2", 57, veth("eth0", 2, (HOST, "veth7b1e0f3", 5), "172.17.0.3/16")),
        links=(
            loopback(True),
            structs.replace(
                UPLINK, addresses=(), master="docker0", promiscuity=1, port=Port(state="forwarding")
            ),
            bridge("docker0", 3, "172.17.0.1/16", "198.51.100.10/24"),
            veth("veth22a38e6", 4, (c1, "eth0", 2), master="docker0"),
            veth("veth7b1e0f3", 5, (c2, "eth0", 2), master="docker0"),
            veth("peerA", 6, (c1, "eth1", 3), master="docker0"),
        ),
        routes=(
            Route(destination="default", via="198.51.100.1", dev="docker0"),
            connected("172.17.0.0/16", "docker0", "172.17.0.1"),
            connected("198.51.100.0/24", "docker0", "198.51.100.10"),
        ),
        sysctls={"net.ipv4.ip_forward": "1"},
        rules=nat("masquerade", source="172.17.0.0/16", out="!docker0"),
    )


def odd() -> Snapshot:
    """Everything that is not a star.

    Two bridges joined by a veth pair, a macvlan and a VLAN on eth0, a chain of namespaces, a
    bridge inside a namespace, both ends of a pair in one namespace, a peer out of sight.
    """
    ns1, ns2, ns3, ns4, shell = (4026534000 + n for n in range(5))

    def named(inode: int, *links: Link, **fields: Any) -> Namespace:
        label = f"ns{inode - ns1 + 1}"
        return Namespace(
            inode=inode,
            role="named",
            label=label,
            names=(label,),
            links=(loopback(True), *links),
            **fields,
        )

    on_eth0 = Peer(namespace=HOST, name="eth0", index=2)
    return lab(
        named(
            ns1,
            veth("eth0", 2, (HOST, "v1", 10), "10.1.0.2/24"),
            link("mac0", 3, "198.51.100.40/24", kind="macvlan", peer=on_eth0),
            veth("right", 4, (ns2, "left", 2), "10.9.0.1/30"),
            sysctls={"net.ipv4.ip_forward": "1"},
        ),
        named(
            ns2,
            veth("left", 2, (ns1, "right", 4), "10.9.0.2/30"),
            bridge("br-in", 3, "10.8.0.1/24", stp=True, forward_delay=2),
            veth("v3", 4, (ns3, "eth0", 2), master="br-in", port=Port(state="listening")),
        ),
        named(ns3, veth("eth0", 2, (ns2, "v3", 4), "10.8.0.2/24")),
        named(
            ns4,
            veth("one", 2, (ns4, "two", 3), state="down"),
            veth("two", 3, (ns4, "one", 2), state="no-carrier"),
        ),
        Namespace(
            inode=shell,
            role="process",
            label="bash",
            links=(loopback(),),
            processes=(Process(pid=99, command="bash"),),
        ),
        links=(
            loopback(True),
            UPLINK,
            bridge("br-a", 3, "10.1.0.1/24"),
            bridge("br-b", 4, "10.2.0.1/24", state="no-carrier"),
            veth("v1", 10, (ns1, "eth0", 2), master="br-a"),
            veth("a-b", 11, (HOST, "b-a", 12), master="br-a"),
            veth("b-a", 12, (HOST, "a-b", 11), master="br-b"),
            link("eth0.5", 13, kind="vlan", state="down", peer=on_eth0),
            veth("lost", 14, None, state="no-carrier"),
            link(
                "vx0", 15, "10.7.0.1/24", kind="vxlan", master="br-b", port=Port(state="forwarding")
            ),
        ),
    )


def hostile() -> Snapshot:
    """Names that a real machine may have and that mean something to XML, to dot or to a shell."""
    ns = 4026535000
    return lab(
        Namespace(
            inode=ns,
            role="named",
            label="<b>&\"x'\\n</b>",
            names=("<b>&\"x'\\n</b>", "a:b"),
            links=(loopback(True), veth('"<i>&\\', 2, (HOST, "]]>--", 9), "10.0.0.2/24")),
        ),
        Namespace(
            inode=ns + 1, role="named", label="n" * 200, names=("n" * 200,), links=(loopback(True),)
        ),
        Namespace(inode=ns + 2, role="container", label="graph", links=(loopback(True),)),
        Namespace(
            inode=ns + 3,
            role="named",
            label="命名空间",
            names=("命名空间",),
            links=(loopback(True),),
            resolv_conf="nameserver <&>\n",
        ),
        links=(
            loopback(True),
            UPLINK,
            bridge("<br>", 3, "10.0.0.1/24"),
            veth("]]>--", 9, (ns, '"<i>&\\', 2), master="<br>"),
        ),
    )


def bare() -> Snapshot:
    """A machine that is no lab: no world, a second NIC without a cable, a bridge without ports."""
    host = Namespace(
        inode=HOST,
        role="host",
        label="host",
        links=(
            loopback(True),
            link("eth0", 2, "192.0.2.10/24", "2001:db8::10/64"),
            link("wlan0", 3, state="down"),
            bridge("docker0", 4, "172.17.0.1/16", state="no-carrier"),
        ),
    )
    return Snapshot(namespaces=(host,), title="this machine")
