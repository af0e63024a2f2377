"""A lab that rests: it is listed, can be looked at, and wakes for whoever enters it.

Nothing of it runs, so its record names the process that would wake it, and a socket beside the
record leads there.  Both are in a directory that is this user's alone
(:mod:`nslab.engine.runtime`).
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable

from nslab.engine import runtime
from nslab.errors import LabGone, NslabError

LOOK, WAKE = b"l", b"w"
PATIENCE = 120.0
"""Seconds that a lab may take to wake; a virtual machine on a busy one takes many."""

LIMIT = 64 << 20
"""Bytes of an answer at most: a snapshot of the largest lab has a few."""


class Bell:
    """The record of a lab that rests, and who answers there.

    :param name: the lab's
    :param look: what a snapshot of it is, as bytes
    :param wake: makes it run again; the process that visitors go by
    """

    def __init__(self, name: str, look: Callable[[], bytes], wake: Callable[[], int]) -> None:
        self._look, self._wake = look, wake
        self._listening = socket.socket(socket.AF_UNIX)
        self._entry = runtime.reserve()
        if self._entry is None:  # nowhere to say so: it rests unseen
            return
        pid, key = os.getpid(), self._entry.key
        try:
            self._listening.bind(f"/proc/self/fd/{self._entry.directory}/{key}{runtime.SOCKET}")
            self._listening.listen()
        except OSError:
            self._entry.remove()
            return
        begun = runtime.started(pid)
        record = runtime.Record(engine="resting", name=name, pid=pid, started=begun)
        self._entry.publish(record)
        threading.Thread(target=self._answer, name=f"{name} rests", daemon=True).start()

    def end(self) -> None:
        """It rests no longer.  To end it twice is no error."""
        if self._entry is not None:
            self._entry.remove()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # whoever waits there is let go
        self._listening.close()

    def _answer(self) -> None:
        while True:
            try:
                visitor, _ = self._listening.accept()
            except OSError:
                return  # it has ended
            with visitor, contextlib.suppress(OSError):
                visitor.settimeout(PATIENCE)
                visitor.sendall(self._said(visitor.recv(1)))

    def _said(self, asked: bytes) -> bytes:
        try:
            return b"=" + (self._look() if asked == LOOK else str(self._wake()).encode())
        except NslabError as error:
            return b"!" + str(error.cause or error).encode(errors="replace")


def look(held: runtime.Held) -> bytes:
    """A snapshot of a lab that rests, as its owner's process has it.

    :raises LabGone: it has just ended, or was woken
    """
    return _ask(held, LOOK)


def wake(held: runtime.Held) -> runtime.Held:
    """The same lab, running.

    :raises LabGone: it has just ended, or does not wake; says why
    """
    answer = _ask(held, WAKE)
    for each in runtime.running():
        if str(each.record.pid).encode() == answer and each.record.engine != "resting":
            return each
    raise _gone(held, "it has ended again")


def _ask(held: runtime.Held, what: bytes) -> bytes:
    answer = bytearray()
    try:
        with runtime.connected(held, PATIENCE) as line:
            line.sendall(what)
            while len(answer) < LIMIT and (piece := line.recv(1 << 16)):
                answer += piece
    except runtime.Stranger as error:
        raise _gone(held, str(error)) from None
    except OSError:
        raise _gone(held, "it has just ended, or does not answer") from None
    if answer[:1] != b"=":
        raise _gone(held, bytes(answer[1:4096]).decode(errors="replace") or "it has just ended")
    return bytes(answer[1:])


def _gone(held: runtime.Held, cause: str) -> LabGone:
    return LabGone("wake the lab", held.record.name, cause, "see which there are: nslab show")
