"""Where everything goes, as values.

A :class:`Placed` is what the picture is written from, and what one asks for the place of a link or
the way of a cable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from nslab.draw.layout.align import BELOW, OUTSIDE, Aligner
from nslab.draw.layout.boxes import EDGE, GATE, Notes, Point, Rect, Slot
from nslab.draw.layout.cables import LANE, MARKED_LANE, Router
from nslab.draw.layout.colours import WORLD, hues, tints
from nslab.draw.layout.dense import Panel
from nslab.draw.layout.key import ROW, Row, key
from nslab.draw.layout.lanes import straightened
from nslab.draw.layout.memory import Memory
from nslab.draw.layout.plan import End, Group, Plan, Run
from nslab.draw.layout.tags import Tag, tags
from nslab.draw.scene.outermost import on_ends
from nslab.draw.scene.scene import Box, Cable, Cell, Key, Scene, Scenery

ROUNDS = 3
"""How often ways are looked for anew that meet others, as long as one is found."""

CLEAR = 7
"""Pixels between a cable and a link that is not its own."""


@dataclass(frozen=True)
class Label:
    """Where a namespace's name stands; ``stacked`` if its kind stands below it."""

    rect: Rect
    stacked: bool


@dataclass(frozen=True)
class Gate:
    """The sign for forwarding; dotted lines lead from it to what it is between."""

    notes: Notes
    rect: Rect
    box: Box
    above: int | None
    below: int | None


@dataclass
class Placed:
    """A scene with places for everything, in the order in which to draw it."""

    scene: Scene
    width: int
    height: int
    boxes: list[tuple[Box, str, Rect]]
    labels: dict[tuple[bool, int], Label]
    scenery: list[tuple[Scenery, Rect]]
    bridges: list[tuple[Cell, Slot]]
    cells: list[tuple[Cell, Slot]]
    notes: list[tuple[Notes, Rect, Box]]
    gates: list[Gate]
    runs: list[tuple[Run, list[Point]]]
    """A line's points, from one end to the other; it turns at right angles."""
    panels: list[Panel]
    rest: Rect | None
    hues: dict[Key, int]
    tints: dict[str, int]
    tags: list[Tag] = field(default_factory=list)
    left: int = 0
    """Where the picture begins: below 0 if cables run to the left of all boxes."""
    key: list[tuple[Row, Point]] = field(default_factory=list)
    """What each hue is, with where its line begins."""

    def links(self) -> dict[str, Rect]:
        """Where each link is, by its name: ``ns1/eth0``.

        A link of the world is where the namespace is that it is in.
        """
        return dict(self._links)

    @cached_property
    def _links(self) -> dict[str, Rect]:
        names = self.scene.names
        world = {thing.label: rect for thing, rect in self.scenery}
        found = {
            name: world[self.scene.scenery_of[key[1]]]
            for key, name in names.items()
            if self.scene.scenery_of.get(key[1]) in world
        }
        found |= {names[cell.key]: slot.rect for cell, slot in (*self.bridges, *self.cells)}
        return found

    def cable(self, one: str, other: str) -> list[Point]:
        """The way of the cable from one link to the other; empty if there is none drawn."""
        return list(self._cables.get((one, other), ()))

    @cached_property
    def _cables(self) -> dict[tuple[str, str], list[Point]]:
        names, rects = self.scene.names, self._links
        ways: dict[tuple[Rect, Rect], list[Point]] = {}
        for run, path in self.runs:
            ends = run.start.slot.rect, run.end.slot.rect
            ways.setdefault(ends, path)
            ways.setdefault(ends[::-1], path[::-1])
        found: dict[tuple[str, str], list[Point]] = {}
        for cable in self.scene.cables:
            for upper, lower in ((cable.upper, cable.lower), (cable.lower, cable.upper)):
                one, other = rects.get(names[upper]), rects.get(names[lower])
                if one and other and (one, other) in ways:
                    found[names[upper], names[lower]] = ways[one, other]
        return found


def place(scene: Scene, stage: Memory | None = None) -> Placed:
    """Give everything in a scene its place, and keep it in the stage."""
    stage = stage if stage is not None else Memory()
    while True:
        plan = Plan(scene, stage)
        if plan.dense and not stage.dense:
            stage.forget()
        aligner = Aligner(plan, stage)
        aligner.place()
        placed = _Placer(plan, aligner, stage).placed()
        untagged = _untagged(placed)
        if not untagged:
            break
        scene = on_ends(scene, untagged)
    names = scene.names
    stage.remember(
        aligner.places(),
        dense=plan.dense,
        hues={names[key]: hue for key, hue in placed.hues.items() if hue != WORLD},
        tints=placed.tints,
    )
    return placed


def _untagged(placed: Placed) -> list[Cable]:
    """The cables that came or went, and have no room for the tag that says so."""
    tagged = {tag.ends for tag in placed.tags}
    cables = [run.cable for run, _ in placed.runs if run.cable]
    found = [c for c in cables if c.outermost and c.pair and not c.quiet]
    return [c for c in found if (c.upper, c.lower) not in tagged]


