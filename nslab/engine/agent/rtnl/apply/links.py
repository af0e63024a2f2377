"""Bridges, veth pairs, and what every link can be told."""

from __future__ import annotations

import errno
import os

from nslab.engine import uapi
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.engine.agent.rtnl.apply.batch import Batch, Doer, link_info, mac_bytes
from nslab.network import actions as act

_ONE_QUEUE = w.u32(uapi.IFLA_NUM_TX_QUEUES, 1) + w.u32(uapi.IFLA_NUM_RX_QUEUES, 1)
"""A veth gets a queue for each processor by default, which costs a quarter of its making."""


def add_bridge(batch: Batch, action: act.AddBridge) -> None:
    data = b""
    if action.forward_delay is not None:
        data += w.u32(uapi.IFLA_BR_FORWARD_DELAY, round(action.forward_delay * 100))
    if action.stp is not None:
        data += w.u32(uapi.IFLA_BR_STP_STATE, int(action.stp))
    if action.multicast_snooping is not None:
        data += w.u8(uapi.IFLA_BR_MCAST_SNOOPING, int(action.multicast_snooping))
    body = w.ifinfo() + w.text(uapi.IFLA_IFNAME, action.name) + link_info("bridge", data)
    batch.send(action, action.ns, uapi.RTM_NEWLINK, uapi.NLM_F_CREATE | uapi.NLM_F_EXCL, body)


def set_bridge(batch: Batch, action: act.SetBridge) -> None:
    data = b""
    if action.stp is not None:
        data += w.u32(uapi.IFLA_BR_STP_STATE, int(action.stp))
    if action.forward_delay is not None:
        data += w.u32(uapi.IFLA_BR_FORWARD_DELAY, round(action.forward_delay * 100))
    if action.vlan_filtering is not None:
        _needs_vlan_filtering(batch, action)
        data += w.u8(uapi.IFLA_BR_VLAN_FILTERING, int(action.vlan_filtering))
    body = w.ifinfo() + w.text(uapi.IFLA_IFNAME, action.name) + link_info("bridge", data)
    batch.send(action, action.ns, uapi.RTM_NEWLINK, 0, body)


def _needs_vlan_filtering(batch: Batch, action: act.SetBridge) -> None:
    """A kernel that was built without it ignores the wish (br_changelink()), and says nothing.

    :raises OSError: EOPNOTSUPP
    """
    body = w.ifinfo(batch.index(action.ns, action.name, action))
    batch.flush()
    ((message, _),) = batch.socket(action.ns).ask([(uapi.RTM_GETLINK, body)])
    info = w.decoded(w.attributes(message, 16, len(message)).get(uapi.IFLA_LINKINFO, b""))
    is_bridge = info.get(uapi.IFLA_INFO_KIND, b"").rstrip(b"\0") == b"bridge"
    if is_bridge and uapi.IFLA_BR_VLAN_FILTERING not in w.decoded(info[uapi.IFLA_INFO_DATA]):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


def add_veth(batch: Batch, action: act.AddVeth) -> None:
    flags = uapi.IFF_UP if action.up else 0
    peer = w.ifinfo() + w.text(uapi.IFLA_IFNAME, action.peer) + _ONE_QUEUE
    if action.peer_mac:
        peer += w.attribute(uapi.IFLA_ADDRESS, mac_bytes(action.peer_mac))
    if action.peer_ns != action.ns:
        peer += w.u32(uapi.IFLA_NET_NS_FD, batch.descriptor(action.peer_ns, action))
    body = w.ifinfo(0, flags, flags) + w.text(uapi.IFLA_IFNAME, action.name) + _ONE_QUEUE
    if action.mac:
        body += w.attribute(uapi.IFLA_ADDRESS, mac_bytes(action.mac))
    if action.master:
        attach = act.Attach(action.name, action.master, ns=action.ns)
        master = batch.index(action.ns, action.master, attach)
        body += w.u32(uapi.IFLA_MASTER, master)
    body += link_info("veth", w.attribute(uapi.VETH_INFO_PEER, peer))
    batch.send(action, action.ns, uapi.RTM_NEWLINK, uapi.NLM_F_CREATE | uapi.NLM_F_EXCL, body)


def move(batch: Batch, action: act.Move) -> None:
    batch.flush()
    target = batch.descriptor(action.to, action)
    batch.change(action, action.link, w.u32(uapi.IFLA_NET_NS_FD, target))
    batch.indexes.pop((action.ns, action.link), None)


def rename(batch: Batch, action: act.Rename) -> None:
    index = batch.index(action.ns, action.link, action)
    body = w.ifinfo(index) + w.text(uapi.IFLA_IFNAME, action.name)
    batch.send(action, action.ns, uapi.RTM_NEWLINK, 0, body)
    batch.indexes.pop((action.ns, action.link), None)


def delete_link(batch: Batch, action: act.DeleteLink) -> None:
    body = w.ifinfo() + w.text(uapi.IFLA_IFNAME, action.link)
    batch.send(action, action.ns, uapi.RTM_DELLINK, 0, body)
    batch.indexes.clear()


def set_up(batch: Batch, action: act.SetUp) -> None:
    batch.change(action, action.link, flags=uapi.IFF_UP, change=uapi.IFF_UP)


def set_down(batch: Batch, action: act.SetDown) -> None:
    batch.change(action, action.link, change=uapi.IFF_UP)


def set_mac(batch: Batch, action: act.SetMac) -> None:
    batch.change(action, action.link, w.attribute(uapi.IFLA_ADDRESS, mac_bytes(action.mac)))


def set_promiscuous(batch: Batch, action: act.SetPromiscuous) -> None:
    flags = uapi.IFF_PROMISC if action.on else 0
    batch.change(action, action.link, flags=flags, change=uapi.IFF_PROMISC)


def attach(batch: Batch, action: act.Attach) -> None:
    master = batch.index(action.ns, action.bridge, action)
    batch.change(action, action.link, w.u32(uapi.IFLA_MASTER, master))


def detach(batch: Batch, action: act.Detach) -> None:
    batch.change(action, action.link, w.u32(uapi.IFLA_MASTER, 0))


DOERS: dict[type[act.Action], Doer] = {
    act.AddBridge: add_bridge,
    act.SetBridge: set_bridge,
    act.AddVeth: add_veth,
    act.Move: move,
    act.Rename: rename,
    act.DeleteLink: delete_link,
    act.SetUp: set_up,
    act.SetDown: set_down,
    act.SetMac: set_mac,
    act.SetPromiscuous: set_promiscuous,
    act.Attach: attach,
    act.Detach: detach,
}
