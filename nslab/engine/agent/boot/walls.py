"""Walls around a lab that root made: what of the machine its root may not write, it cannot uncover.

Root in a lab has the uid that owns the machine's devices and settings, and the kernel asks for no
capability where the owner writes /proc/sysrq-trigger, /proc/sys/kernel or a disk in /dev.  So they
are mounted away, and the mounts must hold against root.  That takes two user namespaces, one in the
other:

* in the *outer* one the mounts are made: /proc with all but processes and the network's settings
  read-only, /sys read-only but for the lab's own devices, a /dev with a few nodes, no device node
  valid elsewhere, control groups read-only, and the mounts of the rest of the lab (/run, /etc);
* the lab runs in the *inner* one, with a copy of these mounts.  A copy for a user namespace with
  less rights is locked (mount_namespaces(7)): no mount of it can be taken away, moved, or made
  writable, nor bound without those that cover parts of it, by nobody in the lab and in no namespace
  that is made there.

A fresh /proc or /sys would go round them.  The kernel allows one only where one with the same
rights is in full sight (mount_too_revealing() in fs/namespace.c): the /proc in sight here has
locked covers, and so has /sys.  So that containers can have a /proc, and ``ip netns exec`` a /sys
at all, one of each that is read-only lies at :data:`PROC_IN_SIGHT` and :data:`SYS_IN_SIGHT`: a
fresh one may be mounted read-only, and stays it.

Control groups of the lab's own are forbidden (their namespaces are counted, and the most of the
outer user namespace is none): with one its root could freeze or kill all that share its group.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Mapping
from types import TracebackType

from nslab.engine import uapi
from nslab.engine.agent.netns.syscalls import call, mount, write

NODES = ("null", "zero", "full", "random", "urandom", "tty", "net/tun")
"""The devices of a lab: none of them is the machine's alone."""

DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}

PROC_IN_SIGHT = "/run/nslab/proc"
SYS_IN_SIGHT = "/run/nslab/sys"

DEVICES = "/sys/devices/virtual/net"
"""The links of the network namespace for which /sys was mounted, and of no other.

Their settings are files too: ``brctl stp`` and ``echo 1 > …/brport/hairpin_mode`` write them.
"""

OF_THE_KERNEL = frozenset(
    "proc sysfs devtmpfs devpts cgroup cgroup2 debugfs tracefs securityfs configfs bpf pstore "
    "efivarfs mqueue hugetlbfs binfmt_misc fusectl selinuxfs smackfs resctrl xenfs nfsd "
    "rpc_pipefs".split()
)
"""File systems that are a door to the kernel; a chroot on the machine may have some of its own."""

_PLAIN = uapi.MS_NOSUID | uapi.MS_NODEV | uapi.MS_NOEXEC
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _MOUNT_ATTR_NODEV = 442, -100, 0x8000, 4


def close() -> None:
    """Build the walls, then go behind them; called by PID 1 while /proc, /run and /etc are new.

    :raises OSError: the kernel refused something: there must be no lab without its walls
    """
    _no_nodes_elsewhere()
    _devices()
    write("/proc/sys/user/max_cgroup_namespaces", "0")
    os.mkdir(PROC_IN_SIGHT)
    os.mkdir(SYS_IN_SIGHT)
    mount("proc", PROC_IN_SIGHT, "proc", _PLAIN | uapi.MS_RDONLY)
    _cover_proc()
    _cover_others()
    maps, pid = identity(), os.getpid()

    def outside_work() -> None:
        write_maps(pid, maps)
        _mount_sys(pid)

    with Outside(outside_work) as outside:
        call(
            "unshare",
            uapi.CLONE_NEWUSER | uapi.CLONE_NEWNET | uapi.CLONE_NEWUTS | uapi.CLONE_NEWIPC,
        )
        outside.work()
    call("unshare", uapi.CLONE_NEWNS)  # a copy: locked
    os.chdir("/")


def identity() -> dict[str, str]:
    """Maps that leave every id of the present user namespace as it is."""
    maps = {}
    for name in ("uid_map", "gid_map"):
        with open(f"/proc/self/{name}") as file:
            rows = [line.split() for line in file]
        maps[name] = "\n".join(f"{inside} {inside} {count}" for inside, _, count in rows)
    return maps


def write_maps(pid: int, maps: Mapping[str, str]) -> None:
    """Give a process that has just got a user namespace its ids."""
    for name, lines in maps.items():
        write(f"/proc/{pid}/{name}", lines)


class Outside:
    """A process that stays where the caller is now, to do some work when the caller is elsewhere.

    :param task: what it does when :meth:`work` is called
    """

    def __init__(self, task: Callable[[], None]) -> None:
        reading, self._go = os.pipe()
        self._answer, writing = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            try:
                os.close(self._go)
                if os.read(reading, 1):
                    try:
                        task()
                    except OSError as error:
                        os.write(writing, f"{error.errno} {error.filename or ''}".encode())
            finally:
                os._exit(0)
        os.close(reading)
        os.close(writing)

    def __enter__(self) -> Outside:
        return self

    def work(self) -> None:
        """Have it done.

        :raises OSError: what the work raised
        """
        os.write(self._go, b"!")
        number, _, name = os.read(self._answer, 4096).decode().partition(" ")
        if number:
            raise OSError(int(number), os.strerror(int(number)), name or None)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._go)
        os.close(self._answer)
        os.waitpid(self._child, 0)


