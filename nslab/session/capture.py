"""A capture: frames on many links of many namespaces at once, while it runs and afterwards."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, overload
from weakref import finalize

from nslab.engine import stopping
from nslab.engine.protocol import Batch, Engine, Recording, Tally
from nslab.errors import CommandTimeout, InvalidInput, LabClosed, LabGone, NotFound, NslabError
from nslab.frames import Frames
from nslab.frames import blocks as bl
from nslab.frames.table import ROWS, Table
from nslab.frames.transcode import transcode
from nslab.network import names
from nslab.network.arguments import checked
from nslab.network.model import Frame, Snapshot, Tracked
from nslab.session import views

if TYPE_CHECKING:
    from nslab.frames.journey import Journey, Journeys
    from nslab.frames.journey.narrative import Draw
    from nslab.frames.opened import Opened
    from nslab.session.views import View

FRAMES, BYTES = 200_000, 64 << 20
"""How much a capture keeps if nothing else is said."""

FORGOTTEN = 1 << 62
"""As the number of a piece of a recording: all of it has arrived, as far as anybody cares."""

_HELD = 0.2
"""Seconds that a question to the agent waits for frames."""


class Capture:
    """Frames that pass the links of a lab; made by ``lab.capture(…)``, and running at once.

    As a context manager it stops at the end of the block.  While it runs, ``frames`` are those
    that there are so far, and their numbers may still change: two links report at their own pace.
    """

    def __init__(
        self,
        engine: Engine,
        recording: Recording,
        look: Callable[[], Snapshot],
        left: SimpleQueue[int],
        draw: Draw | None = None,
    ) -> None:
        self._engine = engine
        self._opened = engine.record(recording)
        self._recording = recording
        self._look = look
        self._draw = draw
        self._origins = [
            bl.Origin(tap.place, tap.depth, tap.hardware in bl.ETHERNET)
            for tap in self._opened.taps
        ]
        self._blocks: list[tuple[int, bytes]] = []
        self._tallies: tuple[Tally, ...] = ()
        self._upto = 0
        self._tracked: tuple[Tracked, ...] = ()
        self._there: Snapshot | None = None
        self._running = True
        self._lost = ""
        self._turn = threading.RLock()
        """Held while frames are asked for: an inspector does so in a thread of its own."""
        self._decoded: tuple[int, list[Frame]] = (0, [])
        # Nobody stops it any longer when nobody has it any longer; the lab does so later.
        self._abandon = finalize(self, left.put, self._opened.number)

    # -- while it runs -------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether frames are still taken in."""
        return self._running

    @property
    def links(self) -> tuple[str, ...]:
        """Where frames are taken in, such as ``ns1/eth0``."""
        return tuple(str(tap.place) for tap in self._opened.taps)

    def stop(self) -> Frames:
        """Take in no more; all frames.  Stopping twice is no error."""
        if self._running:
            # Short, and if it were broken off, the capture would go on and nobody would know.
            with stopping.Region(), stopping.Shield():
                self._fetch(stop=True)
                self._remember()
        return self.frames

    def _forget(self) -> None:
        """End it; what it has is of no use to anybody."""
        self._abandon.detach()
        with contextlib.suppress(NslabError):
            self._engine.fetch(self._opened.number, FORGOTTEN, stop=True)

    def _remember(self) -> None:
        """What journeys need to know, while it is there.

        Entries of ICMP last for 30 s only, and the network that the frames went through for as
        long as nobody changes it.
        """
        if self._blocks:  # nothing was seen: there is nothing to follow
            with contextlib.suppress(LabClosed, LabGone):
                self._tracked = self._engine.tracked()
                self._there = self._look()

    @checked
    def wait(
        self,
        count: int | None = None,
        *,
        until: Callable[[Frame], object] | str | None = None,
        timeout: float = 5.0,
    ) -> Frames:
        """Wait for a number of frames, or for one that a function or a text matches.

        :param count: how many frames; give this or ``until``
        :param until: a function of a frame, or a text of its line in the table
        :param timeout: seconds to wait at most
        :raises CommandTimeout: it did not come; the frames that came stay
        """
        if (count is None) == (until is None):
            raise InvalidInput(
                "wait for frames",
                "",
                "you did not say for which",
                'write capture.wait(3) or capture.wait(until="echo reply")',
            )
        with stopping.looking("wait for frames"):
            return self._wait(count, until, timeout)

    def _wait(
        self, count: int | None, until: Callable[[Frame], object] | str | None, timeout: float
    ) -> Frames:
        deadline = time.monotonic() + timeout
        while True:
            looked = time.monotonic()
            if count is not None:
                self._fetch()
                there = self._count() >= count
            elif isinstance(until, str):
                there = bool(self.frames.saying(until))
            else:
                there = any(until(frame) for frame in self.frames) if until else False
            now = time.monotonic()
            if there:
                return self.frames
            if now >= deadline or not self._running:
                wanted = f"{count} frames" if count is not None else f"a frame: {until}"
                raise CommandTimeout(
                    "wait for",
                    wanted,
                    f"there are {self._count()} frames "
                    + (f"after {timeout:g} seconds" if self._running else "and it was stopped"),
                    "look at what there is: capture.frames",
                )
            # In a flood there is something new at once, and to look at everything takes ever
            # longer: at least as much time goes by until the next look.
            again = min(deadline, now + (now - looked))
            while True:
                self._fetch(wait=max(0.0, min(deadline - time.monotonic(), _HELD)))
                if not self._running or time.monotonic() >= again:
                    break

    def _count(self) -> int:
        """How many frames there are, without a look at any."""
        return sum(bl.first(block)[0] for _, block in self._blocks)

    def _fetch(self, *, wait: float = 0.0, stop: bool = False) -> None:
        with self._turn:
            self._fetch_all(wait, stop)

    def _fetch_all(self, wait: float, stop: bool) -> None:
        while self._running:
            try:
                batch = self._engine.fetch(self._opened.number, self._upto, wait, stop)
            except (LabClosed, LabGone, NotFound):
                self._running = False
                self._lost = (
                    "the lab ended, or was made anew, before the capture was stopped: "
                    "the last may be missing"
                )
                break
            self._take(batch)
            if not batch.more and not (stop and batch.running):
                break
        if not self._running:
            self._abandon.detach()

    def _take(self, batch: Batch) -> None:
        # A batch that was answered to a question that was interrupted is answered again.
        if batch.upto > self._upto:
            self._blocks += batch.blocks
            self._upto = batch.upto
        self._tallies = batch.tallies or self._tallies
        self._running = batch.running or batch.more

    # -- what there is -------------------------------------------------------------------------

    @property
    def frames(self) -> Frames:
        """The frames, so far or all of them."""
        self._fetch()
        count, missing = len(self._blocks), self.missing
        return Frames(
            partial(self._decode, count),
            self._owners,
            self.notes,
            missing,
            {origin.place: origin.ethernet for origin in self._origins},
            lambda: transcode(self._blocks[:count], self._origins, missing),
        )

    def _decode(self, blocks: int) -> list[Frame]:
        """The frames of the first so many blocks."""
        if self._decoded[0] != blocks:
            found = bl.frames(self._blocks[:blocks], self._origins, self._opened.began)
            self._decoded = blocks, found
        return self._decoded[1]

    def _owners(self) -> Mapping[str, str]:
        return self._macs

    @cached_property
    def _macs(self) -> Mapping[str, str]:
        """Who has each MAC when first asked; of links that are gone by then, who had it."""
        taps = sorted(self._opened.taps, key=lambda tap: tap.depth == 1)
        found = {tap.mac: str(tap.place) for tap in taps if tap.mac}
        try:
            return found | owners(self._there or self._look())
        except NslabError:  # the lab was closed before
            return found

    @property
    def missing(self) -> dict[str, int]:
        """How many frames passed and were not kept, by place: none is lost silently."""
        return {
            str(tap.place): tally.dropped + tally.beyond
            for tap, tally in zip(self._opened.taps, self._tallies, strict=False)
            if tally.dropped + tally.beyond
        }

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to say about what is missing."""
        found = [self._lost] if self._lost else []
        for tap, tally in zip(self._opened.taps, self._tallies, strict=False):
            if tally.beyond:
                found.append(
                    f"✘ {tap.place}: {tally.beyond:,} frames more passed than the capture keeps "
                    f"({self._recording.frames:,} frames or {self._recording.bytes:,} bytes): "
                    "give it a filter, or more with frames= and bytes="
                )
            if tally.dropped:
                found.append(
                    f"✘ {tap.place}: the kernel dropped {tally.dropped:,} frames, which came "
                    "faster than they were taken in"
                )
            if tally.ended:
                found.append(f"{tap.place}: the capture ended here early: {tally.ended}")
            if tally.renamed:
                found.append(f"{tap.place}: the link is called {tally.renamed} now")
        return tuple(found)

    def __len__(self) -> int:
        return len(self.frames)

    def __iter__(self) -> Iterator[Frame]:
        return iter(self.frames)

    @overload
    def __getitem__(self, key: int) -> Opened: ...
    @overload
    def __getitem__(self, key: slice) -> Frames: ...
    def __getitem__(self, key: int | slice) -> Opened | Frames:
        return self.frames[key]

    @checked
    def at(self, *places: str) -> Frames:
        """The frames at some of the places, such as ``"ns1/eth0"``."""
        for place in places:
            if place not in self.links:
                raise InvalidInput(
                    "show the frames at",
                    repr(place),
                    "the capture was not there",
                    f"it is at: {', '.join(self.links)}",
                )
        return self.frames.at(*places)

    @checked
    def table(self, *, times: bool = False, macs: bool = False, rows: int = ROWS) -> Table:
        """The frames as a table.

        :param times: with their times in milliseconds
        :param macs: with their MACs
        :param rows: how many rows at most
        """
        return self.frames.table(times=times, macs=macs, rows=rows)

    @property
    def journeys(self) -> Journeys:
        """The way of each packet that was seen, in the order in which they began; a list."""
        from nslab.frames.journey import journeys

        if self._running:
            self._remember()
        try:
            snapshot = self._there or self._look()
        except NslabError:  # the lab was closed: without its cables the times must do
            snapshot = None
        return journeys(
            tuple(self.frames),
            self._tracked,
            snapshot,
            [tap.place for tap in self._opened.taps],
            self._macs,
            draw=self._draw,
        )

    @checked
    def journey(self, number: int | None = None) -> Journey:
        """The way of one packet: of the frame of that number, or of the first worth telling.

        Worth telling is what does not only find the way for others, as ARP does.

        :raises InvalidInput: there is no such frame
        """
        found = self.journeys
        for journey in found:
            if number is None and not journey.quiet:
                return journey
            if number is not None and any(frame.number == number for frame in journey.frames):
                return journey
        if number is None and found:
            return found[0]
        raise InvalidInput(
            "follow",
            "the packet" if number is None else f"frame {number}",
            "no frame was seen" if not found else "there is none of that number",
            "look at what there is: capture.frames",
        )

    def inspect(self) -> View:
        """The frames as a widget: to be opened one by one, and followed; while it runs, too."""
        inspector: View = views.view("inspector", self)
        return inspector

    @checked
    def to_pcapng(self, path: str | Path) -> Path:
        """Write a file for Wireshark and tshark, with the links' names; returns its path."""
        return self.frames.to_pcapng(path)

    def __enter__(self) -> Capture:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = "running" if self._running else "stopped"
        return f"<Capture on {len(self.links)} links, {state}, {len(self.frames)} frames>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        frames = self.frames
        bundle = frames._repr_mimebundle_()
        if self._running:
            note = "the capture is still running: stop it with capture.stop()"
            bundle["text/plain"] += f"\n{note}"
            bundle["text/html"] += f"<p>{note[0].upper()}{note[1:]}</p>"
        return bundle


