"""A message to the kernel that changes the network, field by field.

rtnetlink messages (rtnetlink(7)): a header of 16 bytes, a fixed structure by the kind of message,
and attributes, each with a length and a type of two bytes, padded to four; some hold attributes
again.

>>> message = decode(bytes.fromhex("1c000000 10000506 00000000 00000000".replace(" ", "")
...                                + "00" * 16))
>>> message.name, message.fields[1].value
('RTM_NEWLINK', 'RTM_NEWLINK')
"""

from __future__ import annotations

import html
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

TYPES = {
    2: "NLMSG_ERROR",
    3: "NLMSG_DONE",
    16: "RTM_NEWLINK",
    17: "RTM_DELLINK",
    18: "RTM_GETLINK",
    19: "RTM_SETLINK",
    20: "RTM_NEWADDR",
    21: "RTM_DELADDR",
    22: "RTM_GETADDR",
    24: "RTM_NEWROUTE",
    25: "RTM_DELROUTE",
    26: "RTM_GETROUTE",
    28: "RTM_NEWNEIGH",
    30: "RTM_GETNEIGH",
    88: "RTM_NEWNSID",
    90: "RTM_GETNSID",
}
"""linux/rtnetlink.h"""

_FLAGS = ((1, "REQUEST"), (4, "ACK"), (0x100, "REPLACE"), (0x200, "EXCL"), (0x400, "CREATE"))
_GET_FLAGS = ((1, "REQUEST"), (4, "ACK"), (0x100, "ROOT"), (0x200, "MATCH"))

_LINK = {
    1: "IFLA_ADDRESS",
    2: "IFLA_BROADCAST",
    3: "IFLA_IFNAME",
    4: "IFLA_MTU",
    5: "IFLA_LINK",
    10: "IFLA_MASTER",
    13: "IFLA_TXQLEN",
    18: "IFLA_LINKINFO",
    19: "IFLA_NET_NS_PID",
    26: "IFLA_AF_SPEC",
    27: "IFLA_GROUP",
    28: "IFLA_NET_NS_FD",
    29: "IFLA_EXT_MASK",
    31: "IFLA_NUM_TX_QUEUES",
    32: "IFLA_NUM_RX_QUEUES",
}
_INFO = {1: "IFLA_INFO_KIND", 2: "IFLA_INFO_DATA", 4: "IFLA_INFO_SLAVE_KIND"}
_ADDRESS = {1: "IFA_ADDRESS", 2: "IFA_LOCAL", 3: "IFA_LABEL", 4: "IFA_BROADCAST", 8: "IFA_FLAGS"}
_ROUTE = {
    1: "RTA_DST",
    4: "RTA_OIF",
    5: "RTA_GATEWAY",
    6: "RTA_PRIORITY",
    7: "RTA_PREFSRC",
    15: "RTA_TABLE",
}
_TEXT = {"IFLA_IFNAME", "IFLA_INFO_KIND", "IFLA_INFO_SLAVE_KIND", "IFA_LABEL"}
_IPV4 = {"IFA_ADDRESS", "IFA_LOCAL", "IFA_BROADCAST", "RTA_DST", "RTA_GATEWAY", "RTA_PREFSRC"}
_IFINFO = (
    ("family", 1),
    ("(padding)", 1),
    ("device type", 2),
    ("index", 4),
    ("flags", 4),
    ("flags to change", 4),
)
_IFADDR = (("family", 1), ("prefix length", 1), ("flags", 1), ("scope", 1), ("index", 4))
_RTMSG = (
    ("family", 1),
    ("destination length", 1),
    ("source length", 1),
    ("tos", 1),
    ("table", 1),
    ("protocol", 1),
    ("scope", 1),
    ("type", 1),
    ("flags", 4),
)
_SHAPES = {4: (_IFINFO, _LINK), 5: (_IFADDR, _ADDRESS), 6: (_RTMSG, _ROUTE)}
"""By type divided by four: the fixed structure, and the names of the attributes."""


class Field(Struct, frozen=True):
    """Some bytes of a message: where they are, what they are called and what they say.

    ``depth`` counts the attributes that it is in; ``own`` marks what every program chooses for
    itself, so that it differs from run to run.
    """

    offset: int
    data: bytes
    name: str
    value: str
    depth: int = 0
    own: bool = False


