"""Links that stand on another one: macvlan, ipvlan, VLAN; and the VLANs of a bridge port."""

from __future__ import annotations

import struct

from nslab.engine import uapi
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.engine.agent.rtnl.apply.batch import Batch, Doer, link_info, mac_bytes
from nslab.network import actions as act

_MACVLAN_MODE = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8}


def add_macvlan(batch: Batch, action: act.AddMacvlan) -> None:
    _add_stacked(
        batch,
        action,
        "macvlan",
        w.u32(uapi.IFLA_MACVLAN_MODE, _MACVLAN_MODE[action.mode]),
        action.mac,
    )


def add_ipvlan(batch: Batch, action: act.AddIpvlan) -> None:
    mode = act.IPVLAN_MODES.index(action.mode)
    _add_stacked(batch, action, "ipvlan", w.u16(uapi.IFLA_IPVLAN_MODE, mode))


def add_vlan(batch: Batch, action: act.AddVlan) -> None:
    _add_stacked(batch, action, "vlan", w.u16(uapi.IFLA_VLAN_ID, action.vlan))


def _add_stacked(
    batch: Batch,
    action: act.AddMacvlan | act.AddIpvlan | act.AddVlan,
    kind: str,
    data: bytes,
    mac: str | None = None,
) -> None:
    body = w.ifinfo() + w.text(uapi.IFLA_IFNAME, action.name)
    body += w.u32(uapi.IFLA_LINK, batch.index(action.ns, action.parent, action))
    if mac:
        body += w.attribute(uapi.IFLA_ADDRESS, mac_bytes(mac))
    if action.to is not None and action.to != action.ns:
        body += w.u32(uapi.IFLA_NET_NS_FD, batch.descriptor(action.to, action))
    body += link_info(kind, data)
    batch.send(action, action.ns, uapi.RTM_NEWLINK, uapi.NLM_F_CREATE | uapi.NLM_F_EXCL, body)


def set_port_vlan(batch: Batch, action: act.SetPortVlan) -> None:
    flags = uapi.BRIDGE_VLAN_INFO_PVID * action.pvid
    flags |= uapi.BRIDGE_VLAN_INFO_UNTAGGED * action.untagged
    _port_vlan(batch, action, uapi.RTM_SETLINK, flags)


def delete_port_vlan(batch: Batch, action: act.DeletePortVlan) -> None:
    _port_vlan(batch, action, uapi.RTM_DELLINK, 0)


def _port_vlan(
    batch: Batch, action: act.SetPortVlan | act.DeletePortVlan, kind: int, flags: int
) -> None:
    index = batch.index(action.ns, action.link, action)
    info = w.attribute(uapi.IFLA_BRIDGE_VLAN_INFO, struct.pack("=HH", flags, action.vlan))
    body = w.ifinfo(index, family=uapi.AF_BRIDGE) + w.attribute(uapi.IFLA_AF_SPEC, info)
    batch.send(action, action.ns, kind, 0, body)


DOERS: dict[type[act.Action], Doer] = {
    act.AddMacvlan: add_macvlan,
    act.AddIpvlan: add_ipvlan,
    act.AddVlan: add_vlan,
    act.SetPortVlan: set_port_vlan,
    act.DeletePortVlan: delete_port_vlan,
}
