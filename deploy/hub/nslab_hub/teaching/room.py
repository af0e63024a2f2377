"""The class as it is known now: who is there, how far each one is, what the teacher has said.

It is kept in memory.  When the service starts anew, learners' servers tell it again within seconds;
what a teacher has said to all is in a file.
"""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from nslab_hub.teaching.values import Announcement, Answer, Question, Report, now

AWAY = 10.0
"""Seconds without a connection after which a learner's server counts as gone: it comes back at
once, also when the service was started anew."""

PATIENCE = 60.0
"""Seconds after which a question is given up."""

KEPT = 20
"""So many answers are kept for the page that asked."""


class Learner(Struct):
    """One learner: the last report, and how the learner's server is connected."""

    report: Report = field(default_factory=Report)
    connections: int = 0
    left: float = 0.0
    """When the last connection ended, by the monotonic clock."""
    questions: dict[str, tuple[float, Question]] = field(default_factory=dict)
    """Those that wait for an answer, and since when."""
    handed_in: float = 0.0
    """When something was handed in last, in seconds since 1970."""
    files: int = 0

    @property
    def online(self) -> bool:
        """Whether the learner's server is there."""
        return self.connections > 0 or (self.left > 0 and time.monotonic() - self.left < AWAY)


class Room:
    """The class.

    :param kept: the file of what was said to all
    """

    def __init__(self, kept: Path) -> None:
        self._kept = kept
        self.learners: dict[str, Learner] = {}
        self.version = time.time_ns() // 1_000
        """Another number whenever something has changed, also after a new start."""
        self.marking: dict[str, Any] = {"state": "none"}
        self.answers: dict[str, Answer] = {}
        self.announcement = self._said()
        self._news = asyncio.Event()

    def _said(self) -> Announcement | None:
        try:
            return msgspec.json.decode(self._kept.read_bytes(), type=Announcement)
        except (OSError, msgspec.MsgspecError):
            return None

    def learner(self, name: str) -> Learner:
        """The learner of that name, who is known from now on."""
        return self.learners.setdefault(name, Learner())

    def changed(self) -> None:
        """Wake all who wait for news."""
        self.version += 1
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def wait(self, since: int, seconds: float) -> None:
        """Wait until something has changed since, or so many seconds."""
        if self.version == since:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), seconds)

    # -- learners' servers ---------------------------------------------------------------------

    def connect(self, name: str) -> None:
        """A learner's server listens."""
        learner = self.learner(name)
        was, learner.connections = learner.online, learner.connections + 1
        if not was:
            self.changed()

    def disconnect(self, name: str) -> None:
        """It does no longer, or not for a moment."""
        learner = self.learner(name)
        learner.connections -= 1
        learner.left = time.monotonic()

    def reported(self, name: str, report: Report) -> None:
        """What a learner's server says of its learner."""
        learner = self.learner(name)
        if learner.report != report:
            learner.report = report
            if not report.sharing:
                # Leave that was taken back holds also for what was asked before.
                for ident in list(learner.questions):
                    self._settle(learner, Answer(ident, refused=NOT_SHARED))
            self.changed()

    def inbox(self, name: str) -> dict[str, Any]:
        """What waits for a learner's server."""
        learner = self.learner(name)
        return {
            "version": self.version,
            "announcement": self.announcement,
            "questions": [question for _, question in learner.questions.values()],
        }

    def answered(self, name: str, answer: Answer) -> bool:
        """Take an answer; whether this learner was asked that."""
        learner = self.learner(name)
        if answer.id not in learner.questions:
            return False
        self._settle(learner, answer)
        return True

    def _settle(self, learner: Learner, answer: Answer) -> None:
        learner.questions.pop(answer.id, None)
        self.answers[answer.id] = answer
        for old in list(self.answers)[:-KEPT]:
            del self.answers[old]
        self.changed()

    # -- teachers ------------------------------------------------------------------------------

    def announce(self, text: str, teacher: str) -> None:
        """Say something to all; nothing takes back what was said.

        :raises OSError: it cannot be kept
        :raises msgspec.ValidationError: it is too long
        """
        words = " ".join(text.split())
        if words:
            said = Announcement(uuid.uuid4().hex, words, teacher, now())
            self.announcement = msgspec.convert(msgspec.to_builtins(said), Announcement)
            temporary = self._kept.with_suffix(".new")
            temporary.write_bytes(msgspec.json.encode(said))
            os.replace(temporary, self._kept)
        else:
            self.announcement = None
            self._kept.unlink(missing_ok=True)
        self.changed()

    async def ask(self, name: str, question: Question) -> Answer:
        """Ask a learner's server, and wait for what it says."""
        learner = self.learners.get(name)
        if learner is None or not learner.online:
            return Answer(question.id, refused="their server does not run, or has just ended")
        if not learner.report.sharing:
            return Answer(question.id, refused=NOT_SHARED)
        learner.questions[question.id] = (time.monotonic(), question)
        self.changed()
        limit = time.monotonic() + PATIENCE
        while question.id not in self.answers and time.monotonic() < limit:
            await self.wait(self.version, limit - time.monotonic())
        learner.questions.pop(question.id, None)
        late = "their server did not answer within a minute: it may be busy; try again"
        return self.answers.get(question.id) or Answer(question.id, refused=late)

    def view(self) -> dict[str, Any]:
        """All that the page shows."""
        return {
            "version": self.version,
            "now": now(),
            "announcement": self.announcement,
            "marking": self.marking,
            "learners": [
                {
                    "name": name,
                    "online": one.online,
                    "handed_in": one.handed_in,
                    "files": one.files,
                    **msgspec.to_builtins(one.report),
                }
                for name, one in sorted(self.learners.items())
            ],
        }


NOT_SHARED = "they have not switched on “Share my labs”, or have switched it off again"
