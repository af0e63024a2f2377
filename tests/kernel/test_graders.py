"""The assignments under examples/, through the real nbgrader and the real otter-grader, by the
commands of their manuals: released, answered, collected and graded.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

BUILT = "ip link add lxcbr1 type bridge stp_state 1\nifconfig lxcbr1 192.168.20.1/24 up"
MENDED = "ip addr del 192.168.10.1/24 dev eth0\nifconfig lxcbr0 192.168.10.1/24 up"
HALF = "ifconfig lxcbr0 192.168.10.1/24 up"

pytestmark = pytest.mark.notebook


def run(folder: Path, *words: str) -> str:
    """What a program of this Python's says; fails if it does."""
    environment = {
        **os.environ,
        "HOME": str(folder),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "USER": "ada",
        "LOGNAME": "ada",
    }
    ended = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"{words}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout + ended.stderr


def answered(path: Path, target: Path, *answers: str) -> None:
    """A copy of a notebook in which each empty answer is filled in, in order."""
    notebook = json.loads(path.read_text())
    rest = list(answers)
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and source.startswith("%%host\n# your commands"):
            cell["source"] = f"%%host\n{rest.pop(0)}"
    assert not rest, "an answer has no cell"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.write_text(json.dumps(notebook))


def test_nbgrader(tmp_path: Path) -> None:
    course, student, exchange = (tmp_path / name for name in ("course", "ada", "exchange"))
    shutil.copytree(EXAMPLES / "nbgrader", course)
    student.mkdir()
    exchange.mkdir()
    exchange.chmod(0o777)
    root = f"--Exchange.root={exchange}"

    def nbgrader(folder: Path, *words: str) -> str:
        return run(folder, sys.executable, "-m", "nbgrader", *words)

    said = nbgrader(course, "validate", "source/bridge/bridge.ipynb")
    assert "passes all the tests" in said, "the solution itself"
    nbgrader(course, "generate_assignment", "bridge")
    nbgrader(course, "release_assignment", "bridge", root)
    nbgrader(student, "fetch_assignment", "bridge", root, "--course", "namespaces")
    mine = student / "bridge" / "bridge.ipynb"
    assert "lxcbr1 on" not in mine.read_text(), "no solution is handed out"
    answered(mine, mine, BUILT, HALF)
    nbgrader(student, "submit", "bridge", root, "--course", "namespaces")
    nbgrader(course, "collect", "bridge", root)
    (handed,) = (course / "submitted").iterdir()
    # Another one's, as nbgrader takes files that came by other ways.
    answered(
        course / "release" / "bridge" / "bridge.ipynb",
        course / "submitted" / "bob" / "bridge" / "bridge.ipynb",
        BUILT,
        MENDED,
    )
    nbgrader(course, "autograde", "bridge")
    nbgrader(course, "export")
    with (course / "grades.csv").open() as file:
        marks = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert marks == {handed.name: 2.0, "bob": 5.0}
    nbgrader(course, "generate_feedback", "bridge")
    feedback = (course / "feedback" / handed.name / "bridge" / "bridge.html").read_text()
    assert "eth0 still has the address 192.168.10.1/24" in feedback


def test_otter(tmp_path: Path) -> None:
    course = tmp_path / "course"
    shutil.copytree(EXAMPLES / "otter", course)
    otter = str(Path(sys.executable).with_name("otter"))
    # It runs the tests on the solutions, and fails if they do.
    run(course, otter, "assign", "bridge.ipynb", "dist", "--no-pdfs")
    handed_out = course / "dist" / "student" / "bridge.ipynb"
    assert "lxcbr1 on" not in handed_out.read_text(), "no solution is handed out"
    (autograder,) = (course / "dist" / "autograder").glob("*.zip")
    scores = {}
    for name, answers in (("ada", (BUILT, HALF)), ("bob", (BUILT, MENDED))):
        answered(handed_out, course / name / "bridge.ipynb", *answers)
        out = course / name
        run(course, otter, "run", f"{name}/bridge.ipynb", "-a", str(autograder), "-o", str(out))
        results = json.loads((out / "results.json").read_text())
        scores[name] = {test["name"]: test["score"] for test in results["tests"] if "score" in test}
    assert scores == {"ada": {"build": 2.0, "mend": 0.0}, "bob": {"build": 2.0, "mend": 3.0}}
