"""What a person wants to send → the bytes of frames.

Where a packet leaves an address open, scapy would look it up in the tables of the machine that the
notebook runs on, and even ask its network.  Here it is filled in before scapy makes bytes of it,
with what the kernel of the lab has for the link: its MAC and address as the source, and as the
destination the MAC of the next hop.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Any

from nslab.errors import InvalidInput
from nslab.network.model import Link, Namespace, Route, Snapshot

BROADCAST = "ff:ff:ff:ff:ff:ff"
Sendable = Any
"""A scapy packet, bytes, or a list of those."""


def encode(packets: Sendable, snapshot: Snapshot, ns: str | None, link: str) -> tuple[bytes, ...]:
    """The bytes of each frame.

    :raises InvalidInput: something is no frame, or its destination's MAC is not known
    """
    place = f"{ns}/{link}" if ns else link
    found = []
    for one in complete(packets, snapshot, ns, link):
        try:
            found.append(bytes(one))
        except Exception as error:  # scapy's fields raise all sorts of things at what does not fit
            raise InvalidInput(
                "send on",
                place,
                f"scapy cannot make bytes of it: {error}",
                "look at it: packet.show()",
            ) from None
    if not found:
        raise InvalidInput("send on", place, "there is no frame", "give a packet or a list")
    return tuple(found)


def complete(packets: Sendable, snapshot: Snapshot, ns: str | None, link: str) -> Iterator[Any]:
    """Each frame as bytes, or as a scapy packet in which no address is left open."""
    place = f"{ns}/{link}" if ns else link
    try:
        where = snapshot.namespace(ns)
        device = where.link(link)
    except KeyError:
        where, device = snapshot.host, Link(name=link, index=0)  # the engine says what is missing
    for one in _each(packets):
        if isinstance(one, (bytes, bytearray, memoryview)):
            yield bytes(one)
        elif hasattr(one, "fields_desc"):
            # One that stands for several, such as with ttl=(1, 3), is taken apart.
            for packet in one:
                yield _completed(packet, snapshot, where, device, place)
        else:
            raise InvalidInput(
                "send on",
                place,
                f"{one!r:.60} is not a frame",
                'give bytes, or a scapy packet such as Ether()/IP(dst="192.168.10.1")/ICMP()',
            )


def _each(packets: Sendable) -> Iterable[Any]:
    single = isinstance(packets, (bytes, bytearray, memoryview)) or hasattr(packets, "fields_desc")
    if single or not isinstance(packets, Iterable):
        return (packets,)
    return packets


def _completed(packet: Any, snapshot: Snapshot, where: Namespace, device: Link, place: str) -> Any:
    packet = packet.copy()
    outer = packet
    if outer.name in ("IP", "IPv6"):
        raise InvalidInput(
            "send on",
            place,
            f"it begins with {outer.name}, but a frame begins with Ethernet",
            f"put Ether() in front: Ether()/{outer.name}(…)/…",
        )
    inner = outer.payload
    while inner.name in ("802.1Q", "802.1AD"):
        inner = inner.payload
    if inner.name == "ARP":
        _fill(inner, hwsrc=device.mac, psrc=_address(device, 4))
    elif inner.name in ("IP", "IPv6"):
        _fill(inner, src=_address(device, 4 if inner.name == "IP" else 6))
    if outer.name == "Ethernet":
        _fill(outer, src=device.mac)
        if "dst" not in outer.fields:
            outer.dst = _destination(inner, snapshot, where, device, place)
    return packet


def _fill(layer: Any, **values: str) -> None:
    for name, value in values.items():
        if name not in layer.fields and value:
            setattr(layer, name, value)


def _address(device: Link, version: int) -> str:
    for address in device.addresses:
        interface = ipaddress.ip_interface(address.address)
        if interface.version == version:
            return str(interface.ip)
    return "0.0.0.0" if version == 4 else "::"


def _destination(inner: Any, snapshot: Snapshot, where: Namespace, device: Link, place: str) -> str:
    """The MAC that a frame is to go to: what ARP would find."""
    if inner.name == "ARP":
        return BROADCAST
    if inner.name not in ("IP", "IPv6"):
        raise _unknown(place, "it does not say to which MAC")
    try:
        target = ipaddress.ip_address(str(inner.dst))
    except ValueError:
        raise _unknown(place, f"{inner.dst!r} is not one address") from None
    if target.is_multicast:
        low = target.packed[-4:] if target.version == 6 else target.packed[1:]
        if target.version == 6:
            return "33:33:" + low.hex(":")
        return "01:00:5e:" + bytes((low[0] & 0x7F, *low[1:])).hex(":")
    networks = [ipaddress.ip_interface(a.address).network for a in device.addresses]
    if str(target) == "255.255.255.255" or target in [n.broadcast_address for n in networks]:
        return BROADCAST
    hop = next_hop(str(target), where, device)
    for neighbour in where.neighbours:
        if neighbour.address == hop and neighbour.dev == device.name and neighbour.mac:
            return neighbour.mac
    for namespace in snapshot:
        for link in namespace.links:
            if any(a.address.partition("/")[0] == hop for a in link.addresses) and link.mac:
                return link.mac
    raise _unknown(place, f"no link of the lab has the address of the next hop, {hop}")


def next_hop(target: str, where: Namespace, device: Link) -> str:
    """Whom a packet is given to on this link: the target, or the gateway of the best route."""
    address = ipaddress.ip_address(target)
    best: tuple[int, Route] | None = None
    for route in where.routes:
        if route.dev != device.name or route.table != 254:
            continue
        if route.destination == "default":
            length = 0
        else:
            network = ipaddress.ip_network(route.destination)
            if network.version != address.version or address not in network:
                continue
            length = network.prefixlen
        if best is None or length > best[0]:
            best = length, route
    return best[1].via or target if best else target


def _unknown(place: str, cause: str) -> InvalidInput:
    return InvalidInput(
        "send on", place, cause, 'give a destination: Ether(dst="02:00:00:00:00:0a")/…'
    )
