"""How a link is drawn: as a card, as a bridge, as a socket of one, or as a line of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nslab.draw.layout.boxes import (
    BRIDGE,
    DOT,
    ICON,
    LEAD,
    LONGEST_LINE,
    LONGEST_NAME,
    NAME,
    PAD,
    SIGN,
    TEXT,
    Rect,
    Slot,
    Told,
    aside,
    socket_words,
    told,
)
from nslab.draw.paint.icons import icon
from nslab.draw.paint.shapes import centred, dot, rectangle, words
from nslab.draw.scene.metrics import clip, width
from nslab.draw.scene.scene import Cell, Line
from nslab.network.diff import Kind


def link(cell: Cell, slot: Slot) -> Iterator[str]:
    """A link that is no bridge."""
    if slot.shape == "socket":
        return _socket(cell, slot.rect)
    if slot.shape == "line":
        return _line(cell, slot)
    if slot.shape == "chip":
        return _chip(cell, slot.rect)
    return _card(cell, slot.rect)


def _ways(cell: Cell) -> tuple[str, str]:
    """Classes of a link's outline and of its name."""
    off = "" if cell.state == "up" else " nslab-off"
    said = cell.mark if cell.outermost or cell.mark == "changed" else None
    return off + around(said), " nslab-struck" if said == "gone" else ""


def around(mark: Kind | None) -> str:
    """The classes of an outline that says how something changed."""
    return f" nslab-halo nslab-halo-{mark}" if mark else ""


