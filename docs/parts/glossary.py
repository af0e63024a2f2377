"""The terms: what each is, the command that shows it, and a small picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import structs

from nslab import Picture, Snapshot, compare
from nslab.draw.path.picture import PathPicture
from nslab.draw.path.trail import Stop, Trail
from nslab.network.actions import (
    Action,
    AddAddress,
    AddIpvlan,
    AddMacvlan,
    AddNamespace,
    AddVeth,
    AddVlan,
    Attach,
    SetBridge,
    SetDown,
    SetPortVlan,
    SetPromiscuous,
    SetUp,
)
from nslab.network.model import Port
from parts.networks import BRIDGE, CABLE, NAMESPACE, OUT, part, plugged_in, snapshots

Shown = Picture | None


@dataclass(frozen=True)
class Term:
    """``command`` shows it in a terminal of a lab, or in a cell if ``python``."""

    name: str
    what: str
    command: str
    picture: Shown = None
    lesson: str = ""
    """The lesson that is about it."""
    python: bool = False


def terms() -> list[Term]:
    """All of them, in the order of the alphabet."""
    return sorted((*network(), *own()), key=lambda term: term.name.lower())


def network() -> Iterator[Term]:
    """The kernel's terms."""
    bare, bridge, namespace, cable, out = snapshots(BRIDGE, NAMESPACE, CABLE, OUT)
    pair = ("host/lxcbr0.1", "ns1/eth0")
    wired = ("host/lxcbr0", *pair)
    yield Term(
        "address",
        "The number by which a link is known at layer 3, with the length of its network: "
        "`192.168.10.1/24`. A link may have several, and a bridge may have one too.",
        "ip address show lxcbr0",
        _changed(_only(bridge, "host/lxcbr0", bare=True), _only(bridge, "host/lxcbr0")),
        "02-bridge",
    )
    yield Term(
        "ARP",
        "The question “who has this IP address?”, sent to everybody on the wire, and the answer "
        "with a MAC address. Without an answer no packet leaves.",
        "tcpdump -n -i lxcbr0 arp",
        _path(_two(), "ARP request", "ns1", "ns2"),
        "04-cables",
    )
    yield Term(
        "bridge",
        "A network switch made of software. It sends each frame out at the port behind which the "
        "frame's destination lives.",
        "brctl show",
        _changed(part(bare, own=["host"]), part(bridge, "host/lxcbr0")),
        "02-bridge",
    )
    yield Term(
        "broadcast",
        "A frame for everybody: a bridge sends it out at every port except the one where it came "
        "in.",
        "tcpdump -n -e -i lxcbr0 ether broadcast",
        _path(_two(), "broadcast", "ns1", "ns2"),
        "04-cables",
    )
    yield Term(
        "carrier",
        "Whether the wire has a signal. The end of a cable has a carrier only while the other end "
        "is up as well.",
        "ip link show lxcbr0.1",
        Picture(part(_without_carrier(), *pair)),
        "04-cables",
    )
    yield Term(
        "conntrack",
        "The kernel's table of connections. It remembers how each was translated, so that the "
        "answers find their way back.",
        "conntrack -L",
        _out(out, "192.168.10.11", "→ 198.51.100.10"),
        "05-way-out",
    )
    yield Term(
        "container",
        "A process with namespaces of its own: network, files, processes, host name. The kernel "
        "knows no such thing as a container; it is a habit of using namespaces.",
        "lsns --type net",
        Picture(part(cable, *pair)),
        "08-second-nic",
    )
    yield Term(
        "default route",
        "The route for every address that no other route covers. It names a gateway.",
        "ip route show default",
        _changed(part(cable, *pair, routes=True), part(out, *pair, routes=True)),
        "05-way-out",
    )
    yield Term(
        "fdb",
        "The forwarding database of a bridge: which MAC address lives behind which port. The "
        "bridge fills it from the sources of the frames that it sees.",
        "bridge fdb show br lxcbr0",
        _path(_two(), "a frame to ns2", "ns1", "ns2", told="source learned"),
        "02-bridge",
    )
    yield Term(
        "forwarding",
        "Passing on packets that are meant for others: what makes a host a router. It is off "
        "until you turn it on.",
        "sysctl net.ipv4.ip_forward",
        _changed(
            part(cable, "host/eth0", "host/lxcbr0", sysctls=["net.ipv4.ip_forward"]),
            part(out, "host/eth0", "host/lxcbr0", sysctls=["net.ipv4.ip_forward"]),
        ),
        "05-way-out",
    )
    yield Term(
        "frame",
        "What travels on a wire at layer 2: two MAC addresses, a type, and a packet inside.",
        "tcpdump -n -e -i lxcbr0",
        _path(_two(), "a frame", "ns1", "ns2"),
        "04-cables",
    )
    yield Term(
        "gateway",
        "The neighbour to which packets for other networks are handed. It must be on a network of "
        "your own.",
        "ip route get 203.0.113.80",
        _out(out, "", ""),
        "05-way-out",
    )
    yield Term(
        "ipvlan",
        "A link on top of another that shares its parent's MAC address. The parent sorts what "
        "comes in by IP address.",
        "ip -d link show ipvl0",
        _stacked(AddIpvlan("eth0", "ipvl0", to="ns1"), "ipvl0"),
        "13-ipvlan",
    )
    yield Term(
        "link",
        "An interface of any kind: a network card, a bridge, the end of a cable. A link is in "
        "exactly one namespace.",
        "ip link",
        Picture(part(bare, "host/eth0")),
        "01-docker-picture",
    )
    yield Term(
        "loopback",
        "The link `lo`, by which a namespace talks to itself. Every namespace is born with one, "
        "and it is down.",
        "ip link show lo",
        Picture(_only(snapshots((AddNamespace("ns1"),))[1], "ns1/lo")),
        "03-namespace",
    )
    yield Term(
        "MAC address",
        "The number of a link at layer 2: six bytes, such as `02:00:00:00:00:01`. A bridge without "
        "one of its own takes that of a port.",
        "cat /sys/class/net/eth0/address",
        _changed(part(namespace, "host/lxcbr0"), part(cable, "host/lxcbr0", "host/lxcbr0.1")),
        "02-bridge",
    )
    yield Term(
        "macvlan",
        "A link on top of another, with a MAC address of its own, as if the machine had another "
        "card on the same wire.",
        "ip -d link show macvl0",
        _stacked(AddMacvlan("eth0", "macvl0", to="ns1"), "macvl0"),
        "12-macvlan",
    )
    yield Term(
        "masquerade",
        "Address translation that gives each packet the address of the link by which it leaves, so "
        "that the answers come back.",
        "iptables -t nat -S POSTROUTING",
        _changed(part(cable, "host/eth0"), part(out, "host/eth0", nat=True)),
        "05-way-out",
    )
    yield Term(
        "MTU",
        "The largest packet that a link carries, in bytes; 1500 on Ethernet. A larger packet is "
        "cut into pieces, or refused.",
        "ip link show eth0 | grep -o 'mtu [0-9]*'",
        Picture(part(cable, *pair)),
        "15-what-it-costs",
    )
    yield Term(
        "namespace",
        "A second network stack in the same kernel, with its own links, routes, neighbours and "
        "rules. A new one is empty but for a loopback that is down.",
        "ip netns list",
        _changed(part(bridge, "host/eth0"), part(namespace, "host/eth0", own=["ns1"])),
        "03-namespace",
    )
    yield Term(
        "neighbour",
        "Another machine on the same wire whose MAC address the kernel has found out. The table of "
        "neighbours is what ARP fills.",
        "ip neighbour",
        _path(_two(), "ARP reply", "ns2", "ns1"),
        "04-cables",
    )
    yield Term(
        "port",
        "A link that is plugged into a bridge. What arrives there belongs to the bridge.",
        "bridge link show",
        _changed(part(_unplugged(), *wired[:2]), part(_plugged(), *wired[:2])),
        "04-cables",
    )
    yield Term(
        "promiscuity",
        "How many reasons a link has to take in frames that are meant for others. A bridge asks "
        "its ports for it; so does tcpdump.",
        "ip -d link show eth0 | grep -o 'promiscuity [0-9]*'",
        _changed(
            part(bare, "host/eth0"), part(snapshots((SetPromiscuous("eth0"),))[1], "host/eth0")
        ),
        "09-promiscuous",
    )
    yield Term(
        "route",
        "A line that says by which link, and by which gateway if any, an address is reached. The "
        "longest prefix wins.",
        "ip route",
        Picture(part(out, *pair, routes=True)),
        "05-way-out",
    )
    yield Term(
        "spanning tree",
        "The protocol by which bridges find loops and close ports until there are none. It makes a "
        "new port wait.",
        "brctl showstp lxcbr0",
        _changed(
            part(cable, *wired[:2]), part(_plugged(SetBridge("lxcbr0", stp=True)), *wired[:2])
        ),
        "02-bridge",
    )
    yield Term(
        "tap",
        "A link whose wire ends in a program: what the kernel sends there, the program reads. "
        "Virtual machines are plugged in by one.",
        "ip tuntap show",
        Picture(_tap(bridge)),
    )
    yield Term(
        "veth",
        "A virtual cable: two links made together. What goes in at one end comes out at the other, "
        "and each end may be in a namespace of its own.",
        "ip link add veth0 type veth peer name veth1",
        _changed(part(namespace, own=["host", "ns1"]), part(cable, *pair)),
        "04-cables",
    )
    yield Term(
        "VLAN",
        "One of many networks on one wire, told apart by a number in a tag of each frame.",
        "ip -d link show eth0.7",
        _stacked(AddVlan("eth0", "eth0.7", 7, to="ns1"), "eth0.7"),
        "14-vlan",
    )
    yield Term(
        "VLAN filtering",
        "What makes a bridge keep VLANs apart: each port carries only the VLANs that are set for "
        "it.",
        "bridge vlan show",
        _filtering(),
        "14-vlan",
    )
    yield Term(
        "wire",
        "What two links have in common that hear each other at layer 2: a cable, a bridge with its "
        "ports, the LAN.",
        "bridge link show",
        Picture(part(cable, *wired)),
        "04-cables",
    )


