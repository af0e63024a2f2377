"""Settings of a namespace that netlink does not tell, from /proc/sys.

To open such a file costs ten times as much as to read it: every namespace has a directory of the
same name, and the kernel looks through all of them.  So the files stay open between two looks.
Unlike a socket that does not keep a namespace alive: the kernel takes the files away with it, and
what is still open then reads as ENOENT (proc_sys_call_handler() in fs/proc/proc_sysctl.c).
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterable

_SHOWN: dict[str, bytes | None] = {
    "net.ipv6.conf.all.disable_ipv6": None,
    "net.ipv6.conf.all.forwarding": b"0\n",
    "net.bridge.bridge-nf-call-iptables": None,
    "net.ipv4.conf.all.arp_ignore": b"0\n",
    "net.ipv4.icmp_echo_ignore_all": b"0\n",
    "net.ipv4.ip_default_ttl": b"64\n",
}
"""The settings, each with the value with which it is left out (None: it is always shown)."""

_V6_OFF, _V6_FORWARDING = "net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.all.forwarding"


KEPT = 1600
"""Files of 266 namespaces: with what a look at 1,023 takes, the agent's table need not grow."""


class Sysctls:
    """Reads the settings of the namespace that this thread is in; keeps their files open."""

    def __init__(self, room: int | None = None) -> None:
        """
        :param room: how many files to keep open at most; by default, what leaves the process
            enough descriptors for everything else
        """
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._room = min(limit // 8, KEPT) if room is None else room
        self._open: dict[int, dict[str, int]] = {}
        self._absent: set[str] = set()

    def forget(self, inodes: Iterable[int]) -> None:
        """Before a look: keep the files of these namespaces only."""
        self._absent.clear()
        for inode in self._open.keys() - set(inodes):
            for descriptor in self._open.pop(inode).values():
                os.close(descriptor)
                self._room += 1

    def close(self) -> None:
        self.forget(())

    def read(self, inode: int) -> dict[str, str]:
        """What is always shown, and what somebody has changed, in this thread's namespace.

        :param inode: that namespace's
        """
        kept = self._open.setdefault(inode, {})
        result = {}
        for key, usual in _SHOWN.items():
            if key in self._absent:
                continue
            value = self._again(kept, key) if key in kept else None
            if value is None:
                value = self._first(kept, key)
            if value is not None and value != usual:
                result[key] = value.decode(errors="replace").strip()
        if result.get(_V6_OFF) != "0":
            result.pop(_V6_FORWARDING, None)  # without IPv6 it means nothing
        return result

    def _again(self, kept: dict[str, int], key: str) -> bytes | None:
        """From the open file; None where its namespace is gone and another has its inode."""
        try:
            return os.pread(kept[key], 64, 0)
        except OSError:
            os.close(kept.pop(key))
            self._room += 1
            return None

    def _first(self, kept: dict[str, int], key: str) -> bytes | None:
        try:
            descriptor = os.open(f"/proc/sys/{key.replace('.', '/')}", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            # No IPv6 in the kernel, or br_netfilter is not loaded: so it is in all namespaces.
            self._absent.add(key)
            return None
        except PermissionError:
            return None
        try:
            return os.pread(descriptor, 64, 0)
        finally:
            if self._room > 0:
                kept[key] = descriptor
                self._room -= 1
            else:
                os.close(descriptor)
