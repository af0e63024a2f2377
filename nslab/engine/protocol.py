"""What a lab asks of the place it lives in: the engine protocol.

Three implementations are meant to stand behind it: an agent on this machine (``local``), the same
agent in a microVM or behind ssh, and an in-memory fake (``fake``) that makes tests quick.  All
pass ``tests/contract``.  Nothing here may assume a shared filesystem, shared process ids or that a
descriptor can be passed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from nslab.network.actions import Action
from nslab.network.evidence import Evidence, Lookup, Probe, Routed
from nslab.network.model import Place, Snapshot, Tracked

Stream = Literal["stdout", "stderr", "report"]
Sink = Callable[[Stream, bytes], None]
"""Called with pieces of a command's output as they come, in the caller's thread."""

OUTPUT_LIMIT = 1 << 20
"""Bytes of a stream that are kept and passed on; what comes after is counted and dropped."""


class Options(Struct, frozen=True, kw_only=True):
    """How a lab is to be made.

    ``ipv6`` False turns IPv6 off in every namespace.  ``nic_filter`` makes the pseudo-host's NIC
    drop unicast frames for other addresses unless it is promiscuous, as hardware does.  ``cards``
    brings the virtual machine's two emulated network cards into the lab.  ``name`` is what lists of
    running labs have, ``title`` what snapshots and pictures have: it is the same wherever a
    notebook runs.
    """

    name: str = "lab"
    title: str = "lab"
    ipv6: bool = False
    nic_filter: bool = False
    cards: bool = False


class Command(Struct, frozen=True, kw_only=True):
    """A program to run in the lab.

    ``ns`` names a namespace, None the host.  ``view`` ``net`` changes the network namespace only
    (as ``nsenter --net``), ``full`` gives what ``ip netns exec`` gives: /etc/netns bound and /sys
    of that namespace; for a container all of its namespaces (for bash its network alone, where it
    has no bash).  ``timeout`` is in seconds, None without limit.
    """

    argv: tuple[str, ...]
    ns: str | None = None
    view: Literal["net", "full"] = "net"
    stdin: bytes = b""
    timeout: float | None = None
    environment: dict[str, str] = {}
    report: bool = False
    """For bash: report each failing command on a third stream, at :data:`REPORT_FD`.

    A report is ``CODE LINE COMMAND`` and a zero byte.
    """
    living: bool = False
    """Type the last word into the shell that lives in the namespace from one such command to the
    next; ``argv`` is :data:`SHELL` and that word, ``report`` goes without saying."""


SHELL = ("bash", "-c", "--")
"""Before lines as a person types them: what begins with a dash is no option of bash's either."""

REPORT_FD = 197
"""High enough that no script of a learner uses it."""


class Completed(Struct, frozen=True, kw_only=True):
    """How a command ended.

    ``returncode`` is negative for a signal, as in :mod:`subprocess`.  ``dropped`` counts the bytes
    of output beyond :data:`OUTPUT_LIMIT`.  ``ended`` says that a living shell has come to its end
    with it.
    """

    returncode: int
    timed_out: bool = False
    dropped: int = 0
    ended: bool = False


class Recording(Struct, frozen=True, kw_only=True):
    """Frames to be recorded.

    ``where`` are links as :func:`nslab.network.names.places` takes them; none means all links of
    the host and of its namespaces.  ``filter`` is a tcpdump expression.  What passes after
    ``frames`` or ``bytes`` have been kept is counted only.
    """

    where: tuple[str, ...] = ()
    filter: str = ""
    frames: int = 200_000
    bytes: int = 64 << 20


class Tap(Struct, frozen=True, kw_only=True):
    """A link that frames are recorded on.

    ``depth`` is 0 for a device, 1 for a bridge and 2 for what stands on another link: a frame that
    comes in gets one time stamp and is seen by the lower device first.  ``hardware`` is the
    kernel's ARPHRD number.
    """

    place: Place
    depth: int = 0
    hardware: int = 1
    mac: str = ""


class Opened(Struct, frozen=True, kw_only=True):
    """A recording has begun, ``began`` in nanoseconds since 1970."""

    number: int
    taps: tuple[Tap, ...]
    began: int


