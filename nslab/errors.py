"""The exceptions of nslab: each says what was tried, on what, why it failed and what to do next.

::

    NslabError
    ├── InvalidInput          a name, address or value that cannot work; nothing was tried
    │   └── WrongCall         too few or too many values (also a TypeError)
    ├── KernelRefused         the kernel answered with an errno
    │   ├── AlreadyExists     EEXIST
    │   └── NotFound          ENODEV, ESRCH: no such link, namespace, route …
    ├── ToolMissing           a program that the step needs is not installed
    ├── CommandTimeout        a command ran longer than it was allowed to
    ├── Interrupted           the notebook's stop button (also a KeyboardInterrupt)
    ├── EngineUnavailable     this machine cannot run a lab; says which step was refused
    ├── LabGone               the lab's agent is dead: what was in it is gone
    ├── LabClosed             the lab was closed by ``lab.close()``
    └── NotMet                what ``lab.require()`` asks for is not so (also an AssertionError)

In a notebook an error prints as its message, without a traceback: these are answers to the
learner, not bugs.  This module imports nothing of nslab but what makes texts fit to be shown.
"""

from __future__ import annotations

import os
import shlex
import sys
from errno import EDQUOT, ENOSPC

from nslab.printable import printable_lines


class NslabError(Exception):
    """What was tried (``operation``), on what (``subject``), the ``cause`` and a ``hint``.

    >>> print(NslabError("add bridge", "lxcbr0", "the name is taken", "choose another name"))
    cannot add bridge lxcbr0: the name is taken
      → choose another name
    """

    def __init__(
        self, operation: str, subject: str = "", cause: str = "", hint: str = "", *, errno: int = 0
    ) -> None:
        self.operation = operation
        self.subject = subject
        self.cause = cause
        self.hint = hint
        self.errno = errno
        super().__init__(operation, subject, cause, hint)

    def __str__(self) -> str:
        text = f"cannot {self.operation}"
        if self.subject:
            text += f" {self.subject}"
        if self.cause:
            text += f": {self.cause}"
        if self.hint:
            text += "".join(f"\n  → {typed(line)}" for line in self.hint.splitlines())
        return printable_lines(text)

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class InvalidInput(NslabError, ValueError):
    """A name, address or value that cannot work; nothing was tried."""


class WrongCall(InvalidInput, TypeError):
    """A function was given too few or too many values, or one by a name that it does not have."""


class KernelRefused(NslabError):
    """The kernel answered with an error; ``errno`` is its number."""


class AlreadyExists(KernelRefused):
    """Something of that name or value is there already."""


class NotFound(KernelRefused):
    """No link, namespace, address or route like that is there."""


class ToolMissing(NslabError):
    """A program that the step needs is not installed."""


class CommandTimeout(NslabError):
    """A command ran longer than its limit and was ended."""


class Interrupted(NslabError, KeyboardInterrupt):
    """The stop button was pressed; what was going on was ended in good order.

    ``done`` is how many of several things (actions, frames) had been done by then.
    """

    done = 0


class EngineUnavailable(NslabError):
    """No lab can run here; ``cause`` says which step was refused and why."""


class LabGone(NslabError):
    """The lab's agent ended; its network is gone too."""


class LabClosed(NslabError):
    """The lab was closed."""


class NotMet(NslabError, AssertionError):
    """What was required is not so.  The message, and ``cause``, is the verdict line by line."""

    def __str__(self) -> str:
        return printable_lines(self.cause)


def typed(line: str) -> str:
    """A command line of ours as it can be typed here, where ``nslab`` may not be on the PATH.

    :param line: it, or any other text: only what begins with ``nslab`` changes
    """
    program, space, rest = line.partition(" ")
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    if program != "nslab" or any(os.access(f"{folder}/nslab", os.X_OK) for folder in folders):
        return line
    beside = os.path.join(os.path.dirname(sys.executable), program)
    known = os.access(beside, os.X_OK)
    words = [beside] if known else [sys.executable, "-P", "-m", program]
    return shlex.join(words) + space + rest


KINDS: dict[str, type[NslabError]] = {
    kind.__name__: kind
    for kind in (
        NslabError,
        InvalidInput,
        KernelRefused,
        AlreadyExists,
        NotFound,
        ToolMissing,
        CommandTimeout,
        Interrupted,
        EngineUnavailable,
        LabGone,
        LabClosed,
    )
}
"""By name: how an error crosses from the agent to the notebook."""


NO_ROOM = (ENOSPC, EDQUOT)
"""A full disk, and a user who has used up what is theirs."""


def os_cause(number: int) -> str:
    """The system's words for an errno, in lower case: ``os_cause(17)`` is ``'file exists'``."""
    text = os.strerror(number)
    return text[:1].lower() + text[1:]
