"""Where everything goes: Graphviz's ``dot`` ranks and orders, the rest is aligned and remembered.

A :class:`Placed` is what the picture is written from, and what one asks for the place of a link or
the way of a cable.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from nslab.draw.layout import dot
from nslab.draw.layout.align import BELOW, EDGE, Aligner
from nslab.draw.layout.boxes import LONGEST_NAME, MARGIN, NAME, Notes, Point, Rect, Slot
from nslab.draw.layout.cables import Router
from nslab.draw.layout.legend import Legend, legend
from nslab.draw.layout.memory import Memory
from nslab.draw.layout.plan import End, Group, Plan, Run
from nslab.draw.layout.tags import Tag, tags
from nslab.draw.scene.metrics import clip, width
from nslab.draw.scene.scene import Box, Cell, Scene, Scenery

CLEAR = 7
"""Pixels between a cable and a link that is not its own."""


@dataclass
class Placed:
    """A scene with places for everything, in the order in which to draw it."""

    scene: Scene
    width: int
    height: int
    boxes: list[tuple[Box, str, Rect]]
    scenery: list[tuple[Scenery, Rect]]
    bridges: list[tuple[Cell, Slot]]
    cells: list[tuple[Cell, Slot]]
    notes: list[tuple[Notes, Rect, Box]]
    runs: list[tuple[Run, list[Point]]]
    """A line's points, from one end to the other; it turns at right angles."""
    rest: Rect | None
    legend: Legend
    tags: list[Tag]

    def links(self) -> dict[str, Rect]:
        """Where each link is, by its name: ``ns1/eth0``.

        A link of the world is where the namespace is that it is in.
        """
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
        names, rects = self.scene.names, self.links()
        pairs = ({names[cable.upper], names[cable.lower]} for cable in self.scene.cables)
        if {one, other} in pairs and one in rects and other in rects:
            for run, path in self.runs:
                ends = run.start.slot.rect, run.end.slot.rect
                if ends == (rects[one], rects[other]):
                    return path
                if ends == (rects[other], rects[one]):
                    return path[::-1]
        return []


def place(scene: Scene, stage: Memory | None = None) -> Placed:
    """Give everything in a scene its place, and keep it in the stage.

    :raises ToolMissing: there is no ``dot``
    """
    stage = stage if stage is not None else Memory()
    plan = Plan(scene, stage)
    if not plan.down and not stage.listed:
        stage.turn()
    aligner = Aligner(plan, _order(dot.positions(dot.source(plan))), stage)
    aligner.place()
    placed = _Placer(plan, aligner).placed()
    stage.remember(aligner.places(), listed=not plan.down)
    return placed


def _order(answer: dict[str, Any]) -> dict[str, Point]:
    """The middle of each node as dot has it, counted from the top."""
    found = {}
    for thing in answer.get("objects", ()):
        if "pos" in thing:
            x, y = map(float, thing["pos"].split(","))
            found[thing["name"]] = round(x), -round(y)
    return found


