"""Which rule rewrites the source of a packet that leaves."""

from __future__ import annotations

from nslab.explain.trace.routing import ip, network, select
from nslab.network.model import Namespace, NatRule

_BEFORE_ROUTING = ("prerouting", "input", "output")


def source_rules(namespace: Namespace) -> list[NatRule]:
    """The rules that rewrite sources, in the order in which they are tried."""
    return [
        rule
        for rule in namespace.nat
        if rule.kind in ("masquerade", "snat") and rule.chain not in _BEFORE_ROUTING
    ]


def matches(rule: NatRule, source: str, destination: str, out: str) -> bool:
    """Whether a rule is about such a packet, by what a snapshot shows of the rule."""
    return (
        covers(rule.source, source)
        and covers(rule.destination, destination)
        and (_is_device(rule.out, out))
    )


def covers(wanted: str, address: str) -> bool:
    """Whether a rule's network, which may begin with ``!`` or be empty, holds an address."""
    if not wanted:
        return True
    prefix = network(wanted.lstrip("!"))
    return (prefix is not None and ip(address) in prefix) != wanted.startswith("!")


def _is_device(wanted: str, out: str) -> bool:
    if not wanted:
        return True
    name = wanted.lstrip("!")
    same = out.startswith(name[:-1]) if name[-1] in "+*" else out == name
    return same != wanted.startswith("!")


def rewritten(
    namespace: Namespace, source: str, destination: str, out: str, next_hop: str
) -> tuple[str, str]:
    """The source after the first rule that is about the packet, and the rule's kind, or ""."""
    for rule in source_rules(namespace):
        if matches(rule, source, destination, out):
            if rule.kind == "snat":
                return rule.to or source, rule.kind
            return select(namespace, out, next_hop), rule.kind
    return source, ""
