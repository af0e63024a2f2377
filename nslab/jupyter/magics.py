"""``%%host`` and ``%%ns NAME``: the learner's own command lines in a cell.

They work on the newest lab of the notebook.  A cell prints what its commands print, then what they
changed.

This is an IPython extension, too, and every kernel of the environment loads it
(etc/ipython/ipython_kernel_config.json): so a cell that is run before those above it is answered
in words.
"""

from __future__ import annotations

import html
import sys
import weakref
from types import TracebackType
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from nslab.errors import InvalidInput, LabClosed

if TYPE_CHECKING:
    from nslab.session.lab import Lab
    from nslab.session.outcome import CommandResult


def shell() -> Any:
    """The notebook's IPython shell, None outside a notebook or IPython."""
    return get_ipython()


FIRST = "first run the cells above: Run → Run All Above Selected Cell"

MADE_BY_CELLS = frozenset({"lab", "lesson"})
"""Names that the first cells of every lesson define."""


class Magics:
    """The two magics of one IPython shell; knows its newest lab."""

    def __init__(self) -> None:
        self._newest: weakref.ref[Lab] | None = None

    def use(self, lab: Lab) -> None:
        """Work on this lab from now on."""
        self._newest = weakref.ref(lab)

    @property
    def lab(self) -> Lab:
        lab = self._newest() if self._newest else None
        if lab is None:
            raise LabClosed("run the cell", "", "there is no lab yet", FIRST)
        return lab

    def host(self, line: str, cell: str) -> None:
        """``%%host``: run the cell's lines in the pseudo-host."""
        options = line.split()
        timeout = _timeout("%%host", options)
        _show(self.lab.sh(cell, timeout=timeout))

    def ns(self, line: str, cell: str) -> None:
        """``%%ns NAME``: run the cell's lines in a namespace, as ``ip netns exec NAME`` does."""
        options = line.split()
        timeout = _timeout("%%ns", options[1:])
        if not options:
            raise InvalidInput(
                "run the cell", "%%ns", "it does not say in which namespace", "write: %%ns ns1"
            )
        _show(self.lab.sh(cell, options[0], timeout=timeout))


def _timeout(magic: str, options: list[str]) -> float | None:
    """The seconds of ``timeout=30``; ``timeout=none`` is no limit."""
    from nslab.session.lab import TIMEOUT

    if not options:
        return TIMEOUT
    key, _, value = options[0].partition("=")
    if len(options) == 1 and key == "timeout" and value:
        if value.lower() == "none":
            return None
        try:
            return float(value)
        except ValueError:
            pass
    raise InvalidInput(
        "run the cell",
        magic,
        f"{' '.join(options)!r} is not understood",
        f"write {magic} timeout=30 for a limit in seconds, or timeout=none",
    )


def _show(ran: CommandResult) -> None:
    heading = ran._heading()
    if heading and not ran.changes:
        print(heading, file=sys.stderr)
    elif ran.changes:
        display(ran)


class Bar:
    """A line that says how far something is; one output, which is replaced at each call.

    It is no widget: those are empty where a notebook is read without a kernel.
    """

    def __init__(self) -> None:
        self._handle: Any = None

    def __call__(self, text: str, share: float | None) -> None:
        """``share`` is between 0 and 1; None when it is over and only the text stays."""
        bar = ""
        if share is not None:
            bar = (
                '<span style="display:inline-block;width:16em;height:.7em;margin-right:1em;'
                'border:1px solid currentColor;border-radius:.35em;overflow:hidden">'
                f'<span style="display:block;width:{share:.0%};height:100%;'
                'background:#0072b2"></span></span>'
            )
        data = {"text/plain": text, "text/html": f"<div>{bar}{html.escape(text)}</div>"}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)


_MAGICS: weakref.WeakKeyDictionary[Any, Magics] = weakref.WeakKeyDictionary()
"""By shell: there is one in a kernel, but tests make several."""


def use(lab: Lab) -> None:
    """Register the magics with the running shell, if there is one, and point them to this lab."""
    running = shell()
    if running is not None:
        _magics(running).use(lab)


def load_ipython_extension(running: Any) -> None:
    """Have the magics, and an answer for cells that were run too early, from the start."""
    _magics(running)


def _magics(running: Any) -> Magics:
    """The magics of a shell, registered with it once."""
    magics = _MAGICS.get(running)
    if magics is None:
        magics = _MAGICS[running] = Magics()
        running.register_magic_function(magics.host, "cell", "host")
        running.register_magic_function(magics.ns, "cell", "ns")
        running.set_custom_exc((NameError,), _name_error)
    return magics


def _name_error(
    running: Any,
    kind: type[NameError],
    error: NameError,
    trace: TracebackType,
    tb_offset: int | None = None,
) -> None:
    """Show an unknown name in words, if a cell itself used it: one above may have defined it."""
    import nslab

    while trace.tb_next is not None:
        trace = trace.tb_next
    name, in_cell = error.name or "", trace.tb_frame.f_code.co_name == "<module>"
    if name in MADE_BY_CELLS or name in nslab.__all__:
        words = f"NameError: there is no {name} yet\n  → {FIRST}"
    elif in_cell:
        advice = f"check the spelling; or, if a cell above defines it, {FIRST}"
        words = f"NameError: {error}\n  → {advice}"
    else:
        running.showtraceback(tb_offset=tb_offset)
        return
    running._showtraceback(kind, error, [words])
