"""Puzzles as values: the same for the same name, of rising difficulty, and what help costs."""

from __future__ import annotations

import itertools
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from handles import part
from waiting import until

import nslab
from nslab import (
    AddBridge,
    Exercise,
    HasLink,
    InvalidInput,
    Lab,
    MustNot,
    SetUp,
    State,
    WrongAnswer,
)
from nslab.course.progress import store
from nslab.course.progress.record import STARS, Record
from nslab.course.puzzles.networks import DRAWN, LEFT_OUT, NETWORKS, every
from nslab.course.puzzles.puzzle import NAMED, Puzzle, drawn, faults_of
from nslab.course.puzzles.values import Fault, Network
from nslab.session import views
from nslab.session.check import Check, Verdict
from nslab.session.check.verdict import Asked

number = itertools.count(1)
SEEDS = [*map(str, range(1000)), "a word"]


def test_the_same_name_is_the_same_puzzle() -> None:
    assert [drawn(seed) for seed in SEEDS] == [drawn(seed) for seed in SEEDS]
    assert drawn(7).begin == drawn("7").begin
    assert len({drawn(seed).begin for seed in SEEDS}) > 300
    assert drawn(7, "branch").begin == drawn(7, "branch").begin
    assert drawn(7, "branch").name != drawn(7).name


def test_a_dozen_have_names_and_get_harder() -> None:
    assert len(NAMED) == 12
    faults = [faults_of(name)[1] for name in NAMED]
    levels = [max(one.level for one in some) + len(some) for some in faults]
    assert levels == sorted(levels)
    assert {place for place, _ in NAMED.values()} <= {network.name for network in DRAWN}
    assert len({drawn(name).goal for name in NAMED}) == 12


def test_every_fault_is_drawn_alone_and_in_a_pair() -> None:
    single, paired = set(), set()
    for seed in map(str, range(4000)):
        network, faults = faults_of(seed)
        assert len(faults) in (1, 2)
        for fault in faults:
            (single if len(faults) == 1 else paired).add((network.name, fault.name))
    wanted = {(network.name, fault.name) for network in DRAWN for fault in network.faults}
    assert single == wanted
    # What breaks all that another breaks would hide it: a few have no partner.
    assert len(paired) > 0.9 * len(wanted)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_is_drawn_from_when_it_is_named(network: str) -> None:
    names = {fault.name for seed in range(200) for fault in faults_of(str(seed), network)[1]}
    assert names == {fault.name for fault in NETWORKS[network].faults}


def test_every_kind_of_fault_is_among_them_or_it_is_said_why_not() -> None:
    """The kinds are those by which it is measured how often ``why`` is right."""
    sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
    from faults.catalogue import FAULTS, KINDS

    kinds = {fault.kind for _, fault in every()}
    assert kinds | set(LEFT_OUT) == set(KINDS)
    assert not kinds & set(LEFT_OUT)
    for kind in LEFT_OUT:
        assert all(fault.outside for fault in FAULTS if fault.kind == kind), kind


def test_no_word_draws_what_needs_more_than_a_lab() -> None:
    """A virtual machine, or Docker: they are for who asks for them by the network's name."""
    assert not any(one.engine or one.programs for one in DRAWN)
    there = [one for one in NETWORKS.values() if one.engine or one.programs]
    assert [one.name for one in there] == ["vlan", "ipvlan", "docker"]


@pytest.mark.parametrize(
    ("network", "fault"), every(), ids=[f"{one.name}: {fault.name}" for one, fault in every()]
)
def test_a_fault_is_written_out(network: Network, fault: Fault) -> None:
    assert fault.says.endswith(".")
    assert fault.breaks
    assert set(fault.breaks) <= set(network.works) - set(network.kept)
    assert fault.level in (1, 2, 3)
    for line in fault.made:
        assert line not in fault.says


TELLING = (
    "route routes gateway netmask prefix mtu arp mac vlan vxlan nat masquerade dnat snat iptables "
    "nft sysctl forwarding loopback neighbour macvlan mode port ports chain policy rp_filter ttl "
    "icmp udp tcp"
)
"""Words of who knows the cause; whoever only uses a network does not say them."""


