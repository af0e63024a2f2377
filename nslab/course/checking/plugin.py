"""pytest's plugin: ``pytest --nslab notebooks/`` runs notebooks and proves their exercises.

The cells are nbval's tests, with nslab's rules for what may differ (MAC addresses, process ids,
times).  To these come one test for each notebook as it lies there, and one for each exercise of
the lessons that the notebooks use.  Without ``--nslab`` it only keeps nbval's kernels off ports,
and from the progress of the one who checks.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nslab.course.checking import executing

if TYPE_CHECKING:
    from nslab.course.checking.pages import Finding
    from nslab.course.exercises.exercise import Exercise

RULES = Path(__file__).with_name("nbval.cfg")
NBVAL_TIMEOUT = 2000
"""Seconds that nbval gives a cell if nobody says otherwise: half an hour for one that hangs."""

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("nslab", "nslab: courses in notebooks")
    group.addoption("--nslab", action="store_true", help="check notebooks and their exercises")
    group.addoption("--nslab-no-exercises", action="store_true", help="do not prove the exercises")
    group.addoption("--nslab-report", metavar="FILE", help="write what was found into FILE")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("nbval", False) or config.getoption("nbval_lax", False):
        _start_kernels_by_files()
        # What a card shows depends on how far the learner is: not on how far who checks is.
        os.environ.setdefault("NSLAB_PROGRESS", "")
    if not config.option.nslab:
        return
    if not config.pluginmanager.hasplugin("nbval"):
        raise pytest.UsageError("--nslab runs the cells by nbval: pip install 'nslab[test]'")
    os.environ.setdefault("NSLAB_QUICK", "1")
    os.environ["NSLAB_PROGRESS"] = ""
    config.option.nbval = True
    _start_kernels_by_files()
    if config.option.nbval_cell_timeout == NBVAL_TIMEOUT:
        config.option.nbval_cell_timeout = executing.TIMEOUT
    if not config.option.nbval_sanitize_with:
        config.option.nbval_sanitize_with = str(RULES)
    config.pluginmanager.register(Check(config.option.nslab_report), "nslab-check")


def _start_kernels_by_files() -> None:
    """Have nbval's kernels take no ports, which others may take before them."""
    import nbval.kernel

    from nslab.course.checking.kernels import FileKernelManager

    nbval.kernel.KernelManager = FileKernelManager


class Check:
    """What is added to a run with ``--nslab``.

    :param report: the file for what is found; None for none
    """

    def __init__(self, report: str | None) -> None:
        self._report = report
        self._proved: set[str] = set()
        self._ran: list[dict[str, Any]] = []

    @pytest.hookimpl
    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        if file_path.suffix != ".ipynb":
            return None
        book: Book = Book.from_parent(parent, path=file_path)
        book.proved = self._proved
        return book

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        result = yield
        if self._report and (call.when == "call" or call.excinfo):
            from msgspec import to_builtins

            bad = result.failed
            self._ran.append(
                {
                    "path": _shown(item.path) if not isinstance(item, Proof) else item.name,
                    "kind": _kind(item),
                    "ok": not bad,
                    "findings": to_builtins(_findings(item, call)) if bad else [],
                }
            )
        return result

    def pytest_sessionfinish(self) -> None:
        if self._report:
            Path(self._report).write_text(json.dumps(self._ran), encoding="utf-8")


class Wrong(Exception):
    """What a page or an exercise is failed for."""

    def __init__(self, found: list[Finding]) -> None:
        super().__init__(found)
        self.found = found


class _Said(pytest.Item):
    """A test that fails with findings instead of a traceback."""

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if not isinstance(excinfo.value, Wrong):
            return super().repr_failure(excinfo, style)
        lines = []
        for one in excinfo.value.found:
            lines.append(f"{one.place}: {one.what}" if one.place else one.what)
            lines += [f"  → {one.mend}"] if one.mend else []
        return "\n".join(lines)


