"""A refused action → the error that the learner reads.

The kernel answers with a number.  What it means depends on what was asked: ENODEV is a missing link
to ``SetUp`` and a missing bridge to ``Attach``.  The fake engine and the agent both come here, so
that the same mistake reads the same everywhere.  Nothing here touches the kernel.

The numbers and their meanings were tried on Linux 6.18; where a kernel differs, it says so below.
"""

from __future__ import annotations

from errno import (
    EACCES,
    EADDRNOTAVAIL,
    EBUSY,
    EEXIST,
    EHOSTUNREACH,
    EINVAL,
    ELOOP,
    ENETDOWN,
    ENETUNREACH,
    ENODEV,
    ENOENT,
    ENOSYS,
    ENXIO,
    EOPNOTSUPP,
    EPERM,
    ERANGE,
    EROFS,
    ESRCH,
)

from nslab.errors import AlreadyExists, KernelRefused, NotFound, NslabError, os_cause
from nslab.network import actions as act

_NOT_FOUND = frozenset({ENODEV, ENOENT, ENXIO, ESRCH, EADDRNOTAVAIL})

_IPROUTE = "ip{ns} -brief link"

_ANOTHER_NAME = "choose another name, or move and rename it afterwards"

_NO_DRIVER = ("this kernel cannot make one: the driver is missing", "nslab doctor says what it has")

# (action, errno) → (cause, hint).  The fields of the action may be used in braces; {ns} is
# " -n NAME" or nothing, {where} the name of the namespace.
_TABLE: dict[tuple[type[act.Action], int], tuple[str, str]] = {
    (act.AddNamespace, EEXIST): (
        "there is a namespace of that name already",
        "choose another name, or first: ip netns delete {name}",
    ),
    (act.AddContainer, EEXIST): (
        "there is a container or a namespace of that name already",
        "choose another name",
    ),
    (act.AddBridge, EEXIST): (
        "{where} has a link of that name already",
        "choose another name, or first: ip{ns} link delete {name}",
    ),
    (act.SetBridge, ENODEV): ("{where} has no link of that name", "see what is there: " + _IPROUTE),
    (act.SetBridge, EOPNOTSUPP): (
        "it is no bridge",
        "make a bridge with: ip{ns} link add NAME type bridge",
    ),
    (act.SetBridge, ERANGE): (
        "while the spanning tree is on, the forward delay may be 2 to 30 seconds",
        "first turn it off, in a step of its own: brctl stp {name} off",
    ),
    (act.SetBridge, ENOSYS): (
        "this kernel's bridges cannot filter VLANs",
        'use one that can: Lab(needs=["vlan"])',
    ),
    **dict.fromkeys(
        ((act.AddMacvlan, EEXIST), (act.AddIpvlan, EEXIST)),
        ("{either} has a link named {name} already", _ANOTHER_NAME),
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
        "one in mode passthru wants its parent for itself alone, and none can stand on a loopback",
        "see what stands on it: ip{ns} -d link",
    ),
    (act.AddIpvlan, EINVAL): ("none can stand on a loopback", "name another parent, such as eth0"),
    **dict.fromkeys(((act.AddMacvlan, EOPNOTSUPP), (act.AddIpvlan, EOPNOTSUPP)), _NO_DRIVER),
    (act.AddVlan, EOPNOTSUPP): (
        "this kernel has no driver for VLANs, or {parent} cannot carry any (a loopback cannot)",
        'use one that has: Lab(needs=["vlan"])',
    ),
    **dict.fromkeys(
        ((act.SetPortVlan, EOPNOTSUPP), (act.DeletePortVlan, EOPNOTSUPP)),
        (
            "it is no port of a bridge, or this kernel's bridges cannot filter VLANs",
            "see which are ports: bridge{ns} link",
        ),
    ),
    (act.SetUp, ENETDOWN): (
        "the link that it stands on is down",
        "set that up first; which it is: ip{ns} link",
    ),
    (act.SetMac, EOPNOTSUPP): (
        "an ipvlan has its parent's MAC",
        "change that of its parent, or make a macvlan",
    ),
    (act.AddVeth, EEXIST): (
        "a link named {name} or {peer} is there already",
        "see which: " + _IPROUTE + "\nthen choose other names, or delete the old pair",
    ),
    (act.AddVeth, EOPNOTSUPP): ("{master} is no bridge", "attach it to a bridge"),
    (act.AddBridge, EOPNOTSUPP): _NO_DRIVER,
    (act.Move, EEXIST): (
        "{target} has a link of that name already",
        "rename it first: ip{ns} link set dev {link} name NEW",
    ),
    (act.Move, EINVAL): (
        "a loopback or a bridge belongs to its namespace for ever",
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
        "{bridge} is no bridge",
        "make a bridge with: ip{ns} link add NAME type bridge",
    ),
    (act.Attach, EINVAL): (
        "only an Ethernet device can be a port of a bridge",
        "attach one end of a veth pair",
    ),
    (act.Attach, ELOOP): (
        "a bridge cannot be a port of another bridge",
        "join them by a veth pair with one end in each",
    ),
    (act.Attach, EBUSY): (
        "it is a port of a bridge already, or macvlan or ipvlan links stand on it",
        "first: ip{ns} link set dev {link} nomaster, or delete what stands on it",
    ),
    (act.Detach, EINVAL): ("it is no port of that bridge", "see which: bridge{ns} link"),
    (act.AddAddress, EEXIST): (
        "{link} has {address} already",
        "see what it has: ip{ns} address show dev {link}",
    ),
    (act.AddAddress, EACCES): (
        "IPv6 is turned off in this lab",
        "make the lab with IPv6: Lab(ipv6=True)",
    ),
    (act.DeleteAddress, EADDRNOTAVAIL): (
        "{link} has no address {address}",
        "the prefix length counts too; see what it has: ip{ns} address show dev {link}",
    ),
    (act.AddRoute, EEXIST): (
        "{where} has a route to {destination} already",
        "see it: ip{ns} route\nthen first: ip{ns} route delete {destination}",
    ),
    (act.AddRoute, ENETUNREACH): (
        "no link of {where} that is up has an address in the subnet of the gateway {via}",
        "see the addresses and which links are up: ip{ns} -brief address",
    ),
    (act.AddRoute, EHOSTUNREACH): (
        "no link leads to the gateway {via}",
        "see the addresses and which links are up: ip{ns} -brief address",
    ),
    (act.AddRoute, EACCES): (
        "IPv6 is turned off in this lab",
        "make the lab with IPv6: Lab(ipv6=True)",
    ),
    (act.AddRoute, ENETDOWN): (
        "the link that it would use is down",
        "first: ip{ns} link set dev {out} up",
    ),
    (act.AddRoute, EINVAL): (
        "{via} cannot be a gateway: it is not the address of one neighbour",
        "give the address that the next router has in this subnet",
    ),
    (act.DeleteRoute, ESRCH): ("{where} has no such route", "see what is there: ip{ns} route"),
    (act.Sysctl, ENOENT): (
        "the kernel has no parameter of that name in {where}",
        "with a dot in a link's name, write slashes: net/ipv4/conf/lxcbr0.1/rp_filter",
    ),
    (act.Sysctl, EINVAL): ("{value} is no value for it", "see what it has: sysctl {key}"),
    (act.Sysctl, EACCES): ("it can be read only", "see what it has: sysctl {key}"),
    (act.Sysctl, EROFS): ("/proc/sys is read-only here", "nslab doctor says why"),
    (act.ResolvConf, EROFS): ("/etc is read-only here", "nslab doctor says why"),
    (act.ResolvConf, EBUSY): (
        "another namespace has the file mounted",
        "end the programs that run there",
    ),
}

