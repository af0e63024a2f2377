"""Addresses that were translated to something that leads nowhere, or that a rule kept as they were.

Which rule it was is asked of the rules again: a trace knows addresses only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from msgspec import structs

from nslab.explain.diagnose import context, gateways, remedy
from nslab.explain.diagnose.context import Search
from nslab.explain.diagnose.delivery_causes import setting_key
from nslab.explain.diagnose.explanation import Obstacle
from nslab.explain.diagnose.filter_causes import deleted, tool
from nslab.explain.trace import Hop, Rewrite, Ruling, routing
from nslab.explain.trace.filter import untouched
from nslab.explain.trace.hooks import asking
from nslab.explain.trace.packet import ruling
from nslab.network.actions import Masquerade, Sysctl
from nslab.network.model import Namespace
from nslab.sentence import Sentence, lines, sentence

_LOST = ("nobody-answers", "no-route", "answered-elsewhere", "loop", "no-forwarding")


def cause(search: Search) -> Obstacle | None:
    """None if no translation is to blame for where the packet went."""
    if search.stop.kind not in _LOST:
        return None
    wanted = context.wanted(search.way[-1])
    what = "source" if search.trace.back else "destination"
    for hop in search.trace.there:
        for each in hop.rewrites:
            after = each.after.partition(":")[0]
            if each.what == what and after == wanted and each.kind != "undone":
                here = search.snapshot.namespace(hop.namespace)
                if what == "source" and routing.holder(here, after) is None:
                    return _source(search, here, hop, each, after)
                if what == "destination" and not gateways.holders(search.snapshot, after):
                    return _target(search, here, hop, each, after)
    return None


def _source(search: Search, here: Namespace, hop: Hop, made: Rewrite, after: str) -> Obstacle:
    rule = next(_making(here, after), None)
    values = {"here": here.label, "source": _by(after, rule)}
    message = sentence(
        "{here} gives it the source {source}, which is no address of {here}: the answer does not "
        "come back to it",
        **values,
    )
    before = made.before.partition(":")[0]
    subnet = gateways.own_network(search.snapshot, before)
    action = Masquerade(str(subnet or f"{before}/32"), hop.link_out, ns=remedy.reference(here))
    found = search.made("wrong-translation", here, message, [action])
    first = [remedy.typed(here, deleted(rule))] if rule else []
    search.blamed = hop
    return structs.replace(found, hint=lines(*first, found.hint), actions=())


def _target(search: Search, here: Namespace, hop: Hop, made: Rewrite, after: str) -> Obstacle:
    rule = next(_making(here, after), None)
    message = sentence(
        "{here} sends it on to {target}, an address that nobody has",
        here=here.label,
        target=_by(made.after, rule),
    )
    meant = _meant(search, here, after)
    command = _aimed(here, rule, after, meant[0][1]) if rule is not None and meant else ""
    if not command:
        remark = sentence("give that rule the address of a host that there is")
        return search.made("wrong-translation", here, message, remark=remark)
    (label, address), *others = meant
    remark = sentence("if {name} is meant, which has {address}:", name=label, address=address)
    more = [
        sentence("or {name}, which has {address}", name=label, address=address)
        for label, address in others[:3]
    ]
    return search.made(
        "wrong-translation", here, message, remark=remark, command=command, after=more
    )


def _by(address: str, rule: Ruling | None) -> str:
    """An address that was put into a packet, and the rule that did it."""
    if rule is None:
        return address
    return Sentence("{address} ({rule})", {"address": address, "rule": rule.told})


def _meant(search: Search, here: Namespace, gone: str) -> list[tuple[str, str]]:
    """Who may be meant by an address that nobody has, with its own: neighbours of that subnet.

    Those come first whom another rule sends packets to.
    """
    named = {each.to for each in here.nat}
    found = [
        (each.namespace.label, str(address.ip))
        for link in gateways.addressed(here)
        for each, address in gateways.neighbours(search.snapshot, here, link)
        if each.cost == 0 and routing.ip(gone) in address.network
    ]
    return sorted(dict.fromkeys(found), key=lambda one: (one[1] not in named, one))


def _aimed(here: Namespace, rule: Ruling, gone: str, address: str) -> str:
    """The command that gives a rule another address to send packets to."""
    before, found, behind = rule.rule.rpartition(gone)
    if not found or behind[:1].isdigit():
        return ""
    text = f"{before}{address}{behind}"
    if not text.startswith("-A "):
        place = f"{rule.family} {rule.table} {rule.chain}"
        return f"nft replace rule {place} handle {rule.handle} {text}"
    for table in here.rules:
        chain = table.chain(rule.chain)
        if (table.tool, table.name) == (rule.tool, rule.table) and chain is not None:
            number = [each.text for each in chain.rules].index(rule.rule) + 1
            rest = text.removeprefix(f"-A {rule.chain} ")
            return f"{tool(rule)} -R {rule.chain} {number} {rest}"
    return ""


def stranger(search: Search) -> Obstacle:
    """Who was reached by another address answers by its own: the translation was not undone."""
    stop, trace = search.stop, search.trace
    for hop in trace.there:
        if any(each.what == "destination" and each.kind != "undone" for each in hop.rewrites):
            here = search.snapshot.namespace(hop.namespace)
            message = sentence(
                "{here} sends it on to {other}, which answers {asker} past {here}: {asker} asked "
                "{address} and takes no answer from {other}",
                here=here.label,
                other=stop.address,
                asker=search.here.label,
                address=trace.address,
            )
            subnet = gateways.own_network(search.snapshot, trace.there[0].source)
            words = f"-s {subnet or trace.there[0].source} -d {stop.address} -p {trace.protocol}"
            command = f"iptables -t nat -A POSTROUTING {words} -j MASQUERADE"
            return search.made("not-translated", here, message, command=command)
    message = sentence(
        "the answer comes from {other}, not from {address}",
        other=stop.address,
        address=trace.address,
    )
    return search.made("answered-elsewhere", search.here, message)


def loopback_target(search: Search) -> Obstacle:
    """From outside nothing gets to the loopback device (route_localnet is off)."""
    here, link, address = search.here, search.stop.link, search.stop.address
    rule = next(_making(here, address), None)
    message = sentence(
        "{here} sends what comes in by {link} on to {target}, which only it itself may reach: "
        "route_localnet is 0",
        here=here.label,
        link=link,
        target=_by(address, rule),
    )
    remark = sentence("give that rule the address of a link, or let them in:")
    action = Sysctl(setting_key(link, "route_localnet"), "1", ns=search.ns)
    return search.made("wrong-translation", here, message, [action], link=link, remark=remark)


def _making(here: Namespace, address: str) -> Iterator[Ruling]:
    """The rules that put an address into packets."""
    for table in here.rules:
        for chain in table.chains:
            for rule in chain.rules:
                given = [s for s in rule.statements if s.kind != "choose"]
                given += [case.then for s in rule.statements for case in s.cases]
                if any(each.to.partition("-")[0] == address for each in given):
                    yield ruling("accept", table, chain, chain.hook, rule)


def kept(search: Search, here: Namespace, border: Hop, source: str) -> Obstacle | None:
    """A rule that lets a packet leave as it is, before one that would translate it."""
    trace = search.trace
    packet = asking(source, border.destination, trace.protocol, trace.port)
    packet = replace(packet, link_in=border.link_in, link_out=border.link_out)
    decided = untouched(here.rules, "postrouting", packet)
    if decided is None or not decided.rule:
        return None
    message = sentence(
        "{here} sends {source} out as it is ({rule}): {there} has no route back to it",
        here=here.label,
        source=source,
        rule=decided.told,
        there=search.here.label,
    )
    return search.made("not-translated", here, message, command=deleted(decided))
