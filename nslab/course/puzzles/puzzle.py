"""A puzzle drawn by its name or seed, and the lab that it is solved in.

>>> from nslab.course.puzzles.puzzle import drawn
>>> drawn("seven").name
'puzzle-seven'
"""

from __future__ import annotations

import html
import random
from typing import Any

from nslab.course.exercises.exercise import Exercise
from nslab.course.exercises.reply import Reply
from nslab.course.exercises.values import WrongAnswer
from nslab.course.progress.record import PUZZLES as LESSON
from nslab.course.progress.record import STARS
from nslab.course.puzzles import shop
from nslab.course.puzzles.faults import FAULTS, Fault
from nslab.errors import InvalidInput
from nslab.network.arguments import checked
from nslab.printable import short
from nslab.session import naming
from nslab.session.check import Verdicts
from nslab.session.lab import Lab

NAMED: dict[str, tuple[str, ...]] = {
    "one": ("cable-down",),
    "two": ("no-default-route",),
    "three": ("forwarding-off",),
    "four": ("not-a-port",),
    "five": ("nat-of-another-network",),
    "six": ("gateway-address-gone",),
    "seven": ("small-port",),
    "eight": ("stale-neighbour",),
    "nine": ("policy-rule",),
    "ten": ("wrong-gateway", "forward-drop"),
    "eleven": ("isolated-ports", "blackhole"),
    "twelve": ("no-arp", "martian"),
}
"""The puzzles that have a name, and their faults; they get harder."""


_BREAKS = (
    ("ip netns del till", "till"),
    ("iptables -F FORWARD", "till reaches 10.20.0.12"),
    ("iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE", "translates everybody's packets"),
)
"""What must not be broken on the way, with a piece of what is said of it then."""


class Puzzle(Lab):
    """A lab with something wrong in it.  A hint costs a star, and so does ``why``.

    :param exercise: the puzzle as an exercise
    :param engine: as for :class:`nslab.Lab`
    """

    def __init__(self, exercise: Exercise, engine: str | None = None) -> None:
        with naming.usually(exercise.name):
            super().__init__(engine=engine, start=exercise.begin)
        self.exercise = exercise
        exercise.attempt.started(self)

    @property
    def symptom(self) -> str:
        """What somebody who uses the network says of it."""
        return self.exercise.goal

    @property
    def stars(self) -> int:
        """What is left of the stars: one less for each hint, and for ``why``."""
        now = self.exercise.attempt
        return now.record.stars

    def solved(self) -> Verdicts:
        """Ask the kernel: does everything work again, and is what was shut still shut?"""
        return self.check(self.exercise)

    def hint(self) -> Reply:
        """Open one more hint; it costs a star."""
        return self.exercise.hint()

    def solution(self) -> Reply:
        """What was wrong and how it is mended: once it is solved, or when asked a second time."""
        return self.exercise.solution()

    def allow_why(self) -> Reply:
        """Pay a star, and have :meth:`why` answer in this puzzle."""
        self.exercise.attempt.asked_why()
        return Reply([f"lab.why(…) answers now; stars left: {self.stars}"])

    def why(self, ns: str | None, target: str, **more: Any) -> Any:
        """As in any lab, once :meth:`allow_why` was called.

        :raises InvalidInput: it was not
        """
        if not self.exercise.attempt.why:
            raise InvalidInput(
                "explain",
                "a puzzle",
                "that is what you are to find out",
                "lab.allow_why() has it answer, and costs a star; lab.hint() is another way",
            )
        return super().why(ns, target, **more)

    def _repr_mimebundle_(self, **more: Any) -> dict[str, str]:
        bundle = super()._repr_mimebundle_(**more)
        words = f"{self.symptom}\nstars: {'★' * self.stars}{'☆' * (STARS - self.stars)}"
        bundle["text/plain"] = f"{words}\n{bundle['text/plain']}"
        if "text/html" in bundle:
            first, last = map(html.escape, words.split("\n"))
            bundle["text/html"] = f"<p><b>{first}</b></p><p>{last}</p>{bundle['text/html']}"
        return bundle


@checked
def puzzle(name: str | int = "one", *, engine: str | None = None) -> Puzzle:
    """A broken network to mend: a lab, with a symptom in the words of somebody who uses it.

    It is solved when all works again and nothing else was broken, whichever way you took:
    ``lab.solved()`` asks the kernel.

    :param name: ``one`` to ``twelve``, which get harder; any other word or number draws one, always
        the same for the same word
    :param engine: as for :class:`nslab.Lab`
    :raises EngineUnavailable: no lab can run here; says why, and what to do
    """
    return Puzzle(drawn(name), engine)


def drawn(name: str | int) -> Exercise:
    """The puzzle of a name or seed, as an exercise: the same for the same name."""
    word = str(name).strip()
    if not word:
        raise InvalidInput("make the puzzle", short(name), "it has no name", "such as one, or 4711")
    faults = tuple(map(_fault, NAMED[word])) if word in NAMED else _chance(word)
    answer = tuple(str(line) for fault in faults for line in fault.mended)
    looks = " ".join(fault.look for fault in faults)
    wrong = tuple(WrongAnswer((*answer, line), said) for line, said in _BREAKS)
    return Exercise(
        id=word,
        kind="mend",
        goal=" And: ".join(fault.says for fault in faults),
        checks=tuple(shop.WORKS.values()),
        mustnot=shop.MUSTNOT,
        hints=(
            f"What still works, and what does not? ({len(faults)} things are wrong.)"
            if len(faults) > 1
            else "What still works, and what does not? (One thing is wrong.)",
            looks,
            "What was done to it: " + "; ".join(f"`{line}`" for one in faults for line in one.made),
        ),
        answer=answer,
        others=(("\n".join(answer),),),
        wrong=wrong,
        lesson=LESSON,
        begin=(*shop.BUILT, *(line for fault in faults for line in fault.made)),
    )


def _fault(name: str) -> Fault:
    return next(fault for fault in FAULTS if fault.name == name)


def _chance(seed: str) -> tuple[Fault, ...]:
    """One fault, or two that are about different parts: the same for the same seed."""
    # A text as the seed, because hash() differs from process to process.
    draw = random.Random(f"nslab-puzzle-1:{seed}")
    first = draw.choice(FAULTS)
    if draw.random() < 0.5:
        return (first,)
    others = [one for one in FAULTS if one.part != first.part]
    # What one hides, the other must not need: both are to be seen.
    seen = [one for one in others if set(one.breaks) - set(first.breaks)]
    return (first, draw.choice(seen)) if seen else (first,)
