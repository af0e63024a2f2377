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
    was, now = _own(old, six), _own(new, six)
    if was == now:
        return
    gone, added = _least(was, now, six) or (was, now[::-1] if six else now)
    ns = named(where[0])
    for one in gone[::-1]:  # a subnet's first address takes the others with it
        yield _taken(ns, new.name, one)
    for one in added:
        yield _given(ns, new.name, one)
    work.taken.setdefault(where, []).extend(gone)
    work.given.setdefault(where, []).extend(added)
    if gone == was and gone and not six:
        work.bare.add(where)  # fib_disable_ip(), when the last one goes
    work.readdressed.add(where)


def _own(link: Link, six: bool) -> list[Address]:
    """The addresses of a family that somebody gave a link."""
    return [one for one in link.addresses if (":" in one.address) == six and not one.by_kernel]


def _least(
    was: list[Address], now: list[Address], six: bool
) -> tuple[list[Address], list[Address]] | None:
    """What to take away and what to add; None if the order would then be another."""
    kept = [one for one in was if one in now]
    gone = [one for one in was if one not in kept]
    added = [one for one in now if one not in kept]
    if six:
        added.reverse()  # the newest of IPv6 is the first
    put = kept
    for one in added:
        put = [one, *put] if six else _inserted(put, one)
    leads = not six and any(_leads([one], two) for one in gone for two in _after(was, one, kept))
    return None if put != now or leads else (gone, added)


def _after(was: list[Address], one: Address, kept: list[Address]) -> list[Address]:
    return [two for two in was[was.index(one) :] if two in kept]


def _network(one: Address) -> object:
    return ipaddress.ip_interface(one.address).network


def _inserted(put: Sequence[Address], one: Address) -> list[Address]:
    """As __inet_insert_ifa() does: what is first in its subnet before those that are not."""
    first = [each for place, each in enumerate(put) if not _leads(put[:place], each)]
    rest = [each for each in put if each not in first]
    if _leads(first, one):
        return [*put, one]
    return [*first, one, *rest]


def _leads(earlier: Sequence[Address], one: Address) -> bool:
    """Whether one of these is of the same subnet: with the first of them the others may go."""
    return any(_network(each) == _network(one) for each in earlier)


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
