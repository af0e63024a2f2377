"""Going back takes the last step and no more, runs nothing that was stopped, and can be undone.

What a snapshot shows, and what it does not, is a change alike: in doubt, a step is one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from machine import wait_for

from nslab import (
    AddAddress,
    AddBridge,
    AddContainer,
    AddNamespace,
    AddVeth,
    CommandTimeout,
    Interrupted,
    InvalidInput,
    Lab,
    LabClosed,
    NotFound,
    SetUp,
)
from nslab.session.repeating import differences

NEIGHBOUR = "ip neighbour add 198.51.100.77 lladdr 02:00:00:00:00:77 dev eth0 nud permanent"

UNSEEN_ONCE = {
    "a filter rule": "iptables -A FORWARD -j DROP",
    "a policy rule": "ip rule add from 10.0.0.0/8 lookup 100",
    "a static neighbour": NEIGHBOUR,
    "a switch of a link": "sysctl -w net.ipv4.conf.eth0.rp_filter=1",
    "a switch that no snapshot has": "sysctl -w net.ipv4.conf.all.log_martians=1",
    "a queue": "tc qdisc add dev eth0 root pfifo limit 5",
    "a flag of a port": "bridge link set dev a isolated on",
    "an address that it answers for": "ip neighbour add proxy 198.51.100.78 dev eth0",
    "a station": "bridge fdb add 02:00:00:00:00:77 dev a master static",
    "a file outside of /etc": "echo 1 > /run/mine",
    "a rule of nft": "nft add table inet t; nft add chain inet t c; nft add rule inet t c drop",
    "a limit": "ip route change default via 198.51.100.1 mtu 1300",
}
LOOK = (
    "cat /run/mine 2>/dev/null; sysctl net.ipv4.conf.all.log_martians; nft list ruleset; "
    "iptables -S; ip rule; ip route; ip neigh show nud permanent; ip neigh show proxy; "
    "tc qdisc show dev eth0 | cut -d: -f2-; bridge -d link show dev a; bridge fdb show dev a; "
    "sysctl net.ipv4.conf.eth0.rp_filter net.ipv4.ip_default_ttl"
)


def seen(lab: Lab) -> str:
    return lab.run("bash", "-c", LOOK).stdout


@pytest.mark.parametrize("what", UNSEEN_ONCE)
def test_undo_takes_just_it_and_redo_brings_it_back(lab: Lab, what: str) -> None:
    line = UNSEEN_ONCE[what]
    lab.do(AddBridge("br0"), AddVeth("a", "b", master="br0", mac="02:00:00:00:00:0a"))
    lab.sh("sysctl -w net.ipv4.ip_default_ttl=9")
    lab.sh("sysctl net.ipv4.ip_default_ttl; ping -c1 -W1 127.0.0.1")
    before = seen(lab)
    ran = lab.sh(line)
    assert not ran.failures, ran.stderr
    after = seen(lab)
    assert after != before
    assert line in lab.script()
    assert line in lab.python()
    lab.undo()
    assert seen(lab) == before, "it alone was taken back"
    assert lab.snapshot().host.sysctls["net.ipv4.ip_default_ttl"] == "9"
    lab.redo()
    assert seen(lab) == after
    lab.undo(2)
    lab.sh("ip link add other type bridge")
    with pytest.raises(InvalidInput, match="nothing was undone, or something new"):
        lab.redo()


@pytest.mark.parametrize("what", UNSEEN_ONCE)
def test_undo_of_something_else_keeps_it(lab: Lab, what: str) -> None:
    lab.do(AddBridge("br0"), AddVeth("a", "b", master="br0", mac="02:00:00:00:00:0a"))
    lab.sh(UNSEEN_ONCE[what])
    wanted = seen(lab)
    lab.do(AddNamespace("ns1"))
    lab.undo()
    assert seen(lab) == wanted


def ends(lab: Lab, text: str, *, living: bool) -> None:
    """The lines are stopped, as by the notebook's ■."""

    def stop() -> None:
        wait_for(lambda: "sleep 1000" in commands(lab), "it runs")
        os.kill(os.getpid(), signal.SIGINT)

    pressing = threading.Thread(target=stop)
    pressing.start()
    with pytest.raises(Interrupted):
        lab.sh(text, timeout=None, living=living)
    pressing.join()


