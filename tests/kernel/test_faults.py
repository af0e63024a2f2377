"""``lab.why`` and real faults, by kind: what is right today stays right.

The faults, the networks that look broken, and the truth by real packets are in benchmarks/faults.
What is not right yet is in its ``states.json``, with what is said of it today: nothing may become
worse than that.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
from faults import judge, plan, states, table, topologies, truth
from faults.catalogue import FAULTS, KINDS
from faults.exotic import WORKING
from faults.values import Fault, Working

pytestmark = pytest.mark.kernel

HERE = tuple(fault for fault in FAULTS if fault.engine == "local" and plan.here(fault))
HERE_KINDS = tuple(kind for kind in KINDS if any(fault.kind == kind for fault in HERE))
_DRAW = random.Random(os.environ.get("NSLAB_SEED", ""))
DRAWN = tuple(
    _DRAW.choice([fault for fault in HERE if fault.kind == kind])
    for kind in sorted(_DRAW.sample(HERE_KINDS, len(HERE_KINDS) // 5))
)
"""One fault of each of a fifth of the kinds: other ones for each commit."""

SEED = 13


def hold(tried: Fault | Working) -> None:
    """What is said of it is no worse than what is written down.

    Once more, if it is: on a busy machine an answer may come too late to be believed.
    """
    wanted = states.read().get(tried.id)
    for last in (False, True):
        (outcome,) = plan.tried(tried)
        said = states.state(outcome)
        if states.worth(said) >= states.worth(wanted or "right"):
            return
        if last:
            raise AssertionError(
                f"written down: {wanted or 'right'}; now {said}\n{table.line(outcome)}"
            )


@pytest.mark.parametrize("fault", DRAWN, ids=[fault.id for fault in DRAWN])
def test_some(fault: Fault) -> None:
    hold(fault)


@pytest.mark.parametrize("kind", HERE_KINDS)
def test_a_kind(kind: str) -> None:
    for fault in HERE:
        if fault.kind == kind:
            hold(fault)


LOOK_BROKEN = tuple(each for each in WORKING if each.engine == "local" and plan.here(each))


@pytest.mark.parametrize("working", LOOK_BROKEN, ids=[each.id for each in LOOK_BROKEN])
def test_what_works(working: Working) -> None:
    hold(working)


@pytest.mark.parametrize(
    "name", [t.name for t in topologies.TOPOLOGIES.values() if t.engine == "local"]
)
def test_a_topology_works(name: str) -> None:
    """Else its faults would prove nothing."""
    topology = topologies.TOPOLOGIES[name]
    with judge.make(topology) as lab:
        for question in topology.questions:
            assert truth.comes_to_work(lab, question), question


def test_there_are_enough() -> None:
    assert len(FAULTS) >= 150
    assert len(KINDS) >= 60
    assert len({fault.topology for fault in FAULTS}) >= 6
    assert len(WORKING) >= 60
    assert len(plan.pairs(SEED, 100)) == 100
    ids = [each.id for each in (*FAULTS, *WORKING)]
    assert len(ids) == len(set(ids)), "each has a name of its own"


def test_the_states_are_of_what_there_is() -> None:
    assert set(states.read()) <= plan.names()
    assert "error" not in states.read().values()
