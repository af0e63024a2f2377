"""The virtual machine for exercises whose links this kernel lacks: what a box is given of it.

A box sees the files of one image, read-only, and a copy of one saved state, and nothing else of
the grader's.  There is no ``/dev/kvm`` in it, so the machine is emulated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import structs

from nslab.course.grading.grade import Task
from nslab.engine import choose
from nslab.engine.vm import image, saved_state
from nslab.engine.vm.saved_state import State
from nslab.engine.vm.trouble import NoMachine
from nslab.errors import EngineUnavailable, NslabError

Tell = Callable[[str], None]


def provided(todo: Sequence[Task], tell: Tell) -> list[Task]:
    """Tasks with what their boxes need; those that cannot be judged here say why.

    :param tell: hears, before anything begins, which lessons cannot be marked and what to do, and
        what takes a while
    """
    answered = [task for task in todo if not task.submitted.empty]
    wanted = dict.fromkeys(task.submitted.exercise.needs for task in answered)
    found: dict[tuple[str, ...], tuple[tuple[Path, ...], str]] = {}
    for needs in wanted:
        lacking = choose.missing(needs) if needs else None
        if lacking is None:
            continue
        files, cannot = _files(lacking, tell)
        found[needs] = files, cannot
        if cannot:
            lessons = dict.fromkeys(
                task.submitted.exercise.lesson
                for task in answered
                if task.submitted.exercise.needs == needs
            )
            tell(f"cannot be marked here: {', '.join(lessons)}: {cannot}")
    return [_with(task, *found.get(task.submitted.exercise.needs, ((), ""))) for task in todo]


def _with(task: Task, files: tuple[Path, ...], cannot: str) -> Task:
    return structs.replace(task, files=files, cannot=cannot)


def _files(lacking: EngineUnavailable, tell: Tell) -> tuple[tuple[Path, ...], str]:
    """What a box needs to wake a machine; else why it cannot."""
    try:
        return tuple(machine(tell)), ""
    except (NslabError, OSError) as error:
        cause = error.cause if isinstance(error, NslabError) else error
        hint = (error.hint if isinstance(error, NslabError) else "") or "see nslab vm status"
        return (), f"{lacking.cause}, and no virtual machine can stand in: {cause} → {hint}"


def machine(tell: Tell) -> list[Path]:
    """The files of an image and of an emulated machine's state; the state is made if need be.

    :raises NoMachine: there is no image, or no machine starts
    """
    made = image.newest()
    if made is None:
        raise NoMachine("it was not built", "nslab vm build")
    state = State(made, "tcg")
    with image.locked("state"):
        if not state.saved:
            tell("making the state of the virtual machine that boxes wake from, once")
            state.make(lambda what, done: None)
    kept = [made.file(name) for name in ("manifest.json", *image.FILES)]
    return [*kept, *(state.path / name for name in saved_state.FILES)]
