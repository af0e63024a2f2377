"""Every test is in one tier, and a commit draws its own tenth of the nightly ones."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import tiers

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
NAMES = [f"tests/kernel/test_x.py::test_y[{number}]" for number in range(2000)]


def test_a_test_without_a_word_runs_for_every_commit() -> None:
    assert tiers.tier_of("tests/unit/test_new.py::test_something") == "per-commit"
    assert tiers.tier_of("tests/kernel/test_new.py::test_something", {"kernel"}) == "per-commit"


def test_a_marker_comes_before_the_table() -> None:
    name = "tests/kernel/test_lifetime.py::test_nothing_is_left_after_close"
    assert tiers.tier_of(name) == "root-smoke"
    assert tiers.tier_of(name, {"kernel", "nightly"}) == "nightly"


def test_of_what_is_much_alike_a_share_runs_for_every_commit_always_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = tiers.Row(r"test_x\.py", "root-smoke", 4)
    monkeypatch.setattr(tiers, "TABLE", (row,))
    monkeypatch.setattr(tiers, "_PATTERNS", [re.compile(row.pattern)])
    found = [tiers.tier_of(name) for name in NAMES]
    assert set(found) == {"root-smoke", "nightly"}
    assert 0.2 < found.count("root-smoke") / len(found) < 0.3
    assert found == [tiers.tier_of(name) for name in NAMES]


def test_two_markers_are_refused() -> None:
    with pytest.raises(tiers.Ambiguous, match="nightly and root-smoke"):
        tiers.tier_of("x::y", {"nightly", "root_smoke"})


def test_a_virtual_machine_tries_what_its_kernel_decides() -> None:
    same = "tests/contract/test_same.py::test_action"
    assert tiers.tier_of(f"{same}_of_a_full_kernel[vm-add-ipvlan-i1]") == "per-commit"
    assert tiers.tier_of(f"{same}[vm-rename-eth0-in-ns1]") == "per-commit"
    assert tiers.tier_of(f"{same}[vm-add-bridge-br1]") == "nightly"
    assert tiers.tier_of(f"{same}[local-add-bridge-br1]") == "per-commit"


def test_a_tenth_is_drawn_and_another_one_for_each_commit() -> None:
    drawn = {seed: {name for name in NAMES if tiers.drawn(name, seed)} for seed in "abc"}
    for names in drawn.values():
        assert 0.05 < len(names) / len(NAMES) < 0.15
    assert drawn["a"] == {name for name in NAMES if tiers.drawn(name, "a")}
    assert drawn["a"] != drawn["b"] != drawn["c"]


def test_in_the_end_all_are_drawn() -> None:
    seen = {name for seed in range(200) for name in NAMES if tiers.drawn(name, str(seed))}
    assert seen == set(NAMES)


def test_what_a_run_takes() -> None:
    def taken(wanted: str) -> set[tuple[str, str]]:
        return {
            (tier, name)
            for tier in tiers.TIERS
            for name in NAMES
            if tiers.runs(tier, name, wanted=wanted, seed="a")
        }

    everything = {(tier, name) for tier in tiers.TIERS for name in NAMES}
    commit, root = taken("per-commit+tenth"), taken("root-smoke+tenth")
    assert taken("") == everything
    assert taken("per-commit") == {one for one in everything if one[0] != "nightly"}
    assert taken("root-smoke") == {one for one in everything if one[0] == "root-smoke"}
    assert {name for tier, name in commit if tier != "nightly"} == set(NAMES)
    assert 0 < len([one for one in commit if one[0] == "nightly"]) < len(NAMES) / 5
    assert {name for tier, name in root if tier == "root-smoke"} == set(NAMES)
    assert 0 < len([one for one in root if one[0] == "per-commit"]) < len(NAMES) / 5


def test_notebooks() -> None:
    paths = sorted(str(path) for path in (ROOT / "notebooks").glob("*.ipynb"))
    nightly = {number for number, tier in tiers.BOOKS.items() if tier == "nightly"}
    for_a_commit = {
        Path(path).name[:2] for path in tiers.books(paths, wanted="per-commit", seed="")
    }
    assert for_a_commit == {Path(path).name[:2] for path in paths} - nightly
    assert tiers.books(paths, wanted="", seed="") == paths
    some = tiers.books(paths, wanted="root-smoke", seed="")
    assert {Path(path).name[:2] for path in some} == {"08"}
    for numbers in (tiers.BOOKS, tiers.BOOKS_IN_VM):
        assert set(numbers) <= {Path(path).name[:2] for path in paths}


def test_every_row_of_the_table_names_tests() -> None:
    """Collected anew, because the run that this is part of may not have all tests."""
    listed = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--collect-only",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "tests/unit",
            "tests/contract",
            "tests/kernel",
            "tests/vm",
            "tests/browser",
            "tests/docs",
            "tests/vagrant",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin"},
        check=True,
    )
    names = [line for line in listed.stdout.splitlines() if "::" in line]
    assert len(names) > 500
    used = {tiers.row_of(name) for name in names}
    idle = [row.pattern for n, row in enumerate(tiers.TABLE) if n not in used]
    assert not idle, "no test is called so"


def test_no_tier_is_misspelt() -> None:
    assert {row.tier for row in tiers.TABLE} <= set(tiers.TIERS)
    for path in TESTS.rglob("test_*.py"):
        for word in re.findall(r"@pytest\.mark\.(\w*(?:commit|smoke|night)\w*)", path.read_text()):
            assert word in tiers.MARKERS, path


def test_every_folder_of_tests_is_in_a_part_of_the_run() -> None:
    script = (TESTS.parent / "script" / "test").read_text()
    looked_in = set(re.findall(r"tests/(\w+)", script))
    for line in re.findall(r"^ *look_in ([\w ]+) --", script, re.MULTILINE):
        looked_in |= set(line.split())
    folders = {path.relative_to(TESTS).parts[0] for path in TESTS.rglob("test_*.py")}
    assert folders <= looked_in


def test_a_module_that_tests_import_is_in_one_folder() -> None:
    """All folders are on the path: of two of a name, which one is found depends on what runs."""
    imported = {
        name
        for path in TESTS.rglob("*.py")
        for name in re.findall(r"^\s*(?:from|import) (test_\w+)", path.read_text(), re.MULTILINE)
    }
    found = Counter(path.stem for path in TESTS.rglob("test_*.py") if path.stem in imported)
    assert imported == set(found)
    assert [name for name, times in found.items() if times > 1] == []
