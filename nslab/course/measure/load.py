"""The program that measures: one process, pinned to one CPU, with sockets in two namespaces.

It is not imported by the notebook's process.  Its text is given to a Python in the lab (see
:mod:`nslab.course.measure.runs`), so it needs the standard library only.  It prints one line of
JSON.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import struct
import sys
import time
from typing import Any

CLONE_NEWNET = 0x40000000
MSG_DONTWAIT = 0x40
AT_ONCE = 32
"""Packets of one system call: few enough that a receiving socket holds them all."""

SIZE = 22
"""Bytes of data: with the headers of UDP, IP and Ethernet the smallest frame, 64 bytes."""

PORT = 9
PATIENCE = 20.0
"""Seconds until a packet that does not come is given up."""

_libc = ctypes.CDLL(None, use_errno=True)


class _Vector(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("base", ctypes.c_char_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """struct mmsghdr: a struct msghdr, and how many bytes went."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(_Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("sent", ctypes.c_uint),
    )


class _Messages:
    """What sendmmsg and recvmmsg take; each message has a buffer of its own."""

    def __init__(self, data: bytes) -> None:
        # The kernel gets addresses only: these must stay as long as the messages.
        self._buffers = [ctypes.create_string_buffer(data, len(data)) for _ in range(AT_ONCE)]
        self._vectors = (_Vector * AT_ONCE)()
        self.headers = (_Header * AT_ONCE)()
        for place, buffer in enumerate(self._buffers):
            vector = self._vectors[place]
            vector.base = ctypes.cast(buffer, ctypes.c_char_p)
            vector.length = len(data)
            self.headers[place].vectors = ctypes.pointer(vector)
            self.headers[place].vector_count = 1


def _enter(ns: str) -> None:
    """Be in a named namespace from now on; sockets stay in the one that they were opened in."""
    handle = os.open(f"/run/netns/{ns}", os.O_RDONLY)
    if _libc.setns(handle, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), ns)
    os.close(handle)


def _pin() -> None:
    """Stay on the last CPU: most interrupts are handled by the first."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _some(call: str, sock: socket.socket, messages: _Messages) -> int:
    """How many messages sendmmsg or recvmmsg passed; none if it would have had to wait."""
    none = (None,) if call == "recvmmsg" else ()
    passed = getattr(_libc, call)(sock.fileno(), messages.headers, AT_ONCE, MSG_DONTWAIT, *none)
    return max(int(passed), 0)


def _median(values: list[float]) -> float:
    """Of many values, so that the few moments in which somebody else got the CPU do not count."""
    return sorted(values)[len(values) // 2]


def carry(source: str, target: str, address: str, seconds: str) -> dict[str, Any]:
    """Send small packets and take them in on the other side, as many as will pass."""
    _enter(target)
    taking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taking.bind((address, PORT))
    _enter(source)
    sending = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sending.connect((address, PORT))
    # Neighbours and the translation are found out before the clock starts.
    taking.settimeout(PATIENCE)
    sending.send(bytes(SIZE))
    taking.recv(SIZE)
    taking.settimeout(0)
    out, into = _Messages(bytes(SIZE)), _Messages(bytes(SIZE))
    sent = received = 0
    rounds = []
    start = now = time.perf_counter()
    while now < start + float(seconds):
        before = received
        sent += _some("sendmmsg", sending, out)
        while got := _some("recvmmsg", taking, into):
            received += got
        began, now = now, time.perf_counter()
        if received > before:
            rounds.append((now - began) / (received - before))
    return {"sent": sent, "received": received, "wall": now - start, "batch": _median(rounds)}


def turn(source: str, target: str, address: str, seconds: str) -> dict[str, Any]:
    """Questions and answers, one at a time, between two programs on one CPU."""
    _enter(target)
    answering = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    answering.bind((address, PORT))
    child = os.fork()
    if not child:
        answering.settimeout(PATIENCE)
        try:
            while True:
                data, who = answering.recvfrom(SIZE)
                if not data:
                    break
                answering.sendto(data, who)
        finally:
            os._exit(0)
    _enter(source)
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.connect((address, PORT))
    asking.settimeout(PATIENCE)
    question, times = bytes(SIZE), []
    for _ in range(100):
        asking.send(question)
        asking.recv(SIZE)
    limit = time.perf_counter() + float(seconds)
    asked = 0.0
    while asked < limit:
        asked = time.perf_counter()
        asking.send(question)
        asking.recv(SIZE)
        times.append(time.perf_counter() - asked)
    asking.send(b"")
    os.waitpid(child, 0)
    return {"turns": len(times), "median": _median(times)}


def flood(source: str, link: str, mac: str, seconds: str) -> dict[str, Any]:
    """Send small frames for a hardware address, as fast as they go."""
    _enter(source)
    sending = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sending.bind((link, 0))
    own: bytes = sending.getsockname()[4]
    # A type that nobody handles (IEEE 802, local experiments): who gets it drops it at once.
    frame = bytes.fromhex(mac.replace(":", "")) + own + struct.pack(">H", 0x88B5) + bytes(46)
    messages = _Messages(frame)
    sent = 0
    rounds = []
    start = now = time.perf_counter()
    while now < start + float(seconds):
        went = _some("sendmmsg", sending, messages)
        sent += went
        began, now = now, time.perf_counter()
        if went:
            rounds.append((now - began) / went)
    return {"sent": sent, "wall": now - start, "batch": _median(rounds)}


if __name__ == "__main__":
    _pin()
    print(json.dumps({"carry": carry, "turn": turn, "flood": flood}[sys.argv[1]](*sys.argv[2:])))
