"""A lab in a virtual machine: alone, beside others, and its end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from nslab import AddBridge, Lab, LabGone
from nslab.engine import labs, runtime
from nslab.engine import messages as m
from nslab.engine.vm import image, qemu
from nslab.errors import NslabError

pytestmark = [pytest.mark.vm, pytest.mark.usefixtures("made")]

LIMIT = 60.0


def until(condition: Callable[[], object]) -> None:
    limit = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(f"vm-{os.getpid()}", engine="vm") as made:
        yield made


def outside(lab: Lab) -> labs.Running:
    (found,) = [one for one in labs.running() if one.name == lab.name]
    return found


def began(lab: Lab) -> float:
    now = time.monotonic()  # before it is asked: what takes its time makes it no younger
    return now - outside(lab).age


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_var_run_is_run(lab: Lab) -> None:
    """The article's lines, and many programs, name files of /run so."""
    assert lab.sh("ip netns add ns1; ls /var/run/netns", echo=False).stdout == "ns1\n"


def test_it_has_what_this_kernel_may_lack(lab: Lab) -> None:
    kinds = ("dummy", "macvlan", "ipvlan", "vlan")
    lab.sh("ip link add d0 type dummy; ip link add d1 type dummy; ip link set d0 up", echo=False)
    for number, kind in enumerate(kinds):
        more = " id 5" if kind == "vlan" else ""
        parent = f"link d{number % 2} " if kind != "dummy" else ""
        made = lab.sh(f"ip link add {parent}name x{number} type {kind}{more}", echo=False)
        assert made.returncode == 0, made.stderr
    assert {link.kind for link in lab.snapshot().namespace(None).links} >= set(kinds)


def test_the_clock_is_right(lab: Lab) -> None:
    begun = time.time()
    inside = float(lab.run("date", "+%s.%N").stdout)
    # A state that was saved long before would be hours late.
    assert begun - 60 < inside < time.time() + 60


def test_two_labs_side_by_side_draw_other_numbers(lab: Lab) -> None:
    with Lab(f"other-{os.getpid()}", engine="vm") as other:
        for one in (lab, other):
            one.sh("ip link add v1 type veth peer name v2", echo=False)
        assert lab.snapshot().link("v1").mac != other.snapshot().link("v1").mac
        words = ("head", "-c", "16", "/dev/urandom")
        drawn = {
            one.run("sh", "-c", f"{' '.join(words)} | od -An -tx1").stdout for one in (lab, other)
        }
        assert len(drawn) == 2
        other.sh("ip netns add only-here", echo=False)
        assert "only-here" not in [one.label for one in lab.snapshot()]


def test_a_full_disk_inside_is_the_learners_to_see(lab: Lab) -> None:
    filled = lab.sh("dd if=/dev/zero of=/tmp/full bs=1M", echo=False)
    assert "No space left" in filled.stderr
    assert lab.sh("rm /tmp/full && ip netns add ns1", echo=False).returncode == 0


def test_what_takes_all_memory_is_killed_and_the_lab_lives(lab: Lab) -> None:
    greedy = "x = []\nwhile True: x.append(bytearray(b'x' * (8 << 20)))"
    assert lab.run("python3", "-c", greedy).returncode != 0
    assert lab.sh("ip netns add ns1", echo=False).returncode == 0


def test_it_has_no_network_but_its_own(made: image.Image) -> None:
    ends = qemu.Ends(3, 4, 5, (6, 7, 8, 9))
    argv = qemu.command("qemu", made, Path("/initrd"), "tcg", ends, memory=None, shared=False)
    assert "-nodefaults" in argv
    networks = [argv[n + 1] for n, word in enumerate(argv) if word in ("-netdev", "-nic", "-net")]
    assert all(word.startswith("hubport") for word in networks)


# -- the end -----------------------------------------------------------------------------------


def test_the_end_of_the_lab_is_the_end_of_its_machine() -> None:
    lab = Lab(f"vm-{os.getpid()}", engine="vm")
    watch = outside(lab).pid
    (machine,) = children(watch)
    lab.close()
    until(
        lambda: not alive(watch) and not alive(machine)
    )  # the kernel ends the one after the other


@pytest.mark.parametrize("whom", ["QEMU", "its watch"])
def test_a_killed_machine(lab: Lab, whom: str) -> None:
    watch = outside(lab).pid
    (machine,) = children(watch)
    os.kill(machine if whom == "QEMU" else watch, signal.SIGKILL)
    until(lambda: not alive(machine))
    with pytest.raises(LabGone, match="its virtual machine was killed"):
        lab.snapshot()
    assert not lab.alive


