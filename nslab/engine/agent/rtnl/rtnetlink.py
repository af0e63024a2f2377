"""rtnetlink: messages to bytes, bytes to attributes, and a socket that speaks both.

Encoding is done here with :mod:`struct` and not with pyroute2's message classes because building a
hundred namespaces is half encoding: 146 ms with the classes, 95 ms with bytes laid down directly,
80 ms in C.  Dumps are decoded here for the same reason: 25 ms against 420 ms for a hundred
namespaces.  A test decodes what this module encodes with pyroute2 and compares.

Layouts are those of linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, linux/if_bridge.h
and linux/veth.h.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

NLM_F_REQUEST, NLM_F_ACK = 0x1, 0x4
NLM_F_EXCL, NLM_F_CREATE = 0x200, 0x400
NLM_F_DUMP = 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_SETLINK = 16, 17, 18, 19
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTM_GETNEIGH = 30
RTM_GETNETCONF = 82
RTM_GETNSID = 90

IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_LINK, IFLA_MASTER = 1, 3, 4, 5, 10
IFLA_OPERSTATE, IFLA_LINKINFO, IFLA_NET_NS_PID, IFLA_NET_NS_FD = 16, 18, 19, 28
IFLA_AF_SPEC, IFLA_EXT_MASK, IFLA_PROMISCUITY = 26, 29, 30
IFLA_NUM_TX_QUEUES, IFLA_NUM_RX_QUEUES, IFLA_LINK_NETNSID = 31, 32, 37
IFLA_INFO_KIND, IFLA_INFO_DATA, IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA = 1, 2, 4, 5
IFLA_BR_FORWARD_DELAY, IFLA_BR_STP_STATE = 1, 5
IFLA_BR_VLAN_FILTERING, IFLA_BR_MCAST_SNOOPING = 7, 23
IFLA_BRPORT_STATE, IFLA_BRPORT_LEARNING, IFLA_BRPORT_UNICAST_FLOOD = 1, 8, 9
VETH_INFO_PEER = 1
IFLA_MACVLAN_MODE, IFLA_IPVLAN_MODE, IFLA_VLAN_ID = 1, 1, 1
IFLA_BRIDGE_VLAN_INFO = 2
BRIDGE_VLAN_INFO_PVID, BRIDGE_VLAN_INFO_UNTAGGED = 2, 4
RTEXT_FILTER_BRVLAN, RTEXT_FILTER_SKIP_STATS = 2, 8
AF_BRIDGE = 7

IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST = 1, 2, 4
RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_PREFSRC = 1, 4, 5, 6, 7
RTA_MULTIPATH, RTA_TABLE = 9, 15
NDA_DST, NDA_LLADDR, NDA_MASTER = 1, 2, 9
NETNSA_NSID, NETNSA_FD = 1, 3
NETCONFA_IFINDEX, NETCONFA_FORWARDING, NETCONFA_RP_FILTER = 1, 2, 3

IFF_UP, IFF_PROMISC, IFF_LOWER_UP = 0x1, 0x100, 0x10000

SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 270, 10, 11
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
NLMSGERR_ATTR_MSG = 1

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_IFINFO = struct.Struct("=BBHiII")
_U16 = struct.Struct("=H")
_U32 = struct.Struct("=I")
_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")


def attribute(kind: int, payload: bytes) -> bytes:
    """One attribute, padded to four bytes."""
    size = 4 + len(payload)
    return _ATTRIBUTE.pack(size, kind) + payload + _PADDING[size & 3]


def nested(kind: int, *attributes: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(kind, b"".join(attributes))


def text(kind: int, value: str) -> bytes:
    """A name, ended by a zero."""
    return attribute(kind, value.encode() + b"\0")


def u32(kind: int, value: int) -> bytes:
    return attribute(kind, _U32.pack(value))


def u16(kind: int, value: int) -> bytes:
    return attribute(kind, _U16.pack(value))


def u8(kind: int, value: int) -> bytes:
    return attribute(kind, bytes((value,)))


def ifinfo(index: int = 0, flags: int = 0, change: int = 0, family: int = 0) -> bytes:
    """struct ifinfomsg."""
    return _IFINFO.pack(family, 0, 0, index, flags, change)


def attributes(buffer: bytes, start: int, end: int) -> dict[int, bytes]:
    """The attributes between two offsets, by kind (the last one of a kind wins)."""
    found: dict[int, bytes] = {}
    unpack = _ATTRIBUTE.unpack_from
    while start + 4 <= end:
        size, kind = unpack(buffer, start)
        if size < 4:
            break
        found[kind & 0x3FFF] = buffer[start + 4 : start + size]
        start += (size + 3) & ~3
    return found


@lru_cache(maxsize=2048)
def decoded(message: bytes, start: int = 0) -> Mapping[int, bytes]:
    """The attributes of a message, from an offset to its end; not to be changed.

    Kept, because most of what a look brings is what the look before brought, and because every
    namespace's loopback device says the same; decoding is half of a look's time.
    """
    return attributes(message, start, len(message))


class Refused(Exception):
    """The kernel answered a message with an error.

    ``number`` is the message's place in its buffer, from 0; ``detail`` the kernel's own words.
    """

    def __init__(self, number: int, errno: int, detail: str = "") -> None:
        super().__init__(number, errno, detail)
        self.number = number
        self.errno = errno
        self.detail = detail


class Socket:
    """A netlink socket in the network namespace of the thread that makes it, for ever."""

    def __init__(self, protocol: int = socket.NETLINK_ROUTE) -> None:
        # SOCK_DGRAM or SOCK_RAW are the same to netlink.  The receive buffer must hold all the
        # acknowledgements of a batch; SO_RCVBUFFORCE (33) needs CAP_NET_ADMIN in the first user
        # namespace and is not to be had, so batches are kept short instead.
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, protocol
        )
        self._socket.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self._socket.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def send(self, messages: list[tuple[int, int, bytes]]) -> None:
        """Send messages of (type, flags, body) at once and wait until all are done.

        Only the last asks for an acknowledgement: messages of one buffer are worked off in order,
        and errors are reported unasked.  A later message is tried although an earlier failed.

        :raises Refused: the first that the kernel refused
        """
        last = len(messages) - 1
        parts: list[bytes] = []
        for number, (kind, flags, body) in enumerate(messages):
            flags |= NLM_F_REQUEST | (NLM_F_ACK if number == last else 0)
            parts += (_HEADER.pack(16 + len(body), kind, flags, number, 0), body)
        self._socket.sendto(b"".join(parts), (0, 0))
        first: Refused | None = None
        while True:
            buffer = self._socket.recv(65536)
            offset = 0
            while offset < len(buffer):
                size, kind, flags, number, _ = _HEADER.unpack_from(buffer, offset)
                if kind == NLMSG_ERROR:
                    (code,) = struct.unpack_from("=i", buffer, offset + 16)
                    if code and first is None:
                        first = Refused(number, -code, _words(buffer, offset, size, flags))
                    if number == last:
                        if first:
                            raise first
                        return
                offset += (size + 3) & ~3

    def dump(
        self, kind: int, body: bytes, header: int, skip: Callable[[bytes], bool] | None = None
    ) -> Iterator[tuple[bytes, Mapping[int, bytes]]]:
        """Ask for all of a kind: yields (the first ``header`` bytes, attributes) of each.

        :param skip: whether a header is of no interest, so that its attributes are not decoded
        """
        self._socket.sendto(
            _HEADER.pack(16 + len(body), kind, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + body, (0, 0)
        )
        unpack = _HEADER.unpack_from
        while True:
            # The kernel puts 32 KiB at most into one piece of a dump (netlink_dump()).  Python maps
            # and unmaps memory for a larger buffer, each time.
            buffer = self._socket.recv(65536)
            offset, end = 0, len(buffer)
            while offset < end:
                size, answer, _, _, _ = unpack(buffer, offset)
                if answer == NLMSG_DONE:
                    return
                if answer == NLMSG_ERROR:
                    (code,) = struct.unpack_from("=i", buffer, offset + 16)
                    raise OSError(-code, os.strerror(-code))
                start = offset + 16
                first = buffer[start : start + header]
                if skip is None or not skip(first):
                    yield first, decoded(buffer[start : offset + size], header)
                offset += (size + 3) & ~3

    def ask(self, messages: list[tuple[int, bytes]]) -> list[tuple[bytes, bool]]:
        """Send questions of (type, body) at once; each is answered by (body, whether it went)."""
        self._socket.sendto(
            b"".join(
                _HEADER.pack(16 + len(body), kind, NLM_F_REQUEST, number, 0) + body
                for number, (kind, body) in enumerate(messages)
            ),
            (0, 0),
        )
        answers: dict[int, tuple[bytes, bool]] = {}
        while len(answers) < len(messages):
            buffer = self._socket.recv(65536)
            offset = 0
            while offset < len(buffer):
                size, kind, _, number, _ = _HEADER.unpack_from(buffer, offset)
                answers[number] = (buffer[offset + 16 : offset + size], kind != NLMSG_ERROR)
                offset += (size + 3) & ~3
        return [answers[number] for number in range(len(messages))]


def _words(buffer: bytes, offset: int, size: int, flags: int) -> str:
    """The kernel's extended acknowledgement: its own sentence about what was wrong."""
    if not flags & NLM_F_ACK_TLVS:
        return ""
    start = offset + 20 + 16  # the error code and the header of the refused message
    if not flags & NLM_F_CAPPED:
        (refused,) = struct.unpack_from("=I", buffer, offset + 20)
        start = offset + 20 + ((refused + 3) & ~3)
    message = attributes(buffer, start, offset + size).get(NLMSGERR_ATTR_MSG, b"")
    return message.rstrip(b"\0").decode(errors="replace")
