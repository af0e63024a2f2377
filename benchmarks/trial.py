"""Runs one trial: a fresh process in namespaces of its own, and what it measured.

Nothing of the machine's network, mounts or processes is in reach of a trial, and when it ends, or
is ended because it takes too long, all that it made goes with it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent / "trials"
SYSTEM_PYTHON = "/usr/bin/python3"
"""Where Debian's package puts Mininet; the package is in no registry in a version that works."""

PACKAGES = {
    "brctl": "bridge-utils",
    "ifconfig": "net-tools",
    "ip": "iproute2",
    "bc": "bc",
    "gcc": "gcc",
    "mnexec": "mininet",
    "ping": "iputils-ping",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "tcpdump": "tcpdump",
}
"""The tools that trials use, with the Debian packages that have them."""


AS_ROOT = () if os.geteuid() == 0 else ("--user", "--map-root-user")
"""An ordinary user is root in a namespace of users: good enough to see that the trials run."""


class Failed(Exception):
    """A trial did not come to its end, or what it made was wrong."""


def missing(*, stars: bool) -> list[str]:
    """The Debian packages that are to be installed first; Mininet is for stars only."""
    absent = {package for tool, package in PACKAGES.items() if shutil.which(tool) is None}
    return sorted(absent if stars else absent - {"mininet"})


def compiled(name: str, directory: Path) -> Path:
    """A C program of the trials, compiled into a directory that is thrown away later."""
    program = directory / name
    done = subprocess.run(
        ["gcc", "-O2", "-Wall", "-Wextra", "-o", program, HERE / f"{name}.c"],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Failed(
            f"{name}.c does not compile; it needs Debian's gcc, libc6-dev and linux-libc-dev:\n"
            f"{done.stderr}"
        )
    return program


class Place:
    """Starts trials.  ``directory`` is for what they compile and may be deleted afterwards."""

    def __init__(self, directory: Path) -> None:
        self.star = compiled("star", directory)
        self.flood = compiled("flood", directory)
        # All bytecode goes to a directory of its own: compiled once, by nobody else, and not in
        # the checkout, which may be another user's.
        self._environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
        } | {"PYTHONPYCACHEPREFIX": str(directory / "bytecode")}
        # An ordinary user's lacks the directories where ip and brctl are.
        self._environment["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"

    def python(self, script: str, *words: object, limit: float = 300) -> dict[str, Any]:
        """Run a Python trial with the interpreter that has nslab."""
        return self.run((sys.executable, HERE / script, *words), limit=limit)

    def run(self, argv: tuple[object, ...], *, star: int = 0, limit: float = 300) -> dict[str, Any]:
        """Run a trial; ``star`` has the star of so many namespaces that it leaves looked at.

        :param limit: seconds until it is given up
        :raises Failed: it did not end well
        """
        look = ("--star", star) if star else ()
        words = (
            "unshare",
            *AS_ROOT,
            "--net",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "--propagation",
            "private",
            sys.executable,
            HERE / "inside.py",
            *look,
            "--",
            *argv,
        )
        process = subprocess.Popen(
            [str(word) for word in words],
            env=self._environment,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            output, errors = process.communicate(timeout=limit)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise Failed(f"not done after {limit:g} seconds") from None
            raise
        if process.returncode:
            raise Failed(errors.strip() or f"ended with {process.returncode}")
        result: dict[str, Any] = json.loads(output)
        return result

    def let_go(self) -> None:
        """Wait until the kernel has taken down what earlier trials left, and others are quiet."""
        subprocess.run(
            [
                "unshare",
                *AS_ROOT,
                "--net",
                "--mount",
                "--propagation",
                "private",
                "sh",
                "-c",
                'mount -t tmpfs none /run && mkdir /run/netns && exec "$@"',
                "sh",
                sys.executable,
                str(HERE / "gone.py"),
            ],
            env=self._environment,
            check=True,
        )
        wait_for_quiet()


def wait_for_quiet(limit: float = 3.0, idle: float = 0.9) -> None:
    """Wait until the processors have been idle for a moment; go on anyway after so many seconds."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        free, all_of_it = _processor_time()
        time.sleep(0.1)
        free_later, all_later = _processor_time()
        if free_later - free >= idle * (all_later - all_of_it):
            return


def _processor_time() -> tuple[int, int]:
    """The idle time and all time since the start of the machine (proc(5), /proc/stat)."""
    with open("/proc/stat") as file:
        ticks = [int(word) for word in file.readline().split()[1:]]
    return ticks[3] + ticks[4], sum(ticks)
