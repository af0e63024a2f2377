"""What was rewritten between two sightings of a packet, and which translation did it."""

from __future__ import annotations

from collections.abc import Sequence

from nslab.frames.identity import TCP, UDP, Packet
from nslab.frames.journey.values import Change, Remembered, who
from nslab.frames.summary import Names
from nslab.network.model import Flow, Tracked


def changes(
    old: Packet, new: Packet, tracked: Sequence[Tracked], names: Names
) -> tuple[Change, ...]:
    """All that is different."""
    found = []
    why = {} if old.flow == new.flow else _translation(old, new, tracked)
    for what, target in (("source", False), ("target", True)):
        one, other = _end(old, target), _end(new, target)
        if one != other:
            before, after = (_written(*end, names) for end in (one, other))
            found.append(Change(what, before, after, why.get(what, "")))
    if old.ttl != new.ttl:
        found.append(Change("TTL", str(old.ttl), str(new.ttl)))
    if old.tags != new.tags:
        found.append(Change("VLAN", str(list(old.tags)), str(list(new.tags))))
    if old.macs != new.macs and old.macs[0] and new.macs[0]:
        found.append(Change("MACs", " → ".join(old.macs), " → ".join(new.macs)))
    return tuple(found)


def remembered(
    flows: Sequence[Flow], tracked: Sequence[Tracked], names: Names
) -> tuple[Remembered, ...]:
    """The entries that any of a packet's flows belongs to, without what differs from run to run."""
    seen = {flow for one in flows for flow in (one, one.inverse)}
    found = [
        Remembered(who(entry.ns), _flow(entry.original, names), _flow(entry.reply, names))
        for entry in tracked
        if entry.original in seen or entry.reply in seen
    ]
    return tuple(dict.fromkeys(found))


def _flow(flow: Flow, names: Names) -> str:
    ports = flow.protocol in (TCP, UDP)
    source = _written(flow.source, flow.source_port if ports else None, names)
    target = _written(flow.target, flow.target_port if ports else None, names)
    return f"{source} → {target}"


def _end(one: Packet, target: bool) -> tuple[str, int | None]:
    """An address with its port, if the port can be translated too."""
    address, flow = one.target if target else one.source, one.flow
    if flow is None or flow.protocol not in (TCP, UDP):
        return address, None
    return address, flow.target_port if target else flow.source_port


def _written(address: str, port: int | None, names: Names) -> str:
    return address if port is None else f"{address}:{names.port(port)}"


def _translation(old: Packet, new: Packet, tracked: Sequence[Tracked]) -> dict[str, str]:
    """By which entry each of the two ends is translated from one flow to the other."""
    for entry in tracked:
        by = f" by {who(entry.ns)}"
        if old.flow == entry.original and new.flow == entry.reply.inverse:
            return {"source": f"SNAT{by}", "target": f"DNAT{by}"}
        if old.flow == entry.reply and new.flow == entry.original.inverse:
            return {"source": f"DNAT undone{by}", "target": f"SNAT undone{by}"}
    return {}


__all__ = ["changes", "remembered"]
