"""Root looks into another user's lab: as that user, in a child that can do no more than they.

A lab is its owner's, all of it: its files, its programs, what it answers.  Root who went there as
root would run the owner's ``/usr/bin/bash`` with root's right to root's files.  So a child gives
everything up first: groups, gid and uid, all capabilities (for ever: the bounding set, and
no_new_privs), the environment, the directory, and every open file.  It cannot be traced by the user
whose it now is, because the kernel makes a process that changed its uid undumpable, and it loads
no module any longer, for these would be the lab's.

What comes back is bytes in a pipe, with a bound on their number and on the time; whoever gets them
decodes them as what another user wrote.  A visitor's programs have a terminal of their own: to it
they may do what they like (TIOCSTI), root's own they never hold.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import pty
import pwd
import select
import signal
import struct
import sys
import termios
import time
import tty
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NoReturn

from nslab.engine import uapi
from nslab.errors import LabGone, NslabError
from nslab.printable import printable

NOGROUP = 65534

CHUNK = 65536
ANSWER = 64 << 20
"""Bytes of an answer at most: a snapshot of the largest lab has a few."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


Task = Callable[[], bytes]


def ask(uid: int, task: Task, limit: float) -> bytes:
    """What a task returns that a child does as another user.

    :param limit: seconds
    :raises LabGone: with the words of the NslabError that the task raised
    :raises NslabError: there was no answer in time, or too long a one
    """
    answer = ask_all([uid], task, limit).get(uid)
    if answer is None:
        raise NslabError(
            "ask",
            f"the lab of {named(uid)}",
            f"there was no whole answer in {limit:g} s",
            "it may have been stopped by its owner",
        )
    if answer[:1] != b"=":
        text = printable(answer[1:4096].decode(errors="replace"))
        raise LabGone("look into", f"the lab of {named(uid)}", text, "nslab show")
    return answer[1:]


def ask_all(uids: Collection[int], task: Task, limit: float) -> dict[int, bytes]:
    """The same of many users at once; only those that answered in time, errors and all."""
    children: dict[int, tuple[int, int]] = {}
    answers: dict[int, bytes] = {}
    for uid in uids:
        reading, writing = os.pipe()
        child = _fork()
        if child == 0:
            _answer(uid, task, writing)
        os.close(writing)
        children[reading] = (uid, child)
    arrived = {reading: bytearray() for reading in children}
    end = time.monotonic() + limit
    try:
        while arrived and (left := end - time.monotonic()) > 0:
            for reading in select.select(list(arrived), [], [], left)[0]:
                piece = os.read(reading, CHUNK)
                arrived[reading] += piece
                if not piece:
                    answers[children[reading][0]] = bytes(arrived.pop(reading))
                elif len(arrived[reading]) > ANSWER:
                    del arrived[reading]
    finally:
        for reading, (_, child) in children.items():
            os.close(reading)
            os.kill(child, signal.SIGKILL)  # not waited for yet: the number is still its own
            os.waitpid(child, 0)
    return answers


def _fork() -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    return os.fork()


def _answer(uid: int, task: Task, writing: int) -> NoReturn:
    """The child's life."""
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for number, descriptor in enumerate((null, writing, null)):
            os.dup2(descriptor, number)
        become(uid)
        try:
            data = b"=" + task()
        except NslabError as error:
            data = b"!" + str(error.cause).encode(errors="replace")
        while data:
            data = data[os.write(1, data) :]
    finally:
        os._exit(0)


