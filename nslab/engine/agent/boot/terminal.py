"""A terminal of a virtual machine: lets visitors into its lab, one after another.

Outside, ``nslab enter`` starts :mod:`nslab.engine.agent.boot.visit` as a program; here a child of
this process, which has everything loaded, becomes the visitor.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios

from nslab.engine import messages as m
from nslab.engine.protocol import Stream

CHUNK = 65536


def attend(port: int, pid_file: str) -> None:
    """Serve one visitor after another, for ever."""
    terminal = Terminal(port, pid_file)
    while True:
        terminal.serve()


class Terminal:
    """One port and its visitors."""

    def __init__(self, port: int, pid_file: str) -> None:
        self._port = port
        self._pid_file = pid_file
        self._arrived = bytearray()

    def serve(self) -> None:
        """One visit, from its request until the visitor has hung up."""
        request = m.to_terminal.decode(self._frame() or b"")
        if isinstance(request, m.Visit):
            child, given, shown = self._start(request)
            there = self._relay(child, given, dict(shown))
            for descriptor in {given, *shown}:
                os.close(descriptor)
            if there:
                self._await_hang_up()
        os.write(self._port, m.HANG_UP)

    def _frame(self) -> bytes:
        """The next frame's body, however long it takes; empty if the visitor hung up."""
        while True:
            for body in m.split(self._arrived):
                return body
            self._arrived += os.read(self._port, CHUNK)

    def _await_hang_up(self) -> None:
        while self._frame():
            pass

    def _send(self, message: m.Message) -> None:
        data = m.frame(message)
        while data:
            data = data[os.write(self._port, data) :]

    def _start(self, request: m.Visit) -> tuple[int, int, dict[int, Stream]]:
        """The visitor's process, where its input goes, and where its output comes from."""
        if request.size is not None:
            child, master = pty.fork()
            if child == 0:
                self._visit(request)
            _resize(master, *request.size)
            return child, master, {master: "stdout"}
        pipes = [os.pipe() for _ in range(3)]
        child = os.fork()
        if child == 0:
            os.setsid()
            for number, (reading, writing) in enumerate(pipes):
                os.dup2(reading if number == 0 else writing, number)
            self._visit(request)
        os.close(pipes[0][0])
        os.close(pipes[1][1])
        os.close(pipes[2][1])
        return child, pipes[0][1], {pipes[1][0]: "stdout", pipes[2][0]: "stderr"}

    def _visit(self, request: m.Visit) -> None:
        from nslab.engine.agent.boot import visit

        code = 1
        try:
            os.closerange(3, 256)
            os.environ["TERM"] = request.term
            lab = os.pidfd_open(_lab(self._pid_file))
            code = visit.main([str(lab), *request.words])
        except OSError as error:
            print(f"cannot enter the lab: {error.strerror}", file=sys.stderr)
        finally:
            sys.stdout.flush()
            os._exit(code)

    def _relay(self, child: int, given: int, shown: dict[int, Stream]) -> bool:
        """Pass bytes on until the visitor's process has ended; False if the visitor hung up.

        What it left in the background may hold its output open and is not waited for.
        """
        ended = os.pidfd_open(child)
        there, over = self._take_in(given, child), False  # what arrived with the request
        while there and not over:
            ready, _, _ = select.select([self._port, ended, *shown], [], [])
            if self._port in ready:
                self._arrived += os.read(self._port, CHUNK)
                there = self._take_in(given, child)
            for descriptor in [one for one in shown if one in ready]:
                if not self._pass_on(descriptor, shown):
                    del shown[descriptor]
            over = ended in ready and not any(one in ready for one in shown)
        if not there:
            os.killpg(child, signal.SIGHUP)
            if not select.select([ended], [], [], 1.0)[0]:
                os.killpg(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(ended)
        if there:
            self._send(m.Left(code if code >= 0 else 128 - code))
        return there

    def _pass_on(self, descriptor: int, shown: dict[int, Stream]) -> bool:
        try:
            data = os.read(descriptor, CHUNK)
        except OSError:  # a pty whose other end is closed answers EIO
            return False
        if data:
            self._send(m.Shown(shown[descriptor], data))
        return bool(data)

    def _take_in(self, given: int, child: int) -> bool:
        """Do what has arrived says; False if the visitor hung up."""
        for body in m.split(self._arrived):
            if not body:
                return False
            match m.to_terminal.decode(body):
                case m.Typed(data):
                    _give(given, data)
                case m.Resized(rows, columns):
                    _resize(given, rows, columns)
                    os.killpg(child, signal.SIGWINCH)
        return True


def _give(given: int, data: bytes) -> None:
    try:
        if data:
            os.write(given, data)
        elif os.isatty(given):
            os.write(given, b"\x04")
        else:  # the end of a pipe: what is left there is read, and nothing comes after it
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, given, inheritable=False)
            os.close(null)
    except OSError:
        pass  # it reads no more


def _resize(terminal: int, rows: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _lab(pid_file: str) -> int:
    """The pid of the lab's own PID 1, as this machine counts."""
    with open(pid_file) as file:
        agent = int(file.read())
    with open(f"/proc/{agent}/task/{agent}/children") as file:
        return int(file.read().split()[0])