def commands(lab: Lab) -> list[str]:
    return [process.command for process in lab.snapshot().host.processes]


@pytest.mark.parametrize("living", [False, True])
@pytest.mark.parametrize("how", ["stopped", "timed out"])
def test_what_was_stopped_is_made_and_not_run(lab: Lab, how: str, living: bool) -> None:
    lab.do(AddNamespace("ns1"))
    text = "ip link add half type bridge; ip link set half up; echo x >> /run/ran; sleep 1000"
    if how == "stopped":
        ends(lab, text, living=living)
    else:
        with pytest.raises(CommandTimeout):
            lab.sh(text, timeout=1, living=living)
    wait_for(lambda: "sleep 1000" not in commands(lab), "what was stopped to be gone")
    with_half = lab.snapshot()
    lab.do(AddBridge("br0"))
    lab.undo()
    assert differences(with_half, lab.snapshot(), lasting=True) == []
    assert lab.run("cat", "/run/ran").stdout == "", "it has not run again"
    script = lab.script()
    assert "ip link set dev half up" in script
    assert "\nip link add half type bridge; " not in script
    assert f"# {how}, so this is only what it had done: ip link add half" in script
    assert how in str(lab.history)
    lab.undo()
    assert not any(link.name == "half" for link in lab.snapshot().host.links)
    lab.redo()
    assert differences(with_half, lab.snapshot(), lasting=True) == []


def test_a_ping_that_was_stopped_is_no_step(lab: Lab) -> None:
    lab.do(AddBridge("br0"))
    with pytest.raises(CommandTimeout):
        lab.sh("ping 127.0.0.1", timeout=0.5)
    lab.sh("ping -c1 -W1 127.0.0.1")
    assert [str(each) for each in lab.history] == ['AddBridge("br0")']
    lab.undo()
    assert not lab.changes
    assert lab.steps == ()


@pytest.fixture
def called() -> Iterator[Lab]:
    """A lab that can be told from others by its name."""
    with Lab(f"hist-{os.getpid()}") as made:
        yield made


def test_what_is_done_by_hand_is_a_step(called: Lab) -> None:
    """In a second process, as in a terminal beside the notebook."""
    lab = called
    lab.do(AddNamespace("ns1"), AddVeth("v1", "eth0", peer_ns="ns1"))
    enter(lab, "ip link set v1 up; ip address add 10.0.0.1/24 dev v1")
    enter(lab, "sysctl -qw net.ipv4.ip_forward=1")
    enter(lab, "ip netns exec ns1 ip link set eth0 up")
    lab.do(AddBridge("br0"))
    assert [each.by for each in lab.history] == ["lab.do", "by hand", "lab.do"]
    assert "ip_forward 0 → 1" in lab.history[1].effect or "more" in lab.history[1].effect
    script = lab.script()
    assert "# by hand" in script
    for line in ("\nip link set dev v1 up", "ip_forward=1", "ns1 ip link set dev eth0 up"):
        assert line in script
    wanted = lab.snapshot()
    with Lab() as other:
        other.sh(script)
        assert differences(wanted, other.snapshot(), lasting=True) == []
    enter(lab, "ip link delete br0")
    assert len(lab.history) == 4
    lab.undo()
    assert differences(wanted, lab.snapshot(), lasting=True) == []
    lab.undo(2)
    assert "ip_forward=1" not in lab.script()
    lab.redo()
    assert differences(wanted, lab.snapshot(), lasting=True) == []


def enter(lab: Lab, text: str) -> None:
    words = [sys.executable, "-m", "nslab", "enter", "--lab", lab.name, "--", "bash", "-c", text]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    ran = subprocess.run(words, capture_output=True, text=True, timeout=60, env=environment)
    assert ran.returncode == 0, ran.stderr


