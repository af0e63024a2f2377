"""The notebook's half of a lab: questions to the agent over a two-way byte stream, and its answers.

Where the agent runs, and how one gets there, is the :class:`Connection`'s affair: pipes to a child
(:mod:`nslab.engine.local`), a serial port of a virtual machine (:mod:`nslab.engine.vm`), ssh.

Nobody waits without end.  An interrupt ends a wait in good order (:mod:`nslab.engine.stopping`),
sending never waits (:mod:`nslab.engine.sending`), and the agent's reader is asked for a sign of
life while an answer is not there.  An agent that gives none, or that sends what is no message, is
cut off, for nothing can be known of such a lab any longer: it is gone, and can be made anew.

A process that was forked off has the lab's descriptors, but neither its threads nor any right to
it: they are closed there, and every call says so.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import signal
import subprocess
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from typing import IO, Protocol

from nslab.engine import messages as m
from nslab.engine import stopping
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
from nslab.engine.sending import Sender
from nslab.errors import (
    EngineUnavailable,
    Interrupted,
    InvalidInput,
    LabClosed,
    LabGone,
    NslabError,
)
from nslab.network.actions import Action
from nslab.network.evidence import Evidence, Lookup, Probe, Routed
from nslab.network.model import Snapshot, Tracked

STOP_GRACE = 2.0
"""Seconds after the stop button before a command is killed."""

STOP_LIMIT = 10.0
"""Seconds in which an action, once begun, must end after the stop button."""

SIGN = 5.0
"""Seconds without an answer after which a sign of life is asked for."""

SILENT = 10
"""Seconds without one after which the agent is given up.

They are counted one by one: a notebook that was halted itself has missed one, not all of them.
"""

CLOSE_LIMIT = 0.7
"""Seconds in which the agent may end by itself."""

DYING = 5.0
"""Seconds that a process may take to be gone whose pipes have ended."""

Reply = m.FromAgent | None | type[KeyboardInterrupt]
"""None: the agent has ended.  The type: somebody interrupts the one who waits."""

Question = m.Apply | m.Look | m.Record | m.Fetch | m.Inject | m.Track | m.Try | m.Ask | m.Follow


ENDED = signal.SIGUSR1
"""Ends the process that keeps a lab, whose status then says that a person asked for it."""

OUTSIDE = "it was ended from outside, by nslab end"
"""How a lab ended for which a person asked in a terminal."""


def ended_outside(process: subprocess.Popen[bytes]) -> bool:
    """Wait for the process that keeps a lab, which is ending; whether a person asked for that."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(DYING)
    return process.returncode == -ENDED


class Connection(Protocol):
    """The way to one agent.  It is closed with the engine, and may not refer to it."""

    reading: IO[bytes]
    writing: IO[bytes]

    @property
    def process(self) -> int:
        """The process here that the lab lives and dies with."""

    def running(self) -> bool:
        """Whether the agent is still there."""

    def cut(self) -> None:
        """Have its reader read its end, from any thread."""

    def ended(self) -> str:
        """How the agent ended, in words that go on after "its agent ended", or ``OUTSIDE``.

        Its pipes end a moment before it does: that it has ended is waited for, for a while.
        """

    def silence(self, limit: float) -> EngineUnavailable:
        """The error for an agent that ended, or said nothing for so many seconds."""

    def refusal(self, refused: m.Refused) -> EngineUnavailable:
        """The error for a step of making a pseudo-host that was refused at that place."""

    def close(self) -> None:
        """End the agent and all that belongs to it.  Closing twice is no error."""


class _Hearing:
    """What the reading thread and the engine share; it does not keep the engine alive.

    Without a lock, which a fork could copy while it is held: each access to a dict is whole.
    """

    def __init__(self) -> None:
        self.waiting: dict[int, queue.SimpleQueue[Reply]] = {}
        self.heard = 0
        """How many messages have come."""
        self.ended = False
        self.lost = ""
        """Why the agent was given up."""
        self.descriptor = -1
        """What the reading thread reads from, while it does."""

    def end(self, lost: str = "") -> None:
        """No more answers: wake everybody."""
        self.lost = self.lost or lost
        self.ended = True
        for answers in list(self.waiting.values()):
            answers.put(None)


