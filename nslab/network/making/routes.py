"""Routes, policy rules, and what somebody has put among neighbours and stations for good."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable
from typing import TypeVar

from msgspec import structs

from nslab.network.actions import AddRoute, DeleteRoute
from nslab.network.diff.switches import USUAL_RULES
from nslab.network.making.pieces import Left, Piece, attempt, line
from nslab.network.making.work import Pieces, Work, named
from nslab.network.model import FdbEntry, Namespace, PolicyRule, Route

_BY_ITSELF = ("kernel", "ra", "redirect")
"""Protocols of routes that nobody adds by hand, as a rule."""

One = TypeVar("One", Route, PolicyRule)

_EMPTY = Namespace(inode=0, role="", label="")


def routes(work: Work) -> Pieces:
    """Take away and add routes: those over a gateway when the way to it is there."""
    for label in work.spaces():
        ns = named(label)
        now = _plain(work.after.spaces[label])
        follow = {where[1] for where in work.readdressed if where[0] == label}
        was = _still_there(work, label)
        # An IPv6 link's own routes come and go a little later than what they follow from.
        gone = [one for one in _beyond(was, now) if not _goes(work, label, one)]
        added = [one for one in _beyond(now, was) if not _follows(one, follow)]
        early, late = _when_deleted(gone, added)
        made = _made_by_kernel(work, label)
        late += _beyond(made, now)
        yield from (_without(ns, one, was) for one in early)
        there = [one for one in was if one not in early] + made
        yield from _added(ns, added, there, now)
        yield from (_without(ns, one, was) for one in late)


def _added(ns: str | None, added: list[Route], there: list[Route], now: list[Route]) -> Pieces:
    """Add routes, what gateways are reached by first."""
    for one in sorted(added, key=lambda one: bool(one.via or one.hops)):
        steps = _steps(one, there)
        yield from (line(ns, "ip", *_family(one), "route", "append", *step) for step in steps)
        yield _with(ns, one, now)
        yield from (line(ns, "ip", *_family(one), "route", "delete", *step) for step in steps)
        there.append(one)


def _when_deleted(gone: list[Route], added: list[Route]) -> tuple[list[Route], list[Route]]:
    """What is deleted before others are added, and what afterwards.

    A gateway may be reached by a subnet's route that is deleted later; but where one is replaced by
    another, there is no room for both.
    """

    def place(one: Route) -> tuple[str, int, int]:
        return (one.destination, one.metric, one.table)

    taken = {place(one) for one in added}
    late = [one for one in gone if one.protocol == "kernel" and place(one) not in taken]
    return [one for one in gone if one not in late], late


def _steps(route: Route, there: list[Route]) -> list[tuple[str, ...]]:
    """Routes that must be there while one over a gateway is added.

    The kernel takes a route only if its gateway can be reached then (fib_check_nh(), in
    net/ipv4/fib_semantics.c), and keeps it when the way to the gateway is deleted.
    """
    ways = [] if route.onlink else [(route.via, route.dev), *((h.via, h.dev) for h in route.hops)]
    missing = [way for way in ways if all(way) and not any(_leads(one, *way) for one in there)]
    return [(via, "dev", dev, "scope", "link") for via, dev in missing]


def _leads(route: Route, via: str, dev: str) -> bool:
    """Whether a gateway can be reached by a route, over a link."""
    direct = route.kind == "unicast" and not (route.via or route.hops) and route.dev == dev
    if not direct or route.destination == "default":
        return direct
    net, gateway = ipaddress.ip_network(route.destination, False), ipaddress.ip_address(via)
    return net.version == gateway.version and gateway in net


def _plain(ns: Namespace) -> list[Route]:
    return [structs.replace(one, dead=False) for one in (*ns.routes, *ns.local)]


def _follows(route: Route, links: Iterable[str]) -> bool:
    """Whether the kernel makes a route, or takes it away, for an address of a link."""
    if route.protocol not in _BY_ITSELF:
        return False
    return route.dev in links or ":" in route.destination or route.destination.startswith("ff")


def _goes(work: Work, label: str, route: Route) -> bool:
    """Whether a route goes with the address that the kernel made it for."""
    if ":" in route.destination:
        return _follows(route, ())
    taken = work.taken.get((label, route.dev), [])
    return route.protocol in _BY_ITSELF and any(
        route.source == one.address.partition("/")[0] for one in taken
    )


def _made_by_kernel(work: Work, label: str) -> list[Route]:
    """IPv4's routes to the subnets of links that were set up or given addresses.

    A person may have deleted them since: then they must be deleted again.
    As fib_add_ifaddr() makes them: for the first address of a subnet, on a link that is up.
    """
    found = []
    for link in work.after.spaces[label].links:
        theirs = [one for one in link.addresses if ":" not in one.address]
        for place, one in enumerate(theirs):
            net = ipaddress.ip_interface(one.address).network
            first = all(ipaddress.ip_interface(o.address).network != net for o in theirs[:place])
            new = one in work.given.get((label, link.name), [])
            plain = net.prefixlen < 32 and not net.is_loopback
            if link.up and new and first and plain:
                source = one.address.partition("/")[0]
                found.append(_connected(str(net), link.name, source))
    return found


def _connected(subnet: str, dev: str, source: str) -> Route:
    return Route(destination=subnet, dev=dev, source=source, scope="link", protocol="kernel")


def _still_there(work: Work, label: str) -> list[Route]:
    """The routes that what was done so far has left, by the links' present names."""
    names = {was[1]: where[1] for where, was in work.same.items() if where[0] == was[0] == label}
    bare = {where[1] for where in work.bare if where[0] == label}
    found = []
    for one in _plain(work.before.spaces.get(label, _EMPTY)):
        if not one.dev or one.dev in names:
            one = structs.replace(one, dev=names.get(one.dev, ""))
            if one.dev not in bare and not bare.intersection(hop.dev for hop in one.hops):
                found.append(one)
    return found


