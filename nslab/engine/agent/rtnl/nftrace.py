"""nf_tables, asked what it does with the packets of a probe (nftrace).

Where a namespace has tables, one of our own is put before them that marks the packets, and the
kernel tells of every chain and rule that they meet.  The table is taken away when the probe is
over; if the agent dies before that, the lab has died with it.
"""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from nslab.engine import uapi
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.netns.syscalls import call
from nslab.engine.agent.packets.recognise import Marks, about_neighbours, packet, part
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.engine.agent.rtnl.observe import Target
from nslab.errors import ToolMissing
from nslab.network.evidence import TABLE, Ruling
from nslab.network.names import label

Run = Callable[..., tuple[int, str]]
"""Runs a program in this thread's namespace: its return code and what it printed."""

_FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
_VERDICTS = {
    0: "drop",
    1: "accept",
    3: "queue",
    -1: "continue",
    -2: "break",
    -3: "jump",
    -4: "goto",
    -5: "return",
}
_POLICY = 1
"""NFT_TRACETYPE_POLICY: the chain's policy decided."""

_OURS = {"ip": "inet", "ip6": "inet", "inet": "inet", "bridge": "bridge", "netdev": "netdev"}
"""The family of our table, by that of a table that is to be watched."""

_AT_A_LINK = re.compile(r"type filter hook (ingress|egress) devices? =? ?(\{[^}]*\}|\S+)")
"""Where a chain of the family netdev is, as nft lists it."""

_What = Literal["request", "answer", "neighbour", "other"]

_HANDLE = re.compile(r"^\s+(?!chain |table )(\S.*) # handle (\d+)$", re.MULTILINE)
"""A rule as ``nft -a`` lists it."""

_TABLES = ("filter", "nat", "mangle", "raw", "security")
_CHAINS = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
"""What iptables calls its tables, and those of its chains that are always there."""

MOST = 400
"""Events that are kept of one namespace."""


def tables() -> list[tuple[str, str]]:
    """The tables of this thread's namespace, (family, name), but for ours."""
    found = []
    asking = w.Socket(uapi.NETLINK_NETFILTER)
    try:
        for header, given in asking.dump(uapi.NFT_MSG_GETTABLE, struct.pack("=BBH", 0, 0, 0), 4):
            name = label(given.get(uapi.NFTA_TABLE_NAME, b"").rstrip(b"\0"))
            if name != TABLE:
                found.append((_FAMILIES.get(header[0], "?"), name))
    except OSError:
        return []  # the kernel has no nf_tables
    finally:
        asking.close()
    return found


@dataclass(frozen=True)
class _Event:
    ident: int
    family: str
    table: str
    chain: str
    handle: int
    policy: bool
    verdict: str
    data: bytes


