"""What decides about packets beside links, addresses and routes: rules, settings, queues, tunnels.

All of it is usual nearly always, and then costs as little as possible: what a dump that is made
anyway brings is compared with the usual bytes, and looked at closer only where it differs.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from nslab.engine import uapi
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.network import model

_U32 = struct.Struct("=I")
_RULE = struct.Struct("=BBBBBBBBI")
_USUAL_HEADERS = frozenset(
    _RULE.pack(uapi.AF_INET, 0, 0, 0, table, 0, 0, 1, 0) for table in (255, 254, 253)
)
"""struct fib_rule_hdr of the three rules that the kernel makes: all to local, main and default."""

_ACTIONS = {1: "lookup", 2: "goto", 3: "nop", 6: "blackhole", 7: "unreachable", 8: "prohibit"}
_UNDERSTOOD = {
    uapi.FRA_DST,
    uapi.FRA_SRC,
    uapi.FRA_IIFNAME,
    uapi.FRA_GOTO,
    uapi.FRA_PRIORITY,
    uapi.FRA_FWMARK,
    uapi.FRA_SUPPRESS_PREFIXLEN,
    uapi.FRA_TABLE,
    uapi.FRA_FWMASK,
    uapi.FRA_OIFNAME,
    uapi.FRA_PROTOCOL,
}
_OTHERS = {12: "tun_id", 13: "suppress_ifgroup", 19: "l3mdev", 20: "uidrange", 22: "ipproto"}
_OTHERS |= {23: "sport", 24: "dport"}

_LINK_SETTINGS = {
    0: "forwarding",
    2: "proxy_arp",
    7: "rp_filter",
    12: "arp_filter",
    17: "arp_announce",
    18: "arp_ignore",
    22: "accept_local",
    25: "route_localnet",
}
"""By their place in IFLA_INET_CONF (linux/ip.h, IPV4_DEVCONF_… − 1): those that decide."""

_USUAL_QUEUES = frozenset(
    f"{kind}\0".encode() for kind in ("noqueue", "pfifo_fast", "mq", "fq_codel", "fq", "noop")
)


class _Raw(Protocol):
    index: int
    found: Mapping[int, bytes]


def policy(asking: w.Socket) -> tuple[model.PolicyRule, ...]:
    """The IPv4 rules of which table is asked; nothing while they are the kernel's own."""
    usual = 0

    def is_usual(header: bytes) -> bool:
        nonlocal usual
        usual += header in _USUAL_HEADERS
        return header in _USUAL_HEADERS

    question = bytes((uapi.AF_INET,)) + bytes(11)
    others = sum(1 for _ in asking.dump(uapi.RTM_GETRULE, question, 12, is_usual))
    if usual == 3 and not others:
        return ()  # three that ask for nothing: their attributes need no decoding
    dumped = asking.dump(uapi.RTM_GETRULE, question, 12)
    return tuple(_rule(header, found) for header, found in dumped)


def _rule(header: bytes, found: Mapping[int, bytes]) -> model.PolicyRule:
    _, to, since, tos, table, _, _, action, flags = _RULE.unpack(header)

    def number(attribute: int, otherwise: int = 0) -> int:
        value: int = (
            _U32.unpack(found[attribute])[0] if len(found.get(attribute, b"")) == 4 else otherwise
        )
        return value

    def prefix(attribute: int, length: int) -> str:
        packed = found.get(attribute)
        return f"{socket.inet_ntop(uapi.AF_INET, packed)}/{length}" if packed else ""

    def name(attribute: int) -> str:
        return found.get(attribute, b"").rstrip(b"\0").decode(errors="replace")

    strange = [
        _OTHERS.get(attribute, f"attribute {attribute}")
        for attribute in sorted(found)
        if attribute not in _UNDERSTOOD and attribute in _OTHERS and found[attribute] != b"\0"
    ]
    if tos:
        strange.append("tos")
    suppressed = number(uapi.FRA_SUPPRESS_PREFIXLEN, 0xFFFFFFFF)
    return model.PolicyRule(
        priority=number(uapi.FRA_PRIORITY),
        source=prefix(uapi.FRA_SRC, since),
        destination=prefix(uapi.FRA_DST, to),
        incoming=name(uapi.FRA_IIFNAME),
        outgoing=name(uapi.FRA_OIFNAME),
        mark=number(uapi.FRA_FWMARK) if uapi.FRA_FWMARK in found else None,
        mask=number(uapi.FRA_FWMASK, 0xFFFFFFFF),
        table=number(uapi.FRA_TABLE, table),
        action=_ACTIONS.get(action, str(action)),
        goto=number(uapi.FRA_GOTO),
        inverted=bool(flags & uapi.FIB_RULE_INVERT),
        suppressed=-1 if suppressed == 0xFFFFFFFF else suppressed,
        unknown=", ".join(strange),
    )


