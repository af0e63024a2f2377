"""What a hand's gesture in the picture means: the steps that it offers, filled in; pure functions.

A gesture drags something of the palette, or a node, onto a node; a click asks what can be done with
one.  Either leads to forms (:mod:`nslab.jupyter.widgets.forms`) whose fields are filled in as far
as the snapshot suggests something: the learner still says Do it.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Container, Iterable, Mapping

from msgspec import Struct

from nslab.jupyter.widgets.forms import HOST, Value
from nslab.jupyter.widgets.words import say
from nslab.network.model import Link, Namespace, Snapshot


class Offer(Struct, frozen=True):
    """A step: the words for it, the title of its form, and what is filled in."""

    words: str
    title: str
    values: Mapping[str, Value]


PALETTE: tuple[tuple[str, str, str], ...] = (
    ("namespace", say("Namespace"), say("Add a namespace")),
    ("bridge", say("Bridge"), say("Add a bridge")),
    ("container", say("Container"), say("Add a container")),
    ("cable", say("Cable (veth)"), say("Add a cable (veth)")),
    ("macvlan", say("macvlan"), say("Add a macvlan")),
    ("ipvlan", say("ipvlan"), say("Add an ipvlan")),
    ("vlan", say("VLAN"), say("Add a VLAN")),
)
"""What may be dragged into the picture: its name, its words, and the form that it leads to."""

OUTSIDE = say("what is outside of the host cannot be changed")

BESIDE = say(
    "Nothing was done. Drop it inside the dashed line: on a namespace or a link, or beside them for"
    " the host."
)

NOWHERE = say("Nothing was done. Drop it onto another namespace or link in the picture.")


def dropped(snapshot: Snapshot, what: str, onto: str) -> Offer | str:
    """What it means to drop something there; a text says why it means nothing.

    :param what: the name of a thing of the palette, or a node of the picture
    :param onto: a node, as ``ns1`` or ``ns1/eth0``; empty for what takes nothing
    """
    is_new = any(what == name for name, _, _ in PALETTE)
    if not onto:
        return BESIDE if is_new else NOWHERE
    target = _Node(snapshot, onto)
    if target.outside:
        return OUTSIDE
    for name, words, title in PALETTE:
        if what == name:
            return Offer(words, title, _new(snapshot, name, target))
    source = _Node(snapshot, what)
    if source.outside:
        return OUTSIDE
    if source.link is not None and source.link.kind != "bridge":
        return _plugged(source, target)
    return _cable(snapshot, source, target)


class _Node:
    """A node of the picture in a snapshot; ``outside`` if it is not the learner's."""

    def __init__(self, snapshot: Snapshot, thing: str) -> None:
        label, _, name = thing.partition("/")
        spaces = {space.label: space for space in snapshot}
        self.space: Namespace = spaces.get(label, snapshot.host)
        self.outside = self.space.role == "world" or label not in {*spaces, ""}
        self.link: Link | None = next(
            (link for link in self.space.links if name and link.name == name), None
        )

    @property
    def bridge(self) -> str:
        """The bridge that it is, or that it is a port of."""
        if self.link is None:
            return ""
        return self.link.name if self.link.kind == "bridge" else self.link.master


def _new(snapshot: Snapshot, what: str, at: _Node) -> dict[str, Value]:
    space = at.space
    if what in ("namespace", "container"):
        there = {label for each in snapshot for label in (each.label, *each.names)}
        return {"name": _numbered("ns" if what == "namespace" else "app", there)}
    if what == "bridge":
        first = ("lxcbr0",) if space.role == "host" else ()
        return {"name": _numbered("br", _names(space), first=first), "ns": space.label}
    if what == "cable":
        host = snapshot.host
        if space is not host and first_end(space, host) is host:
            return _ends(host, "", space)
        return _ends(space, at.bridge, host)
    parent = at.link.name if at.link else _parent(space)
    values: dict[str, Value] = {"ns": space.label, "parent": parent}
    if what == "vlan":
        free = next(n for n in itertools.count(10, 10) if f"{parent}.{n}" not in _names(space))
        return values | {"name": f"{parent}.{free}", "vlan": str(free)}
    return values | {"name": _numbered("mac" if what == "macvlan" else "ip", _names(space), 0)}


