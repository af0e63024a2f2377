"""What a card says below the cell that answered it: a line, and what is not met yet.

It is saved with the notebook, and so in English.
"""

from __future__ import annotations

from typing import Any

from nslab.jupyter.widgets import card_words
from nslab.jupyter.widgets.page import marked, plain
from nslab.jupyter.widgets.task import Exercise, Standing
from nslab.printable import printable
from nslab.session.check import Verdict

MOST = 3
"""How many that are not met are listed; the card has them all."""


class Below:
    """How an exercise stands, as a cell shows it.

    :param exercise: the exercise
    :param now: how it stands
    """

    handle: Any = None
    """The output that shows it, as ``display`` gives it."""

    def __init__(self, exercise: Exercise, now: Standing) -> None:
        self._exercise = exercise
        self._now = now

    @property
    def solved(self) -> bool:
        """Whether all of it was asked, and holds."""
        return self._now.solved

    def become(self, now: Standing) -> None:
        """Show in the same place how it stands now, if that is otherwise."""
        if self.handle is not None and now.points != self._now.points:
            self._now = now
            self.handle.update(self)

    def _head(self) -> Verdict | str:
        exercise, now = self._exercise, self._now
        name = f"{'Puzzle' if exercise.priced else 'Exercise'} {exercise.id}"
        if now.solved:
            return Verdict(True, f"{name} done")
        met, beside = card_words.counted(now)
        words = f"{name}: {met} of {now.wanted} met"
        if beside:
            words += ", but something else is wrong"
        elif len(now.points) > now.wanted:
            words += ", and something else is wrong"
        wrong = any(map(_fails, now.points)) and not self._fresh
        return Verdict(False, words) if wrong else words

    def _lines(self) -> list[Verdict | str]:
        """The line, and what is to be said below it."""
        now = self._now
        told = [one for one in dict.fromkeys(now.points) if not card_words.is_met(one)]
        if self._because and card_words.is_met(now.points[-1]):
            told.append(now.points[-1])
        more = len(told) - MOST
        if more > 0:  # what is wrong beside the task is seldom looked for, so it is not cut off
            beside = set(now.points[now.wanted :])
            told.sort(key=lambda one: one not in beside)
        listed: list[Verdict | str] = [
            one if isinstance(one, str) else one.told if self._fresh else Verdict(one.ok, one.told)
            for one in told[:MOST]
        ]
        return [self._head(), *listed, *([f"and {more} more: see its card"] if more > 0 else [])]

    @property
    def _fresh(self) -> bool:
        """Whether nothing was done for it yet: what is not met is still to be done, not wrong."""
        return card_words.is_fresh(self._now)

    @property
    def _because(self) -> str:
        """Why the kernel does so, once a prediction was run and judged."""
        judged = card_words.is_explained(self._exercise, self._now)
        return self._exercise.because if judged else ""

    def __repr__(self) -> str:
        first, *rest = map(card_words.signed, self._lines())
        below = [*rest, *([plain(self._because)] if self._because else [])]
        return "\n".join([first, *(f"  {printable(line)}" for line in below)])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        first, *rest = self._lines()
        because = f"<div>{marked(self._because)}</div>" if self._because else ""
        page = (
            f'<div class="nslab-below" role="status"><b>{card_words.points([first])}</b>'
            f'<div style="margin-left:1.6em">{card_words.points(rest)}{because}</div></div>'
        )
        return {"text/plain": repr(self), "text/html": page}


def _fails(one: Verdict | str) -> bool:
    return isinstance(one, Verdict) and not one.ok
