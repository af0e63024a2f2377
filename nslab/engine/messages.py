"""What the notebook and the agent say to each other, and how a message lies on a byte stream.

A frame is four bytes of length (big-endian) and a message in MessagePack.  Any two-way byte stream
will do: pipes here, a serial line of a microVM, ssh.

execnet was tried in its place and left out: its bootstrap takes 0.27 s of the half second in which
a lab is to be ready, and starts threads before user namespaces can be unshared.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import IO

import msgspec
from msgspec import Struct

from nslab.engine.protocol import (
    Batch,
    Command,
    Completed,
    Injection,
    Opened,
    Options,
    Recording,
    Stream,
)
from nslab.errors import KINDS, NslabError
from nslab.network.actions import AnyAction
from nslab.network.evidence import Evidence, Lookup, Probe, Routed
from nslab.network.model import Snapshot, Tracked

PROTOCOL = 6
"""Raised with every change that an older agent could not understand."""

LARGEST = 1 << 28
"""Bytes of a frame; a longer one means that the stream is not ours."""


PORT = "agent"
TERMINALS = ("terminal0", "terminal1", "terminal2", "terminal3")
"""The serial ports of a virtual machine, by the names that both ends know them by.

A port can be opened once only: one visitor each.
"""

CARDS = {"nic0": "02:00:00:00:20:0a", "nic1": "02:00:00:00:20:0b"}
"""The machine's emulated network cards: what they are called in a lab, and their MACs."""


class Message(Struct, frozen=True, tag=True, omit_defaults=True):
    """The base of everything that is sent."""


class Start(Message, frozen=True):
    """First to the agent: how the lab is to be.

    To a virtual machine that wakes from a saved state also what time it is (``clock``, in
    nanoseconds since 1970) and what makes its random numbers its own (``seed``).
    """

    options: Options
    clock: int = 0
    seed: bytes = b""


class Apply(Message, frozen=True):
    id: int
    actions: tuple[AnyAction, ...]


class Look(Message, frozen=True):
    id: int


class Run(Message, frozen=True):
    id: int
    command: Command


class Record(Message, frozen=True):
    id: int
    recording: Recording


class Fetch(Message, frozen=True):
    """Frames of a recording; answered when there are some, or after ``wait`` seconds."""

    id: int
    number: int
    after: int = 0
    wait: float = 0.0
    stop: bool = False


class Track(Message, frozen=True):
    """Which connections are tracked?"""

    id: int


class Try(Message, frozen=True):
    """Send the packets of a probe, and say what became of them."""

    id: int
    probe: Probe


class Ask(Message, frozen=True):
    """Where would the kernel send such packets?"""

    id: int
    lookups: tuple[Lookup, ...]


class Inject(Message, frozen=True):
    id: int
    injection: Injection


class Follow(Message, frozen=True):
    """Has anything changed since the change number ``after``?  Waits for it, so long at most."""

    id: int
    after: int = 0
    wait: float = 0.0


class Signal(Message, frozen=True):
    """To the process group of a running command; nothing answers it."""

    id: int
    number: int


class Cancel(Message, frozen=True):
    """Nobody wants the answer to this question any longer: end what it does, close what it opened.

    Actions and frames to be sent end between two of them, and are answered with how many were
    done; a wait ends; a recording is closed, even if it was answered just before.
    """

    id: int


class Ping(Message, frozen=True):
    """Is anybody there?  Answered at once, whatever else goes on."""

    id: int


class Booted(Message, frozen=True):
    """First from a virtual machine, before anything was asked: all is loaded, it waits.

    ``kernel`` is its release, ``modules`` what of the wanted ones it lacks.
    """

    kernel: str
    missing: tuple[str, ...] = ()


class Ready(Message, frozen=True):
    """First from the agent: the lab is there.  ``python`` names what runs it."""

    protocol: int
    python: str


class Refused(Message, frozen=True):
    """Instead of Ready: which step of making a pseudo-host failed, with its errno."""

    step: str
    errno: int
    detail: str = ""


class Done(Message, frozen=True):
    id: int
    snapshot: Snapshot | None = None
    completed: Completed | None = None
    opened: Opened | None = None
    batch: Batch | None = None
    sent: int = 0
    count: int = 0
    """How many of the actions were done."""
    tracked: tuple[Tracked, ...] = ()
    number: int = 0
    evidence: Evidence | None = None
    routed: tuple[Routed, ...] = ()


class Failed(Message, frozen=True):
    """An exception of nslab.errors, to be raised at the other end."""

    id: int
    kind: str
    operation: str
    subject: str = ""
    cause: str = ""
    hint: str = ""
    errno: int = 0

    @classmethod
    def of(cls, ident: int, error: NslabError) -> Failed:
        return cls(
            ident,
            type(error).__name__,
            error.operation,
            error.subject,
            error.cause,
            error.hint,
            error.errno,
        )

    def error(self) -> NslabError:
        kind = KINDS.get(self.kind, NslabError)
        return kind(self.operation, self.subject, self.cause, self.hint, errno=self.errno)


class Output(Message, frozen=True):
    id: int
    stream: Stream
    data: bytes


class Visit(Message, frozen=True):
    """To a terminal of a virtual machine: what :mod:`nslab.engine.agent.boot.visit` is to do there.

    ``size`` is that of the terminal in rows and columns; None if the visitor has none.
    """

    words: tuple[str, ...]
    size: tuple[int, int] | None = None
    term: str = "dumb"