class AgentEngine:
    """A lab at the other end of a connection."""

    name = "remote"

    def __init__(self, options: Options, connection: Connection, start: m.Start, limit: float):
        """Make the lab.

        :param start: the first message
        :param limit: seconds in which the agent must be ready
        :raises EngineUnavailable: no lab can be made there
        :raises Interrupted: stop was pressed; nothing is left
        """
        self._options = options
        self._connection = connection
        self._hearing = _Hearing()
        self._threads: dict[int, int] = {}
        """Which thread waits for each command."""
        self._ids = itertools.count(1)
        self._closed = False
        self._owner = os.getpid()
        self._reader: threading.Thread | None = None
        with stopping.Region():
            try:
                self._sender = Sender(connection.writing.fileno())
                self._hearing.descriptor = os.dup(connection.reading.fileno())
                _engines.add(self)
                self._reader = threading.Thread(
                    target=_receive,
                    args=(self._hearing, connection.cut),
                    name="nslab-reader",
                    daemon=True,
                )
                self._finalizer = weakref.finalize(
                    # At the interpreter's end or when nobody refers to the lab any longer.
                    self,
                    _end,
                    self._owner,
                    self._sender,
                    connection,
                )
                greetings = self._expect(0)
                self._reader.start()
                self._hand_shake(greetings, start, limit)
            except BaseException:
                self._closed = True
                _end(self._owner, getattr(self, "_sender", None), connection)
                if self._reader is not None and self._reader.ident:
                    self._reader.join(timeout=CLOSE_LIMIT)
                raise

    def _hand_shake(
        self, greetings: queue.SimpleQueue[Reply], start: m.Start, limit: float
    ) -> None:
        answer: Reply = None
        with contextlib.suppress(OSError, queue.Empty):
            self._sender.send(m.encode(start))
            answer = stopping.wait(greetings, limit)
        self._forget(0)
        if answer is KeyboardInterrupt:
            stopping.taken()
            raise Interrupted(
                "start a lab", self._options.name, "you stopped it", "nothing is left of it"
            )
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

    @property
    def process(self) -> int:
        """The process here that the lab lives and dies with."""
        return self._connection.process

    # -- the protocol ------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        return (
            not self._closed
            and self._owner == os.getpid()
            and not self._hearing.ended
            and self._connection.running()
        )

    def apply(self, actions: Sequence[Action]) -> None:
        count = len(actions)
        with stopping.Region():
            done = self._ask(m.Apply(next(self._ids), tuple(actions)))  # type: ignore[arg-type]
            if done.count < count:
                raise _stopped_after(done.count, f"{count} actions", "actions")

    def snapshot(self) -> Snapshot:
        snapshot = self._ask(m.Look(next(self._ids))).snapshot
        if snapshot is None:
            raise self._out_of_step("it answered another question")
        return snapshot

    def run(self, command: Command, sink: Sink | None = None) -> Completed:
        ident = next(self._ids)
        with stopping.Region():
            answers = self._send(ident, m.Run(ident, command))
            self._threads[ident] = threading.get_ident()
            try:
                return self._follow(ident, command, answers, sink)
            finally:
                self._forget(ident)

    def interrupt(self, thread: int) -> None:
        for ident, waits in list(self._threads.items()):
            answers = self._hearing.waiting.get(ident)
            if waits == thread and answers is not None:
                answers.put(KeyboardInterrupt)

    def record(self, recording: Recording) -> Opened:
        opened = self._ask(m.Record(next(self._ids), recording)).opened
        if opened is None:
            raise self._out_of_step("it answered another question")
        return opened

    def fetch(self, number: int, after: int = 0, wait: float = 0.0, stop: bool = False) -> Batch:
        batch = self._ask(m.Fetch(next(self._ids), number, after, wait, stop)).batch
        if batch is None:
            raise self._out_of_step("it answered another question")
        return batch

    def inject(self, injection: Injection) -> int:
        with stopping.Region():
            sent = self._ask(m.Inject(next(self._ids), injection)).sent
            total = len(injection.frames) * injection.count
            if sent < total and stopping.pending():
                stopping.taken()
                raise _stopped_after(sent, f"{total} frames", "frames")
            return sent

    def changes(self, after: int = 0, wait: float = 0.0) -> int:
        return self._ask(m.Follow(next(self._ids), after, wait)).number

    def tracked(self) -> tuple[Tracked, ...]:
        return self._ask(m.Track(next(self._ids))).tracked

    def probe(self, probe: Probe) -> Evidence:
        evidence = self._ask(m.Try(next(self._ids), probe)).evidence
        if evidence is None:
            raise self._out_of_step("it answered another question")
        return evidence

    def lookup(self, lookups: Sequence[Lookup]) -> tuple[Routed, ...]:
        return self._ask(m.Ask(next(self._ids), tuple(lookups))).routed

    def close(self) -> None:
        if self._closed or self._owner != os.getpid():
            self._closed = True
            return
        with stopping.Region():
            self._closed = True
            self._hearing.end()
            # An agent that ends by itself is left the time for it; nothing waits.
            hurry = threading.Timer(CLOSE_LIMIT, self._connection.cut)
            hurry.daemon = True
            hurry.start()
            self._finalizer()
            hurry.cancel()
            if self._reader is not None and self._reader is not threading.current_thread():
                self._reader.join(timeout=CLOSE_LIMIT)

    # -- inside --------------------------------------------------------------------------------

    def _expect(self, ident: int) -> queue.SimpleQueue[Reply]:
        answers: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._hearing.waiting[ident] = answers
        if self._hearing.ended:  # after it was put there: who ends it looks there afterwards
            answers.put(None)
        return answers

    def _forget(self, ident: int) -> None:
        self._hearing.waiting.pop(ident, None)
        self._threads.pop(ident, None)

    def _send(self, ident: int, message: m.Message) -> queue.SimpleQueue[Reply]:
        if self._closed or self._owner != os.getpid():
            raise self._closed_error()
        try:
            body = m.encode(message)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise InvalidInput(
                "do",
                type(message).__name__.lower(),
                f"something in it cannot be sent: {error}",
                "use plain texts and numbers",
            ) from None
        if len(body) > m.LARGEST:
            raise InvalidInput(
                "send to the lab",
                f"{len(body):,} bytes",
                f"at most {m.LARGEST:,} at once",
                "do it in several pieces",
            )
        answers = self._expect(ident)
        try:
            self._sender.send(body)
        except OSError:
            self._forget(ident)
            # What broke the pipe is dying, and may not be dead yet: that is waited for.
            self._connection.ended()
            self._hearing.end("" if not self._connection.running() else "it reads no longer")
            raise self._gone() from None
        return answers

    def _ask(self, message: Question) -> m.Done:
        with stopping.Region():
            if stopping.pending():
                stopping.taken()
                raise _stopped(message)
            answers = self._send(message.id, message)
            if isinstance(message, m.Apply):
                self._threads[message.id] = threading.get_ident()
            try:
                answer = self._wait(answers)
                if answer is KeyboardInterrupt:
                    answer = self._give_up(message, answers)
                return self._done(answer)
            finally:
                self._forget(message.id)

    def _give_up(self, message: Question, answers: queue.SimpleQueue[Reply]) -> Reply:
        """Cancel a question; of what does something its answer says how far it came."""
        with contextlib.suppress(OSError):
            self._sender.send(m.encode(m.Cancel(message.id)))
        if not isinstance(message, m.Apply | m.Inject):
            stopping.taken()
            raise _stopped(message)
        with stopping.Shield():
            try:
                while (answer := answers.get(timeout=STOP_LIMIT)) is KeyboardInterrupt:
                    pass
            except queue.Empty:
                stopping.taken()
                self._cut("it did not stop when it was asked to")
                raise Interrupted(
                    "finish",
                    "",
                    "you stopped it, and the lab did not stop",
                    "the lab is gone; lab.reset() makes a new one",
                ) from None
        unfinished = (
            isinstance(message, m.Apply)
            and isinstance(answer, m.Done)
            and answer.count < len(message.actions)
        )
        if unfinished:
            stopping.taken()
        return answer

    def _wait(self, answers: queue.SimpleQueue[Reply]) -> Reply:
        """The next answer, or the interrupt; never without end."""
        try:
            return stopping.wait(answers, SIGN)  # type: ignore[no-any-return]
        except queue.Empty:
            pass
        heard, silent = self._hearing.heard, 0
        self._ping()
        while True:
            try:
                return stopping.wait(answers, 1.0)  # type: ignore[no-any-return]
            except queue.Empty:
                silent += 1
            if self._hearing.heard != heard:
                if silent >= SIGN:
                    heard, silent = self._hearing.heard, 0
                    self._ping()
            elif silent >= SILENT:
                self._cut(f"it has given no sign of life for {SILENT} seconds")
                return None

    def _ping(self) -> None:
        with contextlib.suppress(OSError):
            self._sender.send(m.encode(m.Ping(next(self._ids))))

    def _cut(self, why: str) -> None:
        self._hearing.end(why)
        self._connection.cut()

    def _done(self, answer: Reply) -> m.Done:
        if isinstance(answer, m.Done):
            return answer
        if isinstance(answer, m.Failed):
            raise answer.error()
        if self._closed:
            raise self._closed_error()
        raise self._gone()

    def _follow(
        self, ident: int, command: Command, answers: queue.SimpleQueue[Reply], sink: Sink | None
    ) -> Completed:
        while True:
            answer = self._wait(answers)
            if answer is KeyboardInterrupt:
                stopping.taken()
                self._stop_command(ident, answers, sink)
                raise Interrupted(
                    "finish",
                    " ".join(command.argv[:1]),
                    "you stopped it",
                    "what it had done stays; lab.undo() goes back",
                )
            if isinstance(answer, m.Output):
                if sink is not None:
                    sink(answer.stream, answer.data)
                continue
            completed = self._done(answer).completed
            if completed is None:
                raise self._out_of_step("it answered another question")
            return completed

    def _stop_command(
        self, ident: int, answers: queue.SimpleQueue[Reply], sink: Sink | None
    ) -> None:
        """End a command: ask as Ctrl-C does, then insist.  Its last output is still passed on."""
        for number in (signal.SIGINT, signal.SIGKILL):
            with contextlib.suppress(OSError):
                self._sender.send(m.encode(m.Signal(ident, number)))
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

    def _out_of_step(self, what: str) -> NslabError:
        self._cut(what)
        return self._gone()

    def _closed_error(self) -> LabClosed:
        if self._owner != os.getpid():
            return LabClosed(
                "use the lab",
                self._options.name,
                "it belongs to the process that made it",
                "make one here: lab = Lab()",
            )
        return LabClosed("use the lab", self._options.name, "it was closed", "make a new one")

    def _gone(self) -> NslabError:
        if self._closed or self._owner != os.getpid():
            return self._closed_error()
        if lost := self._hearing.lost:
            how = f"its agent was given up, because {lost}"
        elif (how := self._connection.ended()) != OUTSIDE:
            how = f"its agent ended{how}"
        return LabGone(
            "use the lab",
            self._options.name,
            f"{how}; its network is gone too",
            "make it again: lab.reset(), or a new one: lab = Lab()",
        )


