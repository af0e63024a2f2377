"""Whose a file is: by its folder, by its own name, or by what Moodle and Canvas make of that.

::

    ada/02-bridge.ipynb                                           ada
    02-bridge_ada.ipynb                                           ada
    Lovelace Ada_12345_assignsubmission_file_02-bridge.ipynb      Lovelace Ada   (Moodle)
    Lovelace Ada_12345_assignsubmission_file_/02-bridge.ipynb     Lovelace Ada   (Moodle, folders)
    lovelaceada_LATE_777_4243_02-bridge-1.ipynb                   lovelaceada    (Canvas)
    submitted/ada/bridge/bridge.ipynb                             ada            (nbgrader)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from nslab.course.lessons import every

_MOODLE = re.compile(r"^(?P<name>.+?)_(?P<ident>\d+)_assignsubmission_(?:file|onlinetext)(?:_.*)?$")
_CANVAS = re.compile(r"^(?P<name>[^\W_]+)(?:_LATE)?_(?P<ident>\d+)_\d+_.+$")

_COPY = re.compile(r"^(?:[ _-]*\(\d+\)|-Copy\d+|-\d{1,2}| - Copy(?: \(\d+\))?)+$")
"""What a browser, JupyterLab, Canvas and Windows put behind the name of a second copy."""


WITHOUT_EXERCISES = ("00-start-here", "11-free-play")
"""Notebooks that are no lesson's, and lie beside them in a learner's folder."""


class Owner(Struct, frozen=True):
    """Somebody who handed something in.

    :param name: as it is shown
    :param ident: the number that Moodle or Canvas gave; two people may have one name
    """

    name: str
    ident: str = ""


def owners(files: Sequence[Path], folders: Sequence[Path] = ()) -> dict[Path, str]:
    """Whose each file is.

    Two people of one name are told apart by their numbers.

    :param folders: those that were named: what lies between them and a file may be its owner's
    """
    stems = Counter(path.stem for path in files)
    found = {path: _owner(path, folders, shared=stems[path.stem] > 1) for path in files}
    idents: dict[str, set[str]] = {}
    for owner in found.values():
        idents.setdefault(owner.name, set()).add(owner.ident)
    return {path: _called(owner, idents) for path, owner in found.items()}


def _called(owner: Owner, idents: Mapping[str, set[str]]) -> str:
    alone = len(idents[owner.name]) == 1 or not owner.ident
    return owner.name if alone else f"{owner.name} ({owner.ident})"


def _owner(path: Path, folders: Sequence[Path], *, shared: bool) -> Owner:
    """:param shared: whether several files are called so, in different folders."""
    if owner := _downloaded(path.stem):
        return owner
    rest = _without_lesson(path.stem)
    if rest:
        return Owner(rest)
    inside = _between(path, folders)
    if rest is None and not (shared and inside):
        return Owner(path.stem)
    for name in inside:
        if owner := _downloaded(name):
            return owner
    # The topmost that is not called after a lesson, as a folder for each lesson might be.
    return Owner(next((name for name in inside if _without_lesson(name) is None), path.stem))


def _downloaded(name: str) -> Owner | None:
    """Whose a file or a folder is that Moodle or Canvas named."""
    match = _MOODLE.match(name) or _CANVAS.match(name)
    return Owner(match["name"].strip(), match["ident"]) if match else None


def _without_lesson(name: str) -> str | None:
    """What is left of a name without that of a lesson or an exercise; None if it has neither."""
    exercises = [one.name for lesson in every() for one in lesson.exercises]
    for known in (*exercises, *(lesson.name for lesson in every()), *WITHOUT_EXERCISES):
        before, found, behind = name.partition(known)
        if found:
            behind = "" if _COPY.match(behind) else behind
            return f"{before}{behind}".strip("-_ .")
    return None


def _between(path: Path, folders: Sequence[Path]) -> tuple[str, ...]:
    """The folders between one that was named and a file; its own folder, if there are none."""
    whole = path.resolve()
    for folder in folders:
        if whole.is_relative_to(folder.resolve()):
            between = whole.relative_to(folder.resolve()).parts[:-1]
            if between:
                return between
    return (whole.parent.name,)
