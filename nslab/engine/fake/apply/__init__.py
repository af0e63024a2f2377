"""Actions → changes of the fake's state, a module for each family, as in the agent.

::

    addresses   addresses
    doer        what does an action to the fake's state, and how it finds what the action names
    links       bridges, veth pairs, and settings that every link has
    nat         address translation
    routes      routes
    settings    kernel parameters and name servers
    spaces      namespaces and containers
    stacked     links that stand on another one
"""

from __future__ import annotations

from nslab.engine import explain
from nslab.engine.fake import bridging
from nslab.engine.fake.apply import addresses, links, nat, routes, settings, spaces, stacked
from nslab.engine.fake.apply.doer import Doer
from nslab.engine.fake.state import Network, Refusal
from nslab.network import actions as act

DOERS: dict[type[act.Action], Doer] = {
    kind: doer
    for family in (spaces, links, addresses, routes, stacked, settings, nat)
    for kind, doer in family.DOERS.items()
}


def apply(net: Network, action: act.Action) -> None:
    """Do one action.

    :raises NslabError: it was refused; see :func:`nslab.engine.explain.explain`
    """
    try:
        DOERS[type(action)](net, action)
    except Refusal as refusal:
        raise explain.explain(action, refusal.errno) from None
    finally:
        # Also when it was refused: an Attach has taken the link off its old bridge by then.
        bridging.enable_ports(net)