@pytest.mark.parametrize("network", NETWORKS.values(), ids=list(NETWORKS))
def test_a_symptom_is_told_in_the_words_of_who_uses_the_network(network: Network) -> None:
    for fault in network.faults:
        words = set(re.findall(r"[a-z_]+", fault.says.lower()))
        assert not words & set(TELLING.split()), fault.says
        assert not re.search(r"\d+\.\d+", fault.says) or "supplier" in fault.says, fault.says


def test_odd_names() -> None:
    for odd in ("", "  "):
        with pytest.raises(InvalidInput, match="it has no name"):
            drawn(odd)
    with pytest.raises(InvalidInput):
        nslab.puzzle(None)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="the puzzle 'one': there is no network 'nowhere'"):
        drawn("one", "nowhere")
    with pytest.raises(InvalidInput) as slip:
        drawn("ada", "dokcer")
    assert "did you mean docker?" in str(slip.value)


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


def own(**fields: Any) -> Exercise:
    """A puzzle that a lab in memory can be."""
    word = f"own-{next(number)}"
    checks = (HasLink("br0"), State("br0", "up"))
    mustnot = (MustNot(HasLink("br1"), "nobody asked for br1"),)
    plain: dict[str, Any] = {
        "id": word,
        "kind": "mend",
        "goal": f"Somebody complains about {word}.",
        "checks": checks,
        "mustnot": mustnot,
        "hints": ("What is missing?", "Look at `ip link`.", "Add `br0`."),
        "answer": (AddBridge("br0"), SetUp("br0")),
        "others": (("ip link add br0 type bridge",),),
        "wrong": tuple(WrongAnswer((), "no link br0") for _ in range(3)),
        "lesson": "puzzle",
    }
    return Exercise(**(plain | fields))


def test_once_it_is_solved_help_costs_nothing_and_no_try_is_counted() -> None:
    with Puzzle(own(), "fake") as lab:
        assert not lab.solved()
        assert "lab.hint() opens a hint" in str(lab.solved())
        lab.do(AddBridge("br0"), SetUp("br0"))
        assert lab.solved()
        tries = lab.exercise.attempt.tries
        lab.do(AddBridge("br1"))
        assert "nobody asked for br1" in str(lab.solved())
        assert "hint()" not in str(lab.solved())
        assert lab.exercise.attempt.tries == tries == 3
        assert "hint 3 of 3" in str(lab.hint())
        lab.allow_why()
        assert lab.why("host", "127.0.0.1")
        assert lab.stars == 3


def test_why_is_paid_once_and_after_the_solution_nothing_is() -> None:
    with Puzzle(own(), "fake") as lab:
        lab.allow_why()
        lab.allow_why()
        assert lab.stars == 2
    with Puzzle(own(), "fake") as lab:
        lab.solution()
        assert "one way" in str(lab.solution())
        lab.hint()
        assert lab.exercise.attempt.hints == 0
        assert lab.why("host", "127.0.0.1")


def test_what_a_card_has_counted_is_not_counted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Notebook:
        def use(self, lab: Lab) -> None:
            """Nothing types into it."""

        def uses(self, lab: Lab) -> bool:
            return True

    monkeypatch.setattr(views, "notebook", Notebook)
    with Puzzle(own(), "fake") as lab:
        card: Any = lab.card()
        lab.do(AddBridge("br0"))
        until(lambda: lab.exercise.attempt.tries == 1)
        assert not lab.solved()
        assert lab.exercise.attempt.tries == 1
        lab.do(SetUp("br0"))
        assert lab.solved()
        until(lambda: "Solved" in part(card, "says").value)
        assert lab.exercise.attempt.tries == 2
        until(lambda: part(card, "hint").description == "Hint 1 of 3")
        for _ in range(3):
            part(card, "hint").click()
        until(lambda: "Add <code>br0</code>" in part(card, "hints").value)
        assert part(card, "foot").value.startswith("★★★ · tries: 2")
        card.close()


def test_it_says_in_the_card_s_words_what_is_wanted() -> None:
    class Shut(Check, frozen=True):
        """What must not get through, and does."""

        def ask(self, lab: Asked) -> Verdict:
            return Verdict(
                False, "job reaches 172.21.0.10", wanted="job does not reach 172.21.0.10"
            )

    with Puzzle(own(checks=(Shut(),)), "fake") as lab:
        assert "✘ job does not reach 172.21.0.10; now: job reaches" in str(lab.solved())
