"""The stop button at a random moment of every public method, in small and in large messages.

After each one the next calls answer rightly and at once, or say that the lab is gone, and nothing
leaks.  ``NSLAB_STOPS`` says how many times, ``NSLAB_SEED`` repeats a run; the seed is printed.
"""

from __future__ import annotations

import contextlib
import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from machine import agents, assert_as_before, fingerprint, wait_for
from test_ssh import machine, server

from nslab import (
    AddNamespace,
    Capture,
    HasNamespace,
    Interrupted,
    InvalidInput,
    Lab,
    LabClosed,
    LabGone,
    Reaches,
)
from nslab.session.check import Check
from nslab.session.check.verdict import Asked, Verdict

__all__ = ["machine", "server"]  # fixtures

pytestmark = pytest.mark.alone  # signals go to the main thread, and what leaks is counted

STOPS = {"local": 100, "vm": 30, "ssh": 30}
if os.environ.get("NSLAB_THOROUGH"):
    STOPS = {engine: 3 * stops for engine, stops in STOPS.items()}
if "NSLAB_STOPS" in os.environ:
    STOPS = dict.fromkeys(STOPS, int(os.environ["NSLAB_STOPS"]))
SEED = os.environ.get("NSLAB_SEED") or str(random.SystemRandom().randrange(1, 1 << 32))
SLOWER = {"local": 1.0, "vm": 5.0, "ssh": 1.5}
"""How much longer calls take there, about."""

LIMIT = 60.0
"""Seconds after which a call waits for what goes on for longer, however busy the machine is."""

LARGE = "x" * 400_000
NAME = f"stop-{os.getpid()}"


def captures_of(lab: Lab) -> int:
    """How many captures run in the agent: each has a packet socket in the host."""
    return lab.run("cat", "/proc/net/packet").stdout.count("\n") - 1


def _capture(lab: Lab) -> None:
    with lab.capture("eth0") as seen:
        lab.run("true")
    len(seen.frames)


def _do_many(lab: Lab) -> None:
    lab.do(*(AddNamespace(f"many{number}") for number in range(40)), watch=False)


def _undo(lab: Lab) -> None:
    with contextlib.suppress(InvalidInput):
        lab.undo()


CALLS: dict[str, tuple[Callable[[Lab], object], float, int]] = {
    "do": (lambda lab: lab.do(AddNamespace(f"n{random.getrandbits(40):x}")), 0.03, 4),
    "do many": (_do_many, 0.08, 3),
    "sh": (lambda lab: lab.sh("sleep 0.01; echo there"), 0.08, 3),
    "sh large": (lambda lab: lab.sh("echo " + "y" * 90_000 + " | wc -c"), 0.08, 2),
    "run": (lambda lab: lab.run("echo", "there"), 0.006, 4),
    "run large": (lambda lab: lab.run("cat", stdin=LARGE), 0.02, 4),
    "snapshot": (lambda lab: lab.snapshot(), 0.02, 4),
    "capture": (_capture, 0.1, 3),
    "ping": (lambda lab: lab.ping(None, "127.0.0.1"), 0.02, 3),
    "why": (lambda lab: lab.why(None, "198.51.100.1"), 0.03, 3),
    "check": (lambda lab: lab.check(HasNamespace("ns1")), 0.02, 3),
    "undo": (_undo, 0.3, 1),
    "reset": (lambda lab: lab.reset(), 0.3, 1),
    "close": (lambda lab: lab.close(), 0.02, 1),
    "Lab": (lambda lab: Lab(name=NAME).close(), 0.3, 1),
}
"""Each with the seconds within which the stop comes, and how often beside the others."""


def stopped(call: Callable[[Lab], object], lab: Lab, delay: float) -> str:
    """Call, with a SIGINT after so many seconds; what came of it."""
    fired = threading.Event()

    def fire() -> None:
        time.sleep(delay)
        os.kill(os.getpid(), signal.SIGINT)
        fired.set()

    thread = threading.Thread(target=fire)
    outcome = "done"
    try:
        thread.start()
        try:
            call(lab)
        except KeyboardInterrupt:
            outcome = "stopped"
        while not fired.is_set():  # the call was quicker
            time.sleep(0.001)
        thread.join()
        for _ in range(10):
            pass
    except KeyboardInterrupt:
        outcome = "stopped" if outcome == "stopped" else "late"
    thread.join()
    return outcome