def _ends(space: Namespace, bridge: str, other: Namespace) -> dict[str, Value]:
    """Two names for a cable from a bridge (or a namespace) to a namespace."""
    near, far = _names(space), _names(other)
    if bridge:
        name = _numbered(f"{bridge}.", near)
    elif space.role == "host":
        name = _numbered("veth", near, 0)
    else:
        name = _numbered("eth", near, 0)
    if other is space:
        peer = _numbered("veth", {*near, name}, 0)
    else:
        peer = _numbered("eth" if other.role != "host" else f"veth-{space.label}-", far, 0)
    return {
        "name": name,
        "ns": space.label,
        "peer": peer,
        "peer_ns": other.label,
        "master": bridge or "–",
    }


def first_end(one: Namespace, other: Namespace) -> Namespace:
    """Where a cable between two begins: its first end is the one that a bridge can take.

    :param one: where it begins if both have a bridge, or neither
    """
    bridged = [any(link.kind == "bridge" for link in each.links) for each in (one, other)]
    return other if bridged == [False, True] else one


def _cable(snapshot: Snapshot, source: _Node, target: _Node) -> Offer | str:
    """A cable from one to the other; the end at a bridge comes first, and is its port."""
    if source.space is target.space and source.bridge == target.bridge:
        return say("a cable needs two ends")
    is_first = first_end(source.space, target.space) is source.space
    if not source.bridge and (target.bridge or not is_first):
        source, target = target, source
    words = say("Cable to {name}").format(name=target.space.label)
    return Offer(words, say("Add a cable (veth)"), _ends(source.space, source.bridge, target.space))


def _plugged(source: _Node, target: _Node) -> Offer | str:
    """A link that is dropped onto a bridge or a port of one, or onto a namespace."""
    link = source.link
    assert link is not None
    values: dict[str, Value] = {"ns": source.space.label, "link": link.name}
    if source.space is not target.space:
        words = say("Move to {name}").format(name=target.space.label)
        title = say("Move to another namespace")
        return Offer(words, title, values | {"to": target.space.label})
    if target.bridge:
        words = say("Attach to {name}").format(name=target.bridge)
        return Offer(words, say("Attach to a bridge"), values | {"bridge": target.bridge})
    return say("{name} is in {place} already").format(name=link.name, place=source.space.label)


# -- what a click offers -----------------------------------------------------------------------


def offers(snapshot: Snapshot, thing: str) -> list[Offer]:
    """What can be done with a node, what is likely first."""
    node = _Node(snapshot, thing)
    if node.outside:
        return []
    if node.link is not None:
        return list(_on_link(snapshot, node, node.link))
    return list(_in_space(snapshot, node.space))


def _on_link(snapshot: Snapshot, node: _Node, link: Link) -> Iterable[Offer]:
    here: dict[str, Value] = {"ns": node.space.label, "link": link.name}
    if link.up:
        yield Offer(say("Set down"), say("Set down"), here)
    else:
        yield Offer(say("Set up"), say("Set up"), here)
    address = address_for(snapshot, node.space, link)
    yield Offer(say("Add an address"), say("Add an address"), here | {"address": address})
    if link.name != "lo":
        yield Offer(say("Rename"), say("Rename"), here | {"name": ""})
    if link.kind == "bridge":
        name: dict[str, Value] = {"ns": node.space.label, "name": link.name}
        for space in _own(snapshot):
            if space is not node.space:
                words = say("Cable to {name}").format(name=space.label)
                ends = _ends(node.space, link.name, space)
                yield Offer(words, say("Add a cable (veth)"), ends)
        yield Offer(say("Spanning tree"), say("Spanning tree"), name)
    elif link.name != "lo":
        yield from _elsewhere(snapshot, node, link, here)
    for address in (one.address for one in link.addresses):
        words = say("Delete the address {address}").format(address=address)
        yield Offer(words, say("Delete an address"), here | {"address": address})
    if link.name != "lo":
        yield Offer(say("Delete"), say("Delete a link"), here)


