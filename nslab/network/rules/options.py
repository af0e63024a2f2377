"""The options of a rule of iptables and its kin (iptables-extensions(8), ebtables(8)), as values.

An option belongs to the match module (`-m`) or target (`-j`) named before it: `--mark` means
another thing after `-m connmark`.  A module that is not known makes one unknown condition with all
of its words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from nslab.network.rules import words
from nslab.network.rules.values import UNKNOWN, Match, Statement

_ADDRESS = {"-s": "source", "-d": "destination", "-i": "in", "-o": "out", "-p": "protocol"}
_PORTS = {
    "--sport": "sport",
    "--sports": "sport",
    "--source-port": "sport",
    "--source-ports": "sport",
    "--dport": "dport",
    "--dports": "dport",
    "--destination-port": "dport",
    "--destination-ports": "dport",
}
_WORDS = {
    "--ctstate": "state",
    "--state": "state",
    "--ctstatus": "status",
    "--ctdir": "direction",
    "--src-type": "source type",
    "--dst-type": "destination type",
    "--src-range": "source",
    "--dst-range": "destination",
    "--mac-source": "mac source",
    "--physdev-in": "port in",
    "--physdev-out": "port out",
    "--limit": "limit",
    "--length": "length",
    "--ttl-eq": "ttl",
}
_MODULES = {
    **dict.fromkeys(("tcp", "udp", "sctp", "dccp", "udplite"), (*_PORTS, "--tcp-flags", "--syn")),
    "multiport": tuple(_PORTS),
    "icmp": ("--icmp-type",),
    "icmp6": ("--icmpv6-type",),
    "ipv6-icmp": ("--icmpv6-type",),
    "icmpv6": ("--icmpv6-type",),
    "conntrack": ("--ctstate", "--ctstatus", "--ctdir"),
    "state": ("--state",),
    "mark": ("--mark",),
    "connmark": ("--mark",),
    "addrtype": ("--src-type", "--dst-type"),
    "iprange": ("--src-range", "--dst-range"),
    "mac": ("--mac-source",),
    "physdev": ("--physdev-in", "--physdev-out"),
    "limit": ("--limit", "--limit-burst"),
    "comment": ("--comment",),
    "length": ("--length",),
    "ttl": ("--ttl-eq",),
}
"""The match modules that are understood, as far as they have no other options than these."""

_EBTABLES = {
    "-s": "mac source",
    "-d": "mac destination",
    "-i": "in",
    "-o": "out",
    "-p": "family",
    "--ip-src": "source",
    "--ip-dst": "destination",
    "--ip6-src": "source",
    "--ip6-dst": "destination",
    "--arp-ip-src": "source",
    "--arp-ip-dst": "destination",
    "--arp-op": "operation",
    "--arp-opcode": "operation",
    "--ip-proto": "protocol",
    "--ip-protocol": "protocol",
    "--ip6-proto": "protocol",
    "--ip6-protocol": "protocol",
    "--ip-sport": "sport",
    "--ip-source-port": "sport",
    "--ip-dport": "dport",
    "--ip-destination-port": "dport",
    "--logical-in": "bridge in",
    "--logical-out": "bridge out",
}
_ARPTABLES = {
    "-s": "source",
    "-d": "destination",
    "-i": "in",
    "-o": "out",
    "--source-mac": "mac source",
    "--opcode": "operation",
}
_NOTES = (
    "LOG NFLOG ULOG TRACE CHECKSUM TCPMSS DSCP TOS TTL HL CLASSIFY CONNMARK AUDIT SECMARK "
    "CONNSECMARK RATEEST LED TEE log nflog ulog"
).split()
"""Targets after which the packet goes on to the next rule as the same packet."""

_VERDICTS = {"ACCEPT": "accept", "DROP": "drop", "RETURN": "return", "NFQUEUE": "queue"}
_TRANSLATIONS = {
    "MASQUERADE": "masquerade",
    "SNAT": "snat",
    "DNAT": "dnat",
    "REDIRECT": "redirect",
    "NETMAP": "netmap",
}
_FLAGS = {"--random": "random", "--random-fully": "fully-random", "--persistent": "persistent"}


class Read(Struct):
    """What the options of a rule came to."""

    matches: list[Match] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)


class _Option(Struct, frozen=True):
    name: str
    values: tuple[str, ...]
    negated: bool

    @property
    def text(self) -> str:
        return " ".join(("!",) * self.negated + (self.name, *self.values))

    @property
    def first(self) -> str:
        return self.values[0] if self.values else ""


def _options(given: Sequence[str]) -> list[_Option]:
    """The words by option; a ``!`` stands before its option, or (ebtables) behind it."""
    found: list[_Option] = []
    name, negated, following = "", False, False
    values: list[str] = []
    for word in [*given, "-"]:
        if word == "!":
            following = True
        elif word.startswith("-") and not word[1:].isdecimal():
            if name:
                late = (following and not word[1:]) or (following and not values)
                found.append(_Option(name, tuple(values), negated or late))
                following = following and not late
            name, values, negated, following = word, [], following, False
        else:
            if following:
                negated, following = True, False
            values.append(word)
    return found


def read(given: Sequence[str], tool: str, chains: Mapping[str, str]) -> Read:
    """The conditions and what is done, out of the words behind ``-A CHAIN``."""
    found = Read()
    groups = _grouped(_options(given))
    for head, group in groups:
        if head is not None and head.name in ("-j", "-g"):
            found.statements.append(_target(head, group, chains))
        elif tool in ("ebtables", "arptables"):
            known = _EBTABLES if tool == "ebtables" else _ARPTABLES
            found.matches += [_plain(option, known, tool) for option in group]
        else:
            found.matches += _module(head, group)
    return found


def _grouped(found: Sequence[_Option]) -> list[tuple[_Option | None, list[_Option]]]:
    """Each match module and target with its own options; first those of no module."""
    groups: list[tuple[_Option | None, list[_Option]]] = [(None, [])]
    for option in found:
        if option.name in ("-m", "-j", "-g"):
            groups.append((option, []))
        elif option.name in _ADDRESS:
            groups[0][1].append(option)
        else:
            groups[-1][1].append(option)
    return groups


def _module(head: _Option | None, group: Sequence[_Option]) -> list[Match]:
    if head is None:
        return [found for option in group for found in _general(option)]
    name = head.first
    known = _MODULES.get(name)
    if known is None or any(option.name not in known for option in group):
        text = " ".join([f"-m {name}", *(option.text for option in group)])
        return [Match(field=UNKNOWN, values=(text,))]
    return [found for option in group for found in _matched(name, option)]


def _general(option: _Option) -> list[Match]:
    """What needs no module."""
    if option.name not in _ADDRESS or not option.values:
        return [Match(field=UNKNOWN, values=(option.text,))]
    what, given = _ADDRESS[option.name], option.first
    match what:
        case "protocol":
            given = words.protocol(given)
        case "in" | "out":
            given = _device(given)
        case _:
            given = address(given)
    return [Match(field=what, values=(given,), negated=option.negated)] if given else []


def _device(name: str) -> str:
    return f"{name[:-1]}*" if name.endswith("+") else name


def address(text: str) -> str:
    """An address without a prefix length that says nothing, or a mask as a length; "" for any."""
    plain, slash, length = text.partition("/")
    if slash and not length.isdecimal():
        return f"{plain}/{length}"
    if length == ("128" if ":" in plain else "32"):
        return plain
    return "" if length == "0" and plain in ("0.0.0.0", "::") else text


def _matched(module: str, option: _Option) -> list[Match]:
    name, given = option.name, option.first
    if name in ("--comment", "--limit-burst"):
        return []
    if name == "--syn":
        value = (f"{words.TCP_FLAGS['syn']}/23",)  # of FIN, SYN, RST and ACK
        return [Match(field="tcp flags", values=value, negated=option.negated)]
    if name == "--tcp-flags" and len(option.values) == 2:
        mask, bits = (_flags(each) for each in option.values)
        return [Match(field="tcp flags", values=(f"{bits}/{mask}",), negated=option.negated)]
    if name in _PORTS and given:
        ports = tuple(_ports(each) for each in given.split(","))
        return [Match(field=_PORTS[name], values=ports, negated=option.negated)]
    if name in ("--icmp-type", "--icmpv6-type") and given:
        return _icmp(option)
    if name == "--mark" and given:
        what = "mark" if module == "mark" else "ctmark"
        return [Match(field=what, values=(mark(given),), negated=option.negated)]
    if name in _WORDS and given:
        return _worded(option)
    return [Match(field=UNKNOWN, values=(f"-m {module} {option.text}",))]


def _worded(option: _Option) -> list[Match]:
    what, given = _WORDS[option.name], option.first
    match what:
        case "source" | "destination" | "limit":
            values = [given]
        case "port in" | "port out":
            values = [_device(given)]
        case "length":
            values = [given.replace(":", "-")]
        case _:
            values = [each.lower() for each in given.split(",")]
    translated = {"snat", "dnat"} & set(values)
    if what == "state" and translated:
        if translated != set(values):
            return [Match(field=UNKNOWN, values=(option.text,))]
        what = "status"
    return [Match(field=what, values=tuple(values), negated=option.negated)]


def _icmp(option: _Option) -> list[Match]:
    names = words.ICMP_TYPES if option.name == "--icmp-type" else words.ICMPV6_TYPES
    kind = names.get(option.first, option.first)
    if kind in ("any", "255"):
        return []
    if not kind.isdecimal():  # with a code, which the packets here are not told by
        return [Match(field=UNKNOWN, values=(option.text,))]
    return [Match(field="icmp type", values=(kind,), negated=option.negated)]


def _ports(text: str) -> str:
    """``1024:`` is ``1024-65535``."""
    first, colon, last = text.partition(":")
    return f"{first or 0}-{last or 65535}" if colon else first


def _flags(text: str) -> int:
    return sum(words.TCP_FLAGS.get(each.lower(), 0) for each in text.split(","))


def mark(text: str) -> str:
    """``0x7/0xff`` as ``7/255``."""
    value, _, mask = text.partition("/")
    number = int(value, 0)
    if not mask or int(mask, 0) == 0xFFFFFFFF:
        return str(number)
    return f"{number}/{int(mask, 0)}"


def _plain(option: _Option, known: Mapping[str, str], tool: str) -> Match:
    """An option of ebtables or arptables."""
    what, given = known.get(option.name, ""), option.first
    if what == "family":
        given = words.FAMILIES.get(given.lower(), "")
    elif what == "protocol":
        given = words.protocol(given)
    elif what in ("in", "out", "bridge in", "bridge out"):
        given = _device(given)
    elif what in ("source", "destination"):
        given = address(given)
    elif what in ("sport", "dport"):
        given = _ports(given)
    elif what == "operation":
        given = {"1": "request", "2": "reply"}.get(given, given.lower())
    elif what.startswith("mac") and (len(given) != 17 or tool == "arptables"):
        given = ""
    if not what or not given:
        return Match(field=UNKNOWN, values=(option.text,))
    return Match(field=what, values=(given,), negated=option.negated)


# -- what is done ------------------------------------------------------------------------------


def _target(head: _Option, group: Sequence[_Option], chains: Mapping[str, str]) -> Statement:
    name = head.first
    if name in chains:
        return Statement(kind="goto" if head.name == "-g" else "jump", target=name)
    if name in _VERDICTS:
        return Statement(kind=_VERDICTS[name])
    text = " ".join([f"-j {name}", *(option.text for option in group)])
    given = {option.name: option.first for option in group}
    if name == "REJECT":
        return Statement(kind="reject", target=given.get("--reject-with", ""))
    if name in _TRANSLATIONS:
        return _translation(_TRANSLATIONS[name], given, text)
    if name == "MARK":
        return _marking(given)
    if name == "NOTRACK" or (name == "CT" and "--notrack" in given):
        return Statement(kind="notrack")
    if name in _NOTES or name == "CONTINUE":
        return Statement(kind="note", text=name)
    return Statement(kind=UNKNOWN, text=text)


def _translation(kind: str, given: Mapping[str, str], text: str) -> Statement:
    flags = tuple(word for option, word in _FLAGS.items() if option in given)
    to, ports = "", given.get("--to-ports", "")
    for option in ("--to-source", "--to-destination", "--to"):
        if option in given:
            to, ports = _endpoint(given[option])
    if set(given) - {*_FLAGS, "--to-ports", "--to-source", "--to-destination", "--to"}:
        return Statement(kind=UNKNOWN, text=text)
    return Statement(kind=kind, to=address(to), ports=ports.split("/")[0], flags=flags)


def _endpoint(text: str) -> tuple[str, str]:
    """An address, perhaps ``a-b``, with a port: ``10.0.0.1:80``, ``[fd00::1]:80``."""
    if text.startswith("["):
        inner, _, ports = text[1:].partition("]")
        return inner, ports.removeprefix(":")
    if text.count(":") == 1:
        to, _, ports = text.partition(":")
        return to, ports
    return text, ""


def _marking(given: Mapping[str, str]) -> Statement:
    for option in ("--set-xmark", "--set-mark"):
        if option in given:
            value = mark(given[option])
            if "/" not in value:
                return Statement(kind="mark", target=value)
    return Statement(kind="mark")  # to what, depends on what it was