class _Placer:
    def __init__(self, plan: Plan, aligner: Aligner) -> None:
        self.plan, self.aligner = plan, aligner

    def placed(self) -> Placed:
        plan, scene = self.plan, self.plan.scene
        rects = self._boxes()
        runs = self._runs(rects)
        world = [next(node.slots()).rect for node in plan.world]
        rest = next(plan.rest.slots()).rect if plan.rest else None
        extent = [*rects.values(), *world, *([rest.grown(6)] if rest else [])]
        points = [point for _, path in runs for point in path]
        right = max([rect.right for rect in extent] + [x for x, _ in points]) + EDGE
        bottom = max([rect.bottom for rect in extent] + [y for _, y in points]) + EDGE
        signs = legend(scene, right, bottom)
        placed = Placed(
            scene,
            max(right, signs.width),
            bottom + signs.height,
            boxes=[(group.box, group.title, rects[group.id]) for group in plan.groups],
            scenery=list(zip(scene.scenery, world, strict=True)),
            bridges=[],
            cells=[],
            notes=[],
            runs=runs,
            rest=rest,
            legend=signs,
            tags=[],
        )
        self._fill(placed)
        placed.tags = self._tags(placed)
        return placed

    def _fill(self, placed: Placed) -> None:
        """Put every link and every note of the namespaces where its slot is."""
        bridges = {block.bridge.key for box in placed.scene.boxes for block in box.bridges}
        for group in self.plan.groups:
            for slot in group.slots():
                if isinstance(slot.part, Cell):
                    where = placed.bridges if slot.part.key in bridges else placed.cells
                    where.append((slot.part, slot))
                elif slot.part and slot.part.lines:
                    placed.notes.append((slot.part, slot.rect, group.box))

    def _tags(self, placed: Placed) -> list[Tag]:
        cells = [*placed.bridges, *placed.cells]
        plugs = [end for _, path in placed.runs for end in (path[0], path[-1])]
        # Above them is their cable, or the title.
        groups = self.plan.groups
        low = {id(slot) for group in groups for slot in group.uplinks}
        low |= {id(slot) for group in groups for dock in group.docks for slot in dock.upper}
        return list(tags(cells, placed.boxes, placed.scenery, plugs, low))

    def _boxes(self) -> dict[str, Rect]:
        names = self.plan.scene.box_names
        return {group.id: self.aligner.boxes[names[group.box.key]] for group in self.plan.groups}

    def _runs(self, rects: dict[str, Rect]) -> list[tuple[Run, list[Point]]]:
        router = Router(list(rects.values()))
        homes = {node.id: group for group in self.plan.groups for node in group.nodes()}
        world = [next(node.slots()).rect for node in self.plan.world]
        rest = [next(self.plan.rest.slots()).rect] if self.plan.rest else []
        found: dict[str, list[Point]] = {}
        # Those that will be straight come first, so that the others keep away from them.
        for run in sorted(self.plan.runs, key=lambda run: _crooked(run.start, run.end)):
            blocks = [rect.grown(CLEAR) for rect in (*world, *rest)]
            home = [homes.get(end.node.id) for end in (run.start, run.end)]
            for group in self.plan.groups:
                rect = rects[group.id]
                blocks += _inside(group, rect) if group in home else [rect.grown(CLEAR)]
            stacked = run.cable is not None and not run.cable.pair
            tree = run.cable.upper if run.cable and stacked else None
            found[run.id] = router.way(run.start, run.end, blocks, tree)
        return [(run, found[run.id]) for run in self.plan.runs]


def _crooked(start: End, end: End) -> int:
    a, b = start.slot.rect.middle, end.slot.rect.middle
    return min(abs(a[0] - b[0]), abs(a[1] - b[1]))


def _inside(group: Group, rect: Rect) -> list[Rect]:
    """What a cable that ends in a box has to keep away from there."""
    taken = [
        slot.rect.grown(CLEAR)
        for slot in group.slots()
        if slot.part and (isinstance(slot.part, Cell) or slot.part.lines)
    ]
    return [*taken, _label(group, rect)]


def _label(group: Group, rect: Rect) -> Rect:
    """What of a box is taken by its name."""
    wide = round(width(clip(group.box.label, LONGEST_NAME), NAME + 1, code=True))
    return Rect(rect.x + MARGIN - 4, rect.y + 5, wide + 8, 18)


def trace(path: list[Point]) -> list[Point]:
    """Points along a line, close to each other: where it runs."""
    found = path[:1]
    for (x1, y1), (x2, y2) in pairwise(path):
        steps = max(1, (abs(x1 - x2) + abs(y1 - y2)) // 4)
        found += [
            (x1 + (x2 - x1) * n // steps, y1 + (y2 - y1) * n // steps) for n in range(1, steps + 1)
        ]
    return found


__all__ = ["BELOW", "EDGE", "Placed", "place", "trace"]
