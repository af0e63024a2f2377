"""What a puzzle is made of: a network in which things work, and what may be wrong with it."""

from __future__ import annotations

from msgspec import Struct

from nslab.course.exercises.values import MustNot, Way
from nslab.network.arguments import check_fields
from nslab.session.check import Check


class Fault(Struct, frozen=True, kw_only=True):
    """One thing that is wrong.

    :param name: what it is called in tests and solutions
    :param kind: what kind of fault it is, in the words of ``benchmarks/faults``
    :param level: 1 to 3: how hard it is to find
    :param made: the lines that make it
    :param mended: the lines that mend it
    :param says: what somebody who uses the network says; it names no cause
    :param breaks: what does not work then
    :param look: where to look: the second hint
    :param part: what it is about; two of a pair are about different ones
    """

    name: str
    kind: str
    level: int
    made: Way
    mended: Way
    says: str
    breaks: tuple[str, ...]
    look: str
    part: str

    def __post_init__(self) -> None:
        check_fields(self)


def stopped(ns: str) -> str:
    """A line that ends all programs of a namespace, and returns when their ports are free.

    A process is in no namespace any more a moment before the kernel closes its sockets: of 400
    servers that began there at once, 7 found their port in use.

    :param ns: its name
    """
    listening = f"ip netns exec {ns} ss -Hltun"
    there = f'"$(ip netns pids {ns}; {listening})"'
    return f"ip netns pids {ns} | xargs -r kill; while [ {there} ]; do sleep 0.02; done"


def fault(
    name: str,
    kind: str,
    level: int,
    part: str,
    lines: tuple[Way, Way],
    says: str,
    breaks: tuple[str, ...],
    look: str,
) -> Fault:
    """A fault, in the order in which it is listed.

    :param lines: those that make it, and those that mend it
    """
    made, mended = lines
    return Fault(
        name=name,
        kind=kind,
        level=level,
        made=made,
        mended=mended,
        says=says,
        breaks=breaks,
        look=look,
        part=part,
    )


class Network(Struct, frozen=True, kw_only=True):
    """A network, and what works in it when it is whole.

    :param name: what it is called
    :param about: who is where, and how it is joined
    :param built: how it is built
    :param works: what is so when it is whole, by name
    :param kept: which of that is shut on purpose: no fault breaks it
    :param mustnot: what would mend it at too high a price
    :param spoils: lines that break something else, each with a piece of what is said of it then
    :param faults: what may be wrong with it, from easy to hard
    :param engine: the engine that its labs need, as for :class:`nslab.Lab`; empty: the usual one
    :param programs: what must be installed on this machine, with Debian's package of each
    """

    name: str
    about: str
    built: Way
    works: dict[str, Check]
    kept: tuple[str, ...]
    mustnot: tuple[MustNot, ...]
    spoils: tuple[tuple[str, str], ...]
    faults: tuple[Fault, ...]
    engine: str = ""
    programs: dict[str, str] = {}

    def fault(self, name: str) -> Fault:
        """The fault of that name."""
        return next(fault for fault in self.faults if fault.name == name)
