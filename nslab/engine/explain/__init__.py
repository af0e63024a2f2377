"""A refused action → the error that the learner reads.

The kernel answers with a number.  What it means depends on what was asked: ENODEV is a missing link
to ``SetUp`` and a missing bridge to ``Attach``.  The fake engine and the agent both come here, so
that the same mistake reads the same everywhere.  Nothing here touches the kernel.

The numbers and their meanings were tried on Linux 6.18; where a kernel differs, it says so below.

::

    addresses   addresses
    links       bridges, veth pairs, and settings that every link has
    phrases     the form of the tables, and the phrases that stand in several
    routes      routes
    settings    kernel parameters and name servers
    spaces      namespaces and containers
    stacked     links that stand on another one, and the VLANs of a bridge port
"""

from __future__ import annotations

from errno import EADDRNOTAVAIL, EEXIST, ENODEV, ENOENT, ENXIO, EOPNOTSUPP, EPERM, ESRCH

from nslab.engine.explain import addresses, links, routes, settings, spaces, stacked
from nslab.engine.explain.phrases import NO_DRIVER, SEE_LINKS, Table
from nslab.errors import AlreadyExists, KernelRefused, NotFound, NslabError, os_cause
from nslab.network import actions as act

_NOT_FOUND = frozenset({ENODEV, ENOENT, ENXIO, ESRCH, EADDRNOTAVAIL})

_TABLE: Table = {
    **spaces.TABLE,
    **links.TABLE,
    **stacked.TABLE,
    **addresses.TABLE,
    **routes.TABLE,
    **settings.TABLE,
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
    texts = _TABLE.get((type(action), errno)) or _ANY.get(errno)
    if errno == EOPNOTSUPP and isinstance(action, act.AddVeth) and action.master is None:
        texts = NO_DRIVER
    if texts is None and errno == ENODEV:
        texts = _no_device(action)
    if texts is None:
        texts = (kernel_message.rstrip(".") or os_cause(errno), "")
    fields = _fields(action)
    cause, hint = (text.format_map(fields) for text in texts)
    return kind(action.operation, action.subject, cause, hint, errno=errno)


def link_missing(action: act.Action, link: str) -> NotFound:
    """The error for an action on a link that is not there: of the two, say, that it names."""
    fields = _fields(action)
    return NotFound(
        action.operation,
        action.subject,
        "{where} has no link named {link}".format(where=fields["where"], link=link),
        ("see what is there: " + SEE_LINKS).format_map(fields),
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
    look = "see what is there: " + SEE_LINKS
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
