"""One packet socket in each namespace that sees all of its links, for as long as a probe lasts.

A capture has a ring for each link, which holds much and takes long to make; here a few packets are
wanted within milliseconds.  A program in the kernel lets through only what may belong to a probe,
so that other traffic costs nothing: ARP, ICMP, beginnings and ends of TCP connections, datagrams
that carry our mark or go to the port that is asked for.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass

from nslab.engine import uapi
from nslab.engine.agent.boot.runners import in_background
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.netns.syscalls import call
from nslab.engine.agent.packets import taps
from nslab.engine.agent.packets.filters import LONGEST, Instruction, packed
from nslab.engine.agent.rtnl.observe import Target
from nslab.network.evidence import MAGIC
from nslab.network.names import label

LENGTH = 400
"""Bytes of a frame that are looked at: an ICMP error quotes less than that where it matters."""

_AUXDATA = struct.Struct("=IIIHHHH")
_NET, _PROTOCOL = 0xFFF00000, 0xFFFFF000
"""Where a program finds the network header (SKF_NET_OFF) and the protocol (SKF_AD_PROTOCOL)."""

_MARK = int.from_bytes(MAGIC, "big")


@dataclass(frozen=True)
class Raw:
    """A frame as it was seen: from its network header on."""

    stamp: int
    depth: int
    ns: str
    link: str
    outgoing: bool
    for_others: bool
    protocol: int
    vlan: int
    source_mac: str
    target_mac: str
    data: bytes


def program(port: int, ports: tuple[int, int]) -> tuple[Instruction, ...]:
    """What may belong to a probe.

    :param port: the one that is asked for, 0 if none
    :param ports: the first and the last that probes are sent from
    """
    code: list[tuple[int, int | str, int | str, int]] = [
        (0x28, 0, 0, _PROTOCOL),  # the ethertype
        (0x15, "yes", 0, 0x0806),
        (0x15, "yes", 0, 0x8100),
        (0x15, 4, 0, 0x86DD),
        (0x15, 0, "no", 0x0800),
        (0x30, 0, 0, _NET + 9),  # IPv4: the protocol, and the length of the header into X
        (0xB1, 0, 0, _NET),
        (0x05, 0, 0, 2),
        (0x30, 0, 0, _NET + 6),  # IPv6: the next header, which begins after 40 bytes
        (0x01, 0, 0, 40),
        (0x15, "yes", 0, 1),
        (0x15, "yes", 0, 58),
        (0x15, 2, 0, 6),
        (0x15, 4, "no", 17),
        (0x06, 0, 0, 0),
        (0x50, 0, 0, _NET + 13),  # TCP: SYN or RST
        (0x45, "yes", "no", 0x06),
        (0x06, 0, 0, 0),
        (0x40, 0, 0, _NET + 8),  # UDP: our mark, our ports, or the port that is asked for
        (0x15, "yes", 0, _MARK),
        (0x48, 0, 0, _NET),
        (0x15, "yes", 0, port),
        (0x35, 0, 1, ports[0]),
        (0x25, 0, "yes", ports[1]),
        (0x48, 0, 0, _NET + 2),
        (0x15, "yes", 0, port),
        (0x35, 0, "no", ports[0]),
        (0x25, "no", "yes", ports[1]),
    ]
    ends = {"yes": len(code), "no": len(code) + 1}

    def distance(to: int | str, place: int) -> int:
        return ends[to] - place - 1 if isinstance(to, str) else to

    laid = tuple(
        (kind, distance(true, place), distance(false, place), operand)
        for place, (kind, true, false, operand) in enumerate(code)
    )
    return (*laid, (0x06, 0, 0, LONGEST), (0x06, 0, 0, 0))


class Watch:
    """A socket in a namespace.  Made by a thread inside it; read anywhere."""

    def __init__(self, target: Target, code: bytes) -> None:
        self.label = target.label
        self._devices = {device.name: device for device in taps.devices()}
        self._socket = socket.socket(
            socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, 0
        )
        buffer = ctypes.create_string_buffer(code)
        described = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
        self._socket.setsockopt(socket.SOL_SOCKET, uapi.SO_ATTACH_FILTER, described)
        self._socket.setsockopt(uapi.SOL_PACKET, uapi.PACKET_AUXDATA, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, uapi.SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        address = struct.pack(
            "=HHiHBB8s", socket.AF_PACKET, socket.htons(uapi.ETH_P_ALL), 0, 0, 0, 0, b""
        )
        call("bind", self._socket.fileno(), address, len(address))

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self) -> list[Raw]:
        """What has been seen since the last time."""
        found: list[Raw] = []
        while True:
            try:
                data, extra, _, address = self._socket.recvmsg(LENGTH, 256)
            except BlockingIOError:
                return found
            except UnicodeDecodeError:
                continue  # the link's name is no text, and Python's address must be one
            except OSError:
                return found
            one = self._raw(data, extra, address)
            if one is not None:
                found.append(one)

    def _raw(
        self,
        data: bytes,
        extra: Sequence[tuple[int, int, bytes]],
        address: tuple[str, int, int, int, bytes],
    ) -> Raw | None:
        name, protocol, kind, _, source = address
        device = self._devices.get(label(name.encode()))
        stamp, start, vlan = 0, 14, 0
        for level, which, content in extra:
            if level == socket.SOL_SOCKET and which == uapi.SO_TIMESTAMPNS:
                stamp = _nanoseconds(content)
            elif level == uapi.SOL_PACKET and which == uapi.PACKET_AUXDATA:
                status, _, _, mac, net, tag, _ = _AUXDATA.unpack_from(content)
                start = net - mac
                vlan = tag & 0xFFF if status & _VLAN_VALID else 0
        if protocol == 0x8100 and len(data) >= start + 4:
            vlan, protocol = struct.unpack_from(">HH", data, start)
            vlan, start = vlan & 0xFFF, start + 4
        ethernet = device is not None and device.hardware == 1 and len(data) >= 14
        return Raw(
            stamp=stamp,
            depth=device.depth if device is not None else 0,
            ns=self.label,
            link=label(name.encode()),
            outgoing=kind == uapi.PACKET_OUTGOING,
            for_others=kind == uapi.PACKET_OTHERHOST,
            protocol=protocol,
            vlan=vlan,
            source_mac=data[6:12].hex(":") if ethernet else source.hex(":"),
            target_mac=data[:6].hex(":") if ethernet else "",
            data=data[start:],
        )

    def close(self) -> None:
        self._socket.close()


_VLAN_VALID = 1 << 4
"""TP_STATUS_VLAN_VALID."""


def stamps_come(spaces: sp.Spaces) -> socket.socket:
    """Have the kernel stamp every frame as it passes, and wait until it does.

    Until then a frame gets its time when it is read, and their order is chance.  It is turned on
    in the background (net_enable_timestamp() in net/core/dev.c), and off when the socket that is
    returned and all watches are closed.  A datagram over the internet's loopback tells.
    """
    descriptor = spaces.open("internet")
    try:
        with spaces.inside(descriptor):
            asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    finally:
        os.close(descriptor)
    asking.settimeout(0.05)
    asking.setsockopt(socket.SOL_SOCKET, uapi.SO_TIMESTAMPNS, 1)
    end = time.monotonic() + STAMPS
    with contextlib.suppress(OSError):  # the loopback is down: then it is left to chance
        asking.bind(("127.0.0.1", 0))
        while time.monotonic() < end:
            asking.sendto(b"?", asking.getsockname())
            sent = time.time_ns()
            time.sleep(0.001)
            _, extra, _, _ = asking.recvmsg(16, 64)
            if extra and _nanoseconds(extra[0][2]) <= sent:
                break
    return asking


STAMPS = 0.2
"""Seconds to wait for stamps at most."""


def _nanoseconds(content: bytes) -> int:
    seconds, nanoseconds = struct.unpack("=qq", content[:16])
    return int(seconds * 1_000_000_000 + nanoseconds)


def watches(
    spaces: sp.Spaces, targets: Sequence[Target], port: int, ports: tuple[int, int]
) -> list[Watch]:
    """A watch in each namespace; the thread comes home at the end."""
    code = packed(program(port, ports))
    found: list[Watch] = []
    try:
        for target in targets:
            call("setns", target.descriptor, uapi.CLONE_NEWNET)
            found.append(Watch(target, code))
    except BaseException:
        close(found)
        raise
    finally:
        spaces.go_home()
    return found


def close(some: Sequence[Watch]) -> None:
    """Close them in the background: each waits for the kernel, 8 to 20 ms."""
    in_background([one.close for one in some])
