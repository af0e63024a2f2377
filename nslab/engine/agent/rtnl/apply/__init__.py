"""Actions → the kernel.

What rtnetlink can do goes out as messages, many in one buffer where nothing between them needs an
answer; the rest (files, sysctls, packet filter rules, processes) is done in order between them.

Measured ways of a star of 100 namespaces are in ``benchmarks/``: what counts is to make both ends
of a veth in one message and in the right place (moving a link costs 21 ms of RCU grace periods), to
make namespaces in one thread without a fork each, and to look names up once.

Each family of actions has a module of the same name here, in :mod:`nslab.network.actions`, in the
fake engine and in :mod:`nslab.engine.explain`.

::

    addresses   addresses
    batch       what one call of apply has open and has learned so far
    links       bridges, veth pairs, and settings that every link has
    nat         address translation
    routes      routes
    settings    kernel parameters and name servers, which are files
    spaces      namespaces and containers
    stacked     links that stand on another one
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nslab.engine import explain
from nslab.engine.agent.boot.init import Init
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.rtnl.apply import addresses, links, nat, routes, settings, stacked
from nslab.engine.agent.rtnl.apply import spaces as namespaces
from nslab.engine.agent.rtnl.apply.batch import Batch, Doer
from nslab.network import actions as act

CAREFUL = 16
"""Up to so many actions go out one by one, so that a failure leaves exactly those before it."""

DOERS: dict[type[act.Action], Doer] = {
    kind: doer
    for family in (namespaces, links, addresses, routes, stacked, settings, nat)
    for kind, doer in family.DOERS.items()
}


class Applier:
    """Does actions, for one lab.  One call at a time."""

    def __init__(self, spaces: sp.Spaces, init: Init) -> None:
        self._spaces = spaces
        self._init = init

    def apply(
        self, actions: Sequence[act.Action], stopped: Callable[[], bool] = lambda: False
    ) -> int:
        """Do the actions in order, in this thread, which comes home at the end.

        :param stopped: asked between two actions: whether to end there
        :returns: how many were done
        :raises NslabError: the first that failed; those after it were not tried, except a few in
            the same buffer when there are more than :data:`CAREFUL` of them
        """
        with self._spaces.lock:
            careful = len(actions) <= CAREFUL
            batch = Batch(self._spaces, self._init, careful=careful)
            try:
                done = 0
                while done < len(actions) and not stopped():
                    row = [] if careful else _row_of_namespaces(actions, done)
                    if len(row) >= namespaces.SIDE_BY_SIDE:
                        done += namespaces.add_namespaces(batch, row, stopped)
                    else:
                        _do(batch, actions[done])
                        done += 1
                batch.flush()
                return done
            finally:
                batch.close()


def _row_of_namespaces(actions: Sequence[act.Action], start: int) -> list[act.AddNamespace]:
    """The actions from ``start`` on that make a namespace each, with no other between them.

    A name that comes again ends the row: which of the two fails is for their order to say.
    """
    row: dict[str, act.AddNamespace] = {}
    for number in range(start, len(actions)):
        action = actions[number]
        if not isinstance(action, act.AddNamespace) or action.name in row:
            break
        row[action.name] = action
    return list(row.values())


def _do(batch: Batch, action: act.Action) -> None:
    try:
        DOERS[type(action)](batch, action)
    except OSError as error:
        raise explain.explain(action, error.errno or 0) from error
