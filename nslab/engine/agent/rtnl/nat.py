"""Address translation rules of a network namespace, as nf_tables holds them.

Both nft(8) and today's iptables (iptables-nft) keep their rules there, the latter with some parts
in iptables' own binary form ("xt").  Rules of iptables-legacy are read through its own tool where
the kernel lets us see that there are any.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Callable, Iterable
from typing import Any

from nslab.engine import uapi
from nslab.network.model import NatRule

GET_TABLES = (10 << 8) | 1  # NFNL_SUBSYS_NFTABLES, NFT_MSG_GETTABLE
_FAMILIES = (2, 1, 10)
"""Where addresses are translated: ip, inet, ip6.  Rules of other families are none of ours."""

_HOOKS = ("prerouting", "input", "forward", "output", "postrouting")
_KINDS = {"MASQUERADE": "masquerade", "SNAT": "snat", "DNAT": "dnat", "REDIRECT": "redirect"}

Run = Callable[[list[str]], tuple[int, str]]
"""Runs a program in the namespace: its return code and output."""


def rules(run: Run | None = None) -> tuple[NatRule, ...]:
    """The translation rules of this thread's network namespace, in the order they are tried."""
    found: list[NatRule] = []
    if _has_tables():
        found += _nftables()
    if run is not None and _has_legacy():
        found += _legacy(run)
    return tuple(found)


def _has_tables() -> bool:
    """Whether nf_tables has a table of ours here: quickly, because most namespaces have none."""
    with socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, uapi.NETLINK_NETFILTER
    ) as asking:
        return any(_has_table(asking, family) for family in _FAMILIES)


def _has_table(asking: socket.socket, family: int) -> bool:
    try:
        ask = struct.pack("=IHHIIBBH", 20, GET_TABLES, 0x301, family, 0, family, 0, 0)
        asking.sendto(ask, (0, 0))
        found = False
        while True:  # to the end of the answer, or the next one would begin with the rest of it
            answer = asking.recv(65536)
            offset = 0
            while offset < len(answer):
                size, kind = struct.unpack_from("=IH", answer, offset)
                if kind != (10 << 8):  # NFT_MSG_NEWTABLE; else NLMSG_DONE or an error
                    return found
                found = True
                offset += (size + 3) & ~3
    except OSError:
        return False


def _nftables() -> list[NatRule]:
    # A quarter of a second to import, so only where there are rules to be read.
    from pyroute2.nftables.main import NFTables

    found = []
    tables = NFTables(nfgen_family=0)
    try:
        hooks = {}
        for chain in tables.get_chains():
            if chain["nfgen_family"] not in _FAMILIES:
                continue
            hook = chain.get_attr("NFTA_CHAIN_HOOK")
            if hook is not None and chain.get_attr("NFTA_CHAIN_TYPE") == "nat":
                number = hook.get_attr("NFTA_HOOK_HOOKNUM")
                hooks[_place(chain, "CHAIN_NAME", "CHAIN_TABLE")] = _HOOKS[number]
        for rule in tables.get_rules():
            if rule["nfgen_family"] not in _FAMILIES:
                continue
            place = _place(rule, "RULE_CHAIN", "RULE_TABLE")
            reachable = hooks.get(place, place[2].lower())
            translated = _rule(rule.get_attr("NFTA_RULE_EXPRESSIONS") or (), reachable)
            if translated is not None:
                found.append(translated)
    finally:
        tables.close()
    return found


def _place(message: Any, chain: str, table: str) -> tuple[int, str, str]:
    return (
        message["nfgen_family"],
        str(message.get_attr(f"NFTA_{table}")),
        str(message.get_attr(f"NFTA_{chain}")),
    )