class _Placer:
    def __init__(self, plan: Plan, aligner: Aligner, stage: Memory) -> None:
        self.plan, self.aligner, self.stage = plan, aligner, stage

    def placed(self) -> Placed:
        plan, scene = self.plan, self.plan.scene
        names = scene.box_names
        rects = {group.box.key: self.aligner.boxes[names[group.box.key]] for group in plan.groups}
        rects |= {key: leaf.rect for key, leaf in plan.leaves.items()}
        titles = {group.box.key: group.title for group in plan.groups}
        runs = self._runs(rects)
        rest = plan.rest or next((panel.rest_slot for panel in plan.panels if panel.rest), None)
        placed = Placed(
            scene,
            0,
            0,
            boxes=[(box, titles.get(box.key, ""), rects[box.key]) for box in scene.boxes],
            labels=self._labels(),
            scenery=[(t, s.rect) for t, s in zip(scene.scenery, plan.world, strict=True)],
            bridges=[],
            cells=[],
            notes=[],
            gates=[],
            runs=runs,
            panels=plan.panels,
            rest=rest.rect if rest else None,
            hues=hues(scene, self.stage),
            tints=tints(scene, self.stage),
        )
        for group in plan.groups:
            self._fill(placed, group)
        for panel in plan.panels:
            _fill_panel(placed, panel)
        areas = [rect for _, _, rect in placed.boxes] + [rect for _, rect in placed.scenery]
        areas += [panel.rect for panel in placed.panels]
        placed.tags = list(tags(placed.runs, areas, placed.scenery))
        self._measure(placed)
        return placed

    def _measure(self, placed: Placed) -> None:
        """How big the picture is."""
        extent = [rect for _, _, rect in placed.boxes] + [rect for _, rect in placed.scenery]
        extent += [panel.rect for panel in placed.panels] + [tag.rect for tag in placed.tags]
        extent += [placed.rest] if placed.rest else []
        points = [point for _, path in placed.runs for point in path]
        placed.left = min([0, *(x - OUTSIDE for x, _ in points)])
        placed.width = max(
            [rect.right + EDGE for rect in extent] + [x + OUTSIDE for x, _ in points]
        )
        placed.height = max([rect.bottom for rect in extent] + [y for _, y in points]) + EDGE
        for row in key(placed.scene, placed.hues):
            placed.key.append((row, (EDGE, placed.height)))
            placed.height += ROW
            placed.width = max(placed.width, EDGE + row.width + EDGE)
        placed.height += EDGE if placed.key else 0

    def _labels(self) -> dict[tuple[bool, int], Label]:
        found = {}
        for frame in self.aligner.filler.frames:
            box = self.aligner.boxes[frame.name]
            found[frame.group.box.key] = Label(frame.label.moved(box.x, box.y), frame.heads)
        return found

    def _fill(self, placed: Placed, group: Group) -> None:
        """Put every link and every note of a namespace where its slot is."""
        bridges = [dock.bridge for dock in group.docks]
        for slot in group.slots():
            if isinstance(slot.part, Cell):
                where = placed.bridges if slot in bridges else placed.cells
                where.append((slot.part, slot))
            elif slot.part and slot is group.gate:
                placed.gates.append(_gate(group, slot, slot.part))
            elif slot.part:
                placed.notes.append((slot.part, slot.rect, group.box))

    def _runs(self, rects: dict[tuple[bool, int], Rect]) -> list[tuple[Run, list[Point]]]:
        plan = self.plan
        inner = {key: rect for key, rect in rects.items() if key not in plan.leaves}
        router = Router(list(inner.values()))
        self._rails(router, inner)
        found: dict[str, list[Point]] = {}
        blocks = {run.id: self._blocks((run.start.home, run.end.home), inner) for run in plan.runs}
        turns = {
            run.id: not router.straight(run.start, run.end, blocks[run.id]) for run in plan.runs
        }
        # Those that will be straight come first, so that the others keep away from them.
        order = sorted(plan.runs, key=lambda run: (turns[run.id], _crooked(run.start, run.end)))
        for run in order:
            ends = run.start, run.end, blocks[run.id]
            found[run.id] = router.way(*ends, _tree(run), _lane(run))
        known: dict[str, int] = {}
        again = 0
        for run in sorted(order, key=lambda run: not turns[run.id]) * ROUNDS:
            if known.get(run.id) == again:
                continue  # nothing else has moved since
            ends = run.start, run.end, blocks[run.id]
            other = router.again(found[run.id], *ends, _tree(run), _lane(run))
            again += other != found[run.id]
            found[run.id], known[run.id] = other, again
        areas = [*inner.values(), *(slot.rect for slot in plan.world)]
        areas += [panel.rect for panel in plan.panels] + ([plan.rest.rect] if plan.rest else [])
        trees = {run.id: _tree(run) for run in plan.runs}
        found = straightened(found, trees, areas, max(map(_lane, plan.runs), default=LANE))
        return [(run, found[run.id]) for run in plan.runs] + list(self._dense_runs())

    def _rails(self, router: Router, inner: dict[tuple[bool, int], Rect]) -> None:
        """Hang the panels on their links."""
        host = self.plan.groups[0]
        for number, panel in enumerate(self.plan.panels):
            plug = self.aligner.plug(panel, number)
            if plug is not None:
                blocks = self._blocks((host,), inner)
                panel.hang(router.way(End(plug, "s"), End(panel.entry, "n"), blocks, panel.home))
                for rail in panel.rails[1:]:
                    router.take(rail)

    def _blocks(
        self, home: tuple[Group | None, ...], inner: dict[tuple[bool, int], Rect]
    ) -> list[Rect]:
        """What a cable that ends in some boxes has to keep away from."""
        plan = self.plan
        outside = [slot.rect for slot in plan.world] + [panel.rect for panel in plan.panels]
        outside += [plan.rest.rect] if plan.rest else []
        blocks = [rect.grown(CLEAR) for rect in outside]
        labels = self._labels()
        for group in plan.groups:
            key = group.box.key
            if any(group is each for each in home):
                blocks += [*_inside(group), labels[key].rect.grown(6)]
            else:
                blocks.append(inner[key].grown(CLEAR))
        return blocks

    def _dense_runs(self) -> list[tuple[Run, list[Point]]]:
        """The cables within the panels."""
        ends = self.plan.places
        found: list[tuple[Run, list[Point]]] = []
        for panel in self.plan.panels:
            for number, leaf in enumerate(panel.leaves):
                if not leaf.cable or not leaf.link:
                    continue
                middle = leaf.rect.middle[1]
                name = f"panel{len(found)}line{number}"
                if leaf.socket:
                    ways = [(leaf.socket.rect.right, middle), (leaf.link.x, middle)]
                    start = End(leaf.socket, "e")
                else:
                    ways = panel.way(Slot(None, 1, leaf.rect.h, x=leaf.rect.x, y=leaf.rect.y))[::-1]
                    start = ends[leaf.cable.upper]
                found.append((Run(name, start, End(leaf.link, "w"), leaf.cable), ways))
            if panel.more and panel.rest_slot:
                y = panel.more.rect.middle[1]
                line = [(panel.more.rect.right, y), (panel.rest_slot.x, y)]
                found.append(
                    (Run("rest", End(panel.more, "e"), End(panel.rest_slot, "w"), None), line)
                )
        return found


