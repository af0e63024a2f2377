"""Address translation.  By nft, because packet filter rules are no business of rtnetlink."""

from __future__ import annotations

from nslab.engine.agent.rtnl.apply.batch import Batch, Doer
from nslab.network import actions as act


def masquerade(batch: Batch, action: act.Masquerade) -> None:
    source = "" if action.source == "default" else f"ip saddr {action.source} "
    rule = (
        "add table ip nslab\n"
        "add chain ip nslab postrouting { type nat hook postrouting priority srcnat ; }\n"
        f'add rule ip nslab postrouting {source}oifname "{action.out}" masquerade\n'
    )
    batch.run(action, action.ns, ("nft", "-f", "-"), rule)


DOERS: dict[type[act.Action], Doer] = {act.Masquerade: masquerade}
