"""Terminals in the lab, opened from a notebook; what is completed and told in its cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

LAB = "import nslab\nlab = nslab.Lab('terminals')\nlab.do(nslab.AddNamespace('ns1'))"

Book = Callable[..., Any]


def screen(page: Page) -> str:
    """What the terminal that has the focus shows."""
    return page.evaluate(
        """() => {
            const all = [...window.jupyterapp.shell.widgets('main')].filter(w => w.content?.session);
            const term = all[all.length - 1]?.content._term;
            if (!term) return '';
            const lines = [];
            for (let n = 0; n < term.buffer.active.length; n++)
                lines.push(term.buffer.active.getLine(n).translateToString(true));
            return lines.join('\\n');
        }"""
    )


def test_a_terminal_opens_beside_the_notebook(book: Book) -> None:
    page = book(LAB, "lab.terminal('ns1')").page
    expect(page.locator(".jp-Terminal")).to_be_visible()
    page.wait_for_timeout(1500)
    print(repr(screen(page)))
    print(page.evaluate("JSON.parse(document.getElementById('jupyter-config-data').textContent)"))
