"""How old a lab's session is: Undo, Start over and a rest give it another agent, not another age.

The session tells each of its agents, by the environment, when it began; who lists running labs
reads it there.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from contextvars import ContextVar

VARIABLE = "NSLAB_SINCE"
"""Has the session's beginning, in clock ticks after boot."""

_since: ContextVar[int] = ContextVar("since", default=0)


def now() -> int:
    """This moment, as the kernel says when a process was started: clock ticks after boot."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK"))


@contextlib.contextmanager
def since(begun: int) -> Iterator[None]:
    """Agents that are started meanwhile belong to a session that began then."""
    token = _since.set(begun)
    try:
        yield
    finally:
        _since.reset(token)


def told() -> dict[str, str]:
    """What an agent's environment has of it, and nothing of a lab around this one."""
    return {VARIABLE: str(_since.get() or now())}


def of(pid: int, started: int) -> float:
    """Seconds since the session of an agent began.

    :param pid: a process of the agent
    :param started: when that was started: a session is not younger
    """
    begun = started
    with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
        # It is the process's own memory: no more than a number is believed.
        found = re.search(rb"(?:^|\0)%s=(\d{1,18})(?:\0|$)" % VARIABLE.encode(), file.read(1 << 20))
        begun = min(started, int(found[1])) if found else started
    return max(0.0, (now() - begun) / os.sysconf("SC_CLK_TCK"))
