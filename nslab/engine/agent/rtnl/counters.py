"""What the kernel counts in a namespace: of IP, TCP and UDP, of links, queues and old iptables.

Only what stands for packets that were dropped or refused: others go up with every packet.
"""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from nslab.engine import uapi
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.netns.syscalls import call, text_of
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.engine.agent.rtnl import tcfilters
from nslab.engine.agent.rtnl.observe import Target
from nslab.errors import ToolMissing
from nslab.network.evidence import Counted, TrafficFilter
from nslab.network.names import label

Run = Callable[..., tuple[int, str]]

DROPS = frozenset(
    {
        "IpInHdrErrors",
        "IpInAddrErrors",
        "IpInUnknownProtos",
        "IpInDiscards",
        "IpOutDiscards",
        "IpOutNoRoutes",
        "IpReasmFails",
        "IpFragFails",
        "IpExtInNoRoutes",
        "IpExtInTruncatedPkts",
        "TcpExtIPReversePathFilter",
        "TcpExtTCPReqQFullDrop",
        "TcpExtListenDrops",
        "TcpExtListenOverflows",
        "UdpNoPorts",
        "UdpInErrors",
        "UdpRcvbufErrors",
        "UdpInDatagrams",
        "IcmpInErrors",
        "Ip6InHdrErrors",
        "Ip6InTooBigErrors",
        "Ip6InNoRoutes",
        "Ip6InAddrErrors",
        "Ip6InDiscards",
        "Ip6OutDiscards",
        "Ip6OutNoRoutes",
        "Ip6FragFails",
        "Udp6NoPorts",
        "Udp6InDatagrams",
    }
)
"""By the names that nstat gives them.  Two are of datagrams that were taken: of a probe by UDP
nothing else tells that it arrived."""

_STATS = {4: "rx_errors", 5: "tx_errors", 6: "rx_dropped", 7: "tx_dropped", 23: "rx_nohandler"}
"""Fields of struct rtnl_link_stats64, by place."""


class Key(NamedTuple):
    kind: Literal["namespace", "link", "qdisc", "rule", "filter"]
    where: str
    name: str


def read(run: Run) -> dict[Key, int]:
    """The counters of this thread's namespace."""
    found: dict[Key, int] = {}
    for path in ("snmp", "netstat"):
        found.update(_pairs(text_of(f"/proc/thread-self/net/{path}") or ""))
    for line in (text_of("/proc/thread-self/net/snmp6") or "").splitlines():
        name, _, value = line.partition(" ")
        if name in DROPS:
            found[Key("namespace", "", name)] = int(value)
    asking = w.Socket()
    try:
        names = _links(asking, found)
        with contextlib.suppress(OSError):
            _queues(asking, names, found)
    finally:
        asking.close()
    for tool in ("iptables", "ip6tables"):
        names_of = "ip6_tables_names" if tool == "ip6tables" else "ip_tables_names"
        if text_of(f"/proc/thread-self/net/{names_of}"):
            with contextlib.suppress(ToolMissing):
                code, saved = run((f"{tool}-legacy-save", "-c"))
                found.update(_rules(saved if not code else "", tool))
    return found


def _pairs(text: str) -> dict[Key, int]:
    """/proc/net/snmp: two lines for each protocol, of names and of values."""
    lines = text.splitlines()
    found = {}
    for names, values in zip(lines[::2], lines[1::2], strict=False):
        protocol, _, words = names.partition(":")
        for name, value in zip(words.split(), values.partition(":")[2].split(), strict=False):
            if protocol + name in DROPS:
                found[Key("namespace", "", protocol + name)] = int(value)
    return found


def _links(asking: w.Socket, found: dict[Key, int]) -> dict[int, str]:
    names = {}
    for header, given in asking.dump(uapi.RTM_GETLINK, w.ifinfo(), 16):
        (index,) = struct.unpack_from("=4xi", header)
        names[index] = name = label(given[uapi.IFLA_IFNAME].rstrip(b"\0"))
        stats = given.get(uapi.IFLA_STATS64, b"")
        for place, word in _STATS.items():
            if len(stats) >= 8 * place + 8:
                found[Key("link", name, word)] = struct.unpack_from("=Q", stats, 8 * place)[0]
    return names


