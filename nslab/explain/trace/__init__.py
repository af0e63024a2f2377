"""The way of a packet (a ping, TCP or UDP) through a snapshot, and the way of its answer.

::

    values     Trace, Hop, Spot, Rewrite, Stop, Doubt
    packet     a packet as rules look at it; Ruling, who decided about it
    matching   whether a rule is about a packet
    filter     what the packet filter of a namespace does with a packet at one hook
    hooks      a packet at the hooks of a namespace, and what conntrack knows of it
    bridged    the rules of bridges, of links and of ARP, between two hops
    routing    which addresses a namespace has, which route it takes, which source it puts in
    segment    who hears a frame that a link sends, and what keeps it from the others
    delivery   whether it is delivered there: ARP, MACs, switches of ports, queues, sizes
    walk       all of that, hop by hop

Pure functions over one :class:`~nslab.network.model.Snapshot`; nothing is sent.  It is the way
that a packet takes when every neighbour has to be asked for afresh (ARP), so what a namespace
still remembers of its neighbours does not count.  IPv4 only.

What a snapshot does not hold, the way cannot show: policy rules that ask for more than addresses
and links.  Where a rule is not understood, the way has a doubt.
"""

from nslab.explain.trace.packet import Ruling
from nslab.explain.trace.values import Doubt, Hop, Rewrite, Spot, Stop, Trace
from nslab.explain.trace.walk import trace

__all__ = ["Doubt", "Hop", "Rewrite", "Ruling", "Spot", "Stop", "Trace", "trace"]