def _fill_panel(placed: Placed, panel: Panel) -> None:
    """Add the links of a panel."""
    slots = [slot for leaf in panel.leaves for slot in leaf.slots]
    placed.cells += [(slot.part, slot) for slot in slots if isinstance(slot.part, Cell)]
    if panel.more and isinstance(panel.more.part, Notes):
        placed.notes.append((panel.more.part, panel.more.rect, placed.scene.boxes[0]))


def _gate(group: Group, slot: Slot, notes: Notes) -> Gate:
    """The sign for forwarding, with lines to what stands right above and below it.

    The kernel forwards between links that have an address: no line leads to any other.
    """
    middle = slot.x + GATE // 2
    links = (*group.uplinks, *(dock.bridge for dock in group.docks), *group.others)
    near = [
        one
        for one in links
        if one.x <= middle <= one.rect.right and isinstance(one.part, Cell) and one.part.addresses
    ]
    above = [one.rect.bottom for one in near if one.rect.bottom <= slot.y]
    below = [one.y for one in near if one.y >= slot.rect.bottom]
    return Gate(notes, slot.rect, group.box, max(above, default=None), min(below, default=None))


def _tree(run: Run) -> tuple[Key, int] | None:
    """What a line shares with others: all that stands on one link comes out of it together."""
    if run.cable is None or run.cable.pair or run.cable.tunnel:
        return None
    return run.cable.upper, run.start.lane


def _lane(run: Run) -> int:
    """How far a line keeps away from others."""
    marked = run.cable is not None and run.cable.mark in {"new", "gone"}
    return MARKED_LANE if marked else LANE


def _crooked(start: End, end: End) -> int:
    a, b = start.slot.rect.middle, end.slot.rect.middle
    return min(abs(a[0] - b[0]), abs(a[1] - b[1]))


def _inside(group: Group) -> list[Rect]:
    """What a cable that ends in a box has to keep away from there."""
    return [slot.rect.grown(CLEAR if isinstance(slot.part, Cell) else 4) for slot in group.slots()]


def trace(path: list[Point]) -> list[Point]:
    """Points along a line, close to each other: where it runs."""
    found = path[:1]
    for (x1, y1), (x2, y2) in pairwise(path):
        steps = max(1, (abs(x1 - x2) + abs(y1 - y2)) // 4)
        found += [
            (x1 + (x2 - x1) * n // steps, y1 + (y2 - y1) * n // steps) for n in range(1, steps + 1)
        ]
    return found


__all__ = ["BELOW", "EDGE", "Gate", "Label", "Placed", "place", "trace"]
