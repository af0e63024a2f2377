"""A frame in a line: who to whom, and what.  By struct alone.

scapy knows far more, but its import takes a second and a frame 0.3 ms, which is too long for a
table; one frame that is opened goes to scapy (see :mod:`nslab.frames.dissect`).

What differs from run to run is left out or named: MACs stand as the links that have them, ports
that the kernel drew as letters, identifiers and sequence numbers not at all.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple

from nslab.network.model import Frame

BROADCAST = b"\xff" * 6
EVERYONE = "everyone"
"""What stands in place of the name of who has that MAC."""
EPHEMERAL = 32768
"""From here on the kernel draws a client's port (net.ipv4.ip_local_port_range)."""

_DNS_TYPES = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    12: "PTR",
    15: "MX",
    16: "TXT",
    28: "AAAA",
    33: "SRV",
    255: "ANY",
}
_DNS_CODES = {0: "", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
_UNREACHABLE = {
    0: "network",
    1: "host",
    2: "protocol",
    3: "port",
    4: "(fragmentation needed)",
    9: "network",
    10: "host",
    13: "(prohibited)",
}
_TCP_FLAGS = (
    (0x02, "SYN"),
    (0x01, "FIN"),
    (0x04, "RST"),
    (0x08, "PSH"),
    (0x10, "ACK"),
    (0x20, "URG"),
)
_ETHERTYPES = {
    0x8847: "MPLS",
    0x88CC: "LLDP",
    0x8863: "PPPoE discovery",
    0x8864: "PPPoE",
    0x888E: "802.1X",
}


class Line(NamedTuple):
    """A frame in a line."""

    source: str
    target: str
    what: str


class Names:
    """Stable names for what differs from run to run."""

    def __init__(self, macs: Mapping[str, str] | None = None) -> None:
        self._macs = macs or {}
        self._ports: dict[int, str] = {}

    def mac(self, packed: bytes) -> str:
        """The link that has a MAC; the MAC itself if none of the lab has it."""
        if packed == BROADCAST:
            return EVERYONE
        text = packed.hex(":")
        return self._macs.get(text, text)

    def port(self, number: int) -> str:
        """A port; one that the kernel drew as a letter, in the order in which they appear."""
        if number < EPHEMERAL:
            return str(number)
        if number not in self._ports:
            count = len(self._ports)
            letter = "abcdefghijklmnopqrstuvwxyz"[count % 26]
            self._ports[number] = letter * (count // 26 + 1)
        return self._ports[number]


class _Short(Exception):
    """The frame ends before what its headers promise."""


def summarise(frame: Frame, names: Names | None = None) -> Line:
    """The line of a frame; never fails, whatever the bytes are."""
    names = names or Names()
    data = frame.data
    if not frame.ethernet:
        return _layer3(0x0800 if data[:1] < b"\x50" else 0x86DD, data, "", "", names)
    if len(data) < 14:
        return Line("", "", f"cut off: {len(data)} bytes are no Ethernet header")
    target, source = names.mac(data[:6]), names.mac(data[6:12])
    (ethertype,) = struct.unpack_from(">H", data, 12)
    start, tags = 14, ""
    while ethertype in (0x8100, 0x88A8) and len(data) >= start + 4:
        tci, ethertype = struct.unpack_from(">HH", data, start)
        tags += f"VLAN {tci & 0xFFF}: "
        start += 4
    line = _layer3(ethertype, data[start:], source, target, names)
    return line._replace(what=tags + line.what) if tags else line


def _layer3(ethertype: int, data: bytes, source: str, target: str, names: Names) -> Line:
    reader = {0x0806: _arp, 0x0800: _ipv4, 0x86DD: _ipv6}.get(ethertype)
    if reader is None:
        if ethertype < 0x0600:
            known = data[:3] == b"\x42\x42\x03"
            what = "spanning tree: who is the root?" if known else "802.3"
            return Line(source, "bridges" if known else target, what)
        name = _ETHERTYPES.get(ethertype, f"type 0x{ethertype:04x}")
        return Line(source, target, f"{name}, {len(data)} bytes")
    try:
        return reader(data, source, target, names)
    except (_Short, struct.error, IndexError):
        name = {0x0806: "ARP", 0x0800: "IPv4", 0x86DD: "IPv6"}[ethertype]
        return Line(source, target, f"{name}, cut off or malformed")


def _take(data: bytes, start: int, size: int) -> bytes:
    piece = data[start : start + size]
    if len(piece) < size:
        raise _Short
    return piece


def _arp(data: bytes, source: str, target: str, names: Names) -> Line:
    hardware, protocol, hardware_size, size, operation = struct.unpack_from(">HHBBH", data)
    if (hardware, protocol, hardware_size, size) != (1, 0x0800, 6, 4):
        return Line(source, target, "ARP for something else than IPv4 on Ethernet")
    asking = socket.inet_ntoa(_take(data, 14, 4))
    wanted = socket.inet_ntoa(_take(data, 24, 4))
    owner = names.mac(data[8:14])
    if operation == 1 and asking == wanted:
        what = f"ARP: I have {asking}"
    elif operation == 1 and asking == "0.0.0.0":
        what = f"ARP: has anybody {wanted}?"
    elif operation == 1:
        what = f"ARP: who has {wanted}? tell {asking}"
    elif operation == 2:
        what = f"ARP: {asking} is at {owner}"
    else:
        what = f"ARP, operation {operation}"
    return Line(owner if source == "" else source, target, what)


def _ipv4(data: bytes, source: str, target: str, names: Names) -> Line:
    first, length, fragment, protocol = struct.unpack_from(">BxHxxHxB", data)
    if first >> 4 != 4:
        raise _Short
    source, target = socket.inet_ntoa(_take(data, 12, 4)), socket.inet_ntoa(_take(data, 16, 4))
    header = (first & 15) * 4
    payload = data[header : max(header, length)]
    if fragment & 0x1FFF:
        return Line(source, target, f"IPv4, a later fragment, {len(payload)} bytes")
    return Line(source, target, _payload(protocol, payload, length - header, names))


def _ipv6(data: bytes, source: str, target: str, names: Names) -> Line:
    length, following, _ = struct.unpack_from(">HBB", data, 4)
    source = socket.inet_ntop(socket.AF_INET6, _take(data, 8, 16))
    target = socket.inet_ntop(socket.AF_INET6, _take(data, 24, 16))
    payload = data[40 : 40 + length]
    for _ in range(8):
        if following not in (0, 43, 60) or len(payload) < 8:
            break
        following, size = payload[0], 8 + payload[1] * 8
        payload, length = payload[size:], length - size
    return Line(source, target, _payload(following, payload, length, names))


def _payload(protocol: int, data: bytes, length: int, names: Names) -> str:
    reader = _PROTOCOLS.get(protocol)
    if reader is None:
        return f"IP protocol {protocol}, {length} bytes"
    name, read = reader
    try:
        return read(data, length, names)
    except (_Short, struct.error, IndexError):
        return f"{name}, cut off or malformed"


def _icmp(data: bytes, length: int, names: Names) -> str:
    kind, code, _, _, sequence = struct.unpack_from(">BBHHH", data)
    match kind:
        case 8 | 0:
            return f"ICMP echo {'request' if kind else 'reply'}, seq {sequence}"
        case 3:
            what = _UNREACHABLE.get(code, f"(code {code})")
            return f"ICMP {what} unreachable{_about(data, names)}"
        case 5:
            router = socket.inet_ntoa(_take(data, 4, 4))
            return f"ICMP redirect to {router}{_about(data, names)}"
        case 11:
            return f"ICMP time exceeded{_about(data, names)}"
    return f"ICMP type {kind}, code {code}"


def _about(data: bytes, names: Names) -> str:
    """What the packet was that an error is about: its first bytes are in the error."""
    if len(data) < 28 or data[8] >> 4 != 4:
        return ""
    line = _ipv4(data[8:], "", "", names)
    return f" (about {line.source} → {line.target}: {line.what})"


def _icmp6(data: bytes, length: int, names: Names) -> str:
    kind, code, _, _, sequence = struct.unpack_from(">BBHHH", data)
    match kind:
        case 128 | 129:
            return f"ICMPv6 echo {'request' if kind == 128 else 'reply'}, seq {sequence}"
        case 133:
            return "ICMPv6: is there a router?"
        case 134:
            return "ICMPv6: I am a router"
        case 135 | 136:
            address = socket.inet_ntop(socket.AF_INET6, _take(data, 8, 16))
            return f"ICMPv6: who has {address}?" if kind == 135 else f"ICMPv6: I have {address}"
        case 143:
            return "ICMPv6: groups that I listen to"
    return f"ICMPv6 type {kind}, code {code}"


def _tcp(data: bytes, length: int, names: Names) -> str:
    source, target, offset, flags = struct.unpack_from(">HH8xBB", data)
    said = " ".join(name for bit, name in _TCP_FLAGS if flags & bit)
    size = length - (offset >> 4) * 4
    body = f", {size} bytes" if size > 0 else ""
    text = f"TCP {names.port(source)} → {names.port(target)} {said}{body}"
    if 80 in (source, target) and size > 0:
        start = data[(offset >> 4) * 4 :].partition(b"\r\n")[0][:60]
        if start.startswith((b"GET ", b"POST ", b"HEAD ", b"PUT ", b"HTTP/")) and start.isascii():
            printable = "".join(c for c in start.decode() if c.isprintable())
            text += f": {printable}"
    return text


def _udp(data: bytes, length: int, names: Names) -> str:
    source, target, _ = struct.unpack_from(">HHH", data)
    if 53 in (source, target) and (said := _dns(data[8:])):
        return said
    return f"UDP {names.port(source)} → {names.port(target)}, {max(0, length - 8)} bytes"


def _dns(data: bytes) -> str:
    """The first question, and in an answer the first addresses; "" for what is none."""
    try:
        _, flags, questions, answers = struct.unpack_from(">HHHH", data)
        if questions != 1:
            return ""
        name, place = _dns_name(data, 12)
        (kind,) = struct.unpack_from(">H", data, place)
        asked = f"{_DNS_TYPES.get(kind, f'type {kind}')} {name}"
        if not flags & 0x8000:
            return f"DNS: {asked}?"
        if code := _DNS_CODES.get(flags & 15, f"code {flags & 15}"):
            return f"DNS: {asked}: {code}"
        return f"DNS: {asked}: {', '.join(_dns_answers(data, place + 4, answers)) or 'nothing'}"
    except (_Short, struct.error, IndexError, ValueError):
        return ""


def _dns_answers(data: bytes, place: int, count: int) -> list[str]:
    found = []
    for _ in range(min(count, 4)):
        _, place = _dns_name(data, place)
        kind, _, _, size = struct.unpack_from(">HHIH", data, place)
        place += 10
        value = _take(data, place, size)
        if kind == 1 and size == 4:
            found.append(socket.inet_ntoa(value))
        elif kind == 28 and size == 16:
            found.append(socket.inet_ntop(socket.AF_INET6, value))
        elif kind in (2, 5, 12):
            found.append(_dns_name(data, place)[0])
        else:
            found.append(_DNS_TYPES.get(kind, f"type {kind}"))
        place += size
    return found


def _dns_name(data: bytes, place: int) -> tuple[str, int]:
    """A name and where it ends; pointers lead back, and at most so often."""
    labels: list[str] = []
    end = -1
    for _ in range(64):
        size = data[place]
        if size >= 0xC0:
            (pointer,) = struct.unpack_from(">H", data, place)
            end = place + 2 if end < 0 else end
            place = pointer & 0x3FFF
        elif size == 0:
            return ".".join(labels) or ".", place + 1 if end < 0 else end
        else:
            label = _take(data, place + 1, size).decode("ascii", "replace")
            labels.append("".join(c if c.isprintable() else "?" for c in label))
            place += 1 + size
    raise _Short


_PROTOCOLS: dict[int, tuple[str, Callable[[bytes, int, Names], str]]] = {
    1: ("ICMP", _icmp),
    6: ("TCP", _tcp),
    17: ("UDP", _udp),
    58: ("ICMPv6", _icmp6),
}
