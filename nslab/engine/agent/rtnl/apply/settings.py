"""Kernel parameters and name servers, which are files."""

from __future__ import annotations

import os

from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.netns.syscalls import write
from nslab.engine.agent.rtnl.apply.batch import Batch, Doer
from nslab.errors import InvalidInput
from nslab.network import actions as act
from nslab.network import names


def sysctl(batch: Batch, action: act.Sysctl) -> None:
    batch.flush()
    path = f"/proc/sys/{names.sysctl_path(action.key)}"
    with batch.spaces.inside(batch.descriptor(action.ns, action)):
        write(path, action.value)


def resolv_conf(batch: Batch, action: act.ResolvConf) -> None:
    batch.descriptor(action.ns, action)
    batch.come_home()
    if action.ns is None:
        path = "/etc/resolv.conf"
    elif action.ns in batch.spaces.named():
        os.makedirs(f"/etc/netns/{action.ns}", exist_ok=True)
        path = f"/etc/netns/{action.ns}/resolv.conf"
    elif os.path.isdir(f"{sp.CONTAINERS}/{action.ns}"):
        path = f"{sp.CONTAINERS}/{action.ns}/resolv.conf"
    else:
        raise InvalidInput(
            action.operation,
            action.ns,
            "it has no file system of its own to write to",
            "name the host, a namespace of /run/netns or a container",
        )
    with open(path, "w") as file:
        file.write(f"nameserver {action.nameserver}\n")


DOERS: dict[type[act.Action], Doer] = {act.Sysctl: sysctl, act.ResolvConf: resolv_conf}
