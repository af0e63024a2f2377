"""What is written about a link and about a namespace: short lines, each with its mark.

No MAC, inode, index or process id may get in here: they differ from run to run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import structs

from nslab.draw.scene.scene import Line, Role, ScenePort
from nslab.draw.scene.wires import is_idle_fallback
from nslab.network.diff import (
    Change,
    Kind,
    drops_text,
    filter_text,
    kind_and_mode,
    leads_text,
    name_text,
    nameservers,
    nat_text,
    policy_lines,
    route_text,
    visible_routes,
    vlans_text,
)
from nslab.network.model import Link, Namespace, PortVlan
from nslab.network.rules import Translation
from nslab.printable import printable

STATES = ("up", "down", "no-carrier")


def _short(change: Change, state: str) -> str:
    """A change in words that fit beside a name; ``state`` is what the link is now."""
    if change.what == "port" and change.value.startswith("port "):
        return change.value.removeprefix("port ")
    before = change.value.removeprefix("was ")
    if before in STATES:
        return f"{before} → {state}"
    return change.value.replace("MAC address is now that of a port", "MAC → a port's")


def link_lines(link: Link, changes: Sequence[Change]) -> tuple[Line, ...]:
    """Below the name of a link: addresses, and what it has as a bridge or port.

    ``changes`` are those of the link, empty if it is new or gone as a whole.
    """
    news = {change.value: change.kind for change in changes if change.what == "address"}
    lines = [Line(a.address, news.get(a.address)) for a in link.addresses]
    lines += [Line(value, "gone") for value, kind in news.items() if kind == "gone"]
    filters = any(change.value.startswith("VLAN filtering ") for change in changes)
    said = (words for words in _link_words(link) if not (filters and words == "VLAN filtering"))
    lines += [Line(words, code=False) for words in said]
    return (*lines, *_promiscuous(link, changes), *_port_vlans(link, changes))


def vlan_marks(vlans: Sequence[PortVlan]) -> tuple[str, ...]:
    """What a port carries, as ``bridge vlan`` puts it: ``pvid 10``, ``tagged 20,30``.

    That frames of the PVID go out untagged goes without saying.
    """
    pvid, out = (
        [str(one.vlan) for one in vlans if getattr(one, word)] for word in ("pvid", "untagged")
    )
    tagged = [str(one.vlan) for one in vlans if not one.untagged]
    named = (("pvid", pvid), ("untagged", out if out != pvid else []), ("tagged", tagged))
    return tuple(f"{word} {','.join(numbers)}" for word, numbers in named if numbers)


def _port_vlans(link: Link, changes: Sequence[Change]) -> Iterator[Line]:
    """The VLANs that a port of a bridge carries, where that filters: a line for each kind."""
    if link.port is None or link.port.vlans is None:
        return
    said = next((change.value for change in changes if _is_of_vlans(change)), "")
    mark: Kind | None = "changed" if said else None
    said = said or vlans_text(link.port.vlans)
    first, *others = vlan_marks(link.port.vlans) or ("no VLAN",)
    yield Line(said, mark, code=False, shown=first)
    yield from (Line("", mark, code=False, shown=words) for words in others)


def scene_ports(namespace: Namespace, before: Namespace | None = None) -> Iterator[ScenePort]:
    """The ports of a switch of the world, if it filters VLANs.

    :param before: what it was, where that is known
    """
    old = {link.index: link.port.vlans for link in before.links if link.port} if before else {}
    for link in namespace.links:
        if link.port and link.port.vlans is not None:
            was = old.get(link.index)
            known = (_USUAL if was is None else was) if before else link.port.vlans
            lines = tuple(_came_and_went(vlan_marks(known), vlan_marks(link.port.vlans)))
            yield ScenePort(link.name, vlans_text(link.port.vlans), lines)


def _came_and_went(before: Sequence[str], now: Sequence[str]) -> Iterator[Line]:
    """What a port carries, a line for each kind, with what it carries no longer above that."""
    if not now:
        yield Line("no VLAN", "changed" if before else None)
    was, is_now = (
        {word: numbers.split(",") for word, _, numbers in (mark.partition(" ") for mark in marks)}
        for marks in (before, now)
    )
    for word in ("pvid", "untagged", "tagged"):
        old, new = was.get(word, []), is_now.get(word, [])
        gone = [number for number in old if number not in new]
        if gone:
            yield Line(f"{word} {','.join(gone)}", "gone")
        if new:
            yield Line(f"{word} {','.join(new)}", None if {*new} <= {*old} else "new")


_USUAL = (PortVlan(vlan=1, pvid=True, untagged=True),)
"""What a port carries as soon as its bridge filters: the kernel's default."""


