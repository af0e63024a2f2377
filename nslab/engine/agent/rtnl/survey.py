"""Everything in the lab, looked at until the kernel has come to rest.

Which namespaces there are comes from /run/netns, from the processes and from the world's
directory; :mod:`observe` looks into each of them.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence

from msgspec import structs

from nslab.engine import uapi
from nslab.engine.agent.boot.isolate import ETC_CHANGES, FRESH_FILES
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.netns.processes import in_own_pids, processes_by_namespace
from nslab.engine.agent.netns.syscalls import call, text_of
from nslab.engine.agent.rtnl.observe import Target, observe
from nslab.engine.agent.rtnl.rules import Reader
from nslab.engine.agent.rtnl.sysctls import Sysctls
from nslab.network import model, names


def targets_of(spaces: sp.Spaces) -> list[Target]:
    """Every namespace of the lab, in a fixed order, with open descriptors.

    The host, the named ones, the containers, those that only a process holds, the world.
    """
    return _Targets(spaces).all()


class _Targets:
    """One look for namespaces: each is taken once, by the first of the ways that finds it."""

    def __init__(self, spaces: sp.Spaces) -> None:
        self._spaces = spaces
        self._world = spaces.world()
        self._processes = processes_by_namespace()
        self._containers = spaces.containers()
        self._called: dict[int, list[str]] = {}
        for name, inode in spaces.named().items():
            self._called.setdefault(inode, []).append(name)
        self._taken = {spaces.home_inode, *self._world.values()}

    def all(self) -> list[Target]:
        ways = (self._host, self._named, self._in_containers, self._of_processes, self._outside)
        return [target for way in ways for target in way() if target is not None]

    def _make(self, inode: int, role: str, name: str, opened: Callable[[], int]) -> Target | None:
        try:
            descriptor = opened()
        except OSError:
            return None  # it ended while we looked
        if os.fstat(descriptor).st_ino != inode:
            os.close(descriptor)
            return None
        return Target(
            inode=inode,
            descriptor=descriptor,
            role=role,
            label=names.label(name),
            names=tuple(map(names.label, self._called.get(inode, ()))),
            processes=tuple(self._processes.get(inode, ())),
        )

    def _host(self) -> Iterator[Target | None]:
        home = self._spaces.home
        host = self._make(self._spaces.home_inode, "host", "host", lambda: os.dup(home))
        if host is not None:
            host.resolv_conf = text_of("/etc/resolv.conf")
        yield host

    def _named(self) -> Iterator[Target | None]:
        with_files = set(os.listdir("/etc/netns")) if os.path.isdir("/etc/netns") else set()
        for inode, called in self._called.items():
            # What people name by the id of its process is a container all the same.
            of_process = inode in self._containers and all(map(str.isdigit, called))
            if inode in self._taken or of_process:
                continue
            self._taken.add(inode)
            target = self._make(inode, "named", called[0], _at(f"{sp.NAMED}/{called[0]}"))
            if target is not None and called[0] in with_files:
                target.resolv_conf = text_of(f"/etc/netns/{called[0]}/resolv.conf")
            yield target

    def _in_containers(self) -> Iterator[Target | None]:
        found = sorted(self._containers.items(), key=lambda item: item[1][1])
        for inode, (pids, hostname) in found:
            if inode in self._taken:
                continue
            self._taken.add(inode)
            target = self._make(inode, "container", hostname, _at(f"/proc/{pids[0]}/ns/net"))
            if target is not None:
                target.resolv_conf = text_of(f"/proc/{pids[0]}/root/etc/resolv.conf")
                target.processes = tuple(p for p in target.processes if in_own_pids(p.pid))
            yield target

    def _of_processes(self) -> Iterator[Target | None]:
        for inode, group in sorted(self._processes.items(), key=lambda item: item[1][0].pid):
            if inode not in self._taken:
                pid = group[0].pid
                yield self._make(inode, "process", f"pid {pid}", _at(f"/proc/{pid}/ns/net"))

    def _outside(self) -> Iterator[Target | None]:
        for label in model.WORLD:
            if label in self._world:
                path = f"{sp.WORLD_DIR}/{label}"
                yield self._make(self._world[label], "world", label, _at(path))


def _at(path: str) -> Callable[[], int]:
    return lambda: os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def snapshot(
    spaces: sp.Spaces, title: str, reader: Reader, sysctls: Sysctls | None = None
) -> model.Snapshot:
    """Look at the whole lab, in this thread, which comes home at the end."""
    targets = targets_of(spaces)
    reader.forget(target.inode for target in targets)
    if sysctls is not None:
        sysctls.forget(target.inode for target in targets)
    try:
        start = time.monotonic()
        while True:
            for target in targets:
                target.nsids = {}
            found = observe(targets, title, reader, sysctls)
            waited = time.monotonic() - start
            carriers, loose = carriers_agree(found), loose_ends(found)
            ends = loose <= spaces.loose_ends
            if (carriers or waited > CARRIERS) and (ends or waited > ENDS):
                spaces.loose_ends = loose
                return structs.replace(found, files=changed_files())
            if not carriers:
                _synchronise(targets, found)
            time.sleep(0.001)
    finally:
        spaces.go_home()
        for target in targets:
            os.close(target.descriptor)


CARRIERS = 1.2
"""Seconds to wait at most for the kernel to pass a carrier on.