def start(
    engine: Engine,
    look: Callable[[], Snapshot],
    left: SimpleQueue[int],
    where: tuple[str, ...],
    *,
    filter: str = "",
    frames: int = FRAMES,
    bytes: int = BYTES,
    draw: Draw | None = None,
) -> Capture:
    """Begin a capture, after an end has been put to those that nobody has any longer.

    :param left: numbers of captures that were forgotten while they ran
    :param draw: makes the pictures that journeys are drawn on
    """
    for text in where:
        names.places(text)
    if frames < 1 or bytes < 1:
        raise InvalidInput(
            "capture", "", "it has no room for frames", "give frames= and bytes= a size"
        )
    end_forgotten(engine, left)
    recording = Recording(where=where, filter=filter, frames=frames, bytes=bytes)
    made: Capture | None = None
    try:
        with stopping.Region():
            made = Capture(engine, recording, look, left, draw)
    except KeyboardInterrupt:
        if made is not None:  # it began just before the stop button; nobody would have it
            with stopping.Region():
                made._forget()
        raise
    return made


def end_forgotten(engine: Engine, left: SimpleQueue[int]) -> None:
    """Put an end to captures that nobody has any longer."""
    while not left.empty():
        with contextlib.suppress(NotFound, LabGone, LabClosed, queue.Empty):
            engine.fetch(left.get(block=False), FORGOTTEN, stop=True)


def owners(snapshot: Snapshot) -> dict[str, str]:
    """Who has each MAC, as a place.

    Of a bridge and the port it took its MAC from, the bridge; of a link and those that stand on it
    and have its MAC, that link.
    """
    found: dict[str, str] = {}
    for namespace in snapshot:
        for link in sorted(namespace.links, key=lambda link: link.bridge is not None):
            if link.mac and link.name != "lo" and not snapshot.borrows_mac(link):
                where = "" if namespace.role == "host" else f"{namespace.label}/"
                found[link.mac] = f"{where}{link.name}"
    return found


__all__ = ["Capture", "owners", "start"]