_VLANS = re.compile(r"(?:no )?VLAN\b.* → (?:no )?VLAN\b")


def _is_of_vlans(change: Change) -> bool:
    return change.what == "port" and bool(_VLANS.match(change.value))


def _promiscuous(link: Link, changes: Sequence[Change]) -> Iterator[Line]:
    """That a link takes every frame, or no longer does; a port of a bridge does so anyway."""
    replugged = any(change.what == "port" for change in changes)
    attached = any(change.value.startswith("attached to ") for change in changes)
    if link.port and not (attached and _was_promiscuous(link, changes)):
        return
    counted = [c for c in changes if _COUNTED.fullmatch(c.value) and not replugged]
    if any(map(_turned_promiscuous, counted)):
        yield Line("promiscuous", "new" if link.promiscuity else "gone", code=False)
    elif link.promiscuity and not counted:
        yield Line("promiscuous", code=False)


def _was_promiscuous(link: Link, changes: Sequence[Change]) -> bool:
    """Whether a link that became a port took every frame before: then it has not ceased to."""
    counts = [found[1] for c in changes if (found := _COUNTED.fullmatch(c.value))]
    return counts[0] != "0" if counts else link.promiscuity > 0


def _has_line(change: Change) -> bool:
    """Whether what changed is said where it stands."""
    return _turned_promiscuous(change) or _is_of_vlans(change)


def _turned_promiscuous(change: Change) -> bool:
    """Whether a link became so, or is so no longer: that is said where it stands."""
    found = _COUNTED.fullmatch(change.value)
    return bool(found and "0" in found.groups())


_COUNTED = re.compile(r"promiscuity (\d+) → (\d+)")
"""How many want a link to take every frame: with the first and the last of them it changes."""


def link_told(changes: Sequence[Change], state: str, *, lines: bool = False) -> tuple[str, ...]:
    """What a link was before and is now; details only if there is nothing else to say.

    :param lines: what has a line of its own below its name is left out
    """
    others = [change for change in changes if change.what != "address"]
    others = [change for change in others if not (lines and _has_line(change))]
    if any(change.what == "port" for change in others):
        # A bridge is promiscuous on all its ports: that goes without saying.
        others = [change for change in others if not change.value.startswith("promiscuity")]
    loud = [_short(change, state) for change in others if not change.quiet]
    if loud or len(others) < len(changes):
        return tuple(loud)
    return tuple(_short(change, state) for change in others)


def told_apart(link: Link, told: Sequence[str]) -> tuple[str, str, tuple[str, ...]]:
    """What changed of a link by where it stands: its state, its spanning tree, and all the rest."""
    states = {link.state, waits(link)} - {""}
    turned = next((one for one in told if one.partition(" → ")[2] in states), "")
    tree = [one for one in told if one.startswith(("STP ", "forward delay "))]
    parts = dict.fromkeys(("STP", "forward delay"), "")
    for one in (*filter(None, spanning_tree(link).split(", ")), *tree):
        parts["STP" if one.startswith("STP ") else "forward delay"] = one
    instead = ", ".join(filter(None, parts.values())) if tree else ""
    return turned, instead, tuple(one for one in told if one != turned and one not in tree)


