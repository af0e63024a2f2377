"""Obstacles that the evidence names itself: who dropped a packet, refused or rejected it."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Sequence

from msgspec import structs

from nslab.explain.diagnose import below_ip, ipv6_causes, ipv6_ways, remedy
from nslab.explain.diagnose.case import Case
from nslab.explain.diagnose.delivery_causes import setting_key, unset
from nslab.explain.diagnose.explanation import Obstacle
from nslab.explain.trace import routing
from nslab.explain.trace.segment import reach
from nslab.network.actions import ResolvConf
from nslab.network.diff import policy_text
from nslab.network.evidence import Ruling
from nslab.network.model import Namespace, Neighbour, Route, Snapshot
from nslab.network.rules.values import Chain, Rule, Table
from nslab.sentence import Sentence, lines, sentence

_PROHIBITED = {(3, 9), (3, 10), (3, 13)}
_PROHIBITED6 = {(1, 1), (1, 5), (1, 6)}
_NO_WAY = {(3, 0), (3, 1), (3, 13)}
_CLOSED = {(3, 3), (1, 4)}
_MAIN = 254
LOCAL = "127."
NAME_SERVER = "8.8.8.8"
"""The name server of the world outside a lab."""


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
    there = [one for one in drops if one.ns == case.lost.ns and one.what in ("request", "answer")]
    here = [one for one in there if one.what in (half, "request")] or there
    if case.outcome.kind in ("refused", "error"):  # what was seen last is the refusal
        here = [one for one in drops if one.what == "request"] or here
    return _by(case, here[-1]) if here else None


def neighbours_dropped(case: Case) -> Obstacle | None:
    """By a rule that drops the question who has an address, or its answer: those are ICMPv6."""
    drops = [one for one in case.evidence.rulings if one.verdict == "drop"]
    here = [one for one in drops if one.ns == case.lost.ns and one.what == "neighbour"]
    return _by(case, here[-1]) if here else None


_DROPPED = {
    "answer": sentence("the answer"),
    "neighbour": sentence("the packets that ask and tell who has an address (neighbour discovery)"),
}
_IT = sentence("it")


def _by(case: Case, ruling: Ruling) -> Obstacle:
    values = {"here": ruling.ns, "what": _DROPPED.get(ruling.what, _IT), "tool": ruling.tool}
    chain = f"{ruling.family} {ruling.table} {ruling.chain}"
    by_iptables = ruling.tool in ("iptables", "ip6tables")
    table = "" if ruling.table == "filter" else f" -t {ruling.table}"
    if not ruling.rule:
        message = sentence(
            "{here} drops {what}: the policy of chain {chain} is drop ({tool}, table {table})",
            chain=ruling.chain,
            table=ruling.table,
            **values,
        )
        command = f"nft 'chain {chain} {{ policy accept; }}'"
        if by_iptables:
            command = f"{ruling.tool}{table} -P {ruling.chain} ACCEPT"
        kind = "filter-drop"
    else:
        rejects = "reject" in ruling.rule.lower()
        kind = "filter-reject" if rejects else "filter-drop"
        rule = ruling.rule
        if not by_iptables:
            rule = sentence("{rule} (chain {chain})", rule=rule, chain=chain)
        message = sentence("{here} drops {what} by a rule of {tool}: {rule}", rule=rule, **values)
        if rejects:
            message = sentence(
                "{here} rejects {what} by a rule of {tool}: {rule}", rule=rule, **values
            )
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
            values = {"here": one.ns, "tool": f"{tool}-legacy", "rule": rule}
            message = sentence("{here} drops it by {tool}: {rule}", **values)
            if rejects:
                message = sentence("{here} rejects it by {tool}: {rule}", **values)
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
        message = _rejected(place, said.words)
        hint = lines(
            sentence("# a rule of its packet filter:"), case.hint(place, "nft list ruleset")
        )
        return Obstacle(kind="filter-reject", where=place, message=message, hint=hint)
    return _closed(case, place, said.source if said is not None else case.question.address)


def _rejected(here: str, words: str) -> Sentence:
    return sentence("{here} rejects it: {words}", here=here, words=words)


def _rejects(case: Case, place: str) -> bool:
    """Whether an error comes from a rule: no kernel sends it for TCP, nor for another's address."""
    requests = [one.target for one in case.way.seen if one.what == "request"]
    meant = requests[-1] if requests else case.question.address
    held = case.way.holder(meant)[0]
    return case.evidence.probe.protocol == "tcp" or held not in ("", place)


