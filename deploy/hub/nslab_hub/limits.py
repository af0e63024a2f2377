"""What one learner may take of the machine, by control groups, where systemd does not see to it.

With both versions of control groups: version 2 where ``/sys/fs/cgroup/cgroup.controllers`` is, else
the hierarchies of version 1 that are mounted below ``/sys/fs/cgroup``.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MOUNTED = Path("/sys/fs/cgroup")
PROCESSES = 400
"""So many processes and threads a learner may have: JupyterLab, a few kernels, a few labs."""

CONTROLLERS = ("memory", "pids", "cpu")
"""Those that limits are set with."""

_ON = "+memory +pids +cpu"

_PERIOD = 100_000
"""Microseconds, the kernel's default: Documentation/scheduler/sched-bwc.rst."""


@dataclass(frozen=True)
class Group:
    """The control groups of a learner."""

    folders: list[str]

    @classmethod
    def of(
        cls, name: str, *, memory: int = 0, processors: float = 0, root: Path = MOUNTED
    ) -> Group:
        """Make a learner's groups, or set the limits of those that are there.

        :param memory: in bytes, 0 for as much as there is
        :param processors: how many processors' time, 0 for as much as there is
        :raises OSError: this machine's control groups cannot be written to
        """
        if (root / "cgroup.controllers").exists():
            return cls(_version_2(root, name, memory, processors))
        return cls(_version_1(root, name, memory, processors))

    @classmethod
    def there(cls, name: str, *, root: Path = MOUNTED) -> Group:
        """A learner's groups that an earlier server has left; none of them is made."""
        if (root / "cgroup.controllers").exists():
            folders = [_parent(root) / name]
        else:
            folders = [root / each / "nslab-hub" / name for each in CONTROLLERS]
        return cls([str(folder) for folder in folders if folder.is_dir()])

    def end(self, patience: float = 10.0) -> None:
        """End all that still runs in them, and remove them.

        A process of a learner's cannot leave its groups: these hold what the end of a server has
        not reached, such as a program that was put into the background in a terminal.

        :param patience: seconds in which what was killed must have gone
        """
        limit = time.monotonic() + patience
        for folder in map(Path, self.folders):
            with suppress(OSError):  # who is killed makes no other meanwhile
                _write(folder / "pids.max", 0)
        for folder in map(Path, self.folders):
            while not _removed(folder) and time.monotonic() < limit:
                _kill(folder)
                time.sleep(0.02)

    def forget(self) -> None:
        """Remove the group of all learners, where the last of them has gone."""
        for folder in map(Path, self.folders):
            with suppress(OSError):  # others are in it
                folder.parent.rmdir()

    def peak(self) -> int:
        """The most memory, in bytes, that was in use at once; 0 if the kernel does not say it."""
        for folder in self.folders:
            for name in ("memory.peak", "memory.max_usage_in_bytes"):
                with suppress(OSError, ValueError):
                    return int(Path(folder, name).read_text(encoding="ascii"))
        return 0


def _removed(folder: Path) -> bool:
    """Remove a group and those below it; false while something is in it."""
    try:
        for below in folder.iterdir():
            if below.is_dir() and not _removed(below):
                return False
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _kill(folder: Path) -> None:
    """Kill what is in a group, and in those below it."""
    for listed in folder.rglob("cgroup.procs"):
        with suppress(OSError):
            for pid in listed.read_text(encoding="ascii").split():
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)


def _version_2(root: Path, name: str, memory: int, processors: float) -> list[str]:
    parent = _parent(root)
    if not parent.exists():
        _make_room(parent)
    own = parent / name
    own.mkdir(exist_ok=True)
    _write(own / "memory.max", memory or "max")
    _write(own / "pids.max", PROCESSES)
    quota = int(processors * _PERIOD) or "max"
    _write(own / "cpu.max", f"{quota} {_PERIOD}")
    with suppress(OSError):  # a kernel without swap has no such file
        _write(own / "memory.swap.max", 0)
    return [str(own)]


def _parent(root: Path) -> Path:
    """The group of all learners, whether it is there or not.

    It is beside those of systemd, as Docker has one.  Below that of the hub's own service, none of
    a hub's processes could be put there again while a learner's server runs: a group that passes
    controllers on may hold no process, and the hub may be started anew while labs run.  Only where
    the root is none, as in a container, it is below the hub's own.
    """
    passed_on = root / "cgroup.subtree_control"
    with suppress(OSError):
        if set(CONTROLLERS) - set(passed_on.read_text(encoding="ascii").split()):
            _write(passed_on, _ON)
        return root / "nslab-hub"
    return root / _own() / "learners"


def _own() -> str:
    """The group that the hub itself is in."""
    line = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()[-1]
    return line.partition("::")[2].removesuffix("/hub").lstrip("/")


def _make_room(parent: Path) -> None:
    """Make the group of all learners, and have limits be set in it.

    A group that has groups of its own may hold no process: the hub's go into one, too.
    """
    if parent.name == "nslab-hub":
        parent.mkdir()
        _write(parent / "cgroup.subtree_control", _ON)
        return
    service = parent.parent
    hub = service / "hub"
    hub.mkdir(exist_ok=True)
    for pid in (service / "cgroup.procs").read_text(encoding="ascii").split():
        with suppress(ProcessLookupError):
            _write(hub / "cgroup.procs", pid)
    _write(service / "cgroup.subtree_control", _ON)
    parent.mkdir()
    _write(parent / "cgroup.subtree_control", _ON)


def _version_1(root: Path, name: str, memory: int, processors: float) -> list[str]:
    folders = []
    for controller in CONTROLLERS:
        if not (root / controller / "cgroup.procs").exists():
            continue
        own = root / controller / "nslab-hub" / name
        own.mkdir(parents=True, exist_ok=True)
        if controller == "memory":
            _write(own / "memory.limit_in_bytes", memory or -1)
        elif controller == "pids":
            _write(own / "pids.max", PROCESSES)
        else:
            _write(own / "cpu.cfs_period_us", _PERIOD)
            _write(own / "cpu.cfs_quota_us", int(processors * _PERIOD) or -1)
        folders.append(str(own))
    return folders


def _write(path: Path, value: int | str) -> None:
    path.write_text(str(value), encoding="ascii")
