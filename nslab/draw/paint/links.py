"""How a link is drawn: as a card, as a bridge, as a socket of one, or as a line of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nslab.draw.layout.boxes import (
    BRIDGE,
    DOT,
    ICON,
    LEAD,
    LONGEST_LINE,
    LONGEST_NAME,
    NAME,
    PAD,
    TEXT,
    Rect,
    Slot,
    Told,
    socket_words,
    told,
)
from nslab.draw.paint.icons import icon
from nslab.draw.paint.shapes import dot, rectangle, words
from nslab.draw.scene.metrics import clip, width
from nslab.draw.scene.scene import Cell, Line

AROUND = 2
"""Pixels from a link to the line around it that says that it changed."""


def link(cell: Cell, slot: Slot, *, badge: bool) -> Iterator[str]:
    """A link that is no bridge.

    :param badge: whether that it is new or gone is said on it
    """
    if slot.shape == "socket":
        return _socket(cell, slot.rect, badge)
    if slot.shape == "line":
        return _line(cell, slot)
    if slot.shape == "chip":
        return _chip(cell, slot.rect)
    return _card(cell, slot.rect, badge)


def _ways(cell: Cell) -> tuple[str, str]:
    """Classes of a link's outline and of its name."""
    off = "" if cell.state == "up" else " nslab-off"
    return off, " nslab-struck" if cell.mark == "gone" else ""


def _card(cell: Cell, rect: Rect, badge: bool) -> Iterator[str]:
    said = told(cell, badge=badge)
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
    rect, said = slot.rect, told(cell, room=BRIDGE)
    off, struck = _ways(cell)
    yield rectangle(rect, f"nslab-bar{off}", 6)
    yield _edge(rect, _docked(rect, sockets), f"nslab-edge{off}")
    x, y = rect.x + PAD, rect.y + 18
    yield icon("switch", x, y - 13)
    name = clip(cell.name, LONGEST_NAME)
    yield words(x + ICON, y, name, f"nslab-name{struck}")
    after = x + ICON + round(width(name, NAME, code=True)) + 8
    yield words(after, y, cell.kind, "nslab-muted")
    yield from _end_of_line(cell, said, rect.right - PAD, y)
    if cell.aside:
        yield words(rect.right - PAD, y + 18, cell.aside, "nslab-end nslab-muted")
    yield from _below(said.lines, x, y + 18, cell)


def _docked(rect: Rect, sockets: Sequence[Rect]) -> list[Rect]:
    """The sockets that stand on a bar."""
    return [each for each in sockets if each.overlaps(rect.grown(1))]


def _edge(rect: Rect, sockets: Sequence[Rect], classes: str, r: int = 6) -> str:
    """The outline of a bar, but for where sockets stand on it."""
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


def halo(cell: Cell, slot: Slot, bridges: Mapping[Rect, bool], sockets: Mapping[Rect, bool]) -> str:
    """What is around a link that changed: open where a port stands on its bridge.

    :param bridges: the bridges, and whether there is something around each
    :param sockets: the same of the ports that stand on them
    """
    rect, classes = slot.rect, f"nslab-halo nslab-halo-{cell.mark}"
    if slot.shape == "bridge":
        own = _docked(rect, list(sockets))
        wide = [Rect(s.x - AROUND, s.y, s.w + 2 * AROUND, s.h) if sockets[s] else s for s in own]
        return _edge(rect.grown(AROUND), wide, classes, 8)
    home = next((each for each in bridges if _docked(each, [rect])), None)
    if slot.shape != "socket" or home is None:
        return rectangle(rect.grown(AROUND), classes, 8)
    apart = AROUND if bridges[home] else 1
    left, right, r = rect.x - AROUND, rect.right + AROUND, 6
    if rect.y >= home.y:
        turn, start, end = 0, home.bottom + apart, rect.bottom + AROUND
    else:
        turn, start, end = 1, home.y - apart, rect.y - AROUND
    back = -r if turn else r
    d = f"M{left} {start}V{end - back}a{r} {r} 0 0 {turn} {r} {back}H{right - r}"
    return f'<path class="{classes}" d="{d}a{r} {r} 0 0 {turn} {r} {-back}V{start}"/>'


def _socket(cell: Cell, rect: Rect, badge: bool) -> Iterator[str]:
    name, kind, said = socket_words(cell, badge=badge)
    off, struck = _ways(cell)
    yield rectangle(rect, f"nslab-cell{off}", 4)
    if cell.loose:
        yield _stub(rect.x + rect.w // 2, rect.bottom, across=False)
    wide = width(name, TEXT, code=True) + (width(kind, TEXT) + 6 if kind else 0)
    wide += width(said.beside, TEXT, bold=True) + 8 if said.beside else 0
    x, y = rect.x + max(6, (rect.w - round(wide)) // 2), rect.y + 14
    muted = "" if cell.state == "up" else " nslab-muted"
    yield words(x, y, name, f"nslab-name nslab-port{muted}{struck}")
    x += round(width(name, TEXT, code=True)) + 6
    if kind:
        yield words(x, y, kind, "nslab-muted")
        x += round(width(kind, TEXT)) + 6
    if said.beside:
        yield words(x + 2, y, said.beside, _told_class(said))
    yield from _below(said.lines, rect.x + 8, y + LEAD, cell)


def _chip(cell: Cell, rect: Rect) -> Iterator[str]:
    """A port in a panel: there is room for its name only."""
    off, struck = _ways(cell)
    yield rectangle(rect, f"nslab-cell{off}", 4)
    muted = "" if cell.state == "up" else " nslab-muted"
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
    for line in (*told(cell, room=1 << 12).lines, *slot.extra):
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
    text = clip(line.words, LONGEST_LINE)
    # What changed is as strong in either type.
    classes = ["nslab-code"] if line.code else [] if loud or line.mark else ["nslab-muted"]
    if line.mark and line.mark != around:
        sign = {"new": "+", "changed": "", "gone": "−"}[line.mark]
        if sign and line.goes_on:
            x += 12
        elif sign:
            yield words(x, y, sign, f"nslab-badge nslab-told-{line.mark}")
            x += 12
    if line.mark:
        classes.append(f"nslab-badge nslab-told-{line.mark}")
    if line.mark == "gone":
        classes.append("nslab-struck")
    yield words(x, y, text, " ".join(classes))


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
