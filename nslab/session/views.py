"""Where a lab is shown beside plain text: views by name, from whoever can make them.

Nothing in this room knows IPython or widgets.  :mod:`nslab.jupyter.views` registers here what it
can make, when a view is first asked for.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from importlib import import_module
from typing import Any, Protocol

PROVIDER = "nslab.jupyter.views"
"""The module that registers the views when it is loaded."""

_makers: dict[str, Callable[..., Any]] = {}


class View(Protocol):
    """A widget that shows a lab, or a part of it; an ``ipywidgets`` widget in truth."""

    def close(self) -> None:
        """Take it off the page; what it shows stays as it is."""


class Notebook(Protocol):
    """The notebook that this process is the kernel of."""

    def use(self, lab: Any) -> None:
        """Point ``%%host`` and ``%%ns`` to this lab from now on."""

    def uses(self, lab: Any) -> bool:
        """Whether they point to it now."""


def register(name: str, make: Callable[..., Any]) -> None:
    """Say how a view is made.

    :param name: what it is asked for by
    :param make: is called with what is to be shown
    """
    _makers[name] = make


def view(name: str, *what: Any) -> Any:
    """Make a view.

    :param name: ``live``, ``builder``, ``card``, ``inspector``, ``player`` or ``bar``
    :param what: what it is to show
    """
    if name not in _makers:
        import_module(PROVIDER)
    return _makers[name](*what)


_untold: ContextVar[bool] = ContextVar("untold", default=False)


@contextlib.contextmanager
def untold() -> Iterator[None]:
    """Meanwhile, nothing is printed about which lab is used: who changes it says so itself."""
    token = _untold.set(True)
    try:
        yield
    finally:
        _untold.reset(token)


def telling() -> bool:
    """Whether it is printed which lab is used from now on."""
    return not _untold.get()


def notice(words: str) -> None:
    """Say what is no error: in a notebook on standard output, because the other has a red ground
    there; elsewhere on the other, because a program may read the first."""
    print(words, file=sys.stderr if notebook() is None else sys.stdout)


def notebook() -> Notebook | None:
    """The notebook that this runs in; None elsewhere, without loading anything."""
    if "IPython" not in sys.modules:
        return None
    found: Notebook | None = view("notebook")
    return found