class Tracer:
    """What one namespace's tables do with the packets.  Made by a thread inside it."""

    def __init__(self, target: Target, families: Sequence[str], marks: Marks, run: Run) -> None:
        self.target = target
        self._run = run
        self._families = families
        self._events: list[_Event] = []
        self._socket = socket.socket(
            socket.AF_NETLINK,
            socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK,
            uapi.NETLINK_NETFILTER,
        )
        try:
            self._socket.bind((0, 0))  # without a number of its own it would hear nothing
            self._socket.setsockopt(
                uapi.SOL_NETLINK, uapi.NETLINK_ADD_MEMBERSHIP, uapi.NFNLGRP_NFTRACE
            )
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            places = _places(run) if "netdev" in families else []
            text = "".join(_table(family, marks, places) for family in families)
            code, words = run(("nft", "-f", "-"), text.encode())
            if code:
                raise OSError(f"nft says: {words.splitlines()[0] if words else code}")
        except BaseException:
            self._socket.close()
            raise

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self) -> None:
        """Take in what the kernel has sent since the last time."""
        while len(self._events) < MOST:
            try:
                buffer = self._socket.recv(65536)
            except OSError:
                return
            offset = 0
            while offset + 20 <= len(buffer):
                size, kind = struct.unpack_from("=IH", buffer, offset)
                if kind == uapi.NFT_MSG_TRACE:
                    self._events.append(_event(buffer, offset, size))
                offset += (size + 3) & ~3

    def dropped(self, marks: Marks) -> set[int]:
        """The attempts that it has dropped."""
        return {ruling.attempt for ruling in self._verdicts(marks) if ruling.verdict == "drop"}

    def remove(self) -> None:
        """Take our table away; in its namespace."""
        self._socket.close()
        for family in self._families:
            self._run(("nft", "delete", "table", family, TABLE))

    def rulings(self, marks: Marks) -> list[Ruling]:
        """What was decided, with the rule's text where it dropped the packet; in its namespace."""
        decided = []
        for one in dict.fromkeys(self._verdicts(marks)):
            tool, rule = "nft", ""
            if one.verdict == "drop":
                tool, rule = self._text(one)
            decided.append(_with(one, tool, rule))
        return decided

    def _verdicts(self, marks: Marks) -> list[Ruling]:
        known: dict[int, tuple[_What, int]] = {}
        found = []
        for event in self._events:
            inside = packet(event.data)
            if inside is not None:
                belongs = part(inside, marks)
                if belongs is None:
                    what: _What = "neighbour" if about_neighbours(inside) else "other"
                    known[event.ident] = (what, -1)
                elif belongs.what == "request":
                    known[event.ident] = ("request", belongs.attempt)
                else:
                    known[event.ident] = ("answer", belongs.attempt)
            if event.table == TABLE or event.verdict in ("continue", "break"):
                continue
            what, attempt = known.get(event.ident, ("other", -1))
            found.append(
                Ruling(
                    ns=self.target.label,
                    family=event.family,
                    table=event.table,
                    chain=event.chain,
                    verdict=event.verdict,
                    handle=0 if event.policy else event.handle,
                    what=what,
                    attempt=attempt,
                )
            )
        return found

    def _text(self, one: Ruling) -> tuple[str, str]:
        """The tool that made a chain, and its words for a rule there."""
        _, listed = self._run(("nft", "-a", "list", "chain", one.family, one.table, one.chain))
        # nft says so only where a rule has parts that it does not know.
        own = one.family in ("ip", "ip6") and one.table in _TABLES and one.chain in _CHAINS
        by_iptables = own or "managed by iptables" in listed
        rules = _HANDLE.findall(listed)
        tool = {"ip6": "ip6tables", "bridge": "ebtables"}.get(one.family, "iptables")
        tool = tool if by_iptables else "nft"
        for number, (text, handle) in enumerate(rules):
            if handle == str(one.handle):
                return tool, self._by_iptables(tool, one, number) or text
        return tool, ""

    def _by_iptables(self, tool: str, one: Ruling, number: int) -> str:
        """The rule of that number in its chain, as iptables prints it."""
        if not tool.endswith("tables") or tool == "ebtables":
            return ""
        _, saved = self._run((tool, "-t", one.table, "-S", one.chain))
        lines = [each for each in saved.splitlines() if each.startswith("-A ")]
        return lines[number] if number < len(lines) else ""


def _with(one: Ruling, tool: str, rule: str) -> Ruling:
    return Ruling(
        ns=one.ns,
        family=one.family,
        table=one.table,
        chain=one.chain,
        verdict=one.verdict,
        rule=rule,
        tool=tool,
        handle=one.handle,
        what=one.what,
        attempt=one.attempt,
    )


def _places(run: Run) -> list[tuple[str, str]]:
    """The hooks and links at which chains of the family netdev are."""
    _, listed = run(("nft", "list", "chains", "netdev"))
    found = [
        (hook, link.strip(' "'))
        for hook, links in _AT_A_LINK.findall(listed)
        for link in links.strip("{}").split(",")
    ]
    return list(dict.fromkeys(found))


