"""The documented state of a new namespace, set for the thread's own."""

from __future__ import annotations

from collections.abc import Callable

from nslab.engine.agent.netns.syscalls import read, write

_WANTED = {
    "ipv4/ip_forward": "0",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    "bridge/bridge-nf-call-iptables": "0",
    "bridge/bridge-nf-call-ip6tables": "0",
    "bridge/bridge-nf-call-arptables": "0",
}
"""What a new namespace is put to, below /proc/sys/net, if it is born otherwise."""


def settle(*, ipv6: bool, but: str = "") -> None:
    """The documented state of a namespace of the lab, all but one key, set for the thread's own."""
    _quieten(ipv6=ipv6)
    for key in _born_otherwise():
        if key != but:
            _try(write, f"/proc/sys/net/{key}", _WANTED[key])


def _quieten(*, ipv6: bool) -> None:
    """Keep the kernel from sending of its own accord in the thread's namespace."""
    if not ipv6:
        # "all" sets "default" along (addrconf_disable_ipv6() in net/ipv6/addrconf.c).
        _try(write, "/proc/sys/net/ipv6/conf/all/disable_ipv6", "1")
    # A bridge that snoops multicast reports itself for 224.0.0.106 when it is set up.
    _try(write, "/proc/sys/net/ipv4/igmp_link_local_mcast_reports", "0")


def _born_otherwise() -> tuple[str, ...]:
    """The keys of :data:`_WANTED` that a namespace is born with another value of.

    Found out once, in the first new namespace, because reading them takes a tenth of the time of
    making one.  Only ip_forward is looked at each time: Docker sets it on the machine when it
    starts, and namespaces are born with the machine's value.
    """
    global _others  # a fact about this machine's kernel, not about a lab
    if _others is None:
        _others = tuple(
            key
            for key, wanted in _WANTED.items()
            if _try(read, f"/proc/sys/net/{key}") not in (None, wanted) and key != FORWARD
        )
    forwarding = _try(read, f"/proc/sys/net/{FORWARD}")
    return _others if forwarding == "0" else (FORWARD, *_others)


FORWARD = "ipv4/ip_forward"
_others: tuple[str, ...] | None = None


def _try(function: Callable[..., str | None], *arguments: str) -> str | None:
    """None where the file is not there or refuses: no IPv6, no br_netfilter, a read-only /proc."""
    try:
        return function(*arguments)
    except OSError:
        return None
