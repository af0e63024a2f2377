"""The committed figures.  script/figures writes them, and a test compares what is committed."""

from __future__ import annotations

from pathlib import Path

from parts import networks

from nslab import Picture, compare

ROOT = Path(__file__).resolve().parents[2]


def figures() -> dict[str, str]:
    """The text of each, by its path in the checkout."""
    return {"docs/picture.svg": Picture(compare(*networks.plugged_in())).svg}


def write() -> None:
    """Write all of them."""
    for name, text in figures().items():
        (ROOT / name).write_text(text, encoding="utf-8")
        print(name)
