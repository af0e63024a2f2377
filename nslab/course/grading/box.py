"""The box in which a submission runs: it may contain anything, and must touch nothing.

``python -m nslab.course.grading.box JOB`` makes the box around itself, then becomes
:mod:`nslab.course.grading.inside`.  In the box

- the programs and this Python are there, read-only, and ``/etc``; of the grader's files nothing is
  (no home, no submissions, no ``/run``, no ``/srv``);
- if the exercise needs the virtual machine, there is its image, read-only, and a copy of its
  state;
- homes and ``/tmp`` are memory, of little size, and gone with it;
- there is no network but an empty one, no process but its own, nobody's sockets or shared memory;
- root, if it grades, has become an ordinary user first;
- the number of processes and what one of them may take are limited.  How much all of them take
  together, and how long, is watched from outside (:mod:`nslab.course.grading.watch`).

It ends with the process that started it, and everything in it ends with it.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import resource
import signal
import socket
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from nslab.course.grading.values import MANY
from nslab.engine import uapi
from nslab.engine.agent.netns.syscalls import call, mount, write

ROOT = "/tmp"
"""Where the box's root is put together: on a file system of its own, which nobody else sees."""

HOME = "/home/learner"

SIZE = "size=64m,nr_inodes=20k"
"""What homes, /tmp and shared memory may hold together, each."""

MEMORY = {"/tmp": "1777", "/home": "777", "/run": "777"}
"""What is memory in the box, and who may write there."""

STATE = "320m"
"""What the copy of a virtual machine's state may take: most of its 256 MB of memory is zero."""

PROCESSES = MANY + 50
"""Where the kernel stops them, for the moment until it is seen that they are too many."""

SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "net/tun")

_MOUNT_SETATTR = 442
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY = 1
_AT_FDCWD = -100


