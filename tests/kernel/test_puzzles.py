"""Puzzles on the real kernel: whole at first, broken as it is said, mended by its remedy alone."""

from __future__ import annotations

import pytest
from waiting import until

import nslab
from nslab import InvalidInput, Lab
from nslab.course.exercises import judging
from nslab.course.puzzles import shop
from nslab.course.puzzles.faults import FAULTS, Fault
from nslab.course.puzzles.puzzle import drawn

PAIRS = ["eleven", "twelve", *(f"pair-{number}" for number in range(40))]


def broken(lab: Lab) -> set[str]:
    """What does not work, tried for real."""
    return {name for name, check in shop.WORKS.items() if not judging.held(check, lab)}


def test_it_is_whole_before_it_is_broken() -> None:
    with Lab(start=shop.BUILT) as lab:
        assert broken(lab) == set()


# Each waits for pings that nobody answers: of each kind one for every commit, the rest nightly.
OFTEN = {"forwarding-off", "forward-drop", "small-port", "stale-neighbour"}
EVERY = [
    pytest.param(fault, marks=[] if fault.name in OFTEN else [pytest.mark.nightly], id=fault.name)
    for fault in FAULTS
]


@pytest.mark.parametrize("fault", EVERY)
def test_a_fault_breaks_what_it_says_and_is_mended(fault: Fault) -> None:
    with Lab(start=(*shop.BUILT, *fault.made)) as lab:
        assert broken(lab) == set(fault.breaks)
        for line in fault.mended:
            assert not lab.sh(str(line), echo=False).failures
        # A neighbour that was asked for in vain is asked again after a while.
        until(lambda: broken(lab) == set())


@pytest.mark.parametrize(
    "name", ["ten", *(pytest.param(name, marks=pytest.mark.nightly) for name in PAIRS)]
)
def test_of_a_pair_both_are_to_be_mended(name: str) -> None:
    exercise = drawn(name)
    faults = [fault for fault in FAULTS if fault.says in exercise.goal]
    for mended in faults if len(faults) > 1 else []:
        with nslab.puzzle(name) as lab:
            for line in mended.mended:
                lab.sh(str(line), echo=False)
            (other,) = [fault for fault in faults if fault is not mended]
            assert broken(lab) & set(other.breaks), f"to mend {mended.name} was enough"
    with nslab.puzzle(name) as lab:
        assert not lab.solved()
        for line in exercise.answer:
            assert not lab.sh(str(line), echo=False).failures
        until(lab.solved)


@pytest.mark.parametrize("name", ["one", "seven"])
def test_what_breaks_something_else_is_refused(name: str) -> None:
    exercise = drawn(name)
    for wrong in exercise.wrong:
        with nslab.puzzle(name) as lab:
            for line in wrong.way:
                assert not lab.sh(str(line), echo=False).failures
            verdicts = exercise.judge(lab)
        said = [verdict.message for verdict in verdicts if not verdict]
        assert any(wrong.reason in message for message in said), (wrong, said)


def test_help_costs_stars() -> None:
    with nslab.puzzle("a puzzle that no other test draws") as lab:
        assert lab.stars == 3
        assert lab.symptom in lab._repr_mimebundle_()["text/plain"]
        with pytest.raises(InvalidInput, match="allow_why"):
            lab.why("till", "203.0.113.80")
        lab.allow_why()
        assert lab.stars == 2
        assert lab.why("host", "127.0.0.1")
        lab.hint()
        assert lab.stars == 1
        assert "lab.hint() opens a hint" in str(lab.solved())
        assert "ask once more" in str(lab.solution())
        assert "one way:" in str(lab.solution())
        assert lab.stars == 0