def _closed(case: Case, place: str, asked: str) -> Obstacle:
    port = _reached(case, place)
    protocol = "tcp" if case.evidence.probe.protocol == "tcp" else "udp"
    elsewhere = _listening(case, place, asked, port)
    values = {"here": place, "port": port, "protocol": protocol}
    if elsewhere:
        message = sentence(
            "{here} refuses: at port {port} ({protocol}) it listens {where}",
            where=elsewhere,
            **values,
        )
        remark = sentence(
            "# start the server so that it listens on {every} (all addresses), or on that one",
            every="::" if ":" in asked else "0.0.0.0",
        )
        return Obstacle(kind="port-elsewhere", where=place, message=message, hint=remark)
    message = sentence(
        "{here} refuses: nothing listens at port {port} ({protocol}) there", **values
    )
    hint = lines(
        sentence("# start the server; what listens there:"),
        case.hint(place, f"ss -l{'t' if protocol == 'tcp' else 'u'}np"),
    )
    return Obstacle(kind="port-closed", where=place, message=message, hint=hint)


def _reached(case: Case, place: str) -> int:
    """The port that it came to there: a rule on the way may have put it in place of another."""
    asking = [one for one in case.way.seen if one.what == "request" and one.port]
    there = [one.port for one in asking if one.place.ns == place]
    return (there or [case.evidence.probe.port])[-1]


def _listening(case: Case, place: str, asked: str, port: int) -> Sentence:
    """Where somebody waits at that port, if it is not where the packet came to; as words.

    A socket at :: may be for IPv6 alone (IPV6_V6ONLY), and then is nobody for IPv4.
    """
    waiting = case.evidence.listeners
    listeners = [one.address for one in waiting if (one.ns, one.port) == (place, port)]
    there = list(dict.fromkeys(each.removeprefix("::ffff:") for each in listeners))
    family, every = ("IPv4", "0.0.0.0") if ":" in asked else ("IPv6", "::")
    if not there or asked in there or ("::" if ":" in asked else "0.0.0.0") in there:
        return lines()
    named = [address for address in there if address != every]
    found = []
    if named:
        found.append(sentence("on {addresses} only", addresses=_all(named)))
    if every in there:
        found.append(sentence("for {family} only ({every})", family=family, every=every))
    return sentence("{where}, not on {asked}", where=_all(found), asked=asked)


def _all(texts: Sequence[str]) -> str:
    """Several in a row."""
    first, *others = texts
    for other in others:
        first = sentence("{first} and {other}", first=first, other=other)
    return first


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
        rule = _hop_rule(case, owner)
        if rule is not None:
            return rule
        return Obstacle(
            kind="ttl-exceeded",
            where=place,
            message=sentence("{here} drops it: its time to live is used up", here=place),
            hint=lines(
                sentence(
                    "# each router takes one from it: does it go in a circle, or begin too low?"
                ),
                case.hint(case.way.origin.label, "sysctl net.ipv4.ip_default_ttl"),
            ),
        )
    if outcome.icmp in (_PROHIBITED6 if six else _PROHIBITED):
        message = _rejected(place, outcome.words)
        return Obstacle(kind="filter-reject", where=place, message=message)
    return None


def _hop_rule(case: Case, place: str) -> Obstacle | None:
    """A rule on the way that sets how many hops are left: where it came in with enough of them.

    It is looked for where the time to live was used up, and in those before it, the last first.
    """
    names = case.way.names
    before = names[: names.index(place) + 1] if place in names else names
    came = {one.place.ns: one.ttl for one in case.way.seen if one.way == "in"}
    for label in reversed(before):
        if came.get(label, 2) <= 1:
            continue
        for table in case.at(label).rules.tables:
            for chain in table.chains:
                for rule in chain.rules:
                    if re.search(r"-j (TTL|HL) |\b(ttl|hoplimit) set ", rule.text):
                        return _by_hops(case, place, label, (table, chain, rule))
        break  # it left here with enough: whoever took them is behind
    return None


