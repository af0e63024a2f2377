"""Changes of what is usual nearly always: settings and queues of a link, flags of a port, rules."""

from __future__ import annotations

from collections.abc import Iterator

from nslab.network.model import Ends, Link, Mirred, Namespace, PolicyRule, Port, Tunnel

PORT_FLAGS = (
    ("learning", "learning"),
    ("flood", "flood"),
    ("isolated", "isolated"),
    ("hairpin", "hairpin"),
    ("broadcast_flood", "flooding of broadcasts"),
    ("neighbour_suppress", "suppression of neighbour questions"),
    ("locked", "locked"),
)

USUAL = {
    "net.ipv4.conf.all.arp_ignore": "0",
    "net.ipv4.conf.all.proxy_arp": "0",
    "net.ipv4.conf.all.ignore_routes_with_linkdown": "0",
    "net.ipv4.icmp_echo_ignore_all": "0",
    "net.ipv4.ip_default_ttl": "64",
}
"""Settings that a snapshot has only where they are something else."""


_TABLES = {255: "local", 254: "main", 253: "default"}


def switched(word: str, on: bool) -> str:
    """A switch that was turned."""
    return f"{word} {'off → on' if on else 'on → off'}"


def port_flags(old: Port, new: Port) -> Iterator[str]:
    """The flags of a port that were turned."""
    for field, word in PORT_FLAGS:
        if getattr(old, field) != getattr(new, field):
            yield switched(word, getattr(new, field))


def of_link(old: Link, new: Link) -> Iterator[str]:
    """What else of a link is otherwise."""
    for key in sorted({*old.settings, *new.settings}):
        was, value = old.settings.get(key), new.settings.get(key)
        if was != value:
            yield f"{key} {was or 'usual'} → {value or 'usual'}"
    was_queue = (old.queue, old.queue_passes)
    if was_queue != (new.queue, new.queue_passes):
        size = f" (passes {new.queue_passes} bytes)" if new.queue == old.queue else ""
        yield f"queue {old.queue or 'usual'} → {new.queue or 'usual'}{size}"
    if old.xdp != new.xdp:
        yield f"XDP program {'attached' if new.xdp else 'taken off'}"
    if old.tunnel != new.tunnel:
        yield f"tunnel {tunnel_text(old.tunnel)} → {tunnel_text(new.tunnel)}"
    if old.ends != new.ends:
        yield f"tunnel {ends_text(old.ends)} → {ends_text(new.ends)}"
    if old.mirred != new.mirred:
        yield f"tc {mirred_text(old.mirred)} → {mirred_text(new.mirred)}"


def tunnel_text(tunnel: Tunnel | None) -> str:
    """The ends of a tunnel in words."""
    if tunnel is None:
        return "none"
    text = f"{tunnel.number} from {tunnel.local or 'anywhere'} to {tunnel.remote or 'nobody'}"
    return f"{text} port {tunnel.port}" + ("" if tunnel.learning else ", not learning")


def ends_text(ends: Ends | None) -> str:
    """The ends of any other tunnel, in words."""
    if ends is None:
        return "none"
    if ends.peers is not None:
        where = " and ".join(peer or "a peer without endpoint" for peer in ends.peers)
        return f"port {ends.port} to {where or 'nobody'}"
    words = f"from {ends.local or 'anywhere'} to {ends.remote or 'anywhere'}"
    keys = [ends.key_in, ends.key_out]
    if keys != [None, None]:
        words += " key " + "/".join("none" if key is None else str(key) for key in keys)
    return words + (f" port {ends.port}" if ends.port else "")


def leads_text(link: Link) -> Iterator[str]:
    """Where else a link leads than to its other end, a line each."""
    if link.tunnel or link.ends:
        ends = tunnel_text(link.tunnel) if link.tunnel else ends_text(link.ends)
        yield f"tunnel {ends}"
    for one in link.mirred:
        yield f"tc filter at {one.side}, {one.filter}: mirred {one.verb} to {one.to}"


def mirred_text(sent: tuple[Mirred, ...]) -> str:
    """Where filters of tc send frames, in words."""
    return " and ".join(f"{one.side} {one.verb} to {one.to}" for one in sent) or "none"


USUAL_RULES = (
    PolicyRule(priority=0, table=255),
    PolicyRule(priority=32766, table=254),
    PolicyRule(priority=32767, table=253),
)
"""The kernel's own three."""


def policy(namespace: Namespace | None) -> dict[str, tuple[str, object]]:
    """The policy rules that somebody made, and which of the kernel's own are missing."""
    rules = namespace.policy if namespace else ()
    said = {f"rule {policy_text(rule)}": rule for rule in rules if rule not in USUAL_RULES}
    if rules:
        gone = (rule for rule in USUAL_RULES if rule not in rules)
        said |= {f"no rule {policy_text(rule)}": rule for rule in gone}
    return {text: (text, rule) for text, rule in said.items()}


def policy_lines(namespace: Namespace) -> list[str]:
    """The policy rules that are not the kernel's own, a line each, and what is missing of those."""
    return list(policy(namespace))


def policy_text(rule: PolicyRule) -> str:
    """A rule as ``ip rule`` prints it."""
    parts = [f"{rule.priority}:"]
    parts += ["not"] if rule.inverted else []
    parts += ["from", rule.source or "all"]
    parts += ["to", rule.destination] if rule.destination else []
    parts += [f"fwmark {rule.mark:#x}"] if rule.mark is not None else []
    parts += ["iif", rule.incoming] if rule.incoming else []
    parts += ["oif", rule.outgoing] if rule.outgoing else []
    parts += [rule.unknown] if rule.unknown else []
    if rule.action == "lookup":
        parts += ["lookup", _TABLES.get(rule.table, str(rule.table))]
    else:
        parts += [rule.action, str(rule.goto)] if rule.action == "goto" else [rule.action]
    return " ".join(parts)
