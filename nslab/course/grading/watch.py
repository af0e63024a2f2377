"""A box seen from outside: what it is given, what it answers, and whether it takes too much.

What its processes take together no ordinary user can have the kernel limit, so it is looked at ten
times a second: their memory, what lies in their file systems of memory, how many they are.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from nslab.course.grading.values import MANY, Answer, Job

PERIOD = 0.1
"""Seconds between two looks."""

START = 300.0
"""Seconds that its lab may take to start, which nobody's answer is to blame for: where a virtual
machine is emulated, on a busy machine, that is more than the answer takes."""

LONGEST = 4 << 20
"""Bytes of an answer."""

LEAST_FREE = 256 << 20
"""Bytes of the machine's memory that must be left, whoever has taken the rest."""

_HINT = re.compile(r"\s*(?:→|or )")
"""A line of an error that says what to do: the learner's teacher cannot, in a box."""

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Limits(Struct, frozen=True):
    """What one exercise of one learner may take.

    :param seconds: of time, once its lab is there
    :param memory: bytes, of all its processes together
    """

    seconds: float = 60.0
    memory: int = 1 << 30


class Stopped(Exception):
    """The box was ended, or ended without an answer; says why."""


def ask(job: Job, limits: Limits, files: Sequence[Path] = ()) -> Answer:
    """Do a job in a box of its own.

    :param files: what of the virtual machine there is in it
    :raises Stopped: it took too long or too much, or gave no answer
    :raises OSError: no process could be started
    """
    reader, writer = os.pipe2(os.O_CLOEXEC)
    try:
        process = subprocess.Popen(
            [
                sys.executable,
                "-P",  # what is in Python's path is in the box: not the grader's own folder
                "-m",
                "nslab.course.grading.box",
                str(limits.memory),
                str(os.getpid()),
                str(writer),
                *map(str, files),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[writer],
            start_new_session=True,
        )
    except BaseException:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    assert process.stdin is not None and process.stdout is not None
    try:
        with contextlib.suppress(BrokenPipeError), process.stdin:
            process.stdin.write(msgspec.json.encode(job))
        answer, last = _listen(process, reader, limits)
    finally:
        # It may have been told to stop: with its first process all others end.
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        os.close(reader)
    try:
        return msgspec.json.decode(answer, type=Answer)
    except msgspec.DecodeError:
        raise Stopped(f"it ended without an answer{f': {last}' if last else ''}") from None


def _listen(process: subprocess.Popen[bytes], reader: int, limits: Limits) -> tuple[bytes, str]:
    """The answer, and the last line that was printed.  All else that is printed goes nowhere."""
    answer, tail = bytearray(), b""
    assert process.stdout is not None
    deadline = time.monotonic() + START
    late = f"its lab was not there within {START:g} s"
    looked = 0.0
    with selectors.DefaultSelector() as waiting:
        for source in (reader, process.stdout.fileno()):
            os.set_blocking(source, False)
            waiting.register(source, selectors.EVENT_READ)
        while waiting.get_map():
            now = time.monotonic()
            if now > deadline:
                raise Stopped(late)
            if now - looked > PERIOD:
                looked = now
                _look(process.pid, limits)
            for key, _ in waiting.select(min(PERIOD, deadline - now)):
                piece = os.read(key.fd, 1 << 16)
                if not piece:
                    waiting.unregister(key.fd)
                elif key.fd == reader:
                    if not answer:  # only what comes first begins the learner's time
                        deadline = time.monotonic() + limits.seconds
                        late = f"it took longer than {limits.seconds:g} s"
                    answer += piece
                    if len(answer) > LONGEST:
                        raise Stopped("its answer has no end")
                else:
                    tail = (tail + piece)[-2000:]
            if reader not in waiting.get_map():
                break  # the answer is whole; what still runs is not waited for
    return bytes(answer), _last(tail)


def _last(printed: bytes) -> str:
    """The last line that says something; empty if none does."""
    lines = printed.decode(errors="replace").strip().splitlines()
    said = [line.strip() for line in lines if line.strip() and not _HINT.match(line)]
    return said[-1] if said else ""


def _look(pid: int, limits: Limits) -> None:
    """:raises Stopped: its processes take too much together."""
    # One text for both: which of them is seen first is chance, and marks are none.
    much = f"it took more than it may: {limits.memory >> 20} MiB of memory, {MANY} processes"
    family = list(_family(pid))
    if len(family) > MANY:
        raise Stopped(much)
    taken = sum(map(_resident, family)) + _files_in_memory(family)
    if taken > limits.memory:
        raise Stopped(much)
    if _available() < LEAST_FREE and taken > limits.memory // 2:
        raise Stopped("the machine ran out of memory meanwhile")


def _family(pid: int) -> Iterator[int]:
    """A process and all that descend from it: in a pid namespace, orphans stay in the family."""
    todo = [pid]
    while todo:
        found = todo.pop()
        yield found
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{found}/task").iterdir():
                todo += map(int, (task / "children").read_text().split())


def _resident(pid: int) -> int:
    """The bytes of memory that are a process's own: what it shares (its program) is not counted."""
    try:
        words = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return (int(words[1]) - int(words[2])) * _PAGE


def _files_in_memory(family: list[int]) -> int:
    """The bytes in the file systems of memory that a family has mounted."""
    spaces: set[int] = set()
    found: dict[int, int] = {}
    for pid in family[1:]:  # the first one is outside
        with contextlib.suppress(OSError, ValueError):
            space = os.stat(f"/proc/{pid}/ns/mnt").st_ino
            if space in spaces:
                continue
            spaces.add(space)
            for line in Path(f"/proc/{pid}/mounts").read_text().splitlines():
                _, place, kind, *_rest = line.split(" ")
                if kind == "tmpfs" and "\\" not in place:
                    inside = f"/proc/{pid}/root{place}"
                    used = os.statvfs(inside)
                    found[os.stat(inside).st_dev] = (used.f_blocks - used.f_bfree) * used.f_frsize
    return sum(found.values())


def _available() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return 1 << 62
