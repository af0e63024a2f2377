"""The agent's start: ``python -m nslab.engine.agent --lab NAME``, with messages on 0 and 1."""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING, BinaryIO

# If this can be imported, msgspec takes from it what typing has as well, and that takes a seventh
# of the time in which a lab starts.
sys.modules.setdefault("typing_extensions", None)  # type: ignore[arg-type]

from nslab.engine import messages as m  # noqa: E402 (after that)
from nslab.engine.agent.boot import isolate  # noqa: E402
from nslab.engine.agent.netns.processes import is_itself  # noqa: E402

if TYPE_CHECKING:
    from nslab.engine.agent.world.cards import Bring

DESCRIPTORS = 4096
"""Two for each namespace of the largest star (a bridge holds at most 1,023 ports), and some."""


def main() -> None:
    reading = os.fdopen(os.dup(0), "rb")
    writing = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is meant for the notebook
    start = m.read_to_agent(reading)
    if isinstance(start, m.Start):
        host_lab(start, reading, writing)


def host_lab(
    start: m.Start,
    reading: BinaryIO,
    writing: BinaryIO,
    bring: Bring | None = None,
    *,
    alone: bool = False,
) -> None:
    """Become the host of a lab and serve it; the process must have one thread only.

    :param bring: brings a network card of the machine that has some
    :param alone: the machine is the lab's alone: nothing of it is to be protected, nobody finds it
    """
    is_itself()
    try:
        isolate.become_host(None if alone else start.options.name, walled=not alone)
    except isolate.StepRefused as refused:
        m.write(writing, m.Refused(refused.step, refused.errno, refused.detail))
        sys.exit(1)
    # A descriptor for each namespace while they are built or looked at: the default of 1,024 would
    # do for 500 only.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # The table of descriptors doubles when it is full, and in a process with several threads each
    # doubling waits for an RCU grace period, 5 to 20 ms (expand_fdtable() in fs/file.c).  It never
    # shrinks, so it is made large enough now, while there is one thread.
    os.close(fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, min(hard, DESCRIPTORS) - 1))
    # After the fork, so that the supervisor stays small and has one thread for sure.
    from nslab.engine.agent.boot.serve import Server

    Server(start.options, reading, writing, bring).serve()


if __name__ == "__main__":
    main()
