"""The single faults, by what they are about.

::

    links       cables, bridges, their ports, MACs, tables of neighbours, sizes
    addresses   missing, doubled, too narrow, too wide
    routes      missing, wrong, refused; rules; forwarding; reverse paths
    nat         translated wrongly or not at all
    filters     dropped or refused by a rule, by each tool and in each place
    ports       nobody listens, or elsewhere; names
    stacked     macvlan, ipvlan, VLANs, tunnels
    ipv6        the same in IPv6
    engine      a real Docker engine
"""

from __future__ import annotations

from faults.catalogue import addresses, engine, filters, ipv6, links, nat, ports, routes, stacked
from faults.values import Fault

FAULTS: tuple[Fault, ...] = (
    *links.FAULTS,
    *addresses.FAULTS,
    *routes.FAULTS,
    *nat.FAULTS,
    *filters.FAULTS,
    *ports.FAULTS,
    *stacked.FAULTS,
    *ipv6.FAULTS,
    *engine.FAULTS,
)
"""All of them; the name of each is its own within its topology."""

KINDS: tuple[str, ...] = tuple(dict.fromkeys(fault.kind for fault in FAULTS))
