"""The committed figures.  script/figures writes them, and a test compares what is committed."""

from __future__ import annotations

from pathlib import Path

from nslab import Picture
from parts import networks

ROOT = Path(__file__).resolve().parents[2]


ICON = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<path d="M10 12v12h12" fill="none" stroke="#0072b2" stroke-width="3"/>
<rect x="3" y="3" width="14" height="9" rx="2" fill="#0072b2"/>
<rect x="15" y="20" width="14" height="9" rx="2" fill="#009e73"/>
</svg>
"""
"""Two boxes and a cable."""


def figures() -> dict[str, str]:
    """The text of each, by its path in the checkout."""
    picture = Picture(networks.article()[1])
    return {"docs/picture.svg": picture.svg, "docs/static/icon.svg": ICON}


def write() -> None:
    """Write all of them."""
    for name, text in figures().items():
        (ROOT / name).write_text(text, encoding="utf-8")
        print(name)