def _elsewhere(
    snapshot: Snapshot, node: _Node, link: Link, here: dict[str, Value]
) -> Iterable[Offer]:
    """Where a link can be attached, or moved to."""
    if link.master:
        words = say("Detach from {name}").format(name=link.master)
        yield Offer(words, say("Detach from its bridge"), here)
    for bridge in (one.name for one in node.space.links if one.kind == "bridge"):
        if bridge != link.master:
            words = say("Attach to {name}").format(name=bridge)
            yield Offer(words, say("Attach to a bridge"), here | {"bridge": bridge})
    for space in _own(snapshot):
        if space is not node.space and link.name not in _names(space):
            words = say("Move to {name}").format(name=space.label)
            yield Offer(words, say("Move to another namespace"), here | {"to": space.label})


def _in_space(snapshot: Snapshot, space: Namespace) -> Iterable[Offer]:
    here: dict[str, Value] = {"ns": space.label}
    down = next((link for link in space.links if link.name == "lo" and not link.up), None)
    if down:
        yield Offer(say("Set up lo"), say("Set up"), here | {"link": "lo"})
    for other in _own(snapshot):
        for link in other.links:
            if link.kind == "bridge" and other is not space:
                words = say("Cable to {name}").format(name=link.name)
                yield Offer(words, say("Add a cable (veth)"), _ends(other, link.name, space))
    bridge = _new(snapshot, "bridge", _Node(snapshot, space.label))
    yield Offer(say("Add a bridge"), say("Add a bridge"), bridge)
    route: dict[str, Value] = {"destination": "default", "via": gateway_for(snapshot, space)}
    yield Offer(say("Add a route"), say("Add a route"), here | route)
    forward: dict[str, Value] = {"key": "net.ipv4.ip_forward", "value": "1"}
    yield Offer(say("Forward packets"), say("Kernel setting"), here | forward)
    yield Offer(say("Masquerade"), say("Masquerade"), here | _masked(space))
    yield Offer(say("Name server"), say("Name server"), {**here, "nameserver": "8.8.8.8"})
    if space.role == "named":
        yield Offer(say("Delete"), say("Delete a namespace"), {"name": space.label})
    elif space.role == "container":
        yield Offer(say("Delete"), say("Delete a container"), {"name": space.label})


def _own(snapshot: Snapshot) -> list[Namespace]:
    return [space for space in snapshot if space.role != "world"]


def _names(space: Namespace) -> set[str]:
    return {link.name for link in space.links}


def _numbered(stem: str, taken: Iterable[str], begin: int = 1, first: tuple[str, ...] = ()) -> str:
    """The first name that is free."""
    there = set(taken)
    stem = stem[:13]
    return next(
        name
        for name in (*first, *(f"{stem}{n}" for n in range(begin, begin + len(there) + 1)))
        if name not in there
    )


def _parent(space: Namespace) -> str:
    names = [link.name for link in space.links if link.name != "lo" and link.kind != "bridge"]
    return names[0] if names else "lo"


def address_for(snapshot: Snapshot, space: Namespace, link: Link) -> str:
    """An address that suits a link: of the network that it is plugged into, else of a new one.

    The first of a network is for what forwards packets for the others: a bridge, if there is one.
    """
    far = snapshot.peer(link)
    is_bridge = link.kind == "bridge"
    at = (space, link) if is_bridge else far
    net = _network_at(snapshot, *at) if at else None
    taken = {
        ipaddress.ip_interface(one.address).ip
        for each in snapshot
        for other in each.links
        for one in other.addresses
    }
    if net is not None:
        return _free_in(net, taken, FIRST if is_bridge else BEHIND)
    for third in range(10, 250, 10):
        fresh = ipaddress.IPv4Network(f"192.168.{third}.0/24")
        if not any(one in fresh for one in taken):
            return _free_in(fresh, taken, BEHIND if far and far[1].master else FIRST)
    return ""


