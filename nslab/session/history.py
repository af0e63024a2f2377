"""The steps of a session: what was done, by whom, and whether it changed the lab."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from nslab.engine.protocol import SHELL, Command
from nslab.network import diff
from nslab.network.actions import Action, Sysctl, commands
from nslab.network.looking import failed_entirely, only_looks, redefines
from nslab.network.making import Piece, Plan, make
from nslab.network.model import Snapshot

TIMEOUT = 60.0
"""Seconds that a shell block may take if nothing else is said."""

_LEAVES = re.compile(
    r"(?:^|[\s;&|({])(?:\w+\+?=|\w+\s*\(\)|"
    r"(?:cd|pushd|popd|export|declare|typeset|readonly|unset|alias|unalias|source|\.|eval|exec|set"
    r"|shopt|umask|ulimit|trap|function|read|mapfile|readarray|enable|hash)(?=\s|$))",
    re.MULTILINE,
)
"""What sets something in a shell; rather once too often."""


@dataclass(frozen=True)
class Done:
    """Actions."""

    actions: tuple[Action, ...]

    def __str__(self) -> str:
        return "\n".join(str(command) for command in commands(self.actions))


@dataclass(frozen=True)
class Typed:
    """Command lines; ``living`` if they were typed into the shell that lives in the namespace.

    ``timeout`` are the seconds that they were allowed, None without a limit.  ``ending`` says how
    they ended if they did not come to their end: ``stopped`` or ``timed out``.  ``failed`` are the
    numbers of the lines that failed, from 1.
    """

    text: str
    ns: str | None = None
    living: bool = False
    timeout: float | None = TIMEOUT
    ending: str = ""
    failed: tuple[int, ...] = ()

    @property
    def leaves_something(self) -> bool:
        """Whether it may leave a variable, a directory or an option in its shell."""
        return _LEAVES.search(self.text) is not None

    def command(self, timeout: float | None) -> Command:
        """The same for an engine.

        :param timeout: seconds until they are ended; None for no limit
        """
        return Command(
            argv=(*SHELL, self.text),
            ns=None if self.ns == "host" else self.ns,
            view="full",
            timeout=timeout,
            report=True,
            living=self.living,
        )

    def __str__(self) -> str:
        return self.text.strip()


@dataclass(frozen=True)
class Made:
    """The commands that make a difference, where nothing that may be repeated made it.

    ``why``: ``by hand`` for what was done beside the lab's steps, ``stopped`` or ``timed out`` for
    what lines had done by then, which are the ``text``.  ``left`` names what no command makes.
    """

    pieces: tuple[Piece, ...]
    left: tuple[str, ...] = ()
    why: str = "by hand"
    text: str = ""

    def __str__(self) -> str:
        lines = [
            str(command)
            for piece in self.pieces
            for command in (commands([piece]) if isinstance(piece, Action) else [piece])
        ]
        return "\n".join([*lines, *(f"# not told whole: {one}" for one in self.left)])


What = Done | Typed | Made


@dataclass(frozen=True)
class HistoryStep:
    """What was done, and what the kernel reported just before and after, if anybody looked."""

    what: What
    before: Snapshot | None
    after: Snapshot | None
    changed: bool
    """False only if it provably looked, or failed and left no difference."""
    took: float = 0.0
    """Seconds."""
    failed: int = 0
    """How many of its lines failed."""

    @property
    def ending(self) -> str:
        """``stopped`` or ``timed out`` if it did not come to its end, else empty."""
        return self.what.ending if isinstance(self.what, Typed) else ""

    @cached_property
    def recipe(self) -> What:
        """What makes the same in another lab: what was stopped is never run again."""
        if not (isinstance(self.what, Typed) and self.ending):
            return self.what
        if self.before is None or self.after is None:
            plan = Plan((), ("whatever it had done, because nobody could look",))
        else:
            plan = make(self.before, self.after)
        return Made(plan.pieces, plan.left, self.ending, self.what.text)


Begin = Sequence[Action | str]
"""How a lab is to begin: actions, and lines as they are typed in the host."""


def steps_of(begin: Begin) -> list[Done | Typed]:
    """The same as steps, actions that follow each other in one."""
    found: list[Done | Typed] = []
    for what in begin:
        if isinstance(what, str):
            found.append(Typed(what))
        elif found and isinstance(found[-1], Done):
            found[-1] = Done((*found[-1].actions, what))
        else:
            found.append(Done((what,)))
    return found


class History:
    """The steps of a session in order, and those that were undone.

    :param latest: what is there now, as far as anybody looked
    """

    def __init__(
        self,
        steps: Sequence[HistoryStep] = (),
        undone: Sequence[tuple[HistoryStep, ...]] = (),
        latest: Snapshot | None = None,
    ) -> None:
        self._steps = list(steps)
        self._undone = list(undone)
        self.latest = latest

    @property
    def steps(self) -> tuple[HistoryStep, ...]:
        return tuple(self._steps)

    @property
    def undone(self) -> tuple[tuple[HistoryStep, ...], ...]:
        """What each undo took, the last one last."""
        return tuple(self._undone)

    @property
    def numbered(self) -> list[int]:
        """The places of the steps that changed the lab: the first of them is step 1."""
        return [place for place, step in enumerate(self._steps) if step.changed]

    def add(
        self,
        what: Done | Typed,
        before: Snapshot | None,
        after: Snapshot | None,
        *,
        took: float = 0.0,
        failed: Sequence[int] = (),
    ) -> None:
        """Put a step behind the others.

        :param failed: the numbers of its lines that failed
        """
        changed = self._changes(what, before, after, failed)
        if isinstance(what, Typed) and failed:
            what = replace(what, failed=tuple(failed))
        self._put(HistoryStep(what, before, after, changed, took, len(failed)))
        if changed:
            self.latest = after
        else:
            self.notice(after)

    def _put(self, step: HistoryStep) -> None:
        self._steps.append(step)
        if step.changed:
            self._undone.clear()

    def notice(self, now: Snapshot | None) -> Snapshot | None:
        """What is there now: what nobody here did since the last step becomes one, by hand.

        :returns: the same; the very snapshot that was known, if nothing is otherwise
        """
        latest = self.latest
        if now is None or latest is None:
            self.latest = now
            return now
        if latest == now:
            return latest
        plan = make(latest, now)
        if plan:
            self._put(HistoryStep(Made(plan.pieces, plan.left), latest, now, True))
        self.latest = now
        return now

    def _changes(
        self,
        what: Done | Typed,
        before: Snapshot | None,
        after: Snapshot | None,
        failed: Sequence[int],
    ) -> bool:
        """Whether a step changed the lab; in doubt it did."""
        if isinstance(what, Typed):
            if only_looks(what.text, living=what.living) and not self._misleads(what):
                return False
            if not failed or not failed_entirely(what.text, failed, living=what.living):
                return True
        elif any(isinstance(action, Sysctl) for action in what.actions):
            return True  # of the settings, a snapshot has a few
        return differ(before, after)

    def _misleads(self, what: Typed) -> bool:
        """Whether a program's name may mean something else in the shell that lives."""
        return what.living and any(
            isinstance(step.what, Typed) and step.what.living and redefines(step.what.text)
            for step in self._steps
        )


def differ(before: Snapshot | None, after: Snapshot | None) -> bool:
    """Whether two looks differ in anything that lasts; True without two looks."""
    if before is None or after is None:
        return True
    if before == after:
        return False
    return bool(diff.compare(before, after) or before.files != after.files or make(before, after))
