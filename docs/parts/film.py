"""The ten seconds of the landing page: five steps, each with its commands and its picture."""

from __future__ import annotations

from html import escape
from pathlib import Path

from nslab import Picture, compare
from nslab.draw import Memory
from nslab.network.actions import commands
from parts.networks import BRIDGE, CABLE, NAMESPACE, OUT, snapshots

ROOT = Path(__file__).resolve().parents[2]

STEPS = (
    ("A host of your own: it has a card, and a small world lies outside.", ()),
    ("Type what makes a bridge. What is new is green.", BRIDGE),
    ("Make a namespace: a second, empty network.", NAMESPACE),
    ("Plug it in with a virtual cable.", CABLE),
    ("Give it a way out: a route, forwarding, address translation.", OUT),
)
PING = "See where a ping goes, and what is rewritten on its way."
PING_IN = "05-way-out.ipynb"


def text() -> str:
    """The film as HTML; without scripts all its steps stand below each other."""
    shots = snapshots(*(actions for _, actions in STEPS[1:]))
    memory = Memory()
    frames = [_frame(1, STEPS[0][0], "lab = Lab()", Picture(shots[0], memory).html)]
    for number, (said, actions) in enumerate(STEPS[1:], 2):
        lines = "\n".join(map(str, commands(actions, "classic")))
        picture = Picture(compare(shots[number - 2], shots[number - 1]), memory)
        frames.append(_frame(number, said, lines, picture.html))
    frames.append(_frame(len(STEPS) + 1, PING, "seen.journey()", journey()))
    return (
        '<section class="film" aria-label="A lab in ten seconds">\n'
        + "\n".join(frames)
        + "\n</section>"
    )


def journey() -> str:
    """The picture of a ping's way, as the lesson that captures it has it in its saved outputs.

    :raises LookupError: the lesson shows no journey any more
    """
    import nbformat  # takes a second: it compiles 38 grammars

    book = nbformat.read(ROOT / "notebooks" / PING_IN, as_version=4)
    for cell in book.cells:
        if cell.source.strip().endswith("seen.journey()"):
            for output in cell.outputs:
                if html := output.get("data", {}).get("text/html"):
                    return str(html)[str(html).index("<svg") :].partition("</svg>")[0] + "</svg>"
    raise LookupError(f"{PING_IN} has no output of seen.journey()")


def _frame(number: int, said: str, lines: str, picture: str) -> str:
    return (
        f'<figure data-step="{number}"><figcaption><b>{number}</b> {escape(said)}</figcaption>'
        f"<pre>{escape(lines)}</pre>{picture}</figure>"
    )
