"""Puzzles on the real kernel: whole at first, broken as it is said, mended by its remedy alone."""

from __future__ import annotations

from typing import Any

import pytest
from handles import part
from msgspec import structs
from puzzling import broken, typed
from waiting import until

import nslab
from nslab import InvalidInput, Lab
from nslab.course.puzzles import puzzle as puzzle_module
from nslab.course.puzzles.networks import NETWORKS, every
from nslab.course.puzzles.puzzle import Puzzle, drawn, faults_of
from nslab.course.puzzles.values import Fault, Network, stopped
from nslab.errors import NslabError, ToolMissing
from nslab.session import views

PAIRS = ["eleven", "twelve", *(f"pair-{number}" for number in range(30))]
HERE = {name: network for name, network in NETWORKS.items() if not network.engine}
"""Those that this kernel can have; the others: tests/vm/test_puzzles.py."""


@pytest.mark.parametrize(
    "network",
    [
        # To start Docker takes seconds; a fault of that network, below, begins with the same.
        pytest.param(network, id=name, marks=[pytest.mark.nightly] if network.programs else [])
        for name, network in HERE.items()
    ],
)
def test_it_is_whole_before_it_is_broken(network: Network) -> None:
    """And no line fails that builds it: where a lab begins, one that fails is passed over."""
    with Lab() as lab:
        for line in network.built:
            typed(lab, line)
        until(lambda: broken(lab, network) == set())


# Each waits for pings that nobody answers: one of each network for every commit, the rest nightly.
OFTEN = {
    *("forward-drop", "echo-off", "not-published", "answers-dropped"),
    *("own-front-door", "the-host-itself", "a-smaller-cable", "large-books"),
    "before-dockers-own-rules",
}
EVERY = [
    pytest.param(
        network,
        fault,
        marks=[] if fault.name in OFTEN else [pytest.mark.nightly],
        id=f"{network.name}: {fault.name}",
    )
    for network, fault in every()
    if not network.engine
]


@pytest.mark.parametrize(("network", "fault"), EVERY)
def test_a_fault_breaks_what_it_says_and_is_mended(network: Network, fault: Fault) -> None:
    with Lab(start=network.built) as lab:
        for line in fault.made:
            typed(lab, line)
        # A link's IPv6 may be ready a second after the link is up, and its neighbours later still.
        until(lambda: broken(lab, network) == set(fault.breaks))
        for line in fault.mended:
            typed(lab, line)
        # A neighbour that was asked for in vain is asked again after a while.
        until(lambda: broken(lab, network) == set())


@pytest.mark.parametrize(
    "name", ["ten", *(pytest.param(name, marks=pytest.mark.nightly) for name in PAIRS)]
)
def test_of_a_pair_both_are_to_be_mended(name: str) -> None:
    exercise = drawn(name)
    network, faults = faults_of(name)
    for mended in faults if len(faults) > 1 else []:
        with nslab.puzzle(name) as lab:
            for line in mended.mended:
                lab.sh(str(line), echo=False)
            (other,) = [fault for fault in faults if fault is not mended]
            assert broken(lab, network) & set(other.breaks), f"to mend {mended.name} was enough"
    with nslab.puzzle(name) as lab:
        assert not lab.solved()
        for line in exercise.answer:
            typed(lab, line)
        until(lab.solved)


@pytest.mark.parametrize(
    "name",
    ["three", *(pytest.param(name, marks=pytest.mark.nightly) for name in ("four", "seven"))],
)
def test_what_breaks_something_else_is_refused(name: str) -> None:
    exercise = drawn(name)
    for wrong in exercise.wrong:
        with nslab.puzzle(name) as lab:
            for line in wrong.way:
                assert not lab.sh(str(line), echo=False).failures
            verdicts = exercise.judge(lab)
        said = [verdict.message for verdict in verdicts if not verdict]
        assert any(wrong.reason in message for message in said), (wrong, said)


