"""The pseudo-host's NIC filters by address, as hardware does: an emulation, and an honest one.

A veth takes in every frame; a real NIC takes in what is meant for it, unless it is promiscuous.
So the switch's port towards the host gets a packet filter at its egress (nftables, family netdev)
that drops unicast frames for other addresses.  It follows the kernel's own account of what the NIC
has been asked for: IFLA_PROMISCUITY, and the device's list of unicast addresses (what ``bridge fdb
show dev eth0`` calls ``self permanent``).

A device without IFF_UNICAST_FLT, as veth is, counts one promiscuity for a list that is not empty
(__dev_set_rx_mode() in net/core/dev.c); hardware with a list of its own would not, so that one is
taken off again.

The rule is made once by nft(8).  Afterwards only the elements of two sets change, by a message of
our own: a program started each time would be slower than the ping that the learner types next.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import threading
from collections.abc import Callable

from nslab.engine import uapi
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.errors import NslabError

PORT = "to-host"
"""The switch's port towards the host."""

_RULES = f"""
table netdev nic {{
    set promiscuous {{ type iface_index; }}
    set addresses {{ type ether_addr; }}
    chain wire {{
        type filter hook egress device "{PORT}" priority 0; policy accept;
        meta oif @promiscuous accept
        ether daddr & 01:00:00:00:00:00 == 00:00:00:00:00:00 ether daddr != @addresses counter drop
    }}
}}
"""

_NEW_ELEMENT, _DELETE_ELEMENT = (10 << 8) | 12, (10 << 8) | 14


class Nic:
    """Makes the filter and keeps it in step, for one lab.

    :param run: runs a small program in this thread's network namespace: its code and its words
    :raises NslabError: the kernel or this machine has no such filter
    """

    def __init__(self, spaces: sp.Spaces, run: Callable[..., tuple[int, str]]) -> None:
        self._spaces = spaces
        self._lock = threading.Lock()
        self._known: tuple[bool, frozenset[bytes]] = (False, frozenset())
        switch = spaces.open("switch")
        try:
            with spaces.inside(switch):
                code, words = run(("nft", "-f", "-"), _RULES.encode())
                if code:
                    last = words.splitlines()[-1] if words else f"nft ended with {code}"
                    raise NslabError(
                        "make the NIC filter by address",
                        "",
                        last,
                        "it needs Linux 5.16 or later, with the netdev family's egress hook",
                    )
                self._port = socket.if_nametoindex(PORT)
                self._filter = socket.socket(
                    socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, uapi.NETLINK_NETFILTER
                )
        finally:
            os.close(switch)
        self._index = socket.if_nametoindex("eth0")
        self._asking = w.Socket()
        self._events = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
        )
        try:
            # A macvlan on the NIC may come up in a namespace that it was moved to.
            self._events.setsockopt(uapi.SOL_NETLINK, uapi.NETLINK_LISTEN_ALL_NSID, 1)
        except OSError:
            pass  # looked at with each step all the same
        self._events.bind((0, uapi.RTMGRP_LINK))
        self.follow()
        threading.Thread(target=self._watch, name="nic", daemon=True).start()

    def follow(self) -> None:
        """Put the filter in step with what the kernel says of the NIC now."""
        with self._lock:
            try:
                wanted = self._wanted()
            except OSError:
                return  # the NIC is elsewhere, or gone: the filter stays as it was
            if wanted == self._known:
                return
            (was, old), (now, new) = self._known, wanted
            changes = [(_NEW_ELEMENT, "addresses", mac) for mac in sorted(new - old)]
            changes += [(_DELETE_ELEMENT, "addresses", mac) for mac in sorted(old - new)]
            if was != now:
                kind = _NEW_ELEMENT if now else _DELETE_ELEMENT
                changes.append((kind, "promiscuous", struct.pack("=I", self._port)))
            self._send(changes)
            self._known = wanted

    def _wanted(self) -> tuple[bool, frozenset[bytes]]:
        """Whether the NIC takes in everything, and else for which addresses."""
        ((body, there),) = self._asking.ask([(uapi.RTM_GETLINK, w.ifinfo(self._index))])
        if not there:
            raise OSError(errno.ENODEV, "the NIC is not there")
        found = w.attributes(body, 16, len(body))
        (promiscuity,) = struct.unpack("=I", found[uapi.IFLA_PROMISCUITY])
        listed = set()
        for header, entry in self._asking.dump(
            uapi.RTM_GETNEIGH, w.ifinfo(self._index, family=uapi.AF_BRIDGE), 12
        ):
            _, _, _, index, _, flags, _ = struct.unpack("=BBHiHBB", header)
            mac = entry.get(uapi.NDA_LLADDR, b"")
            if index == self._index and flags & uapi.NTF_SELF and mac and not mac[0] & 1:
                listed.add(mac)
        listed.discard(found[uapi.IFLA_ADDRESS])
        promiscuous = promiscuity - bool(listed) > 0
        return promiscuous, frozenset(listed | {found[uapi.IFLA_ADDRESS]})

    def _send(self, changes: list[tuple[int, str, bytes]]) -> None:
        """Change the elements of the sets, all at once."""
        parts = [_message(uapi.NFNL_MSG_BATCH_BEGIN, 0, 0, 10)]
        for number, (kind, name, key) in enumerate(changes, 1):
            flags = uapi.NLM_F_ACK if number == len(changes) else 0
            element = w.nested(1 | _NESTED, w.attribute(1, key))
            body = w.text(1, "nic") + w.text(2, name)
            body += w.nested(3 | _NESTED, w.nested(1 | _NESTED, element))
            if kind == _NEW_ELEMENT:
                flags |= uapi.NLM_F_CREATE
            parts.append(_message(kind, flags, number, 0, body))
        parts.append(_message(uapi.NFNL_MSG_BATCH_END, 0, 0, 10))
        self._filter.sendto(b"".join(parts), (0, 0))
        answer = self._filter.recv(65536)
        (code,) = struct.unpack_from("=i", answer, 16)
        if code:
            raise OSError(-code, os.strerror(-code))

    def _watch(self) -> None:
        while True:
            try:
                self._events.recv(65536)
            except OSError:
                pass  # too many events for its buffer: what is now is all that counts
            self.follow()


_NESTED = 0x8000


def _message(kind: int, flags: int, number: int, resource: int, body: bytes = b"") -> bytes:
    """A message of nfnetlink: a header, struct nfgenmsg (the resource in network order), a body."""
    family = (
        0 if kind in (uapi.NFNL_MSG_BATCH_BEGIN, uapi.NFNL_MSG_BATCH_END) else uapi.NFPROTO_NETDEV
    )
    general = struct.pack("=BB", family, 0) + struct.pack(">H", resource)
    size = 20 + len(body)
    return struct.pack("=IHHII", size, kind, flags | uapi.NLM_F_REQUEST, number, 0) + general + body
