"""The networks that puzzles are drawn from."""

from __future__ import annotations

from nslab.course.puzzles import (
    branch,
    capstone,
    docker,
    ipv6,
    ipvlan,
    macvlan,
    published,
    shop_faults,
    tunnel,
    vlan,
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

ASKED: tuple[Network, ...] = (capstone.NETWORK, vlan.NETWORK, ipvlan.NETWORK, docker.NETWORK)
"""Those that are drawn from only when they are asked for: the first is notebook 16's, the others
need more than a lab: a virtual machine, or Docker's programs."""

NETWORKS: dict[str, Network] = {one.name: one for one in (*DRAWN, *ASKED)}
"""All of them, by name."""


def every() -> tuple[tuple[Network, Fault], ...]:
    """Every fault, with its network."""
    return tuple((network, fault) for network in NETWORKS.values() for fault in network.faults)


LEFT_OUT: dict[str, str] = {
    "XDP drops": "bpf(2) loads no XDP program for who is root of a user namespace only, as a lab's "
    "root is, in a virtual machine, too"
}
"""The kinds of faults of ``benchmarks/faults`` that no puzzle has, and why."""