def test_a_puzzle_that_cannot_be_made_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lab whose start failed in part would have another symptom than it says."""
    plain = drawn("one")
    lines = (*plain.begin[:-1], "ip link set nowhere down", plain.begin[-1])
    with pytest.raises(
        NslabError, match="'ip link set nowhere down': Cannot find device"
    ) as caught:
        Puzzle(structs.replace(plain, begin=lines))
    assert "nslab doctor" in caught.value.hint
    with pytest.raises(NslabError, match="a line that makes it failed") as caught:
        Puzzle(structs.replace(plain, begin=("false",)), "local", network=NETWORKS["vlan"])
    assert "leave engine= out" in caught.value.hint
    monkeypatch.delenv("NSLAB_ENGINE", raising=False)
    monkeypatch.setattr(puzzle_module, "which", lambda name, path: name != "dockerd")
    with pytest.raises(ToolMissing, match="this machine has no dockerd") as missing:
        nslab.puzzle("ada", network="docker")
    assert "install --no-install-recommends docker.io" in missing.value.hint


@pytest.mark.nightly
def test_a_real_engine_is_there_again_after_undo() -> None:
    with nslab.puzzle("ada", network="docker") as lab:
        assert not lab.solved()
        for line in lab.exercise.answer:
            typed(lab, line)
        until(lab.solved)
        lab.undo()
        assert not lab.solved()
        assert "app" in lab.run("docker", "ps", "--format", "{{.Names}}").stdout


def test_a_puzzle_has_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    class Notebook:
        lab: Any = None

        def use(self, lab: Lab) -> None:
            self.lab = lab

        def uses(self, lab: Lab) -> bool:
            return self.lab is lab

    with nslab.puzzle("three") as lab:
        assert "lab.solved()" in str(lab.card())
        made = Notebook()
        monkeypatch.setattr(views, "notebook", lambda: made)
        card: Any = lab.card()
        assert made.lab is lab
        bundle = card._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        assert lab.symptom in data["text/plain"]
        for line in lab.exercise.answer:
            lab.sh(str(line), echo=False)
        until(lambda: lab.exercise.attempt.passed)
        card.close()
    card = nslab.puzzle("three").card()
    made.lab.close()
    until(lambda: "has ended" in part(card, "says").value)
    part(card, "again").click()
    until(lambda: isinstance(lab.exercise.attempt.lab, Puzzle))
    again = lab.exercise.attempt.lab
    assert isinstance(again, Puzzle), "another puzzle, in which why costs nothing any longer"
    with again:
        assert again.why("app", "203.0.113.80").steps
        assert not again.solved(), "it is broken as it was"
    card.close()


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


def test_it_says_what_is_to_be_done_where_and_a_hint_helps_to_mend() -> None:
    for name in ("two", "ten"):
        exercise, (network, faults) = drawn(name), faults_of(name)
        assert exercise.goal.startswith(network.about)
        assert all(f"“{fault.says}”" in exercise.goal for fault in faults)
        assert "mend it without breaking anything else" in exercise.goal
        for fault in faults:
            assert all(f"`{line}`" in exercise.hints[2] for line in fault.mended)
            assert not any(str(line) in exercise.hints[2] for line in fault.made)
    with nslab.puzzle("a puzzle of many words") as lab:
        assert "whose first line is %%host" in lab._repr_mimebundle_()["text/plain"]
        assert " " not in lab.name, "as `%%host -l NAME` takes it"


def test_a_server_finds_its_port_free_at_once_where_another_was_ended() -> None:
    """A process leaves its namespace before its sockets are closed."""
    serve = "ip netns exec one busybox httpd -p 80 -h / </dev/null >/dev/null 2>&1"
    with Lab() as lab:
        lab.sh(f"ip netns add one; {serve}", echo=False)
        again = f"{stopped('one')}; {serve} || echo in use"
        assert lab.sh(f"for n in $(seq 300); do {again}; done", echo=False).stdout == ""
