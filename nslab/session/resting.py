"""What a lab that rests answers to those who come from outside."""

from __future__ import annotations

import weakref
from typing import Protocol

import msgspec

from nslab.engine import bell, labs
from nslab.engine.protocol import Engine
from nslab.errors import LabGone
from nslab.network.model import Snapshot


class Resting(Protocol):
    """A lab, as far as it matters here."""

    _may_rest: bool

    @property
    def name(self) -> str: ...
    @property
    def alive(self) -> bool: ...
    @property
    def engine(self) -> Engine: ...
    def snapshot(self) -> Snapshot: ...


def bell_of(lab: Resting) -> bell.Bell:
    """Have a lab that rests be listed, looked at and woken from outside.

    It keeps no lab alive, and goes with it.
    """
    known = weakref.ref(lab)
    name = lab.name

    def there() -> Resting:
        found = known()
        if found is None or not found.alive:
            raise LabGone("wake the lab", name, "it was closed", "nslab show")
        return found

    def look() -> bytes:
        return msgspec.msgpack.encode(there().snapshot())

    def wake() -> int:
        woken = there()
        woken._may_rest = False  # who has come in is at work, though no step says so
        running = labs.of(woken.engine)
        if running is None:
            raise LabGone("wake the lab", name, "it runs, and has no place for a record", "df")
        return running.pid

    made = bell.Bell(name, look, wake)
    weakref.finalize(lab, made.end)
    return made