def world_told(
    namespace: Namespace, changes: Sequence[Change], linked: Mapping[int, Sequence[Change]]
) -> Iterator[Line]:
    """What changed in a part of the world, which is drawn without its links.

    :param changes: those of the namespace
    :param linked: those of its links, by their indexes
    """
    for link in namespace.links:
        for change in linked.get(link.index, ()):
            if change.what == "address":
                yield Line(change.value, change.kind)
            elif change.what == "link" and change.kind == "new":
                yield Line(link.name, "new")
        for words in link_told(linked.get(link.index, ()), link.state):
            # It has one bridge: what is said of that is said of all of it.
            said = words if link.kind == "bridge" else f"{link.name}: {words}"
            yield Line(said, "changed", code=False)
    for change in changes:
        if not change.quiet:
            yield Line(change.value or change.text, change.kind)


def spanning_tree(link: Link) -> str:
    """A bridge's spanning tree in a few words."""
    if not link.bridge:
        return ""
    delay = f", forward delay {link.bridge.forward_delay:g} s" if link.bridge.stp else ""
    return f"STP {'on' if link.bridge.stp else 'off'}{delay}"


def waits(link: Link) -> str:
    """What a port that is up does while its bridge waits: ``listening``."""
    if link.port and link.state == "up" and link.port.state != "forwarding":
        return link.port.state
    return ""


def _link_words(link: Link) -> Iterator[str]:
    if link.bridge and link.bridge.vlan_filtering:
        yield "VLAN filtering"
    if link.master and not link.port:
        yield f"part of {link.master}"


def loose(link: Link) -> str:
    """Where the wire of a link leads, if that is not a link in the picture.

    In the kernel's words, as far as it said more than the kind.
    """
    if link.tunnel:
        to = f" to {link.tunnel.remote}" if link.tunnel.remote else ""
        over = f" over {link.tunnel.dev}" if link.tunnel.dev else ""
        return f"VNI {link.tunnel.number}{to}{over}"
    if link.ends:
        return _tunnel_words(link)
    if link.kind == "veth" or (link.peer and not link.peer.namespace):
        return "other end out of sight"
    if link.kind == "dummy":
        return "leads nowhere"
    return "" if link.kind in _ENDS else "leads out of sight"


def _tunnel_words(link: Link) -> str:
    """Where a tunnel leads: its remote end or its peers' endpoints, and its key."""
    if link.ends is None:
        return ""
    if link.ends.peers is not None:
        known = [peer for peer in link.ends.peers if peer]
        if not known:
            some = f"{len(link.ends.peers)} peer{'' if len(link.ends.peers) == 1 else 's'}"
            return f"{some} without endpoint" if link.ends.peers else "no peers"
        others = len(link.ends.peers) - 1
        return f"to {known[0]}" + (f" and {others} more" if others else "")
    key = link.ends.key_in if link.ends.key_out is None else link.ends.key_out
    said = f", {'VNI' if link.kind == 'geneve' else 'key'} {key}" if key is not None else ""
    return (f"to {link.ends.remote}" if link.ends.remote else "remote any") + said


_ENDS = frozenset({"", "bridge", "bond", "team", "vrf", "ifb", "nlmon"})
"""Kinds that are no ends of wires; a device of the machine is known by its card."""


def link_facts(label: str, link: Link, far: str, changes: Sequence[Change]) -> str:
    """All about a link, line by line; ``far`` is its other end or what it stands on."""
    facts = [f"{label}/{link.name}: {kind_and_mode(link)}, {link.state}"]
    facts += [f"address {address.address}" for address in link.addresses]
    if link.master:
        facts.append(f"port of {link.master}" + (f", {link.port.state}" if link.port else ""))
    if far:
        facts.append(f"other end: {far}" if link.kind == "veth" else f"on top of {far}")
    if link.port and link.port.vlans is not None:
        facts.append(vlans_text(link.port.vlans))
    facts += leads_text(link)
    facts.append(f"MTU {link.mtu}")
    if link.promiscuity:
        facts.append(f"promiscuity {link.promiscuity}")
    if link.flags:
        facts.append("flags " + " ".join(link.flags))
    return "\n".join([*facts, *map(str, changes)])


