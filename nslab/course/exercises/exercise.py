"""An exercise: a goal in words, a lab of its own, and the kernel as the judge.

Whatever way leads there counts.  The exercise is a value and does not change; what a learner has
done about it is an :class:`~nslab.course.exercises.attempt.Attempt`.

>>> from nslab import lesson
>>> lesson("02-bridge")["X2"].kind
'build'
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, structs

from nslab.course.exercises import judging, predicting
from nslab.course.exercises.attempt import Attempt, attempt, make_room
from nslab.course.exercises.reply import Reply
from nslab.course.exercises.standing import UNFOUND, Standing, is_begun, standing, veil
from nslab.course.exercises.values import Choice, MustNot, Way, WrongAnswer
from nslab.course.progress.record import PUZZLES
from nslab.errors import InvalidInput
from nslab.network.actions import Action, code
from nslab.network.arguments import check_fields, checked
from nslab.printable import short
from nslab.sentence import sentence
from nslab.session import naming, views
from nslab.session.check import Check, Verdict, Verdicts
from nslab.session.lab import Lab
from nslab.session.views import View

RESTING = "NSLAB_REST_UNUSED"
"""Set where memory is shared by many, as on a hub for a class: the lab of a card ends once its
card has shown it, and is made anew when it is first used.  "Run All" makes a lab for each card."""

KINDS = ("predict", "build", "mend")


class Exercise(Struct, frozen=True, kw_only=True):
    """One exercise of a lesson.

    :param id: its name, such as ``X1``
    :param kind: ``predict`` (choose, then run), ``build`` or ``mend``
    :param goal: what is wanted, in words
    :param checks: what must hold; for ``predict``: that it was run
    :param hints: three: a question, a place to look, the command
    :param answer: one way to the goal, actions or lines; for ``predict``: what is to be run, and
        what alone decides which choice is right
    :param others: quite different ways, at least one
    :param wrong: answers that must be refused, at least three
    :param choices: for ``predict``: what may be chosen
    :param because: for ``predict``: why the kernel does so; shown once you have run it
    :param mustnot: what must not hold, and why
    :param only: what may differ from the start: ``ns1``, or a link as ``host/lxcbr0``; empty: all
    :param find: the fault is to be found: before a hint is open, only what is tried for real is
        told; of a prediction: what its commands name is to be found
    :param before: the step of the lesson before which it starts; None: as the lesson starts
    :param done: it starts after the lesson's last step
    :param prepare: what is done then: such as what is to be mended
    :param lesson: the lesson's name; like what follows, the lesson sets it
    :param begin: the whole way to the state that it starts from
    :param needs: what its kernel must have (see :class:`~nslab.session.lab.Lab`)
    :param nic_filter: whether the host's NIC filters by address
    """

    id: str
    kind: str
    goal: str
    checks: tuple[Check, ...]
    hints: tuple[str, str, str]
    answer: Way
    others: tuple[Way, ...]
    wrong: tuple[WrongAnswer, ...]
    choices: tuple[Choice, ...] = ()
    because: str = ""
    mustnot: tuple[MustNot, ...] = ()
    only: tuple[str, ...] = ()
    find: bool = False
    before: str | None = None
    done: bool = False
    prepare: Way = ()
    lesson: str = ""
    begin: Way = ()
    needs: tuple[str, ...] = ()
    nic_filter: bool = False

    def __post_init__(self) -> None:
        check_fields(self)
        for wrong, cause, hint in _faults(self):
            if wrong:
                raise InvalidInput("write the exercise", short(self.id), cause, hint)

    @property
    def name(self) -> str:
        """What it is called among all lessons, such as ``02-bridge-X2``."""
        return f"{self.lesson or 'exercise'}-{self.id}"

    @property
    def priced(self) -> bool:
        """Whether help costs stars: it is a puzzle."""
        return self.lesson == PUZZLES

    # -- for the learner -----------------------------------------------------------------------

    @checked
    def start(self, name: str | None = None, *, engine: str | None = None) -> Lab:
        """A new lab for it, in the state that it starts from.

        :param name: the name of the lab; None for one after the lesson and the exercise
        :param engine: as for :class:`nslab.Lab`
        :raises EngineUnavailable: no lab can run here; says why, and what to do
        """
        with naming.usually(self.name):
            lab = Lab(
                name,
                engine=engine,
                needs=self.needs,
                nic_filter=self.nic_filter,
                start=self.begin or self.prepare,
            )
        self.attempt.started(lab)
        return lab

    def start_alone(self, engine: str | None = None) -> Lab:
        """The same for a card: where labs are virtual machines, those of other exercises end."""
        make_room()
        return self.start(engine=engine)

    @checked
    def card(self, *, engine: str | None = None) -> View | Reply:
        """The exercise as a widget: goal, choices, picture, what is met, hints, start over.

        It goes on in the lab that was started for it, or starts one, and ``%%host`` then types into
        that.  It judges by itself whenever the lab changes, and counts a try only when "Check" is
        pressed or all has come to be met.  Outside a notebook it is the plain form, as text.

        Where labs are virtual machines, starting one ends those of the other exercises.

        :param engine: of a lab that it starts, as for :class:`nslab.Lab`
        :raises EngineUnavailable: no lab can run here; says why, and what to do
        """
        notebook = views.notebook()
        if notebook is None:
            return self._plain()
        with views.untold():
            lab = self.attempt.lab or self.start_alone(engine)
            notebook.use(lab)
        card: View = views.view("card", self, lab, engine)
        lab._may_rest = bool(os.environ.get(RESTING))
        lab._rest()
        return card

    @checked
    def choose(self, choice: str) -> Reply:
        """Choose an answer, before it is run.

        :param choice: its id, such as ``a``
        :raises InvalidInput: there is none of that id, or something was done in its lab already
        """
        found = self._choice(choice)
        lab = self.attempt.lab
        if lab is not None and (
            is_begun(lab) or all(judging.held(check, lab) for check in self.checks)
        ):
            raise InvalidInput(
                "choose",
                choice,
                f"commands were run in {lab.name} already: that would be no prediction",
                f"begin again: lab = {self._called}.start()",
            )
        self.attempt.chose(choice)
        return Reply(
            [f"you chose {found.id}: {found.text}", "now run it:", *self._shown(self.answer)]
        )

    @checked
    def check(self, lab: Lab) -> Verdicts:
        """Ask the kernel whether the goal is met; the same as ``lab.check(exercise)``.

        :raises InvalidInput: the lab was not started for this exercise
        """
        return lab.check(self)

    def hint(self) -> Reply:
        """Open one more hint; all that are open are shown."""
        shown = enumerate(self.hints[: self.attempt.opened(len(self.hints))], 1)
        return Reply([f"hint {number} of {len(self.hints)}: {text}" for number, text in shown])

    def solution(self) -> Reply:
        """One way to the goal, and another; only once it is passed, or when asked a second time."""
        now = self.attempt
        if not (now.passed or now.asked):
            now.asked = True
            left = len(self.hints) - now.hints
            count = "1 hint is" if left == 1 else f"{left} hints are"
            unopened = f"{count} still closed; " if left else ""
            return Reply([f"{unopened}to see the solution anyway, ask once more"])
        if not now.passed:
            now.gave_up()
        shown = [[*self._shown(self.answer)]]
        lines = ["one way:", *shown[0]]
        for other in self.others:
            python = any(isinstance(one, Action) for one in other)
            words = [*self._shown(other)]
            if words not in shown:  # a puzzle's answer may be its fault's own remedy
                shown.append(words)
                lines += [f"another{', in Python' * python}:", *words]
        return Reply(lines)

    @property
    def lab(self) -> Lab:
        """The lab that was started for it, the one that its card shows.

        :raises InvalidInput: none was, or it has ended
        """
        lab = self.attempt.lab
        if lab is None:
            raise InvalidInput(
                "find the exercise's lab",
                self.id,
                "none was started for it, or it has ended",
                f"run the cell with its card, or {self._called}.start()",
            )
        return lab

    @property
    def attempt(self) -> Attempt:
        """How far the learner is with it."""
        return attempt(self, self.name if self.lesson else "")

    # -- judging -------------------------------------------------------------------------------

    def ask_all(self, lab: Lab) -> list[Verdict]:
        """Judge a try, and count it: what ``lab.check`` and ``lab.require`` ask.

        What must not be, and is not, is left out; so is what would name a fault that is to be
        found.

        :raises InvalidInput: the lab was not started for this exercise
        """
        now = self.attempt
        if not now.owns(lab):
            raise InvalidInput(
                f"check the {'puzzle' if self.priced else 'exercise'}",
                self.id,
                f"the lab {lab.name} was not started for it",
                f"make one that was: lab = {self._called}.start()",
            )
        every = self.judge(lab, now.choice)
        now.judged(all(every))
        return [*_with_hint(self._told(every, lab), f"{self._called}.hint() opens a hint")]

    def _told(self, every: list[Verdict], lab: Lab) -> list[Verdict]:
        """Of the verdicts on all that it asks for, those that a learner may see."""
        if self._veiled and self.choices:
            asked, rest = every[: len(self.checks)], every[len(self.checks) :]
            unmet = not all(asked)
            every = [one for one in asked if one] + [Verdict(False, UNFOUND)] * unmet + rest
        elif self._veiled:
            pairs = zip(self.checks, every, strict=False)
            tried = [verdict for check, verdict in pairs if check.tries]
            return tried + veil(self, lab, works=all(tried), right=all(every))
        goal = len(every) - len(self.mustnot) - bool(self.only)
        return every[:goal] + [verdict for verdict in every[goal:] if not verdict]

    @property
    def _veiled(self) -> bool:
        """Whether what is to be found still is."""
        now = self.attempt
        return self.find and not (now.hints or now.passed or now.solution)

    def judge(self, lab: Lab, choice: str = "") -> list[Verdict]:
        """The verdicts on all that it asks for, in order; counts nothing.

        First the checks, then what was chosen, what must not be, and what else was changed.  Once
        it was run, what was chosen is judged in a lab beside it, in which only ``answer`` was done.

        :param choice: the id of what was chosen
        """
        found = [judging.held(check, lab) for check in self.checks]
        if self.choices and not choice:
            said = sentence("nothing was chosen: {command}", command=f"{self._called}.choose(…)")
            found.append(Verdict(False, said))
        elif self.choices:
            chosen, ran = self._choice(choice), all(found)
            found.append(
                predicting.predicted(self, chosen, lab) if ran else predicting.claimed(chosen, lab)
            )
        found += [judging.refused(one, lab) for one in self.mustnot]
        if self.only:
            changes = lab.changes
            found.append(
                judging.untouched(
                    changes.before, changes.after, self.only, lab.steps, called=self.lab_called
                )
            )
        return found

    def standing(self, lab: Lab, *, trying: bool = False) -> Standing:
        """What of it is met in a lab now; counts nothing, and sends nothing unless it may.

        :param lab: the lab
        :param trying: whether to try for real what only can be known so, such as a ping
        """
        choice = self.attempt.choice
        chosen = self._choice(choice) if choice else None
        return standing(self, lab, chosen, trying=trying, veiled=self._veiled)

    # -- for the lesson ------------------------------------------------------------------------

    def bound(self, lesson: str, state: Way, needs: tuple[str, ...], nic_filter: bool) -> Exercise:
        """The same as a part of a lesson.

        :param lesson: the lesson's name
        :param state: what leads to the lesson's state in which it starts
        :param needs: what the lesson's kernel must have
        :param nic_filter: whether the host's NIC filters by address
        """
        return structs.replace(
            self, lesson=lesson, begin=state + self.prepare, needs=needs, nic_filter=nic_filter
        )

    def _choice(self, ident: str) -> Choice:
        for choice in self.choices:
            if choice.id == ident:
                return choice
        there = ", ".join(choice.id for choice in self.choices)
        raise InvalidInput(
            "choose",
            short(ident),
            f"the exercise {self.id} has no such choice",
            f"it has: {there}" if there else f"it is one to {self.kind}: start a lab, and do it",
        )

    @property
    def _called(self) -> str:
        """What a learner calls it, where a lesson is called ``lesson``."""
        if self.priced:
            return "lab"
        return f'lesson["{self.id}"]' if self.lesson else "exercise"

    @property
    def lab_called(self) -> str:
        """What a learner calls its lab in Python: ``lab`` alone is the lesson's own."""
        return "lab" if self.priced else f"{self._called}.lab"

    def _shown(self, way: Way) -> list[str]:
        """Something to do, as lines to type: into the lab, or all of them as a cell of Python."""
        used = sorted({type(one).__name__ for one in way if isinstance(one, Action)})
        if not used:
            return [f"  {line}" for one in way for line in str(one).splitlines()]
        lab = self.lab_called
        done = [
            f"{lab}.sh({one!r})" if isinstance(one, str) else f"{lab}.do({code(one)})"
            for one in way
        ]
        return [f"  {line}" for line in (f"from nslab import {', '.join(used)}", *done)]

    def _plain(self) -> Reply:
        """What the card offers, as lines to read and to type."""
        called = self._called
        choose = [f'{called}.choose("{self.choices[0].id}")'] if self.choices else []
        lines = [f"lab = {called}.start()", *choose, f"{called}.hint()", f"lab.check({called})"]
        return Reply([*self._lines(), *(f"  {line}" for line in lines)])

    def _lines(self) -> Iterator[str]:
        yield f"{self.id} ({self.kind}): {self.goal}"
        for choice in self.choices:
            yield f"  {choice.id}) {choice.text}"
        now = self.attempt
        state = "passed" if now.passed else "not passed yet"
        yield f"{state}; tries: {now.tries}; hints open: {now.hints} of {len(self.hints)}"

    def __repr__(self) -> str:
        return str(Reply([*self._lines()]))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return Reply([*self._lines()])._repr_mimebundle_()


