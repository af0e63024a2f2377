"""Cells of a notebook run without one: by IPython's shell in this process, nothing shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from nslab.errors import NslabError
from nslab.printable import printable


class Silent(InteractiveShell):
    """IPython's shell, which says nothing of errors: who runs the cells does."""

    def showtraceback(self, *_: Any, **__: Any) -> None:
        """No."""

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        """No."""

    def ask_exit(self) -> None:
        """``exit()`` ends a cell, and no more."""


def begin() -> Silent:
    """The shell of this process; labs that are made from now on have their magics in it."""
    shell: Silent = Silent.instance()
    return shell


def run(cells: Sequence[str], names: dict[str, Any]) -> list[str]:
    """Run cells one after the other, as *Run All Cells* does, but on after a failing one.

    :param cells: their sources, with magics
    :param names: what they find defined; what they define is added
    :returns: a line for each cell that failed, with its number and the error
    """
    shell = begin()
    shell.user_ns.update(names)
    failed = []
    for number, cell in enumerate(cells, 1):
        result = shell.run_cell(cell, store_history=False)  # type: ignore[no-untyped-call]
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            first = str(error).partition("\n")[0]
            kind = "" if isinstance(error, NslabError) else f"{type(error).__name__}: "
            failed.append(f"cell {number}: {kind}{printable(first)}")
    names.update(shell.user_ns)
    return failed
