"""Labs from outside: which run, a terminal in one, a look into one.

They are found in /proc alone, by how their first process was started: no file says that a lab
runs, so none is left behind when one dies.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from nslab.engine import local, ssh
from nslab.engine.vm import visitor
from nslab.network.model import Snapshot


class Running(Struct, frozen=True):
    """A lab of this user; ``pid`` is that of its first process as seen from here."""

    name: str
    pid: int
    uid: int
    age: float
    """Seconds since it was started."""
    engine: Literal["local", "vm", "ssh"] = "local"


def running() -> list[Running]:
    """The labs on this machine that the caller may enter, the oldest first."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            status = os.stat(f"/proc/{entry}")
            if os.geteuid() not in (0, status.st_uid):
                continue
            raw = Path(f"/proc/{entry}/cmdline").read_bytes()
            words = raw.decode(errors="replace").split("\0")
            for engine, recognise in KINDS.items():
                name = recognise(int(entry), words)
                if name is not None:
                    found.append(Running(name, int(entry), status.st_uid, _age(int(entry)), engine))
        except OSError:
            continue
    return sorted(found, key=lambda lab: (-lab.age, lab.pid))


def _local(pid: int, words: Sequence[str]) -> str | None:
    if len(words) > 4 and list(words[1:4]) == ["-m", local.MODULE, "--lab"] and _first(pid):
        return words[4]
    return None


def _vm(_: int, words: Sequence[str]) -> str | None:
    if len(words) > 5 and words[3].endswith(visitor.WATCH) and words[4] == "--vm":
        return words[5]
    return None


def _ssh(_: int, words: Sequence[str]) -> str | None:
    return ssh.name_in(words)


KINDS: dict[Literal["local", "vm", "ssh"], Callable[[int, Sequence[str]], str | None]] = {
    "local": _local,
    "vm": _vm,
    "ssh": _ssh,
}
"""How a lab's first process is recognised: its name, None if it is none."""


def _age(pid: int) -> float:
    """Seconds since a process was started: field 22 of its stat is in clock ticks (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started)


def _first(pid: int) -> bool:
    """Whether it is the first process of a pid namespace below ours."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("NSpid:"):
            numbers = line.split()[1:]
            return len(numbers) > 1 and numbers[-1] == "1"
    return False


def enter(lab: Running, ns: str | None = None, argv: Sequence[str] = ()) -> int:
    """Join a lab and run a program there, bash if none is named; its exit code."""
    words = [ns or "", *argv]
    match lab.engine:
        case "local":
            return local.enter(lab.pid, words)
        case "vm":
            return visitor.enter(lab.pid, lab.name, words)
        case "ssh":
            return ssh.enter(lab.pid, lab.name, words)


def look(lab: Running) -> Snapshot:
    """A snapshot of a running lab, from outside.

    :raises LabGone: it has just ended
    """
    match lab.engine:
        case "local":
            message = local.look(lab.pid, lab.name)
        case "vm":
            message = visitor.look(lab.pid, lab.name)
        case "ssh":
            message = ssh.look(lab.pid, lab.name)
    return msgspec.msgpack.decode(message, type=Snapshot)
