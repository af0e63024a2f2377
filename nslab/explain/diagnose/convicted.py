"""Obstacles that the evidence names itself: who dropped a packet, refused or rejected it."""

from __future__ import annotations

import errno
import ipaddress
from collections.abc import Callable

from nslab.explain.diagnose import remedy
from nslab.explain.diagnose.explanation import Obstacle
from nslab.explain.diagnose.question import Question
from nslab.explain.diagnose.sighted import Lost, Way
from nslab.explain.trace import routing
from nslab.explain.trace.segment import reach
from nslab.network.actions import ResolvConf, SetUp
from nslab.network.evidence import Evidence, Ruling
from nslab.network.model import Link, Namespace, Neighbour

_PROHIBITED = {(3, 9), (3, 10), (3, 13)}
_PROHIBITED6 = {(1, 1), (1, 5), (1, 6)}
_NO_WAY = {(3, 0), (3, 1), (3, 13)}
_NO_WAY6 = {(1, 0), (1, 3), (1, 6)}
_CLOSED = {(3, 3), (1, 4)}
LOCAL = "127."


class Case:
    """What a verdict is found from."""

    def __init__(self, question: Question, evidence: Evidence, way: Way, lost: Lost) -> None:
        self.question, self.evidence, self.way, self.lost = question, evidence, way, lost
        self.outcome = evidence.outcome

    def at(self, label: str) -> Namespace:
        return self.way.namespace(label) or self.way.origin

    def hint(self, label: str, *commands: str) -> str:
        """Command lines to be typed for a namespace."""
        here = self.at(label)
        lines = [
            line for command in commands for line in remedy.inside(self.way.snapshot, here, command)
        ]
        return "\n".join(lines)


def obstacle(case: Case) -> Obstacle | None:
    """The first of the verdicts that the evidence bears out; None if it names nobody."""
    for verdict in _VERDICTS:
        found = verdict(case)
        if found is not None:
            return found
    return None


def dropped(case: Case) -> Obstacle | None:
    """By a rule or a policy of nf_tables that was seen to drop the packet."""
    half = "answer" if case.lost.answering else "request"
    drops = [one for one in case.evidence.rulings if one.verdict == "drop"]
    there = [one for one in drops if one.ns == case.lost.ns and one.what != "other"]
    here = [one for one in there if one.what in (half, "request")] or there
    if case.outcome.kind in ("refused", "error"):  # what was seen last is the refusal
        here = [one for one in drops if one.what == "request"] or here
    return _by(case, here[-1]) if here else None


def _by(case: Case, ruling: Ruling) -> Obstacle:
    what = "the answer" if ruling.what == "answer" else "it"
    chain = f"{ruling.family} {ruling.table} {ruling.chain}"
    by_iptables = ruling.tool in ("iptables", "ip6tables")
    table = "" if ruling.table == "filter" else f" -t {ruling.table}"
    if not ruling.rule:
        message = f"{ruling.ns} drops {what}: the policy of chain {ruling.chain} is drop"
        message += f" ({ruling.tool}, table {ruling.table})"
        command = f"nft 'chain {chain} {{ policy accept; }}'"
        if by_iptables:
            command = f"{ruling.tool}{table} -P {ruling.chain} ACCEPT"
        kind = "filter-drop"
    else:
        rejects = "reject" in ruling.rule.lower()
        kind = "filter-reject" if rejects else "filter-drop"
        does = "rejects" if rejects else "drops"
        message = f"{ruling.ns} {does} {what} by a rule of {ruling.tool}: {ruling.rule}"
        if not by_iptables:
            message += f" (chain {chain})"
        command = f"nft delete rule {chain} handle {ruling.handle}"
        if by_iptables:
            command = f"{ruling.tool}{table} {ruling.rule.replace('-A', '-D', 1)}"
    return Obstacle(kind=kind, where=ruling.ns, message=message, hint=case.hint(ruling.ns, command))


def dropped_by_old_rules(case: Case) -> Obstacle | None:
    """By iptables-legacy, which only counts."""
    for one in case.evidence.counted:
        if one.kind == "rule" and one.ns == case.lost.ns:
            tool, _, rule = one.where.partition(" ")
            rejects = "-j REJECT" in rule
            message = f"{one.ns} {'rejects' if rejects else 'drops'} it by {tool}-legacy: {rule}"
            undo = rule.replace(" DROP", " ACCEPT") if " -P " in rule else rule.replace("-A", "-D")
            return Obstacle(
                kind="filter-reject" if rejects else "filter-drop",
                where=one.ns,
                message=message,
                hint=case.hint(one.ns, f"{tool}-legacy {undo}"),
            )
    return None


