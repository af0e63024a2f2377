"""An account of a session: its steps, numbered, with what each did and by whom."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nslab.network import diff
from nslab.network.actions import code
from nslab.network.glosses import block, glossed, reachable
from nslab.network.model import Snapshot
from nslab.printable import printable
from nslab.session import export
from nslab.session.history import Done, HistoryStep, Made, Typed

EFFECTS = 2
"""So many changes of a step are told; how many more there are, is said."""

WIDTH = 60
"""Characters of a cell in the table of text."""

_CELL = "padding:.1em .9em .1em 0;text-align:left;vertical-align:top;background:none"
_RULE = "border-bottom:1px solid color-mix(in srgb,currentColor 30%,transparent)"
_HEADS = ("no.", "by", "what", "effect")


@dataclass(frozen=True)
class Entry:
    """A step that changed the lab."""

    number: int
    by: str
    """``lab.do``, ``typed`` (with the namespace, if it was not the host), or ``by hand``."""
    text: str
    """What was done: actions as they are written, or lines."""
    effect: str
    """What it changed, in words."""
    note: str = ""
    """``stopped``, ``timed out``, or how many lines failed."""

    def __str__(self) -> str:
        return self.text


class Account(Sequence[Entry]):
    """The steps so far that changed the lab; the first has the number 1.

    :param steps: all of them, also those that only looked
    :param undone: how many numbered steps ``redo`` would bring back
    :param containers: those there are, which are entered by their processes
    """

    def __init__(
        self, steps: Sequence[HistoryStep], undone: int = 0, containers: Sequence[str] = ()
    ) -> None:
        changing = [step for step in steps if step.changed]
        self._entries = [
            _entry(number, step, containers) for number, step in enumerate(changing, 1)
        ]
        self._looked = len(steps) - len(changing)
        self._undone = undone

    def __getitem__(self, place: Any) -> Any:
        return self._entries[place]

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    @property
    def footer(self) -> tuple[str, ...]:
        """What the rows do not show."""
        said = []
        if self._looked:
            verb = "step only looked and has" if self._looked == 1 else "steps only looked and have"
            said.append(f"{self._looked} {verb} no number")
        if self._undone:
            steps = "step was" if self._undone == 1 else "steps were"
            said.append(f"{self._undone} {steps} undone: lab.redo() brings back the last undo's")
        return tuple(said)

    def __str__(self) -> str:
        rows = [_HEADS]
        for each in self._entries:
            said = [_cut(line) for line in (*each.text.splitlines()[:1], each.effect)]
            more = len(each.text.splitlines()) - 1
            what = said[0] + (f" … ({more} more)" if more > 0 else "")
            note = f"  ({each.note})" if each.note else ""
            rows.append((str(each.number), each.by, what, said[-1] + note))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join([row[0].rjust(widths[0]), row[1].ljust(widths[1]), row[2].ljust(widths[2])])
            + f"  {row[3]}"
            for row in rows
        ]
        lines = (
            [line.rstrip() for line in lines] if self._entries else ["nothing has been changed yet"]
        )
        return "\n".join([*lines, *self.footer])

    __repr__ = __str__

    def _html(self) -> str:
        foot = "".join(f'<p style="opacity:.75">{html.escape(line)}</p>' for line in self.footer)
        if not self._entries:
            return f"<p>Nothing has been changed yet.</p>{foot}"
        heads = "".join(f'<th scope="col" style="{_CELL}">{head}</th>' for head in _HEADS)
        rows = reachable("".join(map(_row, self._entries)))
        return (
            '<table style="border-collapse:collapse;font-size:90%;color:inherit">'
            '<caption style="text-align:left;color:inherit">Steps that changed the lab</caption>'
            f'<thead><tr style="{_RULE}">{heads}</tr></thead><tbody>{rows}</tbody></table>{foot}'
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._html()}


def _row(each: Entry) -> str:
    note = f" <b>({html.escape(each.note)})</b>" if each.note else ""
    effect = "<br>".join(map(html.escape, each.effect.split("; "))) + note
    text = block(glossed(each.text), "margin:0;")
    return (
        f'<tr style="background:none"><th scope="row" style="{_CELL}">{each.number}</th>'
        f'<td style="{_CELL};white-space:nowrap">{html.escape(each.by)}</td>'
        f'<td style="{_CELL}">{text}</td><td style="{_CELL}">{effect}</td></tr>'
    )


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def _entry(number: int, step: HistoryStep, containers: Sequence[str]) -> Entry:
    what = step.what
    note = step.ending
    if isinstance(what, Done):
        by, text = "lab.do", "\n".join(map(code, what.actions))
    elif isinstance(what, Made):
        by, text = what.why, "\n".join(export.lines(what, known=containers))
    else:
        by, text = f"typed in {what.ns}" if what.ns else "typed", str(what)
        if step.failed and not note:
            note = "a line failed" if step.failed == 1 else f"{step.failed} lines failed"
    said = "\n".join(map(printable, text.splitlines()))
    return Entry(number, by, said, effect(step.before, step.after), note)


def effect(before: Snapshot | None, after: Snapshot | None) -> str:
    """What changed between two looks, in a few words."""
    if before is None or after is None:
        return "nobody looked"
    changes = diff.compare(before, after).changes
    shown = [one for one in changes if one.what not in diff.LEARNED and not one.own]
    shown += [one for one in changes if one.what in diff.LEARNED and _static(one)]
    shown = [one for one in shown if not one.quiet] or shown
    words = [printable(one.text) for one in shown[:EFFECTS]]
    more = len(shown) - len(words)
    return "; ".join([*words, *([f"and {more} more"] if more else [])]) or "nothing that shows"


def _static(change: diff.Change) -> bool:
    return change.text.endswith(("permanent", "(static)", "permanent removed", "(static) removed"))


__all__ = ["Account", "Entry", "Typed", "effect"]
