"""The faults of script/mutate can still be put in: each text is there, once."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "mutation"))
from mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]

SOURCES = {path: path.read_text() for path in (ROOT / "nslab").rglob("*.py")}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_it_changes_one_place_and_leaves_python(mutant: Mutant) -> None:
    (path,) = [path for path, text in SOURCES.items() if mutant.was in text]
    assert SOURCES[path].count(mutant.was) == 1
    ast.parse(SOURCES[path].replace(mutant.was, mutant.becomes))
    for name in mutant.tests:
        assert (ROOT / name).exists(), name


def test_every_room_has_some() -> None:
    rooms = {mutant.name.partition(":")[0] for mutant in MUTANTS}
    assert rooms >= {"agent", "draw", "diagnose", "builder", "player", "live", "inspector"}
