"""The documented state of a new namespace, set for the thread's own."""

from __future__ import annotations

import os
from collections.abc import Callable

from nslab.engine import uapi
from nslab.engine.agent.netns.syscalls import call, read, write

_WANTED = {
    "ipv4/ip_forward": "0",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    "bridge/bridge-nf-call-iptables": "0",
    "bridge/bridge-nf-call-ip6tables": "0",
    "bridge/bridge-nf-call-arptables": "0",
}
"""What a new namespace is put to, below /proc/sys/net, if it is born otherwise."""


def settle(*, ipv6: bool, but: str = "", fresh: bool = True) -> None:
    """The documented state of a namespace of the lab, all but one key, set for the thread's own.

    :param fresh: nobody else can have been in it; if somebody can, what has another value than new
        namespaces are born with was set on purpose, in the moment since it is there, and stays
    """
    _quieten(ipv6=ipv6 or (not fresh and _speaks_ipv6()))
    for key in _born_otherwise():
        if key != but and (fresh or _as_born(key)):
            _try(write, f"/proc/sys/net/{key}", _WANTED[key])


def _speaks_ipv6() -> bool:
    """Whether somebody has given the thread's namespace an IPv6 address of its own.

    Switching the protocol off would take it away.  Those that the kernel gives (::1, fe80::) say
    nothing.
    """
    found = _try(read, "/proc/thread-self/net/if_inet6") or ""
    return any(line.split()[3] in _GIVEN for line in found.splitlines())


_GIVEN = ("00", "40")
"""The scopes of a global and of a site's address (net/ipv6/addrconf.c, if6_seq_show())."""


def _as_born(key: str) -> bool:
    """Whether a setting of the thread's namespace has the value that new ones are born with."""
    value = _try(read, f"/proc/sys/net/{key}")
    if value != _born.get(key):
        # The machine's own setting may have changed since, as when Docker starts there.
        _born[key] = _of_a_new_one(key)
    return value == _born[key]


def _of_a_new_one(key: str) -> str | None:
    """What a setting is in a namespace in which nobody can have been."""
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        call("unshare", uapi.CLONE_NEWNET)
        try:
            return _try(read, f"/proc/sys/net/{key}")
        finally:
            call("setns", here, uapi.CLONE_NEWNET)
    finally:
        os.close(here)


def _quieten(*, ipv6: bool) -> None:
    """Keep the kernel from sending of its own accord in the thread's namespace."""
    if not ipv6:
        # "all" sets "default" along (addrconf_disable_ipv6() in net/ipv6/addrconf.c).
        _try(write, "/proc/sys/net/ipv6/conf/all/disable_ipv6", "1")
    # A bridge that snoops multicast reports itself for 224.0.0.106 when it is set up.
    _try(write, "/proc/sys/net/ipv4/igmp_link_local_mcast_reports", "0")


def _born_otherwise() -> tuple[str, ...]:
    """The keys of :data:`_WANTED` that a namespace is born with another value of.

    Found out once, in the lab's first namespace, before a learner can be there: reading them takes
    a tenth of the time of making one.  Only ip_forward is looked at each time: Docker sets it on
    the machine when it starts, and namespaces are born with the machine's value.
    """
    global _others  # a fact about this machine's kernel, not about a lab
    if _others is None:
        _born.update({key: _try(read, f"/proc/sys/net/{key}") for key in _WANTED})
        _others = tuple(
            key
            for key, wanted in _WANTED.items()
            if _born[key] not in (None, wanted) and key != FORWARD
        )
    forwarding = _try(read, f"/proc/sys/net/{FORWARD}")
    return _others if forwarding == "0" else (FORWARD, *_others)


FORWARD = "ipv4/ip_forward"
_others: tuple[str, ...] | None = None
_born: dict[str, str | None] = {}
"""The values that namespaces are born with, by key, as last seen."""


def _try(function: Callable[..., str | None], *arguments: str) -> str | None:
    """None where the file is not there or refuses: no IPv6, no br_netfilter, a read-only /proc."""
    try:
        return function(*arguments)
    except OSError:
        return None
