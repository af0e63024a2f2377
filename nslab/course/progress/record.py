"""How far somebody is with one exercise, as the file has it."""

from __future__ import annotations

from msgspec import Struct


class Record(Struct, frozen=True, omit_defaults=True):
    """One line of a learner's progress.

    :param passed: whether the kernel said ✔ once
    :param tries: how often it was asked
    :param hints: how many hints were opened
    :param solution: whether the solution was asked for before it was passed
    :param seconds: the time spent, without long pauses
    :param choices: what was chosen, in order, where there is a choice
    :param changed: when it last changed, as ISO 8601 in UTC
    """

    passed: bool = False
    tries: int = 0
    hints: int = 0
    solution: bool = False
    seconds: float = 0.0
    choices: tuple[str, ...] = ()
    changed: str = ""

    @property
    def begun(self) -> bool:
        """Whether anything was done about it."""
        return bool(self.passed or self.tries or self.hints or self.choices or self.seconds)

    def merged(self, other: Record) -> Record:
        """What two notebooks together know: neither takes away what the other has seen."""
        return Record(
            passed=self.passed or other.passed,
            tries=max(self.tries, other.tries),
            hints=max(self.hints, other.hints),
            solution=self.solution or other.solution,
            seconds=max(self.seconds, other.seconds),
            choices=max(self.choices, other.choices, key=len),
            changed=max(self.changed, other.changed),
        )
