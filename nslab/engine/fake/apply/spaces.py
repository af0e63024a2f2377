"""Namespaces and containers: made and ended."""

from __future__ import annotations

import errno

from nslab.engine import explain
from nslab.engine.fake.apply.doer import Doer
from nslab.engine.fake.apply.links import remove
from nslab.engine.fake.state import Network, Refusal, Space
from nslab.network import actions as act
from nslab.network.model import Process


def add_namespace(net: Network, action: act.AddNamespace) -> None:
    if action.name in net.named:
        raise Refusal(errno.EEXIST)
    net.named[action.name] = net.make("named", action.name)


def delete_namespace(net: Network, action: act.DeleteNamespace) -> None:
    if action.name not in net.named:
        raise explain.namespace_missing(action.title, action.name)
    _empty(net, net.named.pop(action.name))


def add_container(net: Network, action: act.AddContainer) -> None:
    if action.name in net.containers or action.name in net.named:
        raise Refusal(errno.EEXIST)
    space = net.containers[action.name] = net.make("container", action.name)
    space.resolv_conf = net.host.resolv_conf
    space.processes = (Process(pid=net.draw_pid(), command="sleep infinity"),)


def delete_container(net: Network, action: act.DeleteContainer) -> None:
    if action.name not in net.containers:
        raise explain.namespace_missing(action.title, action.name)
    _empty(net, net.containers.pop(action.name))


def _empty(net: Network, space: Space) -> None:
    """A namespace ends: what is in it goes, and the other ends of its veth pairs."""
    for link in list(space.links.values()):
        if link.name in space.links and not link.loopback:
            remove(net, link)


DOERS: dict[type[act.Action], Doer] = {
    act.AddNamespace: add_namespace,
    act.DeleteNamespace: delete_namespace,
    act.AddContainer: add_container,
    act.DeleteContainer: delete_container,
}
