"""What is tried, as data: a network, what is done to it, what is asked, what is a right answer."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Question:
    """What does not work.

    ``protocol`` is ``icmp``, ``tcp`` or ``udp`` (with a ``port``) or ``dns`` (``target`` is a
    name).  ``size`` is the payload of a ping that must not be fragmented.
    """

    ns: str | None
    target: str
    port: int = 0
    protocol: str = "icmp"
    size: int = 0

    def __str__(self) -> str:
        extra = f":{self.port}" if self.port else f" size {self.size}" if self.size else ""
        return f"{self.ns or 'host'} → {self.target}{extra}"


@dataclass(frozen=True)
class Topology:
    """A network that works: lines for a shell of the host, and the questions that are answered.

    ``docker``: a real engine is started first.
    """

    name: str
    lines: str
    questions: tuple[Question, ...]
    engine: str = "local"
    ipv6: bool = False
    docker: bool = False


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    ``accepted`` are the kinds of obstacles that are right, ``places`` where they may be: a
    namespace (with any of its links) or one link, as ``ns1/eth0``.  ``mends`` is false where no
    remedy can be known, because it depends on what somebody had in mind.  ``outside`` is for what
    no lab may do, even root's: the lines are run by the machine's root, in the network of the
    namespace that it names.  ``warmed`` are lines that are run first, for a fault that is asked
    about while the tables of neighbours are still full of what was learned when all worked.
    """

    kind: str
    name: str
    topology: str
    lines: str
    question: Question
    accepted: tuple[str, ...]
    places: tuple[str, ...]
    mends: bool = True
    engine: str = "local"
    outside: str = ""
    warmed: str = ""

    @property
    def id(self) -> str:
        return f"{self.topology}: {self.kind}: {self.name}"


@dataclass(frozen=True)
class Working:
    """A network that looks broken and is not."""

    name: str
    topology: str
    lines: str
    question: Question
    engine: str = "local"
    outside: str = ""

    @property
    def id(self) -> str:
        return f"{self.topology}: {self.name}"


@dataclass(frozen=True)
class Network:
    """A network drawn from a seed; nobody knows beforehand what works."""

    seed: int
    lines: str
    questions: tuple[Question, ...] = field(default=())
