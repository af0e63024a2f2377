"""Puzzles that need a full kernel, in a virtual machine: the twin of tests/kernel/test_puzzles.py.

The faults of a network share a machine, one after another: each is mended before the next.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
from puzzling import broken, typed
from waiting import until

import nslab
from nslab import EngineUnavailable, Lab
from nslab.course.puzzles.networks import NETWORKS, every
from nslab.course.puzzles.puzzle import drawn
from nslab.course.puzzles.values import Fault, Network

pytestmark = [pytest.mark.vm, pytest.mark.usefixtures("made")]

THERE = {name: network for name, network in NETWORKS.items() if network.engine == "vm"}
EVERY = [
    pytest.param(network, fault, id=f"{network.name}: {fault.name}")
    for network, fault in every()
    if network.engine == "vm"
]


@pytest.fixture(scope="module")
def whole() -> Iterator[Callable[[Network], Lab]]:
    """Labs in which a network is whole, one for each."""
    made: dict[str, Lab] = {}

    def give(network: Network) -> Lab:
        if network.name not in made:
            lab = made[network.name] = Lab(engine=network.engine)
            for line in network.built:
                typed(lab, line)
            until(lambda: broken(lab, network) == set())
        return made[network.name]

    with contextlib.ExitStack() as ending:
        yield give
        for lab in made.values():
            ending.callback(lab.close)


@pytest.mark.nightly
@pytest.mark.parametrize(("network", "fault"), EVERY)
def test_a_fault_breaks_what_it_says_and_is_mended(
    network: Network, fault: Fault, whole: Callable[[Network], Lab]
) -> None:
    """In a lab that was whole before; no line fails that builds, breaks or mends it."""
    lab = whole(network)
    for line in fault.made:
        typed(lab, line)
    forgotten(lab)
    until(lambda: broken(lab, network) == set(fault.breaks))
    for line in fault.mended:
        typed(lab, line)
    until(lambda: broken(lab, network) == set())


def forgotten(lab: Lab) -> None:
    """What was learned while all worked, nobody knows where a fault was there first."""
    away = "ip neigh flush all; ip -all netns exec ip neigh flush all >/dev/null"
    typed(lab, away)
    for ns in ("lan", "router"):
        assert not lab.sh("ip neigh flush all", ns, echo=False).failures


@pytest.mark.parametrize("network", ["ipvlan", pytest.param("vlan", marks=pytest.mark.nightly)])
def test_one_is_drawn_refused_and_solved(network: str) -> None:
    """Its lab is a virtual machine without being asked for one.

    For every commit this is the sample of them: it builds, breaks, refuses and mends.
    """
    exercise = drawn("ada", network)
    wrong = exercise.wrong[1]
    with nslab.puzzle("ada", network=network) as lab:
        assert lab.engine.name == "vm"
        assert not lab.solved()
        for line in exercise.answer:
            typed(lab, line)
        until(lab.solved)
        typed(lab, wrong.way[-1])
        assert wrong.reason in str(lab.solved())


def test_without_qemu_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSLAB_QEMU", "qemu-of-nowhere")
    with pytest.raises(EngineUnavailable, match="there is no qemu-of-nowhere") as caught:
        nslab.puzzle("ada", network="vlan")
    assert "sudo apt-get install qemu-system-x86" in caught.value.hint