_ANY: dict[int, tuple[str, str]] = {
    EPERM: (
        "the kernel does not allow it to this user",
        "nslab doctor says what this machine allows",
    )
}


def explain(action: act.Action, errno: int, kernel_message: str = "") -> NslabError:
    """The error for an action that was refused.

    ``kernel_message`` is the sentence of the extended acknowledgement, if there was one; it is
    shown where nothing better is known.
    """
    kind: type[KernelRefused] = KernelRefused
    if errno == EEXIST:
        kind = AlreadyExists
    elif errno in _NOT_FOUND and not (isinstance(action, act.SetMac) and errno == EADDRNOTAVAIL):
        kind = NotFound
    told = _TABLE.get((type(action), errno)) or _ANY.get(errno)
    if errno == EOPNOTSUPP and isinstance(action, act.AddVeth) and action.master is None:
        told = _NO_DRIVER
    if told is None and errno == ENODEV:
        told = _no_device(action)
    if told is None:
        told = (kernel_message.rstrip(".") or os_cause(errno), "")
    fields = _fields(action)
    cause, hint = (text.format_map(fields) for text in told)
    return kind(action.operation, action.subject, cause, hint, errno=errno)


def link_missing(action: act.Action, link: str) -> NotFound:
    """The error for an action on a link that is not there: of the two, say, that it names."""
    fields = _fields(action)
    return NotFound(
        action.operation,
        action.subject,
        "{where} has no link named {link}".format(where=fields["where"], link=link),
        ("see what is there: " + _IPROUTE).format_map(fields),
        errno=ENODEV,
    )


def namespace_missing(title: str, ns: str) -> NotFound:
    """The error for anything in a namespace that is not there; ``title`` is what was wanted."""
    return NotFound(
        title,
        "",
        f"there is no namespace {ns}",
        f"see what is there: ip netns\nor make it: ip netns add {ns}",
        errno=ENOENT,
    )


def _no_device(action: act.Action) -> tuple[str, str]:
    """What is missing when all that the kernel says is "no such device"."""
    look = "see what is there: " + _IPROUTE
    match action:
        case act.Attach():
            return ("{where} has no link named {link}, or no bridge named {bridge}", look)
        case act.AddVeth():
            return ("{where} has no bridge named {master}", look)
        case act.AddMacvlan() | act.AddIpvlan() | act.AddVlan():
            return ("{where} has no link named {parent} to stand on", look)
        case act.AddRoute(dev=None) | act.DeleteRoute(dev=None):
            return ("no link leads to {via}", look)
        case act.AddRoute() | act.DeleteRoute():
            return ("{where} has no link named {dev}", look)
    return ("{where} has no link of that name", look)


def _fields(action: act.Action) -> dict[str, str]:
    fields = {name: str(getattr(action, name)) for name in action.__struct_fields__}
    ns: str | None = getattr(action, "ns", None)
    fields["where"] = ns or "the host"
    fields["target"] = fields.get("to", "") if fields.get("to") != "None" else "the host"
    fields["either"] = fields["where"]
    if isinstance(action, act.AddMacvlan | act.AddIpvlan | act.AddVlan) and action.to:
        fields["either"] += f" or {action.to}"
    fields["out"] = fields["dev"] if fields.get("dev") not in (None, "None") else "NAME"
    fields["ns"] = f" -n {ns}" if ns else ""
    return fields