def _by_hops(case: Case, place: str, label: str, found: tuple[Table, Chain, Rule]) -> Obstacle:
    table, chain, rule = found
    if "tables" in table.tool:
        command = f"{table.tool} -t {table.name} {rule.text.replace('-A', '-D', 1)}"
    else:
        command = f"nft delete rule {table.family} {table.name} {chain.name} handle {rule.handle}"
    return Obstacle(
        kind="ttl-exceeded",
        where=place,
        message=sentence(
            "{here} drops it: its time to live is used up, which a rule of {there} sets ({tool}, "
            "table {table}): {rule}",
            here=place,
            there=label,
            tool=table.tool,
            table=table.name,
            rule=rule.text,
        ),
        hint=case.hint(label, command),
    )


def _too_big(case: Case, place: str, mtu: int) -> Obstacle:
    head = 48 if case.question.v6 else 28
    message = sentence("{here} cannot pass it on: it is larger than the MTU there", here=place)
    if mtu:
        message = sentence(
            "{here} cannot pass it on: it is larger than the MTU there, {mtu} bytes",
            here=place,
            mtu=mtu,
        )
    carries = sentence(
        "# a ping carries {bytes} bytes at most there (the headers take {head})",
        bytes=mtu - head,
        head=head,
    )
    hint = carries
    label, _, name = place.partition("/")
    small = [link.name for link in case.at(label).links if link.mtu == mtu]
    needed = (case.question.size or 0) + head
    route = _narrow(case, label, mtu) if not name else None
    if route is not None:
        message = sentence(
            "{here} cannot pass it on: its route {network} says mtu {mtu}",
            here=place,
            network=route.destination,
            mtu=mtu,
        )
        # Who was told the MTU keeps to it for ten minutes (net.ipv4.route.mtu_expires).
        flush = f"ip{' -6' if case.question.v6 else ''} route flush cache"
        hint = lines(
            sentence("{carries}, or let the route say nothing of it:", carries=carries),
            case.hint(label, _widened(route)),
            case.hint(case.way.origin.label, flush),
        )
    elif name in small or len(small) == 1:
        hint = lines(
            sentence("{carries}, or give it an MTU that fits:", carries=carries),
            case.hint(label, f"ip link set dev {name or small[0]} mtu {max(1500, needed)}"),
        )
    return Obstacle(kind="too-big", where=place, message=message, hint=hint if mtu else lines())


def _narrow(case: Case, label: str, mtu: int) -> Route | None:
    """The route whose own MTU it is."""
    for here in case.way.snapshot:
        for route in here.routes if here.label == label else ():
            says = mtu and route.mtu == mtu and not route.hops
            if says and ipv6_ways.covers(route, case.question.address):
                return route
    return None


def _widened(route: Route) -> str:
    """The command that leaves a route as it is, but for its MTU."""
    six = " -6" if ":" in route.destination + route.via else ""
    words = [f"ip{six} route change {route.destination}"]
    words += [f"via {route.via}"] if route.via else []
    words += [f"dev {route.dev}"] if route.dev else []
    words += [f"src {route.source}"] if route.source else []
    words += [f"metric {route.metric}"] if route.metric else []
    words += [f"table {route.table}"] if route.table != _MAIN else []
    words += [f"proto {route.protocol}"] if route.protocol != "boot" else []
    words += ["onlink"] if route.onlink else []
    return " ".join(words)


