"""The ends of tunnels that are no vxlan, as far as the kernel tells them.

Those of most kinds stand among the link's own data.  A wireguard's are asked for over generic
netlink (linux/wireguard.h), which takes CAP_NET_ADMIN in the namespace's own user namespace.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence

from nslab.engine import uapi
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.network import model

WIREGUARD = "wireguard"

_GRE_KEY = 0x2000
"""Of IFLA_GRE_IFLAGS and IFLA_GRE_OFLAGS, big-endian: there is a key (linux/if_tunnel.h)."""


def ends(kind: str, data: Mapping[int, bytes]) -> model.Ends | None:
    """The ends that a link's own data tell; None for what has none, or tells none."""
    return _READERS[kind](data) if kind in _READERS and data else None


def _gre(data: Mapping[int, bytes]) -> model.Ends:
    def key(flags: int, place: int) -> int | None:
        there = (_number(">H", data.get(flags)) or 0) & _GRE_KEY
        return _number(">I", data.get(place)) if there else None

    return model.Ends(
        local=_address(data.get(uapi.IFLA_GRE_LOCAL)),
        remote=_address(data.get(uapi.IFLA_GRE_REMOTE)),
        key_in=key(uapi.IFLA_GRE_IFLAGS, uapi.IFLA_GRE_IKEY),
        key_out=key(uapi.IFLA_GRE_OFLAGS, uapi.IFLA_GRE_OKEY),
    )


def _ip_in_ip(data: Mapping[int, bytes]) -> model.Ends:
    return model.Ends(
        local=_address(data.get(uapi.IFLA_IPTUN_LOCAL)),
        remote=_address(data.get(uapi.IFLA_IPTUN_REMOTE)),
    )


def _vti(data: Mapping[int, bytes]) -> model.Ends:
    return model.Ends(
        local=_address(data.get(uapi.IFLA_VTI_LOCAL)),
        remote=_address(data.get(uapi.IFLA_VTI_REMOTE)),
        # 0 stands for none
        key_in=_number(">I", data.get(uapi.IFLA_VTI_IKEY)) or None,
        key_out=_number(">I", data.get(uapi.IFLA_VTI_OKEY)) or None,
    )


def _geneve(data: Mapping[int, bytes]) -> model.Ends:
    number = _number("=I", data.get(uapi.IFLA_GENEVE_ID))
    far = data.get(uapi.IFLA_GENEVE_REMOTE) or data.get(uapi.IFLA_GENEVE_REMOTE6)
    return model.Ends(
        remote=_address(far),
        key_in=number,
        key_out=number,
        port=_number(">H", data.get(uapi.IFLA_GENEVE_PORT)) or 0,
    )


_READERS: dict[str, Callable[[Mapping[int, bytes]], model.Ends]] = {
    **dict.fromkeys(("gre", "gretap", "erspan", "ip6gre", "ip6gretap", "ip6erspan"), _gre),
    **dict.fromkeys(("ipip", "sit", "ip6tnl"), _ip_in_ip),
    **dict.fromkeys(("vti", "vti6"), _vti),
    "geneve": _geneve,
}

KINDS = frozenset(_READERS)
"""Kinds whose ends are among the link's own data."""


def _number(shape: str, packed: bytes | None) -> int | None:
    if packed is None or len(packed) != struct.calcsize(shape):
        return None
    number: int = struct.unpack(shape, packed)[0]
    return number


def _address(packed: bytes | None) -> str:
    """An address; empty for none, and for the one that stands for any."""
    if packed is None or len(packed) not in (4, 16) or not any(packed):
        return ""
    return socket.inet_ntop(uapi.AF_INET if len(packed) == 4 else uapi.AF_INET6, packed)


def wireguards(indexes: Sequence[int]) -> dict[int, model.Ends]:
    """The ends of some wireguards of the namespace where this thread is.

    Left out are those that may not be read, and those that went meanwhile.
    """
    found: dict[int, model.Ends] = {}
    if not indexes:
        return found
    asking = w.Socket(uapi.NETLINK_GENERIC)
    try:
        family = _family(asking)
        for index in indexes if family else ():
            with contextlib.suppress(OSError):
                found[index] = _wireguard(asking, family, index)
    finally:
        asking.close()
    return found


def _family(asking: w.Socket) -> int:
    """The number that generic netlink has given to wireguard; 0 if there is none."""
    body = struct.pack("=BBxx", uapi.CTRL_CMD_GETFAMILY, 1)
    body += w.text(uapi.CTRL_ATTR_FAMILY_NAME, WIREGUARD)
    ((answer, went),) = asking.ask([(uapi.GENL_ID_CTRL, body)])
    held = w.attributes(answer, 4, len(answer)) if went else {}
    return _number("=H", held.get(uapi.CTRL_ATTR_FAMILY_ID)) or 0


def _wireguard(asking: w.Socket, family: int, index: int) -> model.Ends:
    body = struct.pack("=BBxx", uapi.WG_CMD_GET_DEVICE, 1) + w.u32(uapi.WGDEVICE_A_IFINDEX, index)
    port, peers = 0, []
    for _, held in asking.dump(family, body, 4):  # one with many peers comes in several pieces
        port = _number("=H", held.get(uapi.WGDEVICE_A_LISTEN_PORT)) or port
        peers += [_endpoint(peer) for peer in _each(held.get(uapi.WGDEVICE_A_PEERS, b""))]
    return model.Ends(port=port, peers=tuple(peers))


def _each(nested: bytes) -> Iterator[Mapping[int, bytes]]:
    """What attributes hold that are all of one kind."""
    place = 0
    while place + 4 <= len(nested):
        size = struct.unpack_from("=H", nested, place)[0]
        if size < 4:
            break
        yield w.attributes(nested, place + 4, place + size)
        place += (size + 3) & ~3


def _endpoint(peer: Mapping[int, bytes]) -> str:
    """Where a peer is: its struct sockaddr_in or sockaddr_in6 in words."""
    packed = peer.get(uapi.WGPEER_A_ENDPOINT, b"")
    family = _number("=H", packed[:2])
    if family == uapi.AF_INET and len(packed) >= 8:
        return f"{_address(packed[4:8])}:{_number('>H', packed[2:4])}"
    if family == uapi.AF_INET6 and len(packed) >= 24:
        return f"[{_address(packed[8:24])}]:{_number('>H', packed[2:4])}"
    return ""
