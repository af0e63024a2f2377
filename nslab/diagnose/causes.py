"""Where a trace stopped → what is wrong, there or at a hop before, and what mends it.

A packet that goes astray stops far from the mistake: at a router that has never heard of its
destination.  So the hops are looked through first for a namespace that should have known better.
"""

from __future__ import annotations

from collections.abc import Sequence

from nslab.actions import (
    Action, AddAddress, AddRoute, Attach, DeleteAddress, DeleteRoute, SetBridge, SetDown, SetUp,
    Sysctl,
)  # fmt: skip
from nslab.diagnose import astray, gateways, remedy
from nslab.diagnose.explanation import Obstacle
from nslab.diagnose.steps import route_words
from nslab.errors import InvalidInput
from nslab.model import Link, Namespace, Route, Snapshot
from nslab.trace import Hop, Stop, Trace, routing
from nslab.trace.segment import NEAR, reach


def obstacle(snapshot: Snapshot, trace: Trace, stop: Stop) -> Obstacle:
    """What is in the way of a trace that stopped."""
    causes = Causes(snapshot, trace, stop)
    try:
        return causes.find()
    except InvalidInput:
        # A name that the kernel has and actions do not take, such as one with a blank in it.
        where = f"{stop.namespace}/{stop.link}" if stop.link else stop.namespace
        return Obstacle(kind=stop.kind, where=where, message=f"{where}: {stop.kind}")