def refused(case: Case) -> Obstacle | None:
    """By a reset, or by the error that a datagram gets: nobody waits at the port."""
    if case.outcome.kind != "refused" and case.outcome.icmp not in _CLOSED:
        return None
    said = next((one for one in case.evidence.sightings if one.what in ("reset", "error")), None)
    place = case.way.holder(case.question.address)[0] or case.lost.ns
    if said is not None:
        inside = said.way == "out" or said.place.link == "lo"
        place = said.place.ns if inside else case.way.holder(said.source)[0] or place
    if said is not None and said.what == "error" and _rejects(case, place):
        message = f"{place} rejects it: {said.words}"
        hint = "# a rule of its packet filter:\n" + case.hint(place, "nft list ruleset")
        return Obstacle(kind="filter-reject", where=place, message=message, hint=hint)
    return _closed(case, place, said.source if said is not None else case.question.address)


def _rejects(case: Case, place: str) -> bool:
    """Whether an error comes from a rule: no kernel sends it for TCP, nor for another's address."""
    requests = [one.target for one in case.way.seen if one.what == "request"]
    meant = requests[-1] if requests else case.question.address
    held = case.way.holder(meant)[0]
    return case.evidence.probe.protocol == "tcp" or held not in ("", place)


def _closed(case: Case, place: str, asked: str) -> Obstacle:
    port = case.evidence.probe.port
    protocol = "tcp" if case.evidence.probe.protocol == "tcp" else "udp"
    others = [one.address for one in case.evidence.listeners if one.ns == place]
    if others and asked not in others and not {"0.0.0.0", "::"} & set(others):
        message = f"{place} refuses: at port {port} ({protocol}) it listens on "
        message += f"{' and '.join(others)} only, not on {asked}"
        remark = "# start the server so that it listens on 0.0.0.0, or on that address"
        return Obstacle(kind="port-elsewhere", where=place, message=message, hint=remark)
    message = f"{place} refuses: nothing listens at port {port} ({protocol}) there"
    hint = "# start the server; what listens there:\n"
    hint += case.hint(place, f"ss -l{'t' if protocol == 'tcp' else 'u'}np")
    return Obstacle(kind="port-closed", where=place, message=message, hint=hint)


def reported(case: Case) -> Obstacle | None:
    """An ICMP error that names its cause."""
    outcome = case.outcome
    if outcome.kind != "error":
        return None
    owner, _ = case.way.holder(outcome.source)
    place = owner or outcome.source
    six = case.question.v6
    if outcome.icmp == ((2, 0) if six else (3, 4)):
        return _too_big(case, place, outcome.mtu)
    if outcome.icmp == ((3, 0) if six else (11, 0)):
        return Obstacle(
            kind="ttl-exceeded",
            where=place,
            message=f"{place} drops it: its time to live is used up",
            hint="# each router takes one from it: does it go in a circle, or begin too low?\n"
            + case.hint(case.way.origin.label, "sysctl net.ipv4.ip_default_ttl"),
        )
    if outcome.icmp in (_PROHIBITED6 if six else _PROHIBITED):
        message = f"{place} rejects it: {outcome.words}"
        return Obstacle(kind="filter-reject", where=place, message=message)
    return None


def _too_big(case: Case, place: str, mtu: int) -> Obstacle:
    head = 48 if case.question.v6 else 28
    message = f"{place} cannot pass it on: it is larger than the MTU there"
    message += f", {mtu} bytes" if mtu else ""
    hint = f"# a ping carries {mtu - head} bytes at most there (the headers take {head})"
    label, _, name = place.partition("/")
    small = [link.name for link in case.at(label).links if link.mtu == mtu]
    needed = (case.question.size or 0) + head
    if name in small or len(small) == 1:
        hint += ", or give it an MTU that fits:\n"
        hint += case.hint(label, f"ip link set dev {name or small[0]} mtu {max(1500, needed)}")
    return Obstacle(kind="too-big", where=place, message=message, hint=hint if mtu else "")


