"""What the figures were measured on."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from msgspec import Struct
from trial import SYSTEM_PYTHON


class Machine(Struct):
    """The machine and what is installed on it.  ``load`` is of one minute, before and after."""

    date: str
    processors: int
    model: str
    memory_gib: float
    system: str
    kernel: str
    load: list[float]
    versions: dict[str, str]

    def __str__(self) -> str:
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return (
            f"{self.model}, {self.processors} processors, {self.memory_gib:.0f} GiB, "
            f"{self.system}, Linux {self.kernel}, {versions}; "
            f"{self.date}, load {' → '.join(f'{load:.1f}' for load in self.load)}"
        )


def describe() -> Machine:
    """This machine, now."""
    release = platform.freedesktop_os_release()
    return Machine(
        date=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        processors=len(os.sched_getaffinity(0)),
        model=_model(),
        memory_gib=round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        system=f"{release.get('NAME', '?')} {release.get('VERSION_ID', '')}".strip(),
        kernel=platform.release(),
        load=[load()],
        versions={
            "Python": platform.python_version(),
            "nslab": version("nslab"),
            "pyroute2": version("pyroute2"),
            "iproute2": _said("ip", "-Version").rpartition("-")[2].partition(",")[0],
            "Mininet": _said(
                SYSTEM_PYTHON, "-c", "from mininet.net import VERSION; print(VERSION)"
            ),
            "gcc": _said("gcc", "-dumpfullversion"),
        },
    )


def load() -> float:
    """The machine's load in the last minute."""
    return round(os.getloadavg()[0], 1)


def _model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("model name", "Model")):
            return line.partition(":")[2].strip()
    return platform.machine()


def _said(*argv: str) -> str:
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "?"
