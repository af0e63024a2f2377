"""What is sent to try a way, what was seen of it, and what the kernel's routes say.

Values only: the engine's agent fills them in, and :mod:`nslab.explain.diagnose` reads them.

A probe is recognised by what it carries, not by a mark of the kernel's (``SO_MARK``), which policy
rules could read.  A capture leaves it out with the tcpdump expression :data:`WITHOUT_PROBES`.
"""

from __future__ import annotations

from typing import Literal

from nslab.network.model import Place, Route, Value

MAGIC = b"nslb"
"""The first four bytes of what a probe carries, in an echo or in a datagram."""

FIRST_PORT, LAST_PORT = 61440, 61951
"""Source ports of probes: above those that the kernel gives to other programs."""

WITHOUT_PROBES = (
    f"not (icmp[8:4] = 0x{MAGIC.hex()} or icmp[36:4] = 0x{MAGIC.hex()}"
    f" or ip6[48:4] = 0x{MAGIC.hex()} or portrange {FIRST_PORT}-{LAST_PORT})"
)
"""For captures: leaves out the packets of probes, for as long as NAT keeps the port."""

TABLE = "nslab-why"
"""The nf_tables table that is there while a probe is on its way; no snapshot shows it."""

What = Literal["request", "answer", "reset", "error", "arp", "arp-answer"]


class Probe(Value, frozen=True):
    """A few packets to be sent, alike but for a number.

    ``ns`` is a namespace as :meth:`nslab.session.lab.Lab.sh` takes it, None the host.  ``protocol``
    is icmp (an echo), tcp (a connection), udp (a datagram) or dns (a question for ``name``).
    ``size`` are the bytes that an echo carries, as ``ping -s`` counts them; then it may not be
    fragmented.  ``patience`` is in seconds: after so long it counts as lost.
    """

    target: str
    ns: str | None = None
    protocol: Literal["icmp", "tcp", "udp", "dns"] = "icmp"
    port: int = 0
    size: int | None = None
    name: str = ""
    patience: float = 1.3


class Sighting(Value, frozen=True):
    """A packet of the probe, or what belongs to it, seen once at one place.

    ``way`` is seen from the link's namespace.  ``attempt`` counts the packets from 0; -1 is not
    known.  ``port`` is the one that it goes to, by TCP and UDP.  ``for_others``: it came in for
    another MAC than the link's.  ``words`` say what an error means; for ARP ``source`` asks for
    ``target``, or says that it has ``mac``.
    """

    place: Place
    way: Literal["out", "in"]
    what: What
    source: str = ""
    target: str = ""
    attempt: int = 0
    port: int = 0
    ttl: int = 0
    vlan: int = 0
    to_mac: str = ""
    mac: str = ""
    for_others: bool = False
    words: str = ""


class Ruling(Value, frozen=True):
    """What a packet filter decided about a packet of the probe.

    ``rule`` is the rule as its own tool prints it, empty where the chain's policy decided.
    ``what`` is neighbour for a question of IPv6 who has an address, and for its answer.
    """

    ns: str
    family: str
    table: str
    chain: str
    verdict: str
    rule: str = ""
    tool: str = "nft"
    handle: int = 0
    what: Literal["request", "answer", "neighbour", "other"] = "request"
    attempt: int = -1


class Counted(Value, frozen=True):
    """A counter that went up meanwhile: the kernel's name for it, and by how much.

    ``kind`` is namespace (of /proc/net/snmp and netstat), link, qdisc or rule; ``where`` the link
    or the rule.  Other traffic counts too.
    """

    ns: str
    kind: Literal["namespace", "link", "qdisc", "rule"]
    name: str
    more: int
    where: str = ""


class TrafficFilter(Value, frozen=True):
    """A filter of tc at a link's entrance (``side`` is ingress) or exit (egress).

    ``words`` are what ``tc filter del`` calls it by.  ``action`` says what it does, as tc does;
    empty where a program decides by itself.  ``takes`` is whether it ends the packet's way, None
    if nobody can say.  ``more`` counts the packets of its action meanwhile.
    """

    ns: str
    link: str
    side: Literal["ingress", "egress"]
    words: str
    action: str = ""
    takes: bool | None = None
    more: int = 0


class Listener(Value, frozen=True):
    """A socket that waits at a port that was asked for, by the address that it is bound to.

    Translation may have put another port in the place of the first.
    """

    ns: str
    address: str
    port: int = 0


class Outcome(Value, frozen=True):
    """How it ended.

    ``kind`` is reply, refused (by a reset), error (an ICMP error came back; ``source`` sent it),
    unsent (the kernel did not take the packet; ``errno``), or silence.  ``icmp`` is the error's
    type and code, ``mtu`` what it says would pass.  ``records`` are the addresses of a DNS answer,
    ``rcode`` its code.
    """

    kind: Literal["reply", "refused", "error", "unsent", "silence"]
    source: str = ""
    words: str = ""
    errno: int = 0
    icmp: tuple[int, int] = (0, 0)
    mtu: int = 0
    rcode: int = 0
    records: tuple[str, ...] = ()


class Evidence(Value, frozen=True):
    """What became of a probe.

    ``sightings`` are in the order in which they were made.  ``filters`` are those of tc at links,
    looked for where nothing came back.  ``unseen`` says what could not be
    watched, with the reason.
    """

    probe: Probe
    outcome: Outcome
    sent: int = 0
    source: str = ""
    sightings: tuple[Sighting, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    counted: tuple[Counted, ...] = ()
    listeners: tuple[Listener, ...] = ()
    filters: tuple[TrafficFilter, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether what was asked came back, such as a reply, or a connection."""
        return self.outcome.kind == "reply"


class Lookup(Value, frozen=True):
    """A question to the kernel's routing tables: where would it send such a packet?

    With ``link_in`` for one that comes in by that link from ``source``; else for one of its own.
    """

    target: str
    ns: str | None = None
    source: str = ""
    link_in: str = ""
    link_out: str = ""
    mark: int = 0


class Routed(Value, frozen=True):
    """What the kernel answers: the entry that decides, and the source it would put in.

    ``errno`` instead, if it would not send it: ENETUNREACH (no route), EHOSTUNREACH (unreachable,
    or it does not forward), EACCES (prohibit), EINVAL (blackhole, or a source that may not be).
    """

    route: Route | None = None
    source: str = ""
    errno: int = 0
