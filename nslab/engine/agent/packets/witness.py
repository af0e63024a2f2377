"""A probe from its first packet to the evidence: sent, watched on every link, and cleared away.

::

    asking      the packets, and what comes back to their sockets
    watching    what passes each link
    recognise   which of that belongs to the probe
    nftrace     what packet filters decide        counters   what the kernel counts (in rtnl)

It returns as soon as the answer is there.  What is lost is tried three times, because a neighbour
that did not answer before is asked again only after a second.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress

from nslab.engine import explain, uapi
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.netns.syscalls import call, text_of, write
from nslab.engine.agent.packets import recognise, watching
from nslab.engine.agent.packets.asking import Asking, Reply
from nslab.engine.agent.rtnl import counters, neighbours, nftrace, survey
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.engine.agent.rtnl.observe import Target
from nslab.errors import KernelRefused, os_cause
from nslab.network.evidence import (
    FIRST_PORT,
    LAST_PORT,
    Evidence,
    Listener,
    Outcome,
    Probe,
    Ruling,
    Sighting,
)

STARTS = (0.0, 0.4, 0.9)
"""Seconds after which each of the packets is sent, as long as none is answered."""

SETTLE = 0.02
"""Seconds in which what is on its way is still heard after the last word."""

_RANK = {"reply": 4, "refused": 3, "error": 2, "unsent": 1, "silence": 0}

Stopped = Callable[[], bool]
Run = Callable[..., tuple[int, str]]


class Witness:
    """Probes of one lab, one at a time: two would see each other's tables and counters."""

    def __init__(self, spaces: sp.Spaces, run: Run) -> None:
        self._spaces = spaces
        self._run = run
        self._lock = threading.Lock()

    def probe(self, probe: Probe, stopped: Stopped = lambda: False) -> Evidence:
        """Send, watch and clear away; the thread comes home.

        :param stopped: whether to end where it is
        :raises NotFound: there is no such namespace
        """
        operation = f"send to {probe.target}"
        try:
            descriptor = self._spaces.open(probe.ns)
        except FileNotFoundError:
            raise explain.namespace_missing(operation, probe.ns or "host") from None
        targets = survey.targets_of(self._spaces)
        try:
            with self._lock:
                return _Trial(self._spaces, self._run, probe, descriptor, targets, stopped).run()
        except OSError as error:
            number = error.errno or 0
            raise KernelRefused(operation, "", os_cause(number), errno=number) from None
        finally:
            self._spaces.go_home()
            for each in (descriptor, *(target.descriptor for target in targets)):
                os.close(each)


