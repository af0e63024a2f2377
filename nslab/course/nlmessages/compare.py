"""Two messages beside each other, and what differs."""

from __future__ import annotations

import html
from typing import Any

from nslab.course.nlmessages.message import LEFT, Message, cell


class Comparison:
    """Two messages beside each other, and what differs."""

    def __init__(self, one: Message, other: Message, titles: tuple[str, str]) -> None:
        self.one, self.other, self.titles = one, other, titles

    @property
    def rows(self) -> list[tuple[str, str, str, bool]]:
        """A field's name, what it says in each ("" if it is not there), whether that is one."""
        mine, theirs = (_told(message) for message in (self.one, self.other))
        names = [*mine, *(name for name in theirs if name not in mine)]
        return [
            (name, mine.get(name, ""), theirs.get(name, ""), mine.get(name) == theirs.get(name))
            for name in names
        ]

    def __str__(self) -> str:
        lines = [f"  {'':<28}{self.titles[0]:<30}{self.titles[1]}"]
        for name, mine, theirs, same in self.rows:
            lines.append(f"{' ' if same else '~'} {name:<28}{mine:<30}{theirs}".rstrip())
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        head = "".join(f'<th style="{LEFT}">{html.escape(t)}</th>' for t in ("", *self.titles))
        rows = "".join(
            f'<tr style="background:none">{"".join(cell(text) for text in (name, mine, theirs))}'
            f"<td>{'' if same else '<b style=color:#d55e00>~ differs</b>'}</td></tr>"
            for name, mine, theirs, same in self.rows
        )
        return {"text/plain": str(self), "text/html": f"<table><tr>{head}</tr>{rows}</table>"}


def beside(one: Message, other: Message, titles: tuple[str, str] = ("one", "other")) -> Comparison:
    """Compare two messages field by field."""
    return Comparison(one, other, titles)


def _told(message: Message) -> dict[str, str]:
    """By a field's name within its attribute: what it says."""
    found: dict[str, str] = {}
    path: list[str] = []
    for field in message.fields:
        path = path[: field.depth]
        if field.name != "(padding)" and not field.value.endswith(":"):
            found[" ".join([*path, field.name])] = "…" if field.own else field.value
        path.append(field.name)
    return {_short(key): value for key, value in found.items()}


def _short(key: str) -> str:
    peer = key.replace("IFLA_LINKINFO IFLA_INFO_DATA VETH_INFO_PEER ", "peer: ")
    return peer.replace("IFLA_LINKINFO ", "")
