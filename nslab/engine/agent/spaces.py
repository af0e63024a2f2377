"""Network namespaces as a thread meets them: find, make, enter, name.

``setns`` and ``unshare`` change one thread only.  The agent's main thread always stays in the
pseudo-host's namespace, because ``/proc/self`` is the main thread's; everything else here runs in
worker threads, each of which goes home when it is done.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nslab.model import WORLD, Process

CLONE_NEWNET, CLONE_NEWUTS = 0x40000000, 0x04000000
MS_BIND, MNT_DETACH = 4096, 2

NAMED = "/run/netns"
WORLD_DIR = "/run/nslab/world"
CONTAINERS = "/run/containers"

_libc = ctypes.CDLL(None, use_errno=True)


def call(function: str, *arguments: object) -> int:
    """Call into libc; raises OSError with the errno it left."""
    result: int = getattr(_libc, function)(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), function)
    return result


def mount(source: str, target: str, kind: str = "none", flags: int = 0, data: str = "") -> None:
    """mount(2)."""
    call(
        "mount", source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags),
        data.encode() if data else None,
    )  # fmt: skip


def write(path: str, value: str) -> None:
    """Write a small file of the kernel's at once."""
    descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)


def read(path: str) -> str:
    """Read a small file of the kernel's at once."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 65536).decode(errors="replace").strip()
    finally:
        os.close(descriptor)


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
        return inodes(NAMED)

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
                if _ends_with_pid_one(pid):
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
            call("setns", uts, CLONE_NEWUTS)
            try:
                return os.uname().nodename
            finally:
                call("setns", own, CLONE_NEWUTS)
        finally:
            os.close(uts)
            os.close(own)

    # -- entering ----------------------------------------------------------------------------

    @contextmanager
    def inside(self, descriptor: int) -> Iterator[None]:
        """Have this thread in another namespace for a while."""
        call("setns", descriptor, CLONE_NEWNET)
        try:
            yield
        finally:
            self.go_home()

    def go_home(self) -> None:
        call("setns", self.home, CLONE_NEWNET)

    # -- making ------------------------------------------------------------------------------

    def make(self, path: str) -> int:
        """Make a namespace and bind it to a path, as ``ip netns add`` does; a descriptor of it.

        This thread is inside it afterwards; go home when all are made.

        :raises FileExistsError: the path is there already
        """
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444))
        try:
            call("unshare", CLONE_NEWNET)
            mount("/proc/thread-self/ns/net", path, flags=MS_BIND)
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            os.unlink(path)
            raise
        self.settle(os.fstat(descriptor).st_ino)
        return descriptor

    @staticmethod
    def forget(path: str) -> None:
        """Take a namespace's name away, as ``ip netns delete`` does."""
        call("umount2", path.encode(), MNT_DETACH)
        os.unlink(path)

    def settle(self, inode: int) -> None:
        """Put a new namespace, in which this thread is, into the lab's documented state.

        A new namespace copies its IPv4 settings from the machine's first one
        (net.core.devconf_inherit_init_net), so on a machine that runs Docker it would forward.
        """
        if inode in self._settled:
            return
        self._settled.add(inode)
        settle(ipv6=self.ipv6)

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

    def settle_new(self) -> None:
        """Settle every namespace that has appeared since the last time."""
        new = {inode: f"{NAMED}/{name}" for name, inode in self.named().items()}
        # The kernel gives a freed namespace's inode number to the next one.
        self._settled &= {self.home_inode, *new, *self._unnamed}
        for inode in new.keys() - self._settled:
            # A file without a mount on it yet is no namespace: setns refuses it, and the mount
            # that follows wakes the watcher again.
            self._visit(new[inode], lambda inode=inode: self.settle(inode))

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
        settle(ipv6=self.ipv6, but=_FORWARD)

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


