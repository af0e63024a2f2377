"""Namespaces and containers: made and ended."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time

from nslab.engine import explain
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.netns.processes import network_inodes
from nslab.engine.agent.netns.syscalls import read
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.engine.agent.rtnl.apply.batch import Batch, Doer
from nslab.errors import KernelRefused
from nslab.network import actions as act

CONTAINER_START = 5.0
"""Seconds that a container's first process may take."""


def add_namespace(batch: Batch, action: act.AddNamespace) -> None:
    batch.flush()
    os.makedirs(sp.NAMED, exist_ok=True)
    path = f"{sp.NAMED}/{action.name}"
    batch.away = True
    batch.descriptors[action.name] = batch.spaces.make(path)
    batch.sockets[action.name] = w.Socket()  # this thread is inside it now
    batch.indexes[action.name, "lo"] = 1


def delete_namespace(batch: Batch, action: act.DeleteNamespace) -> None:
    batch.come_home()
    batch.forget(action.name)
    path = f"{sp.NAMED}/{action.name}"
    if not os.path.exists(path):
        raise explain.namespace_missing(action.title, action.name)
    try:
        batch.spaces.forget(path)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a plain file: the name of no namespace
            raise
        os.unlink(path)
    batch.indexes.clear()


def add_container(batch: Batch, action: act.AddContainer) -> None:
    batch.flush()
    batch.come_home()
    if batch.spaces.container(action.name) is not None or action.name in batch.spaces.named():
        raise explain.explain(action, errno.EEXIST)
    ended = threading.Event()
    output = os.memfd_create("output", os.MFD_CLOEXEC)
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    try:
        batch.init.spawn(
            action.argv, lambda _: ended.set(), files={0: nothing, 1: output, 2: output}
        )
        limit = time.monotonic() + CONTAINER_START
        while not _ready(batch, action.name):
            if ended.is_set() or time.monotonic() > limit:
                said = os.pread(output, 4096, 0).decode(errors="replace").strip()
                raise KernelRefused(
                    action.operation,
                    action.name,
                    said or "its first process did not start",
                    "nslab doctor says what this machine allows",
                )
            time.sleep(0.001)
    finally:
        os.close(output)
        os.close(nothing)
    with batch.spaces.inside(batch.descriptor(action.name, action)):
        batch.spaces.settle(os.stat("/proc/thread-self/ns/net").st_ino)


def _ready(batch: Batch, container: str) -> bool:
    """Whether the container's script has come to its last word, ``exec sleep infinity``."""
    pid = batch.spaces.container(container)
    if pid is None:
        return False
    try:
        return read(f"/proc/{pid}/cmdline").startswith("sleep\0infinity")
    except OSError:
        return False


def delete_container(batch: Batch, action: act.DeleteContainer) -> None:
    batch.come_home()
    batch.forget(action.name)
    for inode, (pids, hostname) in batch.spaces.containers().items():
        if hostname == action.name:
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            limit = time.monotonic() + 1.0
            while inode in network_inodes().values() and time.monotonic() < limit:
                time.sleep(0.002)
            batch.indexes.clear()
            return
    raise explain.namespace_missing(action.title, action.name)


DOERS: dict[type[act.Action], Doer] = {
    act.AddNamespace: add_namespace,
    act.DeleteNamespace: delete_namespace,
    act.AddContainer: add_container,
    act.DeleteContainer: delete_container,
}
