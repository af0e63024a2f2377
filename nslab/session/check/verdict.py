"""What a check is, and the verdict on it."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from msgspec import Struct

from nslab.errors import NotFound
from nslab.network.arguments import check_fields
from nslab.network.model import Link, Namespace, Snapshot
from nslab.network.names import OUTSIDE
from nslab.printable import printable
from nslab.sentence import Sentence, sentence

RUN_IN_ORDER = sentence("run the cells above first, from the top of the notebook")
"""What helps most often: a check looks at the lab as it is now."""

GOOD, BAD = "color-mix(in srgb,#009e73 75%,currentcolor)", "#d55e00"
"""The colours of ✔ and ✘; a ✔ is lighter on a dark page and darker on a light one."""


class Verdict(Struct, frozen=True):
    """What a check found: ``message`` says what is so, ``hint`` what to do if it should not be.

    ``wanted`` says what should be, where a message does not tell that, and ``goal`` where it does.
    All of them are texts; those of nslab's own checks also know their form, by which a widget says
    them in its language.
    """

    ok: bool
    message: str
    hint: str = ""
    wanted: str = ""
    goal: str = ""

    @property
    def told(self) -> str:
        """What is so; if it should not be, what is wanted, and only then what is so instead."""
        wanted = self.wanted or self.goal
        if self.ok or not wanted:
            return self.message
        now = self.message if self.wanted else self._instead
        return sentence("{wanted}; now: {now}", wanted=wanted, now=now) if now else wanted

    @property
    def _instead(self) -> str:
        """What is so, of a message that tells what is wanted: nslab's own say it in a blank."""
        message = self.message
        return message.values.get("now", "") if isinstance(message, Sentence) else message

    def __str__(self) -> str:
        lines = [f"{'✔' if self.ok else '✘'} {printable(self.message)}"]
        lines += [f"  → {printable(line)}" for line in self.hint.splitlines()]
        return "\n".join(lines)

    def __bool__(self) -> bool:
        return self.ok


class Verdicts(Sequence[Verdict]):
    """The verdicts on several checks; true if all are."""

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        self._verdicts = tuple(verdicts)

    def __len__(self) -> int:
        return len(self._verdicts)

    def __getitem__(self, place: Any) -> Any:
        return self._verdicts[place]

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self._verdicts)

    def __bool__(self) -> bool:
        return all(self._verdicts)

    def __str__(self) -> str:
        return "\n".join(map(str, self._verdicts))

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": as_html(self._verdicts)}


SIGN = "display:inline-block;width:1.6em;text-indent:0"
HANGING = "padding-left:1.6em;text-indent:-1.6em"
"""How a sign stands, and a line behind it: what does not fit goes on behind the sign."""


def as_html(verdicts: Iterable[Verdict], tell: Callable[[str], str] = str) -> str:
    """Verdicts for a page.

    :param tell: says a sentence in the language of the page
    """
    lines = "".join(_html(verdict, tell) for verdict in verdicts)
    return f'<div class="nslab-check">{lines}</div>'


def _html(verdict: Verdict, tell: Callable[[str], str]) -> str:
    colour, sign = (GOOD, "✔") if verdict.ok else (BAD, "✘")
    hint = "".join(
        f'<div style="text-indent:0;opacity:.8">→ {html.escape(printable(line))}</div>'
        for line in tell(verdict.hint).splitlines()
    )
    return (
        f'<div style="{HANGING}"><b style="color:{colour};{SIGN}">{sign}</b>'
        f"{html.escape(printable(tell(verdict.message)))}{hint}</div>"
    )


class Program(Protocol):
    """How a program ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


class Asked(Protocol):
    """What a check may ask: a lab."""

    def snapshot(self) -> Snapshot:
        """What the kernel reports now."""

    def run(
        self, *argv: str, ns: str | None = None, timeout: float | None = ..., full: bool = ...
    ) -> Program:
        """Run a program to its end."""

    def why(self, source: str | None, target: str) -> Any:
        """What stands in a packet's way, as :func:`nslab.explain.diagnose.why` says it."""


class Check(Struct, frozen=True, tag=True):
    """The base of all checks: a value that says what is wanted.

    ``ns`` names the namespace that is meant; None is the host.
    """

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def tries(self) -> str:
        """What it tries for real, in words; empty if it only looks at what the kernel reports."""
        return ""

    @property
    def wanted(self) -> str:
        """What it wants, in words; empty if what it says tells that."""
        return self.tries

    @property
    def goal(self) -> str:
        """What it wants, in words, also where what it says tells that."""
        return self.wanted

    def ask(self, lab: Asked) -> Verdict:
        """Ask the lab, and judge."""
        return self.judge(lab.snapshot())

    def judge(self, snapshot: Snapshot) -> Verdict:
        """Judge what the kernel reported."""
        try:
            return self._judge(snapshot)
        except NotThere as missing:
            return Verdict(False, missing.said, RUN_IN_ORDER, self.wanted)

    def _judge(self, snapshot: Snapshot) -> Verdict:
        """The same, for what is there: what is not may be raised as :class:`NotThere`."""
        raise NotImplementedError


class NotThere(Exception):
    """What a check is about is not in the snapshot at all.

    :param said: what is not there
    """

    def __init__(self, said: Sentence) -> None:
        super().__init__(said)
        self.said = said


_OUTSIDE = {name: Sentence(words) for name, words in OUTSIDE.items()}


def who(ns: str | None) -> str:
    """A namespace of which something is said; what is outside is called as in a picture."""
    return _OUTSIDE.get(ns or "host", ns or "host")


def place(link: str, ns: str | None) -> str:
    """A link as texts name it: ``ns1/eth0``, or ``eth0`` alone in the host."""
    return link if ns in (None, "host") else f"{ns}/{link}"


def namespace_of(snapshot: Snapshot, ns: str | None) -> Namespace:
    """A namespace by its name; NotThere if there is none."""
    try:
        return snapshot.namespace(None if ns == "host" else ns)
    except NotFound:
        raise NotThere(sentence("there is no namespace {name}", name=ns)) from None


def link_of(snapshot: Snapshot, link: str, ns: str | None) -> Link:
    """A link by its name; NotThere if there is none."""
    try:
        return namespace_of(snapshot, ns).link(link)
    except NotFound:
        said = sentence("there is no link {place}", place=place(link, ns))
        raise NotThere(said) from None


def on_off(on: bool) -> str:
    """The word for a switch."""
    return "on" if on else "off"


def lacking(where: str, address: str, there: Sequence[str]) -> Sentence:
    """That an address is not among those that are there."""
    now = sentence("it has no address")
    if there:
        now = sentence("it has {addresses}", addresses=", ".join(there))
    what = sentence("{place} does not have {address}", place=where, address=address)
    return sentence("{what}: {now}", what=what, now=now)