class Causes:
    """The search for the cause of one stop."""

    def __init__(self, snapshot: Snapshot, trace: Trace, stop: Stop) -> None:
        self.snapshot = snapshot
        self.trace = trace
        self.stop = stop
        self.here = snapshot.namespace(stop.namespace)
        self.ns = remedy.reference(self.here)
        self.way = trace.back or trace.there
        self.hop = self.way[-1]

    def find(self) -> Obstacle:
        for hop in self.trace.hops:
            if hop.route is None and not (hop is self.hop and self.stop.kind == "no-route"):
                continue  # nobody asked for a route there
            found = self.flaw(self.snapshot.namespace(hop.namespace), wanted(hop), hop.route)
            if found is not None:
                return found
        found = astray.cause(self)
        if found is not None:
            return found
        method = getattr(self, "_" + self.stop.kind.replace("-", "_"))
        result: Obstacle = method()
        return result

    def made(
        self, kind: str, where: Namespace, message: str, actions: Sequence[Action] = (), *,
        link: str = "", remark: str = "", command: str = "",
    ) -> Obstacle:  # fmt: skip
        """An obstacle whose hint is a remark and the commands of its actions, or another."""
        lines = [f"# {line}" for line in remark.splitlines()]
        lines += remedy.inside(self.snapshot, where, command) if command else []
        lines += remedy.lines(self.snapshot, actions)
        place = f"{where.label}/{link}" if link else where.label
        return Obstacle(
            kind=kind, where=place, message=message, hint="\n".join(lines), actions=tuple(actions)
        )

    # -- what a namespace should have known ----------------------------------------------------

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
                    message = f"{here.label}/{link.name} is down, so {subnet} has no route"
                    actions = [SetUp(link.name, ns=ns)]
                    return self.made("link-down", here, message, actions, link=link.name)
                message = f"{here.label} has {each.ip} on {link.name}, but no route to {subnet}"
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
        message = f"{here.label}/{link.name} has {address}/32: alone, without a route to a subnet"
        actions = (
            AddAddress(link.name, f"{address}/{length}", ns=ns),
            DeleteAddress(link.name, f"{address}/32", ns=ns),
        )
        return self.made("prefix-32", here, message, actions, link=link.name)

    # -- links and bridges ---------------------------------------------------------------------

    def down(self, here: Namespace, link: str, words: str = "") -> Obstacle:
        """A link that is to be set up."""
        message = f"{here.label}/{link} is down{words}"
        actions = [SetUp(link, ns=remedy.reference(here))]
        return self.made("link-down", here, message, actions, link=link)

    def _link_down(self) -> Obstacle:
        if routing.is_loopback(self.here.link(self.stop.link)):
            return self.down(self.here, self.stop.link, ": the way to its own addresses")
        return self.down(self.here, self.stop.link)

    def _not_forwarding(self) -> Obstacle:
        link, state = self.stop.link, self.stop.other
        port = self.here.link(link)
        bridge = self.here.link(port.master)
        delay = bridge.bridge.forward_delay if bridge.bridge else 15
        message = f"{self.here.label}/{link} is a port of {bridge.name}, but {state}"
        actions: list[Action] = []
        if state in ("listening", "learning"):
            wait = delay * (2 if state == "listening" else 1)
            message += ": the spanning tree is on"
            # To turn it off does not shorten the wait of a port that is waiting already.
            actions = [
                SetBridge(bridge.name, stp=False, ns=self.ns),
                SetDown(link, ns=self.ns), SetUp(link, ns=self.ns),
            ]  # fmt: skip
        command = remark = ""
        if state in ("listening", "learning"):
            remark = f"wait {wait:g} seconds at most, or do without the spanning tree:"
        elif state == "blocking":
            remark = f"the spanning tree found a loop: which other ports does {bridge.name} have?"
        else:
            command = f"bridge link set dev {link} state 3"
        return self.made(
            "port-not-forwarding", self.here, message, actions, link=link, remark=remark,
            command=command,
        )  # fmt: skip

    def _not_attached(self) -> Obstacle:
        link, bridge = self.stop.link, self.stop.other
        message = f"{self.here.label}/{link} is no port of {bridge}"
        remark = ""
        if routing.interfaces(self.here.link(link)):
            remark = f"the addresses and routes of {link} then belong on {bridge}"
        return self.made(
            "not-attached", self.here, message, [Attach(link, bridge, ns=self.ns)], link=link,
            remark=remark,
        )  # fmt: skip

    def _wrong_bridge(self) -> Obstacle:
        link, bridge = self.stop.link, self.stop.other
        master = self.here.link(link).master
        message = f"{self.here.label}/{link} is a port of {master}, not of {bridge}"
        actions = [Attach(link, bridge, ns=self.ns)]
        return self.made("wrong-bridge", self.here, message, actions, link=link)

    def _macvlan_parent(self) -> Obstacle:
        link, lower = self.stop.link, self.stop.other
        message = f"{self.here.label}/{link} is a macvlan on {lower}: those two cannot talk"
        remark = f"give the namespace of {lower} a macvlan on {lower} too, and the address to that"
        return self.made("macvlan-parent", self.here, message, link=link, remark=remark)

    def _address_on_port(self) -> Obstacle:
        """Move addresses and routes from a port to its bridge."""
        here, port, bridge, ns = self.here, self.stop.link, self.stop.other, self.ns
        message = (
            f"{here.label}/{port} is a port of {bridge}, which gets what comes in by it: "
            f"its addresses and routes belong on {bridge}"
        )
        actions: list[Action] = [] if here.link(bridge).up else [SetUp(bridge, ns=ns)]
        mine = [
            route for route in here.routes
            if route.dev == port and route.protocol != "kernel" and route.table == 254
            and ":" not in route.destination + route.via
        ]  # fmt: skip
        actions += [
            DeleteRoute(route.destination, via=route.via or None, dev=port, ns=ns)
            for route in mine
        ]
        there = {str(each) for each in routing.interfaces(here.link(bridge))}
        for each in routing.interfaces(here.link(port)):
            actions.append(DeleteAddress(port, str(each), ns=ns))
            if str(each) not in there:
                actions.append(AddAddress(bridge, str(each), ns=ns))
        others = {route.destination for route in here.routes if route.dev != port}
        for route in mine:
            if route.destination not in others:
                dev = None if route.via else bridge
                actions.append(
                    AddRoute(route.destination, via=route.via or None, dev=dev, ns=ns)
                )
        return self.made("address-on-port", here, message, actions, link=port)

    def _out_of_sight(self) -> Obstacle:
        if not self.stop.link:
            message = f"{self.here.label}: a route with several next hops cannot be followed"
        else:
            place = f"{self.here.label}/{self.stop.link}"
            message = f"what is behind {place} cannot be seen from here"
        return self.made("out-of-sight", self.here, message, link=self.stop.link)

    # -- addresses -----------------------------------------------------------------------------

    def _no_address(self) -> Obstacle:
        link = self.stop.link
        address = gateways.free_address(
            self.snapshot, self.here, self.here.link(link), self.stop.address
        )
        message = f"{self.here.label}/{link} has no address to send from"
        actions = [AddAddress(link, address, ns=self.ns)] if address else []
        remark = "" if address else f"ip address add ADDRESS/PREFIX dev {link}"
        return self.made("no-address", self.here, message, actions, link=link, remark=remark)

    def _own_source(self) -> Obstacle:
        address = self.stop.address
        message = (
            f"{self.here.label} has {address} too: it drops what others send from that address"
        )
        return self._twice(self.here, address, message)

    def _answered_elsewhere(self) -> Obstacle:
        address = self.stop.address
        message = f"{self.here.label} has {address} too, and gets the answer"
        return self._twice(self.here, address, message)

    def _duplicate_address(self) -> Obstacle:
        owners = ", ".join(sorted(self.hop.rivals))
        message = f"{self.stop.address} is the address of {owners}: which answers is chance"
        return self._twice(
            self.snapshot.namespace(self.stop.other), self.stop.address, message
        )

    def _twice(self, owner: Namespace, address: str, message: str) -> Obstacle:
        link = routing.holder(owner, address)
        if link is None:
            return self.made("duplicate-address", owner, message)
        actions = [
            DeleteAddress(link.name, str(each), ns=remedy.reference(owner))
            for each in routing.interfaces(link)
            if str(each.ip) == address
        ]
        return self.made("duplicate-address", owner, message, actions, link=link.name)

    def _broadcast(self) -> Obstacle:
        message = f"{self.stop.address} is everybody's on a segment: it is no address of a host"
        return self.made("broadcast", self.here, message)

    def _nobody_answers(self) -> Obstacle:
        link, address, route = self.stop.link, self.stop.address, self.hop.route
        message = f"nobody behind {self.here.label}/{link} has {address}"
        if routing.holder(self.here, address) is not None:
            message = f"{self.here.label} has {address} itself, the gateway that it is to ask"
            return self._twice(self.here, address, message)
        bare = self._bare(link, address)
        if bare is not None:
            return bare
        if route is not None and route.via:
            message += ", the gateway"
            other = gateways.gateway(self.snapshot, self.here, wanted(self.hop), but=address)
            if other is not None and other.link.up:
                return self.instead(message, route, other.address)
            return self.made(
                "nobody-answers", self.here, message, link=link,
                remark=f"ip route change {route.destination} via ADDRESS-OF-THE-ROUTER",
            )  # fmt: skip
        if gateways.holders(self.snapshot, address):
            other = gateways.gateway(self.snapshot, self.here, address)
            if other is not None:
                message += ": it is elsewhere"
                return self.hand_over(self.here, other, message, address, default=False)
            return self.made("nobody-answers", self.here, message, link=link)
        return self.nobody(message)

    def nobody(self, message: str) -> Obstacle:
        """An address that is not in the snapshot at all."""
        return self.made(
            "nobody-has-address", self.here, message,
            remark="check the address; nslab show lists those that there are",
        )  # fmt: skip

    def _bare(self, link: str, address: str) -> Obstacle | None:
        """A neighbour without any address, who may be meant to have this one."""
        own = [
            each.network for each in routing.interfaces(self.here.link(link))
            if routing.ip(address) in each.network
        ]  # fmt: skip
        if not own or gateways.holders(self.snapshot, address):
            return None
        near = reach(self.snapshot, self.here, self.here.link(link))
        bare = [
            each for each in near
            if each.namespace.role != "world" and not routing.interfaces(each.link)
        ]  # fmt: skip
        bare.sort(key=lambda each: (each.cost, each.link.kind != "bridge"))
        for each in bare[:1]:
            where, ns = f"{each.namespace.label}/{each.link.name}", remedy.reference(each.namespace)
            action = AddAddress(each.link.name, f"{address}/{own[0].prefixlen}", ns=ns)
            return self.made(
                "no-address", each.namespace, f"nobody has {address}, and {where} has no address",
                [action], link=each.link.name,
            )  # fmt: skip
        return None

    # -- routes --------------------------------------------------------------------------------

    def instead(self, message: str, route: Route, via: str, ns: Namespace | None = None
                ) -> Obstacle:  # fmt: skip
        """Another gateway in place of the one that a route names."""
        where = ns or self.here
        flaw = self.flaw(where, via, routing.lookup(where, via))
        if flaw is not None:  # the kernel takes only a gateway that it knows a route to
            return flaw
        inside = remedy.reference(where)
        actions = (
            DeleteRoute(route.destination, via=route.via, ns=inside),
            AddRoute(route.destination, via=via, ns=inside),
        )
        return self.made("wrong-gateway", where, message, actions)

    def _no_route(self) -> Obstacle:
        here, address = self.here, self.stop.address
        message = f"{here.label} has no route to {address}"
        ends = gateways.ends(here)
        if not ends:
            return self.made(
                "no-link", here, f"{here.label} has no link but lo",
                remark="give it one end of a veth pair: ip link add … type veth peer name …",
            )  # fmt: skip
        for link in ends:
            for lone, subnet in gateways.wider(self.snapshot, here, link).items():
                return self.lone(here, link, lone, subnet.prefixlen)
        found = gateways.gateway(self.snapshot, here, address)
        if found is not None:
            return self.hand_over(here, found, message, address, default=here.role != "world")
        silent = self._silent_gateway(address)
        if silent is not None:
            return silent
        for link in sorted(ends, key=lambda each: not routing.interfaces(each)):
            if not link.up:
                return self.down(here, link.name, ", and so without routes")
        for link in ends:
            if not routing.interfaces(link):
                free = gateways.free_address(self.snapshot, here, link, address)
                if free:
                    return self.made(
                        "no-address", here, f"{here.label}/{link.name} has no address",
                        [AddAddress(link.name, free, ns=self.ns)], link=link.name,
                    )  # fmt: skip
        for port in here.links:
            if port.master and routing.interfaces(port):
                return self.made(
                    "address-on-port", here,
                    f"{here.label}/{port.name} is a port of {port.master}, but has an address",
                )  # fmt: skip
        if not self.trace.back and not gateways.holders(self.snapshot, address):
            return self.nobody(f"{message}: nobody in this lab has it")
        return self.made("no-route", here, message, remark="ip route add default via GATEWAY")

    def _silent_gateway(self, destination: str) -> Obstacle | None:
        """A neighbour who knows the way further, but has no address to be asked by."""
        for link in gateways.addressed(self.here):
            for each in reach(self.snapshot, self.here, link):
                if each.cost >= NEAR or routing.interfaces(each.link):
                    continue
                if gateways.knows(each.namespace, destination, each.link):
                    own = str(routing.interfaces(link)[0].ip)
                    free = gateways.free_address(
                        self.snapshot, each.namespace, each.link, own
                    )
                    ns = remedy.reference(each.namespace)
                    where = f"{each.namespace.label}/{each.link.name}"
                    message = f"{where} has no address: {self.here.label} has no gateway to ask"
                    return self.made(
                        "no-address", each.namespace, message,
                        [AddAddress(each.link.name, free, ns=ns)] if free else [],
                        link=each.link.name,
                    )  # fmt: skip
        return None

    def hand_over(
        self, here: Namespace, to: gateways.Gateway, message: str, address: str, *, default: bool
    ) -> Obstacle:
        """A route to a gateway; first its link, if that is down."""
        if not to.link.up:
            return self.down(here, to.link.name, ", and so without routes")
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

    def _route_refuses(self) -> Obstacle:
        route = self.hop.route
        words = route_words(route) if route else ""
        actions = [DeleteRoute(route.destination, ns=self.ns)] if route else []
        message = f"{self.here.label} refuses it: route {words}"
        return self.made("route-refuses", self.here, message, actions)

    def _loop(self) -> Obstacle:
        names = " → ".join(hop.namespace for hop in self.way)
        message = f"it goes round in a circle: {names}"
        return self.made("loop", self.here, message, remark="compare their routes: ip route")

    def _no_forwarding(self) -> Obstacle:
        here = self.here
        before = self.way[-2]
        sender = self.snapshot.namespace(before.namespace)
        route = before.route
        if route is not None and route.via and len(gateways.addressed(here)) < 2:
            other = gateways.gateway(
                self.snapshot, sender, wanted(before), but=before.next_hop
            )
            if other is not None and other.link.up:
                message = f"{here.label} is no router, but the gateway of {sender.label}"
                return self.instead(message, route, other.address, sender)
        message = f"{here.label} does not forward: its net.ipv4.ip_forward is 0"
        remark = ""
        first = self.trace.back[0] if self.trace.back else None
        came = self.trace.there[-1].link_in
        if first is not None and first.link_out != came:
            message += f" (the answer leaves {first.namespace} by {first.link_out}, not by {came})"
            remark = (
                f"or let the answer leave by {came}, in {first.namespace}:\n"
                f"ip rule add from {first.source} table 100\n"
                f"ip route add default via GATEWAY dev {came} table 100"
            )
        actions = [Sysctl("net.ipv4.ip_forward", "1", ns=self.ns)]
        return self.made("no-forwarding", here, message, actions, remark=remark)

    def _rp_filter(self) -> Obstacle:
        link, source = self.stop.link, self.stop.address
        back = routing.lookup(self.here, source)
        by = f"leaves by {back.dev}" if back and back.dev else "is missing"
        message = f"{self.here.label} drops it: rp_filter is on, and its route to {source} {by}"
        if by != "is missing":
            message += f", not by {link}"
        actions = [Sysctl("net.ipv4.conf.all.rp_filter", "0", ns=self.ns)]
        return self.made("rp-filter", self.here, message, actions, link=link)


def wanted(hop: Hop) -> str:
    """Where a hop sends the packet, after what it undid."""
    for each in hop.rewrites:
        if each.kind == "undone":
            return each.after
    return hop.destination
