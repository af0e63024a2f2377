"""What is asked about one stop, and the remedies that many causes share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Interface

from msgspec import structs

from nslab.explain.diagnose import gateways, remedy
from nslab.explain.diagnose.explanation import Obstacle
from nslab.explain.diagnose.former import NONE, Former
from nslab.explain.trace import Hop, Stop, Trace, routing
from nslab.explain.trace.segment import reach
from nslab.network.actions import Action, AddAddress, AddRoute, DeleteAddress, DeleteRoute, SetUp
from nslab.network.model import Link, Namespace, Route, Snapshot
from nslab.sentence import Sentence, lines, sentence

Remark = str | Sequence[str]


class Search:
    """One stop, with what is needed to ask for its cause, and what many causes answer.

    :param former: what links had before
    """

    def __init__(self, snapshot: Snapshot, trace: Trace, stop: Stop, former: Former = NONE) -> None:
        self.former = former
        self.snapshot = snapshot
        self.trace = trace
        self.stop = stop
        self.here = snapshot.namespace(stop.namespace)
        self.ns = remedy.reference(self.here)
        self.way = trace.back or trace.there
        """The half of the way that it stops on."""
        self.hop = self.way[-1]
        """Where it stops."""
        self.blamed: Hop | None = None
        """The hop that is to blame, if that is one before it: the way is told up to there."""

    def made(
        self,
        kind: str,
        where: Namespace,
        message: Sentence,
        actions: Sequence[Action] = (),
        *,
        link: str = "",
        remark: Remark = (),
        command: str = "",
        commands: Sequence[tuple[Namespace, str]] = (),
        after: Remark = (),
    ) -> Obstacle:
        """An obstacle whose hint is a remark and the commands of its actions, or others.

        :param remark: one line, or several: sentences, or commands that lack something
        :param command: a line that no action stands for, for the namespace ``where``
        :param commands: several of them, each with its namespace
        :param after: a remark that comes last
        """
        hint: list[str] = [*remarks(remark)]
        for ns, line in (*([(where, command)] if command else []), *commands):
            hint.append(remedy.typed(ns, line))
        hint += remedy.lines(self.snapshot, actions)
        hint += remarks(after)
        place = f"{where.label}/{link}" if link else where.label
        return Obstacle(
            kind=kind, where=place, message=message, hint=lines(*hint), actions=tuple(actions)
        )

    def free_address(self, here: Namespace, link: Link, towards: str) -> str:
        """One for a link: the one that it had, or one that nobody has; or ""."""
        return gateways.free_address(self.snapshot, here, link, towards, self.former)

    def hears(self, here: Namespace, link: Link, address: str) -> bool:
        """Whether who has an address hears what a link sends, with nothing to be mended."""
        return any(
            each.cost == 0 and routing.holder(each.namespace, address) is not None
            for each in reach(self.snapshot, here, link)
        )

    def nearby(self, here: Namespace, link: Link) -> list[IPv4Interface]:
        """The addresses of who hears what a link sends."""
        return [
            address
            for each, address in gateways.neighbours(self.snapshot, here, link)
            if each.cost == 0
        ]

    def flaw(self, here: Namespace, destination: str, route: Route | None) -> Obstacle | None:
        """A subnet of the namespace's own holds the destination, but no route leads there."""
        if not destination or routing.holder(here, destination) is not None:
            return None
        ns = remedy.reference(here)
        taken = routing.network(route.destination) if route else None
        for link in gateways.ends(here):
            for each in routing.interfaces(link):
                subnet = each.network
                if subnet.prefixlen > 31 or routing.ip(destination) not in subnet:
                    continue
                if taken is not None and taken.prefixlen >= subnet.prefixlen:
                    continue
                if not link.up:
                    message = sentence(
                        "{here}/{link} is down, so {subnet} has no route",
                        here=here.label,
                        link=link.name,
                        subnet=subnet,
                    )
                    actions = [SetUp(link.name, ns=ns)]
                    return self.made("link-down", here, message, actions, link=link.name)
                message = sentence(
                    "{here} has {address} on {link}, but no route to {subnet}",
                    here=here.label,
                    address=each.ip,
                    link=link.name,
                    subnet=subnet,
                )
                return self.made(
                    "no-route", here, message, [AddRoute(str(subnet), dev=link.name, ns=ns)]
                )
            for address, subnet in gateways.wider(self.snapshot, here, link).items():
                reached = route is not None and route.dev == link.name and not route.via
                if routing.ip(destination) in subnet and not reached:
                    return self.lone(here, link, address, subnet.prefixlen)
        return None

    def lone(self, here: Namespace, link: Link, address: str, length: int) -> Obstacle:
        """An address that was given without a prefix length."""
        ns = remedy.reference(here)
        message = alone(f"{here.label}/{link.name}", f"{address}/32")
        actions = (
            AddAddress(link.name, f"{address}/{length}", ns=ns),
            DeleteAddress(link.name, f"{address}/32", ns=ns),
        )
        return self.made("prefix-32", here, message, actions, link=link.name)

    def down(self, here: Namespace, link: str, message: Sentence | None = None) -> Obstacle:
        """A link that is to be set up.

        :param message: says more than that
        """
        message = message or is_down(f"{here.label}/{link}")
        actions = [SetUp(link, ns=remedy.reference(here))]
        return self.made("link-down", here, message, actions, link=link)

    def nobody(self, message: Sentence) -> Obstacle:
        """An address that is not in the snapshot at all."""
        return self.made(
            "nobody-has-address",
            self.here,
            message,
            remark=sentence("check the address; nslab show lists those that there are"),
        )

    def instead(
        self, message: Sentence, route: Route, via: str, ns: Namespace | None = None
    ) -> Obstacle:
        """Another gateway in place of the one that a route names."""
        where = ns or self.here
        flaw = self.flaw(where, via, routing.lookup(where, via))
        if flaw is not None:  # the kernel takes only a gateway that it knows a route to
            return flaw
        inside = remedy.reference(where)
        known = (each for each in where.routes if each.via == route.via)
        table = next((x.table for x in known if x.destination == route.destination), 254)
        if table != 254:
            command = f"ip route replace {route.destination} via {via} table {table}"
            return self.made("wrong-gateway", where, message, command=command)
        actions = (
            DeleteRoute(route.destination, via=route.via, ns=inside),
            AddRoute(route.destination, via=via, ns=inside),
        )
        return self.made("wrong-gateway", where, message, actions)

    def hand_over(
        self,
        here: Namespace,
        to: gateways.Gateway,
        message: Sentence,
        address: str,
        *,
        default: bool,
    ) -> Obstacle:
        """A route to a gateway; first its link, if that is down."""
        if not to.link.up:
            return self.down(here, to.link.name, routeless(f"{here.label}/{to.link.name}"))
        flaw = self.flaw(here, to.address, routing.lookup(here, to.address))
        if flaw is not None:
            return flaw
        subnet = gateways.own_network(self.snapshot, address)
        known = {route.destination for route in here.routes}
        where = "default" if default else str(subnet or f"{address}/32")
        if where in known:
            where = f"{address}/32"
        action = AddRoute(where, via=to.address, ns=remedy.reference(here))
        return self.made("no-route", here, message, [action])


