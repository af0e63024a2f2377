"""A course of one's own, from outside the checkout, against the built wheel: made, checked, broken
in every way that its maintainer should hear of, and updated.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import wheel

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "course"

pytestmark = [pytest.mark.notebook]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where nslab's wheel is installed."""
    return wheel.install(tmp_path_factory.mktemp("wheel"))


def installed(site: Path, course: Path, folder: Path) -> Path:
    """A place with nslab and a course in it."""
    place = folder / "site"
    shutil.copytree(site, place)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run(
        [*pip, "--no-build-isolation", "--target", str(place), "--upgrade", str(course)],
        check=True,
        capture_output=True,
    )
    return place


def nslab(place: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    ended = wheel.run(place, "-c", "from nslab.cli import main; main()", *words, home=home)
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A copy of the example, to be worked on."""
    shutil.copytree(EXAMPLE, tmp_path / "course")
    return tmp_path / "course"


def book(course: Path) -> Path:
    return course / "notebooks" / "01-office.ipynb"


def change(path: Path, ident: str, edit: Callable[[dict[str, Any]], None]) -> None:
    notebook = json.loads(path.read_text())
    (cell,) = [cell for cell in notebook["cells"] if cell["id"] == ident]
    edit(cell)
    path.write_text(json.dumps(notebook))


def test_the_example_is_true(site: Path, course: Path, tmp_path: Path) -> None:
    place = installed(site, course, tmp_path)
    ended = nslab(place, tmp_path / "home", "check-notebooks", str(course / "notebooks"))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "✔ 10 cells" in ended.stdout
    assert "exercises of 01-office" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "✔ all 13 tests passed"
    progress = nslab(place, tmp_path / "home", "progress", "--json")
    assert "01-office" in [one["name"] for one in json.loads(progress.stdout)["lessons"]]


def test_a_new_course_is_true_when_it_was_updated(site: Path, tmp_path: Path) -> None:
    course, home = tmp_path / "mine", tmp_path / "home"
    made = nslab(site, home, "new", "01-first-steps", "--dir", str(course))
    assert made.returncode == 0, made.stderr
    place = installed(site, course, tmp_path)
    notebooks = str(course / "notebooks")
    updated = nslab(place, home, "update-notebooks", notebooks)
    assert updated.returncode == 0, updated.stdout + updated.stderr
    assert "+ ✔ there is a bridge br0" in updated.stdout
    again = nslab(place, home, "update-notebooks", notebooks)
    assert "nothing changed" in again.stdout
    checked = nslab(place, home, "check-notebooks", notebooks)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_what_is_wrong_is_named_with_its_cell_and_its_remedy(
    site: Path, course: Path, tmp_path: Path
) -> None:
    path = book(course)
    place = installed(site, course, tmp_path)

    def output(cell: dict[str, Any]) -> None:
        cell["outputs"][0]["data"]["text/plain"] = "✔ there is a hub"

    change(path, "make-check", output)
    change(path, "address", lambda cell: cell.update(source="1\nlen(3)"))
    change(path, "make-text", lambda cell: cell.update(source="a\n\n[b](nowhere.ipynb)"))
    change(path, "build-answer", lambda cell: cell.update(source="%%host\nip link add guests"))
    ended = nslab(place, tmp_path / "home", "check-notebooks", str(path), "--no-exercises", "--all")
    assert ended.returncode == 1
    shown = ended.stdout
    assert "cell 3 (make-text), line 3: the link nowhere.ipynb: there is no such file" in shown
    assert "cell 6 (make-check), line 1: its output differs" in shown
    assert "saved  ✔ there is a hub" in shown
    assert "now    ✔ there is a bridge office" in shown
    assert f"→ if what is new is right: nslab update-notebooks {path}" in shown
    assert "cell 13 (address), line 2: it fails: TypeError" in shown
    assert "no cell types the step S2" in shown
    assert "cell 18 (build-answer): the answer of 01-office-X2 is in it already" in shown
    assert len(shown.splitlines()) < 40, "it fits on a screen"


def test_an_exercise_that_judges_wrongly_is_named(site: Path, course: Path, tmp_path: Path) -> None:
    lesson = course / "office.py"
    text = lesson.read_text()
    lesson.write_text(text.replace('"host has no route 10.3', '"guests is tired 10.3'))
    assert text != lesson.read_text()
    place = installed(site, course, tmp_path)
    ended = nslab(place, tmp_path / "home", "check-notebooks", str(book(course)))
    assert ended.returncode == 1
    assert (
        "is refused for 'host has no route 10.3.0.0/24 dev guests: none to 10.3.0.0/24'"
        in ended.stdout
    )
    assert "not for 'guests is tired 10.3" in ended.stdout
    assert "→ correct the exercise X2 of 01-office" in ended.stdout


def test_a_notebook_whose_cell_fails_is_not_saved(site: Path, course: Path, tmp_path: Path) -> None:
    path = book(course)
    place = installed(site, course, tmp_path)
    change(path, "address", lambda cell: cell.update(source="1 / 0"))
    before = path.read_bytes()
    ended = nslab(place, tmp_path / "home", "update-notebooks", str(path))
    assert ended.returncode == 1
    assert "cell 13 fails: ZeroDivisionError" in ended.stdout
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_cell_that_hangs_or_was_saved_without_ids_is_named(
    site: Path, course: Path, tmp_path: Path
) -> None:
    path = book(course)
    place = installed(site, course, tmp_path)
    change(path, "address", lambda cell: cell.update(source="import time\ntime.sleep(3600)"))
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        cell.pop("id")
        cell["source"] = "".join(cell["source"])
    path.write_text(json.dumps(notebook | {"nbformat_minor": 4}))
    argv = [str(path), "--time", "10"]
    ended = nslab(place, tmp_path / "home", "check-notebooks", *argv, "--no-exercises", "--all")
    assert ended.returncode == 1
    assert "cell 13" in ended.stdout
    ended = nslab(place, tmp_path / "home", "update-notebooks", *argv)
    assert ended.returncode == 1
    assert "cell 13 takes longer than 10 s" in ended.stdout


def test_pytest_does_the_same(site: Path, course: Path, tmp_path: Path) -> None:
    place = installed(site, course, tmp_path)
    change(book(course), "make-text", lambda cell: cell.update(source="[b](nowhere.ipynb)"))
    argv = ("-m", "pytest", "--nslab", "--nslab-no-exercises", "-q", "-p", "no:cacheprovider")
    ended = wheel.run(place, *argv, str(course / "notebooks"), home=tmp_path / "home")
    assert "1 failed, 10 passed" in ended.stdout
    assert "the link nowhere.ipynb: there is no such file" in ended.stdout
    without = wheel.run(
        place, *argv[:2], *argv[3:], str(course / "notebooks"), home=tmp_path / "home"
    )
    assert "no tests ran" in without.stdout


def test_lessons_that_cannot_be_loaded_are_said(site: Path, course: Path, tmp_path: Path) -> None:
    lesson = course / "office.py"
    lesson.write_text(lesson.read_text().replace("LESSON = ", "LESSEN = "))
    place = installed(site, course, tmp_path)
    ended = nslab(place, tmp_path / "home", "progress")
    assert ended.returncode == 0
    assert "the lessons office (office:LESSON) cannot be loaded: AttributeError" in ended.stderr