class _Trial:
    """One probe."""

    def __init__(
        self,
        spaces: sp.Spaces,
        run: Run,
        probe: Probe,
        descriptor: int,
        targets: Sequence[Target],
        stopped: Stopped,
    ) -> None:
        self._spaces, self._run, self._probe = spaces, run, probe
        self._descriptor, self._targets, self._stopped = descriptor, targets, stopped
        self._best = Reply(Outcome(kind="silence"), final=False)
        self._frames: list[watching.Raw] = []

    def run(self) -> Evidence:
        with ExitStack() as leaving:
            with self._spaces.inside(self._descriptor):
                self._asking = Asking(self._probe)
            leaving.callback(self._asking.close)
            marks = self._asking.marks
            leaving.callback(watching.stamps_come(self._spaces).close)
            self._tracers, unseen = nftrace.tracers(self._spaces, self._targets, marks, self._run)
            leaving.callback(nftrace.remove, self._spaces, self._tracers)
            before = counters.everywhere(self._spaces, self._targets, self._run)
            self._watches = watching.watches(
                self._spaces, self._targets, self._probe.port, (FIRST_PORT, LAST_PORT)
            )
            leaving.callback(watching.close, self._watches)
            self._follow()
            after = counters.everywhere(self._spaces, self._targets, self._run)
            filters = []
            if self._best.outcome.kind != "reply":
                filters = counters.filters(self._spaces, self._targets, before, after)
            self._take()
            sightings = recognise.sightings(self._frames, marks)
            self._forget_redirects(sightings)
            self._forget_neighbours(sightings)
            return Evidence(
                probe=self._probe,
                outcome=self._best.outcome,
                sent=self._asking.sent,
                source=self._asking.source
                or next((s.source for s in sightings if s.what == "request"), ""),
                sightings=tuple(sightings),
                rulings=tuple(self._rulings()),
                counted=tuple(counters.grown(self._targets, before, after)),
                listeners=tuple(self._listeners(sightings)),
                filters=tuple(filters),
                unseen=tuple(unseen),
            )

    # -- while it lasts ------------------------------------------------------------------------

    def _follow(self) -> None:
        """Send, and wait for the last word; then a moment longer for what is on its way."""
        began = time.monotonic()
        polling = select.poll()
        for descriptor in (
            *(watch.fileno() for watch in self._watches),
            *(tracer.fileno() for tracer in self._tracers),
        ):
            polling.register(descriptor, select.POLLIN)
        end = began + self._probe.patience
        while (now := time.monotonic()) < end and not self._stopped():
            sent = self._asking.sent
            if sent < len(STARTS) and now - began >= STARTS[sent] and not self._best.final:
                self._send()
            due = [began + STARTS[sent]] if sent < len(STARTS) else []
            self._wait(polling, max(0.0, min((end, *due)) - time.monotonic()))
            if self._best.outcome.kind == "reply":
                end = min(end, time.monotonic())
            elif self._best.final or self._decided():
                end = min(end, time.monotonic() + SETTLE)
        self._take()

    def _send(self) -> None:
        with self._spaces.inside(self._descriptor):
            reply = self._asking.send()
        self._note(reply)

    def _wait(self, polling: select.poll, seconds: float) -> None:
        answers = set(self._asking.descriptors)
        connecting = set(self._asking.connecting)
        for descriptor in answers:
            wanted = select.POLLOUT if descriptor in connecting else select.POLLIN
            polling.register(descriptor, wanted | select.POLLERR)
        ready = [number for number, _ in polling.poll(min(seconds, 0.1) * 1000)]
        for descriptor in answers:
            polling.unregister(descriptor)
        for descriptor in ready:
            if descriptor in answers:
                self._note(self._asking.hear(descriptor))
        self._take()

    def _take(self) -> None:
        for watch in self._watches:
            self._frames += watch.read()
        for tracer in self._tracers:
            tracer.read()

    def _note(self, reply: Reply | None) -> None:
        if reply is None:
            return
        old = _RANK[self._best.outcome.kind]
        if _RANK[reply.outcome.kind] >= old and not (
            reply.outcome.kind == self._best.outcome.kind and self._best.final
        ):
            self._best = reply

    def _decided(self) -> bool:
        """Whether two of the packets were dropped by a packet filter: a third would be, too."""
        dropped: set[int] = set()
        for tracer in self._tracers:
            dropped |= tracer.dropped(self._asking.marks)
        return len(dropped - {-1}) >= 2

    # -- afterwards ----------------------------------------------------------------------------

    def _forget_redirects(self, sightings: Sequence[Sighting]) -> None:
        """A router has sent a redirect, which the sender keeps for minutes: not for us.

        What keeps it is emptied as a whole, which ``ip route flush cache`` does, too.
        """
        redirected = {
            one.place.ns
            for one in sightings
            if one.way == "in" and one.what == "error" and one.words.startswith("Redirect")
        }
        try:
            for target in self._targets:
                if target.label in redirected:
                    call("setns", target.descriptor, uapi.CLONE_NEWNET)
                    with suppress(OSError):
                        write("/proc/sys/net/ipv4/route/flush", "1")
        finally:
            self._spaces.go_home()

    def _forget_neighbours(self, sightings: Sequence[Sighting]) -> None:
        """Of who was asked for in vain: what waits for an answer would be sent when one comes.

        It would also spoil the next ping, if the fault is mended within three seconds.
        """
        asked = {
            (one.place.ns, one.target)
            for one in sightings
            if one.what == "arp" and one.way == "out"
        }
        try:
            for target in self._targets:
                wanted = {address for ns, address in asked if ns == target.label}
                if wanted:
                    call("setns", target.descriptor, uapi.CLONE_NEWNET)
                    with suppress(OSError, w.Refused):
                        neighbours.forget(wanted)
        finally:
            self._spaces.go_home()

    def _rulings(self) -> list[Ruling]:
        decided = []
        try:
            for tracer in self._tracers:
                call("setns", tracer.target.descriptor, uapi.CLONE_NEWNET)
                decided += tracer.rulings(self._asking.marks)
        finally:
            self._spaces.go_home()
        return decided

    def _listeners(self, sightings: Sequence[Sighting]) -> list[Listener]:
        """Who waits at the port, wherever: asked only when nobody answered there."""
        if not self._probe.port or self._best.outcome.kind == "reply":
            return []
        kind = "tcp" if self._probe.protocol == "tcp" else "udp"
        ports = {self._probe.port, *(s.port for s in sightings if s.what == "request" and s.port)}
        found = []
        try:
            for target in self._targets:
                call("setns", target.descriptor, uapi.CLONE_NEWNET)
                for path in (kind, f"{kind}6"):
                    for address, port in listening(path, ports):
                        found.append(Listener(ns=target.label, address=address, port=port))
        finally:
            self._spaces.go_home()
        return found


def listening(path: str, ports: set[int]) -> list[tuple[str, int]]:
    """The addresses at which sockets of this thread's namespace wait, with the port of each.

    :param path: tcp, udp, tcp6 or udp6, of /proc/net
    """
    found = []
    for line in (text_of(f"/proc/thread-self/net/{path}") or "").splitlines()[1:]:
        words = line.split()
        address, _, number = words[1].partition(":")
        # 0A is LISTEN; a datagram's socket is 07 as long as it is not connected.
        if words[3] in ("0A", "07") and int(number, 16) in ports:
            found.append((_address(address), int(number, 16)))
    return found


def _address(words: str) -> str:
    """An address of /proc/net: words of four bytes, each in the machine's own order."""
    packed = b"".join(
        int(words[place : place + 8], 16).to_bytes(4, "little") for place in range(0, len(words), 8)
    )
    return socket.inet_ntop(socket.AF_INET6 if len(packed) == 16 else socket.AF_INET, packed)