Marks = dict[tuple[str, str], Kind]
"""How each thing of a namespace changed: by what it is, and its value."""


def notes(
    namespace: Namespace,
    changes: Sequence[Change],
    loopback: Sequence[Change],
    *,
    before: Namespace | None = None,
    forwards: bool = False,
) -> Iterator[Line]:
    """Forwarding, routes, name servers, NAT: what belongs to a namespace as a whole.

    In the order in which one usually gets them, so that what comes stands below what was there.

    ``changes`` are the namespace's, ``loopback`` those of its lo; empty if it is new or gone.
    ``before`` is what the namespace was, where that is known.
    ``forwards``: the host passes on what is for others.
    """
    marks: Marks = {(c.what, c.value): c.kind for c in changes}
    many = sum(link.name != "lo" and not is_idle_fallback(link) for link in namespace.links)
    host = namespace.role == "host"
    yield from _loopback(namespace, loopback, alone=not many)
    if host:
        yield from _forwarding(namespace, changes, True)
    yield from _routes(namespace, marks, one_link=many == 1)
    yield from _gone(changes, "route")
    yield from _choices(namespace, marks)
    yield from _gone(changes, "policy")
    yield from _way_out(namespace, forwards=forwards)
    yield from _servers(namespace, marks, before)
    if not host:
        yield from _forwarding(namespace, changes, many > 1)
    for rule in namespace.nat:
        yield _translation(rule, marks.get(("nat", nat_text(rule))))
    yield from _filter(namespace, changes, before)
    yield from _names(namespace, changes)
    yield from (Line(f"cannot see {what}", code=False) for what in namespace.unseen)
    yield from _no_longer_there(changes)


def _servers(namespace: Namespace, marks: Marks, before: Namespace | None) -> Iterator[Line]:
    """The name servers; of a file that changed, which came and which went."""
    servers = nameservers(namespace.resolv_conf)
    mark = marks.get(("resolv.conf", ", ".join(servers)))
    was = nameservers(before.resolv_conf) if before and mark == "changed" else []
    if was and was != servers:
        for server in servers:
            yield Line(f"nameserver {server}", None if server in was else "new")
        gone = [server for server in was if server not in servers]
        yield from (Line(f"nameserver {server}", "gone") for server in gone)
    else:
        yield from (Line(f"nameserver {server}", mark) for server in servers)


def _names(namespace: Namespace, changes: Sequence[Change]) -> Iterator[Line]:
    """Further names: those that were there in one line, then each that has just come."""
    said = {_naming(namespace, name) for name in namespace.names} & {c.text for c in changes}
    others = [name for name in namespace.names if name != namespace.label]
    old = [name_text(name) for name in others if _naming(namespace, name) not in said]
    new = [name_text(name) for name in others if _naming(namespace, name) in said]
    if old:
        yield Line(f"also named {', '.join(old)}", code=False)
    if new:
        yield Line(f"also named {', '.join(new)}", "new", code=False)


def _naming(namespace: Namespace, name: str) -> str:
    """What is said of a name that a namespace has got."""
    return printable(f"namespace {namespace.label} named {name_text(name)}")


def only_named(namespace: Namespace, changes: Sequence[Change]) -> bool:
    """Whether a namespace changed only by names that it got, each of which is said in a line."""
    here = {_naming(namespace, name) for name in namespace.names if name != namespace.label}
    return all(change.text in here for change in changes if change.what == "namespace")