FIRST, BEHIND = 1, 11
"""Numbers within a network: of what forwards packets, and the first of those that it serves."""


def _free_in(net: ipaddress.IPv4Network, taken: Container[object], first: int) -> str:
    """The first address that nobody has, with the network's prefix."""
    last = min(net.num_addresses - 1, 255)
    hosts = (net.network_address + n for n in (first, *range(BEHIND, last)) if n < last)
    free = next((one for one in hosts if one not in taken), None)
    return f"{free}/{net.prefixlen}" if free else ""


def _network_at(snapshot: Snapshot, space: Namespace, link: Link) -> ipaddress.IPv4Network | None:
    """The network of a link, or of the bridge that it is a port of, or of who is on that bridge."""
    owner = next((one for one in space.links if one.name == link.master), link)
    ports = [one for one in space.links if one.master == owner.name]
    others = [far[1] for one in ports if (far := snapshot.peer(one))]
    return next((net for one in (owner, *others) if (net := _network_of(one))), None)


def _network_of(link: Link) -> ipaddress.IPv4Network | None:
    for one in link.addresses:
        found = ipaddress.ip_interface(one.address)
        if isinstance(found, ipaddress.IPv4Interface):
            return found.network
    return None


def gateway_for(snapshot: Snapshot, space: Namespace) -> str:
    """Who can forward the packets of a namespace: the bridge behind one of its links."""
    for link in space.links:
        far = snapshot.peer(link)
        if far is None or not link.addresses:
            continue
        owner = next((one for one in far[0].links if one.name == far[1].master), far[1])
        for one in owner.addresses:
            return one.address.partition("/")[0]
    return ""


def _masked(space: Namespace) -> dict[str, Value]:
    out = next((link.name for link in space.links if link.name != "lo" and not link.master), "")
    nets = [
        str(ipaddress.ip_interface(one.address).network)
        for link in space.links
        if link.kind == "bridge"
        for one in link.addresses
    ]
    return {"source": nets[0] if nets else "", "out": out}


def suggested(snapshot: Snapshot, title: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """What a form suggests for the place that it names: of another place it says something else.

    :param title: the form's
    :param values: what it says; its place is in ``ns``, and ``link`` or ``parent``
    """
    name = values.get("link") or values.get("parent") or ""
    at = _Node(snapshot, f"{values.get('ns', HOST)}/{name}")
    piece = next((piece for piece, _, form in PALETTE if title == form), "")
    if piece in ("bridge", "macvlan", "ipvlan", "vlan"):
        new = _new(snapshot, piece, at)
        return {field: new[field] for field in ("name", "vlan") if field in new}
    if title == say("Add a route"):
        return {"via": gateway_for(snapshot, at.space)}
    if title == say("Masquerade"):
        return _masked(at.space)
    if at.link is not None and title == say("Add an address"):
        return {"address": address_for(snapshot, at.space, at.link)}
    if at.link is not None and title == say("Delete an address"):
        return {"address": next((one.address for one in at.link.addresses), "")}
    return {}


def asked(snapshot: Snapshot) -> list[str]:
    """Whom one may ping: every address of the lab but those of lo in the learner's namespaces."""
    found = [
        one.address.partition("/")[0]
        for space in snapshot
        for link in space.links
        for one in link.addresses
        if not one.address.startswith(("127.", "::1"))
    ]
    return list(dict.fromkeys(found))


__all__ = ["HOST", "PALETTE", "Offer", "asked", "dropped", "offers", "suggested"]
