"""Which of the running labs is meant."""

from __future__ import annotations

import os
import re

from nslab.engine import labs
from nslab.engine.guard import named
from nslab.errors import NslabError
from nslab.printable import printable


def pick(
    wanted: str | None, operation: str, *, here: bool = False, command: str = ""
) -> labs.Running:
    """The lab of that process id or name; the only one that runs, for None.

    A process id comes first: a lab that is called like another's id does not stand in its way.

    :param operation: what is wanted, as errors say it: enter, show
    :param here: leave out those that live on other machines
    :param command: what follows ``nslab`` to do it, if that is not the operation's own word

    :raises NslabError: there is none, or it is not clear which; says which there are
    """
    running = [lab for lab in labs.running() if not (here and lab.engine == "ssh")]
    if not running:
        raise NslabError(
            operation,
            wanted or "a lab",
            "no lab of yours is running",
            "start one in a notebook: from nslab import Lab; lab = Lab()",
        )
    found = [lab for lab in running if wanted == str(lab.pid)]
    found = found or [lab for lab in running if wanted in (None, lab.name)]
    if len(found) == 1:
        return found[0]
    lines = "\n".join(
        f"nslab {command or operation} --lab {_word(lab, running)}"
        f"    {printable(lab.name)}{_whose(lab)}, process {lab.pid}, {_age(lab.age)} old"
        for lab in (found or running)
    )
    cause = "several labs are running" if found else "no lab of that name is running"
    raise NslabError(operation, printable(wanted or "a lab"), cause, lines)


def _word(lab: labs.Running, running: list[labs.Running]) -> str:
    """What names it and no other; another user's text is not to be typed after them."""
    unique = sum(other.name == lab.name for other in running) == 1
    plain = re.fullmatch(r"[\w.+@][\w.+@-]*", lab.name) and not lab.name.isdigit()
    return lab.name if unique and plain else str(lab.pid)


def _whose(lab: labs.Running) -> str:
    return "" if lab.uid == os.geteuid() else f" of {named(lab.uid)}"


def _age(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
