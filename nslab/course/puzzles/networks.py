"""The networks that puzzles are drawn from."""

from __future__ import annotations

from nslab.course.puzzles import branch, capstone, published, shop_faults
from nslab.course.puzzles.values import Fault, Network

DRAWN: tuple[Network, ...] = (shop_faults.NETWORK, branch.NETWORK, published.NETWORK)
"""Those that a word or number draws from."""

NETWORKS: dict[str, Network] = {one.name: one for one in (*DRAWN, capstone.NETWORK)}
"""All of them, by name."""


def every() -> tuple[tuple[Network, Fault], ...]:
    """Every fault, with its network."""
    return tuple((network, fault) for network in NETWORKS.values() for fault in network.faults)
