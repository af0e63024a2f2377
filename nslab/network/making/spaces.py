"""Namespaces and containers that come and go."""

from __future__ import annotations

from nslab.network.actions import AddContainer, AddNamespace, DeleteContainer, DeleteNamespace
from nslab.network.making.pieces import Left, attempt
from nslab.network.making.work import Pieces, Work
from nslab.network.model import Namespace

_SLEEPS = "sleep infinity"
"""What the containers of actions do; what else a container ran, a snapshot does not tell enough."""


def come(work: Work) -> Pieces:
    """Make what is there afterwards only."""
    for label, ns in work.after.spaces.items():
        old = work.before.spaces.get(label)
        if old is None:
            yield from attempt(_made(ns), work.left)
        elif old.role != ns.role:
            work.left.append(f"namespace {label} as a {ns.role}")


def _made(ns: Namespace) -> Pieces:
    if ns.role == "named":
        yield AddNamespace(ns.label)
    elif ns.role == "container" and any(_SLEEPS in one.command for one in ns.processes):
        yield AddContainer(ns.label)
    else:
        raise Left(f"{ns.role} {ns.label}")


def go(work: Work) -> Pieces:
    """End what is not there afterwards."""
    for label, ns in work.before.spaces.items():
        if label not in work.after.spaces and ns.role in ("named", "container"):
            yield DeleteNamespace(label) if ns.role == "named" else DeleteContainer(label)
