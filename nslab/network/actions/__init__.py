"""One wanted change each, as a frozen value: what a step does, by whatever way it is done.

An action is checked when it is made and touches nothing until ``lab.do(action)``.  Its
equivalent commands come in two styles: ``classic`` (brctl, ifconfig, route, iptables, which the
article uses) and ``iproute2`` (ip, bridge, nft).  Where the old tools have no equivalent, the
classic style says it as iproute2 does.

>>> action = AddVeth("veth-ns1", "lxcbr0.1")
>>> print(action.commands()[0])
ip link add veth-ns1 type veth peer name lxcbr0.1
>>> print(AddBridge("lxcbr0", stp=False, forward_delay=2).commands("classic")[1])
brctl stp lxcbr0 off

::

    action      what all actions have in common
    addresses   addresses
    links       bridges, veth pairs, and what is done to a link of any kind
    nat         address translation
    routes      routes
    settings    kernel parameters and name servers
    spaces      namespaces and containers
    stacked     links on other links (macvlan, ipvlan, VLAN), and the VLANs of a bridge's ports
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nslab.network.actions.action import (
    Action,
    Command,
    Style,
    Word,
    code,
    command,
    enter,
    pid_variable,
)
from nslab.network.actions.addresses import AddAddress, DeleteAddress
from nslab.network.actions.links import (
    AddBridge,
    AddVeth,
    Attach,
    DeleteLink,
    Detach,
    Move,
    Rename,
    SetBridge,
    SetDown,
    SetMac,
    SetPromiscuous,
    SetUp,
)
from nslab.network.actions.nat import Masquerade
from nslab.network.actions.routes import AddRoute, DeleteRoute
from nslab.network.actions.settings import ResolvConf, Sysctl
from nslab.network.actions.spaces import (
    AddContainer,
    AddNamespace,
    DeleteContainer,
    DeleteNamespace,
)
from nslab.network.actions.stacked import (
    IPVLAN_MODES,
    MACVLAN_MODES,
    AddIpvlan,
    AddMacvlan,
    AddVlan,
    DeletePortVlan,
    SetPortVlan,
)

__all__ = [
    "IPVLAN_MODES",
    "MACVLAN_MODES",
    "Action",
    "AddAddress",
    "AddBridge",
    "AddContainer",
    "AddIpvlan",
    "AddMacvlan",
    "AddNamespace",
    "AddRoute",
    "AddVeth",
    "AddVlan",
    "AnyAction",
    "Attach",
    "Command",
    "DeleteAddress",
    "DeleteContainer",
    "DeleteLink",
    "DeleteNamespace",
    "DeletePortVlan",
    "DeleteRoute",
    "Detach",
    "Masquerade",
    "Move",
    "Rename",
    "ResolvConf",
    "SetBridge",
    "SetDown",
    "SetMac",
    "SetPortVlan",
    "SetPromiscuous",
    "SetUp",
    "Style",
    "Sysctl",
    "Word",
    "code",
    "commands",
    "enter",
    "pid_variable",
]

AnyAction = (
    AddNamespace
    | DeleteNamespace
    | AddContainer
    | DeleteContainer
    | AddBridge
    | SetBridge
    | AddVeth
    | Move
    | Rename
    | DeleteLink
    | SetUp
    | SetDown
    | SetMac
    | SetPromiscuous
    | AddMacvlan
    | AddIpvlan
    | AddVlan
    | SetPortVlan
    | DeletePortVlan
    | Attach
    | Detach
    | AddAddress
    | DeleteAddress
    | AddRoute
    | DeleteRoute
    | Masquerade
    | Sysctl
    | ResolvConf
)
"""Every action there is: what a message to the agent may carry."""


def commands(
    actions: Sequence[Action],
    style: Style = "iproute2",
    containers: Iterable[str] = (),
    *,
    wait: bool = False,
) -> list[Command]:
    """The commands of several actions in order.

    With ``wait`` a line that waits for it follows each container's, as a script needs it: the
    shell goes on at once after an ``&``.

    In the classic style an address that is followed by ``SetUp`` of the same link becomes the one
    line ``ifconfig lxcbr0 192.168.10.1/24 up`` that the article writes.
    """
    known = set(containers)
    lines: list[Command] = []
    position = 0
    while position < len(actions):
        action = actions[position]
        follower = actions[position + 1] if position + 1 < len(actions) else None
        position += 1
        if isinstance(action, AddContainer):
            known.add(action.name)
        if (
            style == "classic"
            and isinstance(action, AddAddress)
            and action.broadcast
            and ":" not in action.address
            and follower == SetUp(action.link, ns=action.ns)
        ):
            prefix = enter(action.ns, known) if action.ns else ()
            lines.append(command(*prefix, "ifconfig", action.link, action.address, "up"))
            position += 1
            continue
        lines += action.commands(style, known)
        if wait and isinstance(action, AddContainer):
            lines.append(_wait_for(action.name))
    return lines


def _wait_for(container: str) -> Command:
    """Until the container has its hostname, which its script sets last."""
    asked = f'"$(nsenter --uts --target "${pid_variable(container)}" hostname 2>/dev/null)"'
    return Command((Word(f"until [ {asked} = {container} ]; do sleep 0.01; done"),))
