"""Which engine a lab gets, and what is said where none will do; no kernel is asked."""

from __future__ import annotations

from collections.abc import Callable
from errno import ETIMEDOUT
from typing import Any

import pytest

from nslab.engine import choose, refusal
from nslab.engine.protocol import Options
from nslab.engine.refusal import Attempt
from nslab.errors import EngineUnavailable, InvalidInput

ALL = [Attempt(f"add a {kind}", needed=kind in ("veth", "bridge")) for kind in choose.MODULES]


def lacking(*kinds: str) -> list[Attempt]:
    """What a trial finds on a machine without these."""
    return [
        Attempt(step.name, 95, needed=step.needed) if step.name.split()[-1] in kinds else step
        for step in ALL
    ]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """A machine on which engines are names; what was started is in the list that it gives."""

    def machine(
        trial: list[Attempt] | None = None, refused: dict[str, EngineUnavailable] | None = None
    ) -> list[str]:
        started: list[str] = []

        def attempt() -> list[Attempt]:
            assert trial is not None, "the trial was not needed"
            return trial

        def factory(kind: str) -> Callable[[Options], Any]:
            def make(options: Options) -> str:
                if refused and kind in refused:
                    raise refused[kind]
                started.append(kind)
                return kind

            return make

        monkeypatch.delenv(choose.VARIABLE, raising=False)
        monkeypatch.setattr(refusal, "attempt", attempt)
        monkeypatch.setattr(choose, "factory", factory)
        return started

    return machine


NO_NAMESPACES = EngineUnavailable("start a lab", "here", "user namespace: refused", "allow them")
NO_QEMU = EngineUnavailable("start a lab", "in a virtual machine", "there is no QEMU", "install it")


def test_this_machine_first_and_without_a_trial(machine: Any) -> None:
    started, shown = machine(), []
    choose.choose(None, (), shown.append)(Options())
    assert started == ["local"]
    assert not shown


def test_what_is_named_is_taken(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    started = machine(refused={"local": NO_NAMESPACES})
    choose.choose("vm", ("ipvlan",))(Options())
    with pytest.raises(EngineUnavailable, match="user namespace"):
        choose.choose("local")(Options())
    monkeypatch.setenv(choose.VARIABLE, "ssh:box")
    choose.choose(None, ("ipvlan",))(Options())
    assert started == ["vm", "ssh:box"]


def test_a_machine_that_has_what_is_needed(machine: Any) -> None:
    started = machine(trial=lacking("vxlan"))
    choose.choose(None, ("ipvlan", "vlan"))(Options())
    assert started == ["local"]


def test_a_machine_that_lacks_it_leaves_it_to_a_virtual_one(machine: Any) -> None:
    started, shown = machine(trial=lacking("ipvlan", "vlan")), []
    make = choose.choose(None, ("ipvlan", "vlan", "veth"), shown.append)
    make(Options())
    make(Options())
    assert started == ["vm", "vm"]
    (line,) = shown
    assert "virtual machine" in line
    assert "has no ipvlan and no vlan" in line


def test_a_machine_that_allows_no_lab(machine: Any) -> None:
    started, shown = machine(refused={"local": NO_NAMESPACES}), []
    choose.choose(None, (), shown.append)(Options())
    assert started == ["vm"]
    assert "user namespace: refused" in shown[0]


def test_a_machine_that_is_slow_gets_no_virtual_one_on_top(machine: Any) -> None:
    slow = EngineUnavailable("start a lab", "", "it was not ready", errno=ETIMEDOUT)
    started = machine(refused={"local": slow})
    with pytest.raises(EngineUnavailable, match="not ready"):
        choose.choose(None)(Options())
    assert started == []


def test_nothing_will_do(machine: Any) -> None:
    machine(trial=lacking("vlan"), refused={"vm": NO_QEMU})
    with pytest.raises(EngineUnavailable) as caught:
        choose.choose(None, ("vlan",))(Options())
    assert "has no vlan" in caught.value.cause
    assert "there is no QEMU" in caught.value.cause
    assert "modprobe -a 8021q" in caught.value.hint
    assert "or install it" in caught.value.hint
    machine(refused={"local": NO_NAMESPACES, "vm": NO_QEMU})
    with pytest.raises(EngineUnavailable, match=r"refused(.|\n)*no QEMU(.|\n)*allow them"):
        choose.choose(None)(Options())


def test_nobody_can_look_for_that() -> None:
    with pytest.raises(InvalidInput, match=r"'wifi'(.|\n)*ipvlan"):
        choose.choose(None, ("vlan", "wifi"))
    with pytest.raises(InvalidInput, match="local, vm"):
        choose.choose("elsewhere")


def test_the_virtual_machine_has_all_that_can_be_asked_for() -> None:
    from nslab.engine.vm import recipe

    assert set(choose.MODULES.values()) <= set(recipe.MODULES)
