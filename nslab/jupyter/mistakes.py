"""Slips in a cell's own Python: an answer in words beneath, or in place of, the traceback.

Only what the cell itself wrote is answered so: an error further down is a bug, and keeps its
traceback.
"""

from __future__ import annotations

import ast
import difflib
import itertools
import linecache
import re
import sys
from functools import partial
from types import TracebackType
from typing import Any

from nslab.jupyter import cells
from nslab.network.arguments import form
from nslab.printable import printable, short

ABOVE = "Run → Run All Above Selected Cell"
FIRST = f"first run the cells above: {ABOVE}"

NONE_YET = "no cell has made a lab since the kernel started; a restart ends all labs"
"""What is so in a new kernel; nothing tells a restart from a first start."""

KEPT = "what you have passed, your tries and hints are kept"

MADE_BY_CELLS = frozenset({"lab", "lesson"})
"""Names that the first cells of every lesson define."""

_NO_NAME = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")
_LOOKS = 0.6
"""How much alike two names must be (difflib's ratio) for one to be offered for the other."""


FOR_THE_LAB = "write %%host as the cell's first line, and run it again"


class _Cell:
    """The cell that runs, as it was typed."""

    text = ""

    def begin(self, info: Any) -> None:
        self.text = info.raw_cell or ""


def watch(running: Any) -> None:
    """Answer such errors in an IPython shell from now on."""
    cell = _Cell()
    running.events.register("pre_run_cell", cell.begin)
    kinds = (NameError, TypeError, AttributeError, ImportError, SyntaxError)
    running.set_custom_exc(kinds, partial(_answer, cell))


def _answer(
    cell: _Cell,
    running: Any,
    kind: type[Exception],
    error: Exception,
    trace: TracebackType,
    tb_offset: int | None = None,
) -> None:
    if words := _for_the_lab(error, trace, cell.text):
        running._showtraceback(kind, error, [f"{kind.__name__}: {words}"])
        return
    if isinstance(error, SyntaxError):
        running.showsyntaxerror(None, _is_running(trace))  # as IPython does
        return
    frame = _innermost(trace)
    in_cell = frame.tb_frame.f_code.co_name == "<module>" or getattr(error, "obj", 0) is public()
    if render := getattr(error, "_render_traceback_", None):
        running._showtraceback(kind, error, render())
        return
    if in_cell and (words := _instead(error, frame)):
        running._showtraceback(kind, error, [f"{kind.__name__}: {words}"])
        return
    shown = running.InteractiveTB.structured_traceback(kind, error, trace, tb_offset=tb_offset)
    beneath = _beneath(error) if in_cell and isinstance(error, NameError) else []
    running._showtraceback(kind, error, [*shown, *beneath])


def _for_the_lab(error: Exception, trace: TracebackType, cell: str) -> str:
    """What to say if the cell is made of lines for the lab; else empty."""
    first = cells.first_line(cell)
    if isinstance(error, SyntaxError) and not _is_running(trace):
        lines = [line.strip() for line in (error.text or "", first)]
        first = next(filter(cells.is_shell, lines), "")
        if not first:
            return ""
        if magic := cells.misplaced(cell):
            return f"{magic} must be the first line of its cell\n  → move what is above it"
    elif not isinstance(error, NameError) or error.name is None:
        return ""
    elif not (cells.is_shell(first) and re.match(rf"{re.escape(error.name)}(\s+-|$)", first)):
        return ""  # `ip`, `arp -n`: Python reads a name, and another that is subtracted
    return f"{short(first)} is a command for the lab, not Python\n  → {FOR_THE_LAB}"


def _is_running(trace: TracebackType) -> bool:
    """Whether the error came while the cell ran, and not when it was read."""
    frames: TracebackType | None = trace
    while frames is not None:
        if frames.tb_frame.f_code.co_name == "run_code":
            return True
        frames = frames.tb_next
    return False


def _innermost(trace: TracebackType) -> TracebackType:
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace


