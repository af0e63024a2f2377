"""What JupyterLab asks of the learner's side.  Only the learner can: it is the learner's server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.httpclient import HTTPClientError

from nslab_hub.learner.place import NO_SERVICE, Place

HOLD = 25.0
"""Seconds that a request for news is held."""


class _Handler(APIHandler):
    _track_activity = False  # a page that waits for news is no learner at work

    @property
    def place(self) -> Place:
        place: Place = self.settings["nslab_class"]
        return place


class News(_Handler):
    """What is new in the class, and where the learner is."""

    @web.authenticated
    async def get(self) -> None:
        since = self.get_query_argument("since", "0")
        gone = self._gone = asyncio.Event()
        waiting = {
            asyncio.ensure_future(self.place.wait(int(since) if since.isdecimal() else 0, HOLD)),
            asyncio.ensure_future(gone.wait()),
        }
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        if not gone.is_set():
            self.finish(json.dumps(self.place.view()))

    def on_connection_close(self) -> None:
        self._gone.set()
        super().on_connection_close()

    @web.authenticated
    def post(self) -> None:
        said: dict[str, Any] = self.get_json_body() or {}
        if "sharing" in said:
            self.place.share(said["sharing"] is True)
        if "notebook" in said:
            self.place.at(str(said["notebook"]), str(said.get("heading", "")))
        self.finish(json.dumps(self.place.view()))


class HandIn(_Handler):
    """The learner hands in."""

    @web.authenticated
    async def post(self) -> None:
        try:
            self.finish(json.dumps({"files": await self.place.hand_in()}))
        except HTTPClientError as error:
            said = error.response.body if error.response is not None else b""
            raise web.HTTPError(502, reason=_reason(said)) from error
        except (OSError, ValueError) as error:
            raise web.HTTPError(502, reason=NO_SERVICE) from error


def _reason(said: bytes) -> str:
    try:
        return str(json.loads(said)["error"])
    except (ValueError, KeyError, TypeError):
        return NO_SERVICE


def routes(base_url: str) -> list[tuple[str, type]]:
    """Their addresses, below a server's own."""
    return [
        (url_path_join(base_url, "nslab/class"), News),
        (url_path_join(base_url, "nslab/class/hand-in"), HandIn),
    ]
