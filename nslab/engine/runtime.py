"""Which labs of a user run: one record for each, in a directory that is this user's alone.

Why it cannot be forged.  Words of a process are no evidence: anybody may sleep under any words, and
a program that is setuid keeps its caller's words.  Here

* the directory counts only if it is one (no link), belongs to our effective uid and has mode 0700,
  so nobody else (but root) has put anything there.  It is made with that mode, never changed to it.
  Where another user squats one name, the next place is taken; who looks, looks at all of them;
* a record is written by the process that holds the lab, and even so it is held against the kernel:
  a pidfd first, then the process's four uids, its start time, its program, and for a lab here that
  it is the first process of a pid namespace that is this user's.  The pidfd then stands for it, so
  that a pid which is given to another process meanwhile leads nowhere;
* nobody looks into another user's directory.  Root becomes that user first, in
  :mod:`nslab.engine.guard`.

A record goes with its lab.  What is left when all processes that could remove it were killed at
once is swept by the next that looks, and an empty directory is removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import signal
import socket
import stat
import struct
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from nslab.engine import uapi
from nslab.errors import LabGone

Kind = Literal["local", "vm", "ssh", "resting"]

PROGRAMS: dict[Kind, str] = {"local": "python", "vm": "python", "ssh": "ssh", "resting": "python"}
"""How the name of the program begins that a lab's process runs."""

LIMIT = 65536
"""Bytes of a record; a longer file is none."""

SOCKET = ".socket"
"""What a record's name is followed by in that of the socket beside it."""


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A running lab.

    ``pid`` is the process that visitors go by: PID 1 of a lab here as seen from outside, the watch
    of a virtual machine, ssh, or of one that rests the process that would wake it.  ``started`` is
    field 22 of its stat, in clock ticks after boot.  ``argv`` are the words that lead to the
    machine of an ssh lab; a command may follow, and ``program`` is nslab there, if it is at no
    usual place.
    """

    engine: Kind
    name: Annotated[str, Meta(max_length=200)]
    pid: Annotated[int, Meta(ge=1, le=1 << 22)]
    started: Annotated[int, Meta(ge=0, le=1 << 62)]
    argv: Annotated[tuple[Annotated[str, Meta(max_length=4096)], ...], Meta(max_length=64)] = ()
    program: Annotated[str, Meta(max_length=4096)] = ""


def places() -> list[str]:
    """Where the directory may lie, the best first."""
    uid = os.geteuid()
    home = os.environ.get("HOME", "")
    with contextlib.suppress(KeyError):
        home = home or pwd.getpwuid(uid).pw_dir
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    found = [f"{given}/nslab"] if given.startswith("/") else []
    found += [f"/run/user/{uid}/nslab", f"/dev/shm/nslab-{uid}", f"/tmp/nslab-{uid}"]
    if home.startswith("/"):
        found.append(f"{home}/.nslab-running")
    return list(dict.fromkeys(found))


def _open(place: str) -> int | None:
    """A descriptor of the directory, if it is there and is ours alone."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(place, flags)
    except OSError:
        return None
    status = os.fstat(descriptor)
    if status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) == 0o700:
        return descriptor
    os.close(descriptor)
    return None


def _make(place: str) -> int | None:
    with contextlib.suppress(OSError):
        os.mkdir(place, 0o700)
    return _open(place)


class Entry:
    """The place of one record, held open: it can be reached when the directory is out of sight.

    :ivar directory: a descriptor of the directory
    :ivar key: the name of the record in it
    """

    def __init__(self, place: str, directory: int, key: str) -> None:
        self.directory, self.key = directory, key
        self._name = os.path.basename(place)
        self._above = os.open(os.path.dirname(place), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def publish(self, record: Record) -> None:
        """Say that the lab runs."""
        temporary = f"{self.key}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with contextlib.suppress(OSError):
            file = os.open(temporary, flags, 0o600, dir_fd=self.directory)
            try:
                os.write(file, msgspec.json.encode(record))
            finally:
                os.close(file)
            os.rename(temporary, self.key, src_dir_fd=self.directory, dst_dir_fd=self.directory)

    def remove(self) -> None:
        """The lab has ended.  To remove it twice is no error."""
        if self.directory < 0:
            return
        _unlink(self.directory, self.key)
        with contextlib.suppress(OSError):  # others are in it
            os.rmdir(self._name, dir_fd=self._above)
        self.release()

    def release(self) -> None:
        """Another process removes it."""
        if self.directory >= 0:
            os.close(self.directory)
            os.close(self._above)
            self.directory = -1


def reserve() -> Entry | None:
    """A place for a record of a lab that this process holds; None where there is none at all.

    Without one the lab runs as well, and cannot be entered from outside.
    """
    pid = os.getpid()
    key = f"{pid}-{started(pid)}-{_pid_namespace()}-{os.urandom(4).hex()}"
    for place in places():
        for _ in range(8):
            directory = _make(place)
            if directory is None:
                break
            try:
                # It keeps the directory from being removed as empty by a lab that ends just now.
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                os.close(os.open(key, flags, 0o600, dir_fd=directory))
                return Entry(place, directory, key)
            except FileNotFoundError:
                os.close(directory)  # it was removed meanwhile
            except OSError:
                os.close(directory)  # full, or read-only
                break
    return None


def _pid_namespace() -> int:
    """Where the numbers of processes in a record hold: a lab of ours may see this directory, too,
    and those numbers mean others there."""
    return os.stat("/proc/self/ns/pid").st_ino


def forget(pid: int, begun: int) -> None:
    """Remove the records that a process of ours wrote, which was killed.

    :param begun: when it was started, for its number may be another's by now
    """
    for place, directory in _directories():
        for name in os.listdir(directory):
            if name.startswith(f"{pid}-{begun}-"):
                _unlink(directory, name)
        _leave(place, directory)


def _unlink(directory: int, key: str) -> None:
    for name in (key, f"{key}.new", f"{key}{SOCKET}"):
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=directory)


