"""What all actions have in common: checked fields, a title, equivalent commands."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from typing import Any, Literal

from msgspec import Struct, structs

from nslab.network import names
from nslab.network.arguments import check_fields

Style = Literal["classic", "iproute2"]


class Word(str):
    """A word that the shell is meant to expand, such as ``$c1``: printed without quotes."""


class Command(Struct, frozen=True):
    """A command as an argument list.  ``to`` is a file for its output; ``background`` an ``&``."""

    argv: tuple[str, ...]
    to: str = ""
    background: bool = False
    keep_pid: str = ""
    """A shell variable that keeps the process id of a command in the background."""

    def __str__(self) -> str:
        line = " ".join(w if isinstance(w, Word) else shlex.quote(w) for w in self.argv)
        if self.to:
            line += f" > {shlex.quote(self.to)}"
        if self.background:
            line += f" & {self.keep_pid}=$!" if self.keep_pid else " &"
        return line


def command(*argv: str, to: str = "") -> Command:
    """A command from its words."""
    return Command(argv, to)


def pid_variable(container: str) -> str:
    """The shell variable in which a script keeps a container's process id."""
    return "pid_" + "".join(c if c.isalnum() else f"_{ord(c):x}_" for c in container)


_CHECKS: dict[str, Callable[[str], str | None]] = {
    **dict.fromkeys(("link", "bridge", "master", "parent", "peer", "out", "dev"), names.link_name),
    **dict.fromkeys(("ns", "peer_ns", "to"), names.namespace_reference),
    **dict.fromkeys(("via", "nameserver"), names.host_address),
    **dict.fromkeys(("mac", "peer_mac"), names.mac_address),
    **dict.fromkeys(("destination", "source"), names.destination),
    "address": names.address,
    "key": names.sysctl_key,
}
"""What a field of any action must be, and in which plain form it is kept.  What is called
``name`` differs: a link's in some, a namespace's in others."""


class Action(Struct, frozen=True, omit_defaults=True, tag=True):
    """The base of all actions.  ``ns`` names the namespace to work in; None is the host."""

    def __post_init__(self) -> None:
        check_fields(self)
        for field in self.__struct_fields__:
            check = _CHECKS.get(field)
            value = getattr(self, field)
            if check is not None and value is not None:
                self._set(field, check(value))
        self._check()

    def _check(self) -> None:
        """Raise InvalidInput for what cannot work although each field alone could."""

    def _set(self, field: str, value: object) -> None:
        """Put a checked value in place of what was typed; only while the action is made."""
        structs.force_setattr(self, field, value)

    def commands(self, style: Style = "iproute2", containers: Iterable[str] = ()) -> list[Command]:
        """The equivalent commands.

        ``containers`` are names that are known by a process id (in a shell variable) and not by a
        file in /run/netns.
        """
        plain = self._classic() if style == "classic" else self._iproute2()
        ns = getattr(self, "ns", None)
        if ns is None or not self._enters:
            return plain
        prefix = enter(ns, containers)
        return [structs.replace(command, argv=(*prefix, *command.argv)) for command in plain]

    @property
    def _enters(self) -> bool:
        """Whether the commands run inside ``ns`` (and not only name it)."""
        return True

    def _iproute2(self) -> list[Command]:
        raise NotImplementedError

    def _classic(self) -> list[Command]:
        return self._iproute2()

    @property
    def title(self) -> str:
        """In words, for messages: ``add bridge lxcbr0``."""
        words = "".join(f" {c.lower()}" if c.isupper() else c for c in type(self).__name__).strip()
        subject = self.subject
        where = getattr(self, "ns", None)
        return f"{words} {subject}" + (f" in {where}" if where and where != subject else "")

    @property
    def operation(self) -> str:
        """The verb of the title alone."""
        return self.title.removesuffix(f" in {getattr(self, 'ns', None)}").removesuffix(
            f" {self.subject}"
        )

    @property
    def subject(self) -> str:
        """What it is done to."""
        return str(getattr(self, self.__struct_fields__[0]))


def enter(ns: str, containers: Iterable[str] = ()) -> tuple[str, ...]:
    """The words before a command that make it run in a namespace."""
    if ns in containers:
        return ("nsenter", "--net", "--target", Word(f'"${pid_variable(ns)}"'))
    return ("ip", "netns", "exec", ns)


def target(ns: str | None, containers: Iterable[str]) -> str:
    """A namespace as ``ip link set … netns`` wants it; the host is process 1."""
    if ns is None:
        return "1"
    return Word(f'"${pid_variable(ns)}"') if ns in containers else ns


_PLAIN = frozenset({"address", "bridge", "mac", "peer", "value", "vlan"})
"""Fields that are clear without their names when they stand second."""


def code(action: Action) -> str:
    """An action as a person writes it: ``AddAddress("eth0", "10.0.0.2/24", ns="ns1")``."""
    words: list[str] = []
    plainly = _PLAIN | {"name"} if action.__struct_fields__[0] == "parent" else _PLAIN
    for place, field in enumerate(action.__struct_fields__):
        value = getattr(action, field)
        if value == _default(action, place):
            continue
        plain = place == 0 or (place == len(words) == 1 and field in plainly)
        words.append(repr(value) if plain else f"{field}={value!r}")
    return f"{type(action).__name__}({', '.join(words)})".replace("'", '"')


def _default(action: Action, place: int) -> Any:
    """The default of a field, by its place; of one that must be given, nothing that is a value."""
    defaults = action.__struct_defaults__
    at = place - (len(action.__struct_fields__) - len(defaults))
    return defaults[at] if at >= 0 else NotImplemented
