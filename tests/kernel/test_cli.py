"""The command line on a real lab and on the real machine."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import ALL_LISTED

from nslab import Lab
from nslab.engine.local import LocalEngine
from nslab.engine.protocol import Options
from nslab.errors import LabGone
from nslab.network.actions import AddBridge, AddNamespace, AddVeth, SetUp
from nslab.session import entering

NAME = f"cli-{os.getpid()}"


def nslab(*arguments: str, check: int | None = 0) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(
        [sys.executable, "-m", "nslab", *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in ended.stderr
    if check is not None:
        assert ended.returncode == check, ended.stderr
    return ended


@pytest.fixture(scope="module")
def lab() -> Iterator[LocalEngine]:
    engine = LocalEngine(Options(name=NAME))
    engine.apply(
        [
            AddBridge("lxcbr0"),
            AddNamespace("ns1"),
            AddVeth("veth-ns1", "lxcbr0.1", ns="ns1", peer_ns=None),
        ]
    )
    yield engine
    engine.close()


def test_enter_runs_a_command_in_a_namespace(lab: LocalEngine) -> None:
    assert "veth-ns1" in nslab("enter", "ns1", "--lab", NAME, "--", "ip", "link").stdout
    assert "lxcbr0" in nslab("enter", "--lab", NAME, "--", "ip", "link").stdout
    assert nslab("enter", "host", "--lab", NAME, "--", "hostname").stdout == "pseudo-host\n"


def test_enter_exits_with_the_command(lab: LocalEngine) -> None:
    nslab("enter", "--lab", NAME, "--", "sh", "-c", "exit 7", check=7)


def test_enter_what_is_not_there(lab: LocalEngine) -> None:
    ended = nslab("enter", "nobody", "--lab", NAME, "--", "true", check=1)
    assert "nobody" in ended.stderr
    ended = nslab("enter", "--lab", NAME, "--", "no-such-program", check=None)
    assert ended.returncode != 0
    assert "no-such-program" in ended.stderr


def test_what_is_done_by_hand_shows(lab: LocalEngine) -> None:
    nslab("enter", "ns1", "--lab", NAME, "--", "ip", "link", "add", "by-hand", "type", "bridge")
    assert "by-hand" in nslab("show", "--lab", NAME).stdout
    assert lab.snapshot().link("by-hand", "ns1").kind == "bridge"


def test_enter_opens_a_terminal(lab: LocalEngine) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-m", "nslab", "enter", "ns1", "--lab", NAME])
    os.write(terminal, b"echo in-$((40 + 2)); ip -br link show veth-ns1; exit 3\n")
    seen = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # EIO: the last process has left the terminal
            break
        if not piece:
            break
        seen += piece
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert b"in-42" in seen
    assert b"lxcbr0.1" in seen or b"veth-ns1@" in seen
    assert os.waitstatus_to_exitcode(status) == 3


class Shown:
    """What a terminal shows, waited for."""

    def __init__(self, terminal: int) -> None:
        self._terminal, self.seen = terminal, b""

    def until(self, wanted: bytes) -> None:
        """Return when it has shown this, behind what it was asked for before."""
        while wanted not in self.seen:
            ready, _, _ = select.select([self._terminal], [], [], 60)
            assert ready, self.seen
            self.seen += os.read(self._terminal, 4096)
        self.seen = self.seen.partition(wanted)[2]


def test_a_terminal_goes_on_in_what_undo_makes_of_its_lab() -> None:
    """It was gone with all that it had shown, and Undo complained of its shell."""
    with Lab(f"undone-{os.getpid()}", start=[AddNamespace("kept")]) as one:
        one.do(AddNamespace("ns1"))
        one.do(AddBridge("br1"))
        child, terminal = pty.fork()
        if child == 0:
            os.execv(sys.executable, [*entering.program(one), "ns1"])
        shown = Shown(terminal)
        os.write(terminal, b"echo first-$((40 + 2))\n")
        shown.until(b"first-42")
        _, lost, _ = one._go_back()
        assert lost == [], "its shell is no loss"
        shown.until(b"the lab was made anew")
        os.write(terminal, b"ip -br link show lo; echo again-$((40 + 3))\n")
        shown.until(b"again-43")
        one.undo()
        shown.until(b"There is no ns1 any more: you are in the host.")
        os.write(terminal, b"ip netns list; exit 5\n")
        shown.until(b"kept")
        _, status = os.waitpid(child, 0)
        os.close(terminal)
        assert os.waitstatus_to_exitcode(status) == 5


def test_show(lab: LocalEngine, tmp_path: Path) -> None:
    text = nslab("show", "--lab", NAME).stdout
    assert "lxcbr0" in text
    assert "ns1" in text
    plain = json.loads(nslab("show", "--lab", NAME, "--json").stdout)
    assert {each["label"] for each in plain["namespaces"]} >= {"host", "ns1"}
    assert nslab("show", "--lab", NAME, "--dot").stdout.lstrip().startswith(("digraph", "graph"))
    nslab("show", "--lab", NAME, "--svg", str(tmp_path / "lab.svg"))
    assert (tmp_path / "lab.svg").read_text().lstrip().startswith("<")
    assert "<svg" in nslab("show", "--lab", NAME, "--svg", "-").stdout


def test_why(lab: LocalEngine) -> None:
    lab.apply([SetUp("lo", ns="ns1")])
    yes = nslab("why", "ns1", "127.0.0.1", "--lab", NAME)
    assert "✔" in yes.stdout
    assert "no packet was sent" in yes.stdout
    no = nslab("why", "ns1", "203.0.113.80", "--lab", NAME, check=1)
    assert "✘" in no.stdout
    undecided = nslab("why", "ns1", "2001:db8::1", "--lab", NAME, check=2)
    assert "undecided" in undecided.stdout
    missing = nslab("why", "nobody", "203.0.113.80", "--lab", NAME, check=2)
    assert "there is no namespace of that name" in missing.stderr


def test_why_on_the_machine_itself() -> None:
    ended = nslab("why", "host", "127.0.0.1", "--machine", check=None)
    up = "up" in subprocess.run(
        ["ip", "-br", "link", "show", "dev", "lo"], capture_output=True, text=True, check=True
    ).stdout.lower().replace("lower_up", "up")
    assert ended.returncode == (0 if up else 1), ended.stdout + ended.stderr
    assert "no packet was sent" in ended.stdout


def test_which_labs_there_are(lab: LocalEngine) -> None:
    ended = subprocess.run(
        (sys.executable, "-c", ALL_LISTED, "show", "--lab", "nobody"),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert "no lab of that name is running" in ended.stderr
    assert f"nslab show --lab {NAME}" in ended.stderr


def test_the_machine_itself() -> None:
    plain = json.loads(nslab("show", "--machine", "--json").stdout)
    names = {each["name"] for each in plain["namespaces"][0]["links"]}
    assert names == set(os.listdir("/sys/class/net")) - {"bonding_masters"}
    text = nslab("show", "--machine").stdout
    assert all(name in text for name in names - {"lo"})


def test_the_machine_stays_as_it_was() -> None:
    def look() -> tuple[str, list[str], str]:
        mounts = Path("/proc/self/mountinfo").read_text()
        links = subprocess.run(
            ["ip", "-o", "link"],
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"},
        ).stdout
        return mounts, sorted(os.listdir("/sys/class/net")), links

    before = look()
    nslab("show", "--machine")
    assert look() == before


SESSION = """
import sys, time
from nslab import AddBridge, Lab
from nslab.engine import labs
name = sys.argv[1]
def old():
    return next(one.age for one in labs.running() if one.name == name)
with Lab(name) as lab:
    lab.do(AddBridge("br0"))
    lab.do(AddBridge("br1"))
    while old() < 1:
        time.sleep(0.05)
    for again in (lab.undo, lab.redo, lab.reset):
        before = old()
        again()
        assert old() >= before, (again, before, old())
    assert "NSLAB_SINCE" not in lab.sh("env").stdout
"""
"""In a process of its own: agents of tests are forked, and have no environment of their own."""


def test_undo_makes_no_lab_younger() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SESSION, f"{NAME}-old"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_lab_that_was_left_open_is_ended() -> None:
    name = f"{NAME}-left"
    engine = LocalEngine(Options(name=name))
    try:
        assert nslab("end", name).stdout.startswith(f"ended {name}, which was ")
        assert not engine.alive
        with pytest.raises(LabGone, match="ended from outside, by nslab end"):
            engine.snapshot()
        assert "is running" in nslab("end", name, check=1).stderr, "none of that name, or none"
    finally:
        engine.close()
