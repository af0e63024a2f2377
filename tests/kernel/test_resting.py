"""A lab that rests, from outside: it is listed, can be looked at, and wakes for who enters it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from machine import ALL_LISTED

from nslab import AddBridge, AddNamespace, Lab
from nslab.engine import labs

pytestmark = pytest.mark.kernel

NAME = f"rests-{os.getpid()}"


def nslab(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "nslab", *words),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def rests() -> Iterator[Lab]:
    """As an exercise's card has it that nobody has used yet."""
    with Lab(NAME, start=[AddNamespace("asleep"), AddBridge("br0")]) as lab:
        lab._may_rest = True
        assert lab._rest()
        yield lab


def listed() -> list[str]:
    return [one.engine for one in labs.running() if one.name == NAME]


def test_it_can_be_looked_at_and_goes_on_resting(rests: Lab) -> None:
    assert listed() == ["resting"]
    shown = nslab("show", "--lab", NAME)
    assert "asleep" in shown.stdout, shown.stderr
    assert rests.resting


def test_a_list_says_that_it_rests_and_what_is_in_it(rests: Lab) -> None:
    refused = subprocess.run(
        (sys.executable, "-c", ALL_LISTED, "enter", "--lab", "no-such-lab"),
        capture_output=True,
        text=True,
    )
    (line,) = [each for each in refused.stderr.splitlines() if NAME in each]
    assert "resting, with asleep" in line
    assert rests.resting


def test_it_wakes_for_who_enters_it_and_stays_awake(rests: Lab) -> None:
    entered = nslab("enter", "asleep", "--lab", NAME, "--", "ip", "-br", "link")
    assert entered.returncode == 0, entered.stderr
    assert "lo" in entered.stdout
    assert not rests.resting
    assert listed() == ["local"]
    assert not rests._rest(), "whoever has come in would lose what they do there"
    assert nslab("enter", "--lab", NAME, "--", "ip", "link", "show", "br0").returncode == 0
    assert rests.snapshot().link("br0").kind == "bridge"


def test_it_goes_from_the_list_when_it_is_closed_used_or_forgotten(rests: Lab) -> None:
    rests.run("true")
    assert listed() == ["local"]
    rests.close()
    assert listed() == []
    with Lab(NAME) as other:
        other._may_rest = True
        assert other._rest()
        assert listed() == ["resting"]
    assert listed() == []
    forgotten = Lab(NAME)
    forgotten._may_rest = True
    assert forgotten._rest()
    del forgotten
    assert listed() == []
