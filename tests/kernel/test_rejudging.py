"""An exercise that is judged again and again does not judge what its own judging leaves behind."""

from __future__ import annotations

from typing import Any

import pytest
from breakage import WORKING
from waiting import until

from nslab import AddAddress, AddBridge, DeleteAddress, Exercise, HasLink, Lab, Reaches, WrongAnswer
from nslab.jupyter.widgets import rejudging
from nslab.jupyter.widgets.following import Following
from nslab.jupyter.widgets.rejudging import Rejudging

UNREACHED = Exercise(
    id="X1",
    kind="build",
    goal="Make a bridge, and reach an address that nobody has.",
    checks=(HasLink("br0"), Reaches(None, "198.51.100.99")),
    hints=("What is a bridge?", "Look at brctl.", "brctl addbr br0"),
    answer=(AddBridge("br0"),),
    others=(("ip link add br0 type bridge",),),
    wrong=tuple(WrongAnswer((), "there is no link br0") for _ in range(3)),
)


def test_a_ping_of_its_own_is_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejudging, "AGAIN", (3600.0,))
    with UNREACHED.start() as lab:
        pings: list[tuple[str, ...]] = []
        run = lab.run

        def counted(*argv: str, **options: Any) -> Any:
            pings.append(argv)
            return run(*argv, **options)

        monkeypatch.setattr(lab, "run", counted)
        standings: list[Any] = []
        judge = Rejudging(
            UNREACHED, lab, lambda now, _: standings.append(now), lambda: None, lambda _: None
        )
        following = Following(lab, lambda _: judge.changed(), lambda _: None)
        following.start()
        judge.start()
        lab.do(AddBridge("br0"))
        until(lambda: standings[-1].unreached)

        def entry() -> str:
            found = lab.snapshot().host.neighbours
            return next((one.state for one in found if one.address == "198.51.100.99"), "")

        until(lambda: entry() != "incomplete")
        lab.sh("ip neigh flush all; ping -c1 -W1 198.51.100.98", echo=False)
        now = len(standings)
        judge.changed()
        until(lambda: len(standings) > now)
        judge.stop()
        following.stop()
        assert len(pings) == 1
        assert standings[-1].unreached == (None, "198.51.100.99"), "what is known stays known"


def test_what_was_asked_for_before_it_was_there_is_reached_now() -> None:
    """The kernel asks three times for a neighbour; whoever comes after the third gets its error."""
    with Lab() as lab:
        lab.do(*WORKING, DeleteAddress("lxcbr0", "192.168.10.1/24"))

        def asked_for_three_times() -> bool:
            found = lab.run("ip", "-s", "neigh", "show", "192.168.10.1", ns="ns1").stdout
            if "INCOMPLETE" not in found:  # not yet, or given up between two looks
                lab.run("ping", "-c1", "-W0.1", "192.168.10.1", ns="ns1")
            # It counts from ucast_solicit on, which is 3 (neigh_probe() of the kernel).
            return "probes 6" in found and "INCOMPLETE" in found

        until(asked_for_three_times)
        lab.do(AddAddress("lxcbr0", "192.168.10.1/24"))
        (verdict,) = lab.check(Reaches("ns1", "192.168.10.1"))
        assert verdict, verdict
