"""A virtual machine's emulated network cards, brought into its lab.

The machine has two, on one hub (:mod:`nslab.engine.vm.qemu`), in the network namespace that it
started with.  The lab has no right to that one, so a process stays there that hands them over: it
is sent a namespace as a descriptor, and moves a card to it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from nslab.engine import uapi
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.engine.messages import CARDS


class Porter:
    """Asks the process that has the cards for them."""

    def __init__(self) -> None:
        self._asking, serving = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            self._asking.close()
            try:
                _serve(serving)
            finally:
                os._exit(0)
        serving.close()

    def bring(self, card: str, namespace: int) -> None:
        """Move a card to a namespace, and call it by its name there.

        :param namespace: a descriptor of it
        :raises OSError: there is no such card, or the kernel refuses
        """
        socket.send_fds(self._asking, [card.encode()], [namespace])
        errno = int(self._asking.recv(16) or b"5")
        if errno:
            raise OSError(errno, os.strerror(errno), card)


def _serve(serving: socket.socket) -> None:
    """Until nobody asks any longer."""
    while True:
        name, descriptors, _, _ = socket.recv_fds(serving, 64, 1)
        if not descriptors:
            return
        errno = 0
        try:
            _move(name.decode(), descriptors[0])
        except w.Refused as refused:
            errno = refused.errno
        except OSError as error:
            errno = error.errno or 5
        for descriptor in descriptors:
            os.close(descriptor)
        serving.send(str(errno).encode())


def _move(card: str, namespace: int) -> None:
    asking = w.Socket()
    try:
        index = _index(asking, bytes.fromhex(CARDS[card].replace(":", "")))
        body = (
            w.ifinfo(index) + w.text(uapi.IFLA_IFNAME, card) + w.u32(uapi.IFLA_NET_NS_FD, namespace)
        )
        asking.send([(uapi.RTM_NEWLINK, 0, body)])
    finally:
        asking.close()


def _index(asking: w.Socket, mac: bytes) -> int:
    found = 0
    for header, attributes in asking.dump(uapi.RTM_GETLINK, w.ifinfo(), 16):
        if attributes.get(uapi.IFLA_ADDRESS) == mac:
            found = int.from_bytes(header[4:8], "little")
    if not found:
        raise FileNotFoundError(2, os.strerror(2))
    return found


Bring = Callable[[str, int], None]
"""How :meth:`Porter.bring` is asked for."""
