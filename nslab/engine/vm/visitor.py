"""``nslab enter`` and ``nslab show`` for a lab in a virtual machine.

The watch of that machine lets a visitor of the same user in, by a socket beside the lab's record,
in the directory that is this user's alone.  Both ends ask the kernel who is there (SO_PEERCRED).
The visitor's screen and keyboard then are those of a program inside
(:mod:`nslab.engine.agent.boot.terminal`).
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
from collections.abc import Iterator, Sequence

from nslab.engine import messages as m
from nslab.engine import runtime
from nslab.engine.guard import raw_keyboard
from nslab.errors import LabGone, NslabError
from nslab.printable import printable

PATIENCE = 60.0
"""Seconds that a machine may say nothing at a look: emulated, on a busy host, it may take ten."""


def enter(held: runtime.Held, words: Sequence[str]) -> int:
    """Run a program in the lab; its exit code.

    :raises LabGone: the lab has just ended
    :raises NslabError: all of its terminals are in use
    """
    name = held.record.name
    with _connected(held) as line:
        if os.isatty(0) and os.isatty(1):
            with raw_keyboard():
                return _Visitor(line, name, _size()).run(("enter", *words))
        return _Visitor(line, name, None).run(("enter", *words))


def look(held: runtime.Held) -> bytes:
    """A snapshot of the lab, as a message.

    :raises LabGone: the lab has just ended, or cannot be looked into
    :raises NslabError: it does not answer, or all of its terminals are in use
    """
    name = held.record.name
    try:
        return _look(held)
    except TimeoutError:
        cause = f"its virtual machine does not answer ({PATIENCE:g} s)"
        raise NslabError("look into the lab", name, cause, "try again, or close the lab") from None


def _look(held: runtime.Held) -> bytes:
    name = held.record.name
    with _connected(held, PATIENCE) as line:
        line.sendall(m.frame(m.Visit(("look", name))) + m.frame(m.Typed(b"")))
        arrived = bytearray()
        shown: dict[str, bytes] = {"stdout": b"", "stderr": b""}
        while piece := line.recv(65536):
            arrived += piece
            for body in m.split(arrived):
                match m.from_terminal.decode(body):
                    case m.Shown(stream, data):
                        shown[stream] += data
                    case m.Left(0):
                        return shown["stdout"]
                    case m.Left():
                        text = printable(shown["stderr"].decode(errors="replace").strip())
                        raise LabGone("look into the lab", name, text, "nslab show")
    raise _gone("look into", name)


def _gone(what: str, name: str) -> LabGone:
    return LabGone(f"{what} the lab", name, "it has just ended", "see which run: nslab show")


@contextlib.contextmanager
def _connected(held: runtime.Held, patience: float | None = None) -> Iterator[socket.socket]:
    name = held.record.name
    with contextlib.ExitStack() as stack:
        try:
            line = stack.enter_context(runtime.connected(held, patience))
        except runtime.Stranger as error:
            hint = "close the lab and make a new one"
            raise NslabError("enter the lab", name, str(error), hint) from None
        except OSError:
            raise _gone("enter", name) from None
        if not line.recv(1):
            raise NslabError(
                "enter the lab",
                name,
                f"all of its {len(m.TERMINALS)} terminals are in use",
                "leave one of them with exit",
            )
        yield line


def _size() -> tuple[int, int]:
    size = os.get_terminal_size(1)
    return size.lines, size.columns


class _Visitor:
    def __init__(self, line: socket.socket, name: str, size: tuple[int, int] | None) -> None:
        self._line = line
        self._name = name
        self._size = size

    def run(self, words: tuple[str, ...]) -> int:
        self._send(m.Visit(words, self._size, os.environ.get("TERM", "dumb")))
        woken, waker = os.pipe()
        os.set_blocking(waker, False)
        before = signal.signal(signal.SIGWINCH, lambda *_: os.write(waker, b"w"))
        # Without a terminal Ctrl-C would end this process, and with it the program inside.
        interrupts = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return self._relay(woken)
        finally:
            signal.signal(signal.SIGWINCH, before)
            signal.signal(signal.SIGINT, interrupts)
            os.close(woken)
            os.close(waker)

    def _relay(self, woken: int) -> int:
        arrived = bytearray()
        open_, on_its_way = True, 0
        while True:
            sources = [self._line.fileno(), woken]
            if open_ and on_its_way < m.WINDOW:
                sources.append(0)
            ready, _, _ = select.select(sources, [], [])
            if woken in ready:
                os.read(woken, 64)
                if self._size is not None:
                    self._send(m.Resized(*_size()))
            if 0 in ready:
                data = os.read(0, min(65536, m.WINDOW - on_its_way))
                self._send(m.Typed(data))
                open_ = bool(data)
                on_its_way += len(data)
            if self._line.fileno() in ready:
                piece = self._line.recv(65536)
                if not piece:
                    raise _gone("stay in", self._name)
                arrived += piece
                for body in m.split(arrived):
                    match m.from_terminal.decode(body):
                        case m.Shown(stream, data):
                            _print(sys.stderr if stream == "stderr" else sys.stdout, data)
                        case m.Taken(size):
                            on_its_way -= size
                        case m.Left(code):
                            return code

    def _send(self, message: m.Message) -> None:
        try:
            self._line.sendall(m.frame(message))
        except OSError:
            raise _gone("stay in", self._name) from None


def _print(where: object, data: bytes) -> None:
    descriptor = 2 if where is sys.stderr else 1
    while data:
        data = data[os.write(descriptor, data) :]
