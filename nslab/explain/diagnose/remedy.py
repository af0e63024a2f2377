"""Actions as lines for a terminal, and how a namespace is named in either."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import structs

from nslab.network.actions import Action, Masquerade, Move, code
from nslab.network.model import Namespace, Snapshot
from nslab.sentence import sentence


def reference(namespace: Namespace) -> str | None:
    """What actions and ``lab.sh`` call a namespace; None is the host."""
    if namespace.role == "host":
        return None
    if namespace.role == "process" and namespace.processes:
        return str(namespace.processes[0].pid)
    return namespace.label


def lines(snapshot: Snapshot, actions: Sequence[Action]) -> list[str]:
    """The commands that do the same, to be typed in the pseudo-host.

    A container or a namespace of the world has no name in /run/netns, so those are written as
    ``lab.sh`` takes them; and what moves a link there, as ``lab.do`` takes it.
    """
    named = {name for ns in snapshot if ns.role == "named" for name in (ns.label, *ns.names)}
    return [line for action in actions for line in _lines(action, named)]


def typed(namespace: Namespace, command: str) -> str:
    """A command line as it is typed in the pseudo-host, or in a cell where no name leads there."""
    ns = reference(namespace)
    if ns is None:
        return command
    if namespace.role == "named":
        return f"ip netns exec {ns} {command}"
    return f'lab.sh({json.dumps(command)}, "{ns}")'


def _lines(action: Any, named: set[str]) -> Iterator[str]:
    ns = getattr(action, "ns", None)
    to = action.to if isinstance(action, Move) else None
    if not (to is None or to in named or to.isdigit()):
        yield f"lab.do({code(action)})"
        return
    inside = ns is not None and ns not in named
    if inside:
        action = structs.replace(action, ns=None)

    def shown(command: object) -> str:
        return f'lab.sh({json.dumps(str(command))}, "{ns}")' if inside else str(command)

    if isinstance(action, Masquerade):
        yield from (shown(command) for command in action.commands("classic"))
        yield sentence("# or with nft:")
        yield from (f"# {shown(command)}" for command in action.commands("iproute2"))
    else:
        yield from (shown(command) for command in action.commands("iproute2"))