def _with_hint(verdicts: list[Verdict], hint: str) -> Iterator[Verdict]:
    """The same; the first that is not met says where help is."""
    for verdict in verdicts:
        if verdict or not hint:
            yield verdict
        else:
            yield Verdict(False, verdict.message, hint)
            hint = ""


def _all(values: object, kind: Any) -> bool:
    return isinstance(values, tuple) and all(isinstance(one, kind) for one in values)


def _way(value: object) -> bool:
    return _all(value, (Action, str)) and bool(value)


Fault = tuple[bool, str, str]
"""Whether it is there, its cause, and what to write instead."""


def _faults(one: Exercise) -> Iterator[Fault]:
    """What may be wrong with how it is written."""
    yield one.kind not in KINDS, f"{short(one.kind)} is no kind", "one of " + ", ".join(KINDS)
    yield not one.id or not one.goal.strip(), "it has no id or no goal", 'id="X1", goal="…"'
    yield (
        one.done and one.before is not None,
        "it starts before a step and after all of them",
        "leave one",
    )
    yield (
        not _all(one.prepare, (Action, str)),
        f"prepare={short(one.prepare)} is no tuple of actions and lines",
        'such as prepare=("ip link set br0 down",)',
    )
    yield from _in_judging(one)
    yield from _in_choices(one)
    yield from _in_answers(one)