def _rule(expressions: Iterable[Any], chain: str) -> NatRule | None:
    """One rule: what it matches, left in registers by one expression and compared by the next."""
    loaded: tuple[str, int] = ("", 0)
    value = b""
    fields = {"source": "", "destination": "", "out": ""}
    kind = to = ""
    for expression in expressions:
        name = expression.get_attr("NFTA_EXPR_NAME")
        data = expression.get_attr("NFTA_EXPR_DATA")
        if name == "payload" and data.get_attr("NFTA_PAYLOAD_BASE") == "NFT_PAYLOAD_NETWORK_HEADER":
            # struct iphdr: the source is at 12, the destination at 16; a prefix of whole bytes is
            # compared by loading fewer of them.
            offset = data.get_attr("NFTA_PAYLOAD_OFFSET")
            which = {12: "source", 16: "destination"}.get(offset, "")
            loaded = (which, 8 * data.get_attr("NFTA_PAYLOAD_LEN"))
        elif name == "bitwise":
            mask = data.get_attr("NFTA_BITWISE_MASK").get_attr("NFTA_DATA_VALUE")
            loaded = (loaded[0], sum(byte.bit_count() for byte in mask))
        elif name == "meta":
            key = data.get_attr("NFTA_META_KEY")
            loaded = ("out", 0) if key in ("NFT_META_OIFNAME", "NFT_META_OIF") else ("", 0)
        elif name == "cmp" and loaded[0]:
            compared = data.get_attr("NFTA_CMP_DATA").get_attr("NFTA_DATA_VALUE")
            negated = "!" if data.get_attr("NFTA_CMP_OP") == "NFT_CMP_NEQ" else ""
            fields[loaded[0]] = negated + _shown(loaded, compared)
        elif name == "immediate":
            given = data.get_attr("NFTA_IMMEDIATE_DATA").get_attr("NFTA_DATA_VALUE")
            value = given or b""
        elif name == "masq":
            kind = "masquerade"
        elif name == "nat":
            kind = str(data.get_attr("NFTA_NAT_TYPE")).removeprefix("NFT_NAT_").lower()
            to = _address(value)
        elif name == "target":
            kind = _KINDS.get(str(data.get_attr("NFTA_TARGET_NAME")), kind)
            if kind in ("snat", "dnat"):
                to = _range(data.get_attr("NFTA_TARGET_INFO"))
    if not kind:
        return None
    rule = NatRule(kind=kind, to=to, chain=chain, **fields)
    return NatRule(kind=kind, to=to, chain=chain, text=_words(rule), **fields)


def _shown(loaded: tuple[str, int], compared: bytes) -> str:
    what, bits = loaded
    if what == "out":
        return compared.split(b"\0")[0].decode(errors="replace")
    packed = compared.ljust(4, b"\0")[:4]
    if bits == 0:
        return ""
    if bits >= 32:
        return _address(packed)
    return f"{_address(packed)}/{bits}"


def _address(packed: bytes) -> str:
    try:
        return str(ipaddress.ip_address(packed))
    except ValueError:
        return ""


def _range(info: Any) -> str:
    """The first address of struct nf_nat_range2, which pyroute2 gives as hex."""
    raw = bytes.fromhex(info.replace(":", "")) if isinstance(info, str) else bytes(info)
    return _address(raw[4:8])


def _words(rule: NatRule) -> str:
    parts = [f"from {rule.source}" if rule.source else "", f"to {rule.destination}"]
    if not rule.destination:
        parts.pop()
    parts += [f"leaving by {rule.out}" if rule.out else "", rule.kind, rule.to]
    return " ".join(part for part in parts if part)


def _has_legacy() -> bool:
    try:
        with open("/proc/thread-self/net/ip_tables_names") as file:
            return "nat\n" in file.readlines()
    except OSError:
        return False


def _legacy(run: Run) -> list[NatRule]:
    code, text = run(["iptables-legacy-save", "-t", "nat"])
    if code:
        return []
    return [rule for line in text.splitlines() if (rule := parse_iptables(line)) is not None]


def parse_iptables(line: str) -> NatRule | None:
    """A line of iptables-save's nat table.

    >>> parse_iptables("-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE").out
    '!docker0'
    """
    words = line.split()
    if len(words) < 2 or words[0] != "-A":
        return None
    fields = {"source": "", "destination": "", "out": "", "kind": "", "to": ""}
    options = {
        "-s": "source",
        "-d": "destination",
        "-o": "out",
        "-j": "kind",
        "--to-source": "to",
        "--to-destination": "to",
    }
    negated = ""
    for word, after in zip(words[2:], [*words[3:], ""], strict=True):
        if word == "!":
            negated = "!"
        elif word in options:
            fields[options[word]] = negated + after
            negated = ""
    fields["kind"] = _KINDS.get(fields["kind"], "")
    if not fields["kind"]:
        return None
    return NatRule(chain=words[1].lower(), text=line, **fields)


__all__ = ["Run", "parse_iptables", "rules"]