It does so at most once a second (linkwatch); kernels since 6.8 do it at once when asked.
"""

ENDS = 3.0
"""Seconds to wait at most for a veth to go whose other end went with its namespace.

It takes 20 to 50 ms, but the kernel takes down the namespaces of the whole machine one after
another, and somebody may just have closed five hundred.  What was waited for in vain, because
something out of sight holds the namespace, is not waited for again.
"""


def carriers_agree(found: model.Snapshot) -> bool:
    """Whether no carrier is still on its way from a veth to the bridge that it is a port of."""
    for namespace in found.namespaces:
        for link in namespace.links:
            if link.bridge is None or not link.up:
                continue
            ports = namespace.ports(link.name)
            if not ports:
                continue  # without ports nobody has thought about the carrier yet: it is on
            for port in ports:
                live = port.up and port.carrier
                if port.port is not None and live == (port.port.state == "disabled"):
                    return False
            forwarding = any(p.port is not None and p.port.state == "forwarding" for p in ports)
            if link.carrier != forwarding:
                return False
    return True


def loose_ends(found: model.Snapshot) -> set[tuple[int, int]]:
    """The veths whose other end is in no namespace that was looked at: (inode, index) of each.

    A namespace that nothing holds any longer is taken down in the background, and the other ends
    of its veth pairs go with it; until then they are still listed.
    """
    return {
        (namespace.inode, link.index)
        for namespace in found.namespaces
        for link in namespace.links
        if link.kind == "veth" and link.peer is not None and not link.peer.namespace
    }


def _synchronise(targets: Sequence[Target], found: model.Snapshot) -> None:
    """Ask bridges and their ports for their carrier, upon which the kernel passes it on at once.

    ethtool_op_get_link() calls linkwatch_sync_dev(); it takes no privilege.
    """
    for target, namespace in zip(targets, found.namespaces, strict=True):
        links = [link for link in namespace.links if link.master or link.bridge is not None]
        if not links:
            continue
        call("setns", target.descriptor, uapi.CLONE_NEWNET)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            for link in links:
                value = ctypes.create_string_buffer(struct.pack("=II", uapi.ETHTOOL_GLINK, 0))
                request = struct.pack("16sP16x", link.name.encode(), ctypes.addressof(value))
                with contextlib.suppress(OSError):
                    fcntl.ioctl(asking, uapi.SIOCETHTOOL, request)


def changed_files() -> dict[str, str]:
    """What differs in /etc from a fresh lab: the upper layer of the overlay, texts only."""
    changed: dict[str, str] = {}
    for directory, directories, files in os.walk(ETC_CHANGES):
        place = "/etc" + directory.removeprefix(ETC_CHANGES)
        for name in directories:
            changed[names.label(f"{place}/{name}/")] = ""
        for name in files:
            text = text_of(f"{directory}/{name}")
            if text is not None and FRESH_FILES.get(f"{place}/{name}") != text:
                changed[names.label(f"{place}/{name}")] = text[:4096]
    return changed
