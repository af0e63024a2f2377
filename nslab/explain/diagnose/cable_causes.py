"""Cables and prefixes that are not what both ends take them for."""

from __future__ import annotations

from ipaddress import IPv4Interface

from nslab.explain.diagnose import gateways, remedy
from nslab.explain.diagnose.context import Search
from nslab.explain.diagnose.explanation import Obstacle
from nslab.explain.trace import routing
from nslab.network.actions import Move, SetUp
from nslab.network.model import Link, Namespace
from nslab.sentence import Sentence, sentence


def elsewhere(search: Search) -> Obstacle | None:
    """A cable whose other end is in a namespace that it was not meant for."""
    here = search.snapshot.namespace(search.hop.namespace)
    link = next((each for each in here.links if each.name == search.hop.link_out), None)
    far = search.snapshot.peer(link) if link is not None and link.kind == "veth" else None
    if far is None or link is None or search.stop.kind != "nobody-answers":
        return None
    there, end = far
    owners = [ns for ns, _ in gateways.holders(search.snapshot, search.stop.address)]
    owners = [ns for ns in owners if ns.inode not in (here.inode, there.inode)]
    if len(owners) != 1 or not _stray(there, end):
        return None
    home = owners[0]
    message = sentence(
        "the cable of {here}/{link} leads to {end}, and not to {home}, which has {address}",
        here=here.label,
        link=link.name,
        end=f"{there.label}/{end.name}",
        home=home.label,
        address=search.stop.address,
    )
    return _brought(search, there, end, home, message)


def _stray(there: Namespace, end: Link) -> bool:
    """Whether the end of a cable serves nothing where it is."""
    ours = there.role not in ("world", "host")
    bridges = any(link.kind == "bridge" for link in there.links)
    return ours and not bridges and not end.master and not routing.interfaces(end)


def missing(search: Search) -> Obstacle | None:
    """A namespace without any link, and one loose end of a cable elsewhere."""
    loose = [
        (ns, link)
        for ns in search.snapshot
        for link in ns.links
        if ns.role not in ("world", "host")
        and ns.inode != search.here.inode
        and link.kind == "veth"
        and not link.master
        and not routing.interfaces(link)
    ]
    if len(loose) != 1:
        return None
    there, end = loose[0]
    message = sentence(
        "{here} has no link but lo; {link} is the end of a cable that has no address there",
        here=search.here.label,
        link=f"{there.label}/{end.name}",
    )
    return _brought(search, there, end, search.here, message)


def _brought(
    search: Search, there: Namespace, end: Link, home: Namespace, message: Sentence
) -> Obstacle:
    """The end of a cable is moved to where it belongs."""
    ns, to = remedy.reference(there), remedy.reference(home)
    # A link that is moved is down afterwards.
    actions = [Move(end.name, to=to, ns=ns), SetUp(end.name, ns=to)]
    return search.made("peer-elsewhere", there, message, actions, link=end.name)


def wrong_link(search: Search) -> Obstacle | None:
    """A route with a gateway, by a link that the gateway is not behind."""
    here = search.snapshot.namespace(search.hop.namespace)
    route = search.hop.route
    if route is None or not route.via or search.stop.address != route.via:
        return None
    for link in here.links:
        if link.name == route.dev or not link.up:
            continue
        near = any(routing.ip(route.via) in each.network for each in routing.interfaces(link))
        if near and search.hears(here, link, route.via):
            message = sentence(
                "{here} looks for the gateway {via} behind {link}, but it is behind {other}",
                here=here.label,
                via=route.via,
                link=route.dev,
                other=link.name,
            )
            command = f"ip route replace {route.destination} via {route.via} dev {link.name}"
            command += "" if route.table == 254 else f" table {route.table}"
            return search.made("wrong-gateway", here, message, command=command)
    return None


def prefix(search: Search) -> Obstacle | None:
    """A prefix that is too long to leave a route to the neighbours."""
    return both_alone(search) or too_narrow(search)


def both_alone(search: Search) -> Obstacle | None:
    """Both ends of a cable with addresses that were given without a prefix length."""
    here, address = search.here, search.stop.address
    for link in gateways.ends(here):
        own = [each for each in routing.interfaces(link) if each.network.prefixlen == 32]
        for other, theirs in gateways.neighbours(search.snapshot, here, link):
            if not own or str(theirs.ip) != address or theirs.network.prefixlen != 32:
                continue
            subnet = IPv4Interface(f"{address}/24").network
            if other.cost or own[0].ip not in subnet:
                continue
            message = sentence(
                "{one} and {other} have addresses with /32, alone: neither has a route to the "
                "other",
                one=f"{here.label}/{link.name}",
                other=f"{other.namespace.label}/{other.link.name}",
            )
            commands = [
                (ns, f"ip address {verb} {each.ip}/{length} dev {end.name}")
                for ns, end, each in ((here, link, own[0]), (other.namespace, other.link, theirs))
                for verb, length in (("add", 24), ("del", 32))
            ]
            return search.made("prefix-32", here, message, link=link.name, commands=commands)
    return None


def too_narrow(search: Search) -> Obstacle | None:
    """A prefix that leaves out the neighbours, the gateway among them."""
    here = search.here
    for link in gateways.addressed(here):
        for each in routing.interfaces(link):
            for other in search.nearby(here, link):
                wider = other.network.prefixlen < each.network.prefixlen < 32
                if not wider or each.ip not in other.network or other.ip in each.network:
                    continue
                length = other.network.prefixlen
                message = sentence(
                    "{link} has {address}, its neighbours have /{length}: {other} is out of its "
                    "reach",
                    link=f"{here.label}/{link.name}",
                    address=each,
                    length=length,
                    other=other.ip,
                )
                commands = [
                    (here, f"ip address add {each.ip}/{length} dev {link.name}"),
                    (here, f"ip address del {each} dev {link.name}"),
                ]
                return search.made(
                    "prefix-narrow", here, message, link=link.name, commands=commands
                )
    return None