def proxied(asking: w.Socket, names: Mapping[int, str]) -> tuple[model.Neighbour, ...]:
    """What ``ip neigh add proxy`` made; the kernel tells it only if it is asked for it alone."""
    body = struct.pack("=BxxxiHBB", uapi.AF_INET, 0, 0, uapi.NTF_PROXY, 0)
    return tuple(
        model.Neighbour(
            address=socket.inet_ntop(uapi.AF_INET, found[uapi.NDA_DST]),
            dev=names.get(struct.unpack_from("=i", header, 4)[0], ""),
            state="proxy",
        )
        for header, found in asking.dump(uapi.RTM_GETNEIGH, body, 12)
        if uapi.NDA_DST in found and header[10] & uapi.NTF_PROXY
    )


@lru_cache(maxsize=256)
def _of_link(inside: bytes, forwarding: str) -> tuple[tuple[str, str], ...]:
    raw = w.attributes(inside, 0, len(inside)).get(uapi.IFLA_INET_CONF, b"")
    found = []
    for place, key in _LINK_SETTINGS.items():
        if len(raw) >= 4 * place + 4:
            value = _U32.unpack_from(raw, 4 * place)[0]
            usual = int(forwarding) if key == "forwarding" else 0
            if value != usual:
                found.append((key, str(value)))
    return tuple(found)


def of_link(spec: bytes, forwarding: str) -> dict[str, str]:
    """The settings of a link that are not usual, from IFLA_AF_SPEC."""
    # The part of IPv6 differs from link to link (times, random numbers): only IPv4's is kept.
    inside = w.attributes(spec, 0, len(spec)).get(uapi.AF_INET, b"")
    return dict(_of_link(inside, forwarding))


_XDP_MODES = {1: "xdp", 2: "xdpgeneric", 3: "xdpoffload", 4: "xdp"}


def program(xdp: bytes) -> str:
    """How a program is attached that IFLA_XDP names, in the word of ``ip link``; or nothing."""
    held = w.attributes(xdp, 0, len(xdp)).get(uapi.IFLA_XDP_ATTACHED, b"\0")
    return _XDP_MODES.get(held[0], "") if held else ""


def queues(asking: w.Socket, links: Sequence[_Raw]) -> dict[int, tuple[str, int | None]]:
    """The queues that somebody has put on links, and the largest packet that each lets through."""
    unusual = {
        raw.index: raw.found[uapi.IFLA_QDISC].rstrip(b"\0").decode(errors="replace")
        for raw in links
        if raw.found.get(uapi.IFLA_QDISC, b"noqueue\0") not in _USUAL_QUEUES
    }
    if not unusual:
        return {}
    result: dict[int, tuple[str, int | None]] = {index: (k, None) for index, k in unusual.items()}
    for header, found in asking.dump(uapi.RTM_GETQDISC, bytes(20), 20):
        _, index, _, parent, _ = struct.unpack("=BxxxiIII", header)
        if parent == uapi.TC_H_ROOT and index in unusual:
            result[index] = _queue(unusual[index], found.get(uapi.TCA_OPTIONS, b""))
    return result


def _queue(kind: str, options: bytes) -> tuple[str, int | None]:
    """A queue's name with what matters of its options."""
    if kind == "blackhole":
        return kind, 0
    if kind in ("pfifo", "bfifo") and len(options) >= 4:
        limit = _U32.unpack_from(options)[0]
        passes = None if kind == "pfifo" and limit else limit
        return f"{kind} limit {limit}", passes
    if kind == "netem" and len(options) >= 12:
        loss = _U32.unpack_from(options, 8)[0] / 0xFFFFFFFF
        return (f"netem loss {loss:.0%}", 0 if loss == 1 else None) if loss else (kind, None)
    if kind == "tbf":
        shape = w.attributes(options, 0, len(options)).get(uapi.TCA_TBF_PARMS, b"")
        if len(shape) >= 36:
            # struct tc_tbf_qopt: two rates, then limit and buffer; that is a time, in 64 ns.
            rate, buffer = _U32.unpack_from(shape, 8)[0], _U32.unpack_from(shape, 28)[0]
            burst = round(rate * buffer * 64e-9)
            return f"tbf burst {burst}", burst
    return kind, None


def tunnel(kind: str, data: Mapping[int, bytes], names: Mapping[int, str]) -> model.Tunnel | None:
    """The ends of a vxlan; other kinds have none, or none that is read."""
    if kind != "vxlan" or uapi.IFLA_VXLAN_ID not in data:
        return None

    def address(attribute: int) -> str:
        packed = data.get(attribute, b"")
        return socket.inet_ntop(uapi.AF_INET, packed) if len(packed) == 4 else ""

    below = data.get(uapi.IFLA_VXLAN_LINK)
    return model.Tunnel(
        number=_U32.unpack(data[uapi.IFLA_VXLAN_ID])[0],
        local=address(uapi.IFLA_VXLAN_LOCAL),
        remote=address(uapi.IFLA_VXLAN_GROUP),
        port=struct.unpack(">H", data.get(uapi.IFLA_VXLAN_PORT, b"\0\0"))[0],
        dev=names.get(_U32.unpack(below)[0], "") if below else "",
        learning=data.get(uapi.IFLA_VXLAN_LEARNING, b"\1") != b"\0",
    )