def not_taken(case: Case) -> Obstacle | None:
    """The kernel did not take the packet from the probe's own socket."""
    if case.outcome.kind != "unsent":
        return None
    here, address = case.way.origin.label, case.question.address
    number = case.outcome.errno
    look = f"ip route get {address}"
    match number:
        case errno.EPERM:
            message = sentence(
                "{here} drops it before it leaves: a packet filter, at output", here=here
            )
            return Obstacle(kind="filter-drop", where=here, message=message)
        case errno.EMSGSIZE:
            mtu = min((link.mtu for link in case.way.origin.links if link.mtu), default=0)
            return _too_big(case, here, mtu)
        case errno.ENETUNREACH if case.question.v6:
            return ipv6_causes.missing(case, here, address, _routeless(here, address))
        case errno.ENETUNREACH:
            message = _routeless(here, address)
            return Obstacle(
                kind="no-route", where=here, message=message, hint=case.hint(here, look)
            )
        case errno.EACCES | errno.EINVAL:
            message = sentence(
                "{here} refuses it: its route to {address} says prohibit or blackhole",
                here=here,
                address=address,
            )
            return Obstacle(
                kind="route-refuses", where=here, message=message, hint=case.hint(here, look)
            )
    return None


def _routeless(here: str, address: str) -> Sentence:
    return sentence(
        "{here} has no route to {address}: its kernel says so", here=here, address=address
    )


def reverse_path(case: Case) -> Obstacle | None:
    """rp_filter counts what it drops; the setting has to bear it out, for others count there, too.

    The higher one of the link's and of all counts: IN_DEV_RPFILTER in include/linux/inetdevice.h.
    """
    lost, link = case.lost, case.way.link(case.lost.ns, case.lost.link)
    if link is None or case.question.v6 or not case.counted("TcpExtIPReversePathFilter"):
        return None
    here = case.at(lost.ns)
    actions = unset(here, link.name, "rp_filter")
    if not actions:
        return None
    return Obstacle(
        kind="rp-filter",
        where=lost.where,
        message=sentence(
            "{here} drops it: rp_filter, whose route back to the sender is another than the link "
            "that it came in by, {link}",
            here=lost.ns,
            link=link.name,
        ),
        hint=lines(*remedy.lines(case.way.snapshot, actions)),
        actions=tuple(actions),
    )


def unrouted(case: Case) -> Obstacle | None:
    """A host on the way says that there is no way, and a policy rule of its own leads there."""
    lost, outcome = case.lost, case.outcome
    owner, _ = case.way.holder(outcome.source) if outcome.source else ("", "")
    if outcome.icmp not in _NO_WAY or owner != lost.ns or case.question.v6 or not lost.link:
        return None
    here, address = case.at(owner), case.question.address
    source = case.way.seen[-1].source if case.way.seen else ""
    plain = routing.lookup(structs.replace(here, policy=()), address)
    if not here.policy or plain is None or plain.kind in routing.REFUSING:
        return None
    found, rule = routing.decided(here, address, source, lost.link)
    if found is not None and found.kind not in routing.REFUSING:
        return None  # by the rules as they are understood there is a way
    values = {"here": owner, "words": outcome.words, "network": plain.destination}
    if rule is not None:
        message = sentence(
            "{here} says: {words}; the rule {rule} keeps it from the route {network}",
            rule=policy_text(rule),
            **values,
        )
        command = f"ip rule del pref {rule.priority}"
    elif not any(one.table == _MAIN and one.action == "lookup" for one in here.policy):
        message = sentence(
            "{here} says: {words}; no rule asks the main table, which keeps it from the route "
            "{network}",
            **values,
        )
        command = f"ip rule add pref 32766 table {_MAIN}"
    else:
        return None
    return Obstacle(
        kind="policy-route", where=owner, message=message, hint=case.hint(owner, command)
    )


