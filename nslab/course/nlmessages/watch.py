"""Taking the bytes: strace(1) writes down what a program sends to the kernel while it runs."""

from __future__ import annotations

import re
import shlex
import struct
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from nslab.course.nlmessages.message import TYPES, Message, decode
from nslab.errors import NslabError, ToolMissing
from nslab.network import programs
from nslab.network.actions import Action

if TYPE_CHECKING:
    from nslab.session.lab import Lab

_TRACE = "strace -f -e trace=sendto,sendmsg,execve -e write=all"
_FILE = "/run/nslab/trace"
_DUMP = re.compile(r"^ \| [0-9a-f]{5}  ([0-9a-f ]{49})", re.MULTILINE)
_EXECVE = re.compile(r'^\d+ +execve\("([^"]+)".* = 0$', re.MULTILINE)
_LIMIT = 200
"""Times to look whether strace has begun, at 20 ms; it takes one or two."""


class Watch:
    """What a running process of a lab does in the meantime.

    ::

        with Watch(lab, "dockerd") as seen:
            lab.sh("docker run …")
        seen.messages, seen.programs

    :param process: the name of a program that runs in the lab, or a process id
    :raises ToolMissing: strace is not installed
    :raises NslabError: there is no such process
    """

    def __init__(self, lab: Lab, process: str | int) -> None:
        self._lab = lab
        self._process = str(process)
        self._strace = 0
        self.messages: tuple[Message, ...] = ()
        """The rtnetlink messages that it and its children sent."""
        self.programs: tuple[str, ...] = ()
        """The programs that it and its children started, each once, by name."""

    def __enter__(self) -> Watch:
        lab, name = self._lab, shlex.quote(self._process)
        _need_strace(lab, self._process)
        pids = f"if [ -d /proc/{name} ]; then echo {name}; else pgrep -x -o {name}; fi"
        ran = lab.run("bash", "-c", pids)
        if ran.returncode:
            raise NslabError(
                "watch", self._process, "no such process runs in the lab", "start it first"
            )
        ran = lab.run(
            "bash",
            "-c",
            f"rm -f {_FILE}.err; {_TRACE} -p {ran.stdout.split()[0]} -o {_FILE} 2> {_FILE}.err & "
            f"echo $!; for _ in $(seq {_LIMIT}); do grep -qs attached {_FILE}.err && exit 0; "
            f"sleep 0.02; done; cat {_FILE}.err >&2; exit 1",
        )
        if ran.returncode:
            words = (ran.stderr.strip() or "strace did not begin").splitlines()[-1]
            raise NslabError("watch", self._process, words)
        self._strace = int(ran.stdout.split()[0])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pid = self._strace
        self._lab.run(
            "bash", "-c", f"kill -INT {pid}; while kill -0 {pid} 2>&-; do sleep 0.02; done"
        )
        text = self._lab.run("cat", _FILE).stdout
        self.messages = tuple(messages(text))
        self.programs = tuple(sorted({path.rpartition("/")[2] for path in _EXECVE.findall(text)}))


def sent(lab: Lab, line: str) -> list[Message]:
    """The rtnetlink messages that a command line sends, run in the pseudo-host.

    :raises ToolMissing: strace is not installed
    :raises NslabError: the line failed; with its own words
    """
    _need_strace(lab, line)
    ran = lab.run("bash", "-c", f"{_TRACE} -qq -o {_FILE} {line} && cat {_FILE}")
    if ran.returncode:
        words = (ran.stderr.strip() or "it printed nothing").splitlines()[-1]
        raise NslabError("watch", line, f"it ended with {ran.returncode}: {words}")
    return list(messages(ran.stdout))


def sent_by_library(lab: Lab, *actions: Action) -> list[Message]:
    """The rtnetlink messages that the lab's agent, its process 1, sends for actions."""
    with Watch(lab, 1) as seen:
        lab.do(*actions, watch=False)
    return list(seen.messages)


def _need_strace(lab: Lab, subject: str) -> None:
    if lab.run("sh", "-c", "command -v strace").returncode:
        raise ToolMissing(
            "watch", subject, "strace is not installed on this machine", programs.missing("strace")
        )


def messages(trace: str) -> Iterator[Message]:
    """The rtnetlink messages of which strace has written the bytes."""
    for call in re.split(r"(?m)^(?=\d+ )", trace):
        if "nlmsg_" not in call:
            continue
        data = b"".join(bytes.fromhex(line) for line in _DUMP.findall(call))
        while len(data) >= 16:
            size, kind = struct.unpack_from("=IH", data)
            if not 16 <= size <= len(data):
                break
            if kind in TYPES:
                yield decode(data[:size])
            data = data[(size + 3) & ~3 :]
