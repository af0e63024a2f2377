"""What is said of speed is what was measured: made from committed results, not typed by hand."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = "benchmarks/results/reference.json"


def check(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "benchmarks/run", "--from", REFERENCE, "--check"],
        cwd=root,
        capture_output=True,
        text=True,
    )


def test_the_files_say_what_was_measured() -> None:
    compared = check(ROOT)
    assert compared.returncode == 0, compared.stderr


def test_a_figure_that_was_typed_by_hand_is_noticed(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks")
    text = (ROOT / "README.md").read_text()
    wrong = text.replace("A lab is ready in 0", "A lab is ready in 9")
    (tmp_path / "README.md").write_text(wrong)
    compared = check(tmp_path)
    assert compared.returncode == 1
    assert "not what was measured: README.md" in compared.stderr
    assert "--table" in compared.stderr


def test_the_files_say_what_was_found_of_faults() -> None:
    compared = subprocess.run(
        [sys.executable, "benchmarks/faults/run", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert compared.returncode == 0, compared.stderr


def test_the_page_for_many_says_what_was_found_of_limits() -> None:
    found = subprocess.run(
        [sys.executable, "benchmarks/limits", "--table"], cwd=ROOT, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout in (ROOT / "docs" / "howto" / "many-learners.md").read_text()
