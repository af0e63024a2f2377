"""Which process is in which namespaces, read from /proc."""

from __future__ import annotations

import fcntl
import os

from nslab.engine import uapi
from nslab.engine.agent.netns.syscalls import call, read
from nslab.network.model import Process
from nslab.network.names import label

_LOOP = 'while nslab_next; do nslab_code; eval "$NSLAB_CELL"; nslab_done; done'
LIVING = ("bash", "--noprofile", "--norc", "-c", _LOOP, "bash")
"""The words of a shell that lives from cell to cell (:mod:`nslab.engine.agent.boot.living`).

The lab has it, as a machine has its terminals; no look shows it.
"""

_LIVING = [word.encode() for word in LIVING]

ITSELF = "nslab-itself"
"""What the kernel calls nslab's own processes in a lab (/proc/PID/comm, 15 bytes at most).

The agent, its threads and the visitors have this name; a program that they start has it until
execve(2), so that a look never shows one that is about to begin, as a copy of the agent.
"""

LOOKING = {"NSLAB_LOOKING": "1"}
"""In the environment of the tools that a look runs: no look shows them, its own or another's."""

_LOOKING = b"NSLAB_LOOKING=1"


def is_itself() -> None:
    """Say that this process, and what it forks, is nslab's own.  For the main thread."""
    call("prctl", uapi.PR_SET_NAME, ITSELF.encode(), 0, 0, 0)


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


def processes_by_namespace(*, all_of_nslab: bool = False) -> dict[int, list[Process]]:
    """The processes of each network namespace, by its inode; the dead and the kernel's left out.

    :param all_of_nslab: nslab's own, too, but for its terminals' shells and the tools of a look
    """
    found: dict[int, list[Process]] = {}
    for pid, inode in network_inodes().items():
        try:
            # The name first: execve(2) changes it after the words.
            if not all_of_nslab and read(f"/proc/{pid}/comm") == ITSELF:
                continue
            words = _words(pid)
            shown = words and words[-len(_LIVING) :] != _LIVING and not _looks(pid)
        except OSError:
            continue
        if shown:
            command = label(b" ".join(words))
            found.setdefault(inode, []).append(Process(pid=pid, command=command))
    return found


def _words(pid: int) -> list[bytes]:
    """None if it has ended or is the kernel's."""
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        line = file.read(4096).rstrip(b"\0")
    return line.split(b"\0") if line else []


def _looks(pid: int) -> bool:
    """Whether it is a tool that a look runs, or has ended, and nobody can tell any longer."""
    with open(f"/proc/{pid}/environ", "rb") as file:
        environment = file.read(65536)
    return _LOOKING in environment.split(b"\0") if environment else not _words(pid)


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
