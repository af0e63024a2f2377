"""Learners' servers that are forked from one that has read JupyterLab's modules already."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Any, ClassVar

from jupyterhub.spawner import LocalProcessSpawner
from jupyterhub.traitlets import ByteSpecification
from jupyterhub.utils import random_port

from nslab_hub import limits
from nslab_hub.preloaded import KEPT

LONGEST = 1 << 20
"""Bytes of an answer: a line of a few words."""


PATIENCE = 30
"""Seconds in which a learner's records must have been swept."""


class Source:
    """The preloaded process, and how the hub asks it."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._numbers = itertools.count()
        self._process: subprocess.Popen[bytes] | None = None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """What it answers; it is started if it does not run.

        :raises ConnectionError: it has ended meanwhile; the next request starts another
        """
        async with self._lock:
            reader, writer = await self._connected()
            number = next(self._numbers)
            writer.write(json.dumps({**request, "id": number}).encode() + b"\n")
            await writer.drain()
            while line := await reader.readline():
                answer = dict(json.loads(line))
                if answer.get("id") == number:  # else who asked that has given up
                    return answer
            raise ConnectionError("the process that forks servers has ended: try again")

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._process is None or self._process.poll() is not None or self._streams is None:
            if self._streams is not None:
                self._streams[1].close()
            # Nothing in the file system leads to it: it goes with the two who hold its ends.
            ours, theirs = socket.socketpair()
            with theirs:
                words = (sys.executable, "-P", "-m", "nslab_hub.preloaded", str(theirs.fileno()))
                self._process = subprocess.Popen(
                    words, stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),)
                )
            self._streams = await asyncio.open_connection(sock=ours, limit=LONGEST)
        return self._streams


class PreloadedSpawner(LocalProcessSpawner):
    """Starts the server of a system user of the same name, within limits.

    The settings that it heeds: ``mem_limit`` (bytes), ``cpu_limit`` (processors), ``tmp_limit``
    (bytes) and, in :mod:`nslab_hub.limits`, how many processes a learner may have.
    """

    tmp_limit = ByteSpecification(
        256 << 20, help="Size of each server's own /tmp; 0 for the machine's."
    ).tag(config=True)

    _source: ClassVar[Source | None] = None
    _started = 0
    """When the server was started, in clock ticks after boot: its number alone may be another
    process's by now, and the hub sends signals as root."""

    async def start(self) -> tuple[str, int]:
        """Ask for a server; where it listens."""
        if self.port == 0:
            self.port = random_port()
        self.proc = None
        group = limits.Group.of(
            self.user.name, memory=int(self.mem_limit or 0), processors=float(self.cpu_limit or 0)
        )
        request = {
            "user": self.user.name,
            "argv": [*self.cmd, *self.get_args()],
            "env": self.get_env(),
            "cgroups": group.folders,
            "tmp": int(self.tmp_limit),
        }
        cls = PreloadedSpawner
        cls._source = cls._source or Source()
        answer = await cls._source.ask(request)
        if "error" in answer:
            raise RuntimeError(f"cannot start a server for {self.user.name}: {answer['error']}")
        self.pid = answer["pid"]
        self._started = began(self.pid)
        return (self.ip or "127.0.0.1", self.port)

    async def poll(self) -> int | None:
        """None while the server runs; whatever it leaves behind goes when it does not."""
        if self.pid and began(self.pid) != self._started:
            self.clear_state()
        status: int | None = await super().poll()
        if status is not None:
            await self._swept()
        return status

    async def stop(self, now: bool = False) -> None:
        """End the server, and what the learner still runs below it: kernels, labs, terminals.

        Without a terminal, Jupyter Server ends its kernels at SIGTERM only: at SIGINT, which
        JupyterHub sends first, it just goes.
        """
        for number, seconds in (
            (signal.SIGTERM, self.term_timeout),
            (signal.SIGKILL, self.kill_timeout),
        ):
            if await self.poll() is None and not (now and number == signal.SIGTERM):
                await self._signal(number)
                await self.wait_for_death(seconds)
        await self._swept()

    async def _swept(self) -> None:
        if any(one.active for one in self.user.spawners.values() if one is not self):
            return  # another server of this learner's shares the limits
        group = limits.Group.there(self.user.name)
        await asyncio.to_thread(group.end)
        group.forget()  # here, where no other server is just being given its group
        await asyncio.to_thread(sweep, self.user.name)

    def get_state(self) -> dict[str, Any]:
        """What the next hub must know of this server."""
        state: dict[str, Any] = super().get_state()
        if self.pid:
            state["started"] = self._started
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Know a server that an earlier hub has started."""
        super().load_state(state)
        self._started = state.get("started", 0)

    def clear_state(self) -> None:
        """Know of no server."""
        super().clear_state()
        self._started = 0


def sweep(name: str) -> None:
    """Remove what says that labs of a learner's run, where these were killed; as that learner."""
    with suppress(KeyError, OSError, subprocess.SubprocessError):
        user = pwd.getpwnam(name)
        words = (sys.executable, "-P", "-c", "from nslab.engine import runtime; runtime.running()")
        subprocess.run(
            words,
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=(),
            env={"HOME": user.pw_dir} | {k: os.environ[k] for k in KEPT if k in os.environ},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
        )


def began(pid: int) -> int:
    """When a process was started, field 22 of its stat (proc(5)); 0 if there is none any more."""
    with suppress(OSError):
        stat = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            fields = os.read(stat, 4096).rpartition(b")")[2].split()
        finally:
            os.close(stat)
        return 0 if fields[0] == b"Z" else int(fields[19])
    return 0
