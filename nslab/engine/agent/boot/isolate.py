"""From an ordinary process to PID 1 of a pseudo-host: namespaces, mounts, and who watches whom.

Two processes remain.  The *supervisor* stays outside and is the notebook's child; it ends the lab
when the notebook dies.  *PID 1* is inside; when it dies the kernel ends every process in its pid
namespace, and with the last of them go the network, the mounts and all else.

As root, too, a user namespace is used where there may be one: it keeps a learner's root from
loading modules, setting the clock or rebooting.  But root's uid is that of the owner of the
machine's settings and devices, whom the kernel lets write them without asking for a capability, so
root's labs get walls (:mod:`nslab.engine.agent.boot.walls`).  An ordinary user's lab needs none:
what its uid may not write outside, it may not write inside.

Files they do not protect: root in the lab is root on the machine's disks.
"""

from __future__ import annotations

import os
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from nslab.engine import runtime, uapi
from nslab.engine.agent.boot import layers, stand_ins, walls
from nslab.engine.agent.netns.syscalls import call, mount, write
from nslab.engine.protocol import REPORT_FD

HOSTNAME = "pseudo-host"
ETC_CHANGES = "/run/nslab/etc"
"""The upper layer of /etc: what differs from the machine's own."""

FRESH_FILES = {
    "/etc/resolv.conf": "nameserver 8.8.8.8\n",
    "/etc/hostname": f"{HOSTNAME}\n",
    "/etc/hosts": f"127.0.0.1 localhost\n127.0.1.1 {HOSTNAME}\n",
}

REPORT_SCRIPT = "/run/nslab/report.sh"
"""Read by bash before a learner's lines (BASH_ENV), so that their line numbers stay their own."""

_REPORT = f"""unset BASH_ENV
trap 'printf "%s %s %s\\0" "$?" "$LINENO" "$BASH_COMMAND" >&{REPORT_FD}' ERR
"""


class StepRefused(Exception):
    """A step of making a pseudo-host that the kernel refused."""

    def __init__(self, step: str, error: OSError) -> None:
        super().__init__(step, error)
        self.step = step
        self.errno = error.errno or 0
        self.detail = f"{error.filename or ''} {error.strerror or error}".strip()


