"""The steps of a session, and how a lab is made again from them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nslab.engine.protocol import SHELL, Command, Engine
from nslab.network import diff
from nslab.network.actions import Action, commands
from nslab.network.model import Snapshot

REPEAT_TIMEOUT = 120.0
"""Seconds that a block may take when it is repeated."""


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

    ``limit`` are the seconds after which they were stopped, when they were.
    """

    text: str
    ns: str | None = None
    living: bool = False
    limit: float | None = None

    @property
    def leaves_something(self) -> bool:
        """Whether it may leave a variable, a directory or an option in the shell that lives."""
        return self.living and _LEAVES.search(self.text) is not None

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
class HistoryStep:
    """What was done, and what the kernel reported just before, if anybody looked."""

    what: Done | Typed
    before: Snapshot | None
    changed: bool
    """False only if a look before and after found no difference."""

    @property
    def lasts(self) -> bool:
        """Whether a step after it may depend on it."""
        return self.changed or (isinstance(self.what, Typed) and self.what.leaves_something)


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
    """The steps of a session in order."""

    def __init__(self, steps: Sequence[HistoryStep] = ()) -> None:
        self._steps = list(steps)

    @property
    def steps(self) -> tuple[HistoryStep, ...]:
        return tuple(self._steps)

    def add(self, what: Done | Typed, before: Snapshot | None, after: Snapshot | None) -> None:
        self._steps.append(HistoryStep(what, before, changed(before, after)))


def changed(before: Snapshot | None, after: Snapshot | None) -> bool:
    """Whether anything lasting differs; True if nobody looked."""
    if before is None or after is None:
        return True
    return bool(diff.compare(before, after)) or before.files != after.files


def differences(wanted: Snapshot, found: Snapshot) -> list[str]:
    """What differs between two labs, whatever numbers the kernel drew in each: a line each."""
    return list(_walk("", wanted.canonical(), found.canonical()))


def _walk(place: str, wanted: Any, found: Any) -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in sorted({*wanted, *found}):
            yield from _walk(f"{place} {key}".strip(), wanted.get(key), found.get(key))
    elif wanted != found:
        yield f"{place}: was {_short(wanted)}, is {_short(found)}"


def _short(value: Any) -> str:
    if value is None:
        return "not there"
    text = "there" if isinstance(value, dict) else repr(value)
    return text if len(text) < 80 else text[:77] + "…"


def rebuild(make: Callable[[], Engine], steps: Sequence[Done | Typed]) -> Engine:
    """A new engine in which the steps have been repeated.

    A command line that failed when it was typed fails again, and is passed over again; one that
    was stopped is stopped again, as long after it began.
    """
    engine = make()
    try:
        for step in steps:
            if isinstance(step, Done):
                engine.apply(step.actions)
            else:
                engine.run(step.command(step.limit or REPEAT_TIMEOUT))
    except BaseException:
        engine.close()
        raise
    return engine
