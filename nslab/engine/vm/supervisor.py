"""Starts QEMU, ends it with the notebook, and lets visitors of the same user in.

A program of its own, run by path, so that its start takes no longer than Python's:
``python -I -S watch.py --vm NAME TERMINALS DIRECTORY KEY HEAD -- QEMU…``, where TERMINALS are the
descriptors of the host's ends of the guest's terminals, with commas; DIRECTORY is one of the
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
from typing import Any

PR_SET_PDEATHSIG = 1
HANG_UP = b"\0\0\0\0"


class Record:
    """The lab's record and the socket beside it."""

    def __init__(self, directory: int, key: str, head: str) -> None:
        self.directory, self._key, self._head = directory, key, head

    def listen(self) -> socket.socket:
        """Let visitors come, and say where."""
        listening = socket.socket(socket.AF_UNIX)
        if self.directory >= 0:
            try:
                listening.bind(f"/proc/self/fd/{self.directory}/{self._key}.socket")
                listening.listen(8)
                self._publish()
            except OSError:
                pass  # a lab that nobody can visit
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
    """The host's end of one of the guest's terminals, and who visits by it."""

    def __init__(self, descriptor: int) -> None:
        self.port = socket.socket(fileno=descriptor)
        self.visitor: socket.socket | None = None
        self.draining = False
        self._frame = 0
        self._head = b""

    @property
    def free(self) -> bool:
        return self.visitor is None and not self.draining

    def hang_up(self) -> None:
        """The visitor is gone: tell the guest, and wait for its answer."""
        if self.visitor is not None:
            self.visitor.close()
        self.visitor = None
        self.draining = True
        self.port.sendall(HANG_UP)

    def from_visitor(self, visitor: socket.socket) -> None:
        try:
            data = visitor.recv(65536)
        except OSError:
            data = b""
        if data:
            self.port.sendall(data)
        else:
            self.hang_up()

    def from_guest(self) -> bool:
        """Pass on; False at the guest's end."""
        data = self.port.recv(65536)
        if not data:
            return False
        if self._ends(data):
            self.draining = False
        elif self.visitor is not None:
            try:
                self.visitor.sendall(data)
            except OSError:
                self.hang_up()
        return True

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


def serve(notebook: int, qemu: int, listening: socket.socket, terminals: list[Terminal]) -> None:
    """Until the notebook or QEMU has ended."""
    while True:
        visitors = {t.visitor: t for t in terminals if t.visitor is not None}
        ports = {t.port: t for t in terminals}
        waiting: list[Any] = [notebook, qemu, listening, *ports, *visitors]
        ready = select.select(waiting, [], [])[0]
        if notebook in ready or qemu in ready:
            return
        if listening in ready:
            admit(listening, terminals)
        for port, terminal in ports.items():
            if port in ready and not terminal.from_guest():
                terminals.remove(terminal)
        for visitor, terminal in visitors.items():
            if visitor in ready and terminal.visitor is visitor:
                terminal.from_visitor(visitor)


def admit(listening: socket.socket, terminals: list[Terminal]) -> None:
    """Give a visitor a terminal: a byte 1, or 0 if there is none for them."""
    visitor, _ = listening.accept()
    credentials = visitor.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    _, user, _ = struct.unpack("3i", credentials)
    free = next((t for t in terminals if t.free), None)
    if user != os.getuid() or free is None:  # root comes as the lab's owner
        visitor.close()
        return
    visitor.sendall(b"\1")
    free.visitor = visitor


if __name__ == "__main__":
    main()
