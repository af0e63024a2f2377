"""The lessons as data, and the notebooks held against them and against the article's table."""

from __future__ import annotations

import ast
import ipaddress
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

import nslab
from nslab import Lab, lesson
from nslab.course import pools
from nslab.course.lessons import LESSONS, Lesson, article
from nslab.course.lessons.base import Same
from nslab.errors import InvalidInput, NslabError
from nslab.network.actions import AddAddress, AddBridge, Move, SetUp
from nslab.network.model import Route
from nslab.session.step import Step

FOLDER = Path(__file__).parents[2] / "notebooks"
STEPS = [(found, step) for found in LESSONS for step in found.steps]
# Rows of the article whose notebooks are still to be written.
LATER: set[str] = set()


def name_of(value: Any) -> str:
    return str(value.name if isinstance(value, Lesson) else value.id)


def cells(found: Lesson) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads((FOLDER / f"{found.name}.ipynb").read_text())["cells"]
    return read


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def printed(cell: dict[str, Any]) -> str:
    """The plain text of all outputs of a cell."""
    texts = [out.get("text", out.get("data", {}).get("text/plain", "")) for out in cell["outputs"]]
    return "".join("".join(text) for text in texts)


def place(found: Lesson, wanted: str) -> int:
    """Where the cell is that has a line with this text; it was executed."""
    for number, cell in enumerate(cells(found)):
        if cell["cell_type"] == "code" and wanted in source(cell):
            assert cell["execution_count"], f"{wanted} was not executed"
            return number
    raise AssertionError(f"no cell of {found.name} has {wanted}")


def typed(found: Lesson, step: Step, after: int = 0) -> int:
    """Where the cell is that has all lines of a step, each as a line of its own."""
    for number, cell in enumerate(cells(found)):
        if number < after:
            continue
        if cell["cell_type"] == "code" and set(step.lines) <= set(source(cell).splitlines()):
            assert source(cell).startswith("%%host")
            assert cell["execution_count"], f"{step.id} was not executed"
            return number
    raise AssertionError(f"no cell of {found.name} has the lines of {step.id} as printed")


# -- the article ------------------------------------------------------------------------------


def test_the_table_is_whole() -> None:
    ids = [row.id for row in article.ROWS]
    assert len(ids) == len(set(ids)) == 31
    assert "".join(dict.fromkeys(ident[0] for ident in ids)) == "ABCDEFGHIJK"
    assert all(row.lines or row.claim for row in article.ROWS)
    assert article.row("B1").lines == ("brctl addbr lxcbr0",)
    with pytest.raises(KeyError):
        article.row("Z9")


@pytest.mark.parametrize("row", [r for r in article.ROWS if r.id not in LATER], ids=name_of)
def test_every_row_is_a_step(row: article.Row) -> None:
    """As printed, and with something to check."""
    (found,) = [step for _, step in STEPS if row.id in step.rows]
    assert found.checks, f"the effect of {row.id} is not checked"
    for line in row.lines:
        assert line in found.lines


@pytest.mark.parametrize("row", [r for r in article.ROWS if r.id not in LATER], ids=name_of)
def test_every_row_is_run_by_a_cell_and_checked_after_it(row: article.Row) -> None:
    ((found, step),) = [(les, step) for les, step in STEPS if row.id in step.rows]
    checked = place(found, f'lab.check(lesson["{step.id}"])')
    verdict = printed(cells(found)[checked])
    assert verdict.count("✔") == len(step.checks)
    assert "✘" not in verdict
    assert set(row.lines) <= set(step.lines)
    for line in row.lines:
        # Lines of one row may stand in one cell each.
        alone = structs.replace(step, lines=(line,))
        assert typed(found, alone) < checked


# -- the notebooks ----------------------------------------------------------------------------


@pytest.mark.parametrize(("found", "step"), STEPS, ids=name_of)
def test_a_steps_question_stands_before_its_cell(found: Lesson, step: Step) -> None:
    question = next(
        number
        for number, cell in enumerate(cells(found))
        if cell["cell_type"] == "markdown" and step.guess in source(cell)
    )
    assert step.guess
    for line in step.lines:
        assert typed(found, structs.replace(step, lines=(line,)), after=question)
    assert question < place(found, f'lab.check(lesson["{step.id}"])') or not step.lines