def public() -> Any:
    """The package nslab itself."""
    # Loaded for sure, and not imported: this room stands below the public face.
    return sys.modules[__name__.partition(".")[0]]


def _instead(error: Exception, trace: TracebackType) -> str:
    """What to say in place of a traceback; nothing if it is none of nslab's."""
    if isinstance(error, NameError):
        return _none_yet(error)
    if isinstance(error, ImportError):
        found = _NO_NAME.match(str(error))
        if found and found[2].partition(".")[0] == __name__.partition(".")[0]:
            close = difflib.get_close_matches(found[1], public().__all__, 3, _LOOKS)
            offer = f"there is {_either(close)}" if close else "help(nslab) lists all that there is"
            return f"nslab has no {printable(found[1])}\n  → {offer}"
    elif isinstance(error, TypeError):
        called = _called(trace)
        if called is not None and "not subscriptable" in str(error):
            return _not_a_box(called)
        if called is not None and _ours(called) and "argument" in str(error):
            return f"{printable(str(error))}\n  → write {form(called)}"
    elif isinstance(error, AttributeError) and _ours(error.obj):
        return _no_such(error.obj, str(error.name))
    return ""


def _not_a_box(thing: Any) -> str:
    """What to say of one of nslab's functions behind which stand square brackets."""
    name = getattr(thing, "__name__", "")
    known = bool(name) and vars(public()).get(name) is thing
    if not known or not callable(thing):
        return ""
    made = f'lesson = nslab.lesson("02-bridge")\n  → then: {name}[…]'
    advice = made if name == "lesson" else f"write {form(thing)}"
    return f"{name} is a function here: it takes round brackets first\n  → {advice}"


def _no_such(thing: object, name: str) -> str:
    """What a thing of nslab's has in place of what was asked for."""
    has = [one for one in dir(thing) if not one.startswith("_")]
    close = difflib.get_close_matches(name, has, 3, _LOOKS)
    what = "nslab" if thing is public() else f"a {type(thing).__name__}"
    offer = f"there is {_either(close)}" if close else f"it has {', '.join(has[:30])}"
    return f"{what} has no {printable(name)}\n  → {offer}"


def _none_yet(error: NameError) -> str:
    """What to say of a name that a lesson's first cells define."""
    if error.name in MADE_BY_CELLS:
        known = "no cell has defined it since the kernel started"
        none = NONE_YET if error.name == "lab" else known
    elif error.name in public().__all__:
        none = "no cell has imported it from nslab since the kernel started"
    else:
        return ""
    return f"{error}: {none}\n  → {FIRST}\n  → {KEPT}"


def _called(trace: TracebackType) -> Any:
    """What the cell called, or put square brackets behind, where the error came.

    None if that cannot be told.
    """
    code, place = trace.tb_frame.f_code, trace.tb_lasti // 2
    line, last, start, end = next(itertools.islice(code.co_positions(), place, None))
    if line is None or last != line:
        return None
    text = linecache.getline(code.co_filename, line).encode()[start:end].decode()
    try:
        call = ast.parse(text.strip(), mode="eval").body
        if not isinstance(call, ast.Call | ast.Subscript):
            return None
        found: Any = trace.tb_frame.f_globals
        words = ast.unparse(call.func if isinstance(call, ast.Call) else call.value).split(".")
        found = found[words[0]]
        for word in words[1:]:
            found = getattr(found, word)
    except (SyntaxError, KeyError, AttributeError):
        return None
    return found


def _ours(thing: object) -> bool:
    if thing is public():
        return True
    module = thing.__module__ if isinstance(thing, type) else type(thing).__module__
    return module.partition(".")[0] == __name__.partition(".")[0]


def _either(names: list[str]) -> str:
    return " or ".join(names)


def _beneath(error: NameError) -> list[str]:
    """What to do about an unknown name."""
    close = difflib.get_close_matches(error.name, public().__all__, 2, 0.8)
    spelling = f"did you mean {_either(close)}?" if close else "check the spelling"
    return ["", f"→ {spelling}; or, if a cell above defines it, {FIRST}"]