def _is_plain(route: Route) -> bool:
    """Whether an action can say it whole."""
    six = _six(route)
    natural = "global" if route.via or six else "link"
    usual = Route(
        destination=route.destination,
        via=route.via,
        dev=route.dev,
        metric=1024 if six else 0,
        scope=natural,
    )
    return route == usual


def _six(route: Route) -> bool:
    said = route.destination + route.via + route.source + "".join(hop.via for hop in route.hops)
    return ":" in said or (route.destination == "default" and not said and route.metric == 1024)


def _words(route: Route) -> list[str]:
    words = [] if route.kind == "unicast" else [route.kind]
    words += [route.destination]
    words += ["via", route.via] if route.via else []
    words += ["dev", route.dev] if route.dev else []
    words += ["src", route.source] if route.source else []
    words += ["metric", str(route.metric)] if route.metric else []
    words += ["table", str(route.table)] if route.table != 254 else []
    words += ["proto", route.protocol] if route.protocol != "boot" else []
    if not _six(route):
        words += ["scope", route.scope] if not route.hops else []
    words += ["mtu", str(route.mtu)] if route.mtu else []
    words += ["onlink"] if route.onlink else []
    for hop in route.hops:
        words += ["nexthop"] + (["via", hop.via] if hop.via else [])
        words += (["dev", hop.dev] if hop.dev else []) + ["weight", str(hop.weight)]
    return words


def _family(route: Route) -> list[str]:
    return ["-6"] if _six(route) else []


def _with(ns: str | None, route: Route, among: list[Route]) -> Piece:
    same = (route.destination, route.metric, route.table)
    alone = sum((one.destination, one.metric, one.table) == same for one in among) == 1
    if alone and _is_plain(route) and (route.via or route.dev):
        # Where the gateway's link is clear, people leave it out; it is always right to say it.
        return AddRoute(route.destination, via=route.via or None, dev=route.dev or None, ns=ns)
    verb = "add" if alone else "append"
    return line(ns, "ip", *_family(route), "route", verb, *_words(route))


def _without(ns: str | None, route: Route, among: list[Route]) -> Piece:
    alone = sum(one.destination == route.destination for one in among) == 1
    if _is_plain(route) and alone:
        return DeleteRoute(route.destination, via=route.via or None, dev=route.dev or None, ns=ns)
    return line(ns, "ip", *_family(route), "route", "delete", *_words(route))