def _in_judging(one: Exercise) -> Iterator[Fault]:
    predicted = one.kind == "predict"
    tried = one.kind == "mend" and _all(one.checks, Check) and any(c.tries for c in one.checks)
    yield (
        one.find and not (tried or predicted),
        "its fault is to be found, and nothing of it is tried for real",
        "kind='mend', and a check such as Reaches",
    )
    yield (
        not _all(one.checks, Check) or not one.checks,
        f"checks={short(one.checks)} is no tuple of checks",
        'such as checks=(HasLink("br0"),)',
    )
    yield not _all(one.mustnot, MustNot), "mustnot is no tuple of MustNot", "MustNot(check, reason)"
    yield not _all(one.only, str), "only is no tuple of texts", 'such as only=("ns1",)'


def _in_choices(one: Exercise) -> Iterator[Fault]:
    ids = [choice.id for choice in one.choices] if _all(one.choices, Choice) else [""]
    yield (
        len(set(ids)) != len(ids) or "" in ids,
        "its choices have no ids, or two have the same",
        'such as Choice("a", "it is up", (State("br0", "up"),))',
    )
    yield (
        len(ids) < 2 if one.kind == "predict" else bool(ids),
        "one to predict has choices, and no other has",
        "two at least, of which one is right",
    )


def _in_answers(one: Exercise) -> Iterator[Fault]:
    yield (
        not _all(one.hints, str) or len(one.hints) != 3,
        f"hints={short(one.hints)} are not three texts",
        "a question, a place to look, the command",
    )
    yield (
        not _way(one.answer),
        f"answer={short(one.answer)} is no tuple of actions and lines",
        'such as answer=("ip link set br0 up",)',
    )
    yield (
        not one.others or not isinstance(one.others, tuple) or not all(map(_way, one.others)),
        f"others={short(one.others)} is no tuple of ways",
        'such as others=(("ifconfig br0 up",),)',
    )
    yield (
        not _all(one.wrong, WrongAnswer) or len(one.wrong) < 3,
        "it has fewer than three wrong answers",
        'such as wrong=(WrongAnswer(("ip link add br0 type dummy",), "is not a bridge"), …)',
    )
