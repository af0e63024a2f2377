"""The steps of a journey: where a packet was seen, how it came there, what was rewritten."""

from __future__ import annotations

from typing import NamedTuple

from nslab.network.model import Frame, Place
from nslab.network.names import OUTSIDE


class Change(NamedTuple):
    """What is different from the step before: source, target, TTL, VLAN or MACs.

    ``why`` is the translation, if connection tracking names it, with the namespace that did it.
    """

    what: str
    before: str
    after: str
    why: str = ""

    def __str__(self) -> str:
        why = f" ({self.why})" if self.why else ""
        return f"{self.plain}{why}"

    @property
    def plain(self) -> str:
        """The same without the reason."""
        if self.what == "MACs":
            return "new MACs"  # they differ from run to run
        return f"{self.what} {self.before} → {self.after}"

    @property
    def short(self) -> str:
        """What it became, where there is little room."""
        if self.what in ("source", "target"):
            return f"{self.what} → {self.after}"
        return self.plain


class JourneyStep(NamedTuple):
    """The packet at one place; ``how`` says how it came there from the step before."""

    frame: Frame
    changes: tuple[Change, ...] = ()
    how: str = ""

    @property
    def out(self) -> bool:
        """Whether it was going out of the link."""
        return self.frame.kind == "outgoing"

    def __str__(self) -> str:
        return f"{'out of' if self.out else 'into'} {called(self.frame.place)}"


def called(place: Place) -> str:
    """A place as a journey says it: what is outside is called as in the picture."""
    return OUTSIDE.get(place.ns, str(place))


def who(ns: str) -> str:
    """A namespace that does something."""
    return "the host" if ns == "host" else OUTSIDE.get(ns, ns)


class Remembered(NamedTuple):
    """An entry of a connection tracking: what came first, and the answer that is expected."""

    where: str
    original: str
    reply: str

    def __str__(self) -> str:
        return (
            f"connection tracking of {self.where}: {self.original}\nanswer expected: {self.reply}"
        )


__all__ = ["Change", "JourneyStep", "Remembered", "called", "who"]