def _leave(place: str, directory: int) -> None:
    """Close the directory, and remove it if nothing is in it."""
    os.close(directory)
    with contextlib.suppress(OSError):
        os.rmdir(place)


def _directories() -> Iterator[tuple[str, int]]:
    for place in places():
        directory = _open(place)
        if directory is not None:
            yield place, directory


# -- from outside ------------------------------------------------------------------------------


class Held(Struct, frozen=True):
    """A running lab that was held against the kernel.

    :ivar key: the record's name, below :attr:`place`
    """

    record: Record
    place: str
    key: str


def running() -> list[Held]:
    """The labs of this user, for any caller; sweeps away what is left of others."""
    found = []
    here = str(_pid_namespace())
    for place, directory in _directories():
        for key in os.listdir(directory):
            if key.endswith((SOCKET, ".new")) or key.split("-")[2:3] != [here]:
                continue
            record = _read(directory, key)
            if record is not None:
                descriptor = _process(record)
                if descriptor is not None:
                    os.close(descriptor)
                    found.append(Held(record, place, key))
                    continue
            if not _lives(*_writer(key)) or (record and not _lives(record.pid, record.started)):
                _unlink(directory, key)
        _leave(place, directory)
    return found


def hold(record: Record) -> int:
    """A pidfd of the lab's process, after all of it was held against the kernel once more.

    :raises LabGone: it has ended
    """
    descriptor = _process(record)
    if descriptor is None:
        raise LabGone("enter the lab", record.name, "it has just ended", "nslab show")
    return descriptor


@contextlib.contextmanager
def connected(held: Held, patience: float | None = None) -> Iterator[socket.socket]:
    """A line to the process that keeps the lab, by the socket beside its record.

    :param patience: seconds that an answer may take; without an end where there is none
    :raises LabGone: it has just ended
    :raises OSError: nobody answers there, or another process does; the text says which
    """
    os.close(hold(held.record))
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(patience)
        directory = os.open(held.place, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:  # a path of any length
            line.connect(f"/proc/self/fd/{directory}/{held.key}{SOCKET}")
        finally:
            os.close(directory)
        asked = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid, uid, _ = struct.unpack("3i", asked)
        if (pid, uid) != (held.record.pid, os.geteuid()):
            raise Stranger(f"process {pid} of user {uid} answers instead")
        yield line


class Stranger(OSError):
    """Another process answers than the one that keeps the lab."""


def _read(directory: int, key: str) -> Record | None:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        file = os.open(key, flags, dir_fd=directory)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return None
        return msgspec.json.decode(os.read(file, LIMIT), type=Record)
    except (OSError, ValueError, msgspec.MsgspecError, RecursionError):
        return None
    finally:
        os.close(file)


def writer(key: str) -> int | None:
    """A pidfd of the process that wrote a record; None if it has ended.

    :param key: the name of the record
    """
    pid, begun = _writer(key)
    with contextlib.suppress(OSError):
        descriptor = os.pidfd_open(pid)
        if _lives(pid, begun):
            return descriptor
        os.close(descriptor)
    return None


def _writer(key: str) -> tuple[int, int]:
    """The process that wrote a record and when it was started; zeros if the name says neither."""
    pid, _, rest = key.partition("-")
    begun = rest.partition("-")[0]
    return (int(pid), int(begun)) if pid.isdecimal() and begun.isdecimal() else (0, 0)


def _lives(pid: int, begun: int) -> bool:
    """A process that has ended and that nobody has waited for yet does not."""
    try:
        fields = _stat(pid)
    except OSError:
        return False
    return fields[0] not in (b"Z", b"X") and int(fields[19]) == begun


def started(pid: int) -> int:
    """When a process was started: field 22 of its stat, in clock ticks after boot (proc(5))."""
    return int(_stat(pid)[19])


def _stat(pid: int) -> list[bytes]:
    """The fields of a process's stat from the third on, its state."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rpartition(b")")[2].split()


def _process(record: Record) -> int | None:
    """A pidfd of the record's process; None if that is not what the record says."""
    try:
        descriptor = os.pidfd_open(record.pid)
    except OSError:
        return None
    try:
        if _as_recorded(record):
            signal.pidfd_send_signal(descriptor, 0)  # what was read was of this process
            return descriptor
    except (OSError, ValueError, IndexError):
        pass
    os.close(descriptor)
    return None


def _as_recorded(record: Record) -> bool:
    pid, uid = record.pid, os.geteuid()
    status = _status(pid)
    if [int(number) for number in status["Uid"]] != [uid] * 4:  # real, effective, saved, fs
        return False
    if started(pid) != record.started:
        return False
    program = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    if not program.startswith(PROGRAMS[record.engine]):
        return False
    if record.engine != "local":
        return True
    numbers = status["NSpid"]
    return len(numbers) > 1 and numbers[-1] == "1" and _owner(f"/proc/{pid}/ns/pid") == uid


def _status(pid: int) -> dict[str, list[str]]:
    with open(f"/proc/{pid}/status", errors="replace") as file:
        return {line.partition(":")[0]: line.partition(":")[2].split() for line in file}


def _owner(path: str) -> int:
    """The uid that made the user namespace to which a namespace belongs."""
    space = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        users = fcntl.ioctl(space, uapi.NS_GET_USERNS)
        try:
            answer = bytearray(4)
            fcntl.ioctl(users, uapi.NS_GET_OWNER_UID, answer)
            return int.from_bytes(answer, "little")
        finally:
            os.close(users)
    finally:
        os.close(space)
