"""benchmarks/class, with two learners: a real hub, from its installation to the table."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.kernel, pytest.mark.root, pytest.mark.nightly, pytest.mark.alone]


def traces() -> set[str]:
    """What a hub and its learners could leave behind."""
    patterns = (
        *("tmp/nslab-hub-*", "tmp/nslab-class-*", "var/lib/nslab-class-*"),
        *("sys/fs/cgroup/nslab-hub*", "sys/fs/cgroup/*/nslab-hub*"),
    )
    found = {str(each) for pattern in patterns for each in Path("/").glob(pattern)}
    users = [line.partition(":")[0] for line in Path("/etc/passwd").read_text().splitlines()]
    return found | {name for name in users if name.startswith("nslt-class")}


def test_two_learners_do_the_lesson_and_nothing_is_left(tmp_path: Path) -> None:
    before, results = traces(), tmp_path / "class.json"
    words = (sys.executable, str(ROOT / "benchmarks" / "class"), "--json", str(results))
    ended = subprocess.run(
        (*words, "--learners", "2", "--pause", "0.1"), capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr[-2000:] + ended.stdout[-2000:]
    found = json.loads(results.read_text())["2"]
    assert found["did the lesson"] == 2
    assert found["failures"] == []
    assert found["cell"] > 0
    assert {"kernel", "lab", "server"} <= set(found["memory"])
    assert "| 2 | 2 |" in ended.stdout
    assert not traces() - before
    again = subprocess.run((*words, "--table"), capture_output=True, text=True)
    assert again.stdout.splitlines()[0] in ended.stdout
