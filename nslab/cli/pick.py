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

START = "start one in a notebook: from nslab import Lab; lab = Lab()"

SHOWN = 5
"""So many of a lab's namespaces are named in a list of labs."""


def pick(
    wanted: str | None,
    operation: str,
    *,
    here: bool = False,
    words: Sequence[str] = (),
    program: Sequence[str] = (),
    ns: str | None = None,
) -> labs.Running:
    """The lab of that process id or name; for None the only one that runs, or that has ``ns``.

    A process id comes first: a lab that is called like another's id does not stand in its way.

    :param operation: what is wanted, as errors say it: enter, show
    :param here: leave out those that live on other machines
    :param words: what was typed behind ``nslab``, if that is not the operation's own word; a
        namespace is the second
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
            "" if operation == "end" else START,
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
    if ns in RESERVED:  # every lab has those
        ns = None
    able = [lab for lab in found or running if ns is None or ns in namespaces(lab)]
    if found and len(able) == 1:
        return able[0]
    cause = "several labs are running" if found else "no lab of that name is running"
    if not able:
        cause += f", and none has a namespace called {printable(ns)}"
        # What can be done is the same with a namespace that is there.
        able = [lab for lab in found or running if namespaces(lab)]
    listed = sorted(able, key=lambda lab: lab.age)
    option = [] if operation == "end" else ["--lab"]
    last = ["--", *program] if program else []
    lines = []
    for lab in listed[:MOST]:
        there, word = namespaces(lab), _word(lab, running)
        typed = [*_with(words or [operation], ns, there), *option, word, *last]
        about = f"{_called(lab, running)}{_how(lab)}{_having(there)}"
        lines.append(f"{printable(shlex.join(['nslab', *typed]))}    # {about}")
    lines += _left(listed[MOST:]) or (
        [] if listed else ["make one in a notebook: ip netns add ns1"]
    )
    raise NslabError(operation, printable(wanted or "a lab"), cause, "\n".join(lines))


class Terminal:
    """A shell in a lab, and again one in what Undo makes of that lab.

    :param lab: where it begins
    :param ns: the namespace; None for the host
    """

    def __init__(self, lab: labs.Running, ns: str | None) -> None:
        self._lab, self._ns = lab, ns
        self._older = {one.pid for one in labs.running()}

    def show(self) -> int:
        """Run it until somebody leaves it, or its lab ends for good; its exit code."""
        while True:
            code = labs.enter(self._lab, self._ns)
            made_anew = self._made_anew()
            if made_anew is None:
                return code
            self._lab, self._older = made_anew, {one.pid for one in labs.running()}
            print("\r\nnslab: the lab was made anew, and this shell is a new one.")
            if self._ns is not None and self._ns not in RESERVED | set(_namespaces(made_anew)):
                print(f"There is no {printable(self._ns)} any more: you are in the host.")
                self._ns = None

    def _made_anew(self) -> labs.Running | None:
        """The lab that came in the place of one that has ended; None if it is not clear which."""
        now = labs.running()
        if self._lab.pid in {one.pid for one in now}:
            return None  # its user has left it
        mine = [one for one in now if (one.name, one.uid) == (self._lab.name, self._lab.uid)]
        found = [one for one in mine if one.pid not in self._older]
        return found[0] if len(found) == 1 else None


def _with(words: Sequence[str], ns: str | None, there: list[str]) -> list[str]:
    """What was typed, with a namespace that is there in place of one that is not."""
    return [*words] if ns is None or ns in there else [words[0], there[0], *words[2:]]


def _left(older: list[labs.Running]) -> list[str]:
    """What is said of those that are too many to be listed, and how to be rid of them."""
    if not older:
        return []
    said = f"{len(older)} more, up to {age(older[-1].age)} old"
    ours = [lab.age for lab in older if lab.uid == os.geteuid() and lab.engine != "resting"]
    hours = next((fitting for bound in ours if (fitting := _below(bound))), None)
    if hours is None:
        return [f"# {said}"]
    span = f"{hours} h" if hours >= 1 else f"{hours * 60:.0f} min"
    return [f"nslab end --older {hours}    # {said}: ends all of yours of more than {span}"]


def _below(seconds: float) -> float | None:
    """The longest time, in hours as ``nslab end --older`` takes them, that is shorter; or none."""
    hours = seconds / 3600
    if hours > 1:
        return int(hours) if hours > int(hours) else int(hours) - 1
    return next((part for part in (0.5, 0.2, 0.1) if hours > part), None)


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
