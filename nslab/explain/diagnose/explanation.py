"""What is said to the learner: steps that are well, the first that is not, and what mends it."""

from __future__ import annotations

import html
from typing import Any

from msgspec import structs

from nslab.network.actions import Action
from nslab.network.evidence import Evidence
from nslab.network.glosses import GLOSSES, block, glossed, reachable
from nslab.network.model import Value
from nslab.printable import printable, printable_lines
from nslab.sentence import Say, Sentence, lines, sentence

OK, BAD, UNSURE = "✔", "✘", "?"
_COLOURS = {OK: "#009e73", BAD: "#d55e00", UNSURE: "#b8860b"}

LOST = "lost"
"""The kind of an obstacle of which only the place is known."""

UNDECIDED = frozenset((LOST, "out-of-sight"))
"""Kinds of obstacles that are no "no": what is beyond that place may let it pass, or not."""


class Finding(Value, frozen=True):
    """One sentence about the way; ``where`` is a namespace, or a link as ``host/lxcbr0.1``."""

    ok: bool
    where: str
    message: Sentence


class Obstacle(Value, frozen=True):
    """The first thing in the way.

    ``kind`` is a constant such as ``link-down``; ``hint`` are lines for a terminal of the
    pseudo-host, where a line that begins with ``#`` is a remark.  ``actions`` do the same with
    ``lab.do(*actions)``; they are empty where no action, or no single one, would mend it.
    """

    kind: str
    where: str
    message: Sentence
    hint: Sentence = lines()
    actions: tuple[Action, ...] = ()


class Explanation(Value, frozen=True):
    """The answer to ``lab.why``: whether a packet gets through, step by step.

    ``witness`` says in sentences what became of the packets that were sent, ``evidence`` has all
    of it; without them it is what a snapshot alone shows.  ``notes`` say what was not looked at.
    """

    namespace: str
    target: str
    steps: tuple[Finding, ...] = ()
    obstacle: Obstacle | None = None
    notes: tuple[Sentence, ...] = ()
    witness: tuple[Sentence, ...] = ()
    evidence: Evidence | None = None
    seen: Sentence = sentence("seen")
    """The word before what the witness says."""
    glosses: tuple[Sentence, ...] = GLOSSES
    """What signs in command lines mean."""

    @property
    def ok(self) -> bool | None:
        """True: it got through.  False: the obstacle is in the way.  None: it is undecided.

        Undecided means that it was lost, at :attr:`Obstacle.where`, and nothing says by what.
        """
        if self.obstacle is None:
            return True
        return None if self.obstacle.kind in UNDECIDED else False

    @property
    def actions(self) -> tuple[Action, ...]:
        """What would remove the obstacle: ``lab.do(*explanation.actions)``."""
        return self.obstacle.actions if self.obstacle else ()

    def __bool__(self) -> bool:
        return self.ok is True

    def __repr__(self) -> str:
        """The same: at Python's own prompt the values would be a screen without an answer."""
        return str(self)

    def __str__(self) -> str:
        lines = [self._title]
        lines += [f"{mark} {message}" for mark, message in self._marked()]
        if self.obstacle:
            lines += _hints(printable_lines(self.obstacle.hint))
        lines += [f"  {self.seen}: {printable(words)}" for words in self.witness]
        lines += [f"  ({printable(note)})" for note in self.notes]
        return "\n".join(lines)

    def _marked(self) -> list[tuple[str, str]]:
        marked = [(OK if step.ok else BAD, step.message) for step in self.steps]
        if self.obstacle:
            mark = UNSURE if self.obstacle.kind in UNDECIDED else BAD
            marked.append((mark, self.obstacle.message))
        return [(mark, printable(message)) for mark, message in marked]

    @property
    def _title(self) -> str:
        return printable(f"{self.namespace} → {self.target}")

    @property
    def html(self) -> str:
        """The same for a notebook; the text has the page's own colour, light or dark."""
        lines = "".join(
            f'<div><span style="color:{_COLOURS[mark]};font-weight:bold">{mark}</span> '
            f"{html.escape(message)}</div>"
            for mark, message in self._marked()
        )
        hint = printable_lines(self.obstacle.hint) if self.obstacle else ""
        hint = glossed(hint, self.glosses)
        if hint:
            lines += reachable(block(hint, "margin:.3em 0 .3em 1.4em;"))
        seen = "".join(
            f"<div>{self.seen}: {html.escape(printable(words))}</div>" for words in self.witness
        )
        if seen:
            lines += f'<div style="margin:.3em 0 0 1.4em">{seen}</div>'
        notes = "".join(f"<div>{html.escape(printable(note))}</div>" for note in self.notes)
        if notes:
            lines += f'<div style="opacity:.7;margin:.3em 0 0 1.4em">{notes}</div>'
        title = html.escape(self._title)
        return f'<div class="nslab-why"><div><b>{title}</b></div>{lines}</div>'

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html}


def worded(answer: Explanation, say: Say) -> Explanation:
    """An answer in other words: all of it, or, if anything of it is not known, the same.

    :param say: gives a form in another language
    """

    def here(text: str) -> Sentence:
        said = text.said(say) if isinstance(text, Sentence) else None
        if said is None:
            raise LookupError
        return said

    try:
        obstacle = answer.obstacle
        if obstacle is not None:
            said, hint = here(obstacle.message), here(obstacle.hint)
            obstacle = structs.replace(obstacle, message=said, hint=hint)
        return structs.replace(
            answer,
            steps=tuple(structs.replace(one, message=here(one.message)) for one in answer.steps),
            obstacle=obstacle,
            notes=tuple(map(here, answer.notes)),
            witness=tuple(map(here, answer.witness)),
            seen=here(answer.seen),
            glosses=tuple(map(here, answer.glosses)),
        )
    except LookupError:
        return answer


def _hints(hint: str) -> list[str]:
    """What is to be done, each with an arrow; a remark beside commands is no line to be typed."""
    lines = hint.splitlines()
    only_comments = all(line.startswith("#") for line in lines)
    return [
        ("    " if line.startswith("#") and (number or not only_comments) else "  → ")
        + line.removeprefix("# ")
        for number, line in enumerate(lines)
    ]
