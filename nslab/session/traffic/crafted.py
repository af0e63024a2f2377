"""Frames of one's own: sending them, and asking by ARP."""

from __future__ import annotations

import contextlib
import struct
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_interface
from typing import Any

from nslab.engine import explain, stopping
from nslab.engine.protocol import Engine, Injection, Recording
from nslab.errors import InvalidInput, NotFound
from nslab.frames import blocks as bl
from nslab.frames import crafting
from nslab.network import names
from nslab.network.model import Link, Place, Snapshot
from nslab.session import capture as cap
from nslab.session.traffic.answers import ArpResult, SendResult


def send(engine: Engine, packets: Any, on: str, *, count: int, rate: float | None) -> SendResult:
    """See :meth:`nslab.Lab.send`."""
    ns, link = names.place(on)
    if count < 1 or (rate is not None and rate <= 0):
        raise InvalidInput(
            "send on",
            on,
            "that is not a number of frames or a rate",
            "count from 1 on, rate in frames a second",
        )
    if isinstance(packets, (bytes, bytearray, memoryview)):
        frames: tuple[bytes, ...] = (bytes(packets),)
    else:
        frames = crafting.encode(packets, engine.snapshot(), ns, link)
    sent = engine.inject(Injection(where=on, frames=frames, count=count, rate=rate))
    return SendResult(sent, Place(ns=ns or "host", link=link), frames)


def arping(
    engine: Engine, ns: str | None, target: str, on: str | None, *, count: int, timeout: float
) -> ArpResult:
    """See :meth:`nslab.Lab.arping`."""
    inside = names.namespace_reference(ns)
    label = inside or "host"
    wanted = names.host_address(target)
    if ip_address(wanted).version != 4:
        raise InvalidInput("arping", wanted, "ARP is for IPv4 only", "for IPv6, use ping")
    snapshot = engine.snapshot()
    device = _device(snapshot, inside, wanted, on)
    place = Place(ns=label, link=device.name)
    mac = bytes.fromhex(device.mac.replace(":", ""))
    addresses = [ip_interface(a.address).ip for a in device.addresses]
    own = next((address.packed for address in addresses if address.version == 4), bytes(4))
    request = b"\xff" * 6 + mac + struct.pack(">HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1)
    request += mac + own + bytes(6) + ip_address(wanted).packed
    found, times, after = "", [], 0
    with _recorded(engine, str(place)) as number:
        for _ in range(count):
            start = time.time_ns()
            engine.inject(Injection(where=str(place), frames=(request,)))
            deadline = time.monotonic() + timeout
            while (left := deadline - time.monotonic()) > 0:
                batch = engine.fetch(number, after, wait=left)
                after = batch.upto
                answers = list(_answers(batch.blocks, wanted, mac))
                if answers:
                    found = answers[0][0]
                    times.append((answers[0][1] - start) / 1e6)
                    break
                if not batch.running:
                    break
    error = "" if found else f"no host on {place} answers who has {wanted} within {timeout:g} s"
    return ArpResult(
        ns=label,
        target=wanted,
        error=error,
        mac=found,
        on=str(place),
        owner=cap.owners(snapshot).get(found, ""),
        times=tuple(times),
    )


@contextlib.contextmanager
def _recorded(engine: Engine, place: str) -> Iterator[int]:
    """The number of a recording of ARP, which ends with the block, whatever ends that."""
    with stopping.Region():
        recording = Recording(where=(place,), filter="arp", frames=1000)
        number = engine.record(recording).number
        try:
            yield number
        finally:
            with stopping.Shield():
                engine.fetch(number, cap.FORGOTTEN, stop=True)


def _answers(
    blocks: tuple[tuple[int, bytes], ...], wanted: str, mac: bytes
) -> Iterator[tuple[str, int]]:
    packed = ip_address(wanted).packed
    for tap, block in blocks:
        for raw in bl.unpack(block, tap):
            data = raw.data
            if data[20:22] == b"\0\2" and data[28:32] == packed and data[:6] == mac:
                yield data[22:28].hex(":"), raw.stamp


def _device(snapshot: Snapshot, ns: str | None, target: str, on: str | None) -> Link:
    """The link to ask on: the one that was named, or the one whose subnet has the address."""
    try:
        where = snapshot.namespace(ns)
    except NotFound:
        raise explain.namespace_missing(f"arping {target}", ns or "host") from None
    for link in where.links:
        if on is not None and link.name == on:
            return link
        if on is None and any(
            ip_address(target) in ip_interface(a.address).network for a in link.addresses
        ):
            return link
    label = ns or "the host"
    cause = (
        f"{label} has no link named {on}"
        if on is not None
        else f"no link of {label} has an address in its subnet, so no ARP request is sent for it"
    )
    option = f" -n {ns}" if ns else ""
    raise NotFound("arping", target, cause, f"see what is there: ip{option} -brief address")
