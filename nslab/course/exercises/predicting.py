"""Whether a guess comes true: in a lab where nothing was done but what the exercise says.

The learner's own lab is not enough.  Whoever goes on and changes what is asked about, or puts it
back to what it was, would have any guess come true.  So the kernel is asked a second time, beside
the learner's lab, and that answer counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from nslab.course.exercises.judging import held
from nslab.course.exercises.values import Choice, Way
from nslab.sentence import sentence
from nslab.session.apart import Apart
from nslab.session.check import Check, Verdict
from nslab.session.check.rows import together
from nslab.session.lab import Lab

OFTEN = 2
"""How often the kernel is asked if it says otherwise than the learner's lab: one answer may have
been lost on a busy machine."""


class Predicts(Protocol):
    """A prediction."""

    @property
    def choices(self) -> tuple[Choice, ...]: ...
    @property
    def answer(self) -> Way: ...


class _Answers(Struct):
    """What the kernel said of each choice, by its id, and how often it was asked."""

    verdicts: dict[str, Verdict]
    times: int = 1


_answers: dict[tuple[Predicts, str], _Answers] = {}
"""By exercise and kind of engine: the same is done in each such lab, by the same kernel."""


def is_known(asked: Predicts, lab: Lab) -> bool:
    """Whether the kernel was asked already."""
    return (asked, lab.engine.name) in _answers


def here(choice: Choice, lab: Lab | Apart) -> Verdict:
    """Whether what was chosen is so in a lab, whatever was done there."""
    return _so(choice, lambda check: held(check, lab))


def claimed(choice: Choice, lab: Lab) -> Verdict:
    """The same, as it is said before anything was run."""
    return _said(choice, here(choice, lab))


def predicted(asked: Predicts, choice: Choice, lab: Lab, *, trying: bool = True) -> Verdict:
    """The verdict on what was chosen, once it was run in the learner's lab.

    :param trying: whether another lab may be started for it, if the kernel was not asked already
    :raises NslabError: no other lab can be started
    """
    own = here(choice, lab)
    answers = _answers_to(asked, lab) if trying else _answers[asked, lab.engine.name]
    if trying and answers.times < OFTEN and own.ok != answers.verdicts[choice.id].ok:
        answers.verdicts, answers.times = _ask(asked, lab), answers.times + 1
    alone = answers.verdicts[choice.id]
    if own.ok == alone.ok:
        return _said(choice, alone)
    if own.ok:
        text = sentence(
            "you chose {choice}, and in your lab it is so, but only because more was changed "
            "there: with nothing but what the exercise says, {what}; start over, and change "
            "nothing else",
            choice=choice.id,
            what=alone.message,
        )
        return Verdict(False, text)
    text = sentence(
        "you chose {choice}: with nothing but what the exercise says, {what}; your lab is "
        "otherwise, because more was changed there",
        choice=choice.id,
        what=alone.message,
    )
    return Verdict(True, text)


def _answers_to(asked: Predicts, lab: Lab) -> _Answers:
    key = asked, lab.engine.name
    if key not in _answers:
        _answers[key] = _Answers(_ask(asked, lab))
    return _answers[key]


def _ask(asked: Predicts, lab: Lab) -> dict[str, Verdict]:
    """Ask the kernel of all choices, in a lab of their own; each check once."""
    found: dict[Check, Verdict] = {}
    with lab._apart(asked.answer) as apart:

        def once(check: Check) -> Verdict:
            if check not in found:
                found[check] = held(check, apart)
            return found[check]

        return {choice.id: _so(choice, once) for choice in asked.choices}


def _so(choice: Choice, ask: Callable[[Check], Verdict]) -> Verdict:
    """Whether all holds that a choice claims; if not, the first that speaks against it."""
    verdicts = [ask(check) for check in choice.checks]
    for check in choice.mustnot:
        verdict = ask(check)
        verdicts.append(Verdict(not verdict, verdict.message))
    wrong = [verdict.message for verdict in verdicts if not verdict]
    if wrong:
        return Verdict(False, wrong[0])
    return Verdict(True, together(dict.fromkeys(verdict.message for verdict in verdicts)))


def _said(choice: Choice, so: Verdict) -> Verdict:
    if so:
        text = sentence("you chose {choice}: {what}", choice=choice.id, what=so.message)
        return Verdict(True, text)
    text = sentence("you chose {choice}, but {what}", choice=choice.id, what=so.message)
    return Verdict(False, text)
