"""Small drawings that tell kinds of things apart, of 16 by 16 pixels, in lines alone."""

from __future__ import annotations

ICONS: dict[str, str] = {
    # A screen on its foot.
    "machine": "M2.5 2.5h11v8h-11zM8 10.5v3M5 13.5h6",
    # A room with a door left open.
    "namespace": "M9.5 13.5h4v-11h-11v11h3M5.5 13.5v-4h4",
    # A crate.
    "container": "M8 1.8l5.6 3v6.4L8 14.2l-5.6-3V4.8zM2.4 4.8L8 7.9l5.6-3.1M8 7.9v6.3",
    # A prompt.
    "process": "M2 2.5h12v11H2zM4.5 6l2.2 2-2.2 2M8.5 10.5h3",
    # What comes in by one side goes out by the others.
    "switch": "M1.5 4.5h13v7h-13zM4 7h5M7.4 5.6L9 7l-1.6 1.4M12 9.4H7M8.6 8L7 9.4l1.6 1.4",
    # Ways that cross.
    "router": "M8 1.6a6.4 6.4 0 1 0 .01 0zM8 4v3M6.8 5.2L8 4l1.2 1.2M8 12V9M6.8 10.8L8 12l1.2-1.2"
    "M12 8H9M10.8 6.8L12 8l-1.2 1.2M4 8h3M5.2 6.8L4 8l1.2 1.2",
    # Two drawers with a light each.
    "server": "M2.5 2.5h11v5h-11zM2.5 8.5h11v5h-11zM5 5h.4M5 11h.4",
    # No way through.
    "drops": "M8 2.1a5.9 5.9 0 1 0 .01 0zM4.8 8h6.4",
    # A shield.
    "filter": "M8 1.8l5 1.8v4c0 3-2 5.2-5 6.6-3-1.4-5-3.6-5-6.6v-4z",
}

_OPEN = "M-6 3.4H6M3 .6L6 3.4 3 6.2M6-3.4H-6M-3-6.2L-6-3.4-3-.6"
_SHUT = "M-5.6-5.6L5.6 5.6M-6 0H-2.4M2.4 0H6"
"""What is in the round sign for forwarding, around its middle."""

WORLD = {"lan": "machine", "switch": "switch", "router": "router", "internet": "server"}

SPACES = {"container": "container", "namespace": "namespace", "process": "process"}


def icon(name: str, x: int, y: int) -> str:
    """An icon with its upper left corner at a place."""
    return f'<path class="nslab-icon" transform="translate({x} {y})" d="{ICONS[name]}"/>'


def forwarding(x: int, y: int, size: float = 1, *, is_open: bool = True, more: str = "") -> str:
    """The round sign for forwarding with its middle at a place; of size 1 its radius is 12."""
    classes = "nslab-gate" + (" nslab-open" if is_open else "") + more
    scale = "" if size == 1 else f" scale({size:g})"
    return (
        f'<g class="{classes}" transform="translate({x} {y}){scale}"><circle r="11.2"/>'
        f'<path d="{_OPEN if is_open else _SHUT}"/></g>'
    )
