"""Learners' servers that are forked from one that has read JupyterLab's modules already."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from jupyterhub.spawner import LocalProcessSpawner
from jupyterhub.utils import random_port

from nslab_hub import limits


class PreloadedSpawner(LocalProcessSpawner):
    """Starts the server of a system user of the same name, within limits.

    The settings that it heeds: ``mem_limit`` (bytes), ``cpu_limit`` (processors) and, in
    :mod:`nslab_hub.limits`, how many processes a learner may have.
    """

    _source: ClassVar[subprocess.Popen[bytes] | None] = None
    _folder: ClassVar[Path | None] = None

    @classmethod
    def _path(cls) -> Path:
        """The socket of the preloaded process, which is started if there is none."""
        if cls._source is None or cls._source.poll() is not None:
            cls._folder = Path(tempfile.mkdtemp(prefix="nslab-hub-"))
            argv = (sys.executable, "-m", "nslab_hub.preloaded", str(cls._folder / "socket"))
            cls._source = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
        assert cls._folder is not None
        return cls._folder / "socket"

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
        }
        answer = await self._asked(request)
        if "error" in answer:
            raise RuntimeError(f"cannot start a server for {self.user.name}: {answer['error']}")
        self.pid = answer["pid"]
        return (self.ip or "127.0.0.1", self.port)

    async def _asked(self, request: dict[str, Any]) -> dict[str, Any]:
        path = self._path()
        for _ in range(int(self.start_timeout) * 10):
            if path.exists():
                break
            await asyncio.sleep(0.1)
        reader, writer = await asyncio.open_unix_connection(str(path))
        try:
            writer.write(json.dumps(request).encode() + b"\n")
            await writer.drain()
            return dict(json.loads(await reader.readline()))
        finally:
            writer.close()
