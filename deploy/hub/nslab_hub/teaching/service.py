"""The teacher's page and what learners' servers talk to, behind the hub's login.

The hub starts it, with an address and a token in the environment.  Who may see the page is said by
the scope ``access:services!service=class``: the group ``teachers`` and the hub's admins have it.  A
learner's server proves whose it is by its own token, which the hub knows.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from tornado import web

from nslab_hub.following import end_with_parent
from nslab_hub.teaching.hand_ins import Files, HandIns, Refused
from nslab_hub.teaching.room import Room
from nslab_hub.teaching.values import Answer, Question, Report

HOLD = 25.0
"""Seconds that a request for news is held: less than any proxy waits."""

LARGEST = 16 << 20
"""Bytes of a request: a course's notebooks without outputs are a tenth of it."""

HERE = Path(__file__).parent

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""What learners say is shown as text and as images; nothing of it can run here."""

PARTS = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "words.js": "text/javascript",
    "de.json": "application/json",
}
"""What the page is made of beside itself, and of which kind each is."""

WhoseIs = Callable[[str], Awaitable[str | None]]
"""Whose a token is; None if the hub does not know it."""


class Asked(web.RequestHandler):
    """What all have in common: JSON in and out, errors in words."""

    room: Room
    hand_ins: HandIns
    whose: WhoseIs

    def initialize(self, room: Room, hand_ins: HandIns, whose: WhoseIs) -> None:
        self.room, self.hand_ins, self.whose = room, hand_ins, whose
        self._gone: asyncio.Event = asyncio.Event()

    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("Cache-Control", "no-store")

    def told(self, kind: Any) -> Any:
        """The request's body, as a value of that kind.

        :raises HTTPError: it is none
        """
        try:
            return msgspec.json.decode(self.request.body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise web.HTTPError(400, reason="not understood") from error

    def say(self, value: Any) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(msgspec.json.encode(value))

    def since(self) -> int:
        """The version that whoever asks knows already."""
        given = self.get_query_argument("since", "0")
        return int(given) if given.isdecimal() and len(given) < 20 else 0

    def on_connection_close(self) -> None:
        self._gone.set()

    async def news(self) -> None:
        """Wait until there is news, as long as whoever asks is there."""
        waiting = {
            asyncio.ensure_future(self.room.wait(self.since(), HOLD)),
            asyncio.ensure_future(self._gone.wait()),
        }
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()

    def write_error(self, status_code: int, **more: Any) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"error": self._reason, "status": status_code}))


# -- learners' servers -------------------------------------------------------------------------


class OfLearner(Asked):
    """A request of a learner's server."""

    name: str

    def check_xsrf_cookie(self) -> None:
        """No cookie counts here: the token does."""

    async def prepare(self) -> None:
        kind, _, token = self.request.headers.get("Authorization", "").partition(" ")
        name = await self.whose(token) if kind == "token" and token else None
        if name is None:
            raise web.HTTPError(403, reason="this is for learners' servers")
        self.name = name


class Reported(OfLearner):
    def post(self) -> None:
        self.room.reported(self.name, self.told(Report))
        self.say({})


class Inbox(OfLearner):
    async def get(self) -> None:
        self.room.connect(self.name)
        try:
            if not self.room.learner(self.name).questions:
                await self.news()
        finally:
            self.room.disconnect(self.name)
        if not self._gone.is_set():
            self.say(self.room.inbox(self.name))


class Answered(OfLearner):
    def post(self) -> None:
        if not self.room.answered(self.name, self.told(Answer)):
            raise web.HTTPError(409, reason="nobody asked that, or it was given up")
        self.say({})


class HandedIn(OfLearner):
    def post(self) -> None:
        try:
            count = self.hand_ins.take(self.name, self.told(Files))
        except Refused as error:
            raise web.HTTPError(400, reason=str(error)) from error
        except OSError as error:
            raise web.HTTPError(
                507, reason="the class's disk is full: tell your teacher"
            ) from error
        note(self.room, self.hand_ins)
        self.say({"files": count})


def note(room: Room, hand_ins: HandIns) -> None:
    """Have the room know what was handed in."""
    for name, (count, when) in hand_ins.there().items():
        learner = room.learner(name)
        learner.files, learner.handed_in = count, when
    room.changed()


# -- teachers ----------------------------------------------------------------------------------


class Page(Asked):
    @web.authenticated
    def get(self) -> None:
        from nslab_hub.teaching.course import columns

        page = (HERE / "page.html").read_text(encoding="utf-8")
        self.set_header("Content-Type", "text/html; charset=utf-8")
        facts = {"course": columns(), "teacher": name_of(self.current_user)}
        self.finish(
            page.replace("@XSRF@", web.escape.xhtml_escape(_text(self.xsrf_token)))
            .replace("@FACTS@", web.escape.xhtml_escape(json.dumps(facts)))
            .replace("@BASE@", web.escape.xhtml_escape(self.request.path.rstrip("/") + "/"))
        )


class Part(Asked):
    """Style, script and words: the same for everybody, nobody's secret."""

    def get(self, name: str) -> None:
        self.set_header("Content-Type", f"{PARTS[name]}; charset=utf-8")
        self.finish((HERE / name).read_bytes())