def own() -> Iterator[Term]:
    """nslab's own words."""
    before, after = plugged_in()
    bridge = snapshots(BRIDGE)[1]
    yield Term(
        "action",
        "One change that you want, as a value: it can be shown as commands, done, and undone.",
        'lab.do(AddBridge("lxcbr0"))',
        _changed(part(before, own=["host"]), part(bridge, "host/lxcbr0")),
        python=True,
    )
    yield Term(
        "check",
        "What must be so, held against the kernel. The verdict is ✔ or ✘ with a hint.",
        'lab.check(lesson["B1"])',
        python=True,
    )
    yield Term(
        "diff",
        "What changed between two snapshots. The picture says it beside what it is about: new, "
        "down → up, gone.",
        "compare(before, lab.snapshot())",
        _changed(
            part(before, "host/lxcbr0"), part(after, "host/lxcbr0", "host/lxcbr0.1", "ns1/eth0")
        ),
        python=True,
    )
    yield Term(
        "journey",
        "The way of one packet, put together from the frames that were captured, with what was "
        "rewritten on the way.",
        "seen.journey()",
        _out(snapshots(BRIDGE, NAMESPACE, CABLE, OUT)[4], "192.168.10.11", "→ 198.51.100.10"),
        python=True,
    )
    yield Term(
        "lab",
        "A private host of your own: its network, files in `/etc` and processes are apart from the "
        "machine's, and a small world lies outside of it.",
        "Lab()",
        Picture(snapshots()[0]),
        python=True,
    )
    yield Term(
        "snapshot",
        "Everything that the kernel reported of a lab at one moment; it never changes afterwards.",
        "lab.snapshot()",
        python=True,
    )