def become(uid: int) -> None:
    """Give up everything but what another user has; standard input and output stay."""
    os.closerange(3, max(map(int, os.listdir("/proc/self/fd"))) + 1)
    os.chdir("/")
    name, home, gid = str(uid), "/", NOGROUP
    try:
        account = pwd.getpwuid(uid)
        name, home, gid = account.pw_name, account.pw_dir, account.pw_gid
        os.initgroups(name, gid)
    except KeyError:
        os.setgroups([])
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        if libc.prctl(uapi.PR_CAPBSET_READ, capability, 0, 0, 0) == 1:
            libc.prctl(uapi.PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    for what in (
        (uapi.PR_CAP_AMBIENT, uapi.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0),
        (uapi.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (uapi.PR_SET_DUMPABLE, 0, 0, 0, 0),
    ):
        libc.prctl(*what)
    if uid == 0 or os.getresuid() != (uid, uid, uid) or os.getresgid() != (gid, gid, gid):
        os._exit(1)  # never go on with root's rights
    kept = {key: os.environ[key] for key in ("TERM", "LANG") if key in os.environ}
    os.environ.clear()
    os.environ.update({"HOME": home, "USER": name, "LOGNAME": name, "PATH": PATH, **kept})
    os.umask(0o022)
    # What is not loaded now would be loaded from files of the lab.
    sys.meta_path.clear()
    sys.path.clear()
    sys.path_importer_cache.clear()


def named(uid: int) -> str:
    """A user's name, or number."""
    try:
        return printable(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return str(uid)


def owners() -> list[int]:
    """The users other than us that have a process: nobody else can have a lab."""
    found = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                found.add(os.stat(f"/proc/{entry}").st_uid)
    return sorted(found - {os.geteuid()})


# -- visits ------------------------------------------------------------------------------------


def visit(uid: int, task: Callable[[], int]) -> int:
    """Do a task as another user, with input and output of its own that are passed on.

    :param task: its exit code; it may never return
    """
    terminal = os.isatty(0) and os.isatty(1)
    if terminal:
        master, slave = pty.openpty()
        _resize(master)
        os.fchown(slave, uid, -1)
        child = _fork()
        if child == 0:
            _visit(uid, task, (slave, slave, slave), terminal=True)
        os.close(slave)
        return _Relay(child, master, {master: 1}).run()
    pipes = [os.pipe() for _ in range(3)]
    child = _fork()
    if child == 0:
        _visit(uid, task, (pipes[0][0], pipes[1][1], pipes[2][1]), terminal=False)
    for descriptor in (pipes[0][0], pipes[1][1], pipes[2][1]):
        os.close(descriptor)
    return _Relay(child, pipes[0][1], {pipes[1][0]: 1, pipes[2][0]: 2}).run()


def _visit(
    uid: int, task: Callable[[], int], files: tuple[int, int, int], *, terminal: bool
) -> NoReturn:
    code = 1
    try:
        os.setsid()
        if terminal:
            fcntl.ioctl(files[0], termios.TIOCSCTTY, 0)
        for number, descriptor in enumerate(files):
            os.dup2(descriptor, number)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        become(uid)
        try:
            code = task()
        except NslabError as error:
            print(f"nslab: {error}", file=sys.stderr)
        except OSError as error:
            print(f"nslab: {error.strerror}", file=sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


class _Relay:
    """Passes bytes on between our terminal or pipes and the child's."""

    def __init__(self, child: int, given: int, shown: Mapping[int, int]) -> None:
        self._child = child
        self._given = given
        self._shown = dict(shown)
        self._terminal = given in shown
        self._waiting = bytearray()
        self._input_ends = False
        os.set_blocking(given, False)

    def run(self) -> int:
        ended = os.pidfd_open(self._child)
        woken, waker = os.pipe()
        os.set_blocking(waker, False)
        before = signal.signal(signal.SIGWINCH, lambda *_: os.write(waker, b"w"))
        try:
            with raw_keyboard() if self._terminal else contextlib.nullcontext():
                self._pass_on(ended, woken)
        finally:
            signal.signal(signal.SIGWINCH, before)
            for descriptor in {ended, woken, waker, self._given, *self._shown} - {-1}:
                os.close(descriptor)
            code = self._end()
        return code if code >= 0 else 128 - code

    def _end(self) -> int:
        """Its terminal has hung up, or its input and output are closed: it may not stay."""
        for _ in range(100):
            pid, status = os.waitpid(self._child, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        os.kill(self._child, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(self._child, 0)[1])

    def _pass_on(self, ended: int, woken: int) -> None:
        while True:
            sources = [woken, ended, *self._shown]
            if not self._input_ends and len(self._waiting) < CHUNK:
                sources.append(0)
            writing = [self._given] if self._waiting else []
            ready, writable, _ = select.select(sources, writing, [])
            if woken in ready:
                os.read(woken, 64)
                if self._terminal:
                    _resize(self._given)
            if 0 in ready:
                data = os.read(0, CHUNK)
                self._input_ends = not data
                self._waiting += data or (b"\x04" if self._terminal else b"")
            if writable:
                self._give()
            elif self._input_ends and not self._waiting and not self._terminal:
                self._close_input()
            shown = [descriptor for descriptor in self._shown if descriptor in ready]
            for descriptor in shown:
                self._show(descriptor)
            # What was left in the background may hold the output open and is not waited for.
            if ended in ready and not shown:
                return

    def _give(self) -> None:
        try:
            del self._waiting[: os.write(self._given, self._waiting)]
        except BlockingIOError:
            pass
        except OSError:  # it reads no more
            self._waiting.clear()
            self._input_ends = True

    def _close_input(self) -> None:
        if self._given >= 0:
            os.close(self._given)
            self._given = -1

    def _show(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return
        except OSError:  # a pty whose other end is closed answers EIO
            data = b""
        if not data:
            del self._shown[descriptor]
            if descriptor != self._given:
                os.close(descriptor)
            return
        while data:
            data = data[os.write(self._shown[descriptor], data) :]


@contextlib.contextmanager
def raw_keyboard() -> Iterator[None]:
    """Our terminal passes every key on: the one inside makes sense of them."""
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def _resize(terminal: int) -> None:
    with contextlib.suppress(OSError):
        size = os.get_terminal_size(1)
        packed = struct.pack("HHHH", size.lines, size.columns, 0, 0)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, packed)
