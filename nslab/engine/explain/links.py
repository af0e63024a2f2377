"""Bridges, veth pairs, and settings that every link has: what a refusal means."""

from __future__ import annotations

from errno import (
    EADDRNOTAVAIL,
    EBUSY,
    EEXIST,
    EINVAL,
    ELOOP,
    ENETDOWN,
    ENODEV,
    ENOSYS,
    EOPNOTSUPP,
    ERANGE,
)

from nslab.engine.explain.phrases import NO_DRIVER, SEE_LINKS, Table
from nslab.network import actions as act

TABLE: Table = {
    (act.AddBridge, EEXIST): (
        "{where} has a link of that name already",
        "choose another name, or first: ip{ns} link delete {name}",
    ),
    (act.SetBridge, ENODEV): (
        "{where} has no link of that name",
        "see what is there: " + SEE_LINKS,
    ),
    (act.SetBridge, EOPNOTSUPP): (
        "it is not a bridge",
        "make a bridge with: ip{ns} link add NAME type bridge",
    ),
    (act.SetBridge, ERANGE): (
        "while the spanning tree is on, the forward delay may be 2 to 30 seconds",
        "first turn it off, in a separate step: brctl stp {name} off",
    ),
    (act.SetBridge, ENOSYS): (
        "this kernel's bridges cannot filter VLANs",
        'use one that can: Lab(needs=["vlan"])',
    ),
    (act.SetUp, ENETDOWN): (
        "the link that it stands on is down",
        "set that up first; find it with: ip{ns} link",
    ),
    (act.SetMac, EOPNOTSUPP): (
        "an ipvlan has its parent's MAC",
        "change that of its parent, or make a macvlan",
    ),
    (act.AddVeth, EEXIST): (
        "a link named {name} or {peer} is there already",
        "see which: " + SEE_LINKS + "\nthen choose other names, or delete the old pair",
    ),
    (act.AddVeth, EOPNOTSUPP): ("{master} is not a bridge", "attach it to a bridge"),
    (act.AddBridge, EOPNOTSUPP): NO_DRIVER,
    (act.Move, EEXIST): (
        "{target} has a link of that name already",
        "rename it first: ip{ns} link set dev {link} name NEW",
    ),
    (act.Move, EINVAL): (
        "a loopback or a bridge cannot leave its namespace",
        "make the bridge where it is wanted, or move one end of a veth pair",
    ),
    (act.Rename, EEXIST): ("{where} has a link named {name} already", "choose another name"),
    (act.Rename, EBUSY): (
        "this kernel renames a link only while it is down (it may be up since Linux 6.2)",
        "first: ip{ns} link set dev {link} down",
    ),
    (act.DeleteLink, EOPNOTSUPP): (
        "the kernel made it and keeps it",
        "set it down instead: ip{ns} link set dev {link} down",
    ),
    (act.SetMac, EADDRNOTAVAIL): ("no station may have the MAC {mac}", "such as 02:00:00:00:00:0a"),
    (act.SetMac, EBUSY): (
        "this device changes its MAC only while it is down",
        "first: ip{ns} link set dev {link} down",
    ),
    (act.Attach, EOPNOTSUPP): (
        "{bridge} is not a bridge",
        "make a bridge with: ip{ns} link add NAME type bridge",
    ),
    (act.Attach, EINVAL): (
        "only an Ethernet device can be a port of a bridge",
        "attach one end of a veth pair",
    ),
    (act.Attach, ELOOP): (
        "a bridge cannot be a port of another bridge",
        "join them with a veth pair with one end in each",
    ),
    (act.Attach, EBUSY): (
        "it is a port of a bridge already, or macvlan or ipvlan links stand on it",
        "first: ip{ns} link set dev {link} nomaster, or delete what stands on it",
    ),
    (act.Detach, EINVAL): ("it is not a port of that bridge", "see which: bridge{ns} link"),
}
