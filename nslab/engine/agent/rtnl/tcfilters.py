"""Filters of tc at the entrances and exits of links: which, what they do, where they send frames.

The kernel tells a filter in several pieces (u32 its tables, too): those of one preference and one
protocol are taken together, as ``tc filter del`` takes them away together.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from msgspec import Struct

from nslab.engine import uapi
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.network import model

ENTRANCES = ("clsact", "ingress")
"""The kinds of queues that only hold filters."""

_Side = tuple[Literal["ingress", "egress"], int]

_SIDES: tuple[_Side, ...] = (("ingress", 0xFFFFFFF2), ("egress", 0xFFFFFFF3))
"""By the parent of their filters: TC_H_MIN_INGRESS and TC_H_MIN_EGRESS of TC_H_CLSACT."""

_ACTIONS = {"u32": 7, "matchall": 2, "flower": 3, "basic": 3, "bpf": 1, "fw": 4, "flow": 9}
"""Where each kind has its actions among its options (TCA_U32_ACT and so on)."""

_PROTOCOLS = {3: "all", 0x0800: "ip", 0x0806: "arp", 0x86DD: "ipv6", 0x8100: "802.1Q"}
_VERDICTS = {-1: "continue", 0: "pass", 1: "reclassify", 2: "drop", 3: "pipe", 4: "stolen"}
_LETS_BY = ("continue", "pass", "reclassify", "pipe")
_MIRRED = {1: "redirect to", 2: "mirror to", 3: "redirect to", 4: "mirror to"}


class Filter(Struct):
    """A filter; ``packets`` is what its actions have counted since it was made."""

    index: int
    side: Literal["ingress", "egress"]
    preference: int
    protocol: str
    kind: str
    actions: tuple[str, ...] = ()
    packets: int = 0
    sends: tuple[tuple[str, int], ...] = ()
    """Of its actions of the kind mirred: redirect or mirror, and the other link's index."""

    @property
    def words(self) -> str:
        return f"protocol {self.protocol} pref {self.preference} {self.kind}".rstrip()

    @property
    def action(self) -> str:
        """The action that ends the way, else the last."""
        return next((a for a in self.actions if self._ends(a)), (*self.actions, "")[-1])

    @staticmethod
    def _ends(action: str) -> bool:
        return action.startswith(("drop", "stolen", "redirect", "police"))

    @property
    def takes(self) -> bool | None:
        """Whether packets end here; None if nobody can say."""
        if not self.actions:
            return None if self.kind == "bpf" else False
        if any(map(self._ends, self.actions)):
            return True
        known = all(each.startswith((*_LETS_BY, "mirror")) for each in self.actions)
        return False if known else None


def mirred(asking: w.Socket, names: Mapping[int, str]) -> dict[int, tuple[model.Mirred, ...]]:
    """Where filters send frames on to other links, by the index of the link that they sit at.

    Besides those of clsact and ingress, the filters of a queue that somebody has put on a link.
    """
    if sum(name != "lo" for name in names.values()) < 2:
        return {}  # there is no other link: most namespaces are spared the question
    places: dict[int, list[_Side]] = {}
    for header, _ in asking.dump(uapi.RTM_GETQDISC, bytes(20), 20, _holds_none):
        _, index, handle, parent, _ = struct.unpack("=BxxxiIII", header)
        sides: tuple[_Side, ...] = (("egress", handle),)
        if parent == uapi.TC_H_CLSACT:
            sides = _SIDES
        places.setdefault(index, []).extend(sides)
    found = {}
    for index, known in places.items():
        sent = (
            model.Mirred(side=one.side, verb=verb, to=names[to], filter=one.words)
            for one in of_link(asking, index, names, known)
            for verb, to in one.sends
            if to in names
        )
        found[index] = tuple(dict.fromkeys(sent))
    return found


def _holds_none(tcmsg: bytes) -> bool:
    """Whether a queue is one of the kernel's own, or a part of another."""
    _, _, handle, parent, _ = struct.unpack("=BxxxiIII", tcmsg)
    return not handle or parent not in (uapi.TC_H_ROOT, uapi.TC_H_CLSACT)


def of_link(
    asking: w.Socket, index: int, names: Mapping[int, str], sides: Iterable[_Side] = _SIDES
) -> list[Filter]:
    """The filters at one link, in the order in which packets meet them.

    :param sides: the parents of which they may be
    """
    found: dict[tuple[str, int, int], Filter] = {}
    for side, parent in sides:
        body = struct.pack("=BxxxiIII", 0, index, 0, parent, 0)
        try:
            dumped = list(asking.dump(uapi.RTM_GETTFILTER, body, 20))
        except OSError:
            continue  # an ingress queue has no exit
        for header, given in dumped:
            _, _, _, found_parent, info = struct.unpack("=BxxxiIII", header)
            if found_parent != parent and side == "egress":
                continue
            preference, protocol = info >> 16, struct.unpack(">H", struct.pack("=H", info & 0xFFFF))
            kind = given.get(uapi.TCA_KIND, b"").rstrip(b"\0").decode(errors="replace")
            name = _PROTOCOLS.get(protocol[0], f"{protocol[0]:#x}")
            key = (side, preference, protocol[0])
            one = found.setdefault(key, Filter(index, side, preference, name, kind))
            for name, shape, packets in _acts(kind, given.get(uapi.TCA_OPTIONS, b"")):
                one.actions += (_does(name, shape, names),)
                one.sends += tuple(_sends(name, shape))
                one.packets += packets
    return list(found.values())


def _acts(kind: str, options: bytes) -> Iterator[tuple[str, bytes, int]]:
    """Each action's kind and struct, and the packets that it has counted."""
    inside = w.attributes(options, 0, len(options)).get(_ACTIONS.get(kind, -1), b"")
    for _, raw in sorted(w.attributes(inside, 0, len(inside)).items()):
        act = w.attributes(raw, 0, len(raw))
        name = act.get(uapi.TCA_ACT_KIND, b"").rstrip(b"\0").decode(errors="replace")
        held = act.get(uapi.TCA_ACT_OPTIONS, b"")
        stats = act.get(uapi.TCA_ACT_STATS, b"")
        basic = w.attributes(stats, 0, len(stats)).get(uapi.TCA_STATS_BASIC, b"")
        packets = struct.unpack_from("=I", basic, 8)[0] if len(basic) >= 12 else 0
        yield name, w.attributes(held, 0, len(held)).get(2, b""), packets


def _does(name: str, shape: bytes, names: Mapping[int, str]) -> str:
    """An action in tc's words; struct tc_gact and tc_mirred begin with five numbers."""
    if name == "gact" and len(shape) >= 12:
        return _VERDICTS.get(struct.unpack_from("=i", shape, 8)[0], name)
    if name == "mirred" and len(shape) >= 28:
        what, index = struct.unpack_from("=iI", shape, 20)
        return f"{_MIRRED.get(what, name)} {names.get(index, index)}"
    return name


def _sends(name: str, shape: bytes) -> Iterator[tuple[str, int]]:
    """Where an action sends frames, and whether that is a copy."""
    if name == "mirred" and len(shape) >= 28:
        what, index = struct.unpack_from("=iI", shape, 20)
        if what in _MIRRED:
            yield _MIRRED[what].partition(" ")[0], index
