"""How packet filter rules and translations are put into words, in a diff and in a picture alike."""

from __future__ import annotations

from collections.abc import Iterator

from nslab.network.rules import Chain, Rule, Ruleset, Table, Translation
from nslab.network.rules.translation import KINDS
from nslab.sentence import Sentence, joined, sentence

FROM, IN_BY, TO, AS, IF = (
    sentence("from"),
    sentence("in by"),
    sentence("to"),
    sentence("as"),
    sentence("if"),
)
PORT = sentence("port")
EVERYTHING, THIS_HOST = sentence("everything"), sentence("this host")
UNREACHED = sentence("(in a chain that nothing jumps to)")
WORDS = (UNREACHED, THIS_HOST, EVERYTHING, IN_BY, FROM, PORT, TO, AS, IF)
"""What a translation has of words, beside those of its conditions."""

CONDITIONS = (
    sentence("bridge in"),
    sentence("bridge out"),
    sentence("ctmark"),
    sentence("destination"),
    sentence("destination type"),
    sentence("direction"),
    sentence("dport"),
    sentence("family"),
    sentence("icmp type"),
    sentence("in"),
    sentence("length"),
    sentence("limit"),
    sentence("mac destination"),
    sentence("mac source"),
    sentence("mark"),
    sentence("operation"),
    sentence("out"),
    sentence("port in"),
    sentence("port out"),
    sentence("protocol"),
    sentence("source"),
    sentence("source type"),
    sentence("sport"),
    sentence("state"),
    sentence("status"),
    sentence("tcp flags"),
    sentence("ttl"),
)
"""What a condition behind "if" begins with; a value follows."""


def nat_text(rule: Translation) -> str:
    """A translation in one line: ``masquerade 192.168.10.0/24 → eth0``.

    One that is not fully understood is given in its tool's words.
    """
    return str(nat_sentence(rule))


def nat_sentence(rule: Translation) -> Sentence:
    """The same, with its words as sentences, so that another language can say it."""
    if not rule.exact:
        return joined("", [rule.text])
    words: list[str] = [rule.kind]
    if rule.family == "ip6" and ":" not in rule.source + rule.destination + rule.to:
        words.append("IPv6")
    words.append(rule.protocol)
    words += _from_outside(rule) if rule.kind in ("dnat", "redirect") else _outwards(rule)
    if rule.also:
        words += [IF, joined(", ", map(_condition, rule.also))]
    if not rule.reached:
        words.append(UNREACHED)
    return joined(" ", [word for word in words if word])


def _condition(text: str) -> Sentence:
    """A field, and what it is to be."""
    field = max((one for one in CONDITIONS if text.startswith(f"{one} ")), key=len, default="")
    return joined(" ", [field, text[len(field) + 1 :]]) if field else joined("", [text])


def _from_outside(rule: Translation) -> list[str]:
    """What is for one address goes to another."""
    words: list[str] = []
    if rule.source or rule.sport:
        words += [FROM, _at(rule.source, rule.sport)]
    if rule.came:
        words += [IN_BY, rule.came]
    wanted = _at(rule.destination, rule.dport)
    words.append(wanted or ("" if rule.protocol or words else EVERYTHING))
    return [*words, "→", _at(rule.to, rule.ports) or THIS_HOST]


def _outwards(rule: Translation) -> list[str]:
    """What comes from one address is sent as from another."""
    words = [_at(rule.source, rule.sport)]
    if not any((rule.source, rule.sport, rule.destination, rule.protocol)):
        words.append(EVERYTHING)
    if rule.destination or rule.dport:
        words += [TO, _at(rule.destination, rule.dport)]
    if rule.came:
        words += [IN_BY, rule.came]
    if rule.out:
        words.append(f"→ {rule.out}")
    if rule.to or rule.ports:
        words += [AS, _at(rule.to, rule.ports)]
    return words


def _at(address: str, port: str) -> str:
    if not port:
        return address
    if not address:
        return joined(" ", [PORT, port])
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def rule_text(table: Table, chain: Chain, rule: Rule) -> str:
    """A rule in its tool's words, with its place."""
    if table.tool == "nft":
        return f"{_place(table, chain)}: {rule.text}"
    return f"{_command(table)} {rule.text}"


def drops_text(table: Table, chain: Chain) -> str:
    """A base chain's policy in its tool's words."""
    if table.tool == "nft":
        return f"{_place(table, chain)}: policy {chain.policy}"
    return f"{_command(table)} -P {chain.name} {chain.policy.upper()}"


def _place(table: Table, chain: Chain) -> str:
    return f"{table.family} {table.name} {chain.name}"


def _command(table: Table) -> str:
    return table.tool if table.name == "filter" else f"{table.tool} -t {table.name}"


def filter_items(rules: Ruleset) -> Iterator[str]:
    """The rules that do not translate, and the policies that do not accept."""
    for table in rules:
        for chain in table.chains:
            if chain.policy != "accept":
                yield drops_text(table, chain)
            for rule in chain.rules:
                if not _translates(rule):
                    yield rule_text(table, chain, rule)


def filter_text(rules: Ruleset) -> str:
    """All that is not translation in one line: ``filter: 3 rules, forward policy drop``."""
    filtering = [chain for table in rules for chain in _filtering(table)]
    count = sum(not _translates(rule) for chain in filtering for rule in chain.rules)
    hooks = list(dict.fromkeys(chain.hook for chain in filtering if chain.policy == "drop"))
    if not count and not hooks:
        return ""
    said = f"filter: {count or 'no'} rule{'' if count == 1 else 's'}"
    return f"{said}, {' and '.join(hooks)} policy drop" if hooks else said


def _filtering(table: Table) -> Iterator[Chain]:
    """The chains that are not for translation only, as far as packets come by."""
    hooked = [chain for chain in table.chains if chain.hook]
    if any(chain.type != "nat" for chain in hooked):
        yield from (chain for chain in table.chains if chain.type != "nat")


def _translates(rule: Rule) -> bool:
    return any(
        each.kind in KINDS or any(case.then.kind in KINDS for case in each.cases)
        for each in rule.statements
    )
