"""Starts QEMU, ends it with the notebook, and lets visitors of the same user in.

A program of its own, run by path, so that its start takes no longer than Python's:
``python -I -S supervisor.py --vm NAME TERMINALS DIRECTORY KEY HEAD -- QEMU…``, where TERMINALS are
the descriptors of the host's ends of the guest's terminals, with commas; DIRECTORY is one of the
directory of records (:mod:`nslab.engine.runtime`) or -1, KEY the record's name in it and HEAD its
text up to this process's number.

Visitors come by a socket beside the record, in a directory that nobody else can enter, so nobody
can take its name; and the kernel says who comes (SO_PEERCRED).
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Container
from typing import Any

PR_SET_PDEATHSIG = 1
HANG_UP = b"\0\0\0\0"

LIMIT = 1 << 20
"""Bytes that wait for one who does not read, before the other is no longer listened to.  More than
visitors send that no program has taken (``WINDOW`` of :mod:`nslab.engine.messages`), so that they
are always heard, and never wait for each other."""


class Record:
    """The lab's record and the socket beside it."""

    def __init__(self, directory: int, key: str, head: str) -> None:
        self.directory, self._key, self._head = directory, key, head

    def listen(self) -> socket.socket | None:
        """Let visitors come, and say where; None if this is a lab that nobody can visit."""
        if self.directory < 0:
            return None
        listening = socket.socket(socket.AF_UNIX)
        try:
            listening.bind(f"/proc/self/fd/{self.directory}/{self._key}.socket")
            listening.listen(8)
            self._publish()
        except OSError:
            return None
        return listening

    def _publish(self) -> None:
        with open("/proc/self/stat", "rb") as file:
            started = int(file.read().rpartition(b")")[2].split()[19])
        text = f'{self._head},"pid":{os.getpid()},"started":{started}}}'
        temporary = f"{self._key}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        file_of_it = os.open(temporary, flags, 0o600, dir_fd=self.directory)
        os.write(file_of_it, text.encode())
        os.close(file_of_it)
        os.rename(temporary, self._key, src_dir_fd=self.directory, dst_dir_fd=self.directory)

    def remove(self) -> None:
        """The lab has ended."""
        for name in (self._key, f"{self._key}.socket"):
            try:
                os.unlink(name, dir_fd=self.directory)
            except OSError:
                pass


class Terminal:
    """The host's end of one of the guest's terminals, and who visits by it.

    Nothing here waits for one of the two to read: a visitor whose screen stands still, or who has
    gone without a word, must keep neither other visitors waiting nor the machine alive.
    """

    def __init__(self, descriptor: int) -> None:
        self.port = socket.socket(fileno=descriptor)
        self.port.setblocking(False)
        self.visitor: socket.socket | None = None
        self.draining = False
        self._typed = bytearray()
        """From the visitor, up to the end of a frame: what is cut off would take in the next
        visitor's words."""
        self._to_guest = bytearray()
        self._to_visitor = bytearray()
        self._frame = 0
        self._head = b""

    @property
    def free(self) -> bool:
        return self.visitor is None and not self.draining

    def reads(self) -> list[socket.socket]:
        """Whom to listen to: not to whom the other does not keep up with."""
        found = [self.port] if len(self._to_visitor) < LIMIT else []
        if self.visitor is not None and len(self._to_guest) < LIMIT:
            found.append(self.visitor)
        return found

    def writes(self) -> list[socket.socket]:
        found = [self.port] if self._to_guest else []
        if self.visitor is not None and self._to_visitor:
            found.append(self.visitor)
        return found

    def let_in(self, visitor: socket.socket) -> None:
        visitor.setblocking(False)
        self.visitor = visitor
        self._to_visitor += b"\1"

    def hang_up(self) -> None:
        """The visitor is gone: tell the guest, and wait for its answer."""
        if self.visitor is not None:
            self.visitor.close()
        self.visitor = None
        self.draining = True
        self._typed.clear()
        self._to_visitor.clear()
        self._to_guest += HANG_UP

    def write(self, ready: Container[socket.socket]) -> None:
        """Pass on what they take.

        :raises OSError: the guest's end is gone
        """
        if self._to_guest and self.port in ready:
            del self._to_guest[: self.port.send(self._to_guest)]
        if self._to_visitor and self.visitor is not None and self.visitor in ready:
            try:
                del self._to_visitor[: self.visitor.send(self._to_visitor)]
            except OSError:
                self.hang_up()

    def from_visitor(self) -> None:
        assert self.visitor is not None
        try:
            data = self.visitor.recv(65536)
        except OSError:
            data = b""
        self._typed += data
        while data and len(self._typed) >= 4:
            (size,) = struct.unpack_from(">I", self._typed)
            if size == 0 or size > LIMIT:  # none of our visitors
                data = b""
            elif len(self._typed) < 4 + size:
                break
            else:
                self._to_guest += self._typed[: 4 + size]
                del self._typed[: 4 + size]
        if not data:
            self.hang_up()

    def from_guest(self) -> None:
        """Pass on.

        :raises OSError: the guest's end is gone
        """
        data = self.port.recv(65536)
        if not data:
            raise ConnectionResetError
        ends = self._ends(data)
        if self.visitor is not None:
            self._to_visitor += data
            if ends:  # it did not understand
                self.hang_up()
        elif ends:
            self.draining = False

    def _ends(self, data: bytes) -> bool:
        """Whether it ends with an empty frame: the terminal is free again."""
        while data:
            if self._frame:
                taken = min(self._frame, len(data))
                self._frame -= taken
            else:
                taken = min(4 - len(self._head), len(data))
                self._head += data[:taken]
                if len(self._head) == 4:
                    (self._frame,) = struct.unpack(">I", self._head)
                    self._head = b""
                    if self._frame == 0:
                        return True
            data = data[taken:]
        return False


