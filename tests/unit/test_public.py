"""What a public project shows at its door: the wheel and its types, workflows, citation."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import wheel
import yaml

import nslab

ROOT = wheel.ROOT
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

USER = """\
from nslab import AddBridge, CommandResult, Lab, lesson

lab = Lab(engine="fake")
reveal_type(lab.sh("true"))
reveal_type(lab.do(AddBridge("br0")).changes)
reveal_type(lesson("02-bridge").steps)
lab.sh(3)
lab.no_such_method()
result: CommandResult = lab.sh("true")
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    wheel.install(folder)
    return folder


def test_a_users_type_checker_sees_the_types(built: Path, tmp_path: Path) -> None:
    """In an environment that has the wheel, as any user's has."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    (packages,) = (tmp_path / "env" / "lib").glob("python3.*/site-packages")
    ours = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "installed.pth").write_text("\n".join([str(built / "site"), *ours]) + "\n")
    (tmp_path / "user.py").write_text(USER)
    argv = [sys.executable, "-m", "mypy", "--python-executable", tmp_path / "env/bin/python"]
    ended = subprocess.run(
        [*argv, "--cache-dir", tmp_path / "cache", "user.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = ended.stdout.splitlines()
    said = [re.sub(r"^user.py:(\d+): ", r"\1 ", line) for line in lines[:-1]]
    assert said[:3] == [
        '4 note: Revealed type is "nslab.session.outcome.CommandResult"',
        '5 note: Revealed type is "nslab.network.diff.change.Diff | None"',
        '6 note: Revealed type is "tuple[nslab.session.step.Step, ...]"',
    ], ended.stdout + ended.stderr
    assert [line.partition(" error: ")[0] for line in said[3:] if " error: " in line] == ["7", "8"]


def test_the_wheel_has_what_it_should_and_nothing_else(built: Path) -> None:
    (file,) = built.glob("*.whl")
    names = zipfile.ZipFile(file).namelist()
    kinds = {
        ".py",
        ".css",
        ".js",
        ".sh",
        ".json",
        ".svg",
        ".po",
        ".pot",
        ".mo",
        ".ipynb",
        ".typed",
        ".cfg",
        ".in",
    }
    about = re.compile(r"nslab-[\d.]+\.(dist-info|data)/")
    for name in names:
        if not about.match(name):
            assert name.startswith("nslab/"), name
            assert Path(name).suffix in kinds or name.endswith("/py.typed"), name
    assert "nslab/py.typed" in names
    spec = f"nslab-{nslab.__version__}.data/data/share/jupyter/kernels/nslab/kernel.json"
    assert spec in names
    assert not [name for name in names if name.endswith("ipython_kernel_config.json")]


def test_the_wheel_passes_the_checks_of_its_release(built: Path, tmp_path: Path) -> None:
    """The very lines of the workflow that publishes it, on what it would build."""
    flow = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
    lines = [step.get("run", "") for step in flow["jobs"]["build"]["steps"]]
    checks = [line for line in lines if "check" in line.split("pip install")[0]]
    assert len(checks) == 2, lines
    (tmp_path / "dist").mkdir()
    for file in built.glob("*.whl"):
        (tmp_path / "dist" / file.name).symlink_to(file)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for line in checks:
        ended = subprocess.run(
            ("sh", "-c", line),
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, (line, ended.stdout, ended.stderr)


def test_no_leftover_is_committed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:  # a copy for another user, without the repository
        names = [str(path) for path in ROOT.rglob("*") if ".venv" not in path.parts]
    else:
        names = listed.stdout.splitlines()
    assert not [name for name in names if re.search(r"\.(orig|rej|swp|bak)$|~$", name)]


def test_the_workflows_are_sound() -> None:
    files = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    program = Path(sys.executable).with_name("actionlint")
    ended = subprocess.run([program, "-no-color", *files], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_every_python_that_is_promised_is_tested(python: str) -> None:
    assert f"Programming Language :: Python :: {python}" in PROJECT["classifiers"]
    flow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())
    assert python in flow["jobs"]["python"]["strategy"]["matrix"]["python"]


def test_the_citation_is_of_this_version() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["version"] == nslab.__version__ == PROJECT["version"]
    assert cited["license"] == PROJECT["license"]
