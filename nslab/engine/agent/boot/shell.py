"""A command in a namespace, with its output as it comes, a time limit and a way to stop it."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from msgspec import structs

from nslab.engine import explain
from nslab.engine.agent.boot.init import Init, find, memory_file
from nslab.engine.agent.boot.isolate import REPORT_SCRIPT
from nslab.engine.agent.boot.living import GRACE, Living, drain, signal_group, signal_session
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.protocol import OUTPUT_LIMIT, REPORT_FD, SHELL, Command, Completed, Stream
from nslab.network.model import WORLD

LONG = 100_000
"""Bytes of a learner's lines that bash gets as a word; the kernel takes no word of 128 KiB
(MAX_ARG_STRLEN).  Longer ones are a file, which is named in bash's own messages, and nowhere else.
"""

SCRIPT_FD = 198
_SCRIPT_HEAD = b"BASH_ARGV0=bash; "
"""In front of the first line, so that ``$0`` and the lines' numbers are what they always are."""


class Shell:
    """Runs commands for one lab; each :meth:`run` in a thread of its own."""

    def __init__(self, spaces: sp.Spaces, init: Init) -> None:
        self._spaces = spaces
        self._init = init
        self._sessions: dict[int, int] = {}
        """The session (and process group) of each running command, by its request."""
        self._expected: dict[int, int] = {}
        """Commands that have not started yet, and the signal that came for each meanwhile."""
        self._lock = threading.Lock()
        self._living: dict[str | None, tuple[Living, tuple[object, ...]]] = {}
        """The shell that lives in each namespace, and where it was started (:meth:`_place`)."""

    def expect(self, ident: int) -> None:
        """A command will be run: a signal for it may come before."""
        self._expected[ident] = 0

    def run(self, ident: int, command: Command, emit: Callable[[Stream, bytes], None]) -> Completed:
        """Run a command to its end."""
        if command.living:
            return self._type(ident, command, emit)
        script = None
        try:
            *words, text = command.argv
            if tuple(words) == SHELL and len(text.encode()) > LONG:
                script = memory_file(_SCRIPT_HEAD + text.encode())
                command = structs.replace(command, argv=("bash", f"/proc/self/fd/{SCRIPT_FD}"))
            argv, descriptor = self._way_in(command)
            try:
                return self._run(ident, command, argv, descriptor, emit, script)
            finally:
                os.close(descriptor)
        finally:
            self._expected.pop(ident, None)
            if script is not None:
                os.close(script)

    def signal(self, ident: int, number: int) -> None:
        """Send a signal to a command's process group, soon if it starts just now.

        Silent if it has ended.
        """
        with self._lock:
            session = self._sessions.get(ident)
            if session is None and ident in self._expected:
                self._expected[ident] = number
        if session is not None:
            signal_group(session, number)

    # -- the shells that live ----------------------------------------------------------------------

    def _type(
        self, ident: int, command: Command, emit: Callable[[Stream, bytes], None]
    ) -> Completed:
        """Type lines into the shell of their namespace, which is started when there is none."""
        while True:
            living = self._shell_in(command)
            with self._lock:
                self._sessions[ident] = living.session
                early = self._expected.pop(ident, 0)
            try:
                if early:
                    return Completed(returncode=-early)
                completed = living.type(command.argv[-1], emit, command.timeout)
            finally:
                del self._sessions[ident]
            if completed is not None:
                return completed

    def _shell_in(self, command: Command) -> Living:
        place = self._place(command)
        found = self._living.get(command.ns)
        if found is not None:
            living, where = found
            if where == place and not living.ended:
                return living
            living.end()
        living = Living(partial(self._begin_in, command))
        self._living[command.ns] = living, place
        return living

    def end_stray(self) -> None:
        """End the shells whose namespace has lost its name, or gave it to another.

        They would keep it alive, and ``ip netns delete`` would seem to do nothing.
        """
        for ns, (living, place) in list(self._living.items()):
            if ns is None:
                continue
            try:
                descriptor = self._spaces.open(ns)
            except FileNotFoundError:
                inode = 0
            else:
                inode = os.fstat(descriptor).st_ino
                os.close(descriptor)
            if inode != place[0]:
                del self._living[ns]
                living.end()

    def _place(self, command: Command) -> tuple[object, ...]:
        """What a shell is started in: if it differs later, that shell is somewhere else.

        The namespace itself, and the files that ``ip netns exec`` binds over /etc.
        """
        descriptor = self._open(command.ns, command)
        try:
            inode = os.fstat(descriptor).st_ino
        finally:
            os.close(descriptor)
        try:
            files = [
                (entry.name, entry.inode()) for entry in os.scandir(f"/etc/netns/{command.ns}")
            ]
        except OSError:
            files = []
        return inode, *sorted(files)

    def _begin_in(
        self,
        command: Command,
        words: Sequence[str],
        on_exit: Callable[[int], None],
        files: Mapping[int, int],
        environment: Mapping[str, str],
    ) -> int:
        argv, descriptor = self._way_in(structs.replace(command, argv=tuple(words)))
        try:
            with self._spaces.inside(descriptor):
                return self._init.spawn(argv, on_exit, files=files, environment=environment)
        finally:
            os.close(descriptor)

    # -- commands of their own ---------------------------------------------------------------------

    def _way_in(self, command: Command) -> tuple[tuple[str, ...], int]:
        """The words that bring a command into its namespaces, and where to start them from."""
        ns = command.ns
        if ns is None or command.view == "net" or ns in WORLD:
            return command.argv, self._open(ns, command)
        find(command.argv[0])  # before others are put in front of it
        if ns in self._spaces.named():
            return ("ip", "netns", "exec", ns, *command.argv), self._open(None, command)
        pid = self._spaces.container(ns)
        if pid is None or (command.argv[0] == "bash" and not _has_bash(pid)):
            return command.argv, self._open(ns, command)
        words = ("nsenter", "--net", "--mount", "--uts", "--pid", "--target", str(pid), "--")
        return (*words, *command.argv), self._open(None, command)

    def _open(self, ns: str | None, command: Command) -> int:
        try:
            return self._spaces.open(ns)
        except FileNotFoundError:
            raise explain.namespace_missing(f"run {command.argv[0]}", ns or "host") from None

    def _run(
        self,
        ident: int,
        command: Command,
        argv: tuple[str, ...],
        descriptor: int,
        emit: Callable[[Stream, bytes], None],
        script: int | None,
    ) -> Completed:
        streams: list[tuple[Stream, int]] = [("stdout", 1), ("stderr", 2)]
        environment = dict(command.environment)
        if command.report:
            streams.append(("report", REPORT_FD))
            environment["BASH_ENV"] = REPORT_SCRIPT
        pipes = {stream: os.pipe2(os.O_CLOEXEC) for stream, _ in streams}
        over_read, over_write = os.pipe2(os.O_CLOEXEC)
        given = memory_file(command.stdin)
        codes: list[int] = []

        def on_exit(code: int) -> None:
            codes.append(code)
            os.close(over_write)

        files = {0: given} | {number: pipes[stream][1] for stream, number in streams}
        if script is not None:
            files[SCRIPT_FD] = script
        try:
            with self._spaces.inside(descriptor):
                session = self._init.spawn(argv, on_exit, files=files, environment=environment)
        except BaseException:
            for _, (reading, _) in pipes.items():
                os.close(reading)
            os.close(over_read)
            os.close(over_write)
            raise
        finally:
            os.close(given)
            for _, writing in pipes.values():
                os.close(writing)
        with self._lock:
            self._sessions[ident] = session
            early = self._expected.pop(ident, 0)
        if early:
            # Nothing of it is worth waiting for, and bash may not heed a SIGINT before it reads.
            signal_group(session, signal.SIGKILL)
        try:
            ours = {pipes[stream][0]: stream for stream, _ in streams}
            return self._follow(command, session, ours, over_read, codes, emit)
        finally:
            del self._sessions[ident]

    def _follow(
        self,
        command: Command,
        session: int,
        streams: dict[int, Stream],
        over: int,
        codes: list[int],
        emit: Callable[[Stream, bytes], None],
    ) -> Completed:
        """Pass the output on until the command itself ends (its children may live on)."""
        passed = dict.fromkeys(streams.values(), 0)
        dropped = 0
        deadline = None if command.timeout is None else time.monotonic() + command.timeout
        ending = timed_out = False
        # poll(2) itself: for so few descriptors and so short a life, a selector costs too much.
        waiting = select.poll()
        for descriptor in (*streams, over):
            waiting.register(descriptor, select.POLLIN)
        ended = False
        while streams or not ended:
            limit = 0.0 if ended else None
            if deadline is not None and not ended:
                limit = max(0.0, deadline - time.monotonic()) * 1000
            ready = waiting.poll(limit)
            for descriptor, _ in ready:
                if descriptor == over:
                    ended = True
                    waiting.unregister(over)
                    continue
                piece = os.read(descriptor, 65536)
                if not piece:
                    waiting.unregister(descriptor)
                    os.close(descriptor)
                    del streams[descriptor]
                    continue
                stream = streams[descriptor]
                room = max(0, OUTPUT_LIMIT - passed[stream])
                passed[stream] += len(piece)
                dropped += max(0, len(piece) - room)
                if room:
                    emit(stream, piece[:room])
            if ended and not ready:
                break
            if deadline is not None and not ended and time.monotonic() >= deadline:
                signal_session(session, signal.SIGKILL if ending else signal.SIGTERM)
                deadline = time.monotonic() + GRACE
                ending = timed_out = True
        os.close(over)
        if streams:
            left = tuple(streams)
            threading.Thread(target=drain, args=[left], name="drain", daemon=True).start()
        return Completed(returncode=codes[0], timed_out=timed_out, dropped=dropped)


def _has_bash(pid: int) -> bool:
    """Whether a container can run our lines itself; an image of its own may have no more than sh.

    They are typed by the host's programs then, and its network is what they meet.
    """
    root = f"/proc/{pid}/root"
    return any(os.path.lexists(f"{root}{place}/bash") for place in ("/bin", "/usr/bin"))