def main() -> None:
    split = sys.argv.index("--")
    terminals = [Terminal(int(word)) for word in sys.argv[3].split(",") if word]
    record = Record(int(sys.argv[4]), sys.argv[5], sys.argv[6])
    notebook = os.pidfd_open(os.getppid())
    ours = [terminal.port.fileno() for terminal in terminals]
    child = os.fork()
    if child == 0:
        # Whatever ends this process, ends QEMU; it has one thread, so this is not thread death.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        for descriptor in [*ours, record.directory]:
            if descriptor >= 0:
                os.set_inheritable(descriptor, False)
        try:
            os.execv(sys.argv[split + 1], sys.argv[split + 1 :])
        finally:
            os._exit(127)
    qemu = os.pidfd_open(child)
    close_others(keep={0, 1, 2, notebook, qemu, record.directory, *ours})
    serve(notebook, qemu, record.listen(), terminals)
    record.remove()
    try:
        os.kill(child, signal.SIGKILL)
    except ProcessLookupError:
        pass
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def close_others(keep: set[int]) -> None:
    """Only QEMU may hold its ends, or nobody would notice that it has gone."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in keep:
            try:
                os.close(int(name))
            except OSError:
                pass


def serve(
    notebook: int, qemu: int, listening: socket.socket | None, terminals: list[Terminal]
) -> None:
    """Until the notebook or QEMU has ended."""
    while True:
        reading: list[Any] = [notebook, qemu, *([listening] if listening else [])]
        for terminal in terminals:
            reading += terminal.reads()
        writing = [one for terminal in terminals for one in terminal.writes()]
        ready, writable, _ = select.select(reading, writing, [])
        if notebook in ready or qemu in ready:
            return
        for terminal in list(terminals):
            try:
                pass_on(terminal, ready, writable)
            except OSError:  # the guest's end is gone
                terminals.remove(terminal)
                if terminal.visitor is not None:
                    terminal.visitor.close()
        if listening is not None and listening in ready:
            admit(listening, terminals)


def pass_on(terminal: Terminal, ready: list[Any], writable: list[socket.socket]) -> None:
    terminal.write(writable)
    if terminal.port in ready:
        terminal.from_guest()
    if terminal.visitor is not None and terminal.visitor in ready:
        terminal.from_visitor()


def admit(listening: socket.socket, terminals: list[Terminal]) -> None:
    """Give a visitor a terminal: a byte 1, or 0 if there is none for them."""
    visitor, _ = listening.accept()
    credentials = visitor.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    _, user, _ = struct.unpack("3i", credentials)
    free = next((t for t in terminals if t.free), None)
    if user != os.getuid() or free is None:  # root comes as the lab's owner
        visitor.close()
    else:
        free.let_in(visitor)


if __name__ == "__main__":
    main()
