"""What one learner may take of the machine, by control groups, where systemd does not see to it.

With both versions of control groups: version 2 where ``/sys/fs/cgroup/cgroup.controllers`` is, else
the hierarchies of version 1 that are mounted below ``/sys/fs/cgroup``.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MOUNTED = Path("/sys/fs/cgroup")
PROCESSES = 400
"""So many processes and threads a learner may have: JupyterLab, a few kernels, a few labs."""

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

    def peak(self) -> int:
        """The most memory, in bytes, that was in use at once; 0 if the kernel does not say it."""
        for folder in self.folders:
            for name in ("memory.peak", "memory.max_usage_in_bytes"):
                with suppress(OSError, ValueError):
                    return int(Path(folder, name).read_text(encoding="ascii"))
        return 0


def _version_2(root: Path, name: str, memory: int, processors: float) -> list[str]:
    parent = root / _own(root) / "learners"
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


def _own(root: Path) -> str:
    """The group of the hub's service, which systemd has left to it (``Delegate=yes``)."""
    line = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()[-1]
    return line.partition("::")[2].removesuffix("/hub").lstrip("/")


def _make_room(parent: Path) -> None:
    """A group that has groups of its own may hold no process: the hub's go into one, too."""
    service = parent.parent
    hub = service / "hub"
    hub.mkdir(exist_ok=True)
    for pid in (service / "cgroup.procs").read_text(encoding="ascii").split():
        with suppress(ProcessLookupError):
            _write(hub / "cgroup.procs", pid)
    _write(service / "cgroup.subtree_control", "+memory +pids +cpu")
    parent.mkdir()
    _write(parent / "cgroup.subtree_control", "+memory +pids +cpu")


def _version_1(root: Path, name: str, memory: int, processors: float) -> list[str]:
    folders = []
    for controller in ("memory", "pids", "cpu"):
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
