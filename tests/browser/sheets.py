"""Contact sheets: what a reader sees, in each window and theme, beside each other.

``script/sheet`` calls :func:`make`.
"""

from __future__ import annotations

import base64
import html
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from chromium import ARGUMENTS
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Locator, Page, sync_playwright

WIDGETS = "widgets"
"""What is asked for beside the lessons."""

VIEWS = {"900": 900, "1280": 1280, "200%": 640}
"""By name: how many pixels a window is wide."""

THEMES = ("light", "dark")

LEGIBLE, TALL = 11, 2000
"""Pixels: of letters that can be read, and how high a sheet may become."""


@dataclass(frozen=True)
class Shot:
    """A picture or a widget in one window and one theme."""

    name: str
    view: str
    theme: str
    png: bytes
    wide: int
    high: int
    letter: float
    """How high the smallest letters of its pictures are, in pixels of the page; 0 without any."""
    natural: str = ""
    """How large a picture was drawn."""

    @property
    def caption(self) -> str:
        """What stands above it."""
        told = f"{self.letter:.1f} px letters" if self.letter else ""
        if self.is_small:
            told = f"<b>{told}</b>"
        return " · ".join(filter(None, [html.escape(self.name), self.natural, told]))

    @property
    def is_small(self) -> bool:
        """Whether it has letters that are hard to read."""
        return 0 < self.letter < LEGIBLE - 0.05


PICTURE = "svg:is(.nslab-picture, .nslab-chart):not(.nslab-small)"

MEASURE = """all => {
    const pictures = [...all.querySelectorAll('PICTURE')].filter(each => each.clientWidth);
    // What is written on a picture becomes smaller with it.
    const sizes = pictures.flatMap(svg => [...svg.querySelectorAll('text')].map(each =>
        parseFloat(getComputedStyle(each).fontSize)
            * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width));
    const box = pictures[0]?.viewBox.baseVal;
    return [sizes.length ? Math.min(...sizes) : 0, box ? `${box.width}×${box.height}` : ''];
}""".replace("PICTURE", PICTURE)
"""How high the smallest letters of a part's pictures are, and how large the first was drawn."""


def chosen(words: Sequence[str], notebooks: Path) -> list[str]:
    """The notebooks that some words begin, in order, and the widgets; without words all.

    :param words: beginnings of their names
    :param notebooks: the folder that they are in
    :raises LookupError: no notebook begins so
    """
    names = [path.stem for path in sorted(notebooks.glob("*.ipynb"))] + [WIDGETS]
    for word in words:
        if not any(name.startswith(word) for name in names):
            raise LookupError(f"no notebook begins with {word}; there are {', '.join(names)}")
    return [name for name in names if not words or name.startswith(tuple(words))]


def make(names: Sequence[str], notebooks: Path, folder: Path) -> list[Path]:
    """Make the sheets of some notebooks, and of the widgets; says what it made.

    :param names: as :func:`chosen` has them
    :param notebooks: the folder that the notebooks are in
    :param folder: where the sheets go; those of the same names are replaced
    """
    path = shutil.which("chromium")
    assert path, "there is no chromium: script/test browser installs it"
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        for name in names:
            for old in folder.glob(f"{name}-*.png"):
                old.unlink()
            if name == WIDGETS:
                # What brings JupyterLab up is needed for these alone.
                from sheet_widgets import widgets

                shots = list(widgets(browser))
            else:
                shots = list(pictures(browser, notebooks / f"{name}.ipynb"))
            new = list(sheets(browser, name, shots, folder))
            print(f"{name}: {told(shots)} on {len(new)} sheets", flush=True)
            made += new
        browser.close()
    print(f"{len(made)} sheets in {folder}")
    return made


def told(shots: Sequence[Shot]) -> str:
    """What there is to be looked at, in a few words."""
    small = sorted({shot.name for shot in shots if shot.is_small})
    words = f" (letters below {LEGIBLE} px: {', '.join(small)})" if small else ""
    count = len({shot.name for shot in shots})
    return f"{count} picture{'' if count == 1 else 's'}{words}"


def pictures(browser: Browser, path: Path) -> Iterator[Shot]:
    """The saved pictures of a notebook, as its page shows them."""
    for theme in THEMES:
        text, _ = HTMLExporter(theme=theme).from_filename(str(path))
        page = browser.new_page()
        page.route(lambda url: not url.startswith("data:"), lambda route: route.abort())
        page.set_content(text)
        drawn = page.locator(f".jp-OutputArea-output:has({PICTURE})")
        for view, wide in VIEWS.items():
            page.set_viewport_size({"width": wide, "height": 900})
            for one in drawn.all():
                cell = one.locator("xpath=ancestor::*[starts-with(@id, 'cell-id=')][1]")
                name = str(cell.get_attribute("id")).removeprefix("cell-id=")
                yield shot(one, name, view, theme)
        page.close()


def shot(part: Locator, name: str, view: str, theme: str) -> Shot:
    """A part of a page as it is now."""
    png = part.screenshot(animations="disabled")
    letter, natural = part.evaluate(MEASURE)
    return Shot(name, view, theme, png, *size(png), letter, natural)


def size(png: bytes) -> tuple[int, int]:
    """How wide and how high an image is."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


LOOK = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; width: fit-content; padding: 16px; background: #8d949c; color: #000;
    font: 14px/1.5 system-ui, sans-serif; }
h1 { font-size: 18px; margin: 0 0 12px; } b { color: #a00000; }
.row { display: flex; gap: 16px; margin-bottom: 16px; } img { display: block; }
</style>"""


def sheets(browser: Browser, name: str, shots: Sequence[Shot], folder: Path) -> Iterator[Path]:
    """Write the sheets: for each window, with light and dark beside each other."""
    page = browser.new_page(viewport={"width": 800, "height": 600})
    for view in VIEWS:
        rows: dict[str, list[Shot]] = {}
        for one in shots:
            if one.view == view:
                rows.setdefault(one.name, []).append(one)
        for number, part in enumerate(_split(list(rows.values())), 1):
            path = folder / f"{name}-{view.rstrip('%')}-{number}.png"
            _write(page, f"{name}, {view}{'' if '%' in view else ' px'}", part, path)
            yield path
    page.close()


def _split(rows: list[list[Shot]]) -> Iterator[list[list[Shot]]]:
    """The rows of one sheet after the other."""
    part: list[list[Shot]] = []
    high = 0
    for row in rows:
        tall = max(one.high for one in row) + 40
        if part and high + tall > TALL:
            yield part
            part, high = [], 0
        part.append(row)
        high += tall
    if part:
        yield part


def _write(page: Page, title: str, rows: list[list[Shot]], path: Path) -> None:
    body = [LOOK, f"<h1>{html.escape(title)}</h1>"]
    for row in rows:
        body.append('<div class="row">')
        for one in row:
            image = base64.b64encode(one.png).decode()
            body.append(
                f'<div style="width:{one.wide}px">{one.caption}'
                f'<img src="data:image/png;base64,{image}"></div>'
            )
        body.append("</div>")
    page.set_content("".join(body))
    page.evaluate("() => Promise.all([...document.images].map(each => each.decode()))")
    page.locator("body").screenshot(path=path)
