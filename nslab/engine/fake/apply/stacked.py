"""Links that stand on another one: macvlan, ipvlan, VLAN; and the VLANs of a bridge port."""

from __future__ import annotations

from nslab.engine.fake import bridging, stacking
from nslab.engine.fake.apply.doer import Doer, link_of, space_of, the_link
from nslab.engine.fake.state import Link, Network, Space
from nslab.network import actions as act
from nslab.network import names


def add_macvlan(net: Network, action: act.AddMacvlan) -> None:
    place, lower = _place(net, action)
    mac = names.mac_address(action.mac) if action.mac else ""
    stacking.add(net, lower, action.name, place, "macvlan", mode=action.mode, mac=mac)


def add_ipvlan(net: Network, action: act.AddIpvlan) -> None:
    place, lower = _place(net, action)
    stacking.add(net, lower, action.name, place, "ipvlan", mode=action.mode)


def add_vlan(net: Network, action: act.AddVlan) -> None:
    place, lower = _place(net, action)
    stacking.add(net, lower, action.name, place, "vlan", vlan=action.vlan)


def _place(
    net: Network, action: act.AddMacvlan | act.AddIpvlan | act.AddVlan
) -> tuple[Space, Link]:
    """Where the new link is to be, and what it stands on."""
    lower = link_of(space_of(net, action.ns, action), action.parent)
    return space_of(net, action.to or action.ns, action), lower


def set_port_vlan(net: Network, action: act.SetPortVlan) -> None:
    bridging.set_vlan(
        the_link(net, action), action.vlan, pvid=action.pvid, untagged=action.untagged
    )


def delete_port_vlan(net: Network, action: act.DeletePortVlan) -> None:
    bridging.delete_vlan(the_link(net, action), action.vlan)


DOERS: dict[type[act.Action], Doer] = {
    act.AddMacvlan: add_macvlan,
    act.AddIpvlan: add_ipvlan,
    act.AddVlan: add_vlan,
    act.SetPortVlan: set_port_vlan,
    act.DeletePortVlan: delete_port_vlan,
}
