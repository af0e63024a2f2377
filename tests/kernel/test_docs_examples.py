"""The code in the how-tos runs as it is printed there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"


def run(*command: str | Path) -> str:
    """Run Python beside the examples; what it printed."""
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=EXAMPLES,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_fixtures_work() -> None:
    said = run(
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--noconftest",
        "-c",
        os.devnull,
        f"--rootdir={EXAMPLES}",
        EXAMPLES / "test_namespace.py",
    )
    assert "2 passed" in said


def test_docker_works() -> None:
    assert "docker0 bridge" in run("docker.py")
