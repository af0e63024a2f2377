"""Cables that run between the same boxes change lanes, so that none of them has to jog.

Ways are found one after the other.  Where the last one finds no lane that is free all along, it
jogs from one to another, and looks like a part of the cable in whose lane it ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, pairwise, product

from nslab.draw.layout.boxes import Point, Rect
from nslab.draw.layout.cables import LANE, OFF

_JOG = 2 * LANE
"""Pixels: a shorter step from a lane to another is a jog."""

_APART = 12
"""Pixels between two cables that are easily told apart."""

_CROSSING, _TOUCHING, _NEAR = 200, 1000, 1
"""Costs: of a cable that crosses another one, of one that lies on it or turns where it is, and of
each pixel along which two are near each other."""

_MOST = 5
"""How many cables may change lanes together: all their orders are tried."""

Path = list[Point]
Line = tuple[Point, Point]


@dataclass(frozen=True)
class _Piece:
    """The level part of a cable's way between two boxes: after which of its points it begins, and
    before which it ends."""

    name: str
    start: int
    end: int


def straightened(
    paths: Mapping[str, Path], trees: Mapping[str, object], boxes: Sequence[Rect], lane: int = LANE
) -> dict[str, Path]:
    """The ways of cables, without jogs where another order of the lanes has none.

    There are no more crossings than before.

    :param trees: what a cable shares with others that may lie on it, None of most
    :param boxes: between which the lanes are
    :param lane: pixels from one lane to the next
    """
    found = dict(paths)
    for name in paths:
        while (jog := _jog(found[name])) is not None:
            better = _reordered(found, trees, boxes, lane, _Piece(name, jog, jog + 3))
            if better is None:
                break
            found |= better
    return found


def _jog(path: Path) -> int | None:
    """Where a way begins to run level, steps aside a little, and goes on as before."""
    for n, (a, b, c, d) in enumerate(zip(path, path[1:], path[2:], path[3:], strict=False)):
        level = a[1] == b[1] and c[1] == d[1] and b[0] == c[0]
        onwards = (a[0] < b[0]) == (c[0] < d[0])
        if level and onwards and abs(b[1] - c[1]) < _JOG and n > 0 and n + 4 < len(path):
            return n
    return None


def _reordered(
    paths: Mapping[str, Path],
    trees: Mapping[str, object],
    boxes: Sequence[Rect],
    lane: int,
    jogged: _Piece,
) -> dict[str, Path] | None:
    """Ways in other lanes, among them that of the cable that jogs; None if none is better."""
    low, high = _band(_part(paths, jogged), boxes)
    count = (high - low - 2 * OFF) // lane + 1
    if count < 1 or any(_is_shared(line, paths, trees) for line in pairwise(_part(paths, jogged))):
        return None
    first = (low + high - lane * (count - 1)) // 2
    lanes = range(first, first + lane * count, lane)
    pieces = [jogged]
    for piece in _others(paths, trees, jogged, (low, high)):
        above, below = _band(_part(paths, piece), boxes)
        if above <= low and high <= below:
            pieces.append(piece)
    if len(pieces) > _MOST:
        return None
    now = _Channel(paths, trees, (low, high)).cost({})
    best: tuple[tuple[int, int], int, dict[str, Path]] | None = None
    for ys in product(lanes, repeat=len(pieces)):
        moved = {
            piece.name: _moved(paths[piece.name], piece, y)
            for piece, y in zip(pieces, ys, strict=True)
        }
        cost = _Channel(paths, trees, (low, high)).cost(moved)
        far = sum(abs(y - paths[p.name][p.start][1]) for p, y in zip(pieces, ys, strict=True))
        if best is None or (cost, far) < best[:2]:
            best = cost, far, moved
    return best[2] if best and best[0][0] <= now[0] else None


def _part(paths: Mapping[str, Path], piece: _Piece) -> Path:
    return paths[piece.name][piece.start : piece.end + 1]


def _band(part: Sequence[Point], boxes: Sequence[Rect]) -> tuple[int, int]:
    """From where to where a level part of a way could lie between the boxes around it.

    Within a box there is no room for that.
    """
    xs, ys = zip(*part, strict=True)
    over = [r for r in boxes if r.x < max(xs) and min(xs) < r.right]
    if any(r.y < max(ys) and min(ys) < r.bottom for r in over):
        return max(ys), min(ys)
    low = max((r.bottom for r in over if r.bottom <= min(ys)), default=min(ys) - OFF)
    high = min((r.y for r in over if r.y >= max(ys)), default=max(ys) + OFF)
    return low, high


def _others(
    paths: Mapping[str, Path], trees: Mapping[str, object], jogged: _Piece, band: tuple[int, int]
) -> Iterator[_Piece]:
    """What runs level there beside the way that jogs, each once, and comes from outside."""
    xs = [x for x, _ in _part(paths, jogged)]
    span = Rect(min(xs), band[0], max(xs) - min(xs), band[1] - band[0])
    for name, path in paths.items():
        levels = (
            _Piece(name, n, n + 1)
            for n, line in enumerate(pairwise(path))
            if 0 < n < len(path) - 2 and line[0][1] == line[1][1]
            if name != jogged.name and not _is_shared(line, paths, trees)
        )
        yield from islice((one for one in levels if _comes_through(path, one, span)), 1)


def _comes_through(path: Path, piece: _Piece, span: Rect) -> bool:
    """Whether a way runs level there, and comes from above or below and goes there."""
    (x1, y), (x2, _) = path[piece.start], path[piece.end]
    ends = path[piece.start - 1][1], path[piece.end + 1][1]
    beside = min(x1, x2) < span.right and span.x < max(x1, x2)
    return beside and span.y < y < span.bottom and not any(span.y < y < span.bottom for y in ends)


def _is_shared(line: Line, paths: Mapping[str, Path], trees: Mapping[str, object]) -> bool:
    """Whether several cables run there."""
    return sum(line in pairwise(path) for name, path in paths.items() if trees[name]) > 1


def _moved(path: Path, piece: _Piece, y: int) -> Path:
    """A way with a level part in another lane."""
    before, after = path[: piece.start], path[piece.end + 1 :]
    return [*before, (path[piece.start][0], y), (path[piece.end][0], y), *after]


class _Channel:
    """What cables between some boxes cost each other."""

    def __init__(
        self, paths: Mapping[str, Path], trees: Mapping[str, object], band: tuple[int, int]
    ) -> None:
        self._paths, self._trees, self._band = paths, trees, band

    def cost(self, moved: Mapping[str, Path]) -> tuple[int, int]:
        """Of crossings and worse; and of what is near each other."""
        lines = {
            name: [line for line in pairwise(moved.get(name, path)) if self._there(*line)]
            for name, path in self._paths.items()
        }
        met = near = 0
        for (one, some), (other, more) in combinations(lines.items(), 2):
            if self._trees[one] is None or self._trees[one] != self._trees[other]:
                for a, b in product(some, more):
                    met += _met(a, b)
                    near += _near(a, b)
        return met, near

    def _there(self, a: Point, b: Point) -> bool:
        low, high = self._band
        return min(a[1], b[1]) < high and low < max(a[1], b[1])


def _met(one: Line, other: Line) -> int:
    """What it costs that two lines meet."""
    (left, top), (right, bottom) = _ends(one)
    (x1, y1), (x2, y2) = _ends(other)
    if left > x2 or x1 > right or top > y2 or y1 > bottom:
        return 0
    if (top == bottom) == (y1 == y2):
        return _TOUCHING
    level, upright = (one, other) if top == bottom else (other, one)
    (a, y), (b, _) = _ends(level)
    (x, c), (_, d) = _ends(upright)
    return _CROSSING if a < x < b and c < y < d else _TOUCHING


def _near(one: Line, other: Line) -> int:
    """What it costs that two level lines are near each other."""
    (left, y), (right, end) = _ends(one)
    (x1, at), (x2, stop) = _ends(other)
    if y != end or at != stop or abs(y - at) >= _APART:
        return 0
    return _NEAR * max(0, min(right, x2) - max(left, x1))


def _ends(line: Line) -> tuple[Point, Point]:
    (x1, y1), (x2, y2) = line
    return (min(x1, x2), min(y1, y2)), (max(x1, x2), max(y1, y2))


__all__ = ["straightened"]