def not_taken(case: Case) -> Obstacle | None:
    """The kernel did not take the packet from the probe's own socket."""
    if case.outcome.kind != "unsent":
        return None
    here, address = case.way.origin.label, case.question.address
    number = case.outcome.errno
    look = f"ip route get {address}"
    match number:
        case errno.EPERM:
            message = f"{here} drops it before it leaves: a packet filter, at output"
            return Obstacle(kind="filter-drop", where=here, message=message)
        case errno.EMSGSIZE:
            mtu = min((link.mtu for link in case.way.origin.links if link.mtu), default=0)
            return _too_big(case, here, mtu)
        case errno.ENETUNREACH:
            message = f"{here} has no route to {address}: its kernel says so"
            return Obstacle(
                kind="no-route", where=here, message=message, hint=case.hint(here, look)
            )
        case errno.EACCES | errno.EINVAL:
            message = f"{here} refuses it: its route to {address} says prohibit or blackhole"
            return Obstacle(
                kind="route-refuses", where=here, message=message, hint=case.hint(here, look)
            )
    return None


def reverse_path(case: Case) -> Obstacle | None:
    """rp_filter counts what it drops, and nothing else counts there."""
    for one in case.evidence.counted:
        if one.name == "TcpExtIPReversePathFilter" and one.ns == case.lost.ns:
            link = f" that came in by {case.lost.link}" if case.lost.link else ""
            key = f"net/ipv4/conf/{case.lost.link or 'all'}/rp_filter"
            return Obstacle(
                kind="rp-filter",
                where=case.lost.where,
                message=f"{one.ns} drops it: rp_filter, whose route back to the sender is another"
                f" than the link{link}",
                hint=case.hint(one.ns, f"sysctl -w {key}=0 net.ipv4.conf.all.rp_filter=0"),
            )
    return None


def unrouted(case: Case) -> Obstacle | None:
    """A host on the way says that there is no way, and has not asked a neighbour in vain."""
    lost, outcome = case.lost, case.outcome
    owner, _ = case.way.holder(outcome.source) if outcome.source else ("", "")
    if outcome.icmp not in _NO_WAY or owner != lost.ns or case.question.v6 or not lost.link:
        return None
    here, address = case.at(owner), case.question.address
    known = routing.lookup(here, address)
    if known is None or known.kind in routing.REFUSING:
        return None
    source = case.way.seen[-1].source if case.way.seen else ""
    message = f"{owner} says: {outcome.words}; a policy rule (ip rule) keeps it from the route"
    message += f" {known.destination} of the main table"
    look = f"ip route get {address} from {source} iif {lost.link}"
    return Obstacle(
        kind="policy-route", where=owner, message=message, hint=case.hint(owner, "ip rule", look)
    )


def counted(case: Case, name: str) -> bool:
    """Whether a counter went up for each packet, where it was lost."""
    return any(
        one.name == name and one.ns == case.lost.ns and one.more >= case.evidence.sent
        for one in case.evidence.counted
    )


def not_forwarded(case: Case) -> Obstacle | None:
    """Forwarding is off for the link that it came in by.

    See ip_error() in net/ipv4/route.c, and ip6_forward() in net/ipv6/ip6_output.c.
    """
    lost, six = case.lost, case.question.v6
    name = "Ip6InAddrErrors" if six else "IpInAddrErrors"
    if not counted(case, name) or not lost.link or case.outcome.kind != "silence":
        return None
    key = "net/ipv6/conf/all/forwarding" if six else f"net/ipv4/conf/{lost.link}/forwarding"
    return Obstacle(
        kind="no-forwarding",
        where=lost.where,
        message=f"{lost.ns} does not forward what comes in by {lost.link}: {key} is 0",
        hint=case.hint(lost.ns, f"sysctl -w {key}=1"),
    )


def wrong_neighbour(case: Case) -> Obstacle | None:
    """A frame was sent to a MAC that its neighbour does not have."""
    for one in reversed(case.way.seen):
        here = case.way.namespace(one.place.ns)
        if one.way != "out" or not one.to_mac or here is None:
            continue
        for entry in here.neighbours:
            if entry.mac != one.to_mac or entry.dev != one.place.link:
                continue
            owner, link = case.way.holder(entry.address)
            held = case.way.link(owner, link)
            if held is None or held.mac == one.to_mac or _has(case, here, entry):
                continue
            message = f"{here.label} sends it to {entry.mac}, which it takes for"
            message += f" {entry.address}: that is not the MAC of {owner}/{link}"
            command = f"ip neigh del {entry.address} dev {entry.dev}"
            return Obstacle(
                kind="wrong-neighbour",
                where=f"{here.label}/{entry.dev}",
                message=message,
                hint=case.hint(here.label, command),
            )
    return None


