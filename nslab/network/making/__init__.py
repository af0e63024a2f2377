"""The smallest set of commands that makes one snapshot of another.

For what nobody typed in the lab (but in a terminal beside it), for what must not run again because
it was stopped, and for what repeating the steps did not bring back.  Nothing here touches a lab.

What snapshots do not tell whole cannot be made: processes, named sets of nft, the times of a queue.
``Plan.left`` says so.  What the kernel does of its own accord (carriers, what it learns, its own
addresses and routes) is nobody's doing, and is not made.

::

    plan        the parts in their order
    pieces      what a plan is made of: actions, and lines where no action stands for it
    work        what is there while a plan is carried out
    pairing     which link is which in both snapshots, whatever it is called and wherever it is
    spaces      namespaces and containers
    links       links that come, go, move or are called otherwise
    features    what a link is like: MAC, MTU, bridge, port, settings, queue
    addresses   addresses of links
    routes      routes, policy rules, static neighbours and forwarding entries
    filters     packet filter rules
    files       /etc
"""

from nslab.network.making.pieces import Line, Piece
from nslab.network.making.plan import Plan, make

__all__ = ["Line", "Piece", "Plan", "make"]