def assert_right(lab: Lab, what: str) -> str:
    """That the lab answers rightly, or says that it is gone."""
    try:
        found = lab.run("echo", "right").stdout
        named = {ns.label for ns in lab.snapshot() if ns.role == "named"}
    except (LabClosed, LabGone):
        return "gone"
    assert found == "right\n", what
    made = {a.name for step in lab.steps for a in getattr(step.what, "actions", ())}
    assert named == made, f"{what}: the history says otherwise than the kernel"
    return "right"


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def processes() -> list[str]:
    """What was started for our labs, wherever: each has the name among its words."""
    found = []
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{entry}/cmdline").read_bytes()
            if entry.isdigit() and int(entry) != os.getpid() and NAME.encode() in words:
                found.append(f"{entry} {words!r}")
    return found


@pytest.fixture(params=["local", pytest.param("vm", marks=pytest.mark.vm), "ssh"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name: str = request.param
    words = request.getfixturevalue("machine") if name == "ssh" else name
    monkeypatch.setenv("NSLAB_ENGINE", words)
    return name


@pytest.mark.alone
def test_stop_at_any_moment(engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    stops, slower = STOPS[engine], SLOWER[engine]
    with capsys.disabled():
        print(f"\n{stops} stops, {engine}, NSLAB_SEED={SEED}", flush=True)
    dice = random.Random(SEED)
    with Lab(name=NAME) as lab:  # whatever is loaded or made once is now
        for call in ("do", "sh", "capture", "ping", "why", "check", "undo"):
            CALLS[call][0](lab)
        none = captures_of(lab)
    before = fingerprint()
    gc.collect()
    start = descriptors(), threading.active_count()
    names = [name for name, (_, _, often) in CALLS.items() for _ in range(often)]
    tally: dict[str, int] = {}
    lab = Lab(name=NAME)
    try:
        for number in range(stops):
            name = dice.choice(names)
            call, within, _ = CALLS[name]
            what = f"stop {number}, in {name}, {engine}, seed {SEED}"
            outcome = stopped(call, lab, dice.uniform(0.0, within * slower))
            outcome += ", " + assert_right(lab, what)
            tally[outcome] = tally.get(outcome, 0) + 1
            if not lab.alive or len(lab.steps) > 6:
                assert name == "close" or lab.alive, f"{what}: the lab is gone"
                lab.close()
                lab = Lab(name=NAME)
            if number % 50 == 49 or number == stops - 1:
                gc.collect()
                lab.capture("eth0").stop()  # ends what was forgotten
                wait_for(lambda lab=lab: captures_of(lab) == none, f"{what}: no capture is left")
    finally:
        lab.close()
    del lab
    gc.collect()
    with capsys.disabled():
        print(tally)
    wait_for(lambda: processes() == [], f"no process is left, but {processes()}")
    wait_for(
        lambda: descriptors() <= start[0] and threading.active_count() <= start[1],
        "nothing is left open",
    )
    before.pop("temporary")  # what else the machine does may well have files there
    assert_as_before(before)
    assert sum(count for outcome, count in tally.items() if outcome.startswith("stopped")) > 0


class Endless(Check, frozen=True):
    """A check of somebody else's that never ends."""

    def ask(self, lab: Asked) -> Verdict:
        while True:
            pass


LOOKS: dict[str, Callable[[Lab, Capture], object]] = {
    "check": lambda lab, seen: lab.check(Endless()),
    "check that pings": lambda lab, seen: lab.check(*[Reaches(None, "198.51.100.77")] * 100),
    "wait": lambda lab, seen: seen.wait(1000, timeout=1000),
    "wait for a text": lambda lab, seen: seen.wait(until="nothing says this", timeout=1000),
    "wait for a function": lambda lab, seen: seen.wait(until=lambda frame: False, timeout=1000),
}


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_that_was_stopped_has_changed_nothing(lab: Lab, look: str) -> None:
    lab.do(AddNamespace("ns1"))
    with lab.capture("lo") as seen:
        lab.sh("ip link set lo up")
        lab.ping(None, "127.0.0.1")
        steps = lab.steps
        with pytest.raises(Interrupted, match="you stopped it"), timer(0.3):
            LOOKS[look](lab, seen)
        lab.ping(None, "127.0.0.1")
    assert len(seen.frames) >= 4  # of both pings
    assert lab.steps == steps
    assert lab.alive


@pytest.mark.parametrize("back", ["undo", "reset"])
def test_going_back_is_done_or_not(lab: Lab, back: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.sh("sleep 0.5; ip netns add ns1", echo=False)
    lab.do(AddNamespace("ns2"))
    call = getattr(lab, back)
    for delay in (0.0, 0.05, 0.2):  # of undo the last is while the line is repeated
        before, steps = lab.snapshot(), lab.steps
        with contextlib.suppress(KeyboardInterrupt), timer(delay):
            call()
        if lab.steps == steps:
            assert lab.snapshot().canonical() == before.canonical()
        else:
            assert not any(ns.label == "ns2" for ns in lab.snapshot())
            lab.do(AddNamespace("ns2"))
    rebuild = lab._rebuild

    def stopped_behind(*steps: Any, **how: Any) -> list[str]:
        lost = rebuild(*steps, **how)
        os.kill(os.getpid(), signal.SIGINT)
        return lost

    monkeypatch.setattr(lab, "_rebuild", stopped_behind)
    with pytest.raises(Interrupted, match="you stopped it") as caught:
        call()
    assert "had been done already" in caught.value.hint
    assert not any(ns.label == "ns2" for ns in lab.snapshot())
    assert all("ns2" not in str(step) for step in lab.history)


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(name=NAME, engine="local") as made:
        yield made


@contextlib.contextmanager
def timer(seconds: float) -> Iterator[None]:
    """Stop is pressed after so many seconds, or when the work is done."""
    pressing = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    pressing.start()
    try:
        yield
    finally:
        pressing.join()


@contextlib.contextmanager
def stop_after(seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        yield
        timer.join()
    except KeyboardInterrupt:
        return
    raise AssertionError("it was not stopped")


def test_what_was_done_before_the_stop_is_in_the_history(lab: Lab) -> None:
    empty = lab.snapshot()
    with stop_after(0.4):
        lab.do(*(AddNamespace(f"ns{number}") for number in range(3000)), watch=False)
    named = [ns.label for ns in lab.snapshot() if ns.role == "named"]
    (step,) = lab.steps
    assert 0 < len(named) < 3000
    assert sorted(action.name for action in step.what.actions) == sorted(named)  # type: ignore[union-attr]
    assert lab.script().count("ip netns add") == len(named)
    lab.undo()
    assert len(list(lab.snapshot())) == len(list(empty))


def inside_of(lab: Lab) -> int:
    """PID 1 of a lab."""
    outer = lab.engine._connection._process.pid  # type: ignore[attr-defined]
    return int(Path(f"/proc/{outer}/task/{outer}/children").read_text().split()[0])


@pytest.mark.parametrize("halted", [False, True])
def test_close_waits_for_nobody(lab: Lab, halted: bool) -> None:
    ended: list[BaseException] = []

    def work(call: Callable[[], object]) -> None:
        try:
            call()
        except LabClosed as error:
            ended.append(error)

    calls: list[Callable[[], object]] = [
        lambda: lab.sh("sleep 1000", timeout=None),
        lambda: lab.sh("true"),
        lambda: lab.run("cat", stdin=LARGE * 10, timeout=None),
        lambda: lab.run("sleep", "1000"),
    ]
    threads = [threading.Thread(target=work, args=(call,)) for call in calls]
    threads[0].start()
    wait_for(lambda: "sleep" in lab.run("ps", "-e").stdout, "it runs")
    if halted:
        os.kill(inside_of(lab), signal.SIGSTOP)
    for thread in threads[1:]:
        thread.start()
    begun = time.monotonic()
    lab.close()
    assert time.monotonic() - begun < LIMIT
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive()
    assert len(ended) >= 2


def test_an_agent_that_gives_no_sign_of_life_is_given_up(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.kill(inside_of(lab), signal.SIGSTOP)
    with monkeypatch.context() as sooner:
        sooner.setattr("nslab.engine.remote.SIGN", 0.1)
        sooner.setattr("nslab.engine.remote.SILENT", 1)
        with pytest.raises(LabGone, match="sign of life") as caught:
            lab.snapshot()
    assert "lab.reset()" in caught.value.hint
    assert not lab.alive
    lab.reset()
    assert lab.sh("echo anew").stdout == "anew\n"


def test_a_long_command_is_no_silence(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nslab.engine.remote.SIGN", 0.1)
    monkeypatch.setattr("nslab.engine.remote.SILENT", 3)
    assert lab.sh("sleep 5; echo over").stdout == "over\n"


GARBAGE = [b"\xff" * 64, b"\0\0\0\1\xc1", b"\0\0\0\5abcde", b"\0\0\0\1\x80"]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_an_agent_ends_on_what_it_cannot_read(lab: Lab, garbage: bytes) -> None:
    os.write(lab.engine._sender.descriptor, garbage)  # type: ignore[attr-defined]
    wait_for(lambda: not lab.alive, "the agent ends")
    with pytest.raises(LabGone, match="no message"):
        lab.snapshot()
    lab.reset()
    assert lab.sh("echo anew").stdout == "anew\n"


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_from_the_agent_is_said_and_not_waited_on(lab: Lab, garbage: bytes) -> None:
    number = _agents_output(inside_of(lab))
    with open(f"/proc/{inside_of(lab)}/fd/{number}", "wb", buffering=0) as stream:
        stream.write(garbage)
    with pytest.raises(LabGone, match="no message"):
        lab.sh("sleep 1000")
    lab.reset()
    assert lab.sh("echo anew").stdout == "anew\n"


def _agents_output(pid: int) -> int:
    """Which descriptor of the agent leads to us."""
    for entry in sorted(os.listdir(f"/proc/{pid}/fd"), key=int):
        with contextlib.suppress(OSError):
            flags = Path(f"/proc/{pid}/fdinfo/{entry}").read_text().split("flags:")[1].split()[0]
            pipe = os.readlink(f"/proc/{pid}/fd/{entry}").startswith("pipe:")
            if pipe and int(flags, 8) & os.O_ACCMODE == os.O_WRONLY:
                return int(entry)
    raise AssertionError("it has no pipe")


FORK = """
import os, sys, time
from nslab import Lab, LabClosed
lab = Lab("stop-fork", engine="local")
child = os.fork()
if child == 0:
    for call in (lab.snapshot, lambda: lab.sh("true"), lab.reset):
        try:
            call()
        except LabClosed as error:
            assert "process that made it" in str(error)
        else:
            os._exit(9)
    lab.close()
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert lab.sh("echo alive").stdout == "alive\\n"
import multiprocessing
process = multiprocessing.get_context("fork").Process(target=print, args=("forked",))
process.start(); process.join()
assert process.exitcode == 0
assert lab.sh("echo alive").stdout == "alive\\n"
# A child that lives on does not keep the lab of a parent that dies.
child = os.fork()
if child == 0:
    time.sleep(1000)
print(child, flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_fork_neither_hangs_nor_takes_the_lab_along() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FORK],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        process.wait(60)
        assert lines[0] == "forked\n"
        os.kill(int(lines[1]), 0)  # the child lives
        wait_for(lambda: agents("stop-fork") == [], "the lab is gone")
        os.kill(int(lines[1]), signal.SIGKILL)
