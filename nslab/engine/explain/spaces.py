"""Namespaces and containers: what a refusal means."""

from __future__ import annotations

from errno import EEXIST

from nslab.engine.explain.phrases import Table
from nslab.network import actions as act

TABLE: Table = {
    (act.AddNamespace, EEXIST): (
        "there is a namespace of that name already",
        "choose another name, or first: ip netns delete {name}",
    ),
    (act.AddContainer, EEXIST): (
        "there is a container or a namespace of that name already",
        "choose another name",
    ),
}
