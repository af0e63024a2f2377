"""What changed within a namespace, a link or a list, once both sides are matched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from msgspec import structs

from nslab.network.diff import switches
from nslab.network.diff.change import Change, Kind, Teller, What, came_or_went
from nslab.network.diff.rules import filter_items, nat_text
from nslab.network.diff.wording import name_text, nameservers, route_text, vlans_text
from nslab.network.model import Link, Namespace, Process, Snapshot

Entry = tuple[str, object]
"""One of a list of things: how it is told, and what is compared."""


class Changed(Protocol):
    """Tells a change of a link that is there on both sides."""

    def __call__(
        self, text: str, what: What = ..., *, value: str = ..., quiet: bool = ...
    ) -> Change: ...


def namespace_fields(tell: Teller, old: Namespace, new: Namespace) -> Iterator[Change]:
    texts = []
    if old.label != new.label:
        texts.append(f"namespace {old.label} is now {new.label}")
    if old.role != new.role:
        texts.append(f"namespace {new.label}: {old.role} → {new.role}")
    texts += [
        f"namespace {new.label} named {name_text(name)}"
        for name in new.names
        if name not in old.names
    ]
    texts += [
        f"namespace {new.label} no longer named {name_text(name)}"
        for name in old.names
        if name not in new.names
    ]
    texts += [f"{new.label}: cannot see {x}" for x in new.unseen if x not in old.unseen]
    texts += [f"{new.label}: can see again: {x}" for x in old.unseen if x not in new.unseen]
    for text in texts:
        yield tell("changed", "namespace", new.label, text)


def mac_words(old: Link, new: Link) -> str:
    if new.mac == old.mac:
        return f"MAC address was {old.mac_origin}, is {new.mac_origin}"
    if new.mac_origin == "stolen":
        return "MAC address is now that of a port"
    return f"MAC address changed ({new.mac_origin})"


def addresses(tell: Teller, whose: str, old: Link, new: Link) -> Iterator[Change]:
    """Addresses of a link that came, went, or are of another scope or broadcast now."""
    before = {address.address: address for address in old.addresses}
    after = {address.address: address for address in new.addresses}
    for key in [*after, *(key for key in before if key not in after)]:
        kind: Kind = "changed"
        if key not in after or key not in before:
            kind = came_or_went(key in after)
        if kind != "changed" or before[key] != after[key]:
            note = {"new": "", "gone": " removed", "changed": " changed"}[kind]
            text = f"{whose}: address {key}{note}"
            own = (after.get(key) or before[key]).by_kernel
            yield tell(kind, "address", new.name, text, new.index, value=key, own=own)


def bridging(changed: Changed, old: Link, new: Link, renamed: dict[str, str]) -> Iterator[Change]:
    """What a link has as a bridge or as a port of one."""
    if renamed.get(old.master, old.master) != new.master:
        if old.master:
            yield changed(f"detached from {old.master}", "port")
        if new.master:
            yield changed(f"attached to {new.master}", "port")
    elif (old.port is None) != (new.port is None):
        yield changed("is a port" if new.port else "no longer a port", "port")
    if old.port and new.port:
        if old.port.state != new.port.state:
            yield changed(f"port {old.port.state} → {new.port.state}", "port", quiet=True)
        for text in switches.port_flags(old.port, new.port):
            yield changed(text, "port")
        if old.port.vlans != new.port.vlans and None not in (old.port.vlans, new.port.vlans):
            was_text, now_text = vlans_text(old.port.vlans), vlans_text(new.port.vlans)
            yield changed(f"{was_text} → {now_text}", "port")
    if old.bridge and new.bridge:
        was, now = old.bridge.forward_delay, new.bridge.forward_delay
        if was != now:
            yield changed(f"forward delay {was:g} s → {now:g} s", "bridge")
        for word, said in (
            ("stp", "STP"),
            ("multicast_snooping", "multicast snooping"),
            ("vlan_filtering", "VLAN filtering"),
        ):
            if getattr(old.bridge, word) != getattr(new.bridge, word):
                yield changed(switches.switched(said, getattr(new.bridge, word)), "bridge")
    elif old.bridge != new.bridge:
        yield changed("is a bridge" if new.bridge else "no longer a bridge", "bridge")


def items(
    tell: Teller,
    what: What,
    old: dict[str, Entry],
    new: dict[str, Entry],
    own: Callable[[object], bool] = lambda _: False,
) -> Iterator[Change]:
    """Changes of a set of things: by key, each with its text and its value.

    :param own: whether the kernel came to such a value of its own accord
    """
    for key, (text, value) in new.items():
        if key not in old:
            yield tell("new", what, key, tell.of(text), value=text, own=own(value))
        elif old[key][1] != value:
            its = own(value) and own(old[key][1])
            yield tell("changed", what, key, tell.of(text), value=text, own=its)
    for key, (text, value) in old.items():
        if key not in new:
            line = tell.of(f"{text} removed")
            yield tell("gone", what, key, line, value=text, own=own(value))


def _numbered(texts: Iterable[Entry]) -> dict[str, Entry]:
    """By text; the same text again gets a number."""
    found: dict[str, Entry] = {}
    for text, value in texts:
        key, count = text, 2
        while key in found:
            key, count = f"{text} #{count}", count + 1
        found[key] = (text, value)
    return found


def nat(namespace: Namespace | None) -> dict[str, Entry]:
    # The tool's own wording is not compared: several tools say one thing each in its words.
    return _numbered(
        (nat_text(rule), structs.replace(rule, text=""))
        for rule in (namespace.nat if namespace else ())
    )


def local(namespace: Namespace | None) -> dict[str, Entry]:
    """The routes that somebody made to the host itself, for addresses that no link has."""
    routes = namespace.local if namespace else ()
    plain = [(structs.replace(route, table=254), route) for route in routes]
    return {f"route {route_text(a)}": (f"route {route_text(a)}", route) for a, route in plain}


FEW = 8
"""So many rules that came or went at once are told one by one."""


def rules(tell: Teller, old: Namespace | None, new: Namespace | None) -> Iterator[Change]:
    """Rules that do not translate, and policies, in their tool's words."""
    before, after = (
        _numbered((text, None) for text in (filter_items(each.rules) if each else ()))
        for each in (old, new)
    )
    changes = list(items(tell, "rule", before, after))
    for kind in ("new", "gone"):
        some = [change for change in changes if change.kind == kind]
        if len(some) <= FEW:
            yield from some
        else:
            text = f"{len(some)} packet filter rules"
            yield tell(
                some[0].kind,
                "rule",
                text,
                tell.of(text if kind == "new" else f"{text} removed"),
                value=text,
            )


