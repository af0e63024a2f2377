"""What a step did: what it printed, how it ended, what it changed.  These show themselves."""

from __future__ import annotations

import copy
import html
from collections.abc import Callable, Iterable
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from nslab.network.actions import Action, Style, commands
from nslab.network.diff import Diff
from nslab.network.glosses import block
from nslab.printable import printable

if TYPE_CHECKING:
    from nslab.draw import Picture
    from nslab.sentence import Sentence
    from nslab.session.said import Said

Draw = Callable[[Diff], "Picture"]


class Failure(Struct, frozen=True):
    """A line of a shell block that ended with another code than 0."""

    code: int
    line: int
    command: str

    def __str__(self) -> str:
        return f"line {self.line} ended with {self.code}: {printable(self.command)}"


class Outcome:
    """The result of one step of a lab.

    ``changes`` is the difference that it made, None without a look; ``draw`` makes a picture of
    it that goes with the lab's other pictures.
    """

    def __init__(self, changes: Diff | None, draw: Draw | None = None) -> None:
        self.changes = changes
        self._draw = draw

    @property
    def picture(self) -> Picture | None:
        """What changed, drawn; None if nothing did that shows in a picture."""
        from nslab.draw import Picture

        draw = self._draw or Picture
        return draw(self.changes) if self.changes and self._draws else None

    @property
    def _draws(self) -> bool:
        """Whether more changed than which programs run: that is said, not drawn."""
        lasting = self.changes.lasting if self.changes else ()
        return any(change.what != "process" for change in lasting)

    @property
    def consequences(self) -> tuple[Sentence, ...]:
        """What the kernel removed because of it, and why: sentences."""
        from nslab.session.consequences import consequences

        found = consequences(self.changes, self._done) if self.changes else ()
        return tuple(dict.fromkeys(said for _, said in found))

    @property
    def _done(self) -> str:
        """The command lines."""
        return ""

    def _heading(self) -> str:
        """What stands above the picture, as plain text; may be empty."""
        return ""

    def _followed(self) -> list[str]:
        """What followed from it, a line each."""
        return [f"({printable(said)})" for said in self.consequences]

    def _heading_html(self) -> str:
        heading = self._heading()
        return _pre(heading) if heading else ""

    def __str__(self) -> str:
        parts = [self._heading(), str(self.changes) if self.changes else ""]
        return "\n".join(part for part in parts if part)

    def __repr__(self) -> str:
        count = len(self.changes.changes) if self.changes else 0
        return f"<{type(self).__name__}: {count} changes>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        picture = self.picture
        bundle = picture._repr_mimebundle_() if picture else {}
        drawn, heading = bundle.get("text/html", ""), self._heading_html()
        shown = bundle.get("text/plain", "")
        if self.changes and not picture:
            shown = str(self.changes)
            heading += _pre(shown)
        text = "\n".join(part for part in (self._heading(), shown) if part)
        if not text:
            text = "nothing changed"
            heading = "<p>Nothing changed.</p>"
        if drawn or not picture:
            return {"text/plain": text, "text/html": heading + drawn}
        return {"text/plain": text}


class ActionResult(Outcome):
    """The result of ``lab.do``: also says which commands would have done it."""

    def __init__(
        self,
        actions: tuple[Action, ...],
        changes: Diff | None,
        draw: Draw | None = None,
        containers: Iterable[str] = (),
    ) -> None:
        super().__init__(changes, draw)
        self.actions = actions
        self._containers = tuple(containers)

    def commands(self, style: Style = "classic") -> str:
        """The equivalent commands, a line each."""
        return "\n".join(map(str, commands(self.actions, style, self._containers)))

    @property
    def _done(self) -> str:
        return self.commands("iproute2")

    def _heading(self) -> str:
        classic, modern = self.commands("classic"), self.commands("iproute2")
        if not classic:
            return ""
        told = f"with brctl, ifconfig …:\n{_indent(classic)}\nwith ip …:\n{_indent(modern)}"
        if classic == modern:
            told = f"as commands:\n{_indent(classic)}"
        return "\n".join([told, *self._followed()])

    def _heading_html(self) -> str:
        classic, modern = self.commands("classic"), self.commands("iproute2")
        if not classic:
            return ""
        followed = _pre("\n".join(self._followed())) if self.consequences else ""
        if classic == modern:
            return _column("the same by commands", classic) + followed
        columns = _column("by brctl, ifconfig …", classic) + _column("by ip …", modern)
        return (
            '<div style="display:flex;flex-wrap:wrap;gap:0 3em;margin-bottom:.5em">'
            f"{columns}</div>{followed}"
        )


