"""Whether there is enough for one more lab: of what the machine has, and of what is allowed.

How many labs somebody may have at once, whoever runs the machine may have said.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator

from nslab.engine import runtime
from nslab.errors import NO_ROOM, EngineUnavailable, os_cause
from nslab.printable import printable

VARIABLE = "NSLAB_MAX_LABS"
"""So many labs of one user run at once; without it, as many as the machine has room for."""

NAMED = 5
"""So many of those that run are named."""


def room_for(name: str) -> None:
    """See whether one more lab may be started.

    Each takes memory, and whoever has used up all that is theirs loses a whole kernel, with the
    labs in it; so the one that is too many is refused instead.

    :param name: the lab's
    :raises EngineUnavailable: as many run as may
    """
    given = os.environ.get(VARIABLE, "")
    if not given.isdecimal() or int(given) == 0:
        return
    running = sorted(
        held.record.name for held in runtime.running() if held.record.engine != "resting"
    )
    if len(running) < int(given):
        return
    more = f" and {len(running) - NAMED} more" if len(running) > NAMED else ""
    raise EngineUnavailable(
        "start the lab",
        name,
        f"{len(running)} labs of yours are running, and {given} may be: "
        + ", ".join(map(printable, running[:NAMED]))
        + more,
        "lab.close() ends one; in JupyterLab, Kernel → Shut Down Kernel ends those of a notebook",
    )


@contextlib.contextmanager
def of_everything(name: str) -> Iterator[None]:
    """Say in words what a lab could not get while it was started: room, a process, a descriptor.

    :param name: the lab's
    :raises EngineUnavailable: the system has refused something with an errno
    """
    try:
        yield
    except OSError as error:
        number = error.errno or errno.EIO
        place = f": {error.filename}" if error.filename else ""
        raise EngineUnavailable(
            "start the lab",
            name,
            f"{os_cause(number)}{printable(place)}",
            _remedy(number),
            errno=number,
        ) from error


def _remedy(number: int) -> str:
    if number in NO_ROOM:
        return f"delete what you no longer need in {tempfile.gettempdir()}: rm -r"
    if number in (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE):
        return (
            "end something that runs: lab.close(), or in JupyterLab Kernel → Shut Down Kernel of "
            "another notebook"
        )
    return "nslab doctor"
