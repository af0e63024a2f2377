"""The course is true: its cells put out what is saved, and its exercises judge rightly."""

import subprocess
from pathlib import Path

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def test_course():
    assert subprocess.run(["nslab", "check-notebooks", str(NOTEBOOKS)]).returncode == 0
