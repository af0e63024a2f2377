"""How the lines are drawn that belong to a namespace and not to a link; forwarding is a gate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nslab.draw.layout.boxes import (
    GATE,
    INDENT,
    LEAD,
    LONGEST_LINE,
    PLATE,
    TEXT,
    Notes,
    Rect,
    plate_below,
    rows,
)
from nslab.draw.layout.place import Gate
from nslab.draw.paint.icons import forwarding, icon
from nslab.draw.paint.links import marked_line
from nslab.draw.paint.shapes import rectangle, words, xml
from nslab.draw.scene.metrics import clip, shown_width, width
from nslab.draw.scene.scene import Line


def notes(every: Notes, rect: Rect, hue: str) -> Iterator[tuple[Line, Iterator[str]]]:
    """Each line with how it is drawn.

    :param hue: the class of the link at which translations act
    """
    y = rect.y + 13
    for before, line in zip((None, *every.lines), every.lines, strict=False):
        y += plate_below((before, line)) if before else 0
        if line.role == "nat":
            yield line, _plate(rect.x, y, line, hue, every.most)
            y += PLATE
        else:
            yield line, _note(rect.x, y, line, every.most)
        y += LEAD * len(rows(line, every.most))


def _note(x: int, y: int, line: Line, most: int = LONGEST_LINE) -> Iterator[str]:
    if line.role == "policy":
        yield f"<title>{xml(line.facts)}</title>"
        yield icon("drops", x - 1, y - 12)
        yield from marked_line(x + 18, y, line, loud=True)
    elif line.role == "filter":
        yield icon("filter", x - 1, y - 12)
        yield from marked_line(x + 18, y, line)
    elif line.role == "listens":
        yield icon("process", x - 1, y - 12)
        yield words(x + 18, y, clip(line.words, LONGEST_LINE), "")
    elif line.role == "forwarding":
        yield _round(x + 7, y - 4, line, 0.55)
        yield from _forwarding(x + 20, y, line)
    elif line.mark:
        yield from _rows(x, y, line, most)
    else:
        classes = "nslab-code " if line.code else ""
        classes += "nslab-wrong" if line.role in {"wrong", "missing"} else "nslab-muted"
        for number, text in enumerate(rows(line, most)):
            yield words(x + INDENT * bool(number), y + LEAD * number, text, classes)


def _rows(x: int, y: int, line: Line, most: int) -> Iterator[str]:
    """A line with its mark, in as many rows as it takes; the sign stands before the first."""
    first, *others = rows(line, most)
    yield from marked_line(x, y, replace(line, shown=first))
    x += INDENT
    for text in others:
        y += LEAD
        yield from marked_line(x, y, replace(line, shown=text), line.mark)


def _plate(x: int, y: int, line: Line, hue: str, most: int) -> Iterator[str]:
    """A translation, as a plate beside the link at which it acts."""
    texts = rows(line, most)
    sign = 12 if line.mark in {"new", "gone"} else 0
    edge = 4 if sign else 8  # the sign stands in it
    wide = edge + (6 if sign else 8)
    wide += max(
        round(shown_width(text, TEXT, code=line.code)) + max(sign, INDENT * bool(number))
        for number, text in enumerate(texts)
    )
    if " ".join(texts) != line.text:
        yield f"<title>{xml(line.facts)}</title>"
    yield f'<g class="nslab-nat{hue}">'
    yield rectangle(Rect(x, y - 14, wide, 20 + LEAD * (len(texts) - 1)), "nslab-cell", 10)
    yield "</g>"
    yield from _rows(x + edge, y, line, most)


def gate(each: Gate) -> Iterator[str]:
    """Forwarding, between the links of two networks."""
    line, rect = each.notes.lines[0], each.rect
    x, y = rect.x + GATE // 2, rect.y + GATE // 2
    yield f"<title>{xml(line.text)}</title>"
    if each.above is not None:
        yield f'<path class="nslab-dots" d="M{x} {each.above}V{rect.y}"/>'
    if each.below is not None:
        yield f'<path class="nslab-dots" d="M{x} {rect.y + GATE}V{each.below}"/>'
    yield _round(x, y, line, 1)
    yield from _forwarding(rect.x + GATE + 8, y + 4, line)
    for more in each.notes.lines[1:]:
        y += LEAD
        yield from _note(rect.x + GATE + 8, y + 4, more)


def _round(x: int, y: int, line: Line, size: float) -> str:
    return forwarding(x, y, size, is_open=line.words.endswith("on"))


def _forwarding(x: int, y: int, line: Line) -> Iterator[str]:
    """``forwarding on``: the last word counts."""
    first, _, last = line.words.rpartition(" ")
    # Off, and as it was, it is as quiet as what stands beside it.
    quiet = last == "off" and not line.mark
    yield words(x, y, first, "nslab-muted" if quiet else "")
    x += round(width(first, TEXT)) + 5
    classes = ["nslab-badge"]
    if line.mark:
        classes.append(f"nslab-told-{line.mark}")
    else:
        classes.append("nslab-muted" if quiet else "nslab-good")
    before = f"{'off' if last == 'on' else 'on'} → " if line.mark == "changed" else ""
    yield words(x, y, before + last, " ".join(classes))
