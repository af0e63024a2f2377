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
        kinds = [cell["cell_type"] for cell in cells(path)]
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
            "00-start-here": {"probe"},
            "02-bridge": {"stp-measure", "stp-off"},
            "10-what-it-costs": {"tcp", "packets", "turns", "cpu", "flood"},
            "12-macvlan-ipvlan-vlan": {"packets", "turns"},
        }
        assert free == allowed.get(path.stem, set())
        assert not [cell for cell in cells(path) if "nbval-skip" in tags(cell)]

    def test_nothing_of_one_machine_is_saved(self, path: Path) -> None:
        text = path.read_text()
        assert not re.search(r"/(home|root|work|tmp)/", text)
        metadata = json.loads(text)["metadata"]
        assert metadata["language_info"] == {"name": "python"}
        assert metadata["kernelspec"]["name"] == "nslab"