def text() -> str:
    """The glossary as a page."""
    return "\n".join(_entry(term) for term in terms())


def _entry(term: Term) -> str:
    anchor = "term-" + term.name.lower().replace(" ", "-")
    kind = "python" if term.python else "shell"
    lines = [f"({anchor})=", f"## {term.name}", "", term.what, "", f"```{kind}", term.command]
    lines += ["```", ""]
    if term.lesson:
        lines += [f"Lesson: {{doc}}`lessons/{term.lesson}`", ""]
    if term.picture:
        lines += ["```{raw} html", f'<div class="small">{term.picture.html}</div>', "```", ""]
    return "\n".join(lines)


# -- pictures ----------------------------------------------------------------------------------


def _changed(before: Snapshot, after: Snapshot) -> Picture:
    return Picture(compare(before, after))


def _only(snapshot: Snapshot, link: str, bare: bool = False) -> Snapshot:
    """One link, without its addresses if ``bare``."""
    found = part(snapshot, link)
    if not bare:
        return found
    host = found.host
    links = tuple(structs.replace(one, addresses=()) for one in host.links)
    return structs.replace(found, namespaces=(structs.replace(host, links=links),))


def _two() -> Snapshot:
    """Two namespaces on one bridge."""
    actions = [*BRIDGE]
    for number in (1, 2):
        ns, port = f"ns{number}", f"lxcbr0.{number}"
        actions += [
            AddNamespace(ns),
            AddVeth(port, "eth0", peer_ns=ns, master="lxcbr0", up=True),
            AddAddress("eth0", f"192.168.10.1{number}/24", ns=ns),
            SetUp("eth0", ns=ns),
        ]
    names = ("host/lxcbr0", "host/lxcbr0.1", "host/lxcbr0.2", "ns1/eth0", "ns2/eth0")
    return part(snapshots(actions)[1], *names)


