"""The picture in another engine than Chromium's: looked at by keys and by mouse, in JupyterLab."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from firefox import firefox

from nslab.cli.notebooks import trust

WINDOW = "document.querySelector('.nslab-live .nslab-window')"
WIDTH = f"{WINDOW}.querySelector('svg.nslab-picture').getBoundingClientRect().width"
PLACE = f"[{WINDOW}.scrollLeft, {WINDOW}.scrollTop]"

RUN_ALL = """(async () => {
    const app = window.jupyterapp;
    await app.restored;
    const widget = [...app.shell.widgets('main')].find(one => one.context);
    await widget.context.ready;
    await widget.context.sessionContext.ready;
    app.shell.activateById(widget.id);
    await app.commands.execute('notebook:run-all-cells');
})()"""

STANDS = """(async () => {
    let before = 0;
    for (let times = 0; times < 4;) {
        await new Promise(requestAnimationFrame);
        const now = WIDTH;
        times = now && now === before ? times + 1 : 0;
        before = now;
    }
    return before;
})()""".replace("WIDTH", WIDTH)
"""How wide the picture is, as soon as it is as large as it will be."""


def test_a_picture_is_zoomed_by_key_and_moved_by_mouse(jupyter: Any, tmp_path: Path) -> None:
    cell = "import nslab\nlab = nslab.lesson('06').lab(name='fox')\nlab.live()"
    name = "firefox.ipynb"
    kernel = {"display_name": "python3", "language": "python", "name": "python3"}
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell)], metadata={"kernelspec": kernel}
    )
    nbformat.write(book, jupyter.folder / name)
    trust(jupyter.folder / name)
    jupyter.set_theme("JupyterLab Light")
    with firefox(tmp_path) as page:
        page.size(1366, 768)
        page.goto(jupyter.url(name))
        page.wait("[...window.jupyterapp?.shell.widgets('main') ?? []].some(one => one.context)")
        page.evaluate(RUN_ALL)
        page.wait(f"Boolean({WINDOW}?.querySelector('svg.nslab-picture'))")
        first = page.evaluate(STANDS)
        page.evaluate(f"{WINDOW}.focus()")
        page.press("+", "+", "+", "+")
        assert page.evaluate(WIDTH) == pytest.approx(first * 1.25**4, rel=0.02)
        page.evaluate(f"{WINDOW}.scrollTo(150, 100)")
        left, top = page.evaluate(f"(box => [box.x, box.y])({WINDOW}.getBoundingClientRect())")
        page.drag((round(left) + 200, round(top) + 8), (60, 40))
        assert page.evaluate(PLACE) == pytest.approx([90, 60], abs=3)
        page.wait("Boolean(document.querySelector('.nslab-live .nslab-map svg'))")  # it says where
        if folder := os.environ.get("NSLAB_SCREENSHOTS"):
            page.screenshot(Path(folder) / "firefox.png")
        page.press("0")
        assert page.evaluate(WIDTH) == pytest.approx(first, abs=1)
    jupyter.end_kernels()
