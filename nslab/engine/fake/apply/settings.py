"""Kernel parameters and name servers."""

from __future__ import annotations

import errno
import re

from nslab.engine.fake.apply.doer import Doer, space_of
from nslab.engine.fake.state import Network, Refusal
from nslab.errors import InvalidInput
from nslab.network import actions as act
from nslab.network import names

_SYSCTLS = re.compile(
    r"net/(ipv4/(ip_forward|icmp_echo_ignore_all|ip_default_ttl|fwmark_reflect"
    r"|conf/(?P<dev>[^/]+)/(forwarding|rp_filter|proxy_arp|arp_ignore|arp_announce|accept_local"
    r"|log_martians|send_redirects|accept_redirects|route_localnet))"
    r"|ipv6/conf/(all|default)/(disable_ipv6|forwarding)"
    r"|bridge/bridge-nf-call-(iptables|ip6tables|arptables))"
)
"""The parameters that the fake knows; a kernel has about a thousand."""


_LINK_SETTINGS = {"proxy_arp", "rp_filter", "arp_ignore", "accept_local", "route_localnet"}
"""What a snapshot shows of a link's own."""


def sysctl(net: Network, action: act.Sysctl) -> None:
    space = space_of(net, action.ns, action)
    path = names.sysctl_path(action.key)
    known = _SYSCTLS.fullmatch(path)
    if known is None or known["dev"] not in {None, "all", "default", *space.links}:
        raise Refusal(errno.ENOENT)
    try:
        value = int(action.value.split()[0], 0)
    except (ValueError, IndexError):
        raise Refusal(errno.EINVAL) from None
    key = path.replace("/", ".").replace("ipv4.conf.all.forwarding", "ipv4.ip_forward")
    if key in space.sysctls:
        space.sysctls[key] = str(value)
    link, name = space.links.get(known["dev"] or ""), path.rpartition("/")[2]
    if link is not None and name in _LINK_SETTINGS:
        link.settings.pop(name, None)
        if value:
            link.settings[name] = str(value)


def resolv_conf(net: Network, action: act.ResolvConf) -> None:
    space = space_of(net, action.ns, action)
    text = f"nameserver {action.nameserver}\n"
    if space.role == "world":
        raise InvalidInput(
            action.operation,
            action.ns or "",
            "it has no file system of its own to write to",
            "name the host, a namespace of /run/netns or a container",
        )
    if space.role == "named":
        net.etc_netns[space.label] = text
    else:
        space.resolv_conf = text


DOERS: dict[type[act.Action], Doer] = {act.Sysctl: sysctl, act.ResolvConf: resolv_conf}