def remarks(remark: Remark) -> Iterator[Sentence]:
    """Lines that are no commands."""
    for line in (remark,) if isinstance(remark, str) else remark:
        if line:
            yield Sentence("# {line}", {"line": line})


def is_down(link: str) -> Sentence:
    return sentence("{link} is down", link=link)


def routeless(link: str) -> Sentence:
    return sentence("{link} is down, and so without routes", link=link)


def without_lo(link: str, here: str) -> Sentence:
    return sentence(
        "{link} is down: all packets to addresses of {here} itself go through it",
        link=link,
        here=here,
    )


def alone(link: str, address: str) -> Sentence:
    return sentence(
        "{link} has {address}: alone, without a route to a subnet", link=link, address=address
    )


def no_route_to(here: str, address: str) -> Sentence:
    return sentence("{here} has no route to {address}", here=here, address=address)


def up_to_the_blamed(search: Search) -> Trace:
    """The trace up to the hop that is to blame: what came of its mistake is left out."""
    trace, blamed = search.trace, search.blamed
    if blamed is None:
        return trace
    undone = tuple(each for each in blamed.rewrites if each.kind == "undone")
    last = structs.replace(blamed, path=(), rivals=(), rewrites=undone)
    for place, hop in enumerate(trace.there):
        if hop is blamed:
            return structs.replace(trace, there=(*trace.there[:place], last), back=())
    place = next(number for number, hop in enumerate(trace.back) if hop is blamed)
    return structs.replace(trace, back=(*trace.back[:place], last))


def wanted(hop: Hop) -> str:
    """Where a hop sends the packet, after what it undid."""
    for each in hop.rewrites:
        if each.what == "destination":
            return each.after.partition(":")[0]
    return hop.destination
