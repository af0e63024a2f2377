"""What `nft -j list ruleset` prints (libnftables-json(5)), as values.

The texts of the rules are not in it: they come from `nft -s -a list ruleset`, where each rule ends
with its handle, together with what nft 1.0.6 leaves out of the JSON (devices, dormant tables).
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from nslab.network.rules import nft_terms as terms
from nslab.network.rules.values import UNKNOWN, Case, Chain, Match, Rule, Statement, Table

_Key = tuple[str, str]
"""A table: its family and name."""

EFFECTS = ("mark", "notrack")
"""What changes how later conditions of the same rule turn out."""


class Listing(Struct):
    """What only the listing in words tells."""

    texts: dict[tuple[str, str, int], str] = field(default_factory=dict)
    """By the table's family and name, and the rule's handle."""
    devices: dict[tuple[str, str, str], tuple[str, ...]] = field(default_factory=dict)
    """By the table's family and name, and the chain."""
    dormant: set[_Key] = field(default_factory=set)
    moving: set[tuple[str, str, str]] = field(default_factory=set)
    """Sets that packets fill or that time empties: by the table's family and name, and theirs."""


_TABLE = re.compile(r"table (\S+) (\S+) \{")
_INNER = re.compile(r"(chain|set|map|flowtable|counter|quota) (\S+) \{")
_ENDS = re.compile(r"^(.*?)\s+# handle (\d+)$")
_DEVICES = re.compile(r'devices? (?:= \{ ([^}]*) \}|"([^"]*)")')


def listing(text: str) -> Listing:
    """Read `nft -s -a list ruleset`."""
    found = Listing()
    table, kind, name, waiting = ("", ""), "", "", ""
    for line in text.splitlines():
        line = line.strip()
        if opened := _TABLE.match(line):
            table, kind = (opened[1], opened[2]), ""
        elif opened := _INNER.match(line):
            kind, name, waiting = opened[1], opened[2], ""
        elif line == "}":
            kind = ""
        elif not kind:
            if line.startswith("flags") and "dormant" in line:
                found.dormant.add(table)
        elif kind in ("set", "map"):
            if line.startswith(("flags", "timeout")) and re.search("dynamic|timeout", line):
                found.moving.add((*table, name))
        elif kind == "chain":
            if line.startswith("type ") and " hook " in line and not waiting:
                devices = _DEVICES.search(line)
                if devices:
                    names = (devices[1] or devices[2]).split(",")
                    found.devices[(*table, name)] = tuple(each.strip(' "') for each in names)
            else:  # a long set may go over several lines
                waiting = f"{waiting} {line}".strip()
                if ended := _ENDS.match(waiting):
                    found.texts[(*table, int(ended[2]))] = re.sub(r"\s+", " ", ended[1]).strip()
                    waiting = ""
    return found


def parse(printed: str, listed: str = "") -> tuple[Table, ...]:
    """The tables of a namespace, without those that are dormant.

    :param printed: what `nft -j list ruleset` prints
    :param listed: what `nft -s -a list ruleset` prints
    :raises ValueError: it is no such JSON
    """
    read = json.loads(printed)
    entries = read.get("nftables", []) if isinstance(read, dict) else []
    return tuple(_Reader(entries, listing(listed)).tables())


class _Reader:
    def __init__(self, entries: Iterable[Mapping[str, Any]], said: Listing) -> None:
        self.said = said
        self.names: list[_Key] = []
        self.sets: dict[_Key, dict[str, Any]] = {}
        self.chains: dict[_Key, list[Mapping[str, Any]]] = {}
        self.rules: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
        for entry in entries:
            for kind, body in entry.items():
                if isinstance(body, dict) and "family" in body:
                    self._take(kind, body)

    def _take(self, kind: str, body: Mapping[str, Any]) -> None:
        if kind == "table":
            self.names.append((body["family"], body["name"]))
            if "dorm" in str(body.get("flags", "")):
                self.said.dormant.add(self.names[-1])
            return
        table = (body["family"], body.get("table", ""))
        if kind in ("set", "map"):
            moves = (*table, body["name"]) in self.said.moving or "timeout" in body
            held = None if moves else body.get("elem", [])
            self.sets.setdefault(table, {})[body["name"]] = held
        elif kind == "chain":
            self.chains.setdefault(table, []).append(body)
        elif kind == "rule":
            self.rules.setdefault((*table, body["chain"]), []).append(body)

    def tables(self) -> Iterator[Table]:
        for family, name in self.names:
            if (family, name) not in self.said.dormant:
                chains = tuple(
                    self._chain(family, name, body) for body in self.chains.get((family, name), ())
                )
                yield Table(family=family, name=name, chains=chains)

    def _chain(self, family: str, table: str, body: Mapping[str, Any]) -> Chain:
        name = body["name"]
        named = body.get("dev")
        devices = (named,) if isinstance(named, str) else tuple(named or ())
        return Chain(
            name=name,
            type=body.get("type", ""),
            hook=body.get("hook", ""),
            priority=body.get("prio", 0),
            policy=body.get("policy", "accept"),
            devices=self.said.devices.get((family, table, name), devices),
            rules=tuple(
                self._rule(family, table, each)
                for each in self.rules.get((family, table, name), ())
            ),
        )

    def _rule(self, family: str, table: str, body: Mapping[str, Any]) -> Rule:
        handle = body.get("handle", 0)
        text = self.said.texts.get((family, table, handle), "")
        found = _Expressions(family, self.sets.get((family, table), {}))
        for expression in body.get("expr", ()):
            found.add(expression)
        matches = tuple(dict.fromkeys(found.matches))
        return Rule(
            matches=matches,
            statements=tuple(found.statements),
            text=text,
            handle=handle,
            counted=found.counted,
        )


