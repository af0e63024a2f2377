"""What a lab is called for which nobody chose a name: after the notebook that made it.

``nslab enter`` and ``nslab show`` list the running labs by name: six that are all called ``lab``
help no one who has six notebooks open.
"""

from __future__ import annotations

import contextlib
import os
import re
import weakref
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import PurePosixPath
from typing import Any

from nslab.printable import printable

PLAIN = "lab"
"""Where there is no notebook whose name is known."""

LONGEST = 56
"""Characters of a name, so that a number behind it has room."""

_OTHER = re.compile(r"[^A-Za-z0-9_.+@-]+")

_living: weakref.WeakSet[Any] = weakref.WeakSet()
"""The labs of this process."""


_wanted: ContextVar[str] = ContextVar("wanted", default="")


@contextlib.contextmanager
def usually(name: str) -> Iterator[None]:
    """Have labs that are made meanwhile called so, if no other name is chosen for them."""
    token = _wanted.set(name)
    try:
        yield
    finally:
        _wanted.reset(token)


def usual() -> str:
    """What a lab without a chosen name is called now."""
    return _wanted.get() or of_notebook()


def of_notebook() -> str:
    """A name after the notebook that this process is the kernel of.

    Jupyter's server names the notebook in the kernel's environment, the name that it had when the
    kernel started (JPY_SESSION_NAME, jupyter_server 2.0).
    """
    stem = PurePosixPath(os.environ.get("JPY_SESSION_NAME", "")).name.removesuffix(".ipynb")
    name = _OTHER.sub("-", stem).strip("-.")[:LONGEST]
    if name.isdecimal():  # it would look like a process id
        name = f"notebook-{name}"
    return name or PLAIN


def free(name: str) -> str:
    """The name, with a number behind it if a lab of this process has it already."""
    taken = {lab.name for lab in others()}
    found, number = name, 2
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    return found


def others() -> list[Any]:
    """The labs of this process that are not closed, in the order of their names."""
    return sorted((lab for lab in _living if lab.alive), key=lambda lab: str(lab.name))


def remember(lab: Any) -> None:
    """Count a lab as one of this process, as long as anything refers to it."""
    _living.add(lab)


def listed(labs: list[Any]) -> str:
    """Their names in one line."""
    return ", ".join(printable(lab.name) for lab in labs)
