"""Links that come, go, move or are called otherwise."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from msgspec import structs

from nslab.network.actions import (
    IPVLAN_MODES,
    MACVLAN_MODES,
    AddBridge,
    AddIpvlan,
    AddMacvlan,
    AddVeth,
    AddVlan,
    DeleteLink,
    Move,
    Rename,
    SetDown,
)
from nslab.network.making.pairing import Where
from nslab.network.making.pieces import Left, Line, attempt, line
from nslab.network.making.work import Pieces, Work, named, place
from nslab.network.model import Link

_SIMPLE = ("dummy", "ifb", "nlmon", "vcan", "wireguard")
"""Kinds that need no more than a name."""


def go(work: Work) -> Pieces:
    """Delete what is not there afterwards, each pair once, and nothing that goes with another."""
    kept = set(work.same.values())
    going = {where: link for where, link in work.before.links.items() if where not in kept}
    wanted = {where for where in work.after.links if work.same.get(where) != where}
    done: set[Where] = set()
    for where, link in going.items():
        other = work.before.peer(link)
        pair = link.kind == "veth"
        with_space = where[0] not in work.after.spaces
        with_other = other in done if pair else other in going
        if pair and other is not None and other[0] not in work.after.spaces:
            with_other = where not in wanted  # it goes a little later than the other's namespace
        if with_space or with_other or link.name == "lo":
            continue
        done.add(where)
        if link.kind:
            yield DeleteLink(link.name, ns=named(where[0]))
            _let_ports_go(work, where)
        else:
            work.left.append(f"no {place(where)}, which is a device")


def _let_ports_go(work: Work, bridge: Where) -> None:
    """What was a port of a bridge that is deleted is a port of nothing."""
    for where, was in work.same.items():
        if (was[0], work.before.links[was].master) == bridge:
            work.base[where] = structs.replace(work.base[where], master="", port=None)


def change_places(work: Work) -> Pieces:
    """Put links into other namespaces, and give them other names."""
    now = dict(work.same)
    while waiting := [where for where, at in now.items() if where != at]:
        taken = set(now.values())
        free = (where for where in waiting if not _on_the_way(now[where], where) & taken)
        if ready := next(free, None):
            yield from _moved(work, ready, now[ready], ready)
            now[ready] = ready
        else:  # each is in another's way
            first = waiting[0]
            places = ((now[first][0], f"aside{number}") for number in count())
            aside = next(place for place in places if place not in taken)
            yield from _moved(work, first, now[first], aside)
            now[first] = aside


def _on_the_way(at: Where, to: Where) -> set[Where]:
    """The places that a link comes by: it is moved first, then renamed."""
    return {(to[0], at[1]), to} - {at}


def _moved(work: Work, where: Where, at: Where, to: Where) -> Pieces:
    old = work.base[where]
    if to[0] != at[0]:
        yield Move(at[1], to=named(to[0]), ns=named(at[0]))
        old = structs.replace(old, settings={}, master="", port=None, queue="", addresses=())
    elif old.up:
        yield SetDown(at[1], ns=named(at[0]))  # kernels before 6.2 want it so
        v4 = tuple(one for one in old.addresses if ":" not in one.address)
        old = structs.replace(old, addresses=v4)
    if to[1] != at[1]:
        yield Rename(at[1], to[1], ns=named(to[0]))
    work.base[where] = structs.replace(old, up=False, name=where[1])
    work.bare.add(where)
    work.readdressed.add(where)


def come(work: Work) -> Pieces:
    """Make what is there afterwards only, what others stand on first."""
    for label, ns in work.after.spaces.items():
        if label not in work.before.spaces and (label, "lo") in work.after.links:
            work.made((label, "lo"), ns.link("lo"))
    waiting = {
        where: link
        for where, link in work.after.links.items()
        if where not in work.base and where[1] != "lo"
    }
    while ready := next((where for where, link in waiting.items() if _stands(work, link)), None):
        link = waiting.pop(ready)
        pieces = attempt(_made(work, ready, link), work.left)
        yield from pieces
        other = work.after.peer(link)
        pair = {ready: link}
        if link.kind == "veth" and other in waiting:
            pair[other] = waiting.pop(other)
        if pieces:
            for where, each in pair.items():
                work.made(where, each)
    work.left += [f"link {place(where)}" for where in waiting]


def _stands(work: Work, link: Link) -> bool:
    """Whether what a link stands on is there; a pair stands on nothing."""
    below = work.after.peer(link)
    return link.kind == "veth" or below is None or below in work.base


def _made(work: Work, where: Where, link: Link) -> Pieces:
    makers: dict[str, Callable[[Work, Where, Link], Pieces]] = {
        "bridge": _bridge,
        "veth": _veth,
        "macvlan": _stacked,
        "ipvlan": _stacked,
        "vlan": _stacked,
        "vxlan": _vxlan,
        "tun": _tun,
    }
    if link.kind in _SIMPLE:
        yield line(named(where[0]), "ip", "link", "add", link.name, "type", link.kind)
    elif link.kind in makers:
        yield from makers[link.kind](work, where, link)
    else:
        raise Left(f"link {place(where)} of kind {link.kind or 'device'}")


def _mac(link: Link) -> str | None:
    """The MAC that somebody gave it; what the kernel drew, it draws again."""
    return link.mac if link.mac_origin == "set" else None


def _bridge(work: Work, where: Where, link: Link) -> Pieces:
    own = link.bridge
    if own is None:
        yield AddBridge(link.name, ns=named(where[0]))
        return
    yield AddBridge(
        link.name,
        stp=True if own.stp else None,
        forward_delay=None if own.forward_delay == 15 else own.forward_delay,
        multicast_snooping=None if own.multicast_snooping else False,
        ns=named(where[0]),
    )


def _veth(work: Work, where: Where, link: Link) -> Pieces:
    other = work.after.peer(link)
    if other is None:
        raise Left(f"link {place(where)}, whose other end is out of sight")
    there = work.after.links[other]
    if other in work.base:
        raise Left(f"link {place(where)}, whose other end is {place(other)}")
    yield AddVeth(
        link.name,
        there.name,
        ns=named(where[0]),
        peer_ns=named(other[0]),
        mac=_mac(link),
        peer_mac=_mac(there),
    )


def _stacked(work: Work, where: Where, link: Link) -> Pieces:
    below = work.after.peer(link)
    if below is None:
        raise Left(f"link {place(where)}, which stands on something out of sight")
    ns, to = named(below[0]), None if where[0] == below[0] else where[0]
    if to == "host":
        yield _from_inside(ns, below[1], link)
    elif link.kind == "vlan":
        yield AddVlan(below[1], link.name, link.vlan, ns=ns, to=to)
    elif link.kind == "ipvlan" and link.mode in IPVLAN_MODES:
        yield AddIpvlan(below[1], link.name, mode=link.mode, ns=ns, to=to)
    elif link.kind == "macvlan" and link.mode in MACVLAN_MODES:
        yield AddMacvlan(below[1], link.name, mode=link.mode, ns=ns, to=to, mac=_mac(link))
    else:
        raise Left(f"link {place(where)} of mode {link.mode}")


def _from_inside(ns: str | None, below: str, link: Link) -> Line:
    """A link of the host's that stands on one in a namespace: no action makes it.

    It is what remains when the host's card is moved away from below it.
    """
    words = ["link", below, "name", link.name, "netns", "1"]
    words += ["address", link.mac] if _mac(link) else []
    words += ["type", link.kind]
    words += ["id", str(link.vlan)] if link.kind == "vlan" else ["mode", link.mode]
    return line(ns, "ip", "link", "add", *words)


def _vxlan(work: Work, where: Where, link: Link) -> Pieces:
    tunnel, below = link.tunnel, work.after.peer(link)
    if tunnel is None or (below is not None and below[0] != where[0]):
        raise Left(f"tunnel {place(where)}")
    words = ["id", str(tunnel.number), "dstport", str(tunnel.port)]
    words += ["local", tunnel.local] if tunnel.local else []
    words += ["remote", tunnel.remote] if tunnel.remote else []
    words += ["dev", tunnel.dev] if tunnel.dev else []
    words += [] if tunnel.learning else ["nolearning"]
    yield line(named(where[0]), "ip", "link", "add", link.name, "type", "vxlan", *words)


def _tun(work: Work, where: Where, link: Link) -> Pieces:
    mode = "tap" if link.mac else "tun"
    yield line(named(where[0]), "ip", "tuntap", "add", "dev", link.name, "mode", mode)
