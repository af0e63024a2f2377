"""Running notebooks and saving what came out: the oracle that later runs are compared with."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from nslab.course import files
from nslab.errors import NslabError, os_cause
from nslab.printable import printable

TIMEOUT = 120
"""Seconds that a cell may take."""

_ANSI = re.compile(r"\x1b\[[0-9;]*m")

METADATA = {
    "kernelspec": {"display_name": "nslab (Python 3)", "language": "python", "name": "nslab"},
    "language_info": {"name": "python"},
}
"""What a notebook says of its kernel: the same, wherever it was run."""


class Changed(Struct, frozen=True):
    """The output of a cell that is another now."""

    cell: int
    ident: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def execute(path: Path, seconds: float = TIMEOUT) -> list[Changed]:
    """Run a notebook in its own folder from a fresh kernel, and save its outputs.

    The file is written whole, or not at all if a cell fails.

    :param seconds: what one cell may take
    :returns: the cells whose text is another now
    :raises NslabError: it is no notebook, a cell failed, or the file cannot be written
    """
    import nbformat

    os.environ["NSLAB_PROGRESS"] = ""  # what is saved has nobody's progress in it
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise NslabError("run", str(path), f"it is no notebook: {error}"[:200], "") from error
    before = [_text(cell) for cell in notebook.cells]
    _run(path, notebook, seconds)
    notebook.metadata = METADATA
    for cell in notebook.cells:
        _tidy(cell)
    text = nbformat.writes(notebook)
    try:
        files.write(path, f"{text}\n".encode())
    except OSError as error:
        hint = "make its folder writable, or work on a copy"
        raise NslabError("write", str(path), os_cause(error.errno or 5), hint) from error
    return [
        Changed(number, cell.get("id", ""), old, new)
        for number, (cell, old) in enumerate(zip(notebook.cells, before, strict=True), 1)
        if (new := _text(cell)) != old
    ]


def _run(path: Path, notebook: Any, seconds: float) -> None:
    """:raises NslabError: a cell failed, or took too long; says which."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError

    from nslab.course.checking.kernels import AsyncFileKernelManager

    begun: list[int] = []
    # Merged streams, because into how many pieces a text is cut is chance.
    client = NotebookClient(
        notebook,
        timeout=seconds,
        record_timing=False,
        coalesce_streams=True,
        kernel_manager_class=AsyncFileKernelManager,
        on_cell_start=lambda cell, cell_index: begun.append(cell_index),
    )
    try:
        # What the kernel itself says on its standard error concerns nobody here.
        client.execute(cwd=str(path.parent), stderr=subprocess.DEVNULL)
    except CellTimeoutError as error:
        cause = f"cell {begun[-1] + 1} takes longer than {seconds:g} s"
        mend = "the file is as it was; --time SECONDS gives it more"
        raise NslabError("run", str(path), cause, mend) from error
    except CellExecutionError as error:
        said, advice = told(str(error))
        hint = f"{advice}; the file is as it was" if advice else "the file is as it was"
        cause = f"cell {begun[-1] + 1} fails: {said}"[:300]
        raise NslabError("run", str(path), cause, hint) from error


def told(trace: str) -> tuple[str, str]:
    """The last thing that an error says, and what it advises; empty if nothing."""
    lines = [line.strip() for line in _ANSI.sub("", trace).splitlines() if line.strip()]
    advice: list[str] = []
    while lines and lines[-1].startswith("→"):
        advice.insert(0, lines.pop().removeprefix("→").strip())
    return lines[-1] if lines else "", "; ".join(advice)


def _tidy(cell: Any) -> None:
    """Leave no trace of when and where it was run."""
    cell.metadata.pop("execution", None)
    for output in cell.get("outputs", []):
        # A page without its kernel would say that the widget is lost, and not show what stands in
        # its place.
        output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)


def _text(cell: Any) -> tuple[str, ...]:
    """What a cell printed and showed, as lines of plain text."""
    found: list[str] = []
    for output in cell.get("outputs", []):
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        found += (text if isinstance(text, str) else "".join(text)).splitlines()
    return tuple(found)


def shown(changed: list[Changed], most: int = 12) -> Iterator[str]:
    """What changed, readably: the lines that went and came, cell by cell.

    :param most: lines of one cell at most
    """
    import difflib

    for one in changed:
        yield f"  cell {one.cell}{f' ({one.ident})' if one.ident else ''}"
        delta = [
            line for line in difflib.ndiff(one.before, one.after) if line.startswith(("- ", "+ "))
        ]
        yield from (f"    {printable(line)[:160]}" for line in delta[:most])
        if len(delta) > most:
            yield f"    and {len(delta) - most} more lines"
