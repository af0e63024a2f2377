"""How a lab stands to an exercise at this moment, for who looks again and again.

Looking costs a snapshot and sends nothing.  What is tried for real (a ping) is asked only when that
is wanted, and what a prediction claims is not judged before it was run: that would tell the answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct, structs

from nslab.course.exercises import judging, predicting
from nslab.course.exercises.values import Choice, MustNot, Way
from nslab.network.model import Snapshot
from nslab.sentence import sentence
from nslab.session.check import Check, Hops, Reaches, Verdict
from nslab.session.check.rows import together
from nslab.session.check.verdict import NotThere, namespace_of
from nslab.session.lab import Lab

Point = Verdict | str
"""A verdict; or in words what has not been asked yet."""


class Asks(Protocol):
    """What an exercise asks for."""

    @property
    def checks(self) -> tuple[Check, ...]: ...
    @property
    def choices(self) -> tuple[Choice, ...]: ...
    @property
    def answer(self) -> Way: ...
    @property
    def mustnot(self) -> tuple[MustNot, ...]: ...
    @property
    def only(self) -> tuple[str, ...]: ...
    @property
    def lab_called(self) -> str: ...


class Standing(Struct, frozen=True, kw_only=True):
    """What is met and what is not.

    :param points: first what is wanted, in its order; then what must not be, and is
    :param wanted: how many of them are wanted
    :param met: whether all that was asked holds
    :param left: whether something is still to be tried for real
    :param ran: whether the checks hold; of a prediction: it was run
    :param begun: whether anything was done in the lab, after which a choice is no prediction
    :param unreached: the first that was tried and not reached: from where, and what
    :param tried: what was tried, in words, and what came of it
    """

    points: tuple[Point, ...]
    wanted: int
    met: bool
    left: bool
    ran: bool
    begun: bool = False
    unreached: tuple[str | None, str] | None = None
    tried: tuple[tuple[str, Verdict], ...] = ()

    @property
    def solved(self) -> bool:
        """Whether everything was asked, and holds."""
        return self.met and not self.left

    def knowing(self, before: Standing) -> Standing:
        """The same, with what was tried before in the same network and need not be tried again."""
        if self.wanted == before.wanted:
            wanted = [
                old if isinstance(now, str) else now
                for now, old in zip(self.points[: self.wanted], before.points, strict=False)
            ]
            beside = dict.fromkeys((*self.points[self.wanted :], *before.points[before.wanted :]))
        else:  # a hint was opened, and more is told
            words = {
                _later(tries, rest): one for tries, one in before.tried for rest in (True, False)
            }
            wanted = [words.get(one, one) if isinstance(one, str) else one for one in self.points]
            beside = {}
        known = (*wanted, *beside)
        return structs.replace(
            self,
            points=known,
            met=all(isinstance(one, str) or one.ok for one in known),
            left=self.left and before.left,
            ran=self.ran or before.ran,
            begun=self.begun or before.ran,
            unreached=before.unreached,
        )


def standing(
    asked: Asks, lab: Lab, choice: Choice | None, *, trying: bool, veiled: bool = False
) -> Standing:
    """How a lab stands to what is asked; counts nothing.

    :param asked: the exercise
    :param choice: what was chosen
    :param trying: whether to try for real what only can be known so
    :param veiled: whether only what is tried for real is told: the rest would name the fault; of a
        prediction: whether its check would name what is to be found
    """
    snapshot = lab.snapshot()
    wrong = _beside(asked, lab, trying)
    right = _looks_right(asked, snapshot)
    rest = not wrong and right
    hidden = veiled and not asked.choices
    checks = _named(asked, hidden)
    told = hidden or (right and not _seen(wrong, lab, trying))  # or "the rest" would be nowhere
    asking = [_asked(check, lab, snapshot, trying, told) for check in checks]
    ran = _all_hold(asking)
    if hidden:
        wrong = veil(asked, lab, works=trying and ran, right=rest)
    found, left, met = asking, _is_open(asking), not wrong and _none_fails(asking)
    if asked.choices:
        run = _run(asking, bool(lab.changes.lasting), veiled=veiled)
        # In the order in which they are done.
        found = [_guess(asked, choice, lab, ran, trying), run]
        left |= ran and _is_open(found[:1])
        met &= _none_fails(found[:1])
    left |= _is_untried(asked, trying)
    return Standing(
        points=(*found, *_seen(wrong, lab, trying)),
        wanted=len(found),
        met=met and (ran or left),
        left=left,
        ran=ran,
        begun=any((ran, is_begun(lab))),
        unreached=_unreached(checks, asking, snapshot),
        tried=_tried(checks, asking),
    )


def is_begun(lab: Lab) -> bool:
    """Whether anything was done in it, even if it was put back since."""
    return bool(lab.history or lab.changes.lasting)


def veil(asked: Asks, lab: Lab, *, works: bool, right: bool) -> list[Verdict]:
    """What is said where it works, but not as the task asks, and the fault is still to be found.

    What the learner has changed beside the task is named: that is no part of the fault.

    :param works: whether all holds that was tried for real
    :param right: whether the rest holds, too
    """
    if right or not works:
        return []
    if asked.only and not (only := _untouched(asked, lab)):
        return [only]
    return [Verdict(False, VEILED)]


def _named(asked: Asks, hidden: bool) -> tuple[Check, ...]:
    """The checks that may be named; only those that are tried for real, if the rest is hidden."""
    return tuple(one for one in asked.checks if one.tries) if hidden else asked.checks


def _seen(wrong: list[Verdict], lab: Lab, trying: bool) -> list[Verdict]:
    """What is wrong from the start is for the learner to see first, before anything is tried."""
    return wrong if trying or lab.changes.lasting else []


def _looks_right(asked: Asks, snapshot: Snapshot) -> bool:
    """Whether all holds that need not be tried."""
    return all(_looked(check, snapshot) for check in asked.checks if not check.tries)


def _is_open(points: Iterable[Point]) -> bool:
    """Whether something has not been asked yet."""
    return any(isinstance(one, str) for one in points)


def _all_hold(points: Iterable[Point]) -> bool:
    """Whether all was asked, and holds."""
    return all(isinstance(one, Verdict) and one.ok for one in points)


def _none_fails(points: Iterable[Point]) -> bool:
    """Whether all that was asked holds."""
    return all(isinstance(one, str) or one.ok for one in points)


def _is_untried(asked: Asks, trying: bool) -> bool:
    """Whether something that must not be would have to be tried."""
    return not trying and any(one.check.tries for one in asked.mustnot)


def _tried(checks: tuple[Check, ...], points: Iterable[Point]) -> tuple[tuple[str, Verdict], ...]:
    """What was tried for real, in words, and what came of it."""
    return tuple(
        (check.tries, one)
        for check, one in zip(checks, points, strict=True)
        if check.tries and isinstance(one, Verdict)
    )


VEILED = sentence(
    "it works, but the task asks for more: hold each of its sentences against your lab, or open a "
    "hint"
)
"""What is said of all that would name a fault that is to be found."""


UNCHOSEN = sentence(
    "commands were run before an answer was chosen: press Start over on the exercise's card, "
    "choose one, then run them again"
)
"""What is said of a prediction that was none; it stands on the card, and below the cell."""


def _looked(check: Check, snapshot: Snapshot) -> Verdict:
    found = check.judge(snapshot)
    return judging.told(check, found)


def _asked(check: Check, lab: Lab, snapshot: Snapshot, trying: bool, rest: bool) -> Point:
    """The verdict on a check, or that it comes later.

    :param rest: whether all that need not be tried is right
    """
    if trying:
        return judging.held(check, lab)
    if check.tries:
        return _later(check.tries, rest)
    return _looked(check, snapshot)


def _later(tries: str, rest: bool) -> str:
    """What is said of what was not tried.

    :param rest: whether nothing else comes first
    """
    if rest:
        return sentence("{what}: not tried yet", what=tries)
    return sentence("{what}: not tried until the rest is right", what=tries)


UNFOUND = sentence(
    "something was changed, but not yet what the task asks for: find that first, or open a hint"
)
"""What is said of commands that name something else than what is to be found."""


def _run(found: list[Point], changed: bool, *, veiled: bool) -> Point:
    """Whether what was to be predicted was run, in one line.

    Before anything was done, it does not say what is to be found out.

    :param changed: whether anything was done in the lab
    :param veiled: whether what is to be run is to be found, too
    """
    verdicts = [one for one in found if isinstance(one, Verdict)]
    wrong = [one for one in verdicts if not one]
    if wrong:
        if changed:
            return Verdict(False, UNFOUND) if veiled else wrong[0]
        return sentence(
            "{wanted}; now: {now}",
            wanted=sentence("the commands of the task were run"),
            now=sentence("nothing was changed yet"),
        )
    if len(verdicts) < len(found):
        return next(one for one in found if isinstance(one, str))
    return Verdict(True, together(one.message for one in verdicts))


def _guess(asked: Asks, choice: Choice | None, lab: Lab, ran: bool, trying: bool) -> Point:
    """The verdict on what was chosen, as soon as it was run."""
    if choice is None:
        if ran or is_begun(lab):
            return Verdict(False, UNCHOSEN)
        return sentence("{what}, before the commands are run", what=sentence("an answer is chosen"))
    if not ran:
        return sentence(
            "you chose {choice}: the kernel will judge it once you have run the commands",
            choice=choice.id,
        )
    tries = any(check.tries for check in (*choice.checks, *choice.mustnot))
    if not trying and (tries or not predicting.is_known(asked, lab)):
        return sentence("you chose {choice}: the kernel is being asked", choice=choice.id)
    return predicting.predicted(asked, choice, lab, trying=trying)


def _beside(asked: Asks, lab: Lab, trying: bool) -> list[Verdict]:
    """What must not be, and is; and what else was changed."""
    harm = (one for one in asked.mustnot if trying or not one.check.tries)
    found = [judging.refused(one, lab) for one in harm]
    if asked.only:
        found.append(_untouched(asked, lab))
    return [one for one in found if not one]


def _untouched(asked: Asks, lab: Lab) -> Verdict:
    changes = lab.changes
    return judging.untouched(
        changes.before, changes.after, asked.only, lab.steps, called=asked.lab_called
    )


def _unreached(
    checks: tuple[Check, ...], found: list[Point], snapshot: Snapshot
) -> tuple[str | None, str] | None:
    """The first, if there is a way to explain: where its namespace is missing, there is none."""
    for check, one in zip(checks, found, strict=True):
        wanted = isinstance(check, Hops) or (isinstance(check, Reaches) and check.ok)
        if wanted and isinstance(one, Verdict) and not one:
            assert isinstance(check, Hops | Reaches)
            if _there(check.ns, snapshot):
                return check.ns, check.address
    return None


def _there(ns: str | None, snapshot: Snapshot) -> bool:
    try:
        namespace_of(snapshot, ns)
    except NotThere:
        return False
    return True
