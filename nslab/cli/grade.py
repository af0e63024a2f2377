"""``nslab grade``: a class's notebooks, marked."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from nslab.course import files
from nslab.course.grading import grade, machine, marks
from nslab.course.grading.marks import Mark
from nslab.course.grading.watch import Limits
from nslab.errors import InvalidInput, NslabError, os_cause
from nslab.printable import printable


def run(
    paths: list[Path], table: Path, *, seconds: float, memory: int, jobs: int, overwrite: bool
) -> int:
    """Mark files, write the table, and print who met what.

    :param paths: notebooks, scripts, or folders of them
    :param table: the CSV to write
    :param seconds: what one exercise may take
    :param memory: MiB that one exercise may take
    :param jobs: how many at once; 0: as many as there are processors
    :param overwrite: a table that is there already
    :returns: the exit code: 1 if a file could not be read
    """
    if table.exists() and not overwrite:
        raise InvalidInput(
            "write the marks into",
            str(table),
            "the file is there already",
            "--overwrite replaces it; or name another",
        )
    todo, broken = grade.tasks(grade.found(paths), [path for path in paths if path.is_dir()])
    todo = machine.provided(todo, lambda words: print(f"nslab: {words}", file=sys.stderr))
    notes = table.with_name(f"{table.name}.part")
    limits = Limits(seconds=seconds, memory=memory << 20)
    try:
        if notes.exists():
            print(f"going on with {notes}", file=sys.stderr)
        found = _graded(todo, limits, jobs or os.cpu_count() or 1, notes)
        if found is None:
            return 130
        whole = sorted(
            [*found, *grade.missing(found, broken)],
            key=lambda mark: (mark.learner, mark.lesson, mark.exercise),
        )
        files.write(table, marks.written(whole).encode())
        notes.unlink()
    except OSError as error:
        raise NslabError(
            "write",
            str(error.filename or table),
            os_cause(error.errno or 5),
            "choose another file: --csv FILE",
        ) from error
    print(marks.table(whole))
    _say_rest(broken, [one for one in grade.others(paths) if one.resolve() != table.resolve()])
    print(f"why each was met or not: {table}")
    return 1 if broken else 0


def _say_rest(broken: Sequence[grade.Broken], others: Sequence[Path]) -> None:
    """Say which files got no mark."""
    for one in broken:
        print(f"nslab: not read: {printable(one.path)}: {one.cause}", file=sys.stderr)
    if others:
        some = ", ".join(printable(path) for path in others[:3])
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        print(f"nslab: no notebooks, not looked at: {some}{more}", file=sys.stderr)


def _graded(
    todo: Sequence[grade.Task], limits: Limits, jobs: int, notes: Path
) -> list[Mark] | None:
    """The marks; None if it was stopped, which is said."""
    with _Bar(len(todo)) as bar:
        try:
            return grade.grade(todo, limits, jobs, notes, bar.now)
        except KeyboardInterrupt:
            bar.stop()
            print(
                f"stopped: {bar.done} of {len(todo)} are done and kept in {notes}; "
                "the same command goes on with the rest",
                file=sys.stderr,
            )
            return None


class _Bar:
    """How far it is: a bar on a terminal, a line for each learner elsewhere."""

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as Left

        self.done = 0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            Left(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task("grading", total=total)

    def __enter__(self) -> _Bar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Leave the terminal as it was."""
        self._bar.stop()

    def now(self, task: grade.Task, _: Mark) -> None:
        """One more is done."""
        self.done += 1
        self._bar.update(self._task, advance=1, description=task.learner)
