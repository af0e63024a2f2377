"""Build the wheel and install it away from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def install(folder: Path) -> Path:
    """Put the package, and nothing it depends on, into a folder; where it was put."""
    quiet = {"capture_output": True, "check": True}
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, **quiet)  # type: ignore[call-overload]
    (built,) = folder.glob("*.whl")
    site = folder / "site"
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*pip, str(built)], **quiet)  # type: ignore[call-overload]
    return site


def run(site: Path, *argv: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run Python with the installed package before all others, from an empty folder."""
    home.mkdir(exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(site),
        "LANG": "C.UTF-8",
    }
    return subprocess.run(
        [sys.executable, *argv],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