def not_forwarded(case: Case) -> Obstacle | None:
    """Forwarding is off for the link that it came in by: the counter says it, and the setting.

    See ip_error() in net/ipv4/route.c, and ip6_forward() in net/ipv6/ip6_output.c.
    """
    lost, six = case.lost, case.question.v6
    name = "Ip6InAddrErrors" if six else "IpInAddrErrors"
    link = case.way.link(lost.ns, lost.link)
    if link is None or not case.counted(name) or case.outcome.kind != "silence":
        return None
    sysctls = case.at(lost.ns).sysctls
    key = "net.ipv6.conf.all.forwarding" if six else setting_key(link.name, "forwarding")
    usual = sysctls.get("net.ipv6.conf.all.forwarding" if six else "net.ipv4.ip_forward", "0")
    if (usual if six else link.settings.get("forwarding", usual)) != "0":
        return None
    onwards = None if six else routing.lookup(case.at(lost.ns), case.question.address)
    if not six and (onwards is None or onwards.dev == link.name):
        return None  # nor would it get there with forwarding: it is a mistake that it came here
    return Obstacle(
        kind="no-forwarding",
        where=lost.where,
        message=sentence(
            "{here} does not forward what comes in by {link}: {key} is 0",
            here=lost.ns,
            link=link.name,
            key=key,
        ),
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
            message = sentence(
                "{here} sends it to {mac}, which it takes for {address}: that is not the MAC of "
                "{link}",
                here=here.label,
                mac=entry.mac,
                address=entry.address,
                link=f"{owner}/{link}",
            )
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
                message=sentence(
                    "{link} has ARP off: it asks for no MAC, and sends to its own", link=where
                ),
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


def silent_server(case: Case) -> Obstacle | None:
    """A question for a name that arrived, and is not answered."""
    probe = case.evidence.probe
    owner, _ = case.way.holder(probe.target)
    if probe.protocol != "dns" or not owner or case.lost.ns != owner:
        return None
    message = sentence(
        "the name server {server} ({owner}) is asked, and does not answer",
        server=probe.target,
        owner=owner,
    )
    return Obstacle(
        kind="server-silent",
        where=owner,
        message=message,
        hint=lines(sentence("# does it run?"), case.hint(owner, "ss -lunp")),
    )


def no_server(case: Case) -> Obstacle | None:
    """Nobody waits where the file says that a name server is."""
    probe, here = case.evidence.probe, case.way.origin
    if probe.protocol != "dns" or case.outcome.icmp not in {(3, 3), (1, 4)}:
        return None
    if probe.target.startswith(LOCAL) and here.role != "host":
        message = sentence(
            "{here} asks {server} for names, which is itself: no server is there",
            here=here.label,
            server=probe.target,
        )
        action = ResolvConf(NAME_SERVER, ns=remedy.reference(here))
        return Obstacle(
            kind="resolver-file",
            where=here.label,
            message=message,
            hint=lines(*remedy.lines(case.way.snapshot, [action])),
            actions=(action,),
        )
    owner = case.way.holder(probe.target)[0] or case.outcome.source
    message = sentence(
        "no name server runs at {server} ({owner}): it refuses the question",
        server=probe.target,
        owner=owner,
    )
    found = Obstacle(kind="server-silent", where=owner, message=message)
    return asking_another(case.way.snapshot, here, probe.target, found)


def asking_another(snapshot: Snapshot, here: Namespace, asked: str, found: Obstacle) -> Obstacle:
    """The same with a remedy: another name server, if there is one and it is here to decide."""
    there = any(
        each.address.split("/")[0] == NAME_SERVER
        for ns in snapshot
        for link in ns.links
        for each in link.addresses
    )
    if here.role == "world" or asked == NAME_SERVER or not there:
        return found
    action = ResolvConf(NAME_SERVER, ns=remedy.reference(here))
    typed = remedy.lines(snapshot, [action])
    hint = lines(sentence("# start a server there, or ask one that runs:"), *typed)
    return structs.replace(found, hint=hint, actions=(action,))


_VERDICTS: tuple[Callable[[Case], Obstacle | None], ...] = (
    dropped,
    dropped_by_old_rules,
    no_server,
    refused,
    reported,
    ipv6_causes.no_loopback,
    not_taken,
    wrong_neighbour,
    without_arp,
    too_big_for_the_peer,
    reverse_path,
    unrouted,
    not_forwarded,
    neighbours_dropped,
    below_ip.by_program,
    below_ip.by_filter,
    ipv6_causes.without_a_way,
    ipv6_causes.gateway_is_nobody,
    ipv6_causes.link_down,
    ipv6_causes.nobody,
    silent_server,
)