class View(Asked):
    @web.authenticated
    async def get(self) -> None:
        await self.news()
        if not self._gone.is_set():
            self.say(self.room.view())


class Announced(Asked):
    @web.authenticated
    def post(self) -> None:
        said = self.told(dict[str, str])
        try:
            self.room.announce(said.get("text", ""), name_of(self.current_user))
        except msgspec.ValidationError as error:
            raise web.HTTPError(400, reason="it is too long: 500 characters at most") from error
        except OSError as error:
            raise web.HTTPError(507, reason="the class's disk is full") from error
        self.say({})


class Looked(Asked):
    """A look into a learner's lab, with the learner's leave."""

    @web.authenticated
    async def post(self) -> None:
        said = self.told(dict[str, str | int])
        try:
            question = msgspec.convert(
                {
                    "id": uuid.uuid4().hex,
                    "teacher": name_of(self.current_user),
                    **{k: said[k] for k in ("lab", "ns", "target", "language") if k in said},
                },
                Question,
            )
        except msgspec.ValidationError as error:
            raise web.HTTPError(400, reason="not understood") from error
        self.say(await self.room.ask(str(said.get("learner", "")), question))


class Marked(Asked):
    @web.authenticated
    def get(self) -> None:
        """The table, to download."""
        if not self.hand_ins.marks.exists():
            raise web.HTTPError(404, reason="nothing was marked yet")
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", "attachment; filename=marks.csv")
        self.finish(self.hand_ins.marks.read_bytes())

    @web.authenticated
    def post(self) -> None:
        """Begin to find out the marks."""
        if not self.hand_ins.there():
            raise web.HTTPError(409, reason="nobody has handed in anything yet")
        self.settings["marking"] = asyncio.ensure_future(self.hand_ins.mark(self._tell))
        self.say({})

    def _tell(self, marking: dict[str, Any]) -> None:
        self.room.marking = marking
        self.room.changed()


def name_of(user: Any) -> str:
    """Who is logged in, as the hub says it."""
    return str(user["name"] if isinstance(user, dict) else user)


def _text(token: bytes | str) -> str:
    return token.decode() if isinstance(token, bytes) else token


PAGE = (("", Page), ("api/class", View), ("api/announce", Announced), ("api/look", Looked),
        ("marks.csv", Marked))  # fmt: skip
SERVERS = (("api/report", Reported), ("api/inbox", Inbox), ("api/answer", Answered),
           ("api/hand-in", HandedIn))  # fmt: skip


def application(
    prefix: str, folder: Path, login: type, whose: WhoseIs, *more: Any, **settings: Any
) -> web.Application:
    """The service as tornado runs it.

    :param prefix: where it is below the hub's address, such as ``/services/class/``
    :param folder: what is kept; nobody else may read it
    :param login: what makes a handler know who is logged in, and refuse all others
    :param whose: whose a server's token is
    :param more: further addresses, such as where the hub's login comes back to
    """
    room, hand_ins = Room(folder / "said.json"), HandIns(folder)
    note(room, hand_ins)
    if hand_ins.marks.exists():
        room.marking = {"state": "done"}
    shared = {"room": room, "hand_ins": hand_ins, "whose": whose}
    guarded = [
        (prefix + path, type(handler.__name__, (login, handler), {}), shared)
        for path, handler in PAGE
    ]
    open_to_servers = [(prefix + path, handler, shared) for path, handler in SERVERS]
    parts = (prefix + f"({'|'.join(map(re.escape, PARTS))})", Part, shared)
    return web.Application(
        [*guarded, *open_to_servers, parts, *more],
        xsrf_cookies=True,
        room=room,
        hand_ins=hand_ins,
        **settings,
    )


def secret(folder: Path) -> bytes:
    """What signs the teachers' cookies: the same after a new start, so that nobody logs in anew."""
    file = folder / "cookie-secret"
    with suppress(FileNotFoundError):
        return file.read_bytes()
    made = os.urandom(32)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
        written.write(made)
    return made


async def serve() -> None:
    """Run as a service of the hub that started this."""
    from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler, HubOAuthenticated
    from jupyterhub.utils import url_path_join

    auth = HubOAuth.instance()
    prefix = os.environ["JUPYTERHUB_SERVICE_PREFIX"]

    async def whose(token: str) -> str | None:
        user = await auth.user_for_token(token, sync=False)
        return user["name"] if user and user.get("kind") == "user" else None

    folder = Path(os.environ["NSLAB_CLASS_FOLDER"])
    app = application(
        prefix,
        folder,
        HubOAuthenticated,
        whose,
        (url_path_join(prefix, "oauth_callback"), HubOAuthCallbackHandler),
        cookie_secret=secret(folder),
    )
    where = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    app.listen(where.port or 80, where.hostname or "127.0.0.1", max_body_size=LARGEST)
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # also where whoever started the hub ignores one
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
    await app.settings["hand_ins"].stop()


if __name__ == "__main__":
    end_with_parent()
    asyncio.run(serve())