def _card(cell: Cell, rect: Rect) -> Iterator[str]:
    said = told(cell)
    off, struck = _ways(cell)
    yield rectangle(rect, f"nslab-cell{off}", 6)
    if cell.loose:
        yield _stub(rect.right, rect.y + rect.h // 2, across=True)
    x, y = rect.x + PAD, rect.y + 18
    name = clip(cell.name, LONGEST_NAME)
    yield words(x, y, name, f"nslab-name{struck}")
    if cell.kind:
        after = x + round(width(name, NAME, code=True)) + 8
        yield words(after, y, cell.kind, "nslab-muted")
    yield from _end_of_line(cell, said, rect.right - PAD, y)
    yield from _below(said.lines, x, y + 18, cell)


def bridge(cell: Cell, slot: Slot, sockets: Sequence[Rect]) -> Iterator[str]:
    """A bridge: a bar whose edge is open where its ports are."""
    rect, said, tree = slot.rect, told(cell, BRIDGE), aside(cell)
    off, struck = _ways(cell)
    yield rectangle(rect, "nslab-bar" + ("" if cell.state == "up" else " nslab-off"), 6)
    yield _edge(rect, _docked(rect, sockets), f"nslab-edge{off}")
    x, y = rect.x + PAD, rect.y + 18
    yield icon("switch", x, y - 13)
    name = clip(cell.name, LONGEST_NAME)
    yield words(x + ICON, y, name, f"nslab-name{struck}")
    after = x + ICON + round(width(name, NAME, code=True)) + 8
    yield words(after, y, cell.kind, "nslab-muted")
    yield from _end_of_line(cell, said, rect.right - PAD, y)
    if tree.words:
        loud = "nslab-badge nslab-told-changed" if tree.mark else "nslab-muted"
        yield words(rect.right - PAD, y + 18, tree.words, f"nslab-end {loud}")
    yield from _below(said.lines, x, y + 18, cell)


def _docked(rect: Rect, sockets: Sequence[Rect]) -> list[Rect]:
    """The sockets that stand on a bar."""
    return [each for each in sockets if each.overlaps(rect.grown(1))]


def _edge(rect: Rect, sockets: Sequence[Rect], classes: str) -> str:
    """The outline of a bar, but for where sockets stand on it."""
    r = 6
    above = sorted((s.x, s.right) for s in sockets if s.y < rect.y)
    below = sorted(((s.x, s.right) for s in sockets if s.y >= rect.y), reverse=True)
    d = [f"M{rect.x + r} {rect.y}"]
    for left, right in above:
        d.append(f"H{left}M{right} {rect.y}")
    d.append(f"H{rect.right - r}a{r} {r} 0 0 1 {r} {r}V{rect.bottom - r}a{r} {r} 0 0 1 {-r} {r}")
    for left, right in below:
        d.append(f"H{right}M{left} {rect.bottom}")
    d.append(f"H{rect.x + r}a{r} {r} 0 0 1 {-r} {-r}V{rect.y + r}a{r} {r} 0 0 1 {r} {-r}")
    return f'<path class="{classes}" d="{"".join(d)}"/>'


def _socket(cell: Cell, rect: Rect) -> Iterator[str]:
    name, kind, said = socket_words(cell)
    off, struck = _ways(cell)
    yield rectangle(rect, f"nslab-cell{off}", 4)
    if cell.loose:
        yield _stub(rect.x + rect.w // 2, rect.bottom, across=False)
    muted = _port_strength(cell)
    parts = [(name, f"nslab-name nslab-port{muted}{struck}")]
    if kind:
        parts.append((kind, "nslab-muted"))
    if said.beside:
        parts.append((said.beside, _told_class(said)))
    middle, y = rect.x + rect.w // 2, rect.y + 14
    yield centred(middle, y, parts)
    for line in said.lines:
        y += LEAD
        yield centred(middle, y, list(_marked(line, cell.mark)))


def _port_strength(cell: Cell) -> str:
    """The class of a port's name: one that is down is quiet, if nothing is to be seen there."""
    return "" if cell.state == "up" or cell.mark in {"new", "changed"} else " nslab-muted"


def _chip(cell: Cell, rect: Rect) -> Iterator[str]:
    """A port in a panel: there is room for its name only."""
    off, struck = _ways(cell)
    yield rectangle(rect, f"nslab-cell{off}", 4)
    muted = _port_strength(cell)
    name = clip(cell.name, LONGEST_NAME)
    yield words(
        rect.middle[0], rect.y + 14, name, f"nslab-middle nslab-name nslab-port{muted}{struck}"
    )


def _line(cell: Cell, slot: Slot) -> Iterator[str]:
    """A link in one line with its namespace: its state is told by its dot and its outline."""
    rect, off = slot.rect, _ways(cell)[0]
    yield rectangle(rect, f"nslab-cell{off}", 6)
    x, y = rect.x + slot.inset, rect.y + 16
    name = clip(cell.name, LONGEST_NAME)
    yield words(x, y, name, f"nslab-name nslab-port{_ways(cell)[1]}")
    x += round(width(name, TEXT, code=True)) + 8
    if cell.kind:
        yield words(x, y, cell.kind, "nslab-muted")
        x += round(width(cell.kind, TEXT)) + 6
    for line in (*told(cell, 1 << 12).lines, *slot.extra):
        yield from marked_line(x, y, line, cell.mark)
        x += round(width(clip(line.words, LONGEST_LINE), TEXT, code=line.code)) + 8
        x += 12 if line.mark else 0
    yield from _dot(cell, rect.right - 10, y - 4)


def _dot(cell: Cell, x: int, y: int) -> Iterator[str]:
    """The sign for a link's state; one that is gone has none."""
    if cell.mark != "gone":
        yield dot(x, y, up=cell.state == "up" and not cell.does)


def _end_of_line(cell: Cell, said: Told, right: int, y: int) -> Iterator[str]:
    """What stands at the end of a link's first line: what changed or a state, and the dot."""
    yield from _dot(cell, right - 4, y - 4)
    if said.beside:
        yield words(right - DOT + 4, y, said.beside, f"nslab-end {_told_class(said)}")


def _told_class(said: Told) -> str:
    return f"nslab-badge nslab-told-{said.mark}" if said.mark else "nslab-muted"


def _below(lines: Sequence[Line], x: int, y: int, cell: Cell) -> Iterator[str]:
    for line in lines:
        yield from marked_line(x, y, line, cell.mark)
        y += LEAD


def marked_line(
    x: int, y: int, line: Line, around: str | None = None, *, loud: bool = False
) -> Iterator[str]:
    """A line of text, with the sign of its mark before it.

    :param loud: whether words that are no code are as dark as names
    """
    *sign, (text, classes) = _marked(line, around, loud=loud)
    for mark, look in sign:
        yield words(x, y, mark, look)
    x += 12 if sign or (line.goes_on and line.mark not in {None, "changed", around}) else 0
    yield words(x, y, text, classes)


def _marked(
    line: Line, around: str | None = None, *, loud: bool = False
) -> Iterator[tuple[str, str]]:
    """A line of text with its classes, and before it the sign of its mark, if it has one."""
    # What changed is as strong in either type.
    classes = ["nslab-code"] if line.code else [] if loud or line.mark else ["nslab-muted"]
    signed = line.mark not in {None, "changed", around}
    if line.mark and signed and not line.goes_on:
        yield SIGN[line.mark], f"nslab-badge nslab-told-{line.mark}"
    if line.mark:
        classes.append(f"nslab-badge nslab-told-{line.mark}")
    if line.mark == "gone" and not signed:  # a line through its digits says no more than the sign
        classes.append("nslab-struck")
    yield clip(line.words, LONGEST_LINE), " ".join(classes)


def _stub(x: int, y: int, *, across: bool) -> str:
    """The beginning of a wire that leads out of sight."""
    if across:
        end = f"M{x} {y}h6"
        ring = (x + 10, y)
    else:
        end = f"M{x} {y}v4"
        ring = (x, y + 8)
    return (
        f'<path class="nslab-wire" d="{end}"/>'
        f'<circle class="nslab-edge" cx="{ring[0]}" cy="{ring[1]}" r="3.6"/>'
    )
