"""Addresses."""

from __future__ import annotations

import struct

from nslab.engine import uapi
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.engine.agent.rtnl.apply.batch import Batch, Doer, packed_address
from nslab.network import actions as act

_LOOPBACK6 = bytes(15) + b"\1"


def add_address(batch: Batch, action: act.AddAddress) -> None:
    body = _address(batch, action)
    batch.send(action, action.ns, uapi.RTM_NEWADDR, uapi.NLM_F_CREATE | uapi.NLM_F_EXCL, body)


def delete_address(batch: Batch, action: act.DeleteAddress) -> None:
    batch.send(action, action.ns, uapi.RTM_DELADDR, 0, _address(batch, action))


def _address(batch: Batch, action: act.AddAddress | act.DeleteAddress) -> bytes:
    index = batch.index(action.ns, action.link, action)
    text, _, bits = action.address.partition("/")
    family, packed = packed_address(text)
    length = int(bits)
    # As ip-address(8): what is a loopback address is of scope host.
    loopback = packed[0] == 127 if family == 2 else packed == _LOOPBACK6
    scope = 254 if loopback else 0
    body = struct.pack("=BBBBI", family, length, 0, scope, index)
    body += w.attribute(uapi.IFA_LOCAL, packed) + w.attribute(uapi.IFA_ADDRESS, packed)
    if isinstance(action, act.AddAddress) and action.broadcast and family == 2 and length < 31:
        hosts = (1 << (32 - length)) - 1
        broadcast = int.from_bytes(packed, "big") | hosts
        body += w.attribute(uapi.IFA_BROADCAST, broadcast.to_bytes(4, "big"))
    return body


DOERS: dict[type[act.Action], Doer] = {
    act.AddAddress: add_address,
    act.DeleteAddress: delete_address,
}
