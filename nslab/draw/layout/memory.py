"""What is remembered of the pictures before, so that nothing jumps that did not change.

A lab keeps one :class:`Memory` and hands it to every picture.  In it stand the places of what was
drawn, by name: ``ns:ns1`` is a box, ``link:ns1/eth0`` a link within its box, ``world:router`` a
part of the world.  Names, because inodes and indexes differ from run to run, and are others after
:meth:`nslab.session.lab.Lab.undo`.

Only the distance from the left is kept, of a bridge's port that of its middle, and in which of its
level's rows a box is (``row:ns1``): rows lie below each other and are as high as what is in them,
so that no room is left empty where something has gone.

What has vanished keeps its place as a wish: if it comes back and nobody took it, it gets it again.
Colours are kept for good: a network's hue by the names of its links, a namespace's tint by its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Memory:
    """The memory of a series of pictures.  An empty one has seen nothing."""

    places: dict[str, int] = field(default_factory=dict)
    """Pixels from the left: of boxes in the picture, of links in their boxes."""
    shown: frozenset[str] = frozenset()
    """Whatever was in the latest picture."""
    dense: bool = False
    """Whether namespaces that are alike were drawn in one line each."""
    hues: dict[str, int] = field(default_factory=dict)
    """Of links: the hue of their network."""
    tints: dict[str, int] = field(default_factory=dict)
    """Of namespaces."""

    def was(self, name: str) -> int | None:
        """Where something is, if it was in the latest picture."""
        return self.places.get(name) if name in self.shown else None

    def wish(self, name: str) -> int | None:
        """Where something was at any time."""
        return self.places.get(name)

    def remember(
        self, places: dict[str, int], *, dense: bool, hues: dict[str, int], tints: dict[str, int]
    ) -> None:
        """Keep the places and colours of a picture that has just been laid out."""
        # At one stroke: another thread may be laying out a picture.
        self.places, self.shown = {**self.places, **places}, frozenset(places)
        self.hues, self.tints = {**self.hues, **hues}, {**self.tints, **tints}
        self.dense = dense

    def forget(self) -> None:
        """Let everything find a new place; the colours stay."""
        self.places, self.shown = {}, frozenset()
