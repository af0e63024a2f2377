"""Journey: the way of one packet, which shows itself."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, NamedTuple

from nslab.model import Frame, Place


class Change(NamedTuple):
    """What is different from the step before: source, target, TTL, VLAN or MACs.

    ``why`` is the translation, if connection tracking names it, with the namespace that did it.
    """

    what: str
    before: str
    after: str
    why: str = ""

    def __str__(self) -> str:
        if self.what == "MACs":
            return "new MACs"  # they differ from run to run
        why = f" ({self.why})" if self.why else ""
        return f"{self.what} {self.before} → {self.after}{why}"


class Step(NamedTuple):
    """The packet at one place."""

    frame: Frame
    changes: tuple[Change, ...] = ()

    def __str__(self) -> str:
        way = "out of" if self.frame.kind == "outgoing" else "into"
        return f"{way} {self.frame.place}"


class Journey:
    """One packet: ``steps`` are its way in order, ``copies`` where else it was seen.

    ``arrived`` says whether it ended at a link that it was meant for.
    """

    def __init__(
        self,
        title: str,
        steps: Sequence[Step],
        copies: Sequence[Frame],
        arrived: bool,
        missed: Place | None = None,
    ) -> None:
        self._missed = missed  # where it would have been seen next
        self.title = title
        self.steps = tuple(steps)
        self.copies = tuple(copies)
        self.arrived = arrived

    @property
    def places(self) -> tuple[Place, ...]:
        """The links on its way, in order."""
        return tuple(step.frame.place for step in self.steps)

    @property
    def changes(self) -> tuple[tuple[Place, Change], ...]:
        """What was rewritten on the way, and where."""
        return tuple((s.frame.place, change) for s in self.steps for change in s.changes)

    @property
    def end(self) -> str:
        """How it ended, as far as it was captured."""
        place = self.steps[-1].frame.place
        if self.arrived:
            return f"arrived at {place}"
        if self._missed is not None:
            way = "left" if self.steps[-1].frame.kind == "outgoing" else "came into"
            return f"{way} {place}, and never into {self._missed}"
        if self.steps[-1].frame.kind == "outgoing":
            return f"left {place}, behind which nothing was captured"
        return f"last seen going into {place}"

    def __str__(self) -> str:
        width = max(len(str(step)) for step in self.steps)
        lines = [self.title]
        for number, step in enumerate(self.steps, 1):
            changes = ", ".join(str(change) for change in step.changes)
            lines.append(f"{number:>3}  {step!s:<{width}}  {changes}".rstrip())
        lines.append(f"     {self.end}")
        if self.copies:
            places = dict.fromkeys(str(frame.place) for frame in self.copies)
            lines.append(f"     copies at {', '.join(places)}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        rows = "".join(
            f"<tr style='background:none'><td style='text-align:right;opacity:.65'>{number}</td>"
            f"<td style='text-align:left'>{html.escape(str(step))}</td>"
            f"<td style='text-align:left'>"
            + "<br>".join(f"<b>{html.escape(str(change))}</b>" for change in step.changes)
            + "</td></tr>"
            for number, step in enumerate(self.steps, 1)
        )
        text = str(self)
        below = text.split("\n")[len(self.steps) + 1 :]
        page = (
            f"<p>{html.escape(self.title)}</p><table style='color:inherit'>{rows}</table>"
            + "".join(f"<p>{html.escape(line.strip())}</p>" for line in below)
        )
        return {"text/plain": text, "text/html": page}