def _has(case: Case, here: Namespace, entry: Neighbour) -> bool:
    """Whether somebody who hears the frame has both the MAC and the address, as others may, too.

    A namespace answers for its address by all of its links, and what a neighbour has once told by
    another cable is remembered.
    """
    heard = reach(case.way.snapshot, here, here.link(entry.dev))
    return any(
        each.cost == 0
        and each.link.mac == entry.mac
        and any(
            one.address.split("/")[0] == entry.address
            for link in each.namespace.links
            for one in link.addresses
        )
        for each in heard
    )


def _without_six(case: Case) -> Obstacle | None:
    """A neighbour that has lost its IPv6 addresses: its link is down, or IPv6 is switched off."""
    here = case.way.origin
    for link in here.links:
        for each in reach(case.way.snapshot, here, link):
            there, label = each.namespace, each.namespace.label
            if there.role == "world" or each.link.name == "lo" or _six(each.link):
                continue
            if not each.link.up:
                place = f"{label}/{each.link.name}"
                message = f"{place} is down, and so without IPv6 addresses"
                hint = case.hint(label, f"ip link set dev {each.link.name} up")
                return Obstacle(kind="link-down", where=place, message=message, hint=hint)
            key = "net.ipv6.conf.all.disable_ipv6"
            if each.cost == 0 and there.sysctls.get(key) == "1":
                message = f"{label} has IPv6 switched off, and so no IPv6 address"
                hint = case.hint(label, f"sysctl -w {key}=0")
                return Obstacle(kind="ipv6-off", where=label, message=message, hint=hint)
    return None


def _six(link: Link) -> bool:
    return any(":" in each.address for each in link.addresses)


def without_arp(case: Case) -> Obstacle | None:
    """A link that asks for no MAC sends all to its own."""
    for one in reversed(case.way.seen):
        link = case.way.link(one.place.ns, one.place.link)
        if one.way == "out" and link is not None and link.mac and one.to_mac == link.mac:
            where = f"{one.place.ns}/{link.name}"
            if "NOARP" not in link.flags or link.kind not in ("veth", "bridge"):
                continue
            return Obstacle(
                kind="arp-off",
                where=where,
                message=f"{where} has ARP off: it asks for no MAC, and sends to its own",
                hint=case.hint(one.place.ns, f"ip link set dev {link.name} arp on"),
            )
    return None


def too_big_for_the_peer(case: Case) -> Obstacle | None:
    """A cable's other end drops what is larger than its own MTU, without a word."""
    size, link = case.question.size, case.way.link(case.lost.ns, case.lost.link)
    far = case.way.snapshot.peer(link) if link is not None and link.kind == "veth" else None
    if size is None or far is None or case.outcome.kind != "silence":
        return None
    here, other = far
    if size + (48 if case.question.v6 else 28) <= other.mtu:
        return None
    return _too_big(case, f"{here.label}/{other.name}", other.mtu)


def without_a_way_by_ipv6(case: Case) -> Obstacle | None:
    """A host says, or counts, that it has no route."""
    lost, outcome = case.lost, case.outcome
    if not case.question.v6:
        return None
    says = outcome.icmp in _NO_WAY6 and case.way.holder(outcome.source)[0] == lost.ns
    if not says and not counted(case, "Ip6OutNoRoutes"):
        return None
    requests = [one for one in case.way.seen if one.what == "request"]
    address = requests[-1].source if requests and not says else case.question.address
    routes = case.at(lost.ns).routes
    refusing = [
        route
        for route in routes
        if route.kind in routing.REFUSING and _covers(route.destination, address)
    ]
    if refusing:
        message = f"{lost.ns} refuses it: route {refusing[0].kind} {refusing[0].destination}"
        command = f"ip -6 route del {refusing[0].kind} {refusing[0].destination}"
        hint = case.hint(lost.ns, command)
        return Obstacle(kind="route-refuses", where=lost.ns, message=message, hint=hint)
    message = f"{lost.ns} has no route to {address}"
    hint = "# give it one: ip -6 route add … via GATEWAY\n" + case.hint(lost.ns, "ip -6 route")
    return Obstacle(kind="no-route", where=lost.ns, message=message, hint=hint)


def _covers(destination: str, address: str) -> bool:
    if destination == "default":
        return True
    return ipaddress.ip_address(address) in ipaddress.ip_network(destination, strict=False)