class Typed(Message, frozen=True):
    """From the visitor's keyboard; nothing in it is the end of the input."""

    data: bytes


class Resized(Message, frozen=True):
    rows: int
    columns: int


class Shown(Message, frozen=True):
    """For the visitor's screen."""

    stream: Stream
    data: bytes


class Taken(Message, frozen=True):
    """So many bytes of what was typed has the program taken, or will nobody take."""

    size: int


class Left(Message, frozen=True):
    """The visit is over, with this exit code."""

    code: int


WINDOW = 256 << 10
"""Bytes that a visitor has typed at most before they are taken: all on the way is always read, so a
program that does not read its input keeps nobody from noticing that its visitor has left."""

HANG_UP = b"\0\0\0\0"
"""An empty frame: the visitor is gone.  The terminal answers with the same when it is free."""

ToTerminal = Visit | Typed | Resized
FromTerminal = Shown | Taken | Left
ToAgent = (
    Start
    | Apply
    | Look
    | Run
    | Record
    | Fetch
    | Inject
    | Track
    | Try
    | Ask
    | Follow
    | Signal
    | Cancel
    | Ping
)
FromAgent = Booted | Ready | Refused | Done | Failed | Output

encode = msgspec.msgpack.Encoder().encode
_to_agent = msgspec.msgpack.Decoder(ToAgent)
_from_agent = msgspec.msgpack.Decoder(FromAgent)
to_terminal = msgspec.msgpack.Decoder(ToTerminal)
from_terminal = msgspec.msgpack.Decoder(FromTerminal)


def frame(message: Message) -> bytes:
    """A message as it lies on a stream."""
    body = encode(message)
    return struct.pack(">I", len(body)) + body


def split(buffer: bytearray) -> Iterator[bytes]:
    """Take whole frames' bodies out of what has arrived; an empty one is :data:`HANG_UP`."""
    while len(buffer) >= 4:
        (size,) = struct.unpack_from(">I", buffer)
        if len(buffer) < 4 + size:
            return
        body = bytes(buffer[4 : 4 + size])
        del buffer[: 4 + size]
        yield body


def write(stream: IO[bytes], message: Message) -> None:
    """Send one message; the caller sees to it that two threads do not write at once."""
    body = encode(message)
    # Not put together: a buffered stream does so for small ones, and need not for large ones.
    stream.write(struct.pack(">I", len(body)))
    stream.write(body)
    stream.flush()


_LENGTH = struct.Struct(">I")


class Misunderstood(Exception):
    """A message with something in it that is not of its type; ``id`` is that of the request."""

    def __init__(self, ident: int, cause: str) -> None:
        super().__init__(cause)
        self.id = ident


class OutOfStep(Exception):
    """What came is no message at all: nothing that follows on the stream can be believed."""


def read_to_agent(stream: IO[bytes]) -> ToAgent | None:
    """The next message for the agent; None at the end of the stream.

    :raises Misunderstood: it is to be answered, or somebody waits for ever
    :raises OutOfStep: it cannot even be answered
    """
    head = stream.read(4)
    if len(head) < 4:
        return None
    size = _size(head)
    body = stream.read(size)
    if len(body) < size:
        return None
    try:
        request: ToAgent = _to_agent.decode(body)
        return request
    except msgspec.ValidationError as error:
        raise _misunderstood(body, str(error)) from None
    except msgspec.DecodeError as error:
        raise OutOfStep(str(error)) from None


def _misunderstood(body: bytes, cause: str) -> Exception:
    try:
        ident = msgspec.msgpack.decode(body)["id"]
    except (msgspec.DecodeError, LookupError, TypeError):
        return OutOfStep(cause)
    if isinstance(ident, int) and ident > 0:
        return Misunderstood(ident, cause)
    return OutOfStep(cause)


def decode_from_agent(body: bytes) -> FromAgent:
    """A message of the agent.

    :raises OutOfStep: it is none
    """
    try:
        message: FromAgent = _from_agent.decode(body)
        return message
    except msgspec.DecodeError as error:
        raise OutOfStep(str(error)) from None


def read_from_agent(stream: IO[bytes]) -> FromAgent | None:
    """The next message from the agent; None at the end of the stream.

    :raises OutOfStep: it is none
    """
    head = stream.read(4)
    if len(head) < 4:
        return None
    size = _size(head)
    body = stream.read(size)
    return decode_from_agent(body) if len(body) == size else None


def _size(head: bytes | bytearray | memoryview) -> int:
    size: int = _LENGTH.unpack_from(head)[0]
    if size > LARGEST:
        raise OutOfStep(f"a message of {size} bytes")
    return size


def bodies(descriptor: int) -> Iterator[bytes]:
    """The messages that come on a descriptor, until it ends.

    It is read without a buffered stream: those have locks, which a fork copies in the hands of a
    thread that is not there any longer.

    :raises OutOfStep: what comes is no message
    :raises OSError: it cannot be read
    """
    buffer = bytearray()
    piece = memoryview(bytearray(1 << 16))  # what a pipe holds; to make one each time takes longer
    into = [piece]
    while True:
        while len(buffer) >= 4 and len(buffer) >= (end := 4 + _size(buffer)):
            body = bytes(buffer[4:end])
            del buffer[:end]
            yield body
        count = os.readv(descriptor, into)
        if not count:
            return
        if not buffer and count >= 4 and count == 4 + _size(piece):
            yield bytes(piece[4:count])  # one message, as nearly always
        else:
            buffer += piece[:count]
