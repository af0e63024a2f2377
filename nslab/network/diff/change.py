"""A change, and the changes between two snapshots with what a drawing asks of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from msgspec import Struct

from nslab.network.model import Namespace, Snapshot
from nslab.printable import printable

Kind = Literal["new", "gone", "changed"]
What = Literal[
    "namespace",
    "link",
    "address",
    "route",
    "neighbour",
    "fdb",
    "nat",
    "rule",
    "policy",
    "sysctl",
    "process",
    "resolv.conf",
    "port",
    "bridge",
    "file",
]

MARKS: dict[Kind, str] = {"new": "+", "gone": "-", "changed": "~"}
"""What stands at the start of a line about a change."""

LEARNED = frozenset({"neighbour", "fdb"})
"""What the kernel learns from traffic and forgets by itself, unless somebody wrote it down."""


class Change(Struct, frozen=True, kw_only=True):
    """One change.  ``text`` is a line for a person; ``name`` is the key within its namespace.

    ``inode`` and ``index`` say which namespace and link it is about, on the side where it is
    still to be found: after, or before for what is gone.  ``index`` is 0 where no link is meant.

    ``value`` is what changed without saying where, for a drawing that shows where: an address, a
    route, ``was down``.  ``quiet`` marks what follows from something else or is a detail, so that
    a drawing leaves it out if there is more to say.
    """

    kind: Kind
    what: What
    ns: str
    name: str
    text: str
    inode: int = 0
    index: int = 0
    value: str = ""
    quiet: bool = False
    own: bool = False
    """Whether the kernel did it of its own accord, as it learns, forgets, and gives addresses."""

    def __str__(self) -> str:
        return f"{MARKS[self.kind]} {printable(self.text)}"


@dataclass(frozen=True)
class Diff:
    """The changes from one snapshot to another, in a fixed order."""

    before: Snapshot
    after: Snapshot
    changes: tuple[Change, ...]

    @cached_property
    def lasting(self) -> tuple[Change, ...]:
        """The changes without what the kernel did of its own accord."""
        return tuple(one for one in self.changes if not one.own)

    def __bool__(self) -> bool:
        return bool(self.lasting)

    def __str__(self) -> str:
        return "\n".join(map(str, self.lasting)) or "nothing changed"

    @cached_property
    def _of_link(self) -> dict[tuple[int, int], list[Change]]:
        found: dict[tuple[int, int], list[Change]] = {}
        for change in self.lasting:
            if change.index and not (change.what == "link" and change.kind == "gone"):
                found.setdefault((change.inode, change.index), []).append(change)
        return found

    @cached_property
    def _of_namespace(self) -> dict[int, list[Change]]:
        found: dict[int, list[Change]] = {}
        for change in self.lasting:
            if not change.index and not (change.what == "namespace" and change.kind == "gone"):
                found.setdefault(change.inode, []).append(change)
        return found

    def of_link(self, inode: int, index: int) -> list[Change]:
        """The lasting changes of a link that is there afterwards."""
        return self._of_link.get((inode, index), [])

    def of_namespace(self, inode: int) -> list[Change]:
        """The lasting changes of a namespace that is there afterwards, its links' left out."""
        return self._of_namespace.get(inode, [])

    def link_mark(self, inode: int, index: int) -> Kind | None:
        """How a link that is there afterwards came to be as it is; None if it did not change."""
        changes = self.of_link(inode, index)
        if any(change.what == "link" and change.kind == "new" for change in changes):
            return "new"
        return "changed" if changes else None

    def namespace_mark(self, inode: int) -> Kind | None:
        """``new`` for a namespace that was not there, ``changed`` for one that was renamed."""
        kinds = [c.kind for c in self.of_namespace(inode) if c.what == "namespace"]
        return kinds[0] if kinds else None

    @cached_property
    def gone_links(self) -> frozenset[tuple[int, int]]:
        """The namespace's inode and the index, as they were before, of every link that is gone."""
        return frozenset(
            (c.inode, c.index) for c in self.lasting if c.what == "link" and c.kind == "gone"
        )

    @cached_property
    def gone_namespaces(self) -> frozenset[int]:
        """The inodes of the namespaces that are gone."""
        return frozenset(
            c.inode for c in self.lasting if c.what == "namespace" and c.kind == "gone"
        )


@dataclass(frozen=True)
class Teller:
    """Makes the changes of one namespace."""

    namespace: Namespace

    def __call__(
        self,
        kind: Kind,
        what: What,
        name: str,
        text: str,
        index: int = 0,
        *,
        value: str = "",
        quiet: bool = False,
        own: bool = False,
    ) -> Change:
        ns = self.namespace
        if what in {"namespace", "link", "file"} and kind != "changed":
            text = f"{kind} {text}"
        return Change(
            kind=kind,
            what=what,
            ns=ns.label,
            name=name,
            text=printable(text),
            inode=ns.inode,
            index=index,
            value=value,
            quiet=quiet,
            own=own,
        )

    def of(self, text: str) -> str:
        """Say of which namespace a text is, unless it is the host."""
        return text if self.namespace.role == "host" else f"{self.namespace.label}: {text}"


def came_or_went(there: bool) -> Kind:
    return "new" if there else "gone"
