"""How what a session made is removed again, for the end of its script; a pure function."""

from __future__ import annotations

from msgspec import structs

from nslab.network.making import Plan, make
from nslab.network.model import Snapshot
from nslab.network.rules import Ruleset

_GIVEN = ("lo", "eth0")
"""Links of the host that no session made."""


def clearing(snapshot: Snapshot) -> Plan:
    """What leaves of the host nothing but its own links.

    Its settings stay as they are, and its files but those of namespaces: who had set them before
    is not known.
    """
    host = snapshot.host
    bare = structs.replace(
        host,
        links=tuple(
            structs.replace(link, master="", port=None)
            for link in host.links
            if link.name in _GIVEN
        ),
        routes=tuple(route for route in host.routes if route.dev in ("", *_GIVEN)),
        rules=Ruleset(()),
        neighbours=(),
        fdb=(),
    )
    spaces = (bare, *(space for space in snapshot if space.role == "world"))
    files = {path: text for path, text in snapshot.files.items() if "/netns" not in path}
    return make(snapshot, structs.replace(snapshot, namespaces=spaces, files=files))
