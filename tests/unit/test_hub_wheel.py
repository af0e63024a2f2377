"""The hub's wheel: what JupyterLab loads lies where JupyterLab looks for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

HUB = Path(__file__).resolve().parents[2] / "deploy" / "hub"
NAME = "nslab-class"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment into which pip has put the wheel; JupyterLab is lent by this one."""
    folder = tmp_path_factory.mktemp("wheel")
    source = shutil.copytree(
        HUB, folder / "hub", ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
    )
    build = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    subprocess.run(build, cwd=source, capture_output=True, check=True)
    (built,) = folder.glob("*.whl")
    made = folder / "venv"
    venv.create(made, symlinks=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(made)}))
    pip = (sys.executable, "-m", "pip", "--python", str(made / "bin" / "python"), "install")
    words = (*pip, "--no-deps", "--no-index", "--quiet", str(built))
    subprocess.run(words, capture_output=True, check=True)
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return made


def asked(fresh: Path, *words: str) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(fresh.parent), "LANG": "C.UTF-8"}
    python = str(fresh / "bin" / "python")
    ended = subprocess.run(
        (python, *words), capture_output=True, text=True, env=environment, cwd=fresh.parent
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout + ended.stderr


def test_jupyterlab_lists_its_extension_as_enabled(fresh: Path) -> None:
    said = asked(fresh, "-m", "jupyterlab.labextensions", "list")
    (line,) = [line for line in said.splitlines() if NAME in line]
    version = json.loads((HUB / "labextension" / "package.json").read_text())["version"]
    assert f"v{version}" in line
    assert "enabled" in line
    assert "OK" in line
    assert str(fresh / "share" / "jupyter" / "labextensions") in said


def test_what_it_is_to_load_is_there(fresh: Path) -> None:
    folder = fresh / "share" / "jupyter" / "labextensions" / NAME
    described = json.loads((folder / "package.json").read_text())
    load = described["jupyterlab"]["_build"]["load"]
    assert (folder / load).read_text() == (HUB / "labextension" / load).read_text()


def test_the_page_and_the_commands_are_in_it(fresh: Path) -> None:
    program = (
        "import nslab_hub.teaching as t, pathlib; "
        "print(sorted(p.suffix for p in pathlib.Path(t.__file__).parent.glob('page.*')))"
    )
    assert ".html" in asked(fresh, "-c", program)
    assert (fresh / "bin" / "nslab-hub-slips").exists()
