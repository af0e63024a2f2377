"""Agents that start in a quarter of the time: forked from one that has loaded its modules already.

A lab's agent is a Python program, and nine tenths of what starting one costs is loading modules.
For thousands of labs in a run of the tests that is minutes.  So each process of the tests has one
process beside it, in which they are loaded, and which forks where :mod:`nslab.engine.local` would
start a program.  From there on it is the same code in the same order.

Tests of what root's way decides, of life and end, and those that run alone start programs as a
learner's notebook does, and ``script/test --all`` starts all of them so.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import IO, NoReturn

ROOT = Path(__file__).resolve().parents[1]

LARGEST = 1 << 20
"""Bytes of a request: the environment."""

CLONE_PARENT = 0x8000
"""The new process is its maker's sibling, so that the tests' process can wait for it (clone(2))."""

CLONE = {"x86_64": 56, "aarch64": 220}
"""The call's number; its arguments are in another order on each, and all but the first are 0."""


class Process:
    """The part of :class:`subprocess.Popen` that an engine uses."""

    def __init__(self, pid: int, stdin: IO[bytes], stdout: IO[bytes]) -> None:
        self.pid, self.stdin, self.stdout = pid, stdin, stdout
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, once it has ended."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """
        :param timeout: seconds
        :raises subprocess.TimeoutExpired: it has not ended by then
        """
        if self.poll() is None:
            descriptor = os.pidfd_open(self.pid)
            try:
                until_ended(descriptor, timeout)
            finally:
                os.close(descriptor)
        code = self.poll()
        assert code is not None
        return code

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


def until_ended(descriptor: int, timeout: float | None) -> None:
    """Wait for the process of a pidfd.

    :param timeout: seconds
    :raises subprocess.TimeoutExpired: it has not ended by then
    """
    if not select.select([descriptor], [], [], timeout)[0]:
        raise subprocess.TimeoutExpired("agent", timeout or 0)


class Forks:
    """The process that forks, as seen from the tests."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(Path(__file__)), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                pass_fds=[theirs.fileno()],
            )

    @property
    def process(self) -> int:
        """The pid of the process that forks."""
        return self._process.pid

    def spawn(self, name: str, environment: Mapping[str, str], errors: IO[bytes]) -> Process:
        """In place of ``nslab.engine.local._spawn``."""
        given, writing = os.pipe()
        reading, said = os.pipe()
        here = os.open(".", os.O_PATH | os.O_DIRECTORY)
        request = json.dumps([name, dict(environment)]).encode(errors="surrogateescape")
        try:
            socket.send_fds(self._line, [request], [given, said, errors.fileno(), here])
        finally:
            for descriptor in (given, said, here):
                os.close(descriptor)
        pid = int(self._line.recv(32))
        return Process(pid, os.fdopen(writing, "wb"), os.fdopen(reading, "rb"))

    def end(self) -> None:
        self._line.close()
        self._process.wait()


def serve(line: socket.socket) -> None:
    """Fork for each request, until there is nobody to ask."""
    import nslab.engine.agent.__main__
    import nslab.engine.agent.boot.serve  # noqa: F401

    gc.freeze()
    while True:
        request, descriptors, _, _ = socket.recv_fds(line, LARGEST, 4)
        if not request:
            return
        pid = _fork_sibling()
        if pid == 0:
            line.close()
            name, environment = json.loads(request.decode(errors="surrogateescape"))
            _become_agent(name, environment, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        line.send(str(pid).encode())


def _fork_sibling() -> int:
    """``os.fork``, but the new process is a child of our parent."""
    python = ctypes.pythonapi
    python.PyOS_BeforeFork()
    # Of this library's functions, those that keep the interpreter's lock.
    pid = ctypes.PyDLL(None).syscall(
        CLONE[os.uname().machine], CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0
    )
    if pid == 0:
        python.PyOS_AfterFork_Child()
    else:
        python.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError("cannot fork")
    return int(pid)


def _become_agent(name: str, environment: dict[str, str], descriptors: list[int]) -> NoReturn:
    """What the program finds when it is started."""
    from nslab.engine.agent.__main__ import main

    status = 1
    try:
        os.setsid()
        os.fchdir(descriptors[3])
        for number, descriptor in enumerate(descriptors[:3]):
            os.dup2(descriptor, number)
        os.closerange(3, max(descriptors) + 1)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv[1:] = ["--lab", name]
        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    serve(socket.socket(fileno=int(sys.argv[1])))
