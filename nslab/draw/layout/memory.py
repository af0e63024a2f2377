"""What is remembered of the pictures before, so that nothing jumps that did not change.

A lab keeps one :class:`Memory` and hands it to every picture.  In it stand the places of what was
drawn, by name: ``ns:ns1`` is a box, ``link:ns1/eth0`` a link within its box, ``notes:ns1`` what is
written in it.  Names, because inodes and indexes differ from
run to run, and are others after :meth:`nslab.session.lab.Lab.undo`.

What has vanished keeps its place as a wish: if it comes back and nobody took it, it gets it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from nslab.draw.layout.boxes import Rect


@dataclass
class Memory:
    """The memory of a series of pictures.  An empty one has seen nothing."""

    places: dict[str, Rect] = field(default_factory=dict)
    """Boxes within the picture; links and notes within their boxes."""
    shown: frozenset[str] = frozenset()
    """Whatever was in the latest picture."""
    listed: bool = False
    """Whether namespaces stand below each other; a picture that was turned stays so."""

    def was(self, name: str) -> Rect | None:
        """Where something is, if it was in the latest picture."""
        return self.places.get(name) if name in self.shown else None

    def wish(self, name: str) -> Rect | None:
        """Where something was at any time."""
        return self.places.get(name)

    def remember(self, places: dict[str, Rect], listed: bool) -> None:
        """Keep the places of a picture that has just been laid out."""
        # At one stroke: another thread may be laying out a picture.
        self.places, self.shown = {**self.places, **places}, frozenset(places)
        self.listed = listed

    def turn(self) -> None:
        """Forget what a picture of the other orientation has no use for."""
        kept = ("ns:host", "link:host/", "notes:host")
        self.places = {name: at for name, at in self.places.items() if name.startswith(kept)}
        self.shown = frozenset(name for name in self.shown if name in self.places)