# -- policy rules -------------------------------------------------------------------------------

_TABLES = {255: "local", 254: "main", 253: "default"}


def policy(work: Work) -> Pieces:
    """Take away and add rules about which table is asked."""
    for label in work.spaces():
        old = work.before.spaces.get(label, _EMPTY).policy or USUAL_RULES
        new = work.after.spaces[label].policy or USUAL_RULES
        for verb, some in (("delete", _beyond(old, new)), ("add", _beyond(new, old))):
            for rule in some:
                yield from attempt(_rule(named(label), verb, rule), work.left)


def _beyond(some: Iterable[One], others: Iterable[One]) -> list[One]:
    left = Counter(some)
    left.subtract(Counter(others))
    return [one for one, count in left.items() for _ in range(count)]


def _rule(ns: str | None, verb: str, rule: PolicyRule) -> Pieces:
    if rule.unknown:
        raise Left(f"a rule with {rule.unknown}")
    words = ["not"] if rule.inverted else []
    words += ["from", rule.source or "all"]
    words += ["to", rule.destination] if rule.destination else []
    words += ["iif", rule.incoming] if rule.incoming else []
    words += ["oif", rule.outgoing] if rule.outgoing else []
    if rule.mark is not None:
        mask = "" if rule.mask == 0xFFFFFFFF else f"/{rule.mask:#x}"
        words += ["fwmark", f"{rule.mark:#x}{mask}"]
    words += ["priority", str(rule.priority)]
    if rule.action == "lookup":
        words += ["lookup", _TABLES.get(rule.table, str(rule.table))]
        words += ["suppress_prefixlength", str(rule.suppressed)] if rule.suppressed >= 0 else []
    else:
        words += [rule.action, str(rule.goto)] if rule.action == "goto" else [rule.action]
    yield line(ns, "ip", "rule", verb, *words)


# -- neighbours and stations --------------------------------------------------------------------


def neighbours(work: Work) -> Pieces:
    """Static neighbours, and those that are answered for."""
    for label in work.spaces():
        ns, new = named(label), work.after.spaces[label]
        old = work.before.spaces.get(label, _EMPTY)
        was, now = (
            {(one.dev, one.address): one for one in each.static_neighbours} for each in (old, new)
        )
        names = {link.name for link in new.links}
        for dev, address in was:
            if (dev, address) not in now and dev in names:
                yield line(ns, "ip", "neighbour", "delete", address, "dev", dev)
        for (dev, address), one in now.items():
            if was.get((dev, address)) != one or (label, dev) in work.bare:
                words = (address, "lladdr", one.mac, "dev", dev, "nud", "permanent")
                yield line(ns, "ip", "neighbour", "replace", *words)
        yield from _answered_for(ns, old, new)


def _answered_for(ns: str | None, old: Namespace, new: Namespace) -> Pieces:
    names = {link.name for link in new.links}
    before, after = ({(one.address, one.dev) for one in each.proxied} for each in (old, new))
    for verb, some in (("delete", before - after), ("add", after - before)):
        for address, dev in sorted(some):
            if dev in names:
                yield line(ns, "ip", "neighbour", verb, "proxy", address, "dev", dev)


def stations(work: Work) -> Pieces:
    """Static entries of forwarding tables, and where tunnels send what."""
    for label in work.spaces():
        ns, new = named(label), work.after.spaces[label]
        old = work.before.spaces.get(label, _EMPTY)
        was, now = (
            {(one.dev, one.mac, one.remote, one.own): one for one in each.static_stations}
            for each in (old, new)
        )
        names = {link.name for link in new.links}
        for key, one in was.items():
            if key not in now and one.dev in names:
                yield line(ns, "bridge", "fdb", "delete", *_station(one))
        for key, one in now.items():
            if was.get(key) != one:
                yield line(
                    ns, "bridge", "fdb", "append" if one.remote else "replace", *_station(one)
                )


def _station(one: FdbEntry) -> list[str]:
    words = [one.mac, "dev", one.dev]
    if one.remote:
        return [*words, "dst", one.remote, "self", "permanent"]
    return [*words, "master", "static", *(["sticky"] if one.sticky else [])]