def _no_nodes_elsewhere() -> None:
    """On no file system of the machine a device node can be opened any longer."""
    attributes = (ctypes.c_uint64 * 4)(_MOUNT_ATTR_NODEV, 0, 0, 0)
    call("syscall", _MOUNT_SETATTR, _AT_FDCWD, b"/", _AT_RECURSIVE, ctypes.byref(attributes), 32)


def _devices() -> None:
    """A /dev of the lab's own."""
    new = "/run/nslab/dev"
    os.mkdir(new)
    mount("tmpfs", new, "tmpfs", uapi.MS_NOSUID | uapi.MS_NOEXEC, "mode=755")
    for directory in ("net", "pts", "shm"):
        os.mkdir(f"{new}/{directory}")
    for name in NODES:
        if os.path.exists(f"/dev/{name}"):
            os.close(os.open(f"{new}/{name}", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC))
            mount(f"/dev/{name}", f"{new}/{name}", flags=uapi.MS_BIND)
            mount(
                "none",
                f"{new}/{name}",
                flags=uapi.MS_BIND | uapi.MS_REMOUNT | uapi.MS_NOSUID | uapi.MS_NOEXEC,
            )
    for name, target in DEVICE_LINKS.items():
        os.symlink(target, f"{new}/{name}")
    mount(
        "devpts",
        f"{new}/pts",
        "devpts",
        uapi.MS_NOSUID | uapi.MS_NOEXEC,
        "newinstance,ptmxmode=0666,mode=0620",
    )
    mount("tmpfs", f"{new}/shm", "tmpfs", uapi.MS_NOSUID | uapi.MS_NODEV, "mode=1777")
    mount(
        "none",
        new,
        flags=uapi.MS_BIND | uapi.MS_REMOUNT | uapi.MS_NOSUID | uapi.MS_NOEXEC | uapi.MS_RDONLY,
    )
    mount(new, "/dev", flags=uapi.MS_MOVE)
    os.rmdir(new)


def _cover_proc() -> None:
    """Leave of /proc only the processes and the network's settings writable.

    What a file there allows, its mode says: where nobody may write, nothing needs a cover.
    """
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() or entry.is_symlink():
            continue
        mode = entry.stat(follow_symlinks=False).st_mode
        if entry.is_dir(follow_symlinks=False) or mode & 0o222:
            _read_only(entry.path)
    _bind("/proc/sys/net", _PLAIN)


def _read_only(path: str) -> None:
    _bind(path, _PLAIN | uapi.MS_RDONLY)


def _bind(path: str, flags: int) -> None:
    mount(path, path, flags=uapi.MS_BIND)
    mount("none", path, flags=uapi.MS_BIND | uapi.MS_REMOUNT | flags)


def _cover_others() -> None:
    """What the machine has mounted elsewhere and is the kernel's is not to be seen."""
    ours = ("/proc", "/sys", "/dev", "/run")
    with open("/proc/self/mountinfo", errors="surrogateescape") as file:
        rows = [line.split() for line in file]
    for row in rows:
        path = row[4].encode(errors="surrogateescape").decode("unicode_escape")
        if row[row.index("-") + 1] not in OF_THE_KERNEL:
            continue
        if any(path == one or path.startswith(f"{one}/") for one in ours):
            continue
        if os.path.isdir(path):
            mount("tmpfs", path, "tmpfs", _PLAIN | uapi.MS_RDONLY, "mode=755,size=0")
        elif os.path.exists(path):
            mount("/dev/null", path, flags=uapi.MS_BIND)


def _mount_sys(pid: int) -> None:
    """The lab's network devices, and what else the kernel tells, which is to be read only.

    /sys shows the network namespace of who mounts it, so this process goes there first.
    """
    descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    call("setns", descriptor, uapi.CLONE_NEWNET)
    try:
        mount("sysfs", "/sys", "sysfs", _PLAIN)
        mount("none", "/sys", flags=uapi.MS_BIND | uapi.MS_REMOUNT | _PLAIN | uapi.MS_RDONLY)
        mount("/sys", SYS_IN_SIGHT, flags=uapi.MS_BIND)
        mount("none", SYS_IN_SIGHT, flags=uapi.MS_BIND | uapi.MS_REMOUNT | _PLAIN | uapi.MS_RDONLY)
        _bind(DEVICES, _PLAIN)
    except OSError:
        # Never leave the machine's own /sys in sight.
        mount("tmpfs", "/sys", "tmpfs", _PLAIN | uapi.MS_RDONLY, "mode=755")
        return
    if _only_control_groups_2():
        mount("cgroup2", "/sys/fs/cgroup", "cgroup2", _PLAIN | uapi.MS_RDONLY)


def _only_control_groups_2() -> bool:
    with open("/proc/self/mountinfo") as file:
        text = file.read()
    return " - cgroup2 " in text and " - cgroup " not in text
