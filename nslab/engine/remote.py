"""The notebook's half of a lab: questions to the agent over a two-way byte stream, and its answers.

Where the agent runs, and how one gets there, is the :class:`Connection`'s affair: pipes to a child
(:mod:`nslab.engine.local`), a serial port of a virtual machine (:mod:`nslab.engine.vm`), ssh.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import signal
import threading
import time
import weakref
from collections.abc import Sequence
from typing import IO, Protocol

from nslab.engine import messages as m
from nslab.engine.protocol import (
    Batch,
    Command,
    Completed,
    Injection,
    Opened,
    Options,
    Recording,
    Sink,
)
from nslab.errors import EngineUnavailable, Interrupted, LabClosed, LabGone, NslabError
from nslab.network.actions import Action
from nslab.network.model import Snapshot, Tracked

STOP_GRACE = 2.0
"""Seconds after the stop button before a command is killed."""

Reply = m.FromAgent | None | type[KeyboardInterrupt]
"""None: the agent has ended.  The type: somebody interrupts whoever waits."""

Question = m.Apply | m.Look | m.Record | m.Fetch | m.Inject | m.Track | m.Follow


class Connection(Protocol):
    """The way to one agent.  It is closed with the engine, and may not refer to it."""

    reading: IO[bytes]
    writing: IO[bytes]

    def running(self) -> bool:
        """Whether the agent is still there."""

    def cut(self) -> None:
        """Have whoever reads from it read its end, from any thread."""

    def ended(self) -> str:
        """How the agent ended, in words that go on after "its agent ended"."""

    def silence(self, limit: float) -> EngineUnavailable:
        """The error for an agent that ended, or said nothing for so many seconds."""

    def refusal(self, refused: m.Refused) -> EngineUnavailable:
        """The error for a step of making a pseudo-host that was refused at that place."""

    def close(self) -> None:
        """End the agent and all that belongs to it.  Closing twice is no error."""


class AgentEngine:
    """A lab at the other end of a connection."""

    name = "remote"

    def __init__(self, options: Options, connection: Connection, start: m.Start, limit: float):
        """Make the lab.

        :param start: the first message
        :param limit: seconds in which the agent must be ready
        :raises EngineUnavailable: no lab can be made there
        """
        self._options = options
        self._connection = connection
        self._writing = connection.writing
        self._lock = threading.Lock()
        self._waiting: dict[int, queue.SimpleQueue[Reply]] = {}
        self._commands: dict[int, int] = {}
        """Which thread waits for each command."""
        self._ids = itertools.count(1)
        self._closed = False
        try:
            self._hand_shake(start, limit)
        except BaseException:
            connection.close()
            raise
        self._reader = threading.Thread(
            target=_receive,
            args=(connection.reading, self._waiting, self._lock),
            name="nslab-reader",
            daemon=True,
        )
        self._reader.start()
        # At the interpreter's end or when nobody refers to the lab any longer.
        self._finalizer = weakref.finalize(self, connection.close)

    def _hand_shake(self, start: m.Start, limit: float) -> None:
        watchdog = threading.Timer(limit, self._connection.cut)
        watchdog.daemon = True
        watchdog.start()
        try:
            m.write(self._writing, start)
            answer = m.read_from_agent(self._connection.reading)
        except OSError:
            answer = None
        finally:
            watchdog.cancel()
        if isinstance(answer, m.Refused):
            raise self._connection.refusal(answer)
        if isinstance(answer, m.Failed):  # it says itself what it lacks
            raise answer.error()
        if not isinstance(answer, m.Ready):
            raise self._connection.silence(limit)
        if answer.protocol != m.PROTOCOL:
            raise EngineUnavailable(
                "start a lab",
                "",
                f"the nslab there speaks protocol {answer.protocol}, this one {m.PROTOCOL}",
                "install the same version at both ends",
            )

    # -- the protocol ------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        return not self._closed and self._connection.running()

    def apply(self, actions: Sequence[Action]) -> None:
        self._ask(m.Apply(next(self._ids), tuple(actions)))  # type: ignore[arg-type]

    def snapshot(self) -> Snapshot:
        snapshot = self._ask(m.Look(next(self._ids))).snapshot
        assert snapshot is not None
        return snapshot

    def run(self, command: Command, sink: Sink | None = None) -> Completed:
        ident = next(self._ids)
        answers = self._send(ident, m.Run(ident, command))
        with self._lock:
            self._commands[ident] = threading.get_ident()
        try:
            try:
                return self._follow(ident, answers, sink)
            except KeyboardInterrupt:
                self._stop_command(ident, answers, sink)
                raise Interrupted(
                    "finish",
                    " ".join(command.argv[:1]),
                    "it was stopped by you",
                    "what it had done until then has stayed; lab.undo() goes back",
                ) from None
        finally:
            with self._lock:
                self._commands.pop(ident, None)
                self._waiting.pop(ident, None)

    def interrupt(self, thread: int) -> None:
        with self._lock:
            for ident, waits in self._commands.items():
                if waits == thread and ident in self._waiting:
                    self._waiting[ident].put(KeyboardInterrupt)

    def record(self, recording: Recording) -> Opened:
        opened = self._ask(m.Record(next(self._ids), recording)).opened
        assert opened is not None
        return opened

    def fetch(self, number: int, after: int = 0, wait: float = 0.0, stop: bool = False) -> Batch:
        batch = self._ask(m.Fetch(next(self._ids), number, after, wait, stop)).batch
        assert batch is not None
        return batch

    def inject(self, injection: Injection) -> int:
        return self._ask(m.Inject(next(self._ids), injection)).sent

    def changes(self, after: int = 0, wait: float = 0.0) -> int:
        return self._ask(m.Follow(next(self._ids), after, wait)).number

    def tracked(self) -> tuple[Tracked, ...]:
        return self._ask(m.Track(next(self._ids))).tracked

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._finalizer()
        self._reader.join(timeout=5)

    # -- inside --------------------------------------------------------------------------------

    def _send(self, ident: int, message: m.Message) -> queue.SimpleQueue[Reply]:
        answers: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        if self._closed:
            raise LabClosed("use the lab", self._options.name, "it was closed", "make a new one")
        with self._lock:
            self._waiting[ident] = answers
            try:
                m.write(self._writing, message)
            except (OSError, ValueError):
                self._waiting.pop(ident, None)
                raise self._gone() from None
        if not self._reader.is_alive():
            answers.put(None)
        return answers

    def _ask(self, message: Question) -> m.Done:
        answers = self._send(message.id, message)
        try:
            return self._done(answers.get())
        finally:
            with self._lock:
                self._waiting.pop(message.id, None)

    def _done(self, answer: Reply) -> m.Done:
        if isinstance(answer, m.Done):
            return answer
        if isinstance(answer, m.Failed):
            raise answer.error()
        if self._closed:
            raise LabClosed("use the lab", self._options.name, "it was closed", "make a new one")
        raise self._gone()

    def _follow(
        self, ident: int, answers: queue.SimpleQueue[Reply], sink: Sink | None
    ) -> Completed:
        while True:
            answer = answers.get()
            if answer is KeyboardInterrupt:
                raise KeyboardInterrupt
            if isinstance(answer, m.Output):
                if sink is not None:
                    sink(answer.stream, answer.data)
                continue
            completed = self._done(answer).completed
            assert completed is not None
            return completed

    def _stop_command(
        self, ident: int, answers: queue.SimpleQueue[Reply], sink: Sink | None
    ) -> None:
        """End a command: ask as Ctrl-C does, then insist.  Its last output is still passed on."""
        for number in (signal.SIGINT, signal.SIGKILL):
            with self._lock, contextlib.suppress(OSError, ValueError):
                m.write(self._writing, m.Signal(ident, number))
            limit = time.monotonic() + STOP_GRACE
            while (left := limit - time.monotonic()) > 0:
                try:
                    answer = answers.get(timeout=left)
                except queue.Empty:
                    break
                if answer is KeyboardInterrupt:
                    continue  # once more: it is being ended already
                if not isinstance(answer, m.Output):
                    return
                if sink is not None:
                    sink(answer.stream, answer.data)

    def _gone(self) -> NslabError:
        return LabGone(
            "use the lab",
            self._options.name,
            f"its agent ended{self._connection.ended()}; the network it held is gone with it",
            "make a new one: lab = Lab()",
        )


def _receive(
    reading: IO[bytes], waiting: dict[int, queue.SimpleQueue[Reply]], lock: threading.Lock
) -> None:
    """Hand each message of the agent to whoever waits for it, until the stream ends.

    No method, so that this thread does not keep the engine alive.
    """
    while True:
        try:
            message = m.read_from_agent(reading)
        except (OSError, ValueError):
            message = None
        with lock:
            if message is None:
                for answers in waiting.values():
                    answers.put(None)
                return
            answers_of = waiting.get(getattr(message, "id", 0))
        if answers_of is not None:
            answers_of.put(message)
