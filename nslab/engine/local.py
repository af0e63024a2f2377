"""The engine on this machine: starts the agent as a child process and speaks with it over pipes.

The notebook's process never changes namespace and opens no netlink socket; all of that is the
agent's.  Labs are found from outside through /proc alone, so no file is left behind by any death.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from msgspec import Struct

from nslab.actions import Action
from nslab.engine import messages as m
from nslab.engine.base import (
    Batch, Command, Completed, Injection, Opened, Options, Recording, Sink,
)  # fmt: skip
from nslab.errors import EngineUnavailable, Interrupted, LabClosed, LabGone, NslabError
from nslab.model import Snapshot, Tracked

MODULE = "nslab.engine.agent"
START_LIMIT = 20.0
"""Seconds in which the agent must be ready; it takes a fraction of one."""

STOP_GRACE = 2.0
"""Seconds after the stop button before a command is killed."""

Reply = m.FromAgent | None | type[KeyboardInterrupt]
"""None: the agent has ended.  The type: somebody interrupts whoever waits."""

Question = m.Apply | m.Look | m.Record | m.Fetch | m.Inject | m.Track | m.Follow


class LocalEngine:
    """A lab in new namespaces of this machine, as root or as an ordinary user.

    :raises EngineUnavailable: this machine allows no lab; the message says why and what to do
    """

    name = "local"

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or Options()
        if sys.platform != "linux":
            raise _refusal(m.Refused("user namespace", errno.ENOSYS, sys.platform))
        self._process, self._errors = _start(self._options.name)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._writing, self._reading = self._process.stdin, self._process.stdout
        self._lock = threading.Lock()
        self._waiting: dict[int, queue.SimpleQueue[Reply]] = {}
        self._commands: dict[int, int] = {}
        """Which thread waits for each command."""
        self._ids = itertools.count(1)
        self._closed = False
        try:
            self._hand_shake()
        except BaseException:
            _stop(self._process, self._errors)
            raise
        self._reader = threading.Thread(
            target=_receive, args=(self._reading, self._waiting, self._lock),
            name="nslab-reader", daemon=True,
        )  # fmt: skip
        self._reader.start()
        # At the interpreter's end or when nobody refers to the lab any longer.
        self._finalizer = weakref.finalize(self, _stop, self._process, self._errors)

    def _hand_shake(self) -> None:
        watchdog = threading.Timer(START_LIMIT, self._process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            m.write(self._writing, m.Start(self._options))
            answer = m.read_from_agent(self._reading)
        except OSError:
            answer = None
        finally:
            watchdog.cancel()
        if isinstance(answer, m.Refused):
            raise _refusal(answer)
        if isinstance(answer, m.Failed):  # it says itself what it lacks
            raise answer.error()
        if not isinstance(answer, m.Ready):
            raise EngineUnavailable(
                "start a lab", "", f"its agent ended at once: {_tail(self._errors)}",
                "run: nslab doctor",
            )  # fmt: skip

    # -- the protocol ------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        return not self._closed and self._process.poll() is None

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
                    "finish", " ".join(command.argv[:1]), "it was stopped by you",
                    "what it had done until then has stayed; lab.undo() goes back",
                ) from None  # fmt: skip
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
        code = self._process.poll()
        how = "its agent ended" if code is None else f"its agent ended (exit status {code})"
        return LabGone(
            "use the lab", self._options.name, f"{how}; the network it held is gone with it",
            "make a new one: lab = Lab()",
        )  # fmt: skip


def _start(name: str) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    environment = dict(os.environ)
    root = str(Path(__file__).resolve().parents[2])
    path = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = f"{root}{os.pathsep}{path}" if path else root
    errors = tempfile.TemporaryFile()  # has no name, so nothing can be left behind
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULE, "--lab", name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            env=environment, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        errors.close()
        raise EngineUnavailable("start a lab", "", str(error), "run: nslab doctor") from error
    return process, errors


def _stop(process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
    """End the agent and wait for it; the kernel takes down the rest."""
    # Killing the supervisor kills PID 1 (PR_SET_PDEATHSIG), and with it all in its pid namespace.
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    errors.close()


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


def _refusal(refused: m.Refused) -> EngineUnavailable:
    from nslab import doctor

    return doctor.explain_refusal(refused.step, refused.errno, refused.detail)


def _tail(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "without a word"


# -- labs from outside: nslab enter, nslab show ------------------------------------------------


class Running(Struct, frozen=True):
    """A lab of this user; ``pid`` is that of its PID 1 as seen from here, ``age`` in seconds."""

    name: str
    pid: int
    uid: int
    age: float


def running() -> list[Running]:
    """The labs on this machine that the caller may enter, the oldest first."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            status = os.stat(f"/proc/{entry}")
            if os.geteuid() not in (0, status.st_uid):
                continue
            words = Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")
            if len(words) < 5 or words[1:4] != [b"-m", MODULE.encode(), b"--lab"]:
                continue
            if not _first_in_its_pid_namespace(int(entry)):
                continue
        except OSError:
            continue
        found.append(Running(words[4].decode(), int(entry), status.st_uid, _age(int(entry))))
    return sorted(found, key=lambda lab: (-lab.age, lab.pid))


def _age(pid: int) -> float:
    """Seconds since a process was started: field 22 of its stat is in clock ticks (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started)


def _first_in_its_pid_namespace(pid: int) -> bool:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("NSpid:"):
            numbers = line.split()[1:]
            return len(numbers) > 1 and numbers[-1] == "1"
    return False


def enter(lab: Running, ns: str | None = None, argv: Sequence[str] = ()) -> int:
    """Join a lab and run a program there, bash if none is named; its exit code.

    The program is in the lab's pid namespace, so it ends with the lab.
    """
    return _visit(lab, ["enter", ns or "", *argv]).returncode


def look(lab: Running) -> Snapshot:
    """A snapshot of a running lab, from outside."""
    import msgspec

    visit = _visit(lab, ["look", lab.name], capture=True)
    if visit.returncode:
        text = visit.stderr.decode(errors="replace").strip()
        raise LabGone("look into the lab", lab.name, text or "it has just ended", "nslab show")
    return msgspec.msgpack.decode(visit.stdout, type=Snapshot)


def _visit(
    lab: Running, words: Sequence[str], capture: bool = False
) -> subprocess.CompletedProcess[bytes]:
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    argv = [sys.executable, "-m", f"{MODULE}.visit", str(lab.pid), *words]
    if capture:
        return subprocess.run(argv, env=environment, capture_output=True)
    # The terminal's Ctrl-C belongs to the program inside, not to us.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.run(argv, env=environment)
    finally:
        signal.signal(signal.SIGINT, before)
