"""Addresses."""

from __future__ import annotations

import errno
import ipaddress

from nslab.engine.fake import fib
from nslab.engine.fake.apply.doer import Doer, the_link
from nslab.engine.fake.state import Addr, Network, Refusal
from nslab.network import actions as act


def add_address(net: Network, action: act.AddAddress) -> None:
    link = the_link(net, action)
    addr = Addr(ipaddress.ip_interface(action.address))
    network = addr.interface.network
    if network.version == 6 and not net.ipv6:
        raise Refusal(errno.EACCES)
    for other in link.addresses:
        if other.interface == addr.interface:
            raise Refusal(errno.EEXIST)
        addr.secondary = addr.secondary or other.interface.network == network
    if action.broadcast and network.version == 4 and network.prefixlen < 31:
        addr.broadcast = str(network.broadcast_address)
    # inet_insert_ifa(): first the primaries, wider scopes behind, then the secondaries.
    place = len(link.addresses)
    if not addr.secondary:
        place = 0
        for number, other in enumerate(link.addresses):
            if not other.secondary and (addr.scope == "global" or other.scope == "host"):
                place = number + 1
    link.addresses.insert(place, addr)
    fib.announce(link, addr)


def delete_address(net: Network, action: act.DeleteAddress) -> None:
    link = the_link(net, action)
    interface = ipaddress.ip_interface(action.address)
    for addr in link.addresses:
        if addr.interface == interface:
            break
    else:
        raise Refusal(errno.EADDRNOTAVAIL)
    link.addresses[:] = [
        other
        for other in link.addresses
        if other is not addr
        and (addr.secondary or not other.secondary or other.interface.network != interface.network)
    ]
    fib.withdraw(link, addr)


DOERS: dict[type[act.Action], Doer] = {
    act.AddAddress: add_address,
    act.DeleteAddress: delete_address,
}
