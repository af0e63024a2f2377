"""Every trial of benchmarks/ runs: small, once, and its result can be made a figure of."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
import figures
import measure
import trial

SIZE = 2
PLAN = measure.Plan(sizes=(SIZE,))
WAYS = tuple(way for way in measure.WAYS if way != "mininet" or shutil.which("mnexec"))
"""Debian's Mininet is large, and only compared with; where it is not installed, so it is said."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> trial.Place:
    return trial.Place(tmp_path_factory.mktemp("benchmarks"))


@pytest.mark.parametrize("way", WAYS)
def test_a_star(place: trial.Place, way: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = measure.star(place, way, SIZE)
    assert found["build"] > 0
    assert figures.series({f"star {SIZE} {way}": [found]}, f"star {SIZE} {way}", "build")
    if "mininet" not in WAYS and way == WAYS[-1]:
        with capsys.disabled():
            print("\nMininet is not installed: its trial was left out")


TRIALS = ["snapshot", "command", "imports", "ready", "why", "idle", "pictures", "live", "notebook"]
if os.geteuid() == 0:
    TRIALS.append("captures")  # its tcpdump changes its groups, which an ordinary user's may not


@pytest.mark.parametrize("name", TRIALS)
def test_a_trial(place: trial.Place, name: str) -> None:
    found = place.python(*measure.others(place, PLAN, small=True)[name])
    assert figures.compute({name: [found]}, PLAN)


@pytest.mark.vm
@pytest.mark.nightly
def test_a_trial_in_a_virtual_machine(place: trial.Place) -> None:
    found = place.python(*measure.others(place, PLAN, small=True)["vm"])
    assert figures.compute({"vm": [found]}, PLAN)


def test_there_are_no_other_trials(place: trial.Place) -> None:
    assert (
        set(measure.others(place, PLAN, small=True))
        == set(measure.others(place, PLAN))
        == {*TRIALS, "captures", "vm"}
    )


def test_what_limits_a_machine(tmp_path: Path) -> None:
    results = tmp_path / "limits.json"
    argv = [sys.executable, "benchmarks/limits", "--labs", "2", "--json", str(results)]
    root = Path(__file__).parents[2]
    ended = subprocess.run(argv, cwd=root, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(results.read_text())
    assert [burst["answered"] for burst in found["pings"]] == [2]
    assert found["one takes"]["network namespaces"] == 6, "host, ns1 and the four outside"
    assert found["one takes"]["neighbours"] > 1, "all labs' are in one table"
    assert "| neighbours |" in ended.stdout
