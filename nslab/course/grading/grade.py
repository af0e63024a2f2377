"""Marking a class: files are read, each exercise is done again in a box, what came of it is kept.

Two runs over the same files give the same marks.  What is done is noted beside the table at once,
so that a run that was stopped goes on where it was.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct, structs

from nslab.course import files
from nslab.course.grading import submission, watch
from nslab.course.grading.marks import Mark
from nslab.course.grading.owners import owners
from nslab.course.grading.submission import Submitted, Unreadable
from nslab.course.grading.values import Answer, Job
from nslab.course.grading.watch import Limits, Stopped
from nslab.course.lessons import every

KINDS = (".ipynb", ".sh")

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".xz", ".7z", ".rar")
"""What learners hand in packed: it is said, not unpacked."""


class Task(Struct, frozen=True):
    """One exercise of one learner, to be judged.

    :param files: what of the virtual machine its boxes need
    :param cannot: why it cannot be judged here; empty if it can
    """

    learner: str
    path: Path
    submitted: Submitted
    files: tuple[Path, ...] = ()
    cannot: str = ""

    def mark(self, state: str, why: str = "", choice: str = "") -> Mark:
        """What became of it."""
        exercise = self.submitted.exercise
        return Mark(
            learner=self.learner,
            lesson=exercise.lesson,
            exercise=exercise.id,
            kind=exercise.kind,
            state=state,
            why=why,
            choice=choice or self.submitted.choice,
            note=self.submitted.note,
            file=str(self.path),
        )


class Broken(Struct, frozen=True):
    """A file that could not be read, and why."""

    learner: str
    path: Path
    cause: str


class Result(Struct, frozen=True):
    """What is noted of one exercise, by what was handed in."""

    key: str
    state: str
    why: str = ""
    choice: str = ""


def found(paths: Sequence[Path]) -> list[Path]:
    """The files to mark: those that are named, and those in folders that are named.

    :raises InvalidInput: there is no such file, or none at all
    """
    return files.named(
        paths,
        lambda folder: (one for one in _files(folder) if one.suffix.lower() in (*KINDS, *ARCHIVES)),
        operation="grade",
        none="there is no notebook and no script",
    )


def others(paths: Sequence[Path]) -> list[Path]:
    """The files in folders that are named which cannot be marked, such as a page or a PDF."""
    whole = [one for path in paths if path.is_dir() for one in _files(path)]
    return [one for one in whole if one.suffix.lower() not in (*KINDS, *ARCHIVES)]


def _files(folder: Path) -> list[Path]:
    """The files in a folder, but those that are hidden."""
    return sorted(
        each
        for each in folder.rglob("*")
        if each.is_file() and not any(p.startswith(".") for p in each.relative_to(folder).parts)
    )


def tasks(
    handed_in: Sequence[Path], folders: Sequence[Path] = ()
) -> tuple[list[Task], list[Broken]]:
    """What there is to judge, and the files that could not be read.

    :param handed_in: the files
    :param folders: those in which they were found
    """
    todo, broken = [], []
    for path, who in owners(handed_in, folders).items():
        try:
            if path.suffix.lower() in ARCHIVES:
                raise Unreadable("it is an archive: unpack it, into a folder of its learner's name")
            todo += [Task(who, path, one) for one in submission.read(path)]
        except Unreadable as error:
            broken.append(Broken(who, path, str(error)))
    return todo, broken


def grade(
    todo: Sequence[Task], limits: Limits, jobs: int, notes: Path, told: Callable[[Task, Mark], None]
) -> list[Mark]:
    """Judge everything, some at once; in the order of the tasks, whichever is done first.

    :param jobs: how many at once
    :param notes: where each result is noted at once; what is there already is not done again
    :param told: is called with each mark when it is known
    :raises KeyboardInterrupt: it was stopped; what was done is noted
    """
    known = _noted(notes)
    marks: dict[int, Mark] = {}
    with notes.open("ab") as file, _threads(jobs) as pool:
        running: dict[Future[Result], int] = {}
        waiting = list(enumerate(todo))
        while waiting or running:
            while waiting and len(running) < jobs:
                place, task = waiting.pop(0)
                result = known.get(key(task, limits))
                if result is None and not task.submitted.empty and not task.cannot:
                    running[pool.submit(judge, task, limits)] = place
                    continue
                marks[place] = _mark(task, result)
                told(task, marks[place])
            done, _ = wait(running, return_when=FIRST_COMPLETED) if running else ((), ())
            for future in done:
                place = running.pop(future)
                result = future.result()
                known[result.key] = result
                _note(file, result)
                marks[place] = _mark(todo[place], result)
                told(todo[place], marks[place])
    return [marks[place] for place in range(len(todo))]


@contextlib.contextmanager
def _threads(jobs: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that wait for boxes; when it is left early, no new box begins."""
    pool = ThreadPoolExecutor(jobs)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def judge(task: Task, limits: Limits) -> Result:
    """Do one answer again, and ask the kernel: in two boxes, if it has cells that must be run."""
    submitted = task.submitted
    job = Job(submitted.exercise.name, choice=submitted.choice)
    mine = key(task, limits)
    try:
        failed: tuple[str, ...] = ()
        deeds = submitted.deeds
        if deeds is None:
            ran = watch.ask(structs.replace(job, cells=submitted.cells), limits, task.files)
            deeds, failed = ran.deeds, ran.lines
            job = structs.replace(job, choice=job.choice or ran.choice)
        answer = watch.ask(structs.replace(job, deeds=deeds), limits, task.files)
    except Stopped as error:
        return Result(mine, "stopped", str(error), job.choice)
    return _result(mine, answer, failed, job.choice)


