"""Addresses: what a refusal means."""

from __future__ import annotations

from errno import EACCES, EADDRNOTAVAIL, EEXIST

from nslab.engine.explain.phrases import Table
from nslab.network import actions as act

TABLE: Table = {
    (act.AddAddress, EEXIST): (
        "{link} has {address} already",
        "see what it has: ip{ns} address show dev {link}",
    ),
    (act.AddAddress, EACCES): (
        "IPv6 is turned off in this lab",
        "make the lab with IPv6: Lab(ipv6=True)",
    ),
    (act.DeleteAddress, EADDRNOTAVAIL): (
        "{link} has no address {address}",
        "the prefix length counts too; see what it has: ip{ns} address show dev {link}",
    ),
}
