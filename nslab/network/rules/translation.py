"""The translations among the rules, as a picture, a diff and a check tell them."""

from __future__ import annotations

from collections.abc import Iterator

from nslab.network.rules.values import UNKNOWN, Chain, Match, Rule, Ruleset, Statement, Table
from nslab.network.value import Value

KINDS = ("masquerade", "snat", "dnat", "redirect", "netmap")

_BARE = {"family": "", "source": "", "destination": "", "in": "", "out": "", "protocol": ""}
_TOLD = (*_BARE, "sport", "dport")


class Translation(Value, frozen=True):
    """One rule that rewrites addresses, with the whole of what it matches.

    ``source``, ``destination``, ``came`` (in by a link) and ``out`` are as iptables says them:
    empty for any, with ``!`` for all but this one, values with commas between.  ``also`` are
    further conditions that have no place of their own, in words.  ``exact`` is whether all of the
    rule is understood; if not, only ``text`` tells it.
    """

    kind: str
    source: str = ""
    destination: str = ""
    came: str = ""
    out: str = ""
    protocol: str = ""
    sport: str = ""
    dport: str = ""
    also: tuple[str, ...] = ()
    to: str = ""
    ports: str = ""
    hook: str = "postrouting"
    family: str = "ip"
    reached: bool = True
    """Whether packets come by: false in a chain that nothing jumps to."""
    exact: bool = True
    text: str = ""


def translations(rules: Ruleset) -> tuple[Translation, ...]:
    """The translations of a namespace, in the order in which they stand."""
    return tuple(found for table in rules for found in _of_table(table))


def _of_table(table: Table) -> Iterator[Translation]:
    entered = _entered(table)
    for chain in table.chains:
        hooks = entered.get(chain.name, ())
        for rule in chain.rules:
            for statement in rule.statements:
                for done, key in _spread(statement):
                    if done.kind in KINDS:
                        matches = (*rule.matches, *key)
                        yield _told(table, chain, rule, done, matches, hooks)


def _spread(statement: Statement) -> Iterator[tuple[Statement, tuple[Match, ...]]]:
    """What is done, each case of a map with its own condition."""
    if statement.kind != "choose":
        yield statement, ()
    for case in statement.cases:
        yield case.then, (Match(field=statement.target, values=(case.key,)),)


def _entered(table: Table) -> dict[str, tuple[str, ...]]:
    """The hooks from which packets come to each chain of a table."""
    found: dict[str, set[str]] = {}
    todo = [(chain.name, chain.hook) for chain in table.chains if chain.hook]
    while todo:
        name, hook = todo.pop()
        chain = table.chain(name)
        if chain is None or hook in found.setdefault(name, set()):
            continue
        found[name].add(hook)
        for rule in chain.rules:
            for statement in rule.statements:
                inner = [statement, *(case.then for case in statement.cases)]
                todo += [(each.target, hook) for each in inner if each.kind in ("jump", "goto")]
    return {name: tuple(sorted(hooks)) for name, hooks in found.items()}


def _told(
    table: Table,
    chain: Chain,
    rule: Rule,
    done: Statement,
    matches: tuple[Match, ...],
    hooks: tuple[str, ...],
) -> Translation:
    fields: dict[str, str] = {}
    also: list[str] = []
    exact = not rule.unknown
    for match in matches:
        if match.field == UNKNOWN:
            continue
        said = ("!" if match.negated else "") + ",".join(match.values)
        if match.field in _TOLD and match.field not in fields:
            fields[match.field] = said
        else:
            also.append(f"{match.field} {said}")
    family = fields.pop("family", "") or table.family
    return Translation(
        kind=done.kind,
        source=fields.get("source", ""),
        destination=fields.get("destination", ""),
        came=fields.get("in", ""),
        out=fields.get("out", ""),
        protocol=fields.get("protocol", ""),
        sport=fields.get("sport", ""),
        dport=fields.get("dport", ""),
        also=tuple(also),
        to=done.to,
        ports=done.ports,
        hook=hooks[0] if hooks else chain.hook,
        family=family,
        reached=bool(hooks),
        exact=exact,
        text=rule.text,
    )