def _result(mine: str, answer: Answer, failed: tuple[str, ...], choice: str) -> Result:
    if answer.met:
        return Result(mine, "met", choice=choice)
    lines = dict.fromkeys((*answer.lines, *failed))
    return Result(mine, "not met", "; ".join(line[:300] for line in lines), choice)


def key(task: Task, limits: Limits) -> str:
    """What a result hangs on: the same answer to the same exercise is judged once."""
    submitted = task.submitted
    parts = (
        version("nslab"),
        repr(structs.astuple(submitted.exercise)),
        submitted.cells,
        submitted.choice,
        structs.astuple(limits),
    )
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _mark(task: Task, result: Result | None) -> Mark:
    if result is None and task.cannot and not task.submitted.empty:
        return task.mark("not judged", task.cannot)
    if result is None:
        return task.mark("empty", "nothing was typed")
    return task.mark(result.state, result.why, result.choice)


def missing(marks: Sequence[Mark], broken: Sequence[Broken]) -> list[Mark]:
    """A line for each exercise that somebody else of the class was marked for."""
    wanted = dict.fromkeys((mark.lesson, mark.exercise, mark.kind) for mark in marks)
    there = {(mark.learner, mark.lesson, mark.exercise) for mark in marks}
    who = dict.fromkeys([*(mark.learner for mark in marks), *(one.learner for one in broken)])
    return [
        Mark(name, *place, state="missing", why=_why_missing(name, place[0], broken))
        for name in who
        for place in wanted
        if (name, place[0], place[1]) not in there
    ]


def _why_missing(name: str, lesson: str, broken: Sequence[Broken]) -> str:
    """What is wrong with the file that might have had it, by what it is called after."""
    for one in broken:
        named = [each.name for each in every() if each.name in one.path.stem]
        if one.learner == name and (not named or lesson in named):
            return f"{one.path}: {one.cause}"
    return "not handed in"


# -- what is noted ----------------------------------------------------------------------------


def _noted(notes: Path) -> dict[str, Result]:
    """What an earlier run had done; a line that was cut off is left out."""
    results = {}
    with contextlib.suppress(FileNotFoundError):
        for line in notes.read_bytes().splitlines():
            with contextlib.suppress(msgspec.DecodeError):
                result = msgspec.json.decode(line, type=Result)
                results[result.key] = result
    return results


def _note(file: BinaryIO, result: Result) -> None:
    file.write(msgspec.json.encode(result) + b"\n")
    file.flush()
    os.fsync(file.fileno())
