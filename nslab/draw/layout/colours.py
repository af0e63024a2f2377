"""Which hue each network has, and which tint each namespace: numbers, the same through a lab."""

from __future__ import annotations

from nslab.draw.layout.memory import Memory
from nslab.draw.scene.scene import Key, Scene

HUES, STYLES, TINTS = 7, 3, 6
"""How many there are.  With more networks than hues these come again with another style of line,
which is the hue's number divided by ``HUES``; with more namespaces the tints begin again."""

WORLD = 1
"""The hue that is kept for the network that the host's own card is in."""


CALLED = {
    **dict.fromkeys(("blue", "navy"), 0),
    **dict.fromkeys(("orange", "brown", "amber"), 1),
    **dict.fromkeys(("red", "pink", "magenta", "rose"), 2),
    **dict.fromkeys(("green", "teal", "cyan", "turquoise"), 3),
    **dict.fromkeys(("yellow", "olive", "gold"), 4),
    **dict.fromkeys(("purple", "violet", "indigo"), 5),
}
"""The tint of a namespace that is called after a colour, or the nearest that there is: who reads
"red" is not to see blue."""

IN_TURN = (5, 3, 2, 4, 0, 1)
"""The tints of other namespaces, in their order.  The first two networks of nearly every lab are
blue and orange, and a box in a network's colour looks like a part of it: those tints come last."""


def hues(scene: Scene, stage: Memory) -> dict[Key, int]:
    """The hue of each link that is in a network; the world's own networks have none."""
    worldly = set(scene.scenery_of)
    own = [m for number, m in enumerate(scene.networks) if number not in scene.outside]
    known = [
        WORLD if any(key[1] in worldly for key in members) else _known(scene, members, stage)
        for members in own
    ]
    taken: set[int | None] = {None}
    found: list[int | None] = []
    for members, hue in zip(own, known, strict=True):
        # Of two networks that were one, the first keeps the hue; what is gone keeps its own.
        gone = all(is_gone for is_gone, _, _ in members)
        found.append(None if hue in taken - {WORLD} and not gone else hue)
        taken.add(hue)
    used = taken | set(stage.hues.values())
    colours = [_new(taken, used) if hue is None else hue for hue in found]
    return {key: hue for members, hue in zip(own, colours, strict=True) for key in members}


def _new(taken: set[int | None], used: set[int | None]) -> int:
    """A hue that nobody ever had, else one that nobody has now, else any; it is taken then."""
    every = [hue for hue in range(HUES * STYLES) if hue % HUES != WORLD]
    first = every[: HUES - 1]
    free = [hue for hue in first if hue not in used] or [h for h in every if h not in taken]
    found = free[0] if free else every[len(used) % len(every)]
    taken.add(found)
    used.add(found)
    return found


def _known(scene: Scene, members: tuple[Key, ...], stage: Memory) -> int | None:
    """The hue that a network's bridges had, else that of its first link that had one."""
    bridges = {block.bridge.key for box in scene.boxes for block in box.bridges}
    names = [scene.names[key] for key in sorted(members, key=lambda key: key not in bridges)]
    seen = [stage.hues[name] for name in names if name in stage.hues]
    return next((hue for hue in seen if hue != WORLD), None)


def tints(scene: Scene, stage: Memory) -> dict[str, int]:
    """The tint of each namespace but the host's, by the name that its box has."""
    found: dict[str, int] = {}
    count = len(stage.tints)
    for box in scene.boxes[1:]:
        name = scene.box_names[box.key]
        if name not in found:
            known = stage.tints.get(name)
            if known is None:
                known = CALLED.get(name.lower(), IN_TURN[count % TINTS])
                count += 1
            found[name] = known
    return found