def proofs(found: Lesson) -> Iterator[ast.Call]:
    """The calls of ``lesson.same`` in a notebook."""
    for cell in cells(found):
        if cell["cell_type"] == "code" and not source(cell).startswith("%%"):
            for node in ast.walk(ast.parse(source(cell))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "lesson.same":
                    yield node


@pytest.mark.parametrize(
    ("found", "step"), [(f, s) for f, s in STEPS if s.lines and s.actions], ids=name_of
)
def test_a_step_is_shown_by_the_library_too(found: Lesson, step: Step) -> None:
    (call,) = [call for call in proofs(found) if ast.literal_eval(call.args[0]) == step.id]
    shown = tuple(eval(ast.unparse(argument), names()) for argument in call.args[1:])
    assert shown == step.actions
    assert "✔" in printed(cells(found)[place(found, f'lesson.same("{step.id}"')])


def names() -> dict[str, Any]:
    return {name: getattr(nslab, name) for name in nslab.__all__}


@pytest.mark.parametrize("found", LESSONS, ids=name_of)
def test_a_notebook_is_its_lesson(found: Lesson) -> None:
    title = source(cells(found)[0])
    assert title.startswith(f"# {found.name[:2]} · {found.title}\n")
    for goal in found.goals:
        assert f"- {goal}" in title
    assert f'nslab.lesson("{found.name}")' in "".join(map(source, cells(found)))
    assert "**Try next**" in source(cells(found)[-1])


# -- the values -------------------------------------------------------------------------------


def test_lessons_are_found_by_name_and_number() -> None:
    assert lesson("02") is lesson("02-bridge") is LESSONS[1]
    with pytest.raises(InvalidInput, match="06-names"):
        lesson("bridges")


def test_ids_are_unique() -> None:
    ids = [step.id for _, step in STEPS]
    assert len(ids) == len(set(ids))
    with pytest.raises(InvalidInput, match="B1, B2, B3"):
        lesson("02")["C1"]


def test_a_state_is_what_was_built_before() -> None:
    bridge = lesson("02")
    assert bridge.state() == ()
    assert bridge.state("B2") == (AddBridge("lxcbr0"),)
    assert bridge.state_after()[-1] == SetUp("lxcbr0")
    assert lesson("03").state() == bridge.state_after()
    with pytest.raises(InvalidInput):
        bridge.state("D1")


def test_a_lab_starts_in_the_lessons_state_and_goes_back_to_it() -> None:
    with lesson("03").lab(engine="fake") as lab:
        assert lab.snapshot().link("lxcbr0").up
        lab.do(AddBridge("br9"))
        lab.reset()
        names = [link.name for link in lab.snapshot().host.links]
        assert "lxcbr0" in names
        assert "br9" not in names
        assert not lab.history
        assert "brctl addbr lxcbr0" in lab.script("classic")


@pytest.mark.parametrize(("found", "step"), STEPS, ids=name_of)
def test_steps_say_what_they_do(found: Lesson, step: Step) -> None:
    assert step.title
    assert step.text.endswith(".")
    assert step.guess.endswith("?")
    assert step.typed.splitlines() == list(step.lines)


def test_a_comparison_shows_itself() -> None:
    step = lesson("04")["D2"]
    same = Same(step, (Move("veth-ns1", to="ns1"),), ())
    assert same
    assert 'lab.do(Move("veth-ns1", to="ns1"))' in str(same)
    assert "ip link set dev veth-ns1 netns ns1" in str(same)
    differs = Same(step, (AddAddress("lxcbr0.1", "10.0.0.1/24", ns="ns1"),), ("host links: a, b",))
    assert not differs
    bundle = differs._repr_mimebundle_()
    assert "✘" in bundle["text/plain"]
    assert "host links: a, b" in bundle["text/plain"]
    assert "host links: a, b" in bundle["text/html"]
    assert 'AddAddress("lxcbr0.1", "10.0.0.1/24", ns="ns1")' in str(differs)


# -- which network an engine takes -------------------------------------------------------------


def route(destination: str) -> Route:
    return Route(destination=destination, dev="eth0")


def test_the_engines_pools() -> None:
    every = list(pools.pools())
    assert len(every) == len(set(every)) == 31
    assert [str(every[n]) for n in (0, 3, 14, 15, 30)] == [
        "172.17.0.0/16",
        "172.20.0.0/16",
        "172.31.0.0/16",
        "192.168.0.0/20",
        "192.168.240.0/20",
    ]
    assert all(pool.is_private for pool in every)


@pytest.mark.parametrize(
    ("routes", "taken"),
    [
        ([], "172.17.0.0/16"),
        (["default"], "172.17.0.0/16"),
        (["172.17.5.0/24"], "172.18.0.0/16"),
        (["172.17.0.0/16", "172.18.0.1/32"], "172.19.0.0/16"),
        (["172.16.0.0/12"], "192.168.0.0/20"),
        (["172.16.0.0/12", "192.168.10.0/24"], "192.168.16.0/20"),
        (["10.0.0.0/8"], "172.17.0.0/16"),
    ],
)
def test_the_first_free_pool(routes: list[str], taken: str) -> None:
    found = pools.free_pool([route(destination) for destination in routes])
    assert found == taken
    for destination in routes:
        if destination != "default":
            network = ipaddress.ip_network(destination)
            assert not network.overlaps(ipaddress.ip_network(found))


def test_no_free_pool() -> None:
    with pytest.raises(NslabError, match="31") as caught:
        pools.free_pool([route("172.16.0.0/12"), route("192.168.0.0/16")])
    assert "daemon.json" in caught.value.hint


def test_the_check_of_the_pool() -> None:
    with Lab(engine="fake") as lab:
        lab.do(AddBridge("docker0"), AddAddress("docker0", "172.18.0.1/16"), SetUp("docker0"))
        (verdict,) = lab.check(pools.TookFreePool("docker0"))
        assert not verdict
        assert "172.17.0.0/16" in verdict.message
