"""The engine on this machine: starts the agent as a child process and speaks with it over pipes.

The notebook's process never changes namespace and opens no netlink socket; all of that is the
agent's.  How labs are found from outside: :mod:`nslab.engine.runtime`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from nslab.engine import age, runtime
from nslab.engine import messages as m
from nslab.engine.protocol import Options
from nslab.engine.remote import OUTSIDE, AgentEngine, ended_outside
from nslab.errors import EngineUnavailable, LabGone
from nslab.printable import printable

MODULE = "nslab.engine.agent"
START_LIMIT = 20.0
"""Seconds in which the agent must be ready; it takes a fraction of one."""

AGAIN_LIMIT = 60.0
"""The same for the second try, on a machine that is slow."""


class LocalEngine(AgentEngine):
    """A lab in new namespaces of this machine, as root or as an ordinary user.

    :raises EngineUnavailable: this machine allows no lab; the message says why and what to do
    """

    name = "local"

    def __init__(self, options: Options | None = None) -> None:
        options = options or Options()
        if sys.platform != "linux":
            raise _refusal(m.Refused("user namespace", errno.ENOSYS, sys.platform))
        try:
            super().__init__(options, Child(options.name), m.Start(options), START_LIMIT)
        except EngineUnavailable as error:
            if error.errno != errno.ETIMEDOUT:
                raise
            print(f"nslab: {error.cause}; trying again", file=sys.stderr)
            super().__init__(options, Child(options.name), m.Start(options), AGAIN_LIMIT)


class Child:
    """The agent as a child process.

    :raises EngineUnavailable: it cannot be started
    """

    def __init__(self, name: str) -> None:
        environment = os.environ | age.told()
        root = str(Path(__file__).resolve().parents[2])
        path = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = f"{root}{os.pathsep}{path}" if path else root
        self._errors = tempfile.TemporaryFile()  # has no name, so nothing can be left behind
        try:
            self._process = _spawn(name, environment, self._errors)
        except OSError as error:
            self._errors.close()
            raise EngineUnavailable("start a lab", "", str(error), "run: nslab doctor") from error
        self._begun = runtime.started(self._process.pid)
        assert self._process.stdin is not None and self._process.stdout is not None
        self.writing, self.reading = self._process.stdin, self._process.stdout

    @property
    def process(self) -> int:
        return self._process.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def cut(self) -> None:
        self._process.kill()

    def ended(self) -> str:
        if ended_outside(self._process):
            return OUTSIDE
        words = _tail(self._errors)
        if words:
            return f": {words}"
        code = self._process.returncode
        return "" if code is None else f" (exit status {code})"

    def silence(self, limit: float) -> EngineUnavailable:
        if self.running():  # no refusal: another engine would be slower still
            return EngineUnavailable(
                "start a lab",
                "",
                f"it was not ready after {limit:g} s, because the machine is very busy",
                "try again when the machine has less to do",
                errno=errno.ETIMEDOUT,
            )
        cause = f"its agent ended at once{self.ended()}"
        return EngineUnavailable("start a lab", "", cause, "run: nslab doctor")

    def refusal(self, refused: m.Refused) -> EngineUnavailable:
        return _refusal(refused)

    def close(self) -> None:
        """End the agent and wait for it; the kernel takes down the rest."""
        # Killing the supervisor kills PID 1 (PR_SET_PDEATHSIG), and with it all in its pid
        # namespace.
        self._process.kill()
        self._process.wait()
        runtime.forget(self._process.pid, self._begun)
        for stream in (self.writing, self.reading):
            with contextlib.suppress(OSError):
                stream.close()
        self._errors.close()


def _spawn(name: str, environment: Mapping[str, str], errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the agent of a lab, with pipes to and from it."""
    return subprocess.Popen(
        # -P: nothing in the present directory, whose owner may be another, is imported.
        [sys.executable, "-P", "-m", MODULE, "--lab", name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=environment,
        start_new_session=True,
    )


def _refusal(refused: m.Refused) -> EngineUnavailable:
    from nslab.engine import refusal

    return refusal.explain(refused.step, refused.errno, refused.detail)


def _tail(errors: IO[bytes]) -> str:
    """The last line that it wrote to its standard error."""
    if errors.closed:
        return ""
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def enter(record: runtime.Record, words: Sequence[str]) -> int:
    """Join a lab and run a program there; its exit code.

    The program is in the lab's pid namespace, so it ends with the lab.

    :param words: a namespace, nothing for the host, and the program's words; bash without
    :raises LabGone: it has just ended
    """
    lab = runtime.hold(record)
    # The terminal's Ctrl-C belongs to the program inside, not to us.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        argv = _visitor(lab, "enter", words)
        return subprocess.run(argv, env=_environment(), pass_fds=[lab]).returncode
    finally:
        os.close(lab)
        signal.signal(signal.SIGINT, before)


def look(record: runtime.Record) -> bytes:
    """A snapshot of a running lab, from outside, as a message.

    :raises LabGone: it has just ended
    """
    lab = runtime.hold(record)
    try:
        argv = _visitor(lab, "look", [record.name])
        visit = subprocess.run(argv, env=_environment(), capture_output=True, pass_fds=[lab])
    finally:
        os.close(lab)
    if visit.returncode:
        text = printable(visit.stderr.decode(errors="replace").strip())
        raise LabGone("look into the lab", record.name, text or "it has just ended", "nslab show")
    return visit.stdout


def _visitor(lab: int, what: str, words: Sequence[str]) -> list[str]:
    return [sys.executable, "-P", "-m", f"{MODULE}.boot.visit", str(lab), what, *words]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
