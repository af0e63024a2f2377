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

from nslab.actions import Action
from nslab.model import Snapshot

Stream = Literal["stdout", "stderr", "report"]
Sink = Callable[[Stream, bytes], None]
"""Called with pieces of a command's output as they come, in the caller's thread."""

OUTPUT_LIMIT = 1 << 20
"""Bytes of a stream that are kept and passed on; what comes after is counted and dropped."""


class Options(Struct, frozen=True, kw_only=True):
    """How a lab is to be made.

    ``ipv6`` False turns IPv6 off in every namespace.  ``nic_filter`` makes the pseudo-host's NIC
    drop unicast frames for other addresses unless it is promiscuous, as hardware does.
    """

    name: str = "lab"
    ipv6: bool = False
    nic_filter: bool = False


class Command(Struct, frozen=True, kw_only=True):
    """A program to run in the lab.

    ``ns`` names a namespace, None the host.  ``view`` ``net`` changes the network namespace only
    (as ``nsenter --net``), ``full`` gives what ``ip netns exec`` gives: /etc/netns bound and /sys
    of that namespace; for a container all of its namespaces.  ``timeout`` is in seconds, None
    without limit.
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


REPORT_FD = 197
"""High enough that no script of a learner uses it."""


class Completed(Struct, frozen=True, kw_only=True):
    """How a command ended.

    ``returncode`` is negative for a signal, as in :mod:`subprocess`.  ``dropped`` counts the bytes
    of output beyond :data:`OUTPUT_LIMIT`.
    """

    returncode: int
    timed_out: bool = False
    dropped: int = 0


class Engine(Protocol):
    """A place where one lab lives.  Every method may be called from any thread."""

    name: str
    """The engine's kind: local, fake, vm, ssh."""

    def apply(self, actions: Sequence[Action]) -> None:
        """Do the actions in order, stopping at the first that fails.

        :raises KernelRefused: the kernel said no; those before it are done
        """

    def snapshot(self) -> Snapshot:
        """What the kernel reports now."""

    def run(self, command: Command, sink: Sink | None = None) -> Completed:
        """Run a program to its end.  On KeyboardInterrupt it is ended and the interrupt goes on.

        :raises ToolMissing: there is no such program
        :raises NotFound: there is no such namespace
        """

    def close(self) -> None:
        """End everything in the lab.  Closing twice is no error."""

    @property
    def alive(self) -> bool:
        """Whether the lab is still there."""
