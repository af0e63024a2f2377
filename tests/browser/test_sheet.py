"""script/sheet: the pictures of a small notebook, as somebody calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from sheets import THEMES, VIEWS, size

from nslab import AddBridge, Lab

ROOT = Path(__file__).parents[2]


def called(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "script" / "sheet"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def small(folder: Path) -> None:
    """A notebook with one picture, and with one output that is none."""
    with Lab(engine="fake") as lab:
        drawn = lab.do(AddBridge("lxcbr0"))._repr_mimebundle_()
    shown = [{"text/html": drawn["text/html"]}, {"text/html": "<svg width='1'></svg>"}]
    cells = [
        {
            "cell_type": "code",
            "id": f"cell{n}",
            "metadata": {},
            "execution_count": None,
            "source": "",
            "outputs": [{"output_type": "display_data", "data": data, "metadata": {}}],
        }
        for n, data in enumerate(shown)
    ]
    book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "77-small.ipynb").write_text(json.dumps(book))


def test_it_makes_a_sheet_for_each_window_and_replaces_those_before(tmp_path: Path) -> None:
    small(tmp_path)
    into = tmp_path / "sheets"
    into.mkdir()
    (into / "77-small-900-9.png").touch()
    (into / "widgets-900-1.png").touch()
    made = called("77", "--notebooks", str(tmp_path), "--into", str(into))
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("77-small: 1 picture on 3 sheets\n")
    names = {path.name for path in into.iterdir()}
    assert names == {f"77-small-{view}-1.png" for view in ("900", "1280", "200")} | {
        "widgets-900-1.png"
    }
    for view, wide in VIEWS.items():
        found, _ = size((into / f"77-small-{view.rstrip('%')}-1.png").read_bytes())
        least = len(THEMES) * (wide - 200)
        assert found > least, "light and dark stand beside each other, as wide as in the page"


def test_a_name_that_is_none_is_said_with_those_there_are(tmp_path: Path) -> None:
    small(tmp_path)
    refused = called("88", "--notebooks", str(tmp_path))
    assert refused.returncode == 2
    assert "no notebook begins with 88; there are 77-small, widgets" in refused.stderr
