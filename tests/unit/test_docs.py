"""What the documentation is made of: figures, glossary, the doctor's texts, links, examples."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from pathlib import Path

import pytest
import test_architecture as architecture

import nslab
from nslab.doctor.checks import PURPOSES
from nslab.engine.refusal import diagnose

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs"))

from parts import figures, film, glossary, links, pages, reference, rooms, troubles  # noqa: E402


@pytest.mark.parametrize("name", figures.figures())
def test_figures_are_what_the_command_makes(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == figures.figures()[name]


def test_every_committed_picture_is_made_by_the_command() -> None:
    there = {
        str(path.relative_to(ROOT))
        for kind in ("svg", "png")
        for path in (ROOT / "docs").rglob(f"*.{kind}")
    }
    assert there == set(figures.figures())


@pytest.mark.parametrize("term", glossary.terms(), ids=lambda term: term.name)
def test_a_term_says_what_it_is_and_how_to_see_it(term: glossary.Term) -> None:
    assert term.what.endswith(".")
    assert term.what.count(". ") <= 2
    assert term.command
    if term.lesson:
        assert (ROOT / "notebooks" / f"{term.lesson}.ipynb").exists()
    if term.picture:
        assert "<svg" in term.picture.html
    if term.python:
        ast.parse(term.command)


def test_the_terms_that_lessons_use_are_in_the_glossary() -> None:
    known = {term.name for term in glossary.terms()}
    assert len(known) == len(glossary.terms())
    assert known >= {
        *("namespace", "link", "veth", "bridge", "port", "route", "neighbour", "fdb"),
        *("masquerade", "conntrack", "promiscuity", "macvlan", "ipvlan", "VLAN", "tap", "ARP"),
        *("MTU", "lab", "snapshot", "action", "diff", "check", "journey"),
    }


def test_every_refusal_has_its_section_in_the_doctors_words() -> None:
    source = inspect.getsource(sys.modules[diagnose.__module__])
    kinds = set(re.findall(r'Diagnosis\(\s*"([a-z-]+)"', source))
    assert {case.kind for case in troubles.CASES} == kinds
    for case in troubles.CASES:
        found = diagnose(case.step, case.errno, troubles.Facts(**case.facts))
        assert found.kind == case.kind
        assert troubles.escaped(found.cause) in troubles.text()
        assert found.remedy in troubles.text()
    assert all(f"`{name}`" in troubles.tools() for name in PURPOSES)


def test_the_drawing_has_the_rooms_and_no_arrow_that_is_forbidden() -> None:
    assert set(rooms.rooms()) == set(architecture.ROOMS)
    for source, target in rooms.imports():
        assert target in architecture.ROOMS[source]
    svg = rooms.drawing()
    assert svg.count("<text") == 2 * len(architecture.ROOMS)
    assert "black" not in svg


def test_an_arrow_that_a_longer_way_implies_is_left_out() -> None:
    assert rooms.direct({("a", "b"), ("b", "c"), ("a", "c")}) == {("a", "b"), ("b", "c")}


def test_every_public_name_is_on_one_page_of_the_reference() -> None:
    listed = [name for _, _, homes in reference.PAGES.values() for name in reference.names(homes)]
    assert sorted(listed) == nslab.__all__
    assert set(reference.MODULES) == set(nslab._MODULES)


def test_the_film_has_its_steps() -> None:
    text = film.text()
    assert text.count("<figure") == text.count("<svg") == len(film.STEPS) + 1
    assert "brctl addbr lxcbr0" in text


def test_a_page_with_an_unknown_part_is_refused() -> None:
    with pytest.raises(KeyError, match="nothing"):
        pages.filled("%% nothing\n")


PAGE = """<a href="b.html">b</a> <a href="b.html#there">there</a> <a href="https://example.org">o</a>
<img src="data:image/png;base64,AA"> <p id="here"></p> <a href="#here">here</a>"""


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("", None),
        ('<a href="c.html">', "a.html: a link to nothing: c.html"),
        ('<a href="b.html#gone">', "a.html: a link to nothing: b.html#gone"),
        ('<a href="#gone">', "a.html: a link to nothing: #gone"),
        ('<img src="gone.png">', "a.html: a link to nothing: gone.png"),
        ('<script src="https://cdn.example/x.js">', "a.html: fetches https://cdn.example/x.js"),
        ('<img src="//cdn.example/x.png">', "a.html: fetches //cdn.example/x.png"),
        (
            '<link rel="stylesheet" href="https://cdn.example/x.css">',
            "a.html: fetches https://cdn.example/x.css",
        ),
        (
            '<p style="background: url(https://cdn.example/x.png)">',
            "a.html: fetches https://cdn.example/x.png",
        ),
    ],
)
def test_links_to_nothing_and_requests_are_found(
    tmp_path: Path, more: str, problem: str | None
) -> None:
    (tmp_path / "a.html").write_text(PAGE + more)
    (tmp_path / "b.html").write_text('<p id="there"></p>')
    assert links.problems(tmp_path) == ([problem] if problem else [])


def test_requests_of_a_style_sheet_are_found(tmp_path: Path) -> None:
    (tmp_path / "x.css").write_text('@import "https://fonts.example/x.css";')
    assert links.problems(tmp_path) == ["x.css: fetches https://fonts.example/x.css"]


def test_every_example_is_in_a_page() -> None:
    shown = "".join(path.read_text() for path in (ROOT / "docs/howto").glob("*.md"))
    for path in (ROOT / "docs/examples").glob("*.py"):
        assert f"{{literalinclude}} ../examples/{path.name}" in shown
