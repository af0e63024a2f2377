"""What is to be drawn, in words and lines, before anybody thinks about places or shapes.

Both the picture and the text form are made from a :class:`Scene`, so they cannot say different
things.  A scene holds names, addresses and states only: nothing that differs from run to run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from nslab.network.diff import Kind

Role = Literal["", "forwarding", "nat", "filter", "policy", "listens", "wrong", "missing"]
"""Of a line: a switch of forwarding, a translation, a packet filter, a base chain that drops what
no rule accepts, a program that listens, something that fails, or something that is not there and
is wanted as a rule."""

Key = tuple[bool, int, int]
"""Of a link: whether it is gone, its namespace's inode, its index."""


@dataclass(frozen=True)
class Line:
    """A line of text; ``mark`` says how it changed, ``code`` whether it is set as code.

    ``text`` is empty if only a picture has a line for it.
    """

    text: str
    mark: Kind | None = None
    code: bool = True
    role: Role = ""
    """What it is about, where a picture has more than words for it."""
    shown: str = ""
    """What a picture writes for it, if not the text."""
    forwards: bool = False
    """Whether it acts on what is passed on: its place is at the gate."""
    facts: str = ""
    """The long form, shown when you point at it."""
    goes_on: bool = False
    """Whether it goes on with what the line before it says: then it has no sign of its own."""

    @property
    def words(self) -> str:
        """What a picture writes."""
        return self.shown or self.text


@dataclass(frozen=True)
class Cell:
    """A link, with what is said about it."""

    key: Key
    name: str
    kind: str
    state: str
    mark: Kind | None
    lines: tuple[Line, ...]
    facts: str
    """The long form, shown when you point at it."""
    aside: str = ""
    """What stands at the right of the first line below the name: a bridge's spanning tree."""
    does: str = ""
    """A word to stand for the state of a port that is up and waits: ``listening``."""
    told: tuple[str, ...] = ()
    """What changed, in words: ``down → up``."""
    turned: str = ""
    """The one of these that says what state it had and has: it stands where the state does."""
    tree: str = ""
    """What stands in place of ``aside``, where that changed: ``STP off → on``."""
    others: tuple[str, ...] = ()
    """What changed besides."""
    outermost: bool = False
    """Whether it came or went, and with nothing around it: then it is outlined and says so."""
    loose: str = ""
    """Where its wire leads, if that is not in the picture: ``other end out of sight``."""
    close: bool = False
    """Whether its state has a row of its own: there is little room beside its name."""

    @property
    def addresses(self) -> list[str]:
        """Those that it has, with their prefix lengths; not one that is gone."""
        there = [line.text for line in self.lines if line.code and line.mark != "gone"]
        return [text for text in there if "/" in text]


@dataclass
class Block:
    """A bridge with its ports; ``upper`` ports lead towards the world."""

    bridge: Cell
    upper: list[Cell] = field(default_factory=list)
    lower: list[Cell] = field(default_factory=list)


@dataclass
class Box:
    """A namespace.  ``uplinks`` lead out of it upwards, ``others`` are all the rest."""

    label: str
    title: str
    mark: Kind | None
    key: tuple[bool, int]
    uplinks: list[Cell] = field(default_factory=list)
    bridges: list[Block] = field(default_factory=list)
    others: list[Cell] = field(default_factory=list)
    notes: list[Line] = field(default_factory=list)
    runs: tuple[str, ...] = ()

    def cells(self) -> Iterator[Cell]:
        """Every link of it, in reading order."""
        yield from self.uplinks
        for block in self.bridges:
            yield block.bridge
            yield from block.upper
            yield from block.lower
        yield from self.others


@dataclass(frozen=True)
class Cable:
    """A veth pair (``pair``) or a link stacked on another, from the upper end to the lower."""

    upper: Key
    lower: Key
    up: bool
    mark: Kind | None
    pair: bool = True
    by: str = ""
    """What makes a wire between two links that nothing else joins: ``nft``, ``mirred``, or the
    kernel's word for a tunnel: ``vxlan``, ``gre``."""
    outermost: bool = False
    """Whether it came or went, and not with a namespace that has both its ends: it is outlined."""
    quiet: bool = False
    """Whether a namespace at one of its ends came or went with it: else a tag says so."""
    heads: tuple[Key, ...] = ()
    """The ends that get frames by it, where that need not be both: a filter passes on one way."""

    @property
    def tunnel(self) -> bool:
        """Whether its frames travel within packets of another network."""
        return self.by not in ("", "nft", "mirred")


@dataclass(frozen=True)
class ScenePort:
    """A port of a switch that filters VLANs: its name, what it carries, and that in short."""

    name: str
    said: str
    lines: tuple[Line, ...]

    @property
    def has_changed(self) -> bool:
        """Whether something has just come to what it carries, or gone from it."""
        return any(line.mark for line in self.lines)


@dataclass(frozen=True)
class Scenery:
    """A namespace of the world: calm, in two lines."""

    label: str
    name: str
    addresses: tuple[str, ...]
    mark: Kind | None
    facts: str
    told: tuple[Line, ...] = ()
    """What changed in it."""
    ports: tuple[ScenePort, ...] = ()
    """Its ports, where it filters VLANs."""


@dataclass
class Scene:
    """Everything that is drawn.

    ``rest`` says what was left out, ``rest_count`` how many namespaces that are, and ``rest_on``
    on which bridge they hang.
    """

    title: str
    boxes: list[Box]
    scenery: list[Scenery]
    cables: list[Cable]
    scenery_of: dict[int, str]
    """By inode: to which scenery a cable leads."""
    names: dict[Key, str] = field(default_factory=dict)
    """Of every link, also of the world's: ``ns1/eth0``, the same in every run and unique."""
    box_names: dict[tuple[bool, int], str] = field(default_factory=dict)
    """The same of the boxes."""
    levels: dict[tuple[bool, int], int] = field(default_factory=dict)
    """Of namespaces that do not hang on the host: how far from the middle of them."""
    networks: list[tuple[Key, ...]] = field(default_factory=list)
    """Links between which nothing is routed."""
    outside: frozenset[int] = frozenset()
    """Which of the networks, by their places in the list, are the world's own."""
    rest: str = ""
    rest_on: Key | None = None
    rest_count: int = 0
    differs: bool = False