def processes(namespace: Namespace | None) -> dict[str, Entry]:
    processes: tuple[Process, ...] = namespace.processes if namespace else ()
    ordered = sorted(processes, key=lambda p: (p.command, p.pid))
    return _numbered((f"process {process.command}", None) for process in ordered)


def sysctls(tell: Teller, old: Namespace, new: Namespace) -> Iterator[Change]:
    for key in sorted({*old.sysctls, *new.sysctls}):
        usual = switches.USUAL.get(key)
        was, value = old.sysctls.get(key, usual), new.sysctls.get(key, usual)
        if was == value:
            continue
        kind: Kind = "changed"
        if was is None or value is None:
            kind = came_or_went(was is None)
        text = f"{key} {was or '(absent)'} → {value or '(absent)'}"
        yield tell(kind, "sysctl", key, tell.of(text))


def resolv_conf_changes(
    tell: Teller, old: Namespace | None, new: Namespace | None
) -> Iterator[Change]:
    was = old.resolv_conf if old else None
    value = new.resolv_conf if new else None
    if was == value:
        return
    kind: Kind = "changed" if was is not None and value is not None else came_or_went(was is None)
    servers = ", ".join(nameservers(value if value is not None else was))
    text = f"resolv.conf: nameserver {servers}" if servers else "resolv.conf"
    if kind == "gone":
        text += " removed"
    elif kind == "changed" and nameservers(was) == nameservers(value):
        text += " (other lines changed)"
    yield tell(kind, "resolv.conf", "resolv.conf", tell.of(text), value=servers)


def files(tell: Teller, before: Snapshot, after: Snapshot) -> Iterator[Change]:
    """Files of /etc, except those that stand as a namespace's resolv.conf."""
    for path in sorted({*before.files, *after.files}):
        was, value = before.files.get(path), after.files.get(path)
        if was == value or path.endswith("/resolv.conf"):
            continue
        kind: Kind = "changed"
        if was is None or value is None:
            kind = came_or_went(was is None)
        word = "directory" if path.endswith("/") else "file"
        yield tell(kind, "file", path, f"{word} {path}", value=path)
