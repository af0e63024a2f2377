"""Address translation."""

from __future__ import annotations

from nslab.engine.fake.apply.doer import Doer, space_of
from nslab.engine.fake.state import Network
from nslab.network import actions as act
from nslab.network import names
from nslab.network.rules import Match, Rule, Statement


def masquerade(net: Network, action: act.Masquerade) -> None:
    space = space_of(net, action.ns, action)
    source = names.destination(action.source).removesuffix("/32").replace("default", "")
    matches = [Match(field="source", values=(source,))] if source else []
    matches.append(Match(field="out", values=(action.out,)))
    said = f"ip saddr {source} " if source else ""
    rule = Rule(
        matches=tuple(matches),
        statements=(Statement(kind="masquerade"),),
        text=f'{said}oifname "{action.out}" masquerade',
        handle=len(space.nat) + 2,
    )
    space.nat.append(rule)


DOERS: dict[type[act.Action], Doer] = {act.Masquerade: masquerade}
