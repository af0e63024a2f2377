"""The notebooks as they are committed: executed, readable without a kernel, fit to be compared.

nbval passes a notebook whose outputs were stripped, so somebody else must look: these tests.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from nslab.cli.notebooks import without_outputs
from nslab.course.lessons import LESSONS, Lesson

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
Cell = dict[str, Any]


def cells(path: Path, kind: str | None = None) -> list[Cell]:
    found: list[Cell] = json.loads(path.read_text())["cells"]
    return [cell for cell in found if kind in (None, cell["cell_type"])]


def source(cell: Cell) -> str:
    return "".join(cell["source"])


def tags(cell: Cell) -> list[str]:
    found: list[str] = cell["metadata"].get("tags", [])
    return found


def answered(cell: Cell) -> list[str]:
    """The exercises whose answer belongs into a cell, as its tags name them."""
    return [tag.removeprefix("exercise:") for tag in tags(cell) if tag.startswith("exercise:")]


def test_there_are_notebooks() -> None:
    assert [path.name[:2] for path in NOTEBOOKS][:1] == ["00"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestNotebook:
    def test_every_cell_was_executed_in_order(self, path: Path) -> None:
        counts = [cell["execution_count"] for cell in cells(path, "code") if source(cell)]
        assert counts == list(range(1, len(counts) + 1))

    def test_outputs_are_there(self, path: Path) -> None:
        shown = [cell for cell in cells(path, "code") if cell["outputs"]]
        assert len(shown) * 2 > len(cells(path, "code"))
        pictures = [
            output
            for cell in shown
            for output in cell["outputs"]
            if "<svg" in "".join(output.get("data", {}).get("text/html", []))
        ]
        assert pictures, "no picture was saved"
        for output in pictures:
            assert "".join(output["data"]["text/plain"]).strip(), "a picture without its words"

    def test_no_cell_ends_in_an_error(self, path: Path) -> None:
        """JupyterLab's "Run All Cells" stops at the first, whatever its tags say."""
        for cell in cells(path, "code"):
            assert not [out for out in cell["outputs"] if out["output_type"] == "error"]
            assert "raises-exception" not in tags(cell)

    def test_prose_stands_before_the_first_code_and_at_the_end(self, path: Path) -> None:
        kinds = [cell["cell_type"] for cell in cells(path)]
        assert kinds[0] == kinds[-1] == "markdown"
        assert source(cells(path)[0]).startswith(f"# {path.stem[:2]} · ")
        assert "In short" in source(cells(path)[-1])

    def test_prose_stands_before_every_cell(self, path: Path) -> None:
        """But the answer to an exercise stands right below its card."""
        kinds = [cell["cell_type"] for cell in cells(path) if not answered(cell)]
        assert ("code", "code") not in list(pairwise(kinds))

    def test_cells_are_short(self, path: Path) -> None:
        for cell in cells(path, "code"):
            assert len(source(cell).splitlines()) <= 15, source(cell)

    def test_cell_ids_are_words(self, path: Path) -> None:
        ids = [cell["id"] for cell in cells(path)]
        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch(r"[a-z][a-z0-9-]*", ident) for ident in ids), ids

    def test_only_timing_and_probing_cells_are_not_compared(self, path: Path) -> None:
        free = {cell["id"] for cell in cells(path) if "nbval-ignore-output" in tags(cell)}
        allowed = {
            "00-start-here": {"probe", "progress"},
            "02-bridge": {"stp-measure", "stp-off"},
            "15-what-it-costs": {"tcp", "packets", "turns", "cpu", "flood", "out"},
        }
        assert free == allowed.get(path.stem, set())
        assert not [cell for cell in cells(path) if "nbval-skip" in tags(cell)]

    def test_nothing_of_one_machine_is_saved(self, path: Path) -> None:
        text = path.read_text()
        assert not re.search(r"/(home|root|work|tmp)/", text)
        metadata = json.loads(text)["metadata"]
        assert metadata["language_info"] == {"name": "python"}
        assert metadata["kernelspec"]["name"] == "nslab"


@pytest.mark.parametrize(
    "found", [one for one in LESSONS if one.exercises], ids=lambda one: one.name
)
class TestExercises:
    """A card, and the learner's own cell below it, which nobody has typed into."""

    def test_each_is_shown_once_in_their_order_and_has_its_cell(self, found: Lesson) -> None:
        every = cells(notebook(found))
        shown = [(place, match[1]) for place, cell in enumerate(every) if (match := card(cell))]
        wanted = [one.id for one in found.exercises]
        assert [ident for _, ident in shown] == wanted
        for place, ident in shown:
            lead, answer = every[place - 1], every[place + 1]
            assert lead["cell_type"] == "markdown"
            assert source(lead).startswith("### Your turn: ")
            assert answered(answer) == [f"{found.name}-{ident}"]
            ids = [cell["id"] for cell in (lead, every[place], answer)]
            assert ids == [f"{ident.lower()}-{part}" for part in ("text", "card", "answer")]

    def test_no_other_cell_is_an_answer(self, found: Lesson) -> None:
        answers = [ident for cell in cells(notebook(found)) for ident in answered(cell)]
        assert len(answers) == len(found.exercises)

    def test_they_are_not_solved(self, found: Lesson) -> None:
        for before, cell in pairwise(cells(notebook(found))):
            if answered(cell):
                assert source(cell) == "%%host\n# your commands"
                assert cell["outputs"] == [], "what does nothing prints nothing"
                said = "".join(
                    "".join(output.get("data", {}).get("text/plain", []))
                    for output in before["outputs"]
                )
                exercise = found[answered(cell)[0].removeprefix(f"{found.name}-")]
                assert said.startswith(f"{exercise.id} ({exercise.kind}): {exercise.goal}")
                assert "you chose" not in said
                assert re.search("^[✘☐] ", said, re.MULTILINE), "it was met before it was begun"

    def test_they_are_not_all_at_the_end(self, found: Lesson) -> None:
        every = cells(notebook(found))
        first = next(place for place, cell in enumerate(every) if card(cell))
        assert first * 3 < len(every) * 2

    def test_what_a_prediction_is_about_is_not_told_right_below_it(self, found: Lesson) -> None:
        """Its card does, once the kernel has judged; below it the page goes on, or back."""
        every = cells(notebook(found))
        predictions = {f"{found.name}-{one.id}" for one in found.exercises if one.kind == "predict"}
        told = [
            source(below)
            for cell, below in pairwise(every)
            if predictions.intersection(answered(cell)) and below["cell_type"] == "markdown"
        ]
        assert [
            one for one in told if not one.startswith(("#", "Back to the lesson's own lab"))
        ] == []

    def test_a_learners_copy_has_the_same_answer_cells(self, found: Lesson) -> None:
        path = notebook(found)
        book = json.loads(without_outputs(path.read_bytes()))
        assert [tags(cell) for cell in book["cells"]] == [tags(cell) for cell in cells(path)]


def notebook(found: Lesson) -> Path:
    return next(path for path in NOTEBOOKS if path.stem == found.name)


def card(cell: Cell) -> re.Match[str] | None:
    return re.fullmatch(r'lesson\["(\w+)"\]\.card\(\)', source(cell))