def _stopped(message: Question) -> Interrupted:
    what = {m.Look: "look at the lab", m.Record: "start the capture", m.Fetch: "fetch frames"}
    return Interrupted(
        what.get(type(message), "finish"), "", "you stopped it", "it changed nothing"
    )


def _stopped_after(done: int, subject: str, things: str) -> Interrupted:
    error = Interrupted(
        "finish",
        subject,
        f"you stopped it after {done} {things}",
        "what was done stays; lab.undo() goes back",
    )
    error.done = done
    return error


def _end(owner: int, sender: Sender | None, connection: Connection) -> None:
    """End the agent; in a process that was forked off, nothing."""
    if owner == os.getpid():
        if sender is not None:
            sender.close()
        connection.close()


def _receive(hearing: _Hearing, cut: Callable[[], None]) -> None:
    """Hand each message of the agent to the thread that waits for it, until the stream ends.

    No method, so that this thread does not keep the engine alive.
    """
    lost, descriptor = "", hearing.descriptor
    try:
        for body in m.bodies(descriptor):
            message = m.decode_from_agent(body)
            hearing.heard += 1
            answers = hearing.waiting.get(getattr(message, "id", 0))
            if answers is not None:
                answers.put(message)
    except OSError:
        pass
    except m.OutOfStep as error:
        lost = f"what came from it was no message ({error})"
    finally:
        hearing.end(lost)
        if lost:
            cut()
        hearing.descriptor = -1
        os.close(descriptor)


_engines: weakref.WeakSet[AgentEngine] = weakref.WeakSet()


def _let_go() -> None:
    """In a process that was forked off: hold no end of a stream that is not ours.

    Else a lab would go on while its owner is dead.  The numbers are kept, with nothing behind them:
    the objects that have them do not know of this.
    """
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for engine in list(_engines):
        if engine._closed:
            continue
        connection, hearing = engine._connection, engine._hearing
        for descriptor in (
            connection.writing.fileno(),
            connection.reading.fileno(),
            engine._sender.descriptor,
            hearing.descriptor,
        ):
            if descriptor >= 0:
                os.dup2(nothing, descriptor, inheritable=False)
    os.close(nothing)


os.register_at_fork(after_in_child=_let_go)