class _Expressions:
    """The expressions of a rule, one after another."""

    def __init__(self, family: str, sets: terms.Sets) -> None:
        self.family = family
        self.sets = sets
        self.matches: list[Match] = []
        self.statements: list[Statement] = []
        self.counted = False

    def add(self, expression: Mapping[str, Any]) -> None:
        for kind, body in expression.items():
            match kind:
                case "match":
                    self._match(*terms.matches(body["left"], body["op"], body["right"], self.sets))
                case "counter":
                    self.counted = True
                case "limit":
                    rate = f"{body.get('rate')}/{body.get('per', 'second')}"
                    over = bool(body.get("inv"))
                    self._match(Match(field="limit", values=(rate,), negated=over))
                case "xt" if body.get("type") != "target":
                    self._match(terms.unknown(expression))
                case "quota" | "ct count" | "connlimit" | "meter":
                    self._match(Match(field=UNKNOWN, values=(kind,)))
                case _:
                    self._statement(kind, body)

    def _match(self, *found: Match) -> None:
        if any(each.kind in EFFECTS for each in self.statements):
            self.matches.append(Match(field=UNKNOWN, values=("what is compared after a change",)))
        # What a table of its family says of every packet goes without saying.
        usual = Match(field="family", values=(self.family,))
        self.matches += [each for each in found if each != usual]

    def _statement(self, kind: str, body: Any) -> None:
        try:
            implied, statement = _statement(kind, body, self.sets)
        except terms.Opaque as error:
            implied, statement = (), Statement(kind=UNKNOWN, text=str(error))
        self._match(*implied)
        self.statements.append(statement)


_Said = tuple[tuple[Match, ...], Statement]
_NOTES = ("log", "set", "last", "ct helper", "ct timeout", "ct expectation", "flow")
_TRANSLATIONS = ("masquerade", "snat", "dnat", "redirect")


def _statement(kind: str, body: Any, sets: terms.Sets) -> _Said:
    match kind:
        case "accept" | "drop" | "return" | "notrack" | "queue":
            return (), Statement(kind=kind)
        case "continue" | "comment":
            return (), Statement(kind="note", text=kind)
        case "jump" | "goto":
            return (), Statement(kind=kind, target=body["target"])
        case "reject":
            return (), Statement(kind="reject", target=_reject(body))
        case "vmap":
            return _chosen(body["key"], body["data"], sets, _verdict)
        case "mangle":
            return (), _mangled(body)
        case _ if kind in _NOTES:
            return (), Statement(kind="note", text=kind)
        case _ if kind in _TRANSLATIONS:
            return _translated(kind, body or {}, sets)
    raise terms.Opaque(terms.wording({kind: body}))


def _reject(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    return " ".join(str(body[key]) for key in ("type", "expr") if key in body)


def _verdict(body: Any) -> Statement:
    """A verdict as an element of a map."""
    if isinstance(body, dict) and len(body) == 1:
        ((kind, inner),) = body.items()
        return _statement(kind, inner, {})[1]
    raise terms.Opaque(terms.wording(body))


def _chosen(key: Any, data: Any, sets: terms.Sets, then: Any) -> _Said:
    """A map: each value of the key has its own statement."""
    found = terms.term(key)
    cases = []
    for pair in terms.elements(data, sets):
        match pair:
            case [{"elem": {"val": value}} | value, held]:
                cases.append(Case(key=terms.value(found, value), then=then(held)))
            case _:
                raise terms.Opaque(terms.wording(pair))
    return found.implied, Statement(kind="choose", target=found.field, cases=tuple(cases))


def _mangled(body: Mapping[str, Any]) -> Statement:
    match body:
        case {"key": {"meta": {"key": "mark"}}, "value": int(number)}:
            return Statement(kind="mark", target=str(number))
        case {"key": {"meta": {"key": "mark"}}}:
            return Statement(kind="mark")
        case {"key": {"meta": {"key": "nftrace" | "priority"}}} | {"key": {"ct": _}}:
            return Statement(kind="note", text="set")
    raise terms.Opaque(terms.wording(body.get("key")))


def _translated(kind: str, body: Mapping[str, Any], sets: terms.Sets) -> _Said:
    flags = _listed(body.get("flags")) + _listed(body.get("type_flags"))
    address, port = body.get("addr"), body.get("port")
    if isinstance(port, dict) and "map" in port:
        raise terms.Opaque("a map of ports")
    if "netmap" in flags or "prefix" in flags:
        kind = "netmap"
    kept = tuple(each for each in flags if each in ("random", "fully-random", "persistent"))
    ports = "" if port is None else terms.value(terms.Term("dport"), port)

    def to(held: Any) -> Statement:
        given, own = held, ports
        if isinstance(held, dict) and "concat" in held:
            given, number = held["concat"]
            own = terms.value(terms.Term("dport"), number)
        text = "" if given is None else terms.value(terms.Term("destination"), given)
        return Statement(
            kind=kind, to=text if kind == "netmap" else _range(text), ports=own, flags=kept
        )

    if isinstance(address, dict) and "map" in address:
        return _chosen(address["map"]["key"], address["map"]["data"], sets, to)
    return (), to(address)


def _range(text: str) -> str:
    """A range that nft prints as a prefix, because it happens to be one."""
    if "/" not in text:
        return text
    network = ipaddress.ip_network(text, strict=False)
    return f"{network[0]}-{network[-1]}"


def _listed(flags: Any) -> list[str]:
    return list(flags) if isinstance(flags, list) else [flags] if flags else []
