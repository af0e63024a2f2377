"""Has anything changed?  Netlink's notifications from every namespace of the lab, as a number.

Who asks gets the number of the last change, and waits for the next if it knows that one already.
Nothing is followed before the first question, and nothing any longer when nobody has asked for a
while: an idle lab stays idle, and a socket in a namespace keeps it alive.

Netlink does not tell everything: of a namespace that only a process holds, of a process that
starts there and of a file below /etc nobody is notified.  These are looked at a few times a second.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Callable

from nslab.engine import uapi
from nslab.engine.agent.boot.isolate import ETC_CHANGES
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.netns.processes import network_inodes

SCAN = 0.15
"""Seconds between two looks at what netlink does not tell."""

SETTLE = 0.02
"""Seconds in which what follows a change is counted as one with it."""

IDLE = 10.0
"""Seconds after the last question until nothing is followed any longer."""

_ROUTE_GROUPS = (1, 3, 4, 5, 7, 8, 9, 11, 24)
"""RTNLGRP_LINK, _NEIGH, _TC, _IPV4_IFADDR, _IPV4_ROUTE, _IPV4_RULE, _IPV6_IFADDR, _IPV6_ROUTE and
_IPV4_NETCONF (linux/rtnetlink.h)."""


class Monitor:
    """Counts the changes of one lab."""

    def __init__(self, spaces: sp.Spaces) -> None:
        self._spaces = spaces
        self._changed = threading.Condition()
        self._number = 1
        self._asked = 0.0
        self._thread: threading.Thread | None = None

    def wait(self, after: int, seconds: float, stopped: Callable[[], bool] = lambda: False) -> int:
        """The number of the last change; waits for one above ``after``, so long at most.

        :param stopped: whether nobody waits any longer; see :meth:`look_again`
        """
        with self._changed:
            self._asked = time.monotonic() + seconds
            if self._thread is None:
                self._thread = threading.Thread(target=self._follow, name="follow", daemon=True)
                self._thread.start()
            self._changed.wait_for(lambda: self._number > after or stopped(), seconds)
            self._asked = time.monotonic()
            return self._number

    def look_again(self) -> None:
        """Have those who wait see whether they still should."""
        with self._changed:
            self._changed.notify_all()

    def _tell(self) -> None:
        with self._changed:
            self._number += 1
            self._changed.notify_all()

    # -- the following thread ------------------------------------------------------------------

    def _follow(self) -> None:
        try:
            with select.epoll() as polling, open("/proc/self/mountinfo") as mounts:
                polling.register(mounts, select.EPOLLPRI | select.EPOLLERR)
                _Sockets(self._spaces, polling).follow(mounts.fileno(), self._tell, self._done)
        finally:
            with self._changed:
                self._thread = None
                # Who waits asks again, and thereby starts anew.
                self._number += 1
                self._changed.notify_all()

    def _done(self) -> bool:
        with self._changed:
            return time.monotonic() - self._asked > IDLE


class _Sockets:
    """A pair of sockets in each namespace, for as long as something else holds it."""

    def __init__(self, spaces: sp.Spaces, polling: select.epoll) -> None:
        self._spaces = spaces
        self._polling = polling
        self._open: dict[int, list[socket.socket]] = {}
        self._by_descriptor: dict[int, socket.socket] = {}
        self._seen: object = None

    def follow(self, mounts: int, tell: Callable[[], None], done: Callable[[], bool]) -> None:
        """Until nobody asks any longer."""
        try:
            self._scan()
            tell()  # what changed before the first socket was open
            scanned = time.monotonic()
            while not done():
                ready = [fd for fd, _ in self._polling.poll(SCAN)]
                news = [self._drain(self._by_descriptor[fd]) for fd in ready if fd != mounts]
                changed = any(news)
                if changed:
                    time.sleep(SETTLE)
                    for fd, _ in self._polling.poll(0):
                        if fd != mounts:
                            self._drain(self._by_descriptor[fd])
                if mounts in ready or time.monotonic() - scanned > SCAN:
                    changed |= self._scan()
                    scanned = time.monotonic()
                if changed:
                    tell()
        finally:
            for inode in list(self._open):
                self._close(inode)

    def _drain(self, one: socket.socket) -> bool:
        while True:
            try:
                one.recv(65536, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return True
            except OSError:
                continue  # more than its buffer holds: that something changed is all we tell

    def _scan(self) -> bool:
        """Open what is new, close what only we hold; whether anything is different."""
        processes = network_inodes()
        named, world = self._spaces.named(), self._spaces.world()
        alive = {self._spaces.home_inode, *named.values(), *world.values(), *processes.values()}
        for inode in self._open.keys() - alive:
            self._close(inode)
        paths = {inode: f"/proc/{pid}/ns/net" for pid, inode in processes.items()}
        paths |= {inode: f"{sp.NAMED}/{name}" for name, inode in named.items()}
        paths |= {inode: f"{sp.WORLD_DIR}/{name}" for name, inode in world.items()}
        for inode in alive - self._open.keys():
            self._listen(inode, paths[inode])
        home = self._spaces.home_inode
        others = {pid: inode for pid, inode in processes.items() if inode != home}
        seen = (named, others, _signature(ETC_CHANGES))
        different, self._seen = seen != self._seen, seen
        return different

    def _listen(self, inode: int, path: str) -> None:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            with self._spaces.inside(descriptor):
                route = _listener(socket.NETLINK_ROUTE, _ROUTE_GROUPS)
                rules = _listener(uapi.NETLINK_NETFILTER, (uapi.NFNLGRP_NFTABLES,))
        except OSError:
            return  # it has just gone
        finally:
            os.close(descriptor)
        self._open[inode] = [route, rules]
        for one in self._open[inode]:
            self._by_descriptor[one.fileno()] = one
            self._polling.register(one, select.EPOLLIN)

    def _close(self, inode: int) -> None:
        for one in self._open.pop(inode):
            del self._by_descriptor[one.fileno()]
            self._polling.unregister(one)
            one.close()


def _listener(family: int, groups: tuple[int, ...]) -> socket.socket:
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, family)
    try:
        made.bind((0, 0))
        for group in groups:
            made.setsockopt(uapi.SOL_NETLINK, uapi.NETLINK_ADD_MEMBERSHIP, group)
    except OSError:
        made.close()
        raise
    return made


def _signature(folder: str) -> tuple[tuple[str, int, int], ...]:
    """What differs if a file below a folder is made, written or deleted."""
    found = []
    for directory, _, files in os.walk(folder):
        for name in (".", *files):
            try:
                status = os.stat(f"{directory}/{name}", follow_symlinks=False)
            except OSError:
                continue
            found.append((f"{directory}/{name}", status.st_mtime_ns, status.st_size))
    return tuple(sorted(found))
