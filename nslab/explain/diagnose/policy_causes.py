"""Policy rules (``ip rule``) that lead astray: shown by what the way would be without them."""

from __future__ import annotations

from msgspec import structs

from nslab.explain.diagnose.context import Search
from nslab.explain.diagnose.explanation import Obstacle
from nslab.explain.trace import Hop, routing, trace
from nslab.network.diff import policy_text
from nslab.network.model import Namespace, PolicyRule, Snapshot
from nslab.sentence import sentence

_MAIN = 254
_OWN = (255, 254, 253)


def cause(search: Search) -> Obstacle | None:
    """A rule without which the way would be open, or the rule that is missing."""
    for hop in search.trace.hops:
        here = search.snapshot.namespace(hop.namespace)
        if not here.policy:
            continue
        rule = _taken(here, hop)
        if rule is not None and not (rule.action == "lookup" and rule.table in _OWN):
            rest = tuple(each for each in here.policy if each != rule)
            if _opens(search, here, rest):
                values = {"here": here.label, "rule": policy_text(rule)}
                message = sentence("{here}: the rule {rule} sends it the wrong way", **values)
                if rule.action != "lookup":
                    message = sentence("{here}: the rule {rule} refuses it", **values)
                command = f"ip rule del pref {rule.priority}"
                search.blamed = hop
                return search.made("policy-route", here, message, command=command)
        if not any(each.table == _MAIN and each.action == "lookup" for each in here.policy):
            whole = (*here.policy, PolicyRule(priority=32766, table=_MAIN))
            if _opens(search, here, whole):
                message = sentence(
                    "{here} does not ask its main table: the rule for it is gone", here=here.label
                )
                command = "ip rule add pref 32766 table main"
                return search.made("policy-route", here, message, command=command)
    return None


def _taken(here: Namespace, hop: Hop) -> PolicyRule | None:
    """The rule that led the hop to its route."""
    source = hop.source if hop.link_in or hop.route is None else ""
    for origin in dict.fromkeys((source, hop.source)):
        found = routing.decided(here, hop.destination, origin, hop.link_in)
        if found[1] is not None:
            return found[1]
    return None


def _opens(search: Search, here: Namespace, policy: tuple[PolicyRule, ...]) -> bool:
    """Whether the way would be open with those rules, or at least lead further."""
    changed = structs.replace(here, policy=policy)
    copy: Snapshot = structs.replace(
        search.snapshot,
        namespaces=tuple(
            changed if ns.inode == here.inode else ns for ns in search.snapshot.namespaces
        ),
    )
    origin = search.snapshot.namespace(search.trace.namespace).inode
    found = trace(
        copy,
        origin,
        search.trace.address,
        protocol=search.trace.protocol,
        port=search.trace.port,
        size=search.trace.size,
    )
    if found.ok or found.stop is None:
        return True
    if found.back and not search.trace.back:
        return True  # then it arrives, and what is wrong with the answer comes afterwards
    # It may stop at something else after that: enough, if the rule itself was the end of the way.
    ended = search.stop.kind in ("route-refuses", "no-route")
    same = (found.stop.kind, found.stop.namespace) == (search.stop.kind, search.stop.namespace)
    further = len(found.hops) >= len(search.trace.hops)
    return ended and search.here.inode == here.inode and further and not same
