"""The engine on another machine that is reached by ssh: the Vagrant VM, or any Linux.

The same agent is started there by ``nslab agent``, and spoken with over ssh's own pipes.  When the
connection ends, so does the lab.  What ssh needs to know of the machine (keys, ports, jumps) is in
its own configuration; nothing here asks for a password.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Sequence

from nslab.engine import age, runtime
from nslab.engine import messages as m
from nslab.engine.protocol import Options
from nslab.engine.remote import OUTSIDE, AgentEngine, ended_outside
from nslab.errors import EngineUnavailable, InvalidInput, LabGone
from nslab.printable import printable

START_LIMIT = 60.0
"""Seconds in which the machine must have answered and made the lab."""

END_LIMIT = 0.5
"""Seconds for the other end to take leave; it is over with ssh in any case."""

PROGRAM_VARIABLE = "NSLAB_SSH_PROGRAM"
"""Names nslab on the other machine, where it is in none of :data:`PLACES`."""

OPTIONS_VARIABLE = "NSLAB_SSH_OPTIONS"
"""More words for ssh, such as ``-F file``."""

PLACES = (
    "nslab",
    "$HOME/.local/bin/nslab",
    "/opt/nslab/venv/bin/nslab",
    "$HOME/nslab/.venv/bin/nslab",
)

_TARGET = re.compile(
    r"(?:(?P<user>[\w.][\w.-]*)@)?(?P<host>[\w.][\w.-]*|\[[0-9a-fA-F:.]+\])(?::(?P<port>\d+))?"
)
"""No part begins with a dash: ssh would take it for an option."""


def target(text: str) -> list[str]:
    """ssh's words for a machine: HOST, USER@HOST or USER@HOST:PORT.

    >>> target("vagrant@127.0.0.1:2222")
    ['-p', '2222', '--', 'vagrant@127.0.0.1']

    :raises InvalidInput: it is none of these
    """
    match = _TARGET.fullmatch(text.removeprefix("//"))
    if match is None or not text.isprintable():
        raise InvalidInput(
            "reach",
            repr(text),
            "this names no machine",
            'such as Lab(engine="ssh:vagrant@127.0.0.1:2222"), or a Host of ~/.ssh/config',
        )
    user = f"{match['user']}@" if match["user"] else ""
    port = ["-p", match["port"]] if match["port"] else []
    return [*port, "--", user + match["host"].strip("[]")]


class SshEngine(AgentEngine):
    """A lab on another machine.

    :raises EngineUnavailable: the machine cannot be reached, or has no nslab, or allows no lab
    """

    name = "ssh"

    def __init__(self, machine: str, options: Options | None = None) -> None:
        options = options or Options()
        connection = Remote(machine, options.name)
        super().__init__(options, connection, m.Start(options), START_LIMIT)


def engine_at(machine: str) -> Callable[[Options], SshEngine]:
    """What makes engines on that machine."""
    target(machine)
    return lambda options: SshEngine(machine, options)


class Remote:
    """ssh, and the agent at its other end."""

    def __init__(self, machine: str, name: str) -> None:
        self._machine = machine
        way = _ssh(machine)
        program = os.environ.get(PROGRAM_VARIABLE, "")
        argv = ["ssh", "-T", *way, _on_path(program, ["agent", f"--lab={name}"])]
        self._errors = tempfile.TemporaryFile()
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,
                env=os.environ | age.told(),
            )
        except OSError as error:
            self._errors.close()
            raise EngineUnavailable(
                "start a lab",
                f"on {machine}",
                f"ssh: {error.strerror}",
                "sudo apt-get install openssh-client",
            ) from error
        self._entry = runtime.reserve()
        if self._entry is not None:
            with contextlib.suppress(OSError):  # it has ended already
                pid = self._process.pid
                self._entry.publish(
                    runtime.Record(
                        engine="ssh",
                        name=name,
                        pid=pid,
                        started=runtime.started(pid),
                        argv=tuple(way),
                        program=program,
                    )
                )
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
        words = ""
        if not self._errors.closed:
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").strip().splitlines()
            words = lines[-1] if lines else ""
        return f" on {self._machine}" + (f": {words}" if words else "")

    def refusal(self, refused: m.Refused) -> EngineUnavailable:
        cause = f"{refused.step}: {refused.detail or os.strerror(refused.errno)}"
        return EngineUnavailable(
            "start a lab",
            f"on {self._machine}",
            cause,
            "run there: nslab doctor",
            errno=refused.errno,
        )

    def silence(self, limit: float) -> EngineUnavailable:
        """The error for a machine from which no agent answered."""
        words = self.ended()
        code = self._process.poll()
        by_hand = shlex.join([word for word in target(self._machine) if word != "--"])
        hint = f"try by hand: ssh {by_hand}"
        if code == 127:
            words = f" on {self._machine}: nslab is not installed there"
            hint = f"install it there, or say where it is: {PROGRAM_VARIABLE}=/path/to/nslab"
        elif "Permission denied" in words:
            hint = "give ssh a key for it (ssh-copy-id): it cannot ask for a password"
        elif "Host key verification failed" in words:
            hint = f"look at its key once, by hand: ssh {by_hand}"
        elif code is None:
            words = f" on {self._machine}: no answer in {limit:.0f} s"
        where, _, cause = words.strip().partition(": ")
        return EngineUnavailable("start a lab", where, cause or "it ended without a message", hint)

    def close(self) -> None:
        """End ssh; the agent reads the end of its input and ends with all that is in the lab."""
        for stream in (self.writing, self.reading):
            with contextlib.suppress(OSError):
                stream.close()
        try:
            self._process.wait(END_LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._entry is not None:
            self._entry.remove()
        self._errors.close()


def _ssh(machine: str) -> list[str]:
    """The words by which ssh reaches a machine; a command may follow."""
    own = shlex.split(os.environ.get(OPTIONS_VARIABLE, ""))
    return [
        "-o",
        "BatchMode=yes",
        "-o",
        "ServerAliveInterval=15",
        "-o",
        "ConnectTimeout=15",
        *own,
        *target(machine),
    ]


def _on_path(program: str, argv: Sequence[str]) -> str:
    """A line of shell: nslab with these words, wherever it is on the other machine."""
    words = shlex.join(argv)
    if program.startswith("-") or not program.isprintable():
        raise InvalidInput(
            "run",
            f"{PROGRAM_VARIABLE}={program!r}",
            "there is no such program",
            "name the file: /path/to/nslab",
        )
    places = shlex.quote(program) if program else " ".join(f'"{place}"' for place in PLACES)
    return f'for p in {places}; do command -v "$p" >/dev/null && exec "$p" {words}; done; exit 127'


# -- from outside ------------------------------------------------------------------------------


def enter(record: runtime.Record, words: Sequence[str]) -> int:
    """Run a program in a lab of ours on another machine; its exit code."""
    space = words[0] or "host"
    tail = ["enter", "--here", f"--lab={record.name}", space, *_rest(words[1:])]
    return subprocess.run(_again(record, tail, terminal=os.isatty(0))).returncode


def look(record: runtime.Record) -> bytes:
    """A snapshot of such a lab, as a message.

    :raises LabGone: it has just ended
    """
    argv = _again(record, ["show", f"--lab={record.name}", "--message"], terminal=False)
    ended = subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL)
    if ended.returncode:
        text = printable(ended.stderr.decode(errors="replace").strip())
        raise LabGone("look into the lab", record.name, text or "it has just ended", "nslab show")
    return ended.stdout


def _rest(words: Sequence[str]) -> list[str]:
    return ["--", *words] if words else []


def _again(record: runtime.Record, tail: Sequence[str], *, terminal: bool) -> list[str]:
    """ssh's words for the machine that the lab's own process recorded, and others of nslab there.

    :raises LabGone: it has just ended
    """
    os.close(runtime.hold(record))
    return ["ssh", "-t" if terminal else "-T", *record.argv, _on_path(record.program, tail)]