def _queues(asking: w.Socket, names: Mapping[int, str], found: dict[Key, int]) -> None:
    """What queue disciplines dropped, those at the entrance (clsact, ingress) included."""
    entrances = []
    for header, given in asking.dump(
        uapi.RTM_GETQDISC, struct.pack("=BxxxiIII", 0, 0, 0, 0, 0), 20
    ):
        (index,) = struct.unpack_from("=4xi", header)
        stats = w.decoded(given.get(uapi.TCA_STATS2, b"")).get(uapi.TCA_STATS_QUEUE, b"")
        kind = given.get(uapi.TCA_KIND, b"").rstrip(b"\0").decode(errors="replace")
        if len(stats) >= 20:
            (drops,) = struct.unpack_from("=8xI", stats)
            key = Key("qdisc", names.get(index, ""), kind)
            found[key] = found.get(key, 0) + drops
        if kind in tcfilters.ENTRANCES:
            entrances.append(index)
    for index in entrances:
        for one in tcfilters.of_link(asking, index, names):
            found[_of_filter(names.get(index, ""), one)] = one.packets


def _of_filter(link: str, one: tcfilters.Filter) -> Key:
    return Key("filter", f"{link} {one.side}", one.words)


_POLICY = re.compile(r":(\S+) (DROP) \[(\d+):\d+\]")
_RULE = re.compile(r"\[(\d+):\d+\] (-A .* -j (?:DROP|REJECT).*)")


def _rules(saved: str, tool: str) -> dict[Key, int]:
    """The rules and policies of iptables-legacy that drop, in its own words."""
    found: dict[Key, int] = {}
    table = ""
    for line in saved.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif policy := _POLICY.match(line):
            key = Key("rule", f"{tool} -t {table} -P {policy[1]} DROP", "policy")
            found[key] = int(policy[3])
        elif rule := _RULE.match(line):
            key = Key("rule", f"{tool} -t {table} {rule[2]}", "rule")
            found[key] = found.get(key, 0) + int(rule[1])
    return found


def everywhere(spaces: sp.Spaces, targets: Sequence[Target], run: Run) -> list[dict[Key, int]]:
    """The counters of each namespace; the thread comes home."""
    found = []
    try:
        for target in targets:
            call("setns", target.descriptor, uapi.CLONE_NEWNET)
            found.append(read(run))
    finally:
        spaces.go_home()
    return found


def grown(
    targets: Sequence[Target],
    before: Sequence[Mapping[Key, int]],
    after: Sequence[Mapping[Key, int]],
) -> list[Counted]:
    """What went up in between."""
    return [
        Counted(ns=target.label, kind=key.kind, name=key.name, more=more, where=key.where)
        for target, old, new in zip(targets, before, after, strict=True)
        for key, value in new.items()
        if key.kind != "filter" and (more := value - old.get(key, 0)) > 0
    ]


def filters(
    spaces: sp.Spaces,
    targets: Sequence[Target],
    before: Sequence[Mapping[Key, int]],
    after: Sequence[Mapping[Key, int]],
) -> list[TrafficFilter]:
    """The filters of tc, where there are any, with what they counted in between; comes home."""
    changed = []
    try:
        for target, old, new in zip(targets, before, after, strict=True):
            if all(key.kind != "filter" for key in new):
                continue
            call("setns", target.descriptor, uapi.CLONE_NEWNET)
            asking = w.Socket()
            try:
                changed += list(_filters(asking, target.label, old, new))
            finally:
                asking.close()
    finally:
        spaces.go_home()
    return changed


def _filters(
    asking: w.Socket, ns: str, old: Mapping[Key, int], new: Mapping[Key, int]
) -> Iterator[TrafficFilter]:
    names = _links(asking, {})
    indexes = {name: index for index, name in names.items()}
    for link in dict.fromkeys(key.where.rpartition(" ")[0] for key in new if key.kind == "filter"):
        for one in tcfilters.of_link(asking, indexes.get(link, 0), names):
            key = _of_filter(link, one)
            yield TrafficFilter(
                ns=ns,
                link=link,
                side=one.side,
                words=one.words,
                action=one.action,
                takes=one.takes,
                more=new.get(key, one.packets) - old.get(key, 0),
            )
