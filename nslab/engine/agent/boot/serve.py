"""Requests in, replies out.

Applying and looking are done one at a time in one thread; each command has a thread of its own, so
that a signal, a look or another command can come between.  The reading thread itself does nothing
that takes time: it also gives the signs of life.  The end of the input is the end of the lab, and
so is a message that is none: what follows it cannot be believed.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from nslab.engine import messages as m
from nslab.engine.agent.boot.init import Init
from nslab.engine.agent.boot.runners import Runners
from nslab.engine.agent.boot.shell import Shell
from nslab.engine.agent.netns.spaces import Spaces
from nslab.engine.agent.netns.sysctls import settle
from nslab.engine.agent.packets.recorder import Captures
from nslab.engine.agent.rtnl import survey
from nslab.engine.agent.rtnl.apply import Applier
from nslab.engine.agent.rtnl.monitor import Monitor
from nslab.engine.agent.rtnl.rules import Reader
from nslab.engine.agent.rtnl.sysctls import Sysctls
from nslab.engine.agent.world import servers
from nslab.engine.protocol import Options, Stream
from nslab.errors import EngineUnavailable, NslabError

if TYPE_CHECKING:
    from nslab.engine.agent.packets.witness import Witness
    from nslab.engine.agent.world.cards import Bring
    from nslab.engine.agent.world.nic import Nic

COMMANDS = 256
"""Commands that may run at one time; more have to wait."""


class Server:
    """One lab's agent, from the first request to the end of the stream."""

    def __init__(
        self, options: Options, reading: BinaryIO, writing: BinaryIO, bring: Bring | None = None
    ) -> None:
        self._options = options
        self._bring = bring
        self._reading = reading
        self._writing = writing
        self._write_lock = threading.Lock()
        self._spaces = Spaces(ipv6=options.ipv6)
        self._init = Init()
        self._applier = Applier(self._spaces, self._init)
        self._shell = Shell(self._spaces, self._init)
        self._captures = Captures(self._spaces, self._init)
        self._runners = Runners(COMMANDS)
        self._nic: Nic | None = None
        self._witness: Witness | None = None
        self._follower = Monitor(self._spaces)
        self._rules = Reader(self._init.output)
        self._sysctls = Sysctls()
        self._work: queue.SimpleQueue[m.Apply | m.Look] = queue.SimpleQueue()
        self._asked: dict[int, bool] = {}
        """Questions that are not answered yet, and whether they were cancelled."""
        self._recordings: dict[int, int] = {}
        """The capture that each question has begun, while it runs."""
        self._asked_lock = threading.Lock()

    def serve(self) -> None:
        """Never returns: reaping is the main thread's work."""
        settle(ipv6=self._options.ipv6)
        for target in (self._read, self._do):
            threading.Thread(target=target, name=target.__name__, daemon=True).start()
        self._init.serve()

    def _send(self, message: m.Message) -> None:
        with self._write_lock:
            try:
                m.write(self._writing, message)
            except OSError:
                os._exit(0)  # nobody listens any longer

    def _read(self) -> None:
        while True:
            try:
                request = m.read_to_agent(self._reading)
            except m.Misunderstood as error:
                self._send(m.Failed(error.id, "InvalidInput", "do what was asked", "", str(error)))
                continue
            except m.OutOfStep as error:
                print(f"it was sent what is no message: {error}", file=sys.stderr, flush=True)
                os._exit(1)
            match request:
                case m.Run():
                    self._shell.expect(request.id)
                    self._begin(request.id, partial(self._run, request))
                case m.Follow():
                    self._begin(request.id, partial(self._changes, request))
                case m.Apply() | m.Look():
                    self._asked[request.id] = False
                    self._work.put(request)
                case m.Record() | m.Fetch() | m.Inject() | m.Track():
                    self._begin(request.id, partial(self._frames, request))
                case m.Try():
                    self._begin(request.id, partial(self._try, request))
                case m.Ask():
                    self._begin(request.id, partial(self._ask, request))
                case m.Ping():
                    # From here, for all runners may be busy.  The other end always reads.
                    self._send(m.Done(request.id))
                case m.Cancel():
                    self._cancel(request.id)
                case m.Signal():
                    self._shell.signal(request.id, request.number)
                case None:
                    os._exit(0)

    def _begin(self, ident: int, work: Callable[[], m.Done]) -> None:
        self._asked[ident] = False
        self._runners.submit(partial(self._answer, ident, work))

    def _cancel(self, ident: int) -> None:
        """Have what works at a question end; close what it has opened."""
        with self._asked_lock:
            if ident in self._asked:
                self._asked[ident] = True
            number = self._recordings.pop(ident, None)
        if number is not None:
            self._runners.submit(partial(self._captures.forget, number))
        self._follower.look_again()
        self._captures.look_again()

    def _cancelled(self, ident: int) -> bool:
        return self._asked.get(ident, True)

    def _do(self) -> None:
        try:
            servers.build(self._spaces, self._applier)
            if self._options.cards:
                self._fetch_cards()
            if self._options.nic_filter:
                from nslab.engine.agent.world.nic import Nic  # here, because few labs have one

                self._nic = Nic(self._spaces, self._init.run)
        except NslabError as error:
            self._send(m.Failed.of(0, error))
            os._exit(1)
        except Exception as error:  # whatever it is, it must reach the notebook
            self._send(m.Refused("build the world", getattr(error, "errno", 0) or 0, str(error)))
            os._exit(1)
        threading.Thread(target=self._spaces.watch, name="watch", daemon=True).start()
        self._send(m.Ready(m.PROTOCOL, sys.version.split()[0]))
        while True:
            request = self._work.get()
            if isinstance(request, m.Apply):
                self._answer(request.id, partial(self._apply, request))
            else:
                self._answer(request.id, partial(self._look, request))

    def _fetch_cards(self) -> None:
        """One to the host, one to the LAN machine: between them is the hub, and nothing else."""
        if self._bring is None:
            raise EngineUnavailable(
                "start a lab",
                "with network cards",
                "only a virtual machine has network cards",
                'make it in one: Lab(engine="vm", cards=True)',
            )
        for card, ns in zip(m.CARDS, (None, "lan"), strict=True):
            descriptor = self._spaces.open(ns)
            try:
                self._bring(card, descriptor)
            finally:
                os.close(descriptor)

    def _answer(self, ident: int, work: Callable[[], m.Done]) -> None:
        try:
            reply: m.Message = work()
        except NslabError as error:
            reply = m.Failed.of(ident, error)
        except Exception as error:
            # A bug or an exhausted machine: the lab goes on, and the notebook hears of it.
            kind = type(error).__name__
            reply = m.Failed(ident, "NslabError", "do what was asked", "", f"{kind}: {error}")
        self._asked.pop(ident, None)
        self._send(reply)

    def _apply(self, request: m.Apply) -> m.Done:
        try:
            done = self._applier.apply(request.actions, partial(self._cancelled, request.id))
        finally:
            self._follow()
        return m.Done(request.id, count=done)

    def _follow(self) -> None:
        """Have the NIC's filter in step before anybody is answered."""
        if self._nic is not None:
            self._nic.follow()

    def _look(self, request: m.Look) -> m.Done:
        if self._cancelled(request.id):
            return m.Done(request.id)  # nobody waits
        self._follow()
        self._shell.end_stray()
        with self._spaces.lock:
            self._spaces.settle_new()
            self._spaces.settle_unnamed()
            snapshot = survey.snapshot(
                self._spaces, self._options.title, self._rules, self._sysctls
            )
        return m.Done(request.id, snapshot=snapshot)

    def _changes(self, request: m.Follow) -> m.Done:
        return m.Done(
            request.id,
            number=self._follower.wait(
                request.after, request.wait, partial(self._cancelled, request.id)
            ),
        )

    def _frames(self, request: m.Record | m.Fetch | m.Inject | m.Track) -> m.Done:
        match request:
            case m.Record():
                return self._record(request)
            case m.Inject():
                from nslab.engine.agent.packets import inject  # here, because most labs send none

                return m.Done(
                    request.id,
                    sent=inject.inject(
                        self._spaces, request.injection, partial(self._cancelled, request.id)
                    ),
                )
            case m.Track():
                from nslab.engine.agent.rtnl import conntrack

                return m.Done(request.id, tracked=conntrack.everywhere(self._spaces))
        batch = self._captures.fetch(
            request.number,
            request.after,
            request.wait,
            request.stop,
            partial(self._cancelled, request.id),
        )
        if request.stop and not batch.running and not batch.more:
            with self._asked_lock:
                self._recordings = {
                    ident: number
                    for ident, number in self._recordings.items()
                    if number != request.number
                }
        return m.Done(request.id, batch=batch)

    def _try(self, request: m.Try) -> m.Done:
        with self._asked_lock:
            if self._witness is None:
                # Here, because many labs never ask why.
                from nslab.engine.agent.packets.witness import Witness

                self._witness = Witness(self._spaces, self._init.run)
        evidence = self._witness.probe(request.probe, partial(self._cancelled, request.id))
        return m.Done(request.id, evidence=evidence)

    def _ask(self, request: m.Ask) -> m.Done:
        from nslab.engine.agent.rtnl import fib  # here for the same reason

        return m.Done(request.id, routed=fib.lookups(self._spaces, request.lookups))

    def _record(self, request: m.Record) -> m.Done:
        opened = self._captures.record(request.recording)
        with self._asked_lock:
            unwanted = self._asked[request.id]
            if not unwanted:
                # The answer may be on its way while its question is cancelled.
                self._recordings[request.id] = opened.number
        if unwanted:
            self._captures.forget(opened.number)
        return m.Done(request.id, opened=opened)

    def _run(self, request: m.Run) -> m.Done:
        def emit(stream: Stream, data: bytes) -> None:
            self._send(m.Output(request.id, stream, data))

        completed = self._shell.run(request.id, request.command, emit)
        # What the next command sets in a namespace that this one made is not to be overwritten.
        self._spaces.catch_up()
        return m.Done(request.id, completed=completed)
