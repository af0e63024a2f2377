"""Namespaces and containers: made and ended."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence

from nslab.engine import explain
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.netns.processes import network_inodes
from nslab.engine.agent.netns.syscalls import read
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.engine.agent.rtnl.apply.batch import Batch, Doer
from nslab.errors import KernelRefused
from nslab.network import actions as act

CONTAINER_START = 60.0
"""Seconds that a container's first process may take.  One that fails ends, which is noticed at
once; this is for a machine with more to do than it can: five seconds were too few once."""


SIDE_BY_SIDE = 8
"""From so many namespaces in a row on, two threads make them: the kernel spends a third of a
millisecond on each, and can do so on two processors."""


def add_namespace(batch: Batch, action: act.AddNamespace) -> None:
    batch.flush()
    batch.away = True
    batch.keep(action.name, *_made(batch.spaces, action.name))


def _made(spaces: sp.Spaces, name: str) -> tuple[int, w.Socket]:
    """A new namespace's descriptor, and a socket in it, where this thread is afterwards."""
    path = f"{sp.NAMED}/{name}"
    try:
        descriptor = spaces.make(path)
    except FileNotFoundError:  # the first one, or somebody took the directory away
        os.makedirs(sp.NAMED, exist_ok=True)
        descriptor = spaces.make(path)
    return descriptor, w.Socket()


def add_namespaces(
    batch: Batch, actions: Sequence[act.AddNamespace], stopped: Callable[[], bool]
) -> int:
    """Many namespaces, half of them in a thread beside this one.

    :returns: how many were made, from the first on; what was made beyond them is taken back
    :raises KernelRefused: the first that failed; those before it are made
    """
    batch.flush()
    batch.away = True
    half = len(actions) // 2
    first, second = _Part(batch.spaces, actions[:half]), _Part(batch.spaces, actions[half:])
    beside = threading.Thread(target=second.make, args=[stopped], name="namespaces")
    beside.start()
    try:
        first.make(stopped)
    finally:
        beside.join()
    whole = first.whole
    for name, descriptor, socket in [*first.made, *(second.made if whole else ())]:
        batch.keep(name, descriptor, socket)
    if not whole:
        second.take_back()
    error = first.error or (second.error if whole else None)
    if error is not None:
        failed = (second if whole else first).next
        raise explain.explain(failed, error.errno or 0) from error
    return len(first.made) + (len(second.made) if whole else 0)


class _Part:
    """Namespaces that one thread makes, until one fails."""

    def __init__(self, spaces: sp.Spaces, wanted: Sequence[act.AddNamespace]) -> None:
        self._spaces, self._wanted = spaces, wanted
        self.made: list[tuple[str, int, w.Socket]] = []
        self.error: OSError | None = None

    @property
    def whole(self) -> bool:
        return len(self.made) == len(self._wanted)

    @property
    def next(self) -> act.AddNamespace:
        """The first that was not made."""
        return self._wanted[len(self.made)]

    def make(self, stopped: Callable[[], bool]) -> None:
        for action in self._wanted:
            if stopped():
                return
            try:
                self.made.append((action.name, *_made(self._spaces, action.name)))
            except OSError as error:
                self.error = error
                return

    def take_back(self) -> None:
        for name, descriptor, socket in self.made:
            socket.close()
            os.close(descriptor)
            self._spaces.forget(f"{sp.NAMED}/{name}")


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
        limit, pause = time.monotonic() + CONTAINER_START, 0.001
        while not _ready(batch, action.name):
            if ended.is_set() or time.monotonic() > limit:
                said = os.pread(output, 4096, 0).decode(errors="replace").strip()
                raise KernelRefused(
                    action.operation,
                    action.name,
                    said or "its first process did not start",
                    "nslab doctor says what this machine allows",
                )
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
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
