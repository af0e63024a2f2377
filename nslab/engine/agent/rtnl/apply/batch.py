"""What one call of apply has open and has learned so far, and the messages that wait to be sent.

The families beside this module say what each action asks; this one decides when it goes out.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any

from nslab.engine import explain, uapi
from nslab.engine.agent.boot.init import Init
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.errors import KernelRefused
from nslab.network import actions as act

BATCH = 64
"""Messages in one buffer: all their errors must fit the socket's receive buffer."""


_RENAMING = (
    act.AddBridge,
    act.AddVeth,
    act.AddMacvlan,
    act.AddIpvlan,
    act.AddVlan,
    act.Move,
    act.Rename,
    act.DeleteLink,
)
"""What may change which link has which name."""


class Batch:
    """One call of apply: the sockets, descriptors and indexes that it has learned so far."""

    def __init__(self, spaces: sp.Spaces, init: Init, *, careful: bool) -> None:
        self.spaces = spaces
        self.init = init
        self._limit = 1 if careful else BATCH
        self.descriptors: dict[str | None, int] = {}
        self.sockets: dict[str | None, w.Socket] = {}
        self.indexes: dict[tuple[str | None, str], int] = {}
        self._pending: list[tuple[int, int, bytes]] = []
        self._owners: list[act.Action] = []
        self._where: str | None = None
        """The namespace that the pending messages are for."""
        self.away = False
        self._renaming = False
        """Whether a pending message may change which link has which name."""

    def close(self) -> None:
        self.come_home()
        for asking in self.sockets.values():
            asking.close()
        for descriptor in self.descriptors.values():
            os.close(descriptor)

    def flush(self) -> None:
        """Send what waits in the buffer."""
        if not self._pending:
            return
        messages, owners = self._pending, self._owners
        self._pending, self._owners = [], []
        self._renaming = False
        try:
            self.socket(self._where).send(messages)
        except w.Refused as refused:
            action = owners[refused.number]
            raise explain.explain(action, refused.errno, refused.detail) from None

    # -- namespaces, sockets, indexes ----------------------------------------------------------

    def come_home(self) -> None:
        if self.away:
            self.spaces.go_home()
            self.away = False

    def descriptor(self, ns: str | None, action: act.Action) -> int:
        descriptor = self.descriptors.get(ns)
        if descriptor is None:
            try:
                descriptor = self.spaces.open(ns)
            except FileNotFoundError:
                raise explain.namespace_missing(action.title, ns or "host") from None
            self.descriptors[ns] = descriptor
        return descriptor

    def socket(self, ns: str | None) -> w.Socket:
        socket = self.sockets.get(ns)
        if socket is None:
            with self.spaces.inside(self.descriptors[ns]):
                socket = self.sockets[ns] = w.Socket()
            self.away = False
        return socket

    def keep(self, ns: str, descriptor: int, socket: w.Socket) -> None:
        """Know a namespace that has just been made."""
        self.descriptors[ns] = descriptor
        self.sockets[ns] = socket
        self.indexes[ns, "lo"] = 1

    def forget(self, ns: str | None) -> None:
        """Let go of a namespace, so that this very process does not keep it alive."""
        self.flush()
        if ns in self.sockets:
            self.sockets.pop(ns).close()
        if ns in self.descriptors:
            os.close(self.descriptors.pop(ns))

    def index(self, ns: str | None, link: str, action: act.Action) -> int:
        """The ifindex of a link.

        :raises OSError: ENODEV
        """
        index = self.indexes.get((ns, link))
        if index is None:
            if self._renaming:
                self.flush()
            self.descriptor(ns, action)
            request = struct.pack("16si20x", link.encode(), 0)
            try:
                answer = fcntl.ioctl(self.socket(ns).fileno(), uapi.SIOCGIFINDEX, request)
            except OSError:
                self.flush()  # what was asked for earlier may have failed, too, and comes first
                raise
            index = self.indexes[ns, link] = struct.unpack_from("i", answer, 16)[0]
        return index

    def send(self, action: act.Action, ns: str | None, kind: int, flags: int, body: bytes) -> None:
        self.descriptor(ns, action)
        if self._pending and (ns != self._where or len(self._pending) >= self._limit):
            self.flush()
        self._where = ns
        self._pending.append((kind, flags, body))
        self._owners.append(action)
        self._renaming |= isinstance(action, _RENAMING)
        if self._limit == 1:
            self.flush()

    def run(self, action: act.Action, ns: str | None, argv: Sequence[str], given: str) -> None:
        """Run a tool in a namespace; what it prints is the cause if it fails."""
        self.flush()
        with self.spaces.inside(self.descriptor(ns, action)):
            code, output = self.init.run(argv, given.encode())
        if code:
            raise KernelRefused(
                action.operation,
                action.subject,
                output or f"{argv[0]} ended with {code}",
                "look at the rules that are there: nft list ruleset",
            )

    def change(
        self, action: act.Action, link: str, more: bytes = b"", flags: int = 0, change: int = 0
    ) -> None:
        """RTM_NEWLINK without NLM_F_CREATE: change a link that is there, found by its name."""
        ns: str | None = getattr(action, "ns", None)
        body = w.ifinfo(0, flags, change) + w.text(uapi.IFLA_IFNAME, link) + more
        self.send(action, ns, uapi.RTM_NEWLINK, 0, body)


Doer = Callable[[Batch, Any], None]
"""Does one action, or puts it in the buffer.

:raises OSError: the kernel's errno, to be explained
"""


def link_info(kind: str, data: bytes) -> bytes:
    parts = w.attribute(uapi.IFLA_INFO_KIND, kind.encode())
    if data:
        parts += w.attribute(uapi.IFLA_INFO_DATA, data)
    return w.attribute(uapi.IFLA_LINKINFO, parts)


def packed_address(address: str) -> tuple[int, bytes]:
    """The family of an address that has been checked, and its bytes: a tenth of ipaddress' time."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return family, socket.inet_pton(family, address)


def mac_bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))
