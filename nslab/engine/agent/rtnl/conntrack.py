"""Connection tracking: which connections a namespace knows, and how it translates them.

Read by netlink (linux/netfilter/nfnetlink_conntrack.h), because /proc/net/nf_conntrack is for the
machine's root only, and the program conntrack need not be there.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Mapping

from nslab.engine import uapi
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.netns.syscalls import call
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.engine.agent.rtnl import survey
from nslab.engine.agent.rtnl.observe import Target
from nslab.network.model import Flow, Tracked

_GET = 1 << 8 | 1
_COUNT = 1 << 8 | 5
"""NFNL_SUBSYS_CTNETLINK with IPCTNL_MSG_CT_GET, and with IPCTNL_MSG_CT_GET_STATS."""

_ENTRIES = 1
"""CTA_STATS_GLOBAL_ENTRIES: of the namespace, all the same."""

_ORIGINAL, _REPLY = 1, 2
_IP, _PROTOCOL = 1, 2
_V4_SOURCE, _V4_TARGET, _V6_SOURCE, _V6_TARGET = 1, 2, 3, 4
_NUMBER, _SOURCE_PORT, _TARGET_PORT, _ICMP_ID, _ICMPV6_ID = 1, 2, 3, 4, 7


def everywhere(spaces: sp.Spaces) -> tuple[Tracked, ...]:
    """The entries of every namespace of the lab; the thread comes home at the end."""
    targets = survey.targets_of(spaces)
    found: list[Tracked] = []
    try:
        for target in targets:
            call("setns", target.descriptor, uapi.CLONE_NEWNET)
            found += _entries(target)
    finally:
        spaces.go_home()
        for target in targets:
            os.close(target.descriptor)
    return tuple(found)


def _entries(target: Target) -> list[Tracked]:
    found: list[Tracked] = []
    asking = w.Socket(uapi.NETLINK_NETFILTER)
    everything = struct.pack("=BBH", socket.AF_UNSPEC, 0, 0)
    try:
        # A dump goes through the hash table of the whole machine, which takes 10 ms.
        ((count, went),) = asking.ask([(_COUNT, everything)])
        if not went or not any(w.attributes(count, 4, len(count)).get(_ENTRIES, b"")):
            return []
        with contextlib.suppress(OSError):  # the module is not loaded: nothing is tracked
            for _, given in asking.dump(_GET, everything, 4):
                original, reply = _flow(given, _ORIGINAL), _flow(given, _REPLY)
                if original is not None and reply is not None:
                    found.append(Tracked(ns=target.label, original=original, reply=reply))
    finally:
        asking.close()
    return found


def _flow(given: Mapping[int, bytes], which: int) -> Flow | None:
    if which not in given:
        return None
    both = w.decoded(given[which])
    addresses, protocol = w.decoded(both.get(_IP, b"")), w.decoded(both.get(_PROTOCOL, b""))
    family = socket.AF_INET if _V4_SOURCE in addresses else socket.AF_INET6
    source = addresses.get(_V4_SOURCE) or addresses.get(_V6_SOURCE)
    target = addresses.get(_V4_TARGET) or addresses.get(_V6_TARGET)
    if source is None or target is None or _NUMBER not in protocol:
        return None
    identifier = protocol.get(_ICMP_ID) or protocol.get(_ICMPV6_ID) or bytes(2)
    return Flow(
        protocol=protocol[_NUMBER][0],
        source=socket.inet_ntop(family, source),
        source_port=int.from_bytes(protocol.get(_SOURCE_PORT, identifier), "big"),
        target=socket.inet_ntop(family, target),
        target_port=int.from_bytes(protocol.get(_TARGET_PORT, identifier), "big"),
    )
