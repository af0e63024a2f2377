"""Neighbours that were asked for and did not answer, taken out of the table."""

from __future__ import annotations

import socket
import struct
from collections.abc import Set

from nslab.engine import uapi
from nslab.engine.agent.rtnl import rtnetlink as w

_NDMSG = struct.Struct("=BxxxiHBB")
_SILENT = uapi.NUD_INCOMPLETE | uapi.NUD_FAILED


def forget(addresses: Set[str]) -> None:
    """Remove those of this thread's namespace that have not answered.

    :raises OSError: the kernel does not tell
    """
    asking = w.Socket()
    try:
        found = []
        for header, entry in asking.dump(uapi.RTM_GETNEIGH, bytes(12), 12):
            family, index, state, _, _ = _NDMSG.unpack(header)
            packed = entry.get(uapi.NDA_DST)
            if state & _SILENT and packed and socket.inet_ntop(family, packed) in addresses:
                body = _NDMSG.pack(family, index, 0, 0, 0) + w.attribute(uapi.NDA_DST, packed)
                found.append((uapi.RTM_DELNEIGH, 0, body))
        if found:
            asking.send(found)
    finally:
        asking.close()