def seal(memory: int, files: Sequence[Path] = ()) -> None:
    """Return in the first process of a new box; the calling process waits for it, and ends.

    :param memory: bytes that one process may ask for, at most
    :param files: what of the virtual machine there is in it
    :raises OSError: the kernel refused a step
    """
    if os.geteuid() == 0:
        # Root puts the files together, as an ordinary user might not reach its Python.
        call("unshare", uapi.CLONE_NEWNS)
        ids = _ordinary()
        _files(ids, files)
        _become(*ids)
        _unshare()
    else:
        _unshare()
        _files((os.geteuid(), os.getegid()), files)
    child = os.fork()
    if child:
        _wait(child)
    call("prctl", uapi.PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.setsid()  # a signal to one's own group reaches nobody outside
    _kernel_files()
    socket.sethostname("box")
    _limits(memory)
    os.chdir(HOME)


def environment() -> dict[str, str]:
    """What the programs in the box find in their environment: nothing of the grader's."""
    return {
        "HOME": HOME,
        "USER": "learner",
        "LOGNAME": "learner",
        "SHELL": "/bin/bash",
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "XDG_RUNTIME_DIR": "/run/user",
        "NSLAB_PROGRESS": "",
        "NSLAB_QUICK": "1",
        "PYTHONPATH": os.pathsep.join(map(str, _packages())),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _unshare() -> None:
    uid, gid = os.geteuid(), os.getegid()
    call(
        "unshare",
        uapi.CLONE_NEWUSER
        | uapi.CLONE_NEWNS
        | uapi.CLONE_NEWPID
        | uapi.CLONE_NEWNET
        | uapi.CLONE_NEWIPC
        | uapi.CLONE_NEWUTS
        | uapi.CLONE_NEWCGROUP,
    )
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"{uid} {uid} 1")
    write("/proc/self/gid_map", f"{gid} {gid} 1")


def _ordinary() -> tuple[int, int]:
    """Uid and gid of the user that owns nothing."""
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    # The kernel hides /proc/self of a process that has changed its user from that user.
    call("prctl", uapi.PR_SET_DUMPABLE, 1, 0, 0, 0)


def _wait(child: int) -> None:
    call("prctl", uapi.PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


# -- files ------------------------------------------------------------------------------------


def _files(ids: tuple[int, int], cached: Sequence[Path]) -> None:
    """A root of its own, with the programs in it; the old one is gone from sight."""
    mount("none", "/", flags=uapi.MS_REC | uapi.MS_PRIVATE)
    # Opened before anything is mounted over the folder that they are in.
    images, shown = _opened(cached), _opened([*_system(), *_pythons()])
    links = {name: os.readlink(f"/{name}") for name in SYSTEM if os.path.islink(f"/{name}")}
    mount("tmpfs", ROOT, "tmpfs", uapi.MS_NOSUID | uapi.MS_NODEV, "mode=755,size=1m")
    for name, target in links.items():
        os.symlink(target, f"{ROOT}/{name}")
    for path in ("/dev", "/proc", "/sys", "/run", "/tmp", "/var/tmp", "/home", "/root", "/old"):
        os.makedirs(f"{ROOT}{path}", exist_ok=True)
    for path, mode in MEMORY.items():
        options = f"mode={mode},{SIZE}"
        mount("tmpfs", ROOT + path, "tmpfs", uapi.MS_NOSUID | uapi.MS_NODEV, options)
    for path in (HOME, "/run/user"):
        os.mkdir(ROOT + path, 0o700)
        os.chown(ROOT + path, *ids)
    # After these: a Python may be in somebody's home, or in /tmp.
    for there, descriptor in shown.items():
        os.makedirs(f"{ROOT}{there}", exist_ok=True)
        _show(str(there), source=f"/proc/self/fd/{descriptor}", read_only=True)
        os.close(descriptor)
    for file, descriptor in images.items():
        with suppress(FileNotFoundError):  # likewise: what was removed cannot be mounted
            _cached(file, descriptor, ids)
    _devices()
    # Both whole, or the kernel would not let those of the box be mounted over them.
    for path in ("/proc", "/sys"):
        _show(path)
    call("pivot_root", ROOT.encode(), f"{ROOT}/old".encode())
    os.chdir("/")
    call("umount2", b"/old", 2)  # MNT_DETACH
    os.rmdir("/old")
    mount("none", "/", flags=uapi.MS_BIND | uapi.MS_REMOUNT | uapi.MS_RDONLY | uapi.MS_NODEV)


def _opened(paths: Sequence[Path]) -> dict[Path, int]:
    """Descriptors of those that are there: by them they can be shown wherever they are."""
    found = {}
    for path in paths:
        with suppress(FileNotFoundError):  # a newer one has just taken its place
            found[path] = os.open(path, os.O_PATH | os.O_CLOEXEC)
    return found


def _show(path: str, *, source: str = "", read_only: bool = False) -> None:
    mount(source or path, ROOT + path, flags=uapi.MS_BIND | uapi.MS_REC)
    if read_only:
        attributes = struct.pack("QQQQ", _MOUNT_ATTR_RDONLY, 0, 0, 0)
        call(
            "syscall",
            ctypes.c_long(_MOUNT_SETATTR),
            ctypes.c_int(_AT_FDCWD),
            (ROOT + path).encode(),
            ctypes.c_uint(_AT_RECURSIVE),
            attributes,
            ctypes.c_size_t(len(attributes)),
        )


def _cached(path: Path, descriptor: int, ids: tuple[int, int]) -> None:
    """A file of the virtual machine's, where nslab looks for it in the learner's home.

    QEMU opens a machine's memory for writing, so a saved state is copied: what becomes of the copy
    concerns nobody else.
    """
    there = f"{HOME}/.cache/nslab/vm/{path.relative_to(path.parents[2])}"
    folder = f"{ROOT}{HOME}"
    for part in Path(there).relative_to(HOME).parts[:-1]:
        folder = f"{folder}/{part}"
        if not os.path.isdir(folder):
            os.mkdir(folder, 0o700)
            if part == path.parent.name and path.parents[1].name == "states":
                flags = uapi.MS_NOSUID | uapi.MS_NODEV
                mount("tmpfs", folder, "tmpfs", flags, f"mode=700,size={STATE}")
            os.chown(folder, *ids)
    source = f"/proc/self/fd/{descriptor}"
    if path.parents[1].name == "states":
        _copy(source, f"{ROOT}{there}")
        os.chown(f"{ROOT}{there}", *ids)
    else:
        Path(f"{ROOT}{there}").touch()
        _show(there, source=source, read_only=True)
    os.close(descriptor)


def _copy(source: str, target: str) -> None:
    """Copy a file; what is zero in it takes no memory."""
    with open(source, "rb") as old, open(target, "wb") as new:
        while piece := old.read(1 << 16):
            if piece.count(0) == len(piece):
                new.seek(len(piece), os.SEEK_CUR)
            else:
                new.write(piece)
        new.truncate()


def _devices() -> None:
    mount("tmpfs", f"{ROOT}/dev", "tmpfs", uapi.MS_NOSUID, "mode=755,size=1m")
    for name in ("shm", "pts", "net"):
        os.mkdir(f"{ROOT}/dev/{name}")
    for name in DEVICES:
        if os.path.exists(f"/dev/{name}"):
            Path(f"{ROOT}/dev/{name}").touch()
            mount(f"/dev/{name}", f"{ROOT}/dev/{name}", flags=uapi.MS_BIND)
    for name, target in (
        ("ptmx", "pts/ptmx"),
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ):
        os.symlink(target, f"{ROOT}/dev/{name}")
    mount("tmpfs", f"{ROOT}/dev/shm", "tmpfs", uapi.MS_NOSUID | uapi.MS_NODEV, f"mode=1777,{SIZE}")


def _kernel_files() -> None:
    """What the kernel tells of the box: its own processes, its own network."""
    plain = uapi.MS_NOSUID | uapi.MS_NODEV | uapi.MS_NOEXEC
    mount("proc", "/proc", "proc", plain)
    try:
        mount("sysfs", "/sys", "sysfs", plain)
    except OSError:  # the machine's own is masked, as in a container
        mount("tmpfs", "/sys", "tmpfs", plain, "mode=755,size=1m")
    mount("devpts", "/dev/pts", "devpts", uapi.MS_NOSUID, "newinstance,ptmxmode=0666,mode=620")


def _system() -> Iterator[Path]:
    for name in SYSTEM:
        if os.path.isdir(f"/{name}") and not os.path.islink(f"/{name}"):
            yield Path(f"/{name}")


def _packages() -> list[Path]:
    """Where Python finds its packages, this one first."""
    own = Path(__file__).resolve().parents[3]
    return [own, *(path for name in sys.path if (path := Path(name)).is_dir() and path != own)]


def _pythons() -> list[Path]:
    """Python and its packages, where they are no part of the system; of a checkout, nslab."""
    own, *others = _packages()
    wanted = [own / "nslab", Path(sys.prefix), Path(sys.base_prefix)]
    wanted += [path for path in others if not _is_all(path)]
    system = [Path("/usr"), *map(Path, ("/bin", "/lib"))]
    found: list[Path] = []
    for path in sorted({path.resolve() for path in wanted}, key=lambda path: len(path.parts)):
        if not any(path.is_relative_to(shown) for shown in (*system, *found)):
            found.append(path)
    return found


def _is_all(path: Path) -> bool:
    """Whether it is a folder of everybody's, that some program has put on Python's path."""
    return str(path.resolve()) in ("/", *MEMORY)


# -- limits -----------------------------------------------------------------------------------


def _limits(memory: int) -> None:
    for kind, most in (
        (resource.RLIMIT_NPROC, PROCESSES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_MEMLOCK, 1 << 20),
    ):
        hard = resource.getrlimit(kind)[1]
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (limit, limit))
    os.nice(5)
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def main() -> None:
    """Seal the box, and go on inside it with what standard input says."""
    memory, parent, report = map(int, sys.argv[1:4])
    files = [Path(name) for name in sys.argv[4:]]
    call("prctl", uapi.PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        return  # it ended meanwhile
    surroundings = environment()
    seal(memory, files)
    os.execve(
        sys.executable,
        [sys.executable, "-P", "-m", "nslab.course.grading.inside", str(report)],
        surroundings,
    )


if __name__ == "__main__":
    main()
