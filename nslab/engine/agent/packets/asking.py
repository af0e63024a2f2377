"""The packets of a probe: sent from a namespace, and what comes back to their own sockets.

A socket is the witness of an answer, not a tap: what the packet filter drops on its last step is
seen on the link and never arrives.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
from dataclasses import dataclass

from nslab.engine.agent.packets import recognise
from nslab.engine.agent.packets.recognise import Marks
from nslab.network.evidence import FIRST_PORT, LAST_PORT, Outcome, Probe

_IP_MTU_DISCOVER, _IPV6_MTU_DISCOVER, _IPV6_DONTFRAG = 10, 23, 62
_INTERFACE = 4
"""IP_PMTUDISC_INTERFACE: what an ICMP error says of the MTU is not remembered by the kernel, so no
route is left behind by the probe."""

_DONT_FRAGMENT = 0x4000
_TRANSIENT = (errno.EHOSTUNREACH,)
"""A neighbour that did not answer before may answer now: not the last word."""


@dataclass
class Reply:
    """What came back, and whether it is the last word."""

    outcome: Outcome
    final: bool = True


class Asking:
    """The sockets of one probe.  Made, and sent from, by a thread inside the namespace."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.v6 = ":" in probe.target
        self.family = socket.AF_INET6 if self.v6 else socket.AF_INET
        ident = int.from_bytes(os.urandom(2), "big")
        self.marks = Marks(nonce=os.urandom(4), ident=ident, v6=self.v6)
        self.sent = 0
        self.source = ""
        self._open: dict[int, tuple[socket.socket, int]] = {}
        self._listening = self._raw()
        if probe.protocol != "icmp":
            for attempt in range(3):
                self._ready(attempt)

    def _raw(self) -> socket.socket:
        """Hears the ICMP of the namespace: replies to an echo, and errors about anything."""
        protocol = socket.IPPROTO_ICMPV6 if self.v6 else socket.IPPROTO_ICMP
        flags = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        raw = socket.socket(self.family, flags, protocol)
        level, option = (41, _IPV6_MTU_DISCOVER) if self.v6 else (0, _IP_MTU_DISCOVER)
        with contextlib.suppress(OSError):
            raw.setsockopt(level, option, _INTERFACE)
        return raw

    def _ready(self, attempt: int) -> None:
        """A socket for an attempt, on a port that is ours alone."""
        kind = socket.SOCK_STREAM if self.probe.protocol == "tcp" else socket.SOCK_DGRAM
        one = socket.socket(self.family, kind | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        start = int.from_bytes(os.urandom(2), "big")
        for number in range(LAST_PORT - FIRST_PORT + 1):
            port = FIRST_PORT + (start + number) % (LAST_PORT - FIRST_PORT + 1)
            try:
                one.bind(("", port))
            except OSError:
                continue
            self.marks.ports[port] = attempt
            self._open[one.fileno()] = one, attempt
            return
        one.close()

    @property
    def descriptors(self) -> list[int]:
        """Those that become readable when something came back."""
        return [self._listening.fileno()] + [
            number for number, (_, attempt) in self._open.items() if attempt < self.sent
        ]

    @property
    def connecting(self) -> list[int]:
        """Those that become writable when a connection is there, or refused."""
        return self.descriptors[1:] if self.probe.protocol == "tcp" else []

    # -- sending -------------------------------------------------------------------------------

    def send(self) -> Reply | None:
        """Send the next one; what the kernel said at once, if it did not take it."""
        attempt, self.sent = self.sent, self.sent + 1
        try:
            if self.probe.protocol == "icmp":
                self._echo(attempt)
            else:
                self._connect(attempt)
        except OSError as error:
            number = error.errno or 0
            words = os.strerror(number)
            outcome = Outcome(kind="unsent", errno=number, words=words)
            return Reply(outcome, number not in _TRANSIENT)
        return None

    def _connect(self, attempt: int) -> None:
        one = next((s for s, number in self._open.values() if number == attempt), None)
        if one is None:
            raise OSError(errno.EADDRNOTAVAIL, "no port is free")
        with contextlib.suppress(BlockingIOError):
            one.connect((self.probe.target, self.probe.port))
        self.source = self.source or str(one.getsockname()[0])
        if self.probe.protocol == "udp":
            one.send(self.marks.token + bytes((attempt,)) + b"\n")
        elif self.probe.protocol == "dns":
            one.send(question(self.marks.ident, self.probe.name))

    def _echo(self, attempt: int) -> None:
        carried = self.marks.token + bytes((attempt,)) + bytes(range(256))
        length = 16 if self.probe.size is None else self.probe.size
        carried = (carried * (length // len(carried) + 1))[:length]
        kind = 128 if self.v6 else 8
        body = struct.pack(">BBHHH", kind, 0, 0, self.marks.ident, attempt + 1) + carried
        if self.v6:  # the kernel puts in the checksum
            if self.probe.size is not None:
                self._listening.setsockopt(41, _IPV6_DONTFRAG, 1)
            self._listening.sendto(body, (self.probe.target, 0))
            return
        body = body[:2] + struct.pack(">H", checksum(body)) + body[4:]
        if self.probe.size is None:
            self._listening.sendto(body, (self.probe.target, 0))
            return
        # Laid down whole, because only so it may not be fragmented and yet no MTU is remembered.
        target = socket.inet_aton(self.probe.target)
        head = struct.pack(
            ">BBHHHBBH4s4s", 0x45, 0, 0, 0, _DONT_FRAGMENT, 64, 1, 0, bytes(4), target
        )
        self._listening.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
        self._listening.sendto(head + body, (self.probe.target, 0))

    # -- hearing -------------------------------------------------------------------------------

    def hear(self, descriptor: int) -> Reply | None:
        """What a descriptor has that is ready; None if it is nothing of ours."""
        if descriptor == self._listening.fileno():
            return self._icmp()
        one, _ = self._open.get(descriptor, (None, 0))
        if one is None:
            return None
        try:
            if self.probe.protocol == "tcp":
                return self._connected(one)
            data = one.recv(4096)
        except BlockingIOError:
            return None
        except OSError as error:
            return self._failed(descriptor, error.errno or 0)
        if self.probe.protocol == "dns":
            rcode, records = answer(data, self.marks.ident)
            if rcode < 0:
                return None
            return Reply(
                Outcome(kind="reply", source=self.probe.target, rcode=rcode, records=records)
            )
        return Reply(Outcome(kind="reply", source=self.probe.target))

    def _connected(self, one: socket.socket) -> Reply | None:
        number = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            return self._failed(one.fileno(), number)
        try:
            one.getpeername()
        except OSError:
            return None
        return Reply(Outcome(kind="reply", source=self.probe.target))

    def _failed(self, descriptor: int, number: int) -> Reply:
        """Of an ICMP error the raw socket tells more, so that it is not the last word."""
        one, _ = self._open.pop(descriptor)
        one.close()
        refused = number == errno.ECONNREFUSED and self.probe.protocol == "tcp"
        kind = "refused" if refused else "unsent"
        outcome = Outcome(kind=kind, errno=number, words=os.strerror(number))  # type: ignore[arg-type]
        return Reply(outcome, refused)

    def _icmp(self) -> Reply | None:
        try:
            data, address = self._listening.recvfrom(2048)
        except OSError:
            return None
        if self.v6:
            found = recognise.Packet(6, str(address[0]).partition("%")[0], "", 0, 58, data)
        else:
            inside = recognise.packet(data)
            if inside is None:
                return None
            found = inside
        part = recognise.part(found, self.marks)
        if part is None or part.what == "request":
            return None
        if part.what == "answer":
            return Reply(Outcome(kind="reply", source=found.source))
        if part.icmp[0] == 5 and not self.v6:
            return None  # a redirect: the packet was passed on
        outcome = Outcome(
            kind="error", source=found.source, words=part.words, icmp=part.icmp, mtu=part.mtu
        )
        again = part.icmp in (((1, 3),) if self.v6 else ((3, 1),))
        return Reply(outcome, not again)

    def close(self) -> None:
        self._listening.close()
        for one, _ in self._open.values():
            one.close()


def checksum(data: bytes) -> int:
    """The checksum of the internet's protocols (RFC 1071)."""
    data += b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def question(ident: int, name: str) -> bytes:
    """A DNS question for a name's IPv4 address."""
    labels = [part.encode("idna") for part in name.rstrip(".").split(".")]
    asked = b"".join(bytes((len(part),)) + part for part in labels)
    return struct.pack(">HHHHHH", ident, 0x0100, 1, 0, 0, 0) + asked + b"\0\0\1\0\1"


def answer(data: bytes, ident: int) -> tuple[int, tuple[str, ...]]:
    """The code and the addresses of a DNS answer; -1 if it is none to our question."""
    if len(data) < 12:
        return -1, ()
    number, flags, questions, answers, _, _ = struct.unpack_from(">HHHHHH", data)
    if number != ident or not flags & 0x8000:
        return -1, ()
    found: list[str] = []
    try:
        place = 12
        for _ in range(questions):
            place = _after_name(data, place) + 4
        for _ in range(answers):
            place = _after_name(data, place)
            kind, _, _, length = struct.unpack_from(">HHIH", data, place)
            place += 10
            if kind == 1 and length == 4:
                found.append(socket.inet_ntop(socket.AF_INET, data[place : place + 4]))
            place += length
    except (struct.error, IndexError, ValueError):
        pass  # cut short: what was read counts
    return flags & 15, tuple(found)


def _after_name(data: bytes, place: int) -> int:
    while data[place]:  # a name is labels, or a pointer to some
        if data[place] & 0xC0:
            return place + 2
        place += 1 + data[place]
    return place + 1
