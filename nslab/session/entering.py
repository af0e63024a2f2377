"""The words that lead a terminal into a lab, and whether there is anything to be led to."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from nslab.errors import EngineUnavailable, InvalidInput, typed
from nslab.network.model import Snapshot

if TYPE_CHECKING:
    from nslab.session.lab import Lab

HOST = "host"


def space(snapshot: Snapshot, ns: str | None) -> str:
    """What ``nslab enter`` calls a namespace.

    :raises NotFound: there is none of that name
    :raises InvalidInput: it has no name: only a process is in it
    """
    found = snapshot.namespace(None if ns == HOST else ns)
    if found.role == "process":
        raise InvalidInput(
            "open a terminal in",
            found.label,
            "this namespace has no name: only its process is known",
            "from a terminal in the host: nsenter --net --target PID",
        )
    if ns in found.names:
        return str(ns)
    return HOST if found.role == HOST else found.label


def program(lab: Lab) -> tuple[str, ...]:
    """The words of a program that enters this very lab; the name of a namespace may follow.

    :raises EngineUnavailable: it cannot be entered from outside
    """
    from nslab.engine import labs

    found = labs.of(lab.engine)
    if found is None:
        raise EngineUnavailable(
            "open a terminal in",
            lab.name,
            f"a lab on engine {lab.engine.name} cannot be entered from outside",
            'a lab in memory has no terminals: make a real one with Lab(engine="local")'
            if lab.engine.name == "fake"
            else "there was no directory for its record: see nslab doctor",
        )
    # -P: nothing of the folder in which the terminal begins is imported.
    return (sys.executable, "-P", "-m", "nslab", "enter", "--lab", str(found.pid))


def by_hand(name: str, space: str) -> str:
    """The same for a person, who types it in a terminal of the machine."""
    return typed(shlex.join(["nslab", "enter", "--lab", name, *([space] if space != HOST else [])]))
