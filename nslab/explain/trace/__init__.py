"""The way of a ping through a snapshot: there, and the way of its answer.

::

    values     Trace, Hop, Spot, Rewrite, Stop
    routing    which addresses a namespace has, which route it takes, which source it puts in
    nat        what a rule rewrites
    segment    who hears a frame that a link sends, and what keeps it from the others
    walk       all of that, hop by hop

Pure functions over one :class:`~nslab.network.model.Snapshot`; nothing is sent.  It is the way
that a packet takes when every neighbour has to be asked for afresh (ARP), so what a namespace
still remembers of its neighbours does not count.  IPv4 only.

What a snapshot does not hold, the way cannot show: packet filter rules, policy rules (``ip
rule``), the rp_filter of single devices, VLANs, and which ports a NAT rule is meant for.
"""

from nslab.explain.trace.values import Hop, Rewrite, Spot, Stop, Trace
from nslab.explain.trace.walk import trace

__all__ = ["Hop", "Rewrite", "Spot", "Stop", "Trace", "trace"]
