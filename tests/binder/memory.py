"""A control group with 1 GiB, of either version, and what is used in it."""

from __future__ import annotations

import contextlib
import re
import threading
from pathlib import Path

LIMIT = 1 << 30


class Group:
    """Made when it is constructed; :meth:`close` removes it, and so does :func:`remove`.

    :raises OSError: this machine gives none
    """

    def __init__(self, name: str) -> None:
        parent, self._old = _parent()
        self.path = parent / name
        self.path.mkdir(exist_ok=True)
        self.peak = 0
        """Bytes of memory that cannot be given back, at most (looked at every 0.2 s)."""
        self._done = threading.Event()
        try:
            self._write("memory.limit_in_bytes" if self._old else "memory.max", LIMIT)
        except OSError:
            self.path.rmdir()
            raise
        with contextlib.suppress(OSError):  # there may be no accounting of swap
            swap = ("memory.memsw.limit_in_bytes", LIMIT) if self._old else ("memory.swap.max", 0)
            self._write(*swap)
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def _write(self, name: str, value: int) -> None:
        (self.path / name).write_text(str(value))

    def _numbers(self, name: str) -> dict[str, int]:
        text = (self.path / name).read_text()
        return {key: int(value) for key, value in re.findall(r"^(\S+) (\d+)$", text, re.MULTILINE)}

    def used(self) -> int:
        """Bytes of memory that cannot be given back: not what is cached of files."""
        stat = self._numbers("memory.stat")
        if self._old:
            return stat["total_rss"] + stat.get("total_shmem", 0)
        return stat["anon"] + stat["shmem"] + stat.get("kernel", 0)

    def killed(self) -> int:
        """How many processes were killed because there was no memory."""
        name = "memory.oom_control" if self._old else "memory.events"
        return self._numbers(name).get("oom_kill", 0)

    def members(self) -> list[int]:
        return [int(pid) for pid in (self.path / "cgroup.procs").read_text().split()]

    def _watch(self) -> None:
        while not self._done.wait(0.2):
            self.peak = max(self.peak, self.used())

    def close(self) -> None:
        self._done.set()
        self._watcher.join()
        self.path.rmdir()


def remove(name: str) -> None:
    """The group of a process that was killed, if it is there."""
    with contextlib.suppress(OSError):
        (_parent()[0] / name).rmdir()


def _parent() -> tuple[Path, bool]:
    """Where a group may be made: this process's own group, and whether it is of version 1."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    own = {kind: path for _, kind, path in (line.split(":", 2) for line in lines)}
    if "memory" in own:
        base = Path("/sys/fs/cgroup/memory")
        there = base / own["memory"].lstrip("/")
        return (there if there.is_dir() else base), True
    base = Path("/sys/fs/cgroup")
    # A group with processes in it may have no children with limits, except the topmost.
    control = base / "cgroup.subtree_control"
    if "memory" not in control.read_text():
        control.write_text("+memory")
    return base, False


def shares(pids: list[int]) -> list[tuple[str, int, int]]:
    """Program, RSS and PSS in bytes of each process; what is shared counts in parts in PSS."""
    found = []
    for pid in pids:
        with contextlib.suppress(OSError, KeyError):
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            sizes = dict(re.findall(r"^(\w+):\s+(\d+) kB$", rollup, re.MULTILINE))
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
            found.append((_name(words), int(sizes["Rss"]) << 10, int(sizes["Pss"]) << 10))
    return found


def _name(words: list[str]) -> str:
    names = [word for word in words if word and not word.startswith("-")]
    known = {
        "ipykernel_launcher": "kernel",
        "watch.py": "watch",
        "pytest": "pytest",
        "repo2docker-entrypoint": "entrypoint",
        "jupyter-notebook": "server",
    }
    for name in names:
        for part, short in known.items():
            if part in name:
                return short
    return Path(names[0]).name if names else "?"
