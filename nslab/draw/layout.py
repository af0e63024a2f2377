"""Where everything goes: a plan with the places that Graphviz's ``dot`` gives it.

Places are rounded to whole pixels, and cables end exactly on the edges of the links.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from nslab.draw import dot
from nslab.draw.parts import Notes, Point, Rect, Slot
from nslab.draw.plan import BETWEEN, End, Plan, Run
from nslab.draw.scene import Box, Cell, Scene, Scenery

EDGE = 10
"""Pixels around the picture, for badges and thick strokes at its edge."""

NEARLY = 5
"""Pixels by which a cable may miss the middle of a link, if that makes it straight."""


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
    notes: list[tuple[Notes, Rect]]
    runs: list[tuple[Run, list[Point]]]
    """A line's points: its start, then two control points and an end for each curve of it."""
    rest: Rect | None


def place(scene: Scene) -> Placed:
    """Give everything in a scene its place.

    :raises ToolMissing: there is no ``dot``
    """
    plan = Plan(scene)
    return _Placer(plan, dot.positions(dot.source(plan))).placed()


class _Placer:
    def __init__(self, plan: Plan, answer: dict[str, Any]) -> None:
        self.plan = plan
        self.things = {thing["name"]: thing for thing in answer.get("objects", ())}
        self.edges = {edge["id"]: edge for edge in answer.get("edges", ()) if "id" in edge}
        _, _, self.width, self.height = map(float, answer["bb"].split(","))

    def placed(self) -> Placed:
        plan, scene = self.plan, self.plan.scene
        nodes = [node for group in plan.groups for node in group.nodes()]
        nodes += [*plan.world, *([plan.rest] if plan.rest else [])]
        for node in nodes:
            x, y = self._point(self.things[node.id]["pos"])
            w, h = node.size
            node.place(x - w // 2, y - h // 2)
        bridges = {block.bridge.key for box in scene.boxes for block in box.bridges}
        placed = Placed(
            scene, round(self.width) + 2 * EDGE, round(self.height) + 2 * EDGE,
            boxes=[(group.box, group.title, self._box(group.id)) for group in plan.groups],
            scenery=[
                (thing, next(node.slots()).rect)
                for thing, node in zip(scene.scenery, plan.world, strict=True)
            ],
            bridges=[], cells=[], notes=[],
            runs=[(run, self._path(run)) for run in plan.runs],
            rest=next(plan.rest.slots()).rect if plan.rest else None,
        )  # fmt: skip
        groups = (group.nodes() for group in plan.groups)
        for slot in (slot for nodes in groups for node in nodes for slot in node.slots()):
            if isinstance(slot.part, Cell):
                where = placed.bridges if slot.part.key in bridges else placed.cells
                where.append((slot.part, slot))
            elif slot.part:
                placed.notes.append((slot.part, slot.rect))
        return placed

    def _point(self, text: str) -> Point:
        """dot counts from the bottom, and puts an ``e,`` before where an arrow ends."""
        x, y = text.split(",")[-2:]
        return round(float(x)) + EDGE, round(self.height - float(y)) + EDGE

    def _box(self, name: str) -> Rect:
        left, low, right, high = map(float, self.things[name]["bb"].split(","))
        high -= BETWEEN[self.plan.down]
        x, y = self._point(f"{left},{high}")
        return Rect(x, y, round(right - left), round(high - low))

    def _path(self, run: Run) -> list[Point]:
        start, end = _anchor(run.start), _anchor(run.end)
        if run.bow:
            return [start, *_bow(start, end, self.plan.down), end]
        between = [self._point(words) for words in self.edges[run.id]["pos"].split()][1:-1]
        if run.level and not self.plan.down:
            between.reverse()
        if len(between) == 2 and abs(start[0] - end[0]) <= NEARLY:
            start = (end[0], start[1])
        elif len(between) == 2 and abs(start[1] - end[1]) <= NEARLY:
            start = (start[0], end[1])
        else:
            return [start, *between, end]
        return [start, start, end, end]


def _anchor(end: End) -> Point:
    """The middle of a side of a slot."""
    rect = end.slot.rect
    middle = (rect.x + rect.w // 2, rect.y + rect.h // 2)
    return {
        "n": (middle[0], rect.y), "s": (middle[0], rect.y + rect.h),
        "w": (rect.x, middle[1]), "e": (rect.x + rect.w, middle[1]),
    }[end.side]  # fmt: skip


def _bow(start: Point, end: Point, down: bool) -> list[Point]:
    """The control points of a bow that hangs between two links of a row."""
    across, along = (0, 30) if down else (30, 0)
    return [(start[0] + across, start[1] + along), (end[0] + across, end[1] + along)]


def trace(path: list[Point]) -> list[Point]:
    """Points along a line, close to each other: where it runs."""
    found = []
    for n in range(0, len(path) - 1, 3):
        curve = path[n : n + 4]
        length = sum(abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in pairwise(curve))
        steps = max(1, length // 4)
        for step in range(steps + 1):
            t = step / steps
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            x, y = (sum(w * p[k] for w, p in zip(weights, curve, strict=True)) for k in (0, 1))
            found.append((round(x), round(y)))
    return found
