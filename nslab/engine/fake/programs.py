"""The handful of commands that the fake knows, so that what runs commands can be tested."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

from nslab.engine.protocol import Command

EXIT = re.compile(r"exit (\d+)")
SLEEP = re.compile(r"sleep \S+")
FOREVER = threading.TIMEOUT_MAX
SIGTERM = 15

Emit = Callable[[str], None]


def true(command: Command, emit: Emit) -> int:
    return 0


def false(command: Command, emit: Emit) -> int:
    return 1


def echo(command: Command, emit: Emit) -> int:
    emit(" ".join(command.argv[1:]) + "\n")
    return 0


def cat(command: Command, emit: Emit) -> int:
    emit(command.stdin.decode("utf-8", "surrogateescape"))
    return 0


def shell(command: Command, emit: Emit) -> int:
    """Knows ``-c "exit N"`` only, and :func:`seconds` one thing more."""
    found = EXIT.fullmatch(command.argv[-1].strip())
    return int(found[1]) & 0xFF if found else 2


PROGRAMS: dict[str, Callable[[Command, Emit], int]] = {
    "true": true,
    "false": false,
    "echo": echo,
    "cat": cat,
    "sh": shell,
    "bash": shell,
}
"""``sleep`` is not here: the engine does it, because it can be interrupted."""


def seconds(command: Command) -> float | None:
    """How long ``sleep``, or a shell that does nothing else, is to take; None for all else."""
    argv = command.argv
    if argv[0] in ("sh", "bash") and SLEEP.fullmatch(argv[-1].strip()):
        argv = tuple(argv[-1].split())
    if argv[0] != "sleep":
        return None
    word = argv[1] if len(argv) > 1 else "0"
    return FOREVER if word == "infinity" else min(float(word), FOREVER)
