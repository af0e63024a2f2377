"""A lesson: steps in order, the state that it starts from, its exercises, and the proof that a step
can be said in two ways.

>>> from nslab import lesson
>>> bridge = lesson("02-bridge")
>>> [step.id for step in bridge.steps]
['B1', 'B2', 'B3']
"""

from __future__ import annotations

import html
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from typing import Any

from msgspec import Struct, structs

from nslab.course.exercises.exercise import Exercise
from nslab.course.lessons import article
from nslab.engine.choose import choose
from nslab.engine.protocol import Options
from nslab.errors import InvalidInput
from nslab.network.actions import Action, code, commands
from nslab.network.arguments import checked
from nslab.network.glosses import block, glossed, reachable
from nslab.printable import short
from nslab.session import naming, views
from nslab.session.check.verdict import BAD, GOOD
from nslab.session.history import steps_of
from nslab.session.lab import Lab
from nslab.session.repeating import differences, rebuild
from nslab.session.step import Step
from nslab.session.views import View

LATE = 3.0
"""Seconds in which the kernel has passed on that a carrier came or went: up to one late, as it
bundles such news, and more on a slow machine.  A bridge port's state hangs on it."""


class Lesson(Struct, frozen=True, kw_only=True):
    """A chapter as data; ``name`` is that of its notebook.

    ``start`` is the state that it begins with: what the lessons before have built.
    """

    name: str
    title: str
    goals: tuple[str, ...]
    start: tuple[Action | str, ...] = ()
    nic_filter: bool = False
    """Whether the host's NIC filters by address (see :class:`~nslab.session.lab.Lab`)."""
    needs: tuple[str, ...] = ()
    """What the kernel must have (see :class:`~nslab.session.lab.Lab`)."""
    steps: tuple[Step, ...] = ()
    exercises: tuple[Exercise, ...] = ()
    """What the learner does without being told how; each starts from a state of the lesson."""
    following: tuple[str, str] | None = None
    """The lesson that comes next: its name and its title."""

    def __post_init__(self) -> None:
        ids = self._ids()
        for exercise in self.exercises:
            if ids.count(exercise.id) > 1:
                raise InvalidInput(
                    "make the lesson",
                    short(self.name),
                    f"two of its steps and exercises are called {exercise.id}",
                    "call the exercise otherwise, such as X1",
                )
        bound = tuple(
            one.bound(
                self.name,
                self.state_after() if one.done else self.state(one.before),
                self.needs,
                self.nic_filter,
            )
            for one in self.exercises
        )
        structs.force_setattr(self, "exercises", bound)

    def __getitem__(self, ident: str) -> Any:
        """A step, or an exercise, by its id.

        :raises InvalidInput: there is none of that id in this lesson
        """
        for exercise in self.exercises:
            if exercise.id == ident:
                return exercise
        return self._step(ident)

    def _ids(self) -> list[str]:
        return [step.id for step in self.steps] + [one.id for one in self.exercises]

    def _step(self, ident: str) -> Step:
        for place, step in enumerate(self.steps, 1):
            if step.id == ident:
                return structs.replace(step, later=self.steps[place:])
        raise InvalidInput(
            "find the step",
            short(ident),
            f"the lesson {self.name} has no such step",
            "it has: " + ", ".join(self._ids()),
        )

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    @checked
    def state(self, before: str | None = None) -> tuple[Action | str, ...]:
        """What leads to the state before a step; by default before the first.

        Actions, and the lines of those steps that no action can do.
        """
        done = list(self.start)
        for step in self.steps:
            if before is None or step.id == before:
                break
            done += _doing(step)
        if before is not None:
            self._step(before)  # says so if there is none
        return tuple(done)

    def state_after(self) -> tuple[Action | str, ...]:
        """What leads to the state after the last step."""
        return self.start + tuple(what for step in self.steps for what in _doing(step))

    @checked
    def lab(
        self,
        before: str | None = None,
        *,
        done: bool = False,
        name: str | None = None,
        engine: str | None = None,
    ) -> Lab:
        """A lab in the state before a step, or after all of them.

        :param before: the step's id; None: the state in which the lesson starts
        :param done: the state after the last step
        :param name: the name of the lab; None for the lesson's
        :param engine: as for :class:`nslab.Lab`
        :raises EngineUnavailable: no lab can run here; says why, and what to do
        :raises InvalidInput: there is no such step, or both states were asked for
        """
        if done and before is not None:
            raise InvalidInput(
                "make a lab", f"before={short(before)}, done=True", "only one can be", "leave one"
            )
        with naming.usually(self.name):
            return Lab(
                name,
                engine=engine,
                needs=self.needs,
                nic_filter=self.nic_filter,
                start=self.state_after() if done else self.state(before),
            )

    @checked
    def play(self, lab: Lab) -> View:
        """The steps one by one, as a widget, in a lab that :meth:`lab` has made."""
        player: View = views.view("player", self, lab)
        return player

    @checked
    def same(self, ident: str, *actions: Action, engine: str | None = None) -> Same:
        """Do a step in two fresh labs, with its lines in one and actions in the other; compare.

        :param ident: the step's id, such as ``B1``
        :param actions: what to try instead of the step's own actions
        :param engine: as for :class:`nslab.Lab`
        :raises InvalidInput: the step has no command lines
        """
        step = self._step(ident)
        if not step.lines:
            raise InvalidInput(
                "compare the step", ident, "it has no command lines", "try another one"
            )
        for action in actions:
            if not isinstance(action, Action):
                raise InvalidInput(
                    "compare the step",
                    short(action),
                    "it is not an action",
                    'such as AddBridge("lxcbr0")',
                )
        tried = actions or step.actions
        start = self.state(ident)
        options = Options(name="compare", nic_filter=self.nic_filter)
        make = choose(engine, self.needs)
        with ExitStack() as both:
            typed, done = (
                both.enter_context(
                    closing(rebuild(lambda: make(options), steps_of((*start, *what))))
                )
                for what in ((step.typed,), tuple(tried))
            )
            deadline = time.monotonic() + LATE
            while found := differences(typed.snapshot(), done.snapshot()):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.1)
        return Same(step, tried, tuple(found))


