"""Network namespaces as a thread meets them: find, make, enter, name.

``setns`` and ``unshare`` change one thread only.  The agent's main thread always stays in the
pseudo-host's namespace, because ``/proc/self`` is the main thread's; everything else here runs in
worker threads, each of which goes home when it is done.
"""

from __future__ import annotations

import errno
import os
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from nslab.engine import uapi
from nslab.engine.agent.netns.processes import inodes, is_first, network_inodes, networks
from nslab.engine.agent.netns.syscalls import call, mount
from nslab.engine.agent.netns.sysctls import FORWARD, settle
from nslab.network.model import WORLD

NAMED = "/run/netns"
WORLD_DIR = "/run/nslab/world"
CONTAINERS = "/run/containers"


class Spaces:
    """The network namespaces of one lab; made in the pseudo-host, by its main thread."""

    def __init__(self, *, ipv6: bool = False) -> None:
        self.ipv6 = ipv6
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.home_inode = os.fstat(self.home).st_ino
        self.lock = threading.RLock()
        """Held while namespaces are made, so that the watcher does not settle them twice."""
        self._settled = {self.home_inode}
        self._unnamed: set[int] = set()
        self._mounts = os.open("/proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
        self._mounted = select.poll()
        self._mounted.register(self._mounts, select.POLLPRI | select.POLLERR)
        self._catching_up = threading.Lock()
        self.loose_ends: set[tuple[int, int]] = set()
        """Veths whose other end is held out of sight: (inode, index); known from the last look."""

    # -- finding -----------------------------------------------------------------------------

    def open(self, ns: str | None) -> int:
        """A new descriptor of the namespace: by name, as a world's label, container or pid.

        :raises FileNotFoundError: there is none
        """
        flags = os.O_RDONLY | os.O_CLOEXEC
        if ns is None:
            return os.dup(self.home)
        directory = WORLD_DIR if ns in WORLD else NAMED
        try:
            return os.open(f"{directory}/{ns}", flags)
        except FileNotFoundError:
            pass
        pid = ns if ns.isdigit() else self.container(ns)
        if pid is not None:
            try:
                return os.open(f"/proc/{pid}/ns/net", flags)
            except (FileNotFoundError, ProcessLookupError):
                pass
        raise FileNotFoundError(errno.ENOENT, "no such namespace", ns)

    def named(self) -> dict[str, int]:
        """The names in /run/netns with the inodes that they stand for."""
        return networks(NAMED)

    def world(self) -> dict[str, int]:
        """The labels of the namespaces outside the host, with their inodes."""
        return inodes(WORLD_DIR)

    def container(self, name: str) -> int | None:
        """The pid of the container of that hostname: its first process, as the host counts."""
        for pids, hostname in self.containers().values():
            if hostname == name:
                return pids[0]
        return None

    def containers(self) -> dict[int, tuple[list[int], str]]:
        """By the inode of their network namespace: pids and hostname of every container.

        A container is what has both a network and a uts namespace of its own.
        """
        home_uts = os.stat("/proc/self/ns/uts").st_ino
        found: dict[int, tuple[list[int], str]] = {}
        for pid, inode in network_inodes().items():
            if inode == self.home_inode:
                continue
            try:
                if os.stat(f"/proc/{pid}/ns/uts").st_ino == home_uts:
                    continue
                # `unshare --fork` itself is in the new namespaces too, but its pid namespace is
                # still the host's; the container's first process is its child.
                if inode not in found:
                    found[inode] = ([], self._hostname(pid))
                if is_first(pid):
                    found[inode][0].insert(0, pid)
                else:
                    found[inode][0].append(pid)
            except OSError:
                continue
        return found

    def _hostname(self, pid: int) -> str:
        """The hostname in a process's uts namespace."""
        uts = os.open(f"/proc/{pid}/ns/uts", os.O_RDONLY | os.O_CLOEXEC)
        own = os.open("/proc/thread-self/ns/uts", os.O_RDONLY | os.O_CLOEXEC)
        try:
            call("setns", uts, uapi.CLONE_NEWUTS)
            try:
                return os.uname().nodename
            finally:
                call("setns", own, uapi.CLONE_NEWUTS)
        finally:
            os.close(uts)
            os.close(own)

    # -- entering ----------------------------------------------------------------------------

    @contextmanager
    def inside(self, descriptor: int) -> Iterator[None]:
        """Have this thread in another namespace for a while."""
        call("setns", descriptor, uapi.CLONE_NEWNET)
        try:
            yield
        finally:
            self.go_home()

    def go_home(self) -> None:
        call("setns", self.home, uapi.CLONE_NEWNET)

    # -- making ------------------------------------------------------------------------------

    def make(self, path: str) -> int:
        """Make a namespace and bind it to a path, as ``ip netns add`` does; a descriptor of it.

        This thread is inside it afterwards; go home when all are made.

        :raises FileExistsError: the path is there already
        """
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444))
        try:
            call("unshare", uapi.CLONE_NEWNET)
            mount("/proc/thread-self/ns/net", path, flags=uapi.MS_BIND)
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            os.unlink(path)
            raise
        self.settle(os.fstat(descriptor).st_ino, fresh=True)
        return descriptor

    @staticmethod
    def forget(path: str) -> None:
        """Take a namespace's name away, as ``ip netns delete`` does."""
        call("umount2", path.encode(), uapi.MNT_DETACH)
        os.unlink(path)

    def settle(self, inode: int, *, fresh: bool = False) -> None:
        """Put a new namespace, in which this thread is, into the lab's documented state.

        :param fresh: this thread has made it, and nobody else can have been there

        A new namespace copies its IPv4 settings from the machine's first one
        (net.core.devconf_inherit_init_net), so on a machine that runs Docker it would forward.
        """
        if inode in self._settled:
            return
        self._settled.add(inode)
        settle(ipv6=self.ipv6, fresh=fresh)

    def watch(self) -> None:
        """Settle the namespaces that the learner's own commands make, as soon as they are there.

        ``ip netns add`` ends with a mount, and a poll of mountinfo wakes up for each (proc(5)).
        Runs for ever, in a thread of its own.
        """
        with open("/proc/self/mountinfo") as mounts:
            poll = select.poll()
            poll.register(mounts, select.POLLPRI | select.POLLERR)
            while True:
                with self.lock:
                    self.settle_new()
                poll.poll()

    def catch_up(self) -> None:
        """Settle what a command made that has just ended, before its caller goes on.

        The watcher would do it a moment later.
        """
        with self._catching_up:
            if self._mounted.poll(0):
                with self.lock:
                    self.settle_new()

    def settle_new(self) -> None:
        """Settle every namespace that has appeared since the last time."""
        new = {inode: f"{NAMED}/{name}" for name, inode in self.named().items()}
        # The kernel gives a freed namespace's inode number to the next one.
        self._settled &= {self.home_inode, *new, *self._unnamed}
        for inode in new.keys() - self._settled:
            # A file without a mount on it yet is no namespace: setns refuses it, and the mount
            # that follows wakes the watcher again.
            self._visit(new[inode], partial(self.settle, inode))

    def settle_unnamed(self) -> None:
        """Quieten the namespaces that only processes hold, made by the learner's ``unshare``.

        Nothing tells of them, so this comes late: before the next look.  Forwarding, which the
        learner may have set by then, is left alone.
        """
        held = network_inodes()
        self._unnamed &= set(held.values())
        for pid, inode in held.items():
            if inode not in self._settled | self._unnamed:
                self._unnamed.add(inode)
                self._visit(f"/proc/{pid}/ns/net", self._settle_late)

    def _settle_late(self) -> None:
        settle(ipv6=self.ipv6, but=FORWARD)

    def _visit(self, path: str, work: Callable[[], None]) -> None:
        """Do something inside the namespace that a path stands for, if there is one."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            with self.inside(descriptor):
                work()
        except OSError:
            pass
        finally:
            os.close(descriptor)
