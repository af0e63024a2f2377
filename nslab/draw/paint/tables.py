"""Small pictures of what the kernel keeps in tables.

A bridge's ports with whom it has learned behind each; and the states of a port in time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nslab.draw.layout.boxes import NAME, TEXT, Rect, grid
from nslab.draw.paint.cell import in_a_cell, least, usual
from nslab.draw.paint.icons import icon
from nslab.draw.paint.shapes import line_through, rectangle, words, xml
from nslab.draw.paint.style import style
from nslab.draw.scene.metrics import width

_ROW, _EDGE = 28, 12
"""Pixels: of a line, and around the picture."""

_SECOND, _BAR, _LEAST = 120, 28, 90
"""Pixels: of a second at most, of a bar's height, and of the shortest bar."""

_WIDE = 360
"""Pixels of a time line at most, beside its last state: so all of it fits at a zoom of 200 %."""

_HUES = {"disabled": 2, "blocking": 2, "listening": 1, "learning": 0, "forwarding": 3}
"""The hue of each state of a port; its name stands in it, too."""


def stations(bridge: str, ports: Sequence[tuple[str, Sequence[str]]]) -> str:
    """A bridge with its ports one below the other, and who is behind each."""
    return _svg(f"What {bridge} has learned", _stations(bridge, ports))


def timeline(port: str, states: Sequence[tuple[str, float]], total: float) -> str:
    """The states of a port, each as long as it lasted.

    :param states: each with when it began, in seconds
    :param total: when the last was seen, in seconds
    """
    return _svg(f"The states of {port}", _timeline(port, states, total))


_Drawn = tuple[list[str], int, int]
"""Elements, and how wide and high they are."""


def _svg(title: str, drawn: _Drawn) -> str:
    elements, w, h = drawn
    inside = "\n".join(elements)
    return in_a_cell(
        f'<svg xmlns="http://www.w3.org/2000/svg" class="nslab-picture nslab-inline" role="img" '
        f'width="{usual(w)}" height="{usual(h)}" viewBox="0 0 {w} {h}" '
        f'style="max-width:100%;min-width:{least(w)}px;height:auto;background:transparent" '
        f'aria-label="{xml(title)}">\n'
        f"<title>{xml(title)}</title>\n<style>{style(False, range(4))}</style>\n{inside}\n</svg>\n"
    )


def _stations(bridge: str, ports: Sequence[tuple[str, Sequence[str]]]) -> _Drawn:
    name = grid(width(bridge, NAME, code=True) + 48)
    wide = grid(max((width(port, TEXT, code=True) for port, _ in ports), default=40) + 20)
    left = _EDGE + name
    high = max(1, len(ports)) * _ROW + 12
    found = ['<g class="nslab-h0">', rectangle(Rect(_EDGE, _EDGE, name, high), "nslab-cell", 6)]
    found.append(icon("switch", _EDGE + 10, _EDGE + high // 2 - 8))
    found.append(words(_EDGE + 32, _EDGE + high // 2 + 4, bridge, "nslab-name"))
    right = left
    for number, (port, who) in enumerate(ports):
        y = _EDGE + 10 + number * _ROW
        found.append(rectangle(Rect(left, y, wide, 20), "nslab-cell", 4))
        found.append(words(left + wide // 2, y + 14, port, "nslab-middle nslab-port nslab-name"))
        said = ", ".join(who) or "nobody yet"
        start = left + wide
        if who:
            found.append(line_through([(start, y + 10), (start + 24, y + 10)], "nslab-cable"))
        found.append(words(start + 32, y + 14, said, "nslab-code" if who else "nslab-muted"))
        right = max(right, start + 32 + round(width(said, TEXT, code=bool(who))))
    return [*found, "</g>"], right + _EDGE, high + 2 * _EDGE


def _timeline(port: str, states: Sequence[tuple[str, float]], total: float) -> _Drawn:
    label = grid(width(port, NAME, code=True) + 12)
    ends = [*(begin for _, begin in states[1:]), total]
    spans = [max(0.0, end - begin) for (_, begin), end in zip(states, ends, strict=True)]
    scale = min(_SECOND, _WIDE / max(total, 0.1))
    found = [words(_EDGE, _EDGE + 18, port, "nslab-name")]
    x = _EDGE + label
    for (state, begin), span in zip(states, spans, strict=True):
        least = max(_LEAST, grid(width(state, TEXT, bold=True) + 24))
        w = max(least, round(span * scale))
        found += _span(state, begin, Rect(x, _EDGE, w, _BAR))
        x += w
    if spans[-1] >= 0.5:
        found.append(words(x, _EDGE + _BAR + 18, f"{total:.1f} s", "nslab-end nslab-muted"))
    return found, x + _EDGE, _EDGE + _BAR + 32


def _span(state: str, begin: float, rect: Rect) -> Iterator[str]:
    forwards = state == "forwarding"
    yield f'<g class="nslab-h{_HUES.get(state, 2)}">'
    yield rectangle(rect, "nslab-cell" + ("" if forwards else " nslab-waits"), 4)
    yield words(rect.middle[0], rect.y + 18, state, "nslab-middle nslab-badge")
    yield words(rect.x, rect.bottom + 18, f"{begin:.1f} s", "nslab-muted")
    yield "</g>"


__all__ = ["stations", "timeline"]