def _way_out(namespace: Namespace, *, forwards: bool) -> Iterator[Line]:
    """That a namespace has no route out, where the host would pass its packets on."""
    up = [link for link in namespace.links if link.name != "lo" and link.state == "up"]
    addressed = any(not a.by_kernel and ":" not in a.address for link in up for a in link.addresses)
    is_end = namespace.role in {"named", "container"} and len(up) == 1 and up[0].kind == "veth"
    routed = any(route.destination == "default" for route in namespace.routes)
    if forwards and is_end and addressed and not routed:
        yield Line("no default route", code=False, role="missing")


def _loopback(namespace: Namespace, changes: Sequence[Change], *, alone: bool) -> Iterator[Line]:
    """The loopback where it is not as usual, or is all that there is."""
    news = {change.value: change.kind for change in changes if change.what == "address"}
    # Its own address comes and goes with its state; alone, it is told as an address is.
    alone_its_own = set(news) == {_OWN} and len(changes) == 1
    others = 0 if alone_its_own else len(changes) - sum(v not in _BORN_WITH for v in news)
    for link in namespace.links:
        if link.name == "lo":
            if link.state != "up" or others or alone:
                turned = _turned(link, changes) if others else ""
                yield Line(f"lo {link.state}", "changed" if others else None, shown=turned)
            yield from _of_loopback(link, news, told=alone_its_own)


def _turned(link: Link, changes: Sequence[Change]) -> str:
    """What state a link has and had, where that is another."""
    before = [change.value.removeprefix("was ") for change in changes]
    return next((f"{link.name} {was} → {link.state}" for was in before if was in STATES), "")


def _of_loopback(link: Link, news: Mapping[str, Kind], *, told: bool) -> Iterator[Line]:
    """The addresses that a loopback has beyond its own, or lacks.

    :param told: whether its own is told too: it came back, and nothing else of it changed
    """
    here = [address.address for address in link.addresses]
    if told and news[_OWN] == "new":
        yield Line(f"lo {_OWN}", "new")
    if link.state == "up" and _OWN not in here:
        yield Line(f"lo without {_OWN}", "changed" if _OWN in news else None, role="missing")
    gone = [value for value in news if news[value] == "gone"]
    for value in (*here, *gone):
        if value not in _BORN_WITH:
            yield Line(f"lo {value}", news.get(value))


_OWN = "127.0.0.1/8"
_BORN_WITH = frozenset({_OWN, "::1/128"})
"""The addresses that the kernel gives each loopback when it is set up."""


def _routes(namespace: Namespace, marks: Marks, *, one_link: bool) -> Iterator[Line]:
    """The routes that somebody has added: the kernel's own follow from the addresses."""
    for route in visible_routes(namespace):
        if route.protocol == "kernel":
            continue
        # With one link there is no choice of it.  The host is spared that its route changes its
        # wording when a second link comes.
        is_plain = one_link and route.via and namespace.role != "host"
        plain = structs.replace(route, dev="") if is_plain else route
        role: Role = "wrong" if route.dead else ""
        yield Line(route_text(plain), marks.get(("route", route_text(route))), role=role)


def _choices(namespace: Namespace, marks: Marks) -> Iterator[Line]:
    """The rules by which a table of routes is chosen, as far as somebody made them."""
    for said in policy_lines(namespace):
        # Which of them comes first shows by their order.
        shown = re.sub(r"rule \d+:", "rule", said)
        yield Line(said, marks.get(("policy", said)), shown=shown)


def _no_longer_there(changes: Sequence[Change]) -> Iterator[Line]:
    """Files that came, changed or went, and what else went."""
    files = [change for change in changes if change.what == "file"]
    for change in changes:
        if change.what == "file":
            # That a directory came with what is in it goes without saying.
            if not any(
                c is not change and c.kind == change.kind and c.value.startswith(change.value)
                for c in files
            ):
                yield Line(change.value, change.kind)
        elif change.kind == "gone" and not change.quiet:
            if change.what == "resolv.conf":
                yield Line(f"nameserver {change.value}", "gone")
            elif change.what == "nat":
                yield Line(change.value, "gone")


