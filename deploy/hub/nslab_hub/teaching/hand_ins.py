"""What learners have handed in, and the marks for it.

A learner hands in by a button; nothing is fetched from a home.  The marks are those of
``nslab grade``: each answer is run again in a box of its own, and the kernel is asked.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

FILE = re.compile(r"^[\w][\w .()-]{0,150}\.(ipynb|sh)$")
LEARNER = re.compile(r"^[\w][\w.@+-]{0,100}$")

Files = Annotated[
    dict[str, Annotated[str, Meta(max_length=1_000_000)]], Meta(min_length=1, max_length=60)
]
"""By name: the text of a notebook, without its outputs."""

MARKS = "marks.csv"


class Refused(Exception):
    """What was handed in is not taken, and why."""


class HandIns:
    """The folder of what was handed in.

    :param folder: belongs to whom the service runs as, and to nobody else
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._marking: asyncio.subprocess.Process | None = None
        folder.mkdir(mode=0o700, exist_ok=True)

    @property
    def marks(self) -> Path:
        """The table; it is there after the first marking."""
        return self._folder / MARKS

    @property
    def _inside(self) -> Path:
        return self._folder / "handed-in"

    def there(self) -> dict[str, tuple[int, float]]:
        """By learner: how many files, and when, in seconds since 1970."""
        found = {}
        with suppress(FileNotFoundError):
            for each in self._inside.iterdir():
                if LEARNER.match(each.name):
                    found[each.name] = (len(list(each.iterdir())), each.stat().st_mtime)
        return found

    def take(self, learner: str, files: Mapping[str, str]) -> int:
        """Keep what a learner hands in, in place of what that learner had handed in before.

        :raises Refused: a name that could lead elsewhere
        :raises OSError: the disk is full
        """
        if not LEARNER.match(learner):
            raise Refused("your name cannot be the name of a folder: tell your teacher")
        for name in files:
            if not FILE.match(name):
                raise Refused("a notebook has a name that cannot be handed in: use letters and -")
        self._inside.mkdir(mode=0o700, exist_ok=True)
        # Whole or not at all: a full disk does not take away what was handed in before.
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=self._folder))
        try:
            for name, text in files.items():
                (fresh / name).write_text(text, encoding="utf-8")
            target = self._inside / learner
            old = self._folder / f".old-{learner}"
            shutil.rmtree(old, ignore_errors=True)
            if target.exists():
                target.rename(old)
            fresh.rename(target)
            shutil.rmtree(old, ignore_errors=True)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        return len(files)

    @property
    def busy(self) -> bool:
        """Whether marks are being found out."""
        return self._marking is not None

    async def mark(self, tell: Callable[[dict[str, Any]], None]) -> None:
        """Find out the marks, one answer after another; what is known already is not asked again.

        :param tell: is called with what stands now: ``state`` is running, done or failed
        """
        if self.busy:
            return
        tell({"state": "running", "done": 0})
        words = (sys.executable, "-P", "-m", "nslab", "grade", str(self._inside), "--csv")
        self._marking = await asyncio.create_subprocess_exec(
            *words, str(self.marks), "--overwrite", "--jobs", "1",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={k: v for k, v in os.environ.items() if "TOKEN" not in k and "JUPYTERHUB" not in k},
            preexec_fn=lambda: os.nice(10),  # learners come first
        )  # fmt: skip
        try:
            tail = await self._read(self._marking, tell)
            code = await self._marking.wait()
        finally:
            self._marking = None
        if self.marks.exists() and code in (0, 1):  # 1: a file could not be read, which is a line
            tell({"state": "done", "said": tail})
        else:
            tell({"state": "failed", "said": tail or f"nslab grade ended with {code}"})

    async def _read(
        self, running: asyncio.subprocess.Process, tell: Callable[[dict[str, Any]], None]
    ) -> str:
        """Its output; the last lines."""
        assert running.stdout is not None
        lines: list[str] = []
        while line := await running.stdout.readline():
            lines.append(line.decode(errors="replace").rstrip())
            tell({"state": "running", "done": len(lines), "said": lines[-1][:200]})
        return "\n".join(lines[-3:])[:600]

    async def stop(self) -> None:
        """End the marking with the service; it goes on where it was when it is begun again."""
        if (running := self._marking) is not None:
            with suppress(ProcessLookupError):
                running.send_signal(signal.SIGINT)
            await running.wait()