def test_ended_from_outside(lab: Lab) -> None:
    labs.end(outside(lab))
    with pytest.raises(LabGone, match="ended from outside, by nslab end"):
        lab.snapshot()


def test_undo_makes_it_no_younger(lab: Lab) -> None:
    lab.do(AddBridge("br0"))
    before, begun = outside(lab), began(lab)
    until(lambda: outside(lab).age >= 1)
    lab.undo()
    assert outside(lab).pid != before.pid, "another machine"
    assert began(lab) < begun + 0.5


def test_a_machine_that_is_still_dying_is_waited_for(lab: Lab) -> None:
    """Its pipe breaks a moment before it is dead, and is no reason to say that it lives."""
    connection = lab._engine._connection  # type: ignore[attr-defined]
    process = connection._process
    asked = process.poll

    def seen() -> int | None:
        return asked() if process.returncode is not None else None  # by who waits, not before

    watch = outside(lab).pid
    os.kill(watch, signal.SIGKILL)
    until(lambda: not alive(watch))
    process.poll = seen
    with pytest.raises(LabGone, match="its virtual machine was killed"):
        lab.snapshot()


def test_a_panic_of_its_kernel(lab: Lab) -> None:
    with pytest.raises(LabGone, match="the kernel of its virtual machine stopped"):
        lab.run("sh", "-c", "echo c > /proc/sysrq-trigger")
    with pytest.raises(LabGone, match="sysrq triggered crash"):
        lab.snapshot()


