"""A scapy socket on a link of a lab: scapy's own sr1, sniff and the like, in any namespace.

scapy cannot follow a process that changes its namespace, and ours never does.  Here scapy sends
and receives through the lab's agent instead.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.supersocket import SuperSocket

from nslab.engine import stopping
from nslab.engine.protocol import Engine, Injection, Recording
from nslab.errors import LabClosed, LabGone, NotFound
from nslab.frames import blocks as bl
from nslab.frames import crafting
from nslab.network import names
from nslab.network.arguments import checked
from nslab.session.capture import FORGOTTEN

_TURN = 0.05
"""Seconds that a look for frames may take, so that scapy can stop in between."""


class LabSocket(SuperSocket):
    """Frames of one link.  Close it, or use it in a ``with`` block: it records until then.

    Addresses that a packet leaves open are filled in from the lab before it is sent.
    """

    desc = "sends and receives on a link of a lab"
    nonblocking_socket = True  # how scapy calls it if select() comes back by itself

    def __init__(self, engine: Engine, on: str, filter: str = "") -> None:
        self.closed = True  # until it is open: scapy closes what it collects
        ns, link = names.place(on)
        self._engine = engine
        self._ns, self._link, self._on = ns, link, on
        self._after = 0
        self._waiting: deque[bl.Raw] = deque()
        with stopping.Region():
            opened = engine.record(Recording(where=(on,), filter=filter))
            self._number, self._tap = opened.number, opened.taps[0]
            self.closed = False

    def complete(self, packet: Any) -> Any:
        """A packet, or a list of some, with every open address filled in."""
        packets = list(crafting.complete(packet, self._engine.snapshot(), self._ns, self._link))
        return packets[0] if len(packets) == 1 else packets

    def send(self, x: Any) -> int:
        """Send a packet; how many bytes it has."""
        frames = crafting.encode(x, self._engine.snapshot(), self._ns, self._link)
        self._engine.inject(Injection(where=self._on, frames=frames))
        with contextlib.suppress(AttributeError):  # bytes have no time
            x.sent_time = time.time()
        return sum(map(len, frames))

    def sr(self, packets: Any, **options: Any) -> Any:
        """Send packets and take in their answers: (answered, unanswered)."""
        return super().sr(self.complete(packets), **options)

    def sr1(self, packet: Any, **options: Any) -> Any:
        """Send a packet and return the first answer, None if there is none."""
        return super().sr1(self.complete(packet), **options)

    @checked
    def recv_raw(self, x: int = 0xFFFF) -> tuple[Any, bytes | None, float | None]:
        """The next frame that came in, if there is one: its first layer, its bytes, its time."""
        self._look(0.0)
        if not self._waiting:
            return None, None, None
        raw = self._waiting.popleft()
        first: Any = Ether
        if self._tap.hardware not in bl.ETHERNET:
            first = IP if raw.data[:1] < b"\x50" else IPv6
        return first, raw.data[:x], raw.stamp / 1e9

    def _look(self, wait: float) -> bool:
        """Whether there are frames, after so many seconds at most."""
        if self._waiting or self.closed:
            return bool(self._waiting)
        batch = self._engine.fetch(self._number, self._after, wait)
        self._after = batch.upto
        for _, block in batch.blocks:
            # What the link itself has sent is no answer to it.
            found = bl.unpack(block, 0)
            self._waiting += (raw for raw in found if raw.kind != "outgoing")
        return bool(self._waiting)

    @staticmethod
    def select(sockets: Sequence[Any], remain: float | None = _TURN) -> list[Any]:
        """Which of the sockets have frames, after a moment at most."""
        ready = [socket for socket in sockets if socket._look(0.0)]
        if not ready and sockets:
            wait = _TURN if remain is None else min(_TURN, remain)
            ready = [one for one in sockets if one._look(wait / len(sockets))]
        return ready

    def fileno(self) -> int:
        """There is no descriptor in this process."""
        return -1

    def close(self) -> None:
        """End the recording.  Closing twice is no error."""
        if not self.closed:
            self.closed = True
            gone = contextlib.suppress(LabClosed, LabGone, NotFound)
            with stopping.Region(), stopping.Shield(), gone:
                self._engine.fetch(self._number, FORGOTTEN, stop=True)


__all__ = ["LabSocket"]
