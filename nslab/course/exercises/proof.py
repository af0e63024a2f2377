"""The proof that an exercise judges rightly, on the kernel: what a course's tests ask of each.

Each function returns what is wrong, line by line; nothing if all is well.
"""

from __future__ import annotations

from collections import defaultdict

from nslab.course.exercises.exercise import Exercise
from nslab.course.exercises.values import Way, WrongAnswer
from nslab.errors import NslabError
from nslab.session.check import Verdict
from nslab.session.lab import Lab


def flaws(exercise: Exercise, *, engine: str | None = None) -> list[str]:
    """All that is wrong with an exercise.

    :param engine: as for :class:`nslab.Lab`
    """
    found = doing_nothing(exercise, engine=engine)
    for way in (exercise.answer, *exercise.others):
        found += right(exercise, way, engine=engine)
    found += wrong(exercise, engine=engine)
    if exercise.choices:
        found += choices(exercise, engine=engine)
    return found


def doing_nothing(exercise: Exercise, *, engine: str | None = None) -> list[str]:
    """Whether it is met as it starts, whatever was chosen, or already differs from its start."""
    found = []
    with exercise.start(engine=engine) as lab:
        for choice in [one.id for one in exercise.choices] or [""]:
            verdicts = exercise.judge(lab, choice)
            if all(verdicts):
                found.append(f"it is met before anything was done{_chosen(choice)}")
            if exercise.only and not verdicts[-1]:
                found.append(f"nothing was done, and yet: {verdicts[-1].message}")
    return found


def right(exercise: Exercise, way: Way, *, engine: str | None = None) -> list[str]:
    """Why a right way is not taken.

    :param way: its answer, or one of the others
    """
    with exercise.start(engine=engine) as lab:
        found = _do(lab, way)
        choice = ""
        if exercise.choices:
            ids = right_choices(exercise, lab)
            if len(ids) != 1:
                found.append(f"of its choices, the kernel says yes to {', '.join(ids) or 'none'}")
            choice = ids[0] if ids else exercise.choices[0].id
        verdicts = exercise.judge(lab, choice)
    unmet = [verdict.message for verdict in verdicts if not verdict]
    return [f"{one}: after the right way {_short(way)}" for one in (*found, *unmet)]


def right_choices(exercise: Exercise, lab: Lab) -> list[str]:
    """The ids of the choices to which the kernel says yes: one, once it was run."""
    return [one.id for one in exercise.choices if all(exercise.judge(lab, one.id))]


def wrong(exercise: Exercise, *, engine: str | None = None) -> list[str]:
    """The wrong answers that are taken or refused for another reason, and the checks that are idle.

    A check is idle if no wrong answer is refused by it alone: without it, nothing would slip
    through.
    """
    found: list[str] = []
    alone: dict[int, list[WrongAnswer]] = defaultdict(list)
    verdicts: list[Verdict] = []
    for one in exercise.wrong:
        with exercise.start(engine=engine) as lab:
            found += [
                f"{line}: in the wrong answer {_short(one.way)}" for line in _do(lab, one.way)
            ]
            verdicts = exercise.judge(lab, one.choice)
        failed = [place for place, verdict in enumerate(verdicts) if not verdict]
        said = [verdicts[place].message for place in failed]
        if not failed:
            found.append(f"the wrong answer {_short(one.way)}{_chosen(one.choice)} is taken")
        elif not any(one.reason in message for message in said):
            reasons = "; ".join(said)
            found.append(
                f"the wrong answer {_short(one.way)} is refused for {reasons!r}, "
                f"not for {one.reason!r}"
            )
        if len(failed) == 1:
            alone[failed[0]].append(one)
    for place, verdict in enumerate(verdicts):
        if not alone[place]:
            found.append(f"no wrong answer is refused by this alone: {verdict.message}")
    return found


def choices(exercise: Exercise, *, engine: str | None = None) -> list[str]:
    """The choices that are not right and not among the wrong answers either."""
    with exercise.start(engine=engine) as lab:
        _do(lab, exercise.answer)
        ids = right_choices(exercise, lab)
    chosen = {one.choice for one in exercise.wrong if one.way == exercise.answer}
    return [
        f"the choice {one.id} is wrong, and no wrong answer chooses it"
        for one in exercise.choices
        if one.id not in (*ids, *chosen)
    ]


def _do(lab: Lab, way: Way) -> list[str]:
    """Do it as a learner does; what of it failed."""
    found = []
    for one in way:
        try:
            if isinstance(one, str):
                ran = lab.sh(one, echo=False)
                found += [str(failure) for failure in ran.failures]
            else:
                lab.do(one)
        except NslabError as error:
            found.append(str(error).partition("\n")[0])
    return found


def _chosen(choice: str) -> str:
    return f", with the choice {choice}" if choice else ""


def _short(way: Way) -> str:
    text = "; ".join(str(one) for one in way) or "(nothing)"
    return f"{text[:80]}…" if len(text) > 80 else text
