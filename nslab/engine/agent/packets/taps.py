"""From the names of links to taps on them: which there are, and a socket in each namespace."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence

from msgspec import Struct

from nslab.engine import explain, uapi
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.netns.syscalls import call
from nslab.engine.agent.packets.ring import Ring
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.engine.agent.rtnl import survey
from nslab.engine.protocol import Tap
from nslab.errors import NotFound
from nslab.network import names
from nslab.network.model import Place

LOOPBACK = 772
"""ARPHRD_LOOPBACK (linux/if_arp.h)."""


class Device(Struct, frozen=True):
    """A link, as far as taps need to know it."""

    index: int
    name: str
    hardware: int
    kind: str
    mac: bytes

    @property
    def depth(self) -> int:
        return 1 if self.kind == "bridge" else 0 if self.kind in ("", "veth") else 2


class Opening(Struct):
    """A tap that is about to be opened, with the namespace that it is in."""

    tap: Tap
    ring: Ring
    index: int
    inode: int


def devices() -> list[Device]:
    """The links of the thread's namespace."""
    asking = w.Socket()
    try:
        found = []
        body = w.ifinfo() + w.u32(uapi.IFLA_EXT_MASK, uapi.RTEXT_FILTER_SKIP_STATS)
        for header, given in asking.dump(uapi.RTM_GETLINK, body, 16):
            hardware, index = struct.unpack_from("=xxHi", header)
            info = w.decoded(given[uapi.IFLA_LINKINFO]) if uapi.IFLA_LINKINFO in given else {}
            kind = info.get(uapi.IFLA_INFO_KIND, b"").rstrip(b"\0").decode(errors="replace")
            name = names.label(given[uapi.IFLA_IFNAME].rstrip(b"\0"))
            found.append(Device(index, name, hardware, kind, given.get(uapi.IFLA_ADDRESS, b"")))
        return found
    finally:
        asking.close()


class _Wanted(Struct):
    """What is wanted of one namespace: links by name, and whether also all others."""

    label: str
    descriptor: int
    links: list[str]
    all: bool = False


def _wanted(spaces: sp.Spaces, where: Sequence[str]) -> list[_Wanted]:
    """The namespaces to go to; the caller closes their descriptors."""
    found: dict[int, _Wanted] = {}
    try:
        for text in where or ("host and its namespaces",):
            ns, link = names.places(text) if where else ("*", None)
            if ns == "*":
                targets = survey.targets_of(spaces)
                for target in targets:
                    inode = target.inode
                    if inode in found or (target.role == "world" and not where):
                        os.close(target.descriptor)
                    else:
                        found[inode] = _Wanted(target.label, target.descriptor, [])
                    if inode in found:
                        _add(found[inode], link)
                continue
            try:
                descriptor = spaces.open(ns)
            except FileNotFoundError:
                raise explain.namespace_missing(f"capture on {text}", ns or "host") from None
            inode = os.fstat(descriptor).st_ino
            if inode in found:
                os.close(descriptor)
            else:
                found[inode] = _Wanted(ns or "host", descriptor, [])
            _add(found[inode], link)
    except BaseException:
        for wanted in found.values():
            os.close(wanted.descriptor)
        raise
    return list(found.values())


def _add(wanted: _Wanted, link: str | None) -> None:
    if link is None:
        wanted.all = True
    elif link not in wanted.links:
        wanted.links.append(link)


def openings(spaces: sp.Spaces, where: Sequence[str]) -> list[Opening]:
    """A socket in each namespace for each link that is wanted, none of them open yet.

    The thread goes from namespace to namespace, and home at the end.

    :raises NotFound: there is no such namespace or link
    """
    result: list[Opening] = []
    wanted = _wanted(spaces, where)
    try:
        for one in wanted:
            call("setns", one.descriptor, uapi.CLONE_NEWNET)
            inode = os.fstat(one.descriptor).st_ino
            for device in _chosen(one):
                mac = device.mac.hex(":") if len(device.mac) == 6 else ""
                tap = Tap(
                    place=Place(ns=one.label, link=device.name),
                    depth=device.depth,
                    hardware=device.hardware,
                    mac=mac,
                )
                result.append(Opening(tap, Ring(), device.index, inode))
    except BaseException:
        for opening in result:
            opening.ring.release()()
        raise
    finally:
        spaces.go_home()
        for one in wanted:
            os.close(one.descriptor)
    return result


def _chosen(wanted: _Wanted) -> Iterator[Device]:
    """The named links in the order in which they were named, then the others."""
    there = {device.name: device for device in devices()}
    for name in wanted.links:
        if name not in there:
            raise link_missing("capture on", wanted.label, name)
        yield there[name]
    if wanted.all:
        for device in there.values():
            if device.hardware != LOOPBACK and device.name not in wanted.links:
                yield device


def link_missing(operation: str, ns: str, link: str) -> NotFound:
    """The error for a link that is not there."""
    where, option = ("the host", "") if ns == "host" else (ns, f" -n {ns}")
    return NotFound(
        operation,
        str(Place(ns=ns, link=link)),
        f"{where} has no link of that name",
        f"see what is there: ip{option} -brief link",
        errno=19,
    )
