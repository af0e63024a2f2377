"""Puzzles as values: the same for the same name, of rising difficulty, and what help costs."""

from __future__ import annotations

from pathlib import Path

import pytest

import nslab
from nslab import InvalidInput
from nslab.course.progress import store
from nslab.course.progress.record import STARS, Record
from nslab.course.puzzles import shop
from nslab.course.puzzles.faults import FAULTS, Fault
from nslab.course.puzzles.puzzle import NAMED, drawn

SEEDS = [*map(str, range(300)), "a word"]


def test_the_same_name_is_the_same_puzzle() -> None:
    assert [drawn(seed) for seed in SEEDS] == [drawn(seed) for seed in SEEDS]
    assert drawn(7).begin == drawn("7").begin
    assert len({drawn(seed).begin for seed in SEEDS}) > 60


def test_a_dozen_have_names_and_get_harder() -> None:
    assert len(NAMED) == 12
    known = {fault.name: fault for fault in FAULTS}
    levels = [max(known[one].level for one in some) + len(some) for some in NAMED.values()]
    assert levels == sorted(levels)
    assert len({drawn(name).goal for name in NAMED}) == 12


def test_every_fault_is_drawn_alone_and_in_a_pair() -> None:
    single, paired = set(), set()
    for seed in SEEDS:
        goal = drawn(seed).goal
        said = {fault.name for fault in FAULTS if fault.says in goal}
        assert len(said) in (1, 2)
        (single if len(said) == 1 else paired).update(said)
    assert single == paired == {fault.name for fault in FAULTS}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_written_out(fault: Fault) -> None:
    assert fault.says.endswith(".")
    assert fault.breaks
    assert set(fault.breaks) <= set(shop.WORKS) - {"till-db"}
    assert fault.level in (1, 2, 3)
    for line in fault.made:
        assert line not in fault.says


def test_odd_names() -> None:
    for odd in ("", "  "):
        with pytest.raises(InvalidInput, match="it has no name"):
            drawn(odd)
    with pytest.raises(InvalidInput):
        nslab.puzzle(None)  # type: ignore[arg-type]


def test_stars() -> None:
    assert Record(passed=True).stars == STARS == 3
    assert Record(hints=1).stars == Record(why=1).stars == 2
    assert Record(hints=3, why=2).stars == 0
    assert Record(solution=True).stars == 0
    assert Record(why=1).merged(Record(hints=1)).stars == 1


def test_what_was_solved_is_on_the_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "progress.json"))
    assert "puzzles solved" not in str(nslab.progress())
    store.keep("puzzle-seven", Record(passed=True, hints=1))
    store.keep("puzzle-eight", Record(tries=1))
    assert "puzzles solved: seven ★★☆" in str(nslab.progress())
    assert "puzzles solved: seven ★★☆" in nslab.progress().html
    assert nslab.progress().data["puzzles"] == {"seven": 2}
