"""Cells run twice, backwards, after the lab was closed: answered in words that help."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from python_kernel import start_new_kernel

from nslab.errors import KINDS

pytestmark = pytest.mark.kernel

FOLDER = Path(__file__).parents[2] / "notebooks"
LIMIT = 120
SLOW = ("port_states", "docker.start", "measure.")
"""What takes long and is no different in another order."""

OTHERS = ("00", "01", "10")
"""What has no lab of its own, or only measures."""

WORDS = {*KINDS, "NameError"}
"""What a learner's mistake is called; a NameError keeps its traceback, with our words below."""


def cells(name: str) -> list[str]:
    found = json.loads((FOLDER / name).read_text())["cells"]
    sources = ["".join(cell["source"]) for cell in found if cell["cell_type"] == "code"]
    return [text for text in sources if not any(word in text for word in SLOW)]


@pytest.fixture
def client() -> Iterator[Any]:
    manager, client = start_new_kernel(startup_timeout=LIMIT, kernel_name="nslab")
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def shown(client: Any, code: str) -> list[tuple[str, str]]:
    """The errors that a cell shows: their names and what is printed of them."""
    ident = client.execute(code)
    found = []
    while True:
        message = client.get_iopub_msg(timeout=LIMIT)
        if message["parent_header"].get("msg_id") != ident:
            continue
        content = message["content"]
        if message["msg_type"] == "error":
            found.append((content["ename"], "\n".join(content["traceback"])))
        if message["msg_type"] == "stream" and "Traceback" in content["text"]:
            found.append(("printed", content["text"]))
        if message["msg_type"] == "status" and content["execution_state"] == "idle":
            return found


def run(client: Any, order: list[str]) -> None:
    for code in order:
        for name, text in shown(client, code):
            assert name in WORDS, f"{code}\n{text}"
            if name != "NameError":
                assert "Traceback" not in text, f"{code}\n{text}"
                assert 'File "' not in text, f"{code}\n{text}"
            assert "→" in text, f"{code}\n{text}"


BOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb") if path.name[:2] not in OTHERS)


@pytest.mark.parametrize("name", [name for name in BOOKS if not "07" <= name < "11"])
def test_every_cell_twice(client: Any, name: str) -> None:
    run(client, [code for code in cells(name) for _ in range(2)])


@pytest.mark.parametrize("name", BOOKS)
def test_backwards(client: Any, name: str) -> None:
    run(client, cells(name)[::-1])


@pytest.mark.parametrize("name", BOOKS)
def test_again_after_the_lab_was_closed(client: Any, name: str) -> None:
    first, *rest = cells(name)
    run(client, [first, "lab.close()", *rest])
