"""A learner's place in the class: tells how far the learner is, and hears what the teacher says."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from nslab.course.progress import store

EVERY = 2.0
"""Seconds between two looks at the learner's file; only its time is looked at."""

AGAIN = 2.0
"""Seconds until a service that does not answer is asked again."""

HOLD = 60.0
"""Seconds that a request for news may take: the service holds it for less."""

LOOKING = 45.0
"""Seconds that a look into a lab may take."""

KEYS = ("passed", "tries", "hints", "solution", "seconds", "changed")
"""What is told of an exercise; what was chosen is not."""

NO_SERVICE = "the class does not answer: try again in a moment, or tell your teacher"


class Place:
    """What is known on the learner's side.

    :param url: the service's address
    :param token: proves whose this is
    :param folder: where the learner's notebooks are
    """

    def __init__(self, url: str, token: str, folder: str) -> None:
        self._url, self._token, self._folder = url.rstrip("/"), token, Path(folder)
        self.sharing = False
        """Whether the learner lets the teacher look into labs; off whenever a server starts."""
        self.announcement: dict[str, Any] | None = None
        self.looked: dict[str, Any] | None = None
        """Who looked into a lab last, and when."""
        self.notebook, self.heading = "", ""
        self.version = time.time_ns() // 1_000
        self._news = asyncio.Event()
        self._tell = asyncio.Event()
        self._known = 0
        self._answering: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Go on until the server ends."""
        await asyncio.gather(self._listening(), self._telling(), self._watching())

    # -- JupyterLab ----------------------------------------------------------------------------

    def view(self) -> dict[str, Any]:
        """What JupyterLab shows."""
        return {
            "version": self.version,
            "sharing": self.sharing,
            "announcement": self.announcement,
            "looked": self.looked,
        }

    def changed(self) -> None:
        """Wake the pages that wait."""
        self.version += 1
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def wait(self, since: int, seconds: float) -> None:
        """Wait until something has changed since, or so many seconds."""
        if since == self.version:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), seconds)

    def share(self, on: bool) -> None:
        """Let the teacher look into labs, or no longer."""
        if on != self.sharing:
            self.sharing = on
            self._tell.set()
            self.changed()

    def at(self, notebook: str, heading: str) -> None:
        """Where the learner is; a file that is no lesson is nobody's business."""
        notebook = notebook.removesuffix(".ipynb")
        if notebook not in self._lessons():
            notebook, heading = "", ""
        if (notebook, heading) != (self.notebook, self.heading):
            self.notebook, self.heading = notebook[:200], heading[:200]
            self._tell.set()

    def _lessons(self) -> set[str]:
        from nslab.cli.notebooks import source

        if not hasattr(self, "_names"):
            self._names = {path.stem for path in source()[0].glob("*.ipynb")}
        return self._names

    async def hand_in(self) -> int:
        """Give the teacher the lessons as they are saved; how many.

        :raises OSError: one cannot be read
        :raises HTTPClientError: they are not taken
        """
        files = {}
        for path in sorted(self._folder.glob("*.ipynb")):
            if path.stem in self._lessons() and path.is_file():
                files[path.name] = _without_outputs(path.read_text(encoding="utf-8"))
        answer = await self._asked("POST", "hand-in", files)
        return int(answer["files"])

    # -- the class -----------------------------------------------------------------------------

    async def _asked(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        request = HTTPRequest(
            f"{self._url}/api/{path}",
            method=method,
            headers={"Authorization": f"token {self._token}"},
            body=None if body is None else json.dumps(body),
            request_timeout=HOLD,
            connect_timeout=10,
        )
        answer = await AsyncHTTPClient().fetch(request)
        return dict(json.loads(answer.body))

    async def _listening(self) -> None:
        since = 0
        while True:
            try:
                said = await self._asked("GET", f"inbox?since={since}")
            except (OSError, HTTPClientError, ValueError):
                self._known = 0  # it may have been started anew, and know nothing
                self._tell.set()
                await asyncio.sleep(AGAIN)
                continue
            if since and said["version"] < since:
                self._tell.set()
            since = said["version"]
            if said["announcement"] != self.announcement:
                self.announcement = said["announcement"]
                self.changed()
            for question in said["questions"]:
                ident = question["id"]
                if ident not in self._answering:
                    self._answering[ident] = asyncio.ensure_future(self._answer(question))
            # A question stays in the inbox until it is answered: do not ask for it in a loop.
            await asyncio.sleep(0.5 if said["questions"] else 0)

    async def _telling(self) -> None:
        while True:
            await self._tell.wait()
            self._tell.clear()
            try:
                await self._asked("POST", "report", self._report())
            except (OSError, HTTPClientError, ValueError):
                await asyncio.sleep(AGAIN)
                self._tell.set()

    async def _watching(self) -> None:
        seen: object = None
        self._tell.set()
        while True:
            file = store.path()
            try:
                now: object = file and file.stat().st_mtime_ns
            except OSError:
                now = None
            if now != seen:
                seen = now
                self._tell.set()
            await asyncio.sleep(EVERY)

    def _report(self) -> dict[str, Any]:
        return {
            "notebook": self.notebook,
            "heading": self.heading,
            "sharing": self.sharing,
            "exercises": _exercises(store.path()),
        }

    async def _answer(self, question: Mapping[str, Any]) -> None:
        """Look into a lab, if its owner shares it now."""
        ident = str(question["id"])
        try:
            if self.sharing:
                answer = await _looked(question)
                self.looked = {"teacher": question["teacher"], "at": time.time(), "id": ident}
                self.changed()
            else:
                answer = {"refused": "they have just switched off “Share my labs”"}
            await self._asked("POST", "answer", {**answer, "id": ident})
        except (OSError, HTTPClientError, ValueError):
            return  # the service was started anew, or has given it up
        finally:
            self._answering.pop(ident, None)


def _exercises(file: Path | None) -> dict[str, Any]:
    """What the learner's file says, without what was chosen; nothing of one that makes no sense."""
    try:
        entries = json.loads(file.read_bytes())["exercises"] if file else {}
        return {
            str(name): {key: entry[key] for key in KEYS if key in entry}
            for name, entry in list(entries.items())[:500]
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _without_outputs(text: str) -> str:
    """A notebook's cells without what they printed: marks come from what was typed."""
    try:
        book = json.loads(text)
        for cell in book["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
            cell.pop("attachments", None)
        book["metadata"].pop("widgets", None)
        return json.dumps(book)
    except (ValueError, KeyError, TypeError, AttributeError):
        return text  # the marks will say what is wrong with it


async def _looked(question: Mapping[str, Any]) -> dict[str, Any]:
    """What a look into a lab finds, by a process that ends with it: in the teacher's language."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "nslab_hub.learner.looking"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "NSLAB_LANG": str(question.get("language") or "en")},
    )
    try:
        said, _ = await asyncio.wait_for(
            process.communicate(json.dumps(dict(question)).encode()), LOOKING
        )
        return dict(json.loads(said))
    except TimeoutError:
        return {"refused": f"their lab did not answer within {LOOKING:.0f} s"}
    except ValueError:
        return {"refused": "the look failed: the log of their server says why"}
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
