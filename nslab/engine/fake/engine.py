"""FakeEngine: the engine protocol around a network in memory."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

from nslab.engine import explain, stopping
from nslab.engine.default_network import ACTIONS
from nslab.engine.fake import programs
from nslab.engine.fake.apply import apply
from nslab.engine.fake.state import Network
from nslab.engine.protocol import (
    OUTPUT_LIMIT,
    Batch,
    Command,
    Completed,
    Injection,
    Opened,
    Options,
    Recording,
    Sink,
)
from nslab.errors import EngineUnavailable, Interrupted, LabClosed, ToolMissing
from nslab.network import model
from nslab.network.actions import Action
from nslab.network.evidence import Evidence, Lookup, Probe, Routed


def fresh(options: Options, clock: Callable[[], float] = time.monotonic) -> Network:
    """The network of a lab in which nothing has been done yet."""
    net = Network(ipv6=options.ipv6, title=options.title, clock=clock)
    for label in model.WORLD:
        net.world[label] = net.make("world", label)
    for action in ACTIONS:
        apply(net, action)
    return net


class FakeEngine:
    """An engine without a kernel; see the package's docstring for what it leaves out.

    ``clock`` gives seconds and drives the spanning tree's listening and learning.
    """

    name = "fake"

    def __init__(
        self, options: Options | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if options and options.cards:
            raise EngineUnavailable(
                "start a lab",
                "with network cards",
                "a lab in memory has none",
                'make it in a virtual machine: Lab(engine="vm", cards=True)',
            )
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._sleeping: dict[int, SimpleQueue[Any]] = {}
        """Of each thread that runs a command that takes time: what ends it."""
        self._net = fresh(options or Options(), clock)
        self._changed = threading.Condition()
        self._number = 1

    def apply(self, actions: Sequence[Action]) -> None:
        done = 0
        try:
            with stopping.Region(), self._lock:
                for action in actions:
                    if stopping.pending():
                        stopping.taken()
                        error = Interrupted(
                            "finish",
                            f"{len(actions)} actions",
                            f"you stopped it after {done} actions",
                            "what was done stays; lab.undo() goes back",
                        )
                        error.done = done
                        raise error
                    self._check(action.operation, action.subject)
                    apply(self._net, action)
                    done += 1
        finally:
            self._tell()

    def _tell(self) -> None:
        with self._changed:
            self._number += 1
            self._changed.notify_all()

    def changes(self, after: int = 0, wait: float = 0.0) -> int:
        self._check("look at", self._net.title)
        with self._changed:
            self._changed.wait_for(lambda: self._number > after or not self.alive, wait)
            self._check("look at", self._net.title)
            return self._number

    def snapshot(self) -> model.Snapshot:
        with self._lock:
            self._check("look at", self._net.title)
            return self._net.snapshot()

    def run(self, command: Command, sink: Sink | None = None) -> Completed:
        program = command.argv[0]
        with self._lock:
            self._check("run", program)
            if self._net.find(command.ns) is None:
                raise explain.namespace_missing(f"run {program}", command.ns or "host")
        wanted = programs.seconds(command)
        if wanted is not None:
            return self._sleep(command, wanted)
        if program not in programs.PROGRAMS:
            raise ToolMissing(
                "run",
                program,
                "the fake engine does not know it",
                "it knows sleep, " + ", ".join(sorted(programs.PROGRAMS)),
            )
        dropped = 0

        def emit(text: str) -> None:
            nonlocal dropped
            data = text.encode("utf-8", "surrogateescape")
            dropped += max(0, len(data) - OUTPUT_LIMIT)
            if data and sink is not None:
                sink("stdout", data[:OUTPUT_LIMIT])

        return Completed(returncode=programs.PROGRAMS[program](command, emit), dropped=dropped)

    def _sleep(self, command: Command, wanted: float) -> Completed:
        allowed = wanted if command.timeout is None else min(wanted, command.timeout)
        woken: SimpleQueue[Any] = SimpleQueue()
        with stopping.Region():
            with self._lock:
                self._sleeping[threading.get_ident()] = woken
            try:
                if not self._closed.is_set():
                    stopping.wait(woken, allowed)
                    if not self._closed.is_set():
                        stopping.taken()
                        raise Interrupted("finish", "sleep", "you stopped it")
            except queue.Empty:
                pass
            finally:
                with self._lock:
                    del self._sleeping[threading.get_ident()]
        if self._closed.is_set():
            raise LabClosed("run", "sleep", "the lab was closed meanwhile")
        if allowed < wanted:
            return Completed(returncode=-programs.SIGTERM, timed_out=True)
        return Completed(returncode=0)

    def interrupt(self, thread: int) -> None:
        with self._lock:
            if thread in self._sleeping:
                self._sleeping[thread].put(KeyboardInterrupt)

    def record(self, recording: Recording) -> Opened:
        raise self._no_frames("capture", ", ".join(recording.where))

    def fetch(self, number: int, after: int = 0, wait: float = 0.0, stop: bool = False) -> Batch:
        raise self._no_frames("fetch frames", "")

    def inject(self, injection: Injection) -> int:
        raise self._no_frames("send on", injection.where)

    def tracked(self) -> tuple[model.Tracked, ...]:
        self._check("look at", self._net.title)
        return ()  # nothing passes, so nothing is tracked

    def probe(self, probe: Probe) -> Evidence:
        raise self._no_frames("send to", probe.target)

    def lookup(self, lookups: Sequence[Lookup]) -> tuple[Routed, ...]:
        subject = lookups[0].target if lookups else ""
        self._check("look up the route to", subject)
        raise EngineUnavailable(
            "look up the route to",
            subject,
            "a lab in memory has no kernel to ask",
            "make a real one: lab = Lab()",
        )

    def _no_frames(self, operation: str, subject: str) -> EngineUnavailable:
        self._check(operation, subject)
        return EngineUnavailable(
            operation, subject, "a lab in memory moves no frames", "make a real one: lab = Lab()"
        )

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            for woken in self._sleeping.values():
                woken.put(None)
        self._tell()

    @property
    def alive(self) -> bool:
        return not self._closed.is_set()

    def _check(self, operation: str, subject: str) -> None:
        if self._closed.is_set():
            raise LabClosed(operation, subject, "the lab was closed", "make another: lab = Lab()")