class CommandResult(Outcome):
    """The result of ``lab.sh``: also what was printed and how it ended.

    ``returncode`` is that of the last line, negative for a signal, as in :mod:`subprocess`;
    ``failures`` names every line that failed, also those before the last.
    """

    def __init__(
        self,
        returncode: int,
        stdout: str,
        stderr: str,
        failures: tuple[Failure, ...] = (),
        changes: Diff | None = None,
        draw: Draw | None = None,
        *,
        dropped: int = 0,
        note: str = "",
        typed: str = "",
        ns: str | None = None,
    ) -> None:
        super().__init__(changes, draw)
        self.note = note
        self.typed = typed
        self.ns = ns
        self.returncode = returncode
        self.stdout = stdout
        self.stderr = stderr
        self.failures = failures
        self.dropped = dropped
        self.offer = ""
        """What is said below a ping or the like that reached nobody, and that no hint answers."""
        self.veiled = False
        """Whether the learner is still to find out what the lab is like: no hint says it."""
        self._is_told = False

    @property
    def _done(self) -> str:
        return self.typed

    def untold(self) -> CommandResult:
        """The same, where what stands above the picture was said already."""
        found = copy.copy(self)
        found._is_told = True
        return found

    def _heading(self) -> str:
        if self._is_told:
            return ""
        heads = [f"✘ {failure}" for failure in self.failures]
        left = self.note and self.typed.strip() in ("exit", "logout")
        if self.returncode and not self.failures and not left:
            heads.append(f"✘ ended with {self.returncode}")
        lines = list[str]()
        # What to do stands below the line that it is about.
        for head, advice in zip_longest(heads, self._advice()):
            lines += [head] * bool(head) + [f"  → {printable(hint)}" for hint in advice or ()]
        if self.dropped:
            lines.append(f"… {self.dropped:,} bytes more of output were not kept")
        if self.note:
            lines.append(f"({self.note})")
        lines += self._followed()
        return "\n".join(lines)

    @property
    def hints(self) -> tuple[str, ...]:
        """What to do about the failures, as far as that can be told from them."""
        return tuple(hint for advice in self._advice() for hint in advice)

    @property
    def unreached(self) -> tuple[str, str] | None:
        """From where, and whom, the last ping or the like wanted to reach that reached nobody."""
        from nslab.session import reaching

        return next(filter(None, map(reaching.unreached, reversed(self._said()))), None)

    def _advice(self) -> list[tuple[str, ...]]:
        """What to do about each failure, in their order."""
        from nslab.session import hints, reaching

        said = self._said()
        advice = hints.of_cell(said)
        for place in reversed(range(len(said))):
            if self.offer and reaching.unreached(said[place]):
                advice[place] = advice[place] or (self.offer,)
                break
        return advice

    def _said(self) -> list[Said]:
        """The failures with what they printed."""
        from nslab.session.said import Said

        seen = self.changes.after if self.changes is not None else None
        lines = [(failure.command, failure.code) for failure in self.failures]
        if not lines and (self.returncode or self.stderr):
            lines = [(self.typed, self.returncode)]
        errors = self.stderr.splitlines()
        if len(errors) != len(lines):
            errors = [self.stderr] * len(lines)  # which line printed what cannot be told
        return [
            Said(line, f"{error}\n{self.stdout[-10_000:]}", code, self.ns, seen, self.veiled)
            for (line, code), error in zip(lines, errors, strict=True)
        ]


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _column(title: str, lines: str) -> str:
    return (
        f'<div><div style="opacity:.7">{html.escape(title)}</div>'
        f"{_pre(lines, 'margin:.2em 0;')}</div>"
    )


def _pre(lines: str, style: str = "") -> str:
    return block(html.escape(lines), style)
