"""Tables that the kernel fills by itself: who is a neighbour, which station is behind which port.

Somebody may write entries down, too; those stay, and tell apart what was done from what came about.
"""

from __future__ import annotations

from collections.abc import Mapping

from nslab.network.model import FdbEntry, Namespace

Entry = tuple[str, object]


def neighbours(namespace: Namespace | None) -> dict[str, Entry]:
    """The table of neighbours."""
    return {
        f"{n.dev} {n.address}": (f"neighbour {n.address} on {n.dev} {n.state}".rstrip(), n)
        for n in (namespace.neighbours if namespace else ())
    }


def unwritten(entry: object) -> bool:
    """Whether nobody wrote a neighbour down: the kernel learned it, and forgets it again."""
    return getattr(entry, "state", "") != "permanent"


def proxied(namespace: Namespace | None) -> dict[str, Entry]:
    """The addresses that it answers for, though others have them."""
    return {
        f"proxy {n.dev} {n.address}": (f"answers for {n.address} on {n.dev} (proxy neighbour)", n)
        for n in (namespace.proxied if namespace else ())
    }


class Stations:
    """The forwarding tables of a namespace before and after."""

    def __init__(
        self, old: Namespace | None, new: Namespace | None, names: Mapping[str, str]
    ) -> None:
        self._names = names
        links = [link for ns in (old, new) for link in (ns.links if ns else ())]
        self._devices = {link.mac for link in links if link.mac.strip("0:")}
        both = old is not None and new is not None
        self._before = {link.name for link in old.links} if both and old else set()

    def entries(self, namespace: Namespace | None) -> dict[str, Entry]:
        """What is behind each port, or at the far end of a tunnel."""
        found: dict[str, Entry] = {}
        for entry in namespace.fdb if namespace else ():
            station = self._names.get(entry.mac, "a station")
            text = f"{entry.master or entry.dev} finds {station} behind {entry.dev}"
            if entry.own:
                text = f"{entry.dev} takes in frames for {station}"
            if entry.remote:
                known = station if entry.mac.strip("0:") else "what it does not know"
                text = f"{entry.dev} finds {known} at {entry.remote}"
            key = f"{entry.master} {entry.dev} {entry.mac} {entry.own} {entry.remote}"
            found[key] = (f"{text} ({entry.state})" if entry.state else text, entry)
        return found

    def unwritten(self, entry: object) -> bool:
        """Whether the kernel made an entry by itself.

        It makes permanent ones, too: for each device's own MAC, for other devices of its own (a
        macvlan's), and for the remote end that a tunnel is made with.
        """
        assert isinstance(entry, FdbEntry)
        if entry.state in ("", "learned"):
            return True
        if entry.remote:
            return entry.dev not in self._before
        own = entry.state == "permanent" and entry.mac in self._devices
        return own or not entry.master
