"""The folder that Sphinx reads: the pages, with what is made from the code, and the notebooks.

A line ``%% name`` in a page stands for what :data:`MADE` has of that name.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from parts import film, glossary, reference, rooms, troubles

ROOT = Path(__file__).resolve().parents[2]
DOCS, NOTEBOOKS = ROOT / "docs", ROOT / "notebooks"

MADE: dict[str, Callable[[], str]] = {
    "film": lambda: f"```{{raw}} html\n{film.text()}\n```",
    "glossary": glossary.text,
    "troubles": troubles.text,
    "tools": troubles.tools,
    "features": troubles.features,
    "rooms": rooms.text,
}


COURSE = "course"
"""The example of a course of one's own, under examples/, of which a page shows a part."""


def assemble(folder: Path, language: str = "en") -> None:
    """Fill an empty folder with all that Sphinx needs.

    :param language: a notebook in ``notebooks/LANGUAGE/`` takes the place of the English one
    """
    for name in ("conf.py", "static", "locale", "examples"):
        if (DOCS / name).is_dir():
            shutil.copytree(DOCS / name, folder / name)
        elif (DOCS / name).exists():
            shutil.copy(DOCS / name, folder)
    # Pages name it as it lies in the checkout; Sphinx reads nothing from beside its folder.
    course = folder / COURSE
    course.mkdir()
    shutil.copy(DOCS.parent / "examples" / COURSE / "office.py", course)
    for page in sorted(DOCS.rglob("*.md")):
        if page.name == "README.md":
            continue
        target = folder / page.relative_to(DOCS)
        target.parent.mkdir(exist_ok=True)
        text = filled(page.read_text(encoding="utf-8"))
        text = text.replace(f"../../examples/{COURSE}/", f"../{COURSE}/")
        target.write_text(text, encoding="utf-8")
    lessons = folder / "lessons"
    lessons.mkdir()
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        translated = NOTEBOOKS / language / path.name
        lesson(translated if translated.exists() else path, lessons / path.name)
    reference.write(folder / "reference")


def filled(text: str) -> str:
    """A page with its made parts in place.

    :raises KeyError: the page names a part that there is not
    """
    return re.sub(r"^%% (\w+)$", lambda found: MADE[found[1]](), text, flags=re.M)


def lesson(source: Path, target: Path) -> None:
    """Copy a notebook as it was executed, for a lexer that knows its ``%%host`` cells.

    The map of the course links notebooks; Sphinx makes pages of those in prose alone.
    """
    import nbformat  # takes a second: it compiles 38 grammars

    book = nbformat.read(source, as_version=4)
    book.metadata["language_info"] = {"name": "python", "pygments_lexer": "nslab"}
    for cell in book.cells:
        for output in cell.get("outputs", []):
            shown = output.get("data", {})
            if "text/html" in shown:
                linked = re.sub(r'href="([\w-]+)\.ipynb"', r'href="\1.html"', shown["text/html"])
                shown["text/html"] = linked
    nbformat.write(book, target)