class Message(Struct, frozen=True):
    """A message, with all of its bytes accounted for by fields."""

    data: bytes
    name: str
    fields: tuple[Field, ...]

    def __str__(self) -> str:
        lines = [f"{self.name}, {len(self.data)} bytes"]
        for field in self.fields:
            told = f"{'  ' * field.depth}{field.name}"
            shown = "…" if field.own else _hex(field.data)
            lines.append(f"{field.offset:4}  {shown:<50}  {told:<28}  {field.value}".rstrip())
        return "\n".join(lines)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        rows = "".join(_row(field) for field in self.fields)
        return {
            "text/plain": str(self),
            "text/html": f"<div><b>{self.name}</b>, {len(self.data)} bytes</div>"
            f'<table style="margin:0">{_HEAD}{rows}</table>',
        }


def decode(data: bytes) -> Message:
    """Read a message; what has no name here is shown as the number that it has."""
    size, kind, flags, _, _ = struct.unpack_from("=IHHII", data)
    name = TYPES.get(kind, f"type {kind}")
    asks = kind % 4 == 2
    words = [word for bit, word in (_GET_FLAGS if asks else _FLAGS) if flags & bit]
    fields = [
        Field(0, data[0:4], "length", f"{size}"),
        Field(4, data[4:6], "type", name),
        Field(6, data[6:8], "message flags", " ".join(words)),
        Field(8, data[8:12], "sequence number", "its own", own=True),
        Field(12, data[12:16], "port", "its own", own=True),
    ]
    shape = _SHAPES.get(kind // 4)
    end = min(size, len(data))
    if shape is None:
        if end > 16:
            fields.append(Field(16, data[16:end], "(not read)", ""))
    else:
        layout, names = shape
        fields += _structure(data, 16, layout, 0)
        start = 16 + sum(width for _, width in layout)
        fields += _attributes(data, start, end, names, 0)
    return Message(data[:end], name, tuple(fields))


def _structure(
    data: bytes, offset: int, layout: Sequence[tuple[str, int]], depth: int
) -> Iterator[Field]:
    for name, width in layout:
        raw = data[offset : offset + width]
        yield Field(offset, raw, name, str(int.from_bytes(raw, "little")), depth)
        offset += width


def _attributes(
    data: bytes, start: int, end: int, names: dict[int, str], depth: int
) -> Iterator[Field]:
    while start + 4 <= end:
        size, kind = struct.unpack_from("=HH", data, start)
        if size < 4 or start + size > end:
            yield Field(start, data[start:end], "(broken)", "", depth)
            return
        kind &= 0x3FFF
        name = names.get(kind, f"attribute {kind}")
        inner = {"IFLA_LINKINFO": _INFO, "IFLA_INFO_DATA": {1: "VETH_INFO_PEER"}}.get(name)
        padded = min(end, start + ((size + 3) & ~3))
        if inner is not None:
            yield Field(start, data[start : start + 4], name, f"{size} bytes:", depth)
            yield from _attributes(data, start + 4, start + size, inner, depth + 1)
        elif name == "VETH_INFO_PEER" and size >= 20:
            yield Field(start, data[start : start + 4], name, f"{size} bytes:", depth)
            yield from _structure(data, start + 4, _IFINFO, depth + 1)
            yield from _attributes(data, start + 20, start + size, _LINK, depth + 1)
        else:
            value = _value(name, data[start + 4 : start + size])
            yield Field(start, data[start:padded], name, value, depth)
        start = padded


def _value(name: str, raw: bytes) -> str:
    if name in _TEXT:
        return raw.rstrip(b"\0").decode(errors="replace")
    if name in _IPV4 and len(raw) == 4:
        return ".".join(map(str, raw))
    if name in {"IFLA_ADDRESS", "IFLA_BROADCAST"}:
        return raw.hex(":")
    return str(int.from_bytes(raw, "little")) if len(raw) in (1, 2, 4) else _hex(raw)


# -- in words ---------------------------------------------------------------------------------

LEFT = "text-align:left;padding:.05em .8em .05em 0"
_HEAD = "".join(f'<th style="{LEFT}">{t}</th>' for t in ("at", "bytes", "field", "value"))


def _hex(data: bytes) -> str:
    return data.hex(" ") if len(data) <= 24 else f"{data[:24].hex(' ')} …"


def cell(text: str, indent: int = 0) -> str:
    """A cell of an HTML table."""
    return f'<td style="{LEFT};padding-left:{indent * 1.5}em">{html.escape(text)}</td>'


def _row(field: Field) -> str:
    shown = "…" if field.own else _hex(field.data)
    return (
        f'<tr style="background:none">{cell(str(field.offset))}'
        f'<td style="{LEFT}"><code>{shown}</code></td>'
        f"{cell(field.name, field.depth)}{cell(field.value)}</tr>"
    )
