"""Which of the running labs is meant."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from functools import cache

from nslab.engine import labs
from nslab.engine.guard import named
from nslab.errors import NslabError
from nslab.network.names import RESERVED
from nslab.printable import printable

MOST = 10
"""So many labs are listed, the newest first."""

SHOWN = 5
"""So many of a lab's namespaces are named in a list of labs."""


def pick(
    wanted: str | None,
    operation: str,
    *,
    here: bool = False,
    command: str = "",
    program: Sequence[str] = (),
    ns: str | None = None,
) -> labs.Running:
    """The lab of that process id or name; for None the only one that runs, or that has ``ns``.

    A process id comes first: a lab that is called like another's id does not stand in its way.

    :param operation: what is wanted, as errors say it: enter, show
    :param here: leave out those that live on other machines
    :param command: what follows ``nslab`` to do it, if that is not the operation's own word
    :param program: what is to be run there, which stands last in what is advised
    :param ns: the namespace that it is wanted for

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
    # Root has everybody's in the list, and means its own.
    own = [lab for lab in found if lab.uid == os.geteuid()]
    if wanted is None and own:
        found = own
    if len(found) == 1:
        return found[0]
    namespaces = cache(_namespaces)  # each is looked into once, and only where it matters
    able = [lab for lab in found if ns is not None and ns in namespaces(lab)]
    if len(able) == 1:
        return able[0]
    option = "" if operation == "end" else "--lab "
    listed = sorted(able or found or running, key=lambda lab: lab.age)
    last = printable(f" -- {shlex.join(program)}") if program else ""
    lines = "\n".join(
        f"nslab {command or operation} {option}{_word(lab, running)}{last}"
        f"    {_called(lab, running)}{_how(lab)}{_having(namespaces(lab))}"
        for lab in listed[:MOST]
    )
    lines += _left(listed[MOST:])
    cause = "several labs are running" if found else "no lab of that name is running"
    if found and ns is not None and not able:
        cause += f", and none has a namespace called {printable(ns)}"
    raise NslabError(operation, printable(wanted or "a lab"), cause, lines)


def _left(older: list[labs.Running]) -> str:
    """What is said of those that are too many to be listed, and how to be rid of them."""
    if not older:
        return ""
    hours = max(1, int(min(lab.age for lab in older) // 3600))
    return (
        f"\nand {len(older)} more, up to {age(older[-1].age)} old; nslab end --older {hours} ends "
        f"those of more than {hours} h"
    )


def _how(lab: labs.Running) -> str:
    """How old it is, or that it runs only once it is entered."""
    return "resting" if lab.engine == "resting" else f"{age(lab.age)} old"


def _called(lab: labs.Running, running: list[labs.Running]) -> str:
    """Its name, where a process id stands for it; and whose it is."""
    name = "" if _word(lab, running) == lab.name else printable(lab.name)
    words = f"{name}{_whose(lab)}".strip()
    return f"{words}, " if words else ""


def _namespaces(lab: labs.Running) -> list[str]:
    """What a learner has made in it; nothing of one that cannot be looked into now."""
    if lab.held is None:
        return []
    try:
        seen = labs.look(lab)
    except (NslabError, OSError):
        return []
    return [one.label for one in seen.namespaces if one.label not in RESERVED]


def _having(names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f", with {', '.join(printable(name) for name in names[:SHOWN])}{more}"


def _word(lab: labs.Running, running: list[labs.Running]) -> str:
    """What names it and no other; another user's text is not to be typed after them."""
    unique = sum(other.name == lab.name for other in running) == 1
    plain = re.fullmatch(r"[\w.+@][\w.+@-]*", lab.name) and not lab.name.isdigit()
    return lab.name if unique and plain else str(lab.pid)


def _whose(lab: labs.Running) -> str:
    return "" if lab.uid == os.geteuid() else f" of {named(lab.uid)}"


def age(seconds: float) -> str:
    """How old something is, in few words."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
