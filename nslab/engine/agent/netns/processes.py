"""Which process is in which namespaces, read from /proc."""

from __future__ import annotations

import fcntl
import os

from nslab.engine import uapi
from nslab.network.model import Process
from nslab.network.names import label

_LOOP = 'while nslab_next; do nslab_code; eval "$NSLAB_CELL"; nslab_done; done'
LIVING = ("bash", "--noprofile", "--norc", "-c", _LOOP, "bash")
"""The words of a shell that lives from cell to cell (:mod:`nslab.engine.agent.boot.living`).

The lab has it, as a machine has its terminals; no look shows it.
"""

_LIVING = [word.encode() for word in LIVING]


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
        if words[-len(_LIVING) :] == _LIVING:
            continue
        command = label(b" ".join(words))
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


def networks(directory: str) -> dict[str, int]:
    """The same without what is no network namespace.

    Such as a file on which none is mounted yet, or a link to a namespace of mounts.
    """
    found: dict[str, int] = {}
    for name in sorted(os.listdir(directory) if os.path.isdir(directory) else ()):
        try:
            # A pipe is not waited for.
            flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(f"{directory}/{name}", flags)
        except OSError:
            continue  # it leads nowhere, or has just gone away
        try:
            if fcntl.ioctl(descriptor, uapi.NS_GET_NSTYPE) == uapi.CLONE_NEWNET:
                found[name] = os.fstat(descriptor).st_ino
        except OSError:
            pass  # it is no namespace
        finally:
            os.close(descriptor)
    return found


def is_first(pid: int) -> bool:
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("NSpid:"):
                numbers = line.split()[1:]
                return len(numbers) > 1 and numbers[-1] == "1"
    return False
