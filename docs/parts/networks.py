"""Labs in memory, as the figures show them: no kernel is asked, so they are the same everywhere."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from nslab import Lab, Snapshot
from nslab.network.actions import (
    Action,
    AddAddress,
    AddBridge,
    AddContainer,
    AddNamespace,
    AddRoute,
    AddVeth,
    Attach,
    Masquerade,
    Move,
    Rename,
    ResolvConf,
    SetUp,
    Sysctl,
)
from nslab.network.rules import Ruleset

BRIDGE: tuple[Action, ...] = (
    AddBridge("lxcbr0", stp=False),
    AddAddress("lxcbr0", "192.168.10.1/24"),
    SetUp("lxcbr0"),
)
CABLE: tuple[Action, ...] = (
    AddVeth("veth-ns1", "lxcbr0.1"),
    Move("veth-ns1", "ns1"),
    Rename("veth-ns1", "eth0", ns="ns1"),
    Attach("lxcbr0.1", "lxcbr0"),
    SetUp("lxcbr0.1"),
    AddAddress("eth0", "192.168.10.11/24", ns="ns1"),
    SetUp("eth0", ns="ns1"),
)
OUT: tuple[Action, ...] = (
    AddRoute("default", via="192.168.10.1", ns="ns1"),
    Sysctl("net.ipv4.ip_forward", "1"),
    Masquerade("192.168.10.0/24", out="eth0"),
)
NAMESPACE: tuple[Action, ...] = (AddNamespace("ns1"), SetUp("lo", ns="ns1"))


def snapshots(*groups: Sequence[Action]) -> list[Snapshot]:
    """What a lab is like before, and after each group of actions."""
    with Lab(engine="fake") as lab:
        found = [lab.snapshot()]
        for group in groups:
            lab.do(*group, watch=False)
            found.append(lab.snapshot())
    return found


def plugged_in() -> tuple[Snapshot, Snapshot]:
    """A bridge with a way out; and the same with a namespace plugged into it."""
    named = (*NAMESPACE, *CABLE, OUT[0], ResolvConf("8.8.8.8", ns="ns1"))
    _, before, after = snapshots((*BRIDGE, *OUT[1:]), named)
    return before, after


def article() -> tuple[Snapshot, Snapshot]:
    """The article's network with a container beside it; and a third that has just been plugged in.

    The last one's port is not up yet, and it has no way out.
    """
    app: tuple[Action, ...] = (
        AddContainer("app"),
        SetUp("lo", ns="app"),
        AddVeth("lxcbr0.2", "eth0", peer_ns="app", master="lxcbr0", up=True),
        AddAddress("eth0", "192.168.10.12/24", ns="app"),
        SetUp("eth0", ns="app"),
        AddRoute("default", via="192.168.10.1", ns="app"),
    )
    third: tuple[Action, ...] = (
        AddVeth("lxcbr0.3", "eth0", peer_ns="ns3", master="lxcbr0"),
        AddAddress("eth0", "192.168.10.13/24", ns="ns3"),
        SetUp("eth0", ns="ns3"),
    )
    before = (*BRIDGE, *NAMESPACE, *CABLE, *OUT, *app, AddNamespace("ns3"), SetUp("lo", ns="ns3"))
    _, one, other = snapshots(before, third)
    return one, other


def part(
    snapshot: Snapshot,
    *links: str,
    routes: bool = False,
    nat: bool = False,
    sysctls: Sequence[str] = (),
    own: Sequence[str] = (),
) -> Snapshot:
    """Only what a small picture is about.

    :param links: the links that stay, as ``ns1/eth0``; a namespace with none of them goes
    :param routes: keep the routes; ``nat`` the same for address translation
    :param sysctls: the settings that stay
    :param own: namespaces that stay even though they have no link
    """
    kept = []
    for namespace in snapshot:
        there = tuple(
            structs.replace(link, peer=link.peer if _in_sight(snapshot, link, links) else None)
            for link in namespace.links
            if f"{namespace.label}/{link.name}" in links
        )
        if there or namespace.label in own:
            kept.append(
                structs.replace(
                    namespace,
                    links=there,
                    routes=namespace.routes if routes else (),
                    rules=namespace.rules if nat else Ruleset(),
                    sysctls={k: v for k, v in namespace.sysctls.items() if k in sysctls},
                    resolv_conf=None,
                )
            )
    return structs.replace(snapshot, namespaces=tuple(kept), files={})


def _in_sight(snapshot: Snapshot, link: object, links: Sequence[str]) -> bool:
    peer = snapshot.peer(link)  # type: ignore[arg-type]
    return peer is not None and f"{peer[0].label}/{peer[1].name}" in links
