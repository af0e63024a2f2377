"""The documentation as its readers meet it: offline, by keyboard, in the dark, on a phone."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

import nslab

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = [
    "index",
    "lessons",
    *(f"lessons/{path.stem}" for path in NOTEBOOKS),
    "glossary",
    "howto/index",
    *(f"howto/{path.stem}" for path in sorted((ROOT / "docs/howto").glob("[!i]*.md"))),
    "troubleshooting",
    "reference",
    "reference/lab",
    "reference/modules",
    "architecture",
    "search",
]

PHONE = (390, 844)
Look = Callable[..., Page]
every_page = pytest.mark.parametrize("name", PAGES)

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


def serious(page: Page, rules: list[str] = WCAG) -> list[str]:
    """What axe-core finds, of what keeps somebody out.

    :param rules: tags or names of its rules
    """
    page.evaluate(AXE)
    # Without preload it looks at the style that is there, and fetches none itself.
    options = {"preload": False, "resultTypes": ["violations"], "runOnly": rules}
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{one['id']}: {node['html'][:200]} ({node['failureSummary'][:300]})"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]


@every_page
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_keeps_anybody_out(site: Path, look: Look, name: str, dark: bool) -> None:
    page = look(f"file://{site}/{name}.html", dark=dark)
    assert serious(page) == []


@every_page
def test_a_phone_shows_it_without_moving_the_page_sideways(
    site: Path, look: Look, name: str
) -> None:
    page = look(f"file://{site}/{name}.html", PHONE)
    too_wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert too_wide == 0
    assert serious(page, ["scrollable-region-focusable"]) == []


def test_what_is_looked_at_is_all_there_is(site: Path) -> None:
    made = {str(path.relative_to(site).with_suffix("")) for path in site.rglob("*.html")}
    generated = {"genindex", "py-modindex"} | {
        name for name in made if name.startswith("reference/")
    }
    assert made - generated == set(PAGES) - generated


@pytest.mark.parametrize("where", ["disk", "server"])
def test_the_search_finds_pages(site: Path, look: Look, served: str, where: str) -> None:
    base = served if where == "server" else f"file://{site}"
    look(f"{base}/index.html")
    page = look(f"{base}/search.html?q=masquerade")
    expect(page.locator("#search-results li a").first).to_be_visible(timeout=30_000)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_lesson_shows_what_ran(site: Path, path: Path) -> None:
    """Each picture of the notebook is in its page, as a part of it, and so is what was printed."""
    import nbformat  # takes a second: it compiles 38 grammars

    outputs = [
        output
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
    ]
    shown = "".join(one.get("data", {}).get("text/html", "") for one in outputs)
    page = (site / "lessons" / f"{path.stem}.html").read_text(encoding="utf-8")
    assert 0 < shown.count("<svg") <= page.count("<svg")
    for mark in ("nslab-picture nslab-inline", "nslab-check", "@keyframes"):
        assert page.count(mark) == shown.count(mark), mark
    for printed in (one.text for one in outputs if one.output_type == "stream"):
        first = next((line for line in printed.splitlines() if line.strip().isalnum()), "")
        assert first in page


def test_pictures_move_unless_you_want_none_of_it(site: Path, look: Look) -> None:
    running = (
        "document.getAnimations().filter(a => a.effect.target.closest('svg')"
        " && a.playState === 'running').length"
    )
    for dark in (False, True):
        page = look(f"file://{site}/lessons/05-way-out.html", dark=dark, still=False)
        assert page.evaluate(running) > 0
    assert look(f"file://{site}/lessons/05-way-out.html").evaluate(running) == 0


def test_a_picture_takes_the_colour_of_the_page(site: Path, look: Look) -> None:
    ink = "getComputedStyle(document.querySelector('.cell_output svg text')).fill"
    light, dark = (
        look(f"file://{site}/lessons/02-bridge.html", dark=dark).evaluate(ink)
        for dark in (False, True)
    )
    assert sum(map(int, re.findall(r"\d+", light)[:3])) < 150
    assert sum(map(int, re.findall(r"\d+", dark)[:3])) > 500


def test_the_film_plays_once_and_can_be_stopped(site: Path, chromium: Browser) -> None:
    page = chromium.new_page()
    page.clock.install()
    page.goto(f"file://{site}/index.html")
    now = page.locator(".film figure.now")
    expect(now).to_have_attribute("data-step", "1")
    page.clock.run_for(2_000)
    expect(now).to_have_attribute("data-step", "2")
    page.get_by_role("button", name="Stop", exact=True).click()
    page.clock.run_for(20_000)
    expect(now).to_have_attribute("data-step", "2")
    page.get_by_role("button", name="Play", exact=True).click()
    page.clock.run_for(8_000)
    expect(now).to_have_attribute("data-step", "6")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.get_by_role("button", name="Step 3").focus()
    page.keyboard.press("Enter")
    expect(now).to_have_attribute("data-step", "3")
    page.close()


def test_the_film_stands_still_for_those_who_want_no_motion(site: Path, look: Look) -> None:
    page = look(f"file://{site}/index.html")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    expect(page.locator(".film figure.now")).to_have_attribute("data-step", "1")


def test_without_scripts_the_film_shows_all_its_steps(site: Path, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{site}/index.html")
    expect(page.locator(".film figure:visible")).to_have_count(6)
    context.close()


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    text = "".join(path.read_text() for path in (site / "reference").glob("*.html"))
    missing = [name for name in nslab.__all__ if f'id="nslab.{name}"' not in text]
    assert not missing


def test_another_language_is_built_by_the_same_command(tmp_path: Path) -> None:
    into = tmp_path / "de"
    made = subprocess.run(
        [sys.executable, ROOT / "docs/build.py", "--into", into, "--language", "de"],
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert '<html class="no-js" lang="de"' in (into / "index.html").read_text()


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear")
    made = subprocess.run(
        [sys.executable, ROOT / "docs/build.py", "--into", tmp_path], capture_output=True, text=True
    )
    assert made.returncode == 1
    assert "name another folder" in made.stdout
    assert (tmp_path / "letter").read_text() == "dear"