def _doing(step: Step) -> tuple[Action | str, ...]:
    """What does a step: its actions, or its lines if it has none."""
    return step.actions or ((step.typed,) if step.lines else ())


class Same:
    """The same step in two ways, and how the networks that came of it differ: not at all."""

    def __init__(self, step: Step, actions: Sequence[Action], differences: tuple[str, ...]) -> None:
        self.step = step
        self.actions = tuple(actions)
        self.differences = differences

    def __bool__(self) -> bool:
        return not self.differences

    @property
    def verdict(self) -> str:
        """One line, and a line for each difference."""
        if self:
            return "✔ two fresh labs, by command and by library: the kernel reports the same"
        lines = ["✘ the two labs differ (the command's first, then the library's):"]
        return "\n".join([*lines, *(f"  {line}" for line in self.differences)])

    def _parts(self) -> list[tuple[str, str]]:
        modern = "\n".join(map(str, commands(self.actions, "iproute2")))
        parts = [
            ("typed" + (" in the article" if _printed(self.step) else ""), self.step.typed),
            ("by the library", "lab.do(" + ", ".join(map(code, self.actions)) + ")"),
        ]
        if modern.replace("'", '"').split() != self.step.typed.split():
            parts.append(("with today's tools", modern))
        return parts

    def __str__(self) -> str:
        lines = []
        for title, text in self._parts():
            lines += [f"{title}:", *(f"  {line}" for line in text.splitlines())]
        return "\n".join([*lines, self.verdict])

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        rows = "".join(
            '<tr style="background:none"><td style="text-align:left;vertical-align:top;'
            f'opacity:.75;padding:.1em 1em .1em 0;white-space:nowrap">{html.escape(title)}</td>'
            '<td style="text-align:left;padding:.1em 0">'
            f"{block(glossed(text), 'margin:0;')}</td></tr>"
            for title, text in self._parts()
        )
        colour = GOOD if self else BAD
        sign, words = self.verdict[:1], html.escape(self.verdict[1:])
        return {
            "text/plain": str(self),
            "text/html": f'<table style="margin:0">{reachable(rows)}</table>'
            f'<div style="white-space:pre-wrap"><b style="color:{colour}">{sign}</b>{words}</div>',
        }


def _printed(step: Step) -> bool:
    """Whether the article prints the lines."""
    return any(article.row(ident).lines for ident in step.rows)