def link_down(case: Case) -> Obstacle | None:
    """The one link of the lab that is down, where IPv6 (of which no theory knows) found nobody."""
    if not case.question.v6 or case.outcome.kind == "error" or case.lost.answering:
        return None
    down = [
        (here, link)
        for here in case.way.snapshot
        for link in here.links
        if not link.up and link.kind == "veth" and here.role != "world"
    ]
    waits = bool(case.lost.waiting) or not case.lost.link
    if len(down) != 1 or not waits:
        return None
    here, link = down[0]
    action = SetUp(link.name, ns=remedy.reference(here))
    return Obstacle(
        kind="link-down",
        where=f"{here.label}/{link.name}",
        message=f"{here.label}/{link.name} is down",
        hint="\n".join(remedy.lines(case.way.snapshot, [action])),
        actions=(action,),
    )


def gateway_is_nobody(case: Case) -> Obstacle | None:
    """A gateway of IPv6 that was asked for in vain, and that nobody has."""
    here = case.way.namespace(case.lost.waiting)
    if here is None or not case.question.v6:
        return None
    asked = {one.target for one in case.evidence.sightings if one.place.ns == here.label}
    for route in here.routes:
        if route.via in asked and ":" in route.via and not case.way.holder(route.via)[0]:
            message = f"{here.label}'s gateway {route.via} is nobody's address"
            command = f"ip -6 route del {route.destination} via {route.via}"
            hint = "# name one that is: ip -6 route add … via GATEWAY\n"
            return Obstacle(
                kind="wrong-gateway",
                where=here.label,
                message=message,
                hint=hint + case.hint(here.label, command),
            )
    return None


def nobody(case: Case) -> Obstacle | None:
    """Nobody in sight has an address that was asked for in vain."""
    address = case.question.address
    if not case.question.v6 or case.way.holder(address)[0] or case.outcome.kind == "error":
        return None
    behind = _without_six(case)
    if behind is not None:
        return behind
    # A link that is down, or without IPv6, has lost its addresses: then it may be there.
    if any(
        not link.up or here.sysctls.get("net.ipv6.conf.all.disable_ipv6") == "1"
        for here in case.way.snapshot
        for link in here.links
        if here.role != "world" and link.kind not in ("", "bridge")
    ):
        return None
    asked = any(one.what == "arp" and one.target == address for one in case.evidence.sightings)
    message = f"no host behind {case.lost.where} has {address}"
    hint = "# check the address; nslab show lists those that there are"
    kind = "nobody-has-address"
    return Obstacle(kind=kind, where=case.lost.where, message=message, hint=hint) if asked else None


def silent_server(case: Case) -> Obstacle | None:
    """A question for a name that arrived, and is not answered."""
    probe = case.evidence.probe
    owner, _ = case.way.holder(probe.target)
    if probe.protocol != "dns" or not owner or case.lost.ns != owner:
        return None
    message = f"the name server {probe.target} ({owner}) is asked, and does not answer"
    return Obstacle(
        kind="server-silent",
        where=owner,
        message=message,
        hint="# does it run?\n" + case.hint(owner, "ss -lunp"),
    )


def no_server(case: Case) -> Obstacle | None:
    """Nobody waits where the file says that a name server is."""
    probe, here = case.evidence.probe, case.way.origin
    if probe.protocol != "dns" or case.outcome.icmp not in {(3, 3), (1, 4)}:
        return None
    if probe.target.startswith(LOCAL) and here.role != "host":
        message = f"{here.label} asks {probe.target} for names, which is itself: no server is there"
        action = ResolvConf("8.8.8.8", ns=remedy.reference(here))
        return Obstacle(
            kind="resolver-file",
            where=here.label,
            message=message,
            hint="\n".join(remedy.lines(case.way.snapshot, [action])),
            actions=(action,),
        )
    owner = case.way.holder(probe.target)[0] or case.outcome.source
    message = f"no name server runs at {probe.target} ({owner}): it refuses the question"
    return Obstacle(kind="server-silent", where=owner, message=message)


_VERDICTS: tuple[Callable[[Case], Obstacle | None], ...] = (
    dropped,
    dropped_by_old_rules,
    no_server,
    refused,
    reported,
    not_taken,
    wrong_neighbour,
    without_arp,
    too_big_for_the_peer,
    reverse_path,
    unrouted,
    not_forwarded,
    without_a_way_by_ipv6,
    gateway_is_nobody,
    link_down,
    nobody,
    silent_server,
)
