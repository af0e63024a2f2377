"""A class of made-up learners around the real service of the teacher's page.

What a learner's server sends is sent here, over the same addresses and held to the same measure;
the hub is left out: who asks is said by a cookie, and whose a token is by the token itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from nslab import AddBridge, AddNamespace, Lab
from nslab.draw import Picture

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deploy" / "hub"))

from nslab_hub.teaching.course import columns
from nslab_hub.teaching.service import application

PREFIX = "/services/class/"
NAMES = ("ada", "barbara", "claude", "donald", "edsger", "frances", "grace", "hedy", "ida", "jean")
"""Ten learners; those of the last names: one has gone, one shares no lab."""

SHARES = ("ada", "claude", "edsger")
AWAY = "jean"


class Login:
    """Who sees the page: whoever says so."""

    def get_current_user(self) -> dict[str, str] | None:
        name = self.get_cookie("teacher")  # type: ignore[attr-defined]
        return {"name": name} if name else None

    def get_login_url(self) -> str:
        return "/login"


async def whose(token: str) -> str | None:
    return token if token in NAMES else None


def record(place: int, number: int) -> dict[str, Any] | None:
    """How far the learner of that number is with the exercise at that place of the course."""
    begun = 4 + 3 * number
    ago = datetime.now(UTC) - timedelta(minutes=2 + number)
    entry = {"seconds": 100.0 + 40 * number, "changed": ago.isoformat(timespec="seconds")}
    if place < begun:
        return {**entry, "passed": True, "tries": 1 + (place + number) % 3}
    if place == begun and number % 2:
        return {**entry, "tries": 1 + number, "hints": number % 4}
    if place == begun:
        return {**entry, "hints": 1}
    return None


def report(number: int, name: str) -> dict[str, Any]:
    course = columns()
    names = [one["name"] for lesson in course for one in lesson["exercises"]]
    entries = {each: record(place, number) for place, each in enumerate(names)}
    lesson = course[min(len(course) - 1, 1 + number)]
    return {
        "notebook": lesson["name"],
        "heading": "Your turn: a way out for the container" if number % 2 else lesson["title"],
        "sharing": name in SHARES,
        "exercises": {each: entry for each, entry in entries.items() if entry},
    }


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """What a learner's server says of a lab, made of one in memory."""
    with Lab("homework", engine="fake") as lab:
        lab.do(AddBridge("lxcbr0"), AddNamespace("ns1"))
        snapshot = lab.snapshot()
    said = "✘ ns1 cannot reach 203.0.113.80: no link of ns1 is up" if question["ns"] else ""
    if said and question["language"] == "de":
        said = "✘ ns1/eth0 ist aus"
    return {
        "id": question["id"],
        "lab": 7,
        "labs": [{"pid": 7, "name": "homework", "age": 60.0}],
        "namespaces": [one.label for one in snapshot.namespaces],
        "addresses": ["203.0.113.80"],
        "said": said,
        "picture": Picture(snapshot).svg,
    }


class Class:
    """The service and its learners, in a thread of their own."""

    def __init__(self, folder: Path) -> None:
        (socket,) = bind_sockets(0, "127.0.0.1")
        self.base = f"http://127.0.0.1:{socket.getsockname()[1]}"
        self.url = self.base + PREFIX
        self._folder, self._socket = folder, socket
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._end: Callable[[], object] = lambda: None
        self._ready = threading.Event()

    async def _run(self) -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._end = lambda: loop.call_soon_threadsafe(ended.set)
        self._ready.set()
        AsyncHTTPClient.configure(None, max_clients=40)  # each learner has one that waits
        app = application(PREFIX, self._folder / "class", Login, whose, cookie_secret=b"x" * 32)
        server = HTTPServer(app)
        server.add_sockets([self._socket])
        learners = [asyncio.ensure_future(self._attend(n, name)) for n, name in enumerate(NAMES)]
        await ended.wait()
        for each in learners:
            each.cancel()
        await asyncio.gather(*learners, return_exceptions=True)
        server.stop()
        await server.close_all_connections()
        AsyncHTTPClient().close()

    async def _asked(self, name: str, method: str, path: str, body: object = None) -> Any:
        request = HTTPRequest(
            f"{self.url}api/{path}",
            method=method,
            headers={"Authorization": f"token {name}"},
            body=None if body is None else json.dumps(body),
            request_timeout=60,
        )
        reply = await AsyncHTTPClient().fetch(request)
        return json.loads(reply.body)

    async def _attend(self, number: int, name: str) -> None:
        await self._asked(name, "POST", "report", report(number, name))
        if number < 4:
            files = {"02-bridge.ipynb": '{"cells": []}', "03-namespace.ipynb": '{"cells": []}'}
            await self._asked(name, "POST", "hand-in", files)
        since = 0
        while name != AWAY:
            said = await self._asked(name, "GET", f"inbox?since={since}")
            since = said["version"]
            for question in said["questions"]:
                with contextlib.suppress(HTTPClientError):  # it was answered a moment ago
                    await self._asked(name, "POST", "answer", answer(question))

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        self._end()
        self._thread.join()


@contextlib.contextmanager
def a_class(folder: Path) -> Iterator[Class]:
    """A class in a folder of its own; ends it."""
    made = Class(folder)
    made.start()
    try:
        yield made
    finally:
        made.stop()