class Book(pytest.File):
    """A notebook: itself, and the exercises of its lesson."""

    proved: set[str]
    """The exercises that another notebook brings already."""

    def collect(self) -> Iterator[pytest.Item]:
        from nslab.course.checking import pages

        yield Page.from_parent(self, name="page")
        lesson = pages.lesson_of(self.path)
        if lesson is None or self.config.option.nslab_no_exercises:
            return
        for exercise in lesson.exercises:
            if exercise.name not in self.proved:
                self.proved.add(exercise.name)
                item: Proof = Proof.from_parent(self, name=exercise.name)
                item.exercise = exercise
                yield item


class Page(_Said):
    """A notebook as it lies there: links, steps, answer cells."""

    def runtest(self) -> None:
        from nslab.course.checking import pages

        if found := pages.findings(self.path):
            raise Wrong(found)


class Proof(_Said):
    """An exercise on the kernel: right ways are taken, wrong answers refused, no check is idle."""

    exercise: Exercise

    def runtest(self) -> None:
        from nslab.course.checking.pages import Finding
        from nslab.course.exercises import proof

        if found := proof.flaws(self.exercise):
            mend = f"correct the exercise {self.exercise.id} of {self.exercise.lesson}"
            raise Wrong([Finding(self.exercise.name, what, mend) for what in found])


# -- for the report ---------------------------------------------------------------------------


def _kind(item: pytest.Item) -> str:
    return "exercise" if isinstance(item, Proof) else "page" if isinstance(item, Page) else "cell"


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _findings(item: pytest.Item, call: pytest.CallInfo[None]) -> list[Finding]:
    from msgspec import structs

    from nslab.course.checking.pages import Finding

    assert call.excinfo is not None
    error = call.excinfo.value
    if isinstance(error, Wrong):
        where = _shown(item.path)
        return [
            structs.replace(one, path=where) if one.path == str(item.path) else one
            for one in error.found
        ]
    path = _shown(item.path)
    if getattr(item, "cell", None) is None:
        return [Finding(path, f"{type(error).__name__}: {error}")]
    return [_of_cell(item, path, error)]


def _of_cell(item: Any, path: str, error: BaseException) -> Finding:
    """What nbval says of a cell, in few words: that it fails, or how its output differs."""
    from nslab.course.checking.pages import Finding

    ident = item.cell.get("id", "")
    # Not by their ids: older notebooks have none.
    number = next(n for n, one in enumerate(item.parent.nb.cells, 1) if one is item.cell)
    trace = _ANSI.sub("", str(getattr(error, "inner_traceback", "") or ""))
    if "outputs differ" in str(error).lower() or "mismatch" in trace.lower():
        saved, now, line = _difference(item, item.cell)
        what = f"its output differs\n    saved  {saved}\n    now    {now}"
        mend = f"if what is new is right: nslab update-notebooks {path}"
        return Finding(path, what, mend, number, ident, line)
    said, advice = executing.told(trace or str(error))
    places = re.findall(r"^-+> (\d+)|Cell In\[\d+\], line (\d+)", trace, re.MULTILINE)
    place = int(next(filter(None, places[-1]), 0)) if places else 0
    mend = advice or "run the notebook up to it in JupyterLab, and correct it"
    return Finding(path, f"it fails: {said[:200]}", mend[:300], number, ident, place)


def _difference(item: Any, cell: Any) -> tuple[str, str, int]:
    """The first line of its output that differs: as saved, as it is now, and which it is."""
    saved = item.sanitize(_text(cell.get("outputs", []))).splitlines()
    now = item.sanitize(_text(getattr(item, "test_outputs", []) or [])).splitlines()
    nothing = "(nothing)"
    for number in range(max(len(saved), len(now))):
        left = saved[number] if number < len(saved) else nothing
        right = now[number] if number < len(now) else nothing
        if left != right:
            return left[:110], right[:110], number + 1
    return "(the same text, another picture or kind)", "", 0


def _text(outputs: list[Any]) -> str:
    """What cells print and show, as plain text."""
    pieces = []
    for output in outputs:
        data = output.get("data", {})
        text = output.get("text", data.get("text/plain", ""))
        pieces.append(text if isinstance(text, str) else "".join(text))
    return "\n".join(piece.rstrip("\n") for piece in pieces)
