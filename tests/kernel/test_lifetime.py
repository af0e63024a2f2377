"""A lab ends with whoever held it, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import (
    ARTICLE,
    agents,
    assert_as_before,
    fingerprint,
    namespaces_of,
    still_held,
    wait_for,
)

from nslab import Lab, LabClosed, LabGone
from nslab.engine import labs

pytestmark = pytest.mark.alone

# Other runs of these tests may go on at the same time.
HELD, CLOSING, MANY = (f"{what}-{os.getpid()}" for what in ("held", "closing", "one-of-200"))

HOLDER = """
import sys
from nslab import Lab
lab = Lab(name=sys.argv[1])
for line in sys.argv[2:]:
    lab.sh(line)
lab.sh("ip netns exec ns1 sleep 1000 & setsid sleep 1000 & ping -q 127.0.0.1 >/dev/null &")
print("ready", flush=True)
sys.stdin.read()
"""


def hold(lines: tuple[str, ...]) -> subprocess.Popen[str]:
    """A process with a lab in which these lines were run and programs are left running."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, HELD, *lines],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    return holder


def reap(holder: subprocess.Popen[str]) -> None:
    for stream in (holder.stdin, holder.stdout):
        assert stream is not None
        stream.close()
    holder.wait()


def held_lab() -> labs.Running:
    (found,) = [lab for lab in labs.running() if lab.name == HELD]
    return found


@pytest.mark.parametrize("steps", range(len(ARTICLE) + 1))
@pytest.mark.parametrize("victim", ["notebook", "agent", "supervisor"])
def test_nothing_is_left_after_kill_9(victim: str, steps: int) -> None:
    before = fingerprint()
    holder = hold(ARTICLE[:steps])
    try:
        inside = held_lab().pid
        networks = 2 if steps > 3 else 1  # a program is on its way into ns1, once that is there

        def in_place() -> bool:
            return len([1 for kind, _ in namespaces_of(inside) if kind == "net"]) == networks

        wait_for(in_place, "the background programs are where they belong")
        namespaces = namespaces_of(inside)
        victims = {"notebook": holder.pid, "agent": inside, "supervisor": agents(HELD)[0]}
        os.kill(victims[victim], signal.SIGKILL)
        wait_for(lambda: not still_held(namespaces), "no process is in the lab's namespaces")
        wait_for(lambda: agents(HELD) == [], "the agent is gone")
        assert not [lab for lab in labs.running() if lab.name == HELD]
    finally:
        holder.kill()
        reap(holder)
    assert_as_before(before)


def test_nothing_is_left_after_close() -> None:
    before = fingerprint()
    with Lab(name=CLOSING) as lab:
        for line in ARTICLE:
            assert lab.sh(line).returncode == 0, line
        assert lab.sh("iptables -t nat -A POSTROUTING -s 192.168.10.0/24 -o eth0 -j MASQUERADE")
        lab.sh("ip netns exec ns1 sleep 1000 &")
        (inside,) = [found.pid for found in labs.running() if found.name == CLOSING]
        namespaces = namespaces_of(inside)
    wait_for(lambda: not still_held(namespaces), "no process is in the lab's namespaces")
    assert agents(CLOSING) == []
    assert not [lab for lab in labs.running() if lab.name == CLOSING]
    assert_as_before(before)


def inside_of(lab: Lab) -> int:
    (found,) = [found.pid for found in labs.running() if found.name == lab.name]
    return found


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(name=f"test-{os.getpid()}") as made:
        yield made


def test_a_dead_agent_is_told_in_one_sentence(lab: Lab) -> None:
    os.kill(inside_of(lab), signal.SIGKILL)
    wait_for(lambda: not lab.alive, "the lab notices")
    with pytest.raises(LabGone, match="its network is gone too") as caught:
        lab.sh("true")
    assert "lab = Lab()" in caught.value.hint
    lab.close()
    with pytest.raises(LabClosed):
        lab.snapshot()


def test_an_agent_that_dies_during_a_command_ends_the_wait(lab: Lab) -> None:
    agent = inside_of(lab)

    def kill() -> None:
        wait_for(
            lambda: "sleep 1000" in [one.command for one in lab.snapshot().host.processes],
            "the command runs",
        )
        os.kill(agent, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(LabGone):
        lab.sh("sleep 1000", timeout=None)
    killer.join()


def test_many_labs_live_side_by_side() -> None:
    labs = [Lab(name=f"lab{number}") for number in range(5)]
    try:
        for number, lab in enumerate(labs):
            lab.sh(f"ip netns add ns{number}; brctl addbr br0; ifconfig br0 10.0.{number}.1/24")
        for number, lab in enumerate(labs):
            found = lab.snapshot()
            assert [ns.label for ns in found if ns.role == "named"] == [f"ns{number}"]
            assert found.link("br0").addresses[0].address == f"10.0.{number}.1/24"
        inodes = [ns.inode for lab in labs for ns in lab.snapshot()]
        assert len(inodes) == len(set(inodes))
    finally:
        for lab in labs:
            lab.close()


def test_labs_opened_and_closed_in_threads_do_not_meet() -> None:
    seen: dict[int, list[str]] = {}

    def work(number: int) -> None:
        with Lab() as lab:
            lab.sh(f"ip netns add only{number}")
            seen[number] = [ns.label for ns in lab.snapshot() if ns.role == "named"]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {number: [f"only{number}"] for number in range(4)}


@pytest.mark.parametrize("count", [40, 200])
def test_many_labs_leave_no_descriptor_process_or_memory(count: int) -> None:
    with Lab() as lab:  # whatever is loaded once is loaded now
        lab.sh("true")
    before, start = fingerprint(), (descriptors(), threading.active_count(), memory())
    for _ in range(count):
        with Lab(name=MANY) as lab:
            lab.run("true")
    assert agents(MANY) == []
    assert_as_before(before)
    # The thread that hears the last of them may be about to end; at the start, the first one's.
    wait_for(
        lambda: descriptors() <= start[0] and threading.active_count() <= start[1],
        "nothing is left open",
    )
    grown = memory() - start[2]
    assert grown < 1000 + count * 15, f"{grown} KiB more than before"


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def memory() -> int:
    """KiB that are this process's alone."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1])
    raise AssertionError("no Private_Dirty in smaps_rollup")
