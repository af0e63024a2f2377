"""The networks that puzzles are drawn from."""

from __future__ import annotations

from nslab.course.puzzles import (
    branch,
    capstone,
    ipv6,
    macvlan,
    published,
    shop_faults,
    tunnel,
    workshop,
)
from nslab.course.puzzles.values import Fault, Network

DRAWN: tuple[Network, ...] = (
    shop_faults.NETWORK,
    branch.NETWORK,
    published.NETWORK,
    workshop.NETWORK,
    macvlan.NETWORK,
    tunnel.NETWORK,
    ipv6.NETWORK,
)
"""Those that a word or number draws from."""

NETWORKS: dict[str, Network] = {one.name: one for one in (*DRAWN, capstone.NETWORK)}
"""All of them, by name."""


def every() -> tuple[tuple[Network, Fault], ...]:
    """Every fault, with its network."""
    return tuple((network, fault) for network in NETWORKS.values() for fault in network.faults)


_FULL_KERNEL = "its kernel must be a full one, and so its lab a virtual machine"
_ENGINE = "it needs a real Docker engine, and its images"
_OUTSIDE = "what makes it, no lab may do, even root's"

LEFT_OUT: dict[str, str] = {
    "VLAN missing": _FULL_KERNEL,
    "VLAN numbers differ": _FULL_KERNEL,
    "ipvlan and its parent": _FULL_KERNEL,
    "ipvlan l3": _FULL_KERNEL,
    "tc polices": _FULL_KERNEL,
    "XDP drops": _OUTSIDE,
    "Docker: link down": _ENGINE,
    "Docker: not published": _ENGINE,
    "Docker: filtered": _ENGINE,
    "Docker: no route": _ENGINE,
    "Docker: no forwarding": _ENGINE,
    "Docker: not translated": _ENGINE,
    "Docker: port closed": _ENGINE,
}
"""The kinds of faults of ``benchmarks/faults`` that no puzzle has, and why."""
