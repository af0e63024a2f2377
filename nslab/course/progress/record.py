"""How far somebody is with one exercise, as the file has it."""

from __future__ import annotations

from msgspec import Struct

PUZZLES = "puzzle"
"""How the names of puzzles begin, as those of exercises do with their lesson's."""

STARS = 3
"""For a puzzle that was solved without help."""


class Record(Struct, frozen=True, omit_defaults=True):
    """One line of a learner's progress.

    :param passed: whether the kernel said ✔ once
    :param tries: how often it was asked
    :param hints: how many hints were opened
    :param solution: whether the solution was asked for before it was passed
    :param why: how often ``why`` was paid for, in a puzzle
    :param seconds: the time spent, without long pauses
    :param choices: what was chosen, in order, where there is a choice
    :param changed: when it last changed, as ISO 8601 in UTC
    """

    passed: bool = False
    tries: int = 0
    hints: int = 0
    solution: bool = False
    why: int = 0
    seconds: float = 0.0
    choices: tuple[str, ...] = ()
    changed: str = ""

    @property
    def begun(self) -> bool:
        """Whether anything was done about it."""
        return bool(self.passed or self.tries or self.hints or self.choices or self.seconds)

    @property
    def over(self) -> bool:
        """Whether it was passed, or the solution shown: then no help costs a star any longer."""
        return self.passed or self.solution

    @property
    def stars(self) -> int:
        """What is left of a puzzle's stars: one less for each hint, and for ``why``."""
        return 0 if self.solution else max(0, STARS - self.hints - self.why)

    @property
    def rating(self) -> str:
        """The same as signs: those that are left, and those that are gone."""
        return "★" * self.stars + "☆" * (STARS - self.stars)

    def merged(self, other: Record) -> Record:
        """What two notebooks together know: neither takes away what the other has seen."""
        return Record(
            passed=self.passed or other.passed,
            tries=max(self.tries, other.tries),
            hints=max(self.hints, other.hints),
            solution=self.solution or other.solution,
            why=max(self.why, other.why),
            seconds=max(self.seconds, other.seconds),
            choices=max(self.choices, other.choices, key=len),
            changed=max(self.changed, other.changed),
        )