@contextmanager
def _step(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StepRefused(name, error) from error


def become_host(name: str | None = None, *, walled: bool = True) -> None:
    """Return in PID 1 of a new pseudo-host; the calling process becomes its supervisor.

    The process must have one thread only.

    :param name: the lab's, by which it can be found from outside; None if it is not to be found
    :param walled: as root, protect the machine from the lab; False where they are one
    :raises StepRefused: in the calling process or in PID 1, whichever met the refusal
    """
    notebook = os.pidfd_open(os.getppid())
    entry = runtime.reserve() if name is not None else None
    # Open before there are walls: they stand in the mount namespace of both, and forbid it.
    null = os.open(os.devnull, os.O_RDWR)
    walled = _unshare(walled)
    with _step("fork"):
        child = os.fork()
    if child:
        _supervise(child, notebook, entry, null)
    os.close(notebook)
    os.close(null)
    # The present /proc still says who this is outside.
    pid = int(os.readlink("/proc/self"))
    begun = runtime.started(pid)
    _die_with_the_supervisor()
    _mounts(walled)
    if walled:
        with _step("walls around root"):
            walls.close()
        _die_with_the_supervisor()  # a change of credentials may have made the kernel forget it
    with _step("set the hostname"):
        socket.sethostname(HOSTNAME)
    if entry is not None and name is not None:
        entry.publish(runtime.Record(engine="local", name=name, pid=pid, started=begun))
        entry.release()


def _die_with_the_supervisor() -> None:
    # It has one thread, so this is not thread death.
    call("prctl", uapi.PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _unshare(walled: bool) -> bool:
    """New namespaces: with a user namespace if that is allowed, as root else without.

    Whether there are to be walls; what stands behind them is then made with them.
    """
    root = os.geteuid() == 0
    walled = walled and root
    try:
        _unshare_user()
    except StepRefused:
        if not root:
            raise
        walled = False
    rest = uapi.CLONE_NEWNS | uapi.CLONE_NEWPID
    rest |= (
        uapi.CLONE_NEWCGROUP
        if walled
        else uapi.CLONE_NEWNET | uapi.CLONE_NEWUTS | uapi.CLONE_NEWIPC
    )
    with _step("new namespaces"):
        call("unshare", rest)
    return walled


def _unshare_user() -> None:
    uid, gid, pid = os.geteuid(), os.getegid(), os.getpid()
    if uid != 0:
        with _step("user namespace"):
            call("unshare", uapi.CLONE_NEWUSER)
        with _step("uid map"):
            write("/proc/self/setgroups", "deny")
            write("/proc/self/uid_map", f"0 {uid} 1")
            write("/proc/self/gid_map", f"0 {gid} 1")
        return
    # Root keeps all its ids, so that files belong to whom they belong.  Such a map can only be
    # written by a process that is still outside.
    maps = walls.identity()
    with walls.Outside(lambda: walls.write_maps(pid, maps)) as outside:
        with _step("user namespace"):
            call("unshare", uapi.CLONE_NEWUSER)
        with _step("uid map"):
            outside.work()


def _supervise(child: int, notebook: int, entry: runtime.Entry | None, null: int) -> None:
    """Wait for PID 1 or the notebook to end, whichever is first, and see that both have."""
    for descriptor in (0, 1):
        os.dup2(null, descriptor)
    inside = os.pidfd_open(child)
    ready, _, _ = select.select([notebook, inside], [], [])
    if inside not in ready:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if entry is not None:
        entry.remove()
    os._exit(0 if status == 0 else 1)


def _mounts(walled: bool) -> None:
    read_only_sys = False
    with _step("private mounts"):
        mount("none", "/", flags=uapi.MS_REC | uapi.MS_PRIVATE)
    with _step("mount /proc"):
        mount("proc", "/proc", "proc", uapi.MS_NOSUID | uapi.MS_NODEV | uapi.MS_NOEXEC)
    if not walled:
        _protect_sysctls()
        read_only_sys = _mount_sys()
    with _step("mount /run"):
        mount("tmpfs", "/run", "tmpfs", uapi.MS_NOSUID | uapi.MS_NODEV, "mode=755")
        for directory in ("netns", "nslab", "nslab/world", "nslab/etc", "nslab/work", "lock"):
            os.mkdir(f"/run/{directory}")
    with _step("overlay on /etc"):
        layers.lay("/etc", ETC_CHANGES, "/run/nslab/work", "/run/nslab/lower")
    with _step("write /etc/resolv.conf"):
        for path, text in FRESH_FILES.items():
            _replace(path, text)
        with open(REPORT_SCRIPT, "w") as file:
            file.write(_REPORT)
    with _step("write /run/nslab/bin"):
        stand_ins.install(read_only_sys=read_only_sys)
    os.chdir("/")


def _mount_sys() -> bool:
    """Show the lab's network devices; whether that could be done read-only at most.

    In a container /sys is read-only, and then so is each that the kernel allows.  brctl writes by
    ioctls where it may not write files; see stand_ins for ip.
    """
    flags = uapi.MS_NOSUID | uapi.MS_NODEV | uapi.MS_NOEXEC
    for more in (0, uapi.MS_RDONLY):
        try:
            mount("sysfs", "/sys", "sysfs", flags | more)
            return bool(more)
        except OSError:
            pass
    # Never leave the machine's own /sys in sight: brctl would write to a bridge of the same name
    # outside.  With an empty one it falls back to ioctls.
    with _step("mount /sys"):
        mount("tmpfs", "/sys", "tmpfs", 0, "mode=755")
    return False


def _replace(path: str, text: str) -> None:
    """Put a new file in place of one that may be another owner's, or a link into a hidden /run."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    with open(path, "w") as file:
        file.write(text)


def _protect_sysctls() -> None:
    """Leave only the network's part of /proc/sys writable: the rest is the whole machine's.

    A user namespace does not do this for root, whose ids are the owner of those files.
    """
    try:
        again = uapi.MS_BIND | uapi.MS_REMOUNT | uapi.MS_NOSUID | uapi.MS_NODEV | uapi.MS_NOEXEC
        mount("/proc/sys", "/proc/sys", flags=uapi.MS_BIND)
        mount("none", "/proc/sys", flags=again | uapi.MS_RDONLY)
        mount("/proc/sys/net", "/proc/sys/net", flags=uapi.MS_BIND)
        mount("none", "/proc/sys/net", flags=again)
    except OSError:
        pass  # a courtesy: an ordinary user may not write those files in any case
