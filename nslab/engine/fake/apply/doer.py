"""What does an action to the fake's state, and how it finds what the action names."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

from nslab.engine import explain
from nslab.engine.fake.state import Link, Network, Refusal, Space
from nslab.network import actions as act

Doer = Callable[[Network, Any], None]
"""Does what the kernel does for the message that the agent would send, in the kernel's order.

:raises Refusal: where the kernel refuses
"""


def space_of(net: Network, ns: str | None, action: act.Action) -> Space:
    space = net.find(ns)
    if space is None:
        raise explain.namespace_missing(action.title, ns or "host")
    return space


def link_of(space: Space, name: str) -> Link:
    if name not in space.links:
        raise Refusal(errno.ENODEV)
    return space.links[name]


def the_link(net: Network, action: Any) -> Link:
    return link_of(space_of(net, action.ns, action), action.link)
