"""Addresses of links, in the order in which the kernel keeps them."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from msgspec import structs

from nslab.errors import InvalidInput
from nslab.network.actions import AddAddress, DeleteAddress, SetUp
from nslab.network.making.pairing import Where
from nslab.network.making.pieces import Piece, line
from nslab.network.making.work import Pieces, Work, named
from nslab.network.model import Address, Link

_OF_LOOPBACK = ("127.0.0.1/8", "::1/128")
"""What the kernel gives lo when it is set up."""


def addresses(work: Work) -> Pieces:
    """Take away and add addresses."""
    for where, old, new in list(work.links()):
        ns = named(where[0])
        if new.name == "lo" and new.up and not old.up:
            yield SetUp("lo", ns=ns)
            theirs = tuple(one for one in new.addresses if one.address in _OF_LOOPBACK)
            old = work.base[where] = structs.replace(old, up=True, addresses=theirs)
            work.readdressed.add(where)
        for six in (False, True):
            yield from _of_family(work, where, old, new, six)


def _of_family(work: Work, where: Where, old: Link, new: Link, six: bool) -> Pieces:
    was = [one for one in old.addresses if (":" in one.address) == six and not one.by_kernel]
    now = [one for one in new.addresses if (":" in one.address) == six and not one.by_kernel]
    if was == now:
        return
    kept = [one for one in was if one in now]
    put = kept
    added = [one for one in now if one not in kept]
    added = added[::-1] if six else added  # the newest of IPv6 is the first
    for one in added:
        put = [one, *put] if six else _inserted(put, one)
    gone = [one for one in was if one not in kept]
    if put != now or any(_leads(one, kept) for one in gone):
        gone, added = was, now[::-1] if six else now
    ns = named(where[0])
    for one in gone[::-1]:  # a subnet's first address takes the others with it
        yield _taken(ns, new.name, one)
    for one in added:
        yield _given(ns, new.name, one)
    if len(gone) == len(was) and gone and not six:
        work.bare.add(where)  # fib_disable_ip(), when the last one goes
    work.readdressed.add(where)


def _network(one: Address) -> object:
    return ipaddress.ip_interface(one.address).network


def _inserted(put: Sequence[Address], one: Address) -> list[Address]:
    """As __inet_insert_ifa() does: what is first in its subnet before those that are not."""
    first = [each for place, each in enumerate(put) if not _leads_any(put[:place], each)]
    rest = [each for each in put if each not in first]
    if _leads_any(first, one):
        return [*put, one]
    return [*first, one, *rest]


def _leads_any(earlier: Sequence[Address], one: Address) -> bool:
    return any(_network(each) == _network(one) for each in earlier)


def _leads(one: Address, others: Sequence[Address]) -> bool:
    """Whether others may go with it, being of its subnet."""
    return ":" not in one.address and _leads_any([one], one) and _leads_any(others, one)


def _taken(ns: str | None, link: str, one: Address) -> Piece:
    try:
        return DeleteAddress(link, one.address, ns=ns)
    except InvalidInput:
        return line(ns, "ip", "address", "delete", one.address, "dev", link)


def _given(ns: str | None, link: str, one: Address) -> Piece:
    network = ipaddress.ip_interface(one.address).network
    natural = "host" if network.is_loopback else "global"
    usual = str(network.broadcast_address) if network.prefixlen < 31 else ""
    six = ":" in one.address
    try:
        if six or (one.scope == natural and one.broadcast in ("", usual)):
            return AddAddress(link, one.address, ns=ns, broadcast=six or bool(one.broadcast))
    except InvalidInput:
        pass
    words = ["broadcast", one.broadcast] if one.broadcast else []
    words += [] if six else ["scope", one.scope]
    return line(ns, "ip", "address", "add", one.address, *words, "dev", link)