def _table(family: str, marks: Marks, places: Sequence[tuple[str, str]] = ()) -> str:
    """Our table: it marks what belongs to the probe, before anybody else sees it.

    :param places: the hooks and links that a table of the family netdev is for
    """
    echo = int.from_bytes(marks.token, "big")
    rules = [
        f"meta l4proto {{ icmp, ipv6-icmp, udp }} @th,64,64 {echo:#x} meta nftrace set 1",
        # An error quotes the packet: an IPv4 or IPv6 header lies between.
        f"meta l4proto icmp @th,288,64 {echo:#x} meta nftrace set 1",
        f"meta l4proto ipv6-icmp @th,448,64 {echo:#x} meta nftrace set 1",
    ]
    if marks.ports:
        ports = ", ".join(map(str, marks.ports))
        rules += [
            f"meta l4proto {{ tcp, udp }} th {side} {{ {ports} }} meta nftrace set 1"
            for side in ("sport", "dport")
        ]
    if family == "bridge":
        rules = [rule for rule in rules if "ipv6" not in rule or "udp" in rule]
    if marks.v6:
        wanted = "nd-neighbor-solicit, nd-neighbor-advert"
        rules.append(f"icmpv6 type {{ {wanted} }} meta nftrace set 1")
    body = "\n".join(rules)
    hooks = [(hook, hook) for hook in ("prerouting", "output")]
    if family == "netdev":
        hooks = [
            (f"at{number}", f'{hook} device "{link}"') for number, (hook, link) in enumerate(places)
        ]
    chains = "".join(
        f"chain {name} {{ type filter hook {hook} priority -350; policy accept;\n{body}\n}}\n"
        for name, hook in hooks
    )
    # Made, deleted and made again at once: what an earlier one left behind is gone.
    made = f"table {family} {TABLE}"
    return f"{made} {{}}\ndelete {made}\n{made} {{\n{chains}}}\n"


def _event(buffer: bytes, offset: int, size: int) -> _Event:
    found = w.attributes(buffer, offset + 20, offset + size)

    def number(kind: int) -> int:
        return int.from_bytes(found.get(kind, b""), "big")

    verdict = w.attributes(
        found.get(uapi.NFTA_TRACE_VERDICT, b""), 0, len(found.get(uapi.NFTA_TRACE_VERDICT, b""))
    )
    code = int.from_bytes(verdict.get(uapi.NFTA_VERDICT_CODE, b""), "big", signed=True)
    policy = number(uapi.NFTA_TRACE_TYPE) == _POLICY
    if policy:
        code = number(uapi.NFTA_TRACE_POLICY)
    return _Event(
        ident=number(uapi.NFTA_TRACE_ID),
        family=_FAMILIES.get(buffer[offset + 16], "?"),
        table=label(found.get(uapi.NFTA_TRACE_TABLE, b"").rstrip(b"\0")),
        chain=label(found.get(uapi.NFTA_TRACE_CHAIN, b"").rstrip(b"\0")),
        handle=number(uapi.NFTA_TRACE_RULE_HANDLE),
        policy=policy,
        verdict=_VERDICTS.get(code, str(code)),
        data=found.get(uapi.NFTA_TRACE_NETWORK_HEADER, b"")
        + found.get(uapi.NFTA_TRACE_TRANSPORT_HEADER, b""),
    )


def tracers(
    spaces: sp.Spaces, targets: Sequence[Target], marks: Marks, run: Run
) -> tuple[list[Tracer], list[str]]:
    """A tracer for each namespace that has tables, and what cannot be traced; comes home."""
    made: list[Tracer] = []
    unseen: list[str] = []
    try:
        for target in targets:
            call("setns", target.descriptor, uapi.CLONE_NEWNET)
            families = list(dict.fromkeys(_OURS.get(family, "") for family, _ in tables()))
            families = [family for family in families if family]
            if not families:
                continue
            try:
                made.append(Tracer(target, families, marks, run))
            except (OSError, ToolMissing) as error:
                cause = error.cause if isinstance(error, ToolMissing) else str(error)
                unseen.append(f"the packet filter of {target.label}: {cause}")
    except BaseException:
        remove(spaces, made)
        raise
    finally:
        spaces.go_home()
    return made, unseen


def remove(spaces: sp.Spaces, made: Sequence[Tracer]) -> None:
    """Take all of our tables away; the thread comes home."""
    try:
        for tracer in made:
            call("setns", tracer.target.descriptor, uapi.CLONE_NEWNET)
            tracer.remove()
    finally:
        spaces.go_home()
