"""A line that failed: what was typed, what it printed, and what the lab was like."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from nslab.network.model import Namespace, Snapshot
from nslab.network.names import RESERVED

_NAMED = ("-n", "-netns", "--netns")


@dataclass(frozen=True)
class Said:
    """A line that failed, or all of a cell that no line failed of.

    :param line: as it was typed
    :param output: what the cell printed
    :param code: how it ended
    :param ns: where it ran; None in the host
    :param seen: what the lab was like afterwards; None if that is not known
    :param veiled: whether the learner is still to find out what it is like
    """

    line: str
    output: str
    code: int = 0
    ns: str | None = None
    seen: Snapshot | None = None
    veiled: bool = False

    @property
    def words(self) -> list[str]:
        """The words of the program itself.

        Without what stands before it (``sudo``, ``ip netns exec NAME``) and ip's options.
        """
        return self._parts[2]

    @property
    def _parts(self) -> tuple[list[str], list[str], list[str]]:
        """What stands before the program, the options of ip, and its other words."""
        words, before, options = self.line.split(), list[str](), list[str]()
        while words[:1] == ["sudo"] or words[:3] == ["ip", "netns", "exec"]:
            count = 1 if words[0] == "sudo" else 4
            before, words = [*before, *words[:count]], words[count:]
        if words[:1] == ["ip"]:
            while words[1:2] and words[1].startswith("-"):
                count = 2 if words[1] in _NAMED else 1
                options, words = [*options, *words[1 : 1 + count]], [words[0], *words[1 + count :]]
        return before, options, words

    def again(self, words: Sequence[str]) -> str:
        """The line with other words of the program, and the same before them."""
        before, options, _ = self._parts
        return " ".join([*before, *words[:1], *options, *words[1:]])

    @property
    def program(self) -> str:
        """Its name."""
        return self.words[0].rpartition("/")[2] if self.words else ""

    @property
    def place(self) -> str | None:
        """The namespace that it is about."""
        before, options, _ = self._parts
        named = [options[n + 1] for n, word in enumerate(options[:-1]) if word in _NAMED]
        executed = before[before.index("exec") + 1 :] if "exec" in before else []
        return next(iter([*named, *executed]), self.ns)

    @property
    def here(self) -> Namespace | None:
        """The same as the snapshot has it."""
        return self.called(self.place or "host")

    def called(self, label: str) -> Namespace | None:
        """The namespace of that label."""
        there = self.seen.namespaces if self.seen is not None else ()
        return next((one for one in there if one.label == label), None)

    def that_has(self, link: str) -> Namespace | None:
        """Where a link of that name is instead, in the learner's own namespaces."""
        for one in self.seen.namespaces if self.seen else ():
            own = {each.name for each in one.links}
            if one is not self.here and one.role != "world" and link in own:
                return one
        return None

    def switch_of(self, port: str) -> Namespace | None:
        """The machine outside the host of which a port has that name."""
        for one in self.seen.namespaces if self.seen else ():
            ports = (link.name for link in one.links if link.master)
            if one.role == "world" and port in ports:
                return one
        return None

    @property
    def links(self) -> list[str]:
        """The names of the links there."""
        return [link.name for link in self.here.links] if self.here is not None else []

    @property
    def bridges(self) -> list[str]:
        """Those of them that are bridges."""
        here = self.here
        return [link.name for link in here.links if link.kind == "bridge"] if here else []

    @property
    def namespaces(self) -> list[str]:
        """Those that somebody made in this lab."""
        there = self.seen.namespaces if self.seen is not None else ()
        return [one.label for one in there if one.label not in RESERVED]


def called(ns: Namespace) -> str:
    """How a sentence calls a namespace."""
    return "the host" if ns.label == "host" else ns.label


def slip(name: str, names: Sequence[str]) -> str:
    """Which of the names it was meant to be: eht0 is a slip for eth0, eth9 is another link."""
    for other in names:
        if sorted(other) == sorted(name):
            return other
    plain = re.sub(r"\d", "", name)
    others = [other for other in names if re.sub(r"\d", "", other) != plain]
    close = difflib.get_close_matches(name, others, 1, 0.8)
    return close[0] if close else ""
