"""Routes: what a refusal means."""

from __future__ import annotations

from errno import EACCES, EEXIST, EHOSTUNREACH, EINVAL, ENETDOWN, ENETUNREACH, ESRCH

from nslab.engine.explain.phrases import Table
from nslab.network import actions as act

TABLE: Table = {
    (act.AddRoute, EEXIST): (
        "{where} has a route to {destination} already",
        "see it: ip{ns} route\nthen first: ip{ns} route delete {destination}",
    ),
    (act.AddRoute, ENETUNREACH): (
        "no link of {where} that is up has an address in the subnet of the gateway {via}",
        "see the addresses and which links are up: ip{ns} -brief address",
    ),
    (act.AddRoute, EHOSTUNREACH): (
        "no link leads to the gateway {via}",
        "see the addresses and which links are up: ip{ns} -brief address",
    ),
    (act.AddRoute, EACCES): (
        "IPv6 is turned off in this lab",
        "make the lab with IPv6: Lab(ipv6=True)",
    ),
    (act.AddRoute, ENETDOWN): (
        "the link that it would use is down",
        "first: ip{ns} link set dev {out} up",
    ),
    (act.AddRoute, EINVAL): (
        "{via} cannot be a gateway: it is not the address of one neighbour",
        "give the address that the next router has in this subnet",
    ),
    (act.DeleteRoute, ESRCH): ("{where} has no such route", "see what is there: ip{ns} route"),
}