class Tally(Struct, frozen=True, kw_only=True):
    """What became of the frames at a tap beside those that were kept.

    ``beyond`` the recording's bound, ``dropped`` by the kernel because they came too fast.
    ``ended`` says why the tap ended before the recording did; ``renamed`` what its link is called
    now.
    """

    beyond: int = 0
    dropped: int = 0
    ended: str = ""
    renamed: str = ""


class Batch(Struct, frozen=True, kw_only=True):
    """Frames in the order in which each tap saw them.

    ``blocks`` are (number of the tap, bytes) with bytes as :mod:`nslab.frames.blocks` reads them.
    ``upto`` is to be given back with the next question; ``more`` says that there are more already.
    """

    blocks: tuple[tuple[int, bytes], ...] = ()
    upto: int = 0
    more: bool = False
    running: bool = True
    tallies: tuple[Tally, ...] = ()


class Injection(Struct, frozen=True, kw_only=True):
    """Frames to be sent, one after another and ``count`` times over.

    ``rate`` is in frames a second; None as fast as the link takes them.
    """

    where: str
    frames: tuple[bytes, ...]
    count: int = 1
    rate: float | None = None


class Engine(Protocol):
    """A place where one lab lives.  Every method may be called from any thread."""

    name: str
    """The engine's kind: local, fake, vm, ssh."""

    def apply(self, actions: Sequence[Action]) -> None:
        """Do the actions in order, stopping at the first that fails.

        :raises Interrupted: stop was pressed; its ``done`` says how many of them are done
        :raises KernelRefused: the kernel said no; those before it are done
        """

    def snapshot(self) -> Snapshot:
        """What the kernel reports now."""

    def run(self, command: Command, sink: Sink | None = None) -> Completed:
        """Run a program to its end.

        :raises Interrupted: stop was pressed; the program was ended
        :raises ToolMissing: there is no such program
        :raises NotFound: there is no such namespace
        """

    def interrupt(self, thread: int) -> None:
        """End the commands and actions of a thread, as a KeyboardInterrupt there would.

        :param thread: its :func:`threading.get_ident`; if it runs nothing, nothing happens
        """

    def changes(self, after: int = 0, wait: float = 0.0) -> int:
        """The number of the last change of anything that a snapshot shows; it only grows.

        :param after: the number that the caller knows; it may hear of more changes than there
            were, never of fewer
        :param wait: seconds to wait for a change after that one
        """

    def record(self, recording: Recording) -> Opened:
        """Begin to record frames; when it returns, every tap is open.

        :raises NotFound: there is no such namespace or link
        :raises InvalidInput: the filter cannot be understood
        """

    def fetch(self, number: int, after: int = 0, wait: float = 0.0, stop: bool = False) -> Batch:
        """What has been recorded after ``after``, which says that all before it has arrived.

        :param wait: seconds to wait if there is nothing yet
        :param stop: take no more frames in from now on; when the last has been fetched with
            ``stop``, the recording is forgotten
        """

    def inject(self, injection: Injection) -> int:
        """Send frames; how many the kernel took.

        :raises NotFound: there is no such namespace or link
        :raises KernelRefused: the link is down, or a frame is too long for it
        """

    def tracked(self) -> tuple[Tracked, ...]:
        """The connections that each namespace of the lab tracks now."""

    def probe(self, probe: Probe) -> Evidence:
        """Send the packets of a probe, and watch them on every link of the lab.

        Nothing of it stays but what any packet leaves, such as neighbours that were learned.

        :raises NotFound: there is no such namespace
        :raises EngineUnavailable: this engine moves no packets
        """

    def lookup(self, lookups: Sequence[Lookup]) -> tuple[Routed, ...]:
        """Ask the kernel's routing tables, one answer for each question.

        :raises NotFound: there is no such namespace
        :raises EngineUnavailable: this engine has no kernel to ask
        """

    def close(self) -> None:
        """End everything in the lab, from any thread, and whatever others do in it.

        What they wait for ends with LabClosed.  Closing twice is no error.
        """

    @property
    def alive(self) -> bool:
        """Whether the lab is still there."""
