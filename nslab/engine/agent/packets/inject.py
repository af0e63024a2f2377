"""Sending frames on a link of any namespace, many with one call (sendmmsg).

The frames go the way of all others, queue discipline included: with PACKET_QDISC_BYPASS they would
be quicker, but no tap on the link would see them go.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence

from nslab.engine import explain
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.netns.syscalls import call
from nslab.engine.agent.packets import taps
from nslab.engine.protocol import Injection
from nslab.errors import InvalidInput, KernelRefused, os_cause
from nslab.network import names

AT_ONCE = 64
"""Frames of one call."""

PATIENCE = 2.0
"""Seconds in which the link must take another frame."""

LOOK = 0.05
"""Seconds between two looks whether it was stopped, while it waits for the next frame's time."""

SHORTEST = 14
"""Bytes of an Ethernet header."""


class _Vector(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("base", ctypes.c_char_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """struct msghdr."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(_Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """struct mmsghdr: a header, and how many bytes went."""

    _fields_ = (("header", _Header), ("sent", ctypes.c_uint))


Stopped = Callable[[], bool]


def inject(spaces: sp.Spaces, injection: Injection, stopped: Stopped = lambda: False) -> int:
    """Send; how many frames the kernel took.

    :param stopped: whether to end where it is
    :raises NotFound: there is no such namespace or link
    :raises KernelRefused: the link is down, or a frame is too long for it
    """
    ns, link = names.place(injection.where)
    for frame in injection.frames:
        if len(frame) < SHORTEST:
            raise InvalidInput(
                "send on",
                injection.where,
                f"a frame has {len(frame)} bytes",
                f"it begins with an Ethernet header, which has {SHORTEST}",
            )
    try:
        descriptor = spaces.open(ns)
    except FileNotFoundError:
        raise explain.namespace_missing(f"send on {injection.where}", ns or "host") from None
    try:
        with spaces.inside(descriptor):
            sending = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
            index = next((d.index for d in taps.devices() if d.name == link), 0)
    finally:
        os.close(descriptor)
    try:
        if not index:
            raise taps.link_missing("send on", ns or "host", link)
        # Protocol 0: it only sends.
        address = struct.pack("=HHiHBB8s", socket.AF_PACKET, 0, index, 0, 0, 0, b"")
        call("bind", sending.fileno(), address, len(address))
        return _send(sending, injection, stopped)
    except OSError as error:
        raise _refused(injection, ns, error) from None
    finally:
        # Closing a packet socket waits for the kernel, 8 to 20 ms.
        threading.Thread(target=sending.close, name="closing", daemon=True).start()


def _refused(injection: Injection, ns: str | None, error: OSError) -> KernelRefused:
    option = f" -n {ns}" if ns else ""
    _, link = names.place(injection.where)
    number = error.errno or 0
    cause, hint = {
        errno.ENETDOWN: ("the link is down", f"first: ip{option} link set dev {link} up"),
        errno.ENXIO: ("the link is gone", f"see what is there: ip{option} -brief link"),
        errno.EMSGSIZE: (
            f"a frame has {max(map(len, injection.frames))} bytes, more than the link takes",
            f"see its MTU, to which 14 bytes of Ethernet come: ip{option} link show dev {link}",
        ),
        errno.ENOBUFS: (
            f"it takes no frame for {PATIENCE:g} seconds",
            "send more slowly, with rate=",
        ),
    }.get(number, (os_cause(number), ""))
    return KernelRefused("send on", injection.where, cause, hint, errno=number)


def _send(sending: socket.socket, injection: Injection, stopped: Stopped) -> int:
    frames, total = injection.frames, len(injection.frames) * injection.count
    if injection.rate is not None:
        return _paced(sending, frames, total, injection.rate, stopped)
    batch = AT_ONCE if len(frames) == 1 else len(frames)
    prepared = _prepare([frames[number % len(frames)] for number in range(min(batch, total))])
    done = 0
    while done < total and not stopped():
        place = done % len(prepared)
        some = min(AT_ONCE, len(prepared) - place, total - done)
        done += _some(sending, prepared, place, some)
    return done


def _paced(
    sending: socket.socket, frames: Sequence[bytes], total: int, rate: float, stopped: Stopped
) -> int:
    prepared = _prepare(frames)
    start = time.monotonic()
    done = 0
    while done < total and not stopped():
        due = min(total, int((time.monotonic() - start) * rate) + 1)
        if due <= done:
            time.sleep(min(LOOK, max(0.0, start + done / rate - time.monotonic())))
            continue
        place = done % len(frames)
        some = min(AT_ONCE, len(frames) - place, due - done)
        done += _some(sending, prepared, place, some)
    return done


def _prepare(frames: Sequence[bytes]) -> ctypes.Array[_Message]:
    """What sendmmsg takes; it refers to the frames' own memory."""
    vectors = (_Vector * len(frames))(*[_Vector(frame, len(frame)) for frame in frames])
    messages = (_Message * len(frames))()
    for vector, message in zip(vectors, messages, strict=True):
        message.header.vectors = ctypes.pointer(vector)
        message.header.vector_count = 1
    return messages


def _some(sending: socket.socket, messages: ctypes.Array[_Message], place: int, count: int) -> int:
    """Send some of them, waiting while the queue is full; how many were taken."""
    limit = time.monotonic() + PATIENCE
    start = ctypes.byref(messages, place * ctypes.sizeof(_Message))
    while True:
        try:
            return call("sendmmsg", sending.fileno(), start, count, 0)
        except OSError as error:
            if error.errno not in (errno.ENOBUFS, errno.EAGAIN, errno.EINTR):
                raise
            if time.monotonic() > limit:
                raise
            time.sleep(0.0005)