def _gone(changes: Sequence[Change], what: str) -> Iterator[Line]:
    """What went of a kind: below those that are still there."""
    for change in changes:
        if (change.what, change.kind) == (what, "gone") and not change.quiet:
            yield Line(change.value, "gone")


def _translation(rule: Translation, mark: Kind | None) -> Line:
    """A translation; in a picture without what goes without saying of a published port."""
    published = rule.exact and rule.reached and rule.kind in {"dnat", "redirect"}
    shown = nat_text(rule)
    if published:
        usual = ("destination type local",)
        short = structs.replace(
            rule,
            came="" if rule.came.startswith("!") else rule.came,
            also=tuple(one for one in rule.also if one not in usual),
        )
        shown = nat_text(short)
    return Line(nat_text(rule), mark, role="nat", shown=shown, facts=rule.text)


def _filter(
    namespace: Namespace, changes: Sequence[Change], before: Namespace | None
) -> Iterator[Line]:
    """The packet filter, in one line, and in a picture a sign for each policy drop."""
    marks: dict[str, Kind] = {c.value: c.kind for c in changes if c.what == "rule"}
    text, was = (filter_text(each.rules) if each else "" for each in (namespace, before))
    said = text or (was or _NO_RULES if marks else "")
    if said:
        kind = _how(text, was, known=before is not None)
        # Of one that had no rules, and a policy alone, that is what went.
        rules, _, policies = said.partition(", ")
        shown = policies if kind == "gone" and rules == _NO_RULES else rules
        yield Line(said, kind if marks else None, code=False, role="filter", shown=shown)
    yield from _dropped(namespace, marks)


_NO_RULES = "filter: no rules"


def _how(text: str, was: str, *, known: bool) -> Kind:
    """How a packet filter changed, by what is said of it and what was.

    :param known: whether one knows what was
    """
    if text and was:
        return "changed"
    if text:
        return "new" if known else "changed"
    return "gone" if was else "changed"


def _dropped(namespace: Namespace, marks: Mapping[str, Kind]) -> Iterator[Line]:
    """A sign for each policy drop of a packet filter.

    :param marks: how each of its rules and policies changed
    """
    dropped: dict[str, list[str]] = {}
    forwarded = set()
    for table, chain in namespace.rules.base_chains():
        if chain.policy == "drop" and chain.type != "nat":
            hook = " ".join((*_APART.get(table.family, ()), chain.hook, *chain.devices))
            dropped.setdefault(hook, []).append(drops_text(table, chain))
            if chain.hook == "forward" and table.family not in _APART:
                forwarded.add(hook)
    for hook, said in dropped.items():
        yield Line(
            "",
            next((marks[one] for one in said if one in marks), None),
            code=False,
            role="policy",
            shown=f"{hook} policy drop",
            forwards=hook in forwarded,
            facts="\n".join(said),
        )


_APART = {"bridge": ("bridge",), "arp": ("arp",), "netdev": ()}
"""Families whose chains do not act where packets are routed, with what is said of them."""


def _forwarding(namespace: Namespace, changes: Sequence[Change], many: bool) -> Iterator[Line]:
    for key in ("net.ipv4.ip_forward", "net/ipv4/ip_forward"):
        value = namespace.sysctls.get(key)
        if value is not None and (namespace.role == "host" or value != "0" or many):
            kinds: list[Kind] = [c.kind for c in changes if (c.what, c.name) == ("sysctl", key)]
            yield Line(
                f"ip_forward = {value}",
                kinds[0] if kinds else None,
                role="forwarding",
                shown=f"forwarding {'off' if value == '0' else 'on'}",
            )
