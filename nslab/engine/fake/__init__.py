"""A lab in memory: what the Linux kernel would do, as far as a Snapshot shows it.

::

    state      namespaces, links, addresses: the values and what follows from them
    fib        routes: which appear by themselves, which gateway can be reached
    bridging   ports, the MAC that follows them, the spanning tree
    apply/     actions → changes of the state, refusals as errno
    programs   the handful of commands that ``run`` knows
    engine     FakeEngine: the protocol around it
    stacking   the fake's links on links

It makes tests quick and lets a notebook's author work where no namespace may be made.  It moves no
packets: neighbours and forwarding tables stay empty, and ``ping`` is not there.  Its routes are
IPv4's only.  ``tests/contract`` compares it with the real engine, action by action.
"""

from nslab.engine.fake.engine import FakeEngine

__all__ = ["FakeEngine"]
