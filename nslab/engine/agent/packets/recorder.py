"""Recording frames: one thread for each capture, with a ring for each of its links.

What has been recorded is kept until the notebook says that it has arrived.  A capture that nobody
stops is bounded by its limits, beyond which frames are counted only.
"""

from __future__ import annotations

import itertools
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from nslab.engine.agent.boot.init import Init
from nslab.engine.agent.boot.runners import in_background, side_by_side
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.netns.processes import network_inodes
from nslab.engine.agent.packets import filters, ring, taps
from nslab.engine.protocol import Batch, Opened, Recording, Tally
from nslab.errors import InvalidInput, KernelRefused, NotFound, NslabError, os_cause

AT_ONCE = 32
"""Captures of a lab that may run at one time."""

PIECE = 4 << 20
"""Bytes of one answer at most, so that other answers are not kept waiting."""

COUNTED = 0.25
"""Seconds between two looks at what the kernel has dropped."""


class Captures:
    """All captures of a lab."""

    def __init__(self, spaces: sp.Spaces, init: Init) -> None:
        self._spaces = spaces
        self._init = init
        self._numbers = itertools.count(1)
        self._running: dict[int, Recorder] = {}
        self._lock = threading.Lock()

    def record(self, recording: Recording) -> Opened:
        """Begin; the thread visits the namespaces and comes home."""
        wanted = ", ".join(recording.where) or "everything"
        with self._lock:
            if len(self._running) >= AT_ONCE:
                raise NslabError(
                    "capture on",
                    wanted,
                    f"{AT_ONCE} captures are running already",
                    "stop one: capture.stop()",
                )
        program = filters.program(recording.filter, self._init.run)
        try:
            openings = taps.openings(self._spaces, recording.where)
            recorder = Recorder(self._spaces, openings, recording, program)
        except OSError as error:
            raise KernelRefused(
                "capture on", wanted, os_cause(error.errno or 0), errno=error.errno or 0
            ) from None
        number = next(self._numbers)
        with self._lock:
            self._running[number] = recorder
        return Opened(
            number=number, taps=tuple(opening.tap for opening in openings), began=recorder.began
        )

    def fetch(
        self,
        number: int,
        after: int,
        wait: float,
        stop: bool,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Batch:
        """What came after the piece of that number; forgets a capture that has been emptied.

        :param stopped: whether nobody waits any longer; see :meth:`look_again`
        """
        with self._lock:
            recorder = self._running.get(number)
        if recorder is None:
            raise NotFound("fetch frames", "", "the capture was stopped before")
        if stop:
            recorder.stop()
        batch = recorder.fetch(after, wait, stopped)
        if stop and not batch.more and not batch.running:
            with self._lock:
                self._running.pop(number, None)
        return batch

    def forget(self, number: int) -> None:
        """End a capture that nobody has asked for any longer."""
        with self._lock:
            recorder = self._running.pop(number, None)
        if recorder is not None:
            recorder.stop()

    def look_again(self) -> None:
        """Have those who wait see whether they still should."""
        with self._lock:
            running = list(self._running.values())
        for recorder in running:
            recorder.look_again()


class Recorder:
    """One capture, from the opening of its taps until it is stopped.

    :raises OSError: the kernel refused a tap; none is left open
    """

    def __init__(
        self,
        spaces: sp.Spaces,
        openings: list[taps.Opening],
        recording: Recording,
        program: tuple[filters.Instruction, ...],
    ) -> None:
        if not openings:
            raise InvalidInput("capture", "", "there is no link to capture on")
        self._spaces = spaces
        self._openings = openings
        self._left = (recording.frames, recording.bytes)
        self._tallies: tuple[Tally, ...] = ()
        self._blocks: deque[tuple[int, bytes]] = deque()
        self._first = 0  # the number of the first block that is still kept
        self._changed = threading.Condition()
        self._running = True
        self._stopping, self._stop = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._holders: dict[int, int] = {}  # by pidfd, the inode of the namespace it is in
        rings = [opening.ring for opening in openings]
        blocks, retire = ring.blocks_for(len(rings)), ring.retire_after(len(rings))
        try:
            rings[0].want_stamps()
            side_by_side([partial(one.prepare, blocks, retire, program) for one in rings])
            self.began = time.time_ns()
            for opening in openings:
                opening.ring.open(opening.index)
        except BaseException:
            os.close(self._stopping)
            os.close(self._stop)
            _close(rings)
            raise
        self._open = {one.fileno(): number for number, one in enumerate(rings)}
        self._retire = retire / 1000
        threading.Thread(target=self._record, name="capture", daemon=True).start()

    # -- for the notebook, in any thread -------------------------------------------------------

    def stop(self) -> None:
        """Take in no more, and wait until all that came before is here."""
        with self._changed:
            if self._running:
                os.write(self._stop, b"!")
            self._changed.wait_for(lambda: not self._running)

    def look_again(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def fetch(self, after: int, wait: float, stopped: Callable[[], bool] = lambda: False) -> Batch:
        """The blocks from number ``after`` on; those before it are let go."""
        with self._changed:
            while self._blocks and self._first < after:
                self._blocks.popleft()
                self._first += 1
            self._changed.wait_for(lambda: self._blocks or not self._running or stopped(), wait)
            size, some = 0, []
            for block in self._blocks:
                some.append(block)
                size += len(block[1])
                if size >= PIECE:
                    break
            return Batch(
                blocks=tuple(some),
                upto=self._first + len(some),
                more=len(some) < len(self._blocks),
                running=self._running,
                tallies=self._tallies,
            )

    # -- the recording thread ------------------------------------------------------------------

    def _record(self) -> None:
        try:
            with select.epoll() as self._polling, open("/proc/self/mountinfo") as mounts:
                self._follow(mounts.fileno())
        except Exception as error:  # a bug must be heard of, and must not leave anybody waiting
            for opening in self._openings:
                opening.ring.ended = f"the recording broke off: {error!r}"
        finally:
            self._finish()

    def _follow(self, mounts: int) -> None:
        for descriptor in self._open:
            self._polling.register(descriptor, select.EPOLLIN | select.EPOLLERR)
        self._polling.register(self._stopping, select.EPOLLIN)
        # A namespace's name is a mount: this tells when one is taken away (proc(5)).
        self._polling.register(mounts, select.EPOLLPRI | select.EPOLLERR)
        self._find_holders()
        counted = 0.0
        while True:
            for descriptor, _ in self._polling.poll():
                if descriptor == self._stopping:
                    return self._stop_all()
                if descriptor in self._open:
                    self._serve(descriptor)
                else:
                    self._find_holders()
            if time.monotonic() - counted > COUNTED:
                counted = time.monotonic()
                self._count()

    def _serve(self, descriptor: int) -> None:
        opening = self._openings[self._open[descriptor]]
        if not self._drain(descriptor):
            opening.ring.check()
            if opening.ring.ended:
                self._empty([descriptor])
                self._release([descriptor])

    def _drain(self, descriptor: int) -> bool:
        """Take what the kernel has handed over; whether there was anything."""
        number = self._open[descriptor]
        tap = self._openings[number].ring
        found = False
        while (taken := tap.take()) is not None:
            found = True
            self._keep(number, tap, *taken)
        return found

    def _keep(self, number: int, tap: ring.Ring, frames: int, block: bytes) -> None:
        frames_left, bytes_left = self._left
        kept = min(frames, frames_left) if len(block) <= bytes_left else 0
        if kept < frames:
            tap.skip(frames - kept)
            self._left = (0, 0)  # the first that has no room ends it: no gaps
            if not kept:
                return
            block = ring.first_frames(block, kept)
        else:
            self._left = (frames_left - kept, bytes_left - len(block))
        with self._changed:
            self._blocks.append((number, block))
            self._changed.notify_all()

    def _stop_all(self) -> None:
        for number in self._open.values():
            self._openings[number].ring.shut()
            self._openings[number].ring.check()  # that it is gone may not have been heard of yet
        self._find_holders()
        self._empty(list(self._open))

    def _empty(self, descriptors: list[int]) -> None:
        """Take the rest out of rings that let nothing in: blocks that are not full come late."""
        deadline = time.monotonic() + 1 + 4 * self._retire
        while True:
            for descriptor in descriptors:
                self._drain(descriptor)
            waiting = [d for d in descriptors if not self._openings[self._open[d]].ring.empty]
            if not waiting or time.monotonic() > deadline:
                return
            _ready(waiting, self._retire)

    def _find_holders(self) -> None:
        """See what else than our sockets holds each namespace, and close them where nothing does.

        A socket keeps a namespace alive after ``ip netns delete``, and the other ends of its veths
        would stay with it.
        """
        for descriptor in list(self._holders):
            if _ready([descriptor], 0):  # that process has ended
                del self._holders[descriptor]
                self._polling.unregister(descriptor)
                os.close(descriptor)
        known = {self._spaces.home_inode, *self._spaces.named().values()}
        known |= {*self._spaces.world().values(), *self._holders.values()}
        alone = {self._openings[n].inode for n in self._open.values()} - known
        if not alone:
            return
        held = {inode: pid for pid, inode in network_inodes().items()}
        for inode in alone:
            try:
                descriptor = os.pidfd_open(held[inode])
            except (KeyError, OSError):
                gone = [d for d, n in self._open.items() if self._openings[n].inode == inode]
                for each in gone:
                    self._openings[self._open[each]].ring.shut()
                    self._openings[self._open[each]].ring.ended = "its namespace is gone"
                self._empty(gone)
                self._release(gone)
            else:
                self._holders[descriptor] = inode
                self._polling.register(descriptor, select.EPOLLIN)

    def _release(self, descriptors: list[int]) -> None:
        self._count()
        for descriptor in descriptors:
            self._polling.unregister(descriptor)
        _close([self._openings[self._open.pop(descriptor)].ring for descriptor in descriptors])

    def _count(self) -> None:
        self._tallies = tuple(
            opening.ring.tally(opening.tap.place.link) for opening in self._openings
        )

    def _finish(self) -> None:
        self._count()
        _close([self._openings[number].ring for number in self._open.values()])
        for descriptor in (self._stopping, *self._holders):
            os.close(descriptor)
        with self._changed:
            self._running = False
            os.close(self._stop)
            self._changed.notify_all()


def _ready(descriptors: list[int], seconds: float) -> bool:
    """Whether one of them can be read after so long at most.  select() takes none above 1,023."""
    polling = select.poll()
    for descriptor in descriptors:
        polling.register(descriptor, select.POLLIN)
    return bool(polling.poll(seconds * 1000))


def _close(rings: list[ring.Ring]) -> None:
    in_background([one.release() for one in rings])