def test_a_killed_notebook_leaves_nothing() -> None:
    name = f"held-{os.getpid()}"
    script = f"from nslab import Lab\nlab = Lab({name!r}, engine='vm')\nprint('up', flush=True)\n"
    holder = subprocess.Popen(
        [sys.executable, "-c", script + "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == b"up\n"
    (watch,) = [lab.pid for lab in labs.running() if lab.name == name]
    (machine,) = children(watch)
    holder.kill()
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()
    until(lambda: not alive(machine) and not alive(watch))


# -- from outside ------------------------------------------------------------------------------


def enter(lab: Lab, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "nslab", "enter", "--lab", lab.name, *words],
        input=given,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_a_command_from_outside(lab: Lab) -> None:
    lab.sh("ip netns add ns1; ip netns exec ns1 ip link set lo up", echo=False)
    assert b"LOOPBACK,UP" in enter(lab, "ns1", "--", "ip", "link").stdout
    assert enter(lab, "--", "sh", "-c", "exit 7").returncode == 7
    assert enter(lab, "--", "cat", given=b"through\n" * 9999).stdout == b"through\n" * 9999
    assert enter(lab, "--", "sh", "-c", "echo wrong >&2").stderr == b"wrong\n"
    nowhere = enter(lab, "nowhere")
    assert nowhere.returncode == 1
    assert b"there is no namespace or container of that name" in nowhere.stderr
    # More visits than there are terminals: each is free again when its visitor has left.
    for _ in range(5):
        assert enter(lab, "--", "true").returncode == 0


def test_a_look_from_outside(lab: Lab) -> None:
    lab.sh("ip netns add ns1; brctl addbr lxcbr0", echo=False)
    seen = labs.look(outside(lab))
    assert seen.canonical() == lab.snapshot().canonical()


def test_a_terminal(lab: Lab) -> None:
    """Keys go in, the shell's prompt comes out, the window's size is known, exit leaves."""
    pid, terminal = pty.fork()
    if pid == 0:
        words = [sys.executable, "-m", "nslab", "enter", "--lab", lab.name]
        os.execv(sys.executable, words)
    shown = bytearray()

    def read() -> None:
        while True:
            try:
                piece = os.read(terminal, 4096)
            except OSError:
                return
            if not piece:
                return
            shown.extend(piece)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        until(lambda: b"[host]#" in shown)
        os.write(terminal, b"ip netns add typed; stty size\r")
        until(lambda: b"0 0" in shown)
        os.write(terminal, b"sh -c 'echo wait''ing; exec sleep 100'\r")
        until(lambda: b"waiting" in shown)
        os.write(terminal, b"\x03")
        until(lambda: shown.endswith(b"[host]# "))
        os.write(terminal, b"exit 5\r")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
    finally:
        reader.join(LIMIT)
        os.close(terminal)
    assert "typed" in [one.label for one in lab.snapshot()]


def test_no_more_visitors_than_terminals(lab: Lab) -> None:
    there = [
        subprocess.Popen(
            [sys.executable, "-m", "nslab", "enter", "--lab", lab.name, "--", "cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    try:
        for one in there:
            assert one.stdin is not None
            assert one.stdout is not None
            one.stdin.write(b"here\n")
            one.stdin.flush()
            assert one.stdout.readline() == b"here\n"
        with pytest.raises(NslabError, match="all of its 4 terminals are in use"):
            labs.look(outside(lab))
    finally:
        for one in there:
            one.communicate()
    until(lambda: enter(lab, "--", "true").returncode == 0)


# -- visitors that do not do as they should: nobody else may notice ------------------------------


def visiting(lab: Lab, *words: str) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "nslab", "enter", "--lab", lab.name, "--", *words]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def waits_to_be_read(stream: IO[bytes]) -> bool:
    size = fcntl.ioctl(stream, termios.FIONREAD, bytes(4))
    return int.from_bytes(size, sys.byteorder) >= 60_000


def assert_all_terminals_are_free(lab: Lab) -> None:
    """So many visitors at once have each an answer."""
    together = [visiting(lab, "cat") for _ in m.TERMINALS]
    assert [one.communicate(b"here", timeout=LIMIT)[0] for one in together] == [b"here"] * 4


def test_a_visitor_whose_screen_stands_still(lab: Lab) -> None:
    with visiting(lab, "yes") as still:
        try:
            assert still.stdout is not None
            until(lambda: waits_to_be_read(still.stdout))
            assert enter(lab, "--", "true").returncode == 0
            assert still.stdout.read(4) == b"y\ny\n"
        finally:
            still.kill()
    until(lambda: not lab.run("pgrep", "-x", "yes").stdout)
    assert_all_terminals_are_free(lab)


def test_a_visitor_whose_program_reads_nothing(lab: Lab) -> None:
    with visiting(lab, "sleep", "1000") as typing:
        try:
            assert typing.stdin is not None
            os.set_blocking(typing.stdin.fileno(), False)
            sent = 0

            def stuck() -> bool:
                nonlocal sent
                with contextlib.suppress(BlockingIOError):
                    while True:
                        sent += os.write(typing.stdin.fileno(), b"x" * 65536)
                return sent > m.WINDOW

            until(stuck)
            until(lambda: lab.run("pgrep", "-x", "sleep").stdout)
            assert enter(lab, "--", "true").returncode == 0
        finally:
            typing.kill()
    until(lambda: not lab.run("pgrep", "-x", "sleep").stdout)
    assert_all_terminals_are_free(lab)


@pytest.mark.parametrize(
    "said", [b"", m.frame(m.Visit(("look", "x")))[:-1], b"\xff" * 64], ids=["", "half", "nonsense"]
)
def test_a_visitor_who_leaves_at_the_door(lab: Lab, said: bytes) -> None:
    held = outside(lab).held
    assert held is not None
    for _ in range(3):
        with runtime.connected(held) as line:
            line.sendall(said)
    assert_all_terminals_are_free(lab)


@pytest.mark.root
def test_strangers_are_not_let_in(lab: Lab) -> None:
    """Not even where the directory would let them in; only root can be somebody else."""
    held = outside(lab).held
    assert held is not None
    where = f"{held.place}/{held.key}.socket"
    script = (
        "import os, socket, sys\n"
        "if len(sys.argv) > 1: os.setuid(65534)\n"
        "line = socket.socket(socket.AF_UNIX)\n"
        f"try: line.connect({where!r})\n"
        "except PermissionError: print('refused')\n"
        "else: print(line.recv(1))\n"
    )

    def answer(*words: str) -> str:
        argv = [sys.executable, "-c", script, *words]
        ended = subprocess.run(argv, capture_output=True, text=True, check=True)
        return ended.stdout.strip()

    assert answer() == "b'\\x01'"
    assert answer("stranger") == "refused"
    try:
        os.chmod(where, 0o777)
        os.chmod(held.place, 0o711)
        assert answer("stranger") == "b''"
    finally:
        os.chmod(held.place, 0o700)
    assert f"nslab-vm-{outside(lab).pid}" not in Path("/proc/net/unix").read_text()