_WANTED = {
    "ipv4/ip_forward": "0", "ipv4/conf/all/rp_filter": "0", "ipv4/conf/default/rp_filter": "0",
    "bridge/bridge-nf-call-iptables": "0", "bridge/bridge-nf-call-ip6tables": "0",
    "bridge/bridge-nf-call-arptables": "0",
}  # fmt: skip
"""What a new namespace is put to, below /proc/sys/net, if it is born otherwise."""


def settle(*, ipv6: bool, but: str = "") -> None:
    """The documented state of a namespace of the lab, all but one key, set for the thread's own."""
    _quieten(ipv6=ipv6)
    for key in _born_otherwise():
        if key != but:
            _try(write, f"/proc/sys/net/{key}", _WANTED[key])


def _quieten(*, ipv6: bool) -> None:
    """Keep the kernel from sending of its own accord in the thread's namespace."""
    if not ipv6:
        # "all" sets "default" along (addrconf_disable_ipv6() in net/ipv6/addrconf.c).
        _try(write, "/proc/sys/net/ipv6/conf/all/disable_ipv6", "1")
    # A bridge that snoops multicast reports itself for 224.0.0.106 when it is set up.
    _try(write, "/proc/sys/net/ipv4/igmp_link_local_mcast_reports", "0")


def _born_otherwise() -> tuple[str, ...]:
    """The keys of :data:`_WANTED` that a namespace is born with another value of.

    Found out once, in the first new namespace, because reading them takes a tenth of the time of
    making one.  Only ip_forward is looked at each time: Docker sets it on the machine when it
    starts, and namespaces are born with the machine's value.
    """
    global _others  # noqa: PLW0603 - a fact about this machine's kernel, not about a lab
    if _others is None:
        _others = tuple(
            key
            for key, wanted in _WANTED.items()
            if _try(read, f"/proc/sys/net/{key}") not in (None, wanted) and key != _FORWARD
        )
    forwarding = _try(read, f"/proc/sys/net/{_FORWARD}")
    return _others if forwarding == "0" else (_FORWARD, *_others)


_FORWARD = "ipv4/ip_forward"
_others: tuple[str, ...] | None = None


def _try(function: Callable[..., str | None], *arguments: str) -> str | None:
    """None where the file is not there or refuses: no IPv6, no br_netfilter, a read-only /proc."""
    try:
        return function(*arguments)
    except OSError:
        return None


def network_inodes() -> dict[int, int]:
    """The network namespace's inode of each process that may be looked at."""
    found: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                found[int(entry)] = os.stat(f"/proc/{entry}/ns/net").st_ino
            except OSError:
                continue
    return dict(sorted(found.items()))


def processes_by_namespace(leave_out: frozenset[int] = frozenset()) -> dict[int, list[Process]]:
    """The processes of each network namespace, by its inode; the dead and kernel's own left out."""
    found: dict[int, list[Process]] = {}
    for pid, inode in network_inodes().items():
        if pid in leave_out:
            continue
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read(4096).rstrip(b"\0").split(b"\0")
        except OSError:
            continue
        command = b" ".join(words).decode(errors="replace")
        if command:
            found.setdefault(inode, []).append(Process(pid=pid, command=command))
    return found


def in_own_pids(pid: int) -> bool:
    """Whether a process is in a pid namespace below ours; ``unshare --fork`` itself is not."""
    try:
        return os.stat(f"/proc/{pid}/ns/pid").st_ino != os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return False


def inodes(directory: str) -> dict[str, int]:
    """The names in a directory of bound namespaces, with the inodes that they stand for."""
    found: dict[str, int] = {}
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return found
    for name in sorted(names):
        try:
            found[name] = os.stat(f"{directory}/{name}").st_ino
        except OSError:
            continue  # it went away between the two calls
    return found


def _ends_with_pid_one(pid: int) -> bool:
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("NSpid:"):
                numbers = line.split()[1:]
                return len(numbers) > 1 and numbers[-1] == "1"
    return False
