"""Address translation."""

from __future__ import annotations

from nslab.engine.fake.apply.doer import Doer, space_of
from nslab.engine.fake.state import Network
from nslab.network import actions as act
from nslab.network import names
from nslab.network.model import NatRule


def masquerade(net: Network, action: act.Masquerade) -> None:
    space = space_of(net, action.ns, action)
    source = names.destination(action.source).removesuffix("/32").replace("default", "")
    words = (f"from {source} " if source else "") + f"leaving by {action.out} masquerade"
    space.nat.append(NatRule(kind="masquerade", source=source, out=action.out, text=words))


DOERS: dict[type[act.Action], Doer] = {act.Masquerade: masquerade}
