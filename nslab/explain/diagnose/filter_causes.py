"""Packets that a filter drops or refuses: whose rule it is, and the smallest that lets them by."""

from __future__ import annotations

from nslab.explain.diagnose import gateways, remedy
from nslab.explain.diagnose.context import Search, no_route_to, wanted
from nslab.explain.diagnose.explanation import Obstacle
from nslab.explain.trace import routing
from nslab.explain.trace.packet import Ruling
from nslab.sentence import Sentence, lines, sentence


def filtered(search: Search) -> Obstacle:
    """A rule or a policy, in the words of its tool, decided against the packet."""
    ruling = search.stop.ruling
    assert ruling is not None
    return _astray(search) or _decided(search, ruling)


def _astray(search: Search) -> Obstacle | None:
    """A packet that was on a wrong way when it met the filter, which rarely lets such packets by.

    The rule that would let it by does not bring it to where it is to go.
    """
    if not search.stop.other:
        return None  # no route was taken before this hook
    here, hop, address = search.here, search.hop, wanted(search.hop)
    route = routing.lookup(here, address, hop.source, hop.link_in)
    flaw = search.flaw(here, address, route)
    if flaw is not None or route is None or not route.via:
        return flaw
    led = [ns for ns, _ in gateways.holders(search.snapshot, route.via)]
    if not led or any(routing.lookup(ns, address) is not None for ns in led):
        return None
    known = gateways.informed(search.snapshot, here, address)
    if not known:
        return None
    message = no_route_to(here.label, address)
    return search.hand_over(here, known[0], message, address, default=False)


def _decided(search: Search, ruling: Ruling) -> Obstacle:
    where = search.here
    seen = f"{where.label}/{search.stop.link}" if ruling.family == "netdev" else where.label
    hint: list[str] = []
    if ruling.chain.startswith("DOCKER-ISOLATION"):
        hint += [
            sentence("# Docker keeps its networks apart: rather give the container both networks"),
            sentence("# (docker network connect ...), or take its rule away:"),
        ]
    for command in _commands(search, ruling):
        hint.append(remedy.typed(where, command))
    return Obstacle(
        kind=search.stop.kind,
        where=seen,
        message=_message(search, seen, ruling),
        hint=lines(*hint),
        actions=(),
    )


def _message(search: Search, here: str, ruling: Ruling) -> Sentence:
    values = {"here": here, "rule": ruling.told}
    refuses = ruling.verdict == "reject"
    if search.stop.frame == "arp":
        values["address"] = search.stop.address
        if refuses:
            return sentence("{here} refuses the question who has {address} (ARP): {rule}", **values)
        return sentence("{here} drops the question who has {address} (ARP): {rule}", **values)
    if search.trace.back:
        if refuses:
            return sentence("{here} refuses the answer: {rule}", **values)
        return sentence("{here} drops the answer: {rule}", **values)
    if refuses:
        return sentence("{here} refuses it: {rule}", **values)
    return sentence("{here} drops it: {rule}", **values)


def _commands(search: Search, ruling: Ruling) -> list[str]:
    if ruling.rule:
        return [deleted(ruling)]
    links = (search.stop.link, search.stop.other)
    if ruling.family == "bridge":
        links = ("", "")  # its links are ports, and the place is the bridge
    elif ruling.hook in ("output", "postrouting"):
        links = ("", search.stop.other or search.stop.link)
    elif ruling.hook in ("prerouting", "input", "ingress"):
        links = (search.stop.link, "")
    wanted = [] if search.trace.back else [_accepted(ruling, *links)]
    if (ruling.family in ("ip", "ip6", "inet") and ruling.hook == "forward") or search.trace.back:
        wanted.append(_answers(ruling))
    return wanted


def deleted(ruling: Ruling) -> str:
    """The command that takes a rule away."""
    if ruling.tool == "nft" or not ruling.rule.startswith("-A "):
        place = f"{ruling.family} {ruling.table} {ruling.chain}"
        return f"nft delete rule {place} handle {ruling.handle}"
    return f"{tool(ruling)} -D {ruling.rule.removeprefix('-A ')}"


def _accepted(ruling: Ruling, link_in: str, link_out: str) -> str:
    """A rule for what goes the same way, behind those that there are."""
    if ruling.tool == "nft":
        words = ["nft add rule", ruling.family, ruling.table, ruling.chain]
        words += [f"iifname {link_in}"] if link_in else []
        words += [f"oifname {link_out}"] if link_out else []
        return " ".join([*words, "accept"])
    words = [tool(ruling), "-A", ruling.chain]
    words += ["-i", link_in] if link_in and ruling.family != "arp" else []
    words += ["-o", link_out] if link_out and ruling.family != "arp" else []
    return " ".join([*words, "-j", "ACCEPT"])


def _answers(ruling: Ruling) -> str:
    """A rule for the answers to what was let by."""
    if ruling.tool == "nft":
        place = f"{ruling.family} {ruling.table} {ruling.chain}"
        return f"nft add rule {place} ct state established,related accept"
    states = "-m conntrack --ctstate RELATED,ESTABLISHED"
    return f"{tool(ruling)} -A {ruling.chain} {states} -j ACCEPT"


def tool(ruling: Ruling) -> str:
    """The command that a rule is changed with."""
    return ruling.tool if ruling.table == "filter" else f"{ruling.tool} -t {ruling.table}"
