"""What happens in the box: cells are run, or what they did is done again and judged.

These are two boxes, one after the other.  A cell of Python shares its process with all that could
judge it, and might give itself the best mark; so what comes out of the first box is only what was
done in the lab, as values.  The second does that in a lab of its own, where lines that were typed
are all that the learner has, and asks the kernel.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from nslab.course.exercises.exercise import Exercise
from nslab.course.grading.values import BEGUN, MANY, Answer, Deed, Job
from nslab.course.lessons import lesson
from nslab.errors import CommandTimeout, NslabError
from nslab.network.actions import Action, AnyAction
from nslab.network.making import Line
from nslab.session.history import Done, Typed, What
from nslab.session.lab import Lab


def main() -> None:
    """Read a job from standard input, do it, and write the answer to the descriptor named."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    report = int(sys.argv[1])
    os.set_inheritable(report, False)
    name, _, ident = job.exercise.rpartition("-")
    exercise: Exercise = lesson(name)[ident]
    if job.cells:
        from nslab.jupyter import headless

        headless.begin()  # the lab's magics are to be in its shell
    lab = exercise.start()
    # From now on the time is the learner's; that a machine had to be woken is not.
    os.write(report, BEGUN)
    answer = transcribed(exercise, lab, job.cells) if job.cells else judged(exercise, lab, job)
    with os.fdopen(report, "wb") as file:
        file.write(msgspec.json.encode(answer))


def transcribed(exercise: Exercise, lab: Lab, cells: tuple[str, ...]) -> Answer:
    """Run cells, with a lab of the exercise in use; what they did in its newest lab."""
    from nslab.jupyter import headless, mistakes

    public = mistakes.public()
    names: dict[str, Any] = {name: getattr(public, name) for name in public.__all__}
    names |= {"nslab": public, "lab": lab, "lesson": lesson(exercise.lesson), "exercise": exercise}
    failed = headless.run(cells, names)
    newest = exercise.attempt.lab
    if newest is None:
        return Answer(lines=(*failed, "the lab was closed, or came to an end"))
    deeds = tuple(deed for step in newest.steps for deed in _deeds(step.recipe))
    return Answer(lines=tuple(failed), deeds=deeds, choice=exercise.attempt.choice)


def _deeds(what: What) -> Iterator[Deed]:
    """A step as what does it again."""
    if isinstance(what, Done):
        yield Deed(actions=_known(what.actions))
        return
    if isinstance(what, Typed):
        yield Deed(text=what.text, ns=what.ns, living=what.living)
        return
    for piece in what.pieces:
        if isinstance(piece, Line):
            yield Deed(text=str(piece.command), ns=piece.ns)
        else:
            yield Deed(actions=_known((piece,)))


def _known(actions: tuple[Action, ...]) -> tuple[AnyAction, ...]:
    return tuple(action for action in actions if isinstance(action, AnyAction))


def judged(exercise: Exercise, lab: Lab, job: Job) -> Answer:
    """Do what was done, in a new lab, and ask the kernel."""
    failed: list[str] = []
    for deed in job.deeds:
        try:
            _do(lab, deed)
        except CommandTimeout as error:
            failed.append(str(error).partition("\n")[0])
        except NslabError as error:
            if not lab.alive:
                return Answer(lines=("the lab came to an end while the answer was typed in",))
            failed.append(str(error).partition("\n")[0])
    _settle()
    verdicts = exercise.judge(lab, job.choice)
    met = all(verdicts)
    unmet = tuple(str(verdict.message) for verdict in verdicts if not verdict)
    return Answer(met=met, lines=() if met else (*unmet, *failed), choice=job.choice)


def _settle() -> None:
    """Wait until no more processes come; if they are too many, for the end that comes from outside.

    What grows without end may have only begun when the last line returns.
    """
    before, now = -1, _processes()
    while now > before or now > MANY:
        time.sleep(0.05)
        before, now = now, _processes()


def _processes() -> int:
    return sum(name.isdigit() for name in os.listdir("/proc"))


def _do(lab: Lab, deed: Deed) -> None:
    if deed.actions:
        lab.do(*deed.actions)
    else:
        lab.sh(deed.text, ns=deed.ns, echo=False, living=deed.living)


if __name__ == "__main__":
    main()
