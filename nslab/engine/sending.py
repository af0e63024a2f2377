"""Sending on a stream without ever waiting for it, and without ever leaving half a message there.

What the pipe takes at once is written by the caller, which is all of a small message.  The rest is
left to a thread, with all that comes after it: it sends whole messages, whatever becomes of those
who wanted them sent.  So Stop need not wait for a pipe that is full, nor break a message in two.
"""

from __future__ import annotations

import os
import select
import socket
import stat
import struct
import threading
from collections import deque

LOOK = 100
"""Milliseconds between two looks whether it was closed, while the pipe is full."""


class Sender:
    """One end of a stream, as a descriptor of our own.

    :param descriptor: is duplicated
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = os.dup(descriptor)
        self._socket: socket.socket | None = None
        if stat.S_ISSOCK(os.fstat(self._descriptor).st_mode):
            # A socket is read at the same descriptor, which must go on waiting there.
            self._socket = socket.socket(fileno=self._descriptor)
        else:
            os.set_blocking(self._descriptor, False)
        self._lock = threading.Lock()
        self._rest: deque[bytes] = deque()
        self._torn = False
        self._failed = False
        self._closed = False
        self._thread: threading.Thread | None = None

    @property
    def descriptor(self) -> int:
        return self._descriptor

    def send(self, body: bytes) -> None:
        """Send one message, or see to it that it is sent.

        :raises OSError: nobody reads it any longer
        """
        data = struct.pack(">I", len(body)) + body
        with self._lock:
            # A foreign SIGINT handler may raise anywhere, even between these lines.
            if self._torn or self._failed or self._closed:
                raise BrokenPipeError
            if self._rest:
                self._rest.append(data)
                return
            self._torn = True
            written = self._write(data)
            if written < len(data):
                self._rest.append(data[written:])
                self._thread = threading.Thread(
                    target=self._send_rest, name="nslab-writer", daemon=True
                )
                self._thread.start()
            self._torn = False

    def _write(self, data: bytes) -> int:
        try:
            if self._socket is not None:
                return self._socket.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except OSError:
            self._failed = True
            raise

    def _send_rest(self) -> None:
        polling = select.poll()
        polling.register(self._descriptor, select.POLLOUT)
        while True:
            polling.poll(LOOK)
            with self._lock:
                if self._closed or not self._rest:
                    self._thread = None
                    if self._closed:
                        self._shut()
                    return
                data = self._rest[0]
                try:
                    written = self._write(data)
                except OSError:
                    self._rest.clear()
                    continue
                if written == len(data):
                    self._rest.popleft()
                else:
                    self._rest[0] = data[written:]

    def close(self) -> None:
        """Send no more.  Closing twice is no error."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._rest.clear()
                if self._thread is None:
                    self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            self._socket.close()
        else:
            os.close(self._descriptor)