def _path(snapshot: Snapshot, title: str, start: str, end: str, told: str = "") -> Picture:
    """A frame from a namespace by the bridge to another one."""
    first, last = f"lxcbr0.{start[-1]}", f"lxcbr0.{end[-1]}"
    stops = (
        Stop((start, "eth0"), out=True),
        Stop(("host", first), out=False, told=(told,) if told else ()),
        Stop(("host", last), out=True),
        Stop((end, "eth0"), out=False),
    )
    return PathPicture(Picture(snapshot), Trail(title, stops), f"{title}: {start} → {end}")


def _out(snapshot: Snapshot, old: str, new: str) -> Picture:
    """A packet from the namespace by the host to the outside."""
    shown = part(snapshot, "host/lxcbr0", "host/lxcbr0.1", "host/eth0", "ns1/eth0")
    told = (old, new) if old else ()
    stops = (
        Stop(("ns1", "eth0"), out=True),
        Stop(("host", "lxcbr0.1"), out=False),
        Stop(("host", "lxcbr0"), out=False),
        Stop(("host", "eth0"), out=True, told=told),
    )
    return PathPicture(
        Picture(shown), Trail("a packet that leaves", stops, end="beyond"), "ns1 → outside"
    )


def _tap(snapshot: Snapshot) -> Snapshot:
    """A bridge with a virtual machine's tap, which no action makes: made up."""
    found = part(snapshot, "host/lxcbr0")
    tap = structs.replace(
        snapshot.link("eth0"),
        name="tap0",
        index=9,
        kind="tun",
        addresses=(),
        peer=None,
        master="lxcbr0",
        port=Port(state="forwarding"),
    )
    host = structs.replace(found.host, links=(*found.host.links, tap))
    return structs.replace(found, namespaces=(host,))


def _without_carrier() -> Snapshot:
    return snapshots((*BRIDGE, *NAMESPACE, *CABLE, SetDown("eth0", ns="ns1")))[1]


def _unplugged() -> Snapshot:
    return snapshots((*BRIDGE, AddVeth("lxcbr0.1", "veth-ns1"), *_up("lxcbr0.1", "veth-ns1")))[1]


def _plugged(*more: Action) -> Snapshot:
    return snapshots((*BRIDGE, *NAMESPACE, *CABLE, *more))[1]


def _up(*links: str) -> list[Action]:
    return [SetUp(link) for link in links]


def _stacked(action: AddIpvlan | AddMacvlan | AddVlan, name: str) -> Picture:
    before, after = snapshots(NAMESPACE, (action, SetUp(name, ns="ns1")))[1:]
    return _changed(part(before, "host/eth0", own=["ns1"]), part(after, "host/eth0", f"ns1/{name}"))


def _filtering() -> Picture:
    made = (*BRIDGE, AddVeth("port1", "end1"), Attach("port1", "lxcbr0"), *_up("port1", "end1"))
    steps = (SetBridge("lxcbr0", vlan_filtering=True), SetPortVlan("port1", 7))
    before, after = snapshots(made, steps)[1:]
    return _changed(
        part(before, "host/lxcbr0", "host/port1"), part(after, "host/lxcbr0", "host/port1")
    )
