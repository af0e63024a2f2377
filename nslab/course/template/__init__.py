"""A new lesson: a package with a lesson in it, its notebook, and a test, to be changed.

``nslab new NAME`` fills in the files that lie here; what ends in ``.in`` is a template.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from nslab.errors import InvalidInput, NslabError, os_cause
from nslab.printable import short

HERE = Path(__file__).parent

FILES = {
    "pyproject.toml": "pyproject.toml.in",
    "README.md": "README.md.in",
    "{package}.py": "lesson.py.in",
    "notebooks/{name}.ipynb": "notebook.ipynb.in",
    "tests/test_course.py": "test_course.py.in",
}
"""What is made, and of what."""

SHARED = ("pyproject.toml", "README.md", "tests/test_course.py")
"""What a course has once; a second lesson leaves it as it is."""


def make(name: str, folder: Path, title: str | None = None) -> tuple[list[Path], list[Path]]:
    """Make a lesson in a folder; what is there already stays as it is.

    :param name: the lesson's and its notebook's, such as ``01-office``
    :param folder: the course's
    :param title: the lesson's; None for one made of its name
    :returns: the files that were made, and those that were there
    :raises InvalidInput: the name cannot be that of a file and a module, or is taken
    :raises NslabError: a file cannot be written
    """
    if not re.fullmatch(r"(?:\d\d-)?[a-z][a-z0-9]*(?:-[a-z0-9]+)*", name):
        raise InvalidInput(
            "make the lesson",
            short(name),
            "a name has two digits, small letters and dashes",
            "such as: nslab new 01-office",
        )
    words = {
        "name": name,
        "package": re.sub(r"^\d\d-", "", name).replace("-", "_"),
        "number": name[:2] if name[:2].isdigit() else "",
        "title": title or re.sub(r"^\d\d-", "", name).replace("-", " ").capitalize(),
        "course": re.sub(r"[^a-z0-9-]", "-", folder.resolve().name.lower()).strip("-") or "course",
    }
    there = [folder / _filled(path, words) for path in FILES]
    for path in there:
        shared = str(path.relative_to(folder)) in SHARED
        if _exists(path) and not shared:
            raise InvalidInput(
                "make the lesson", name, f"{path} is there already", "choose another name"
            )
    made, kept = [], []
    for path, source in zip(there, FILES.values(), strict=True):
        if _exists(path):
            kept.append(path)
            continue
        text = _filled((HERE / source).read_text(encoding="utf-8"), words)
        if path.suffix == ".ipynb":
            text = json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise NslabError(
                "write", str(path), os_cause(error.errno or 5), "choose another folder: --dir DIR"
            ) from error
        made.append(path)
    return made, kept


def _exists(path: Path) -> bool:
    """Whether there is such a file.

    :raises NslabError: a folder on its way may not be entered
    """
    try:
        return path.exists()
    except OSError as error:
        raise NslabError(
            "write", str(path), os_cause(error.errno or 5), "choose another folder: --dir DIR"
        ) from error


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(f"{{{word}}}", value)
    return text