def test_what_a_living_shell_keeps_is_a_step(lab: Lab) -> None:
    lab.do(AddBridge("br0"))
    lab.sh("cd /usr; name=br7", living=True)
    lab.sh("pwd", living=True)
    assert len(lab.history) == 2
    lab.undo()
    assert lab.sh("echo $PWD $name", living=True).stdout == "/\n"
    assert lab.snapshot().link("br0")
    lab.redo()
    assert lab.sh("echo $PWD $name", living=True).stdout == "/usr br7\n"


def test_a_program_with_another_meaning_does_not_look(lab: Lab) -> None:
    lab.sh("ip() { echo x >> /run/ran; }", living=True)
    lab.sh("ip link", living=True)
    assert len(lab.history) == 2


def test_what_failed_and_left_nothing_is_no_step(lab: Lab) -> None:
    lab.sh("brctl spt br0 off")
    lab.sh("ip link set nothing up\nip link")
    assert len(lab.history) == 0
    lab.sh("ip link set nothing up\nip link add br0 type bridge")
    assert len(lab.history) == 1
    assert lab.history[0].note == "a line failed"


def test_what_could_not_begin_is_no_step(lab: Lab) -> None:
    with pytest.raises(NotFound):
        lab.sh("touch /run/x", "nowhere")
    assert lab.steps == ()


def test_the_numbers_of_the_history(lab: Lab) -> None:
    lab.do(AddBridge("br0"))
    lab.sh("ip link")
    lab.sh("ip netns add ns1")
    lab.do(SetUp("br0"), AddAddress("br0", "10.0.0.1/24"))
    after_two = lab.steps[2].after
    shown = str(lab.history)
    assert "  2  typed   ip netns add ns1" in shown
    assert "1 step only looked and has no number" in shown
    assert lab.history[2].effect.startswith("br0: down → up; br0: address 10.0.0.1/24")
    page = lab.history._repr_mimebundle_()["text/html"]
    assert page.count('<th scope="row"') == 3
    lab.undo(to=2)
    assert after_two is not None
    assert differences(after_two, lab.snapshot()) == []
    lab.undo(to=0)
    assert not lab.changes
    assert "3 steps were undone" in str(lab.history)
    lab.redo()
    lab.redo()
    assert len(lab.history) == 3
    assert lab.snapshot().link("br0").up
    lab.reset()
    lab.redo()
    assert len(lab.history) == 3


