"""Links that stand on another one, and the VLANs of a bridge port: what a refusal means."""

from __future__ import annotations

from errno import EBUSY, EEXIST, EINVAL, EOPNOTSUPP

from nslab.engine.explain.phrases import ANOTHER_NAME, NO_DRIVER, Table
from nslab.network import actions as act

TABLE: Table = {
    **dict.fromkeys(
        ((act.AddMacvlan, EEXIST), (act.AddIpvlan, EEXIST)),
        ("{either} has a link named {name} already", ANOTHER_NAME),
    ),
    (act.AddVlan, EEXIST): (
        "{either} has a link named {name} already, or {parent} has its VLAN {vlan}",
        "see what is there: ip{ns} -d link",
    ),
    **dict.fromkeys(
        ((act.AddMacvlan, EBUSY), (act.AddIpvlan, EBUSY)),
        (
            "{parent} serves a bridge or links of the other kind: macvlan or ipvlan, not both",
            "see what stands on it: ip{ns} -d link",
        ),
    ),
    (act.AddMacvlan, EINVAL): (
        "mode passthru needs its parent for itself, and no macvlan can stand on a loopback",
        "see what stands on it: ip{ns} -d link",
    ),
    (act.AddIpvlan, EINVAL): (
        "no ipvlan can stand on a loopback",
        "name another parent, such as eth0",
    ),
    **dict.fromkeys(((act.AddMacvlan, EOPNOTSUPP), (act.AddIpvlan, EOPNOTSUPP)), NO_DRIVER),
    (act.AddVlan, EOPNOTSUPP): (
        "this kernel has no driver for VLANs, or {parent} cannot carry any (a loopback cannot)",
        'use one that has: Lab(needs=["vlan"])',
    ),
    **dict.fromkeys(
        ((act.SetPortVlan, EOPNOTSUPP), (act.DeletePortVlan, EOPNOTSUPP)),
        (
            "it is not a port of a bridge, or this kernel's bridges cannot filter VLANs",
            "see which are ports: bridge{ns} link",
        ),
    ),
}
