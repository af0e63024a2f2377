"""A packet socket with a ring of blocks that the kernel fills (packet_mmap: TPACKET_V3).

Whole blocks are copied out and taken apart by the notebook's process, so a frame costs the agent
next to nothing.  Of the kernel's layout only the block's head matters here::

    u32 version, offset to private │ u32 status, frames, offset of the first, length │ …

The socket takes no part in promiscuous mode: it sees what comes by anyway, as the tap that it is.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import socket
import struct
from collections.abc import Callable

from nslab.engine import uapi
from nslab.engine.agent.netns.syscalls import call
from nslab.engine.agent.packets.filters import NOTHING, Instruction, packed
from nslab.engine.protocol import Tally
from nslab.network.names import label

BLOCK = 1 << 17
"""Bytes of a block.  A frame that is longer would be cut; segmentation offload makes 64 KiB."""

ROOM = 32 << 20
"""Bytes of all rings of a capture together, as far as two blocks for each allow."""

_HEAD = struct.Struct("<IIII")
_NEXT = struct.Struct("<I")


def blocks_for(taps: int) -> int:
    """How many blocks each ring has: enough for a burst, but not too much for hundreds of taps."""
    return max(2, min(64, ROOM // BLOCK // max(1, taps)))


def retire_after(taps: int) -> int:
    """Milliseconds after which the kernel hands over a block that is not full.

    It is the delay of a live capture, and there is a timer for each ring that never rests.
    """
    return max(8, min(64, taps // 4))


class Ring:
    """One tap.  Made by a thread inside the link's namespace; all else may be done anywhere."""

    def __init__(self) -> None:
        # With a protocol it would be a tap for every link at once, and binding it later would wait
        # for an RCU grace period: 8 ms each, 1 s for a hundred.
        flags = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_PACKET, flags, 0)
        self._map: mmap.mmap | None = None
        self._count = 0
        self._next = 0
        self._dropped = 0
        self._beyond = 0
        self._renamed = ""
        self._closed = False
        self.ended = ""
        """Why it ended before the capture did."""

    def fileno(self) -> int:
        return self._socket.fileno()

    def prepare(self, blocks: int, retire: int, program: tuple[Instruction, ...]) -> None:
        """Make the ring.  It waits for an RCU grace period, so many are best made side by side."""
        if program:
            self._attach(program)
        version = struct.pack("=i", uapi.TPACKET_V3)
        # Not socket.setsockopt(), which keeps Python's lock while the kernel waits.
        call(
            "setsockopt", self.fileno(), uapi.SOL_PACKET, uapi.PACKET_VERSION, version, len(version)
        )
        slots = 2048
        wanted = struct.pack("=7I", BLOCK, blocks, slots, BLOCK // slots * blocks, retire, 0, 0)
        call("setsockopt", self.fileno(), uapi.SOL_PACKET, uapi.PACKET_RX_RING, wanted, len(wanted))
        self._map = mmap.mmap(self.fileno(), BLOCK * blocks)
        self._count = blocks

    def want_stamps(self) -> None:
        """Have the kernel stamp every frame where it comes in, not where a tap sees it.

        Then a bridge sees a frame at the same moment as its port does, and the order of frames does
        not depend on who else on the machine wants stamps.  It is turned on for the whole machine,
        a moment later, until the socket is closed (net_enable_timestamp() in net/core/dev.c).
        """
        self._socket.setsockopt(socket.SOL_SOCKET, uapi.SO_TIMESTAMPNS, 1)

    def open(self, index: int) -> None:
        """Take in what passes the link of that index, from now on."""
        address = struct.pack(
            "=HHiHBB8s", socket.AF_PACKET, socket.htons(uapi.ETH_P_ALL), index, 0, 0, 0, b""
        )
        call("bind", self.fileno(), address, len(address))

    def _attach(self, program: tuple[Instruction, ...]) -> None:
        code = ctypes.create_string_buffer(packed(program))
        described = struct.pack("@HP", len(program), ctypes.addressof(code))
        call(
            "setsockopt",
            self.fileno(),
            socket.SOL_SOCKET,
            uapi.SO_ATTACH_FILTER,
            described,
            len(described),
        )

    def shut(self) -> None:
        """Let nothing in any longer; what is in the ring stays."""
        self._attach(NOTHING)

    def take(self) -> tuple[int, bytes] | None:
        """The next block that the kernel has handed over: the number of its frames, its bytes."""
        ring = self._map
        if ring is None:
            return None
        start = self._next * BLOCK
        status, frames, _, length = _HEAD.unpack_from(ring, start + 8)
        if not status & uapi.TP_STATUS_USER:
            return None
        block = ring[start : start + length]
        # First the count, then the block: it is the kernel's from the moment of the second write.
        _NEXT.pack_into(ring, start + 12, 0)
        _NEXT.pack_into(ring, start + 8, 0)
        self._next = (self._next + 1) % self._count
        return frames, block

    def skip(self, frames: int) -> None:
        """Note frames that there was no room for."""
        self._beyond += frames

    @property
    def empty(self) -> bool:
        """Whether no frame waits, not even in a block that the kernel still fills."""
        if self._map is None:
            return True
        status, frames, _, _ = _HEAD.unpack_from(self._map, self._next * BLOCK + 8)
        return not status & uapi.TP_STATUS_USER and not frames

    def check(self) -> None:
        """See what an error on the socket means: a link that is down may come up again."""
        self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if not self.ended and self._index() < 0:
            self.ended = "the link is gone"

    def _index(self) -> int:
        address = ctypes.create_string_buffer(20)
        length = ctypes.c_uint32(20)
        call("getsockname", self.fileno(), address, ctypes.byref(length))
        index: int = struct.unpack_from("=i", address, 4)[0]
        return index

    def tally(self, name: str) -> Tally:
        """What became of the rest; ``name`` is what the link was called."""
        if self._map is not None:
            # Reading them sets them back to zero.
            _, dropped, _ = struct.unpack(
                "=III", self._socket.getsockopt(uapi.SOL_PACKET, uapi.PACKET_STATISTICS, 12)
            )
            self._dropped += dropped
        if not self._closed and not self.ended:
            # Python's own getsockname() raises at a name that is not UTF-8.
            asked = struct.pack("16si20x", b"", self._index())
            try:
                answer = fcntl.ioctl(self._socket, uapi.SIOCGIFNAME, asked)
            except OSError:
                answer = b""  # it has just gone
            now = label(answer[:16].split(b"\0")[0]) or name
            self._renamed = now if now != name else ""
        return Tally(
            beyond=self._beyond, dropped=self._dropped, ended=self.ended, renamed=self._renamed
        )

    def release(self) -> Callable[[], None]:
        """Use it no longer; what is returned gives all back, waiting 8 to 20 ms for the kernel."""
        ring, self._map = self._map, None
        self._closed = True

        def close() -> None:
            if ring is not None:
                ring.close()
            self._socket.close()

        return close


def first_frames(block: bytes, count: int) -> bytes:
    """A block that is cut after so many frames."""
    version, private, status, _, first, _ = struct.unpack_from("<6I", block)
    place = first
    for _ in range(count):
        place += _NEXT.unpack_from(block, place)[0]
    head = struct.pack("<6I", version, private, status, count, first, place)
    return head + block[24:place]