SLIPS: dict[str, tuple[Callable[[Lab], object], str]] = {
    "to a step that is not there": (lambda lab: lab.undo(to=99), "undo to=99: 1 step has changed"),
    "to before the beginning": (lambda lab: lab.undo(to=-1), "undo to=-1"),
    "no step": (lambda lab: lab.undo(0), "undo 0 steps: 1 step has changed"),
    "too many": (lambda lab: lab.undo(2), "undo 2 steps: 1 step has changed"),
    "a text": (lambda lab: lab.undo("x"), "a whole number"),  # type: ignore[arg-type]
    "nothing": (lambda lab: lab.undo(None), "a whole number"),  # type: ignore[arg-type]
    "twice": (lambda lab: lab.undo(2, to=0), "said twice"),
    "redo": (lambda lab: lab.redo(), "redo: nothing was undone"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_one_clear_error_and_nothing_happens(lab: Lab, slip: str) -> None:
    lab.do(AddBridge("br0"))
    before, engine = lab.snapshot(), lab.engine
    call, said = SLIPS[slip]
    with pytest.raises(InvalidInput, match=said):
        call(lab)
    assert lab.engine is engine
    assert differences(before, lab.snapshot(), lasting=True) == []


def test_on_a_closed_lab() -> None:
    with Lab() as lab:
        lab.do(AddBridge("br0"))
    for call in (lab.undo, lab.redo, lab.reset, lambda: lab.undo(to=0)):
        with pytest.raises(LabClosed, match="it was closed"):
            call()
    assert len(lab.history) == 1
    assert "ip link add br0 type bridge" in lab.script()


def test_not_from_within_a_step(lab: Lab) -> None:
    class Watcher:
        said: InvalidInput | None = None

        def seen(self) -> None:
            with pytest.raises(InvalidInput, match="a step is just being done") as caught:
                lab.undo()
            self.said = caught.value

    watcher = Watcher()
    lab.observe_steps(watcher.seen)
    lab.do(AddBridge("br0"))
    assert watcher.said is not None
    assert lab.snapshot().link("br0")


@pytest.mark.parametrize("call", ["undo", "redo"])
def test_stop_while_going_leaves_the_lab_as_it_was(lab: Lab, call: str) -> None:
    lab.sh("ip link add slow type bridge; sleep 0.7; touch /run/ran")
    lab.do(AddBridge("br0"))
    if call == "redo":
        lab.undo()
    before, steps = lab.snapshot(), lab.steps
    pressing = threading.Timer(0.4, os.kill, (os.getpid(), signal.SIGINT))
    pressing.start()
    with pytest.raises(Interrupted, match="the lab is as it was before"):
        getattr(lab, call)()
    pressing.join()
    assert lab.snapshot().canonical() == before.canonical()
    assert lab.steps == steps
    getattr(lab, call)()
    assert lab.snapshot().canonical() != before.canonical()


def test_a_line_is_repeated_with_the_time_it_was_allowed(lab: Lab) -> None:
    lab.sh("ip link add half type bridge; [ -e /run/nslab/again ] && sleep 1000; true", timeout=2)
    fresh = lab._fresh

    def slower() -> object:  # in the lab that is made anew it takes for ever
        engine = fresh()
        lab_engine, lab._engine = lab._engine, engine
        lab.run("touch", "/run/nslab/again")
        lab._engine = lab_engine
        return engine

    lab._fresh = slower  # type: ignore[method-assign, assignment]
    lab.do(AddBridge("br0"))
    begun = time.monotonic()
    lab.undo()
    assert time.monotonic() - begun < 60, "it was ended when its time was over"
    assert lab.snapshot().link("half")


def test_containers_and_their_insides_come_back(lab: Lab) -> None:
    lab.do(AddContainer("c1"), AddVeth("a", "eth0", peer_ns="c1"))
    lab.sh("ip link set eth0 up; ip rule add from 10.0.0.0/8 lookup 7", "c1")
    lab.engine.apply([AddAddress("eth0", "10.0.0.2/24", ns="c1")])
    wanted = lab.snapshot()
    lab.do(AddBridge("br0"))
    lab.undo()
    assert differences(wanted, lab.snapshot(), lasting=True) == []
    assert "nsenter --net --target" in lab.script()


def test_what_a_step_made_that_was_not_seen_is_mended(lab: Lab) -> None:
    """A line that does something else when it is repeated: what is missing then, is made."""
    lab.sh("[ -e /run/nslab/first ] || ip link add once type bridge; touch /run/nslab/first")
    lab.sh("ip link add br$(date +%N | cut -c1-6) type bridge")
    wanted = lab.snapshot()
    lab.do(AddNamespace("ns1"))
    with suppress(Interrupted):
        lab.undo()
    assert differences(wanted, lab.snapshot(), lasting=True) == []


def test_what_the_kernel_does_in_its_own_time_is_nobodys_step() -> None:
    with Lab(ipv6=True) as lab:
        lab.do(
            AddBridge("br0", stp=True, forward_delay=2),
            AddNamespace("ns1"),
            AddVeth("v1", "eth0", peer_ns="ns1", master="br0", up=True),
            SetUp("br0"),
            SetUp("eth0", ns="ns1"),
            AddAddress("br0", "10.0.0.1/24"),
            AddAddress("eth0", "10.0.0.2/24", ns="ns1"),
        )

        def forwards() -> bool:
            port = lab.snapshot().link("v1").port
            return port is not None and port.state == "forwarding"

        wait_for(forwards, "the spanning tree to let frames pass")
        assert lab.sh("ping -c2 -W5 10.0.0.2").returncode == 0
        lab.sh("sleep 60 & true")
        lab.run("pkill", "sleep")
        assert [each.by for each in lab.history] == ["lab.do", "typed"]
        lab.undo(2)
        assert len(lab.history) == 0
