"""A terminal of a virtual machine: lets visitors into its lab, one after another.

Outside, ``nslab enter`` starts :mod:`nslab.engine.agent.boot.visit` as a program; here a child of
this process, which has everything loaded, becomes the visitor.
"""

from __future__ import annotations

import errno
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
        body = self._frame()  # none if the visitor left at the door
        request = m.to_terminal.decode(body) if body else None
        if isinstance(request, m.Visit):
            child, given, shown = self._start(request)
            there = self._relay(child, Input(given), dict(shown))
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

    def _relay(self, child: int, given: Input, shown: dict[int, Stream]) -> bool:
        """Pass bytes on until the visitor's process has ended; False if the visitor hung up.

        What it left in the background may hold its output open and is not waited for.
        """
        ended = os.pidfd_open(child)
        there, over = self._take_in(given, child), False  # what arrived with the request
        while there and not over:
            writing = [given.descriptor] if given.waiting else []
            ready, writable, _ = select.select([self._port, ended, *shown], writing, [])
            if writable and (taken := given.pass_on()):
                self._send(m.Taken(taken))
            if self._port in ready:
                self._arrived += os.read(self._port, CHUNK)
                there = self._take_in(given, child)
            for descriptor in [one for one in shown if one in ready]:
                if not self._pass_on(descriptor, shown):
                    del shown[descriptor]
            over = ended in ready and not any(one in ready for one in shown)
        self._end(child, ended, there)
        return there

    def _end(self, child: int, ended: int, there: bool) -> None:
        """Have the visitor's process end if it is not over, and say how it ended."""
        if not there:
            os.killpg(child, signal.SIGHUP)
            if not select.select([ended], [], [], 1.0)[0]:
                os.killpg(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(ended)
        if there:
            self._send(m.Left(code if code >= 0 else 128 - code))

    def _pass_on(self, descriptor: int, shown: dict[int, Stream]) -> bool:
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return True
        except OSError:  # a pty whose other end is closed answers EIO
            return False
        if data:
            self._send(m.Shown(shown[descriptor], data))
        return bool(data)

    def _take_in(self, given: Input, child: int) -> bool:
        """Do what has arrived says; False if the visitor hung up."""
        for body in m.split(self._arrived):
            if not body:
                return False
            match m.to_terminal.decode(body):
                case m.Typed(data):
                    given.add(data)
                case m.Resized(rows, columns):
                    _resize(given.descriptor, rows, columns)
                    os.killpg(child, signal.SIGWINCH)
        return True


class Input:
    """What a visitor's program is given to read, at its own speed.

    :param descriptor: the other end of its terminal, or of its pipe
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._bytes = bytearray()
        self._ends = False
        os.set_blocking(descriptor, False)

    @property
    def waiting(self) -> bool:
        """Whether there is something that the program has not taken."""
        return bool(self._bytes) or self._ends

    def add(self, data: bytes) -> None:
        """Nothing is the end of the input."""
        self._bytes += data
        self._ends = self._ends or not data

    def pass_on(self) -> int:
        """Write what it takes now; how many bytes that are."""
        size = 0
        try:
            if self._bytes:
                size = os.write(self.descriptor, self._bytes)
                del self._bytes[:size]
            if self._ends and not self._bytes:
                self._ends = False
                self._end()
        except BlockingIOError:
            pass
        except OSError:  # it reads no more
            size += len(self._bytes)
            self._bytes.clear()
            self._ends = False
        return size

    def _end(self) -> None:
        if os.isatty(self.descriptor):
            os.write(self.descriptor, b"\x04")
        else:  # the end of a pipe: what is left there is read, and nothing comes after it
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.descriptor, inheritable=False)
            os.close(null)


def _resize(terminal: int, rows: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _lab(pid_file: str) -> int:
    """The pid of the lab's own PID 1, as this machine counts."""
    with open(pid_file) as file:
        agent = int(file.read())
    with open(f"/proc/{agent}/task/{agent}/children") as file:
        children = file.read().split()
    if not children:
        raise ProcessLookupError(errno.ESRCH, "it has just ended")
    return int(children[0])
