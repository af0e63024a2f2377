"""A lab in a real Jupyter kernel: the magics, the stop button, errors without tracebacks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager
from machine import agents, wait_for
from python_kernel import start_new_kernel

from nslab import lesson

LIMIT = 60
LESSONS = {"kernelspec": {"name": "nslab", "display_name": "nslab", "language": "python"}}
NAME = f"notebook-{os.getpid()}"


class Notebook:
    """A kernel and what its cells answer."""

    def __init__(self, manager: KernelManager, client: Any) -> None:
        self.manager = manager
        self.client = client

    def run(self, code: str, interrupt_at: str = "") -> tuple[str, list[dict[str, Any]]]:
        """Run a cell: how it ended, and its outputs.

        With ``interrupt_at`` the stop button is pressed when that text has been printed.
        """
        ident = self.client.execute(code)
        outputs: list[dict[str, Any]] = []
        while True:
            message = self.client.get_iopub_msg(timeout=LIMIT)
            if message["parent_header"].get("msg_id") != ident:
                continue
            content = message["content"]
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                break
            if message["msg_type"] in ("stream", "display_data", "execute_result", "error"):
                outputs.append(content)
                if interrupt_at and interrupt_at in content.get("text", ""):
                    interrupt_at = ""
                    self.manager.interrupt_kernel()
        reply = self.client.get_shell_msg(timeout=LIMIT)
        while reply["parent_header"].get("msg_id") != ident:
            reply = self.client.get_shell_msg(timeout=LIMIT)
        return reply["content"]["status"], outputs

    def text(self, code: str) -> str:
        return "".join(output.get("text", "") for output in self.run(code)[1])


@pytest.fixture(scope="module")
def notebook() -> Iterator[Notebook]:
    manager, client = start_new_kernel(startup_timeout=LIMIT, kernel_name="nslab")
    try:
        made = Notebook(manager, client)
        assert made.run(f"from nslab import *; lab = Lab(name={NAME!r})") == ("ok", [])
        yield made
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def message_of(outputs: list[dict[str, Any]]) -> str:
    """The text of the one error that a cell showed."""
    (error,) = [output for output in outputs if "ename" in output]
    text = "\n".join(error["traceback"])
    assert "Traceback" not in text
    assert 'File "' not in text
    return text


def test_a_cell_prints_what_its_commands_print_then_what_they_changed(notebook: Notebook) -> None:
    status, outputs = notebook.run("%%host\necho made\nip netns add ns1")
    assert status == "ok"
    assert outputs[0]["text"] == "made\n"
    assert "<svg" in outputs[1]["data"]["text/html"]
    assert "ns1" in outputs[1]["data"]["text/plain"]
    assert notebook.text("%%ns ns1\nls /sys/class/net") == "lo\n"


def test_the_stop_button_ends_the_command_and_keeps_the_lab(notebook: Notebook) -> None:
    status, outputs = notebook.run("%%host\necho begun\nsleep 1000", interrupt_at="begun")
    assert status == "error"
    assert "you stopped it" in message_of(outputs)
    assert notebook.text("%%host\nps ax | grep -c '[s]leep 1000'").startswith("0\n")
    assert notebook.text("%%host\necho still here") == "still here\n"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%%ns nowhere\ntrue", "nowhere"),
        ("%%ns\ntrue", "%%ns ns1"),
        ("%%host timeout=soon\ntrue", "timeout=30"),
        ("%%host timeout=5 other=6\ntrue", "timeout=30"),
        ("%%host timeout=0.2\nsleep 1000", "after 0.2 seconds"),
        ("lab.do(AddBridge('a b'))", "is not allowed in it"),
        ("lab.do(SetUp('nothing'))", "nothing"),
        ("lab.do('brctl addbr x')", "it is not an action"),
        ("lab.do(AddBridge('br99'))\nlab.undo(99)", "99 steps"),
        ("Lab(engine='elsewhere')", "elsewhere"),
    ],
)
def test_a_mistake_is_answered_in_words(notebook: Notebook, cell: str, said: str) -> None:
    status, outputs = notebook.run(cell)
    assert status == "error"
    text = message_of(outputs)
    assert said in text
    assert "→" in text


@contextmanager
def kernel(name: str) -> Iterator[Notebook]:
    manager, client = start_new_kernel(startup_timeout=LIMIT, kernel_name=name)
    try:
        yield Notebook(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_name_that_is_used_too_early_keeps_its_traceback_with_help_below() -> None:
    with kernel("nslab") as made:
        for cell in ("lab", "lesson", 'AddBridge("lxcbr0")', "something_else"):
            status, outputs = made.run(cell)
            assert status == "error"
            (error,) = [output for output in outputs if "ename" in output]
            assert error["ename"] == "NameError"
            text = "\n".join(error["traceback"])
            assert ("Traceback" in text) == (cell == "something_else"), "nslab's own are plain"
            assert ("tries and hints are kept" in text) == (cell != "something_else")
            shown, _, advice = text.partition("→ ")
            assert "Run All Above Selected Cell" in advice
            assert advice.startswith("check the spelling") == (cell == "something_else")
            assert f"name '{cell.partition('(')[0]}' is not defined" in shown
        _, outputs = made.run("def use():\n    return something_else\nuse()")
        text = "".join(outputs[0]["traceback"])
        assert "Traceback" in text
        assert "→ check" not in text, "in a function it is a bug"


def test_a_first_cell_may_be_typed_into_the_host_also_after_a_restart() -> None:
    with kernel("nslab") as made:
        for _ in range(2):
            status, outputs = made.run("%%host\nbrctl addbr lxcbr0\nls /sys/class/net/lxcbr0/brif")
            assert status == "ok"
            said = "".join(output.get("text", "") for output in outputs)
            assert "a restart ends all labs" in said
            assert "This is a fresh lab, called lab." in said
            assert "Run All Above" in said
            assert made.run("assert lab.snapshot().link('lxcbr0').kind == 'bridge'")[0] == "ok"
            assert "fresh" not in made.text("%%host\ntrue"), "it is said once"
            made.manager.restart_kernel(now=True)
            made.client.wait_for_ready(timeout=LIMIT)


def test_a_first_cell_of_a_notebook_with_a_long_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", f"{'a-long-name-' * 9}.ipynb")
    with kernel("nslab") as made:
        assert "This is a fresh lab" in made.text("%%host\ntrue")


def test_in_a_lesson_the_first_lab_is_the_lessons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "work/05-way-out.ipynb")
    with kernel("nslab") as made:
        assert "as the lesson 05-way-out begins" in made.text("%%host\nip netns exec ns1 ip link")
        assert made.run("assert lesson.name == '05-way-out'")[0] == "ok"
        assert made.run("assert lab.name == '05-way-out-fresh'")[0] == "ok"
        assert made.run("assert lab.snapshot().namespace('ns1').link('eth0').up")[0] == "ok"


def test_a_done_answer_that_runs_again_does_not_stand_there_as_an_error() -> None:
    """As in "Run All Above" when the kernel was not restarted."""
    answer = "\n".join(["%%host", *map(str, lesson("02")["X2"].answer)])
    with kernel("nslab") as made:
        made.run("import nslab; card = nslab.lesson('02')['X2'].card()")
        assert "not typed again" not in made.text(answer)
        status, outputs = made.run(answer)
        assert status == "ok"
        assert not [one for one in outputs if one.get("name") == "stderr"]
        assert "02-bridge-X2 has it already, and it is done" in outputs[0]["text"]
        assert "✔ Exercise X2 done" in outputs[1]["data"]["text/plain"]
        made.run("nslab.lesson('02')['X2'].lab.reset()")
        assert "not typed again" not in made.text(answer)


def test_a_kernel_that_does_not_use_nslab_stays_as_it_was() -> None:
    asked = (
        "import sys; shell = get_ipython()\n"
        "print([name for name in sys.modules if name.startswith('nslab')], shell.custom_exceptions,"
        " 'host' in shell.magics_manager.magics['cell'])"
    )
    with kernel("python3") as made:
        assert made.text(asked) == "[] () False\n"
        _, outputs = made.run("lesson")
        assert "→ there is no" not in "".join(outputs[0]["traceback"])
        assert made.run("import nslab; nslab.AddBridge")[0] == "ok"
        assert made.text(asked).endswith(" () False\n"), "an import alone changes nothing"


@pytest.mark.parametrize("program", ["nbconvert", "nbval"])
def test_programs_that_run_notebooks_start_the_lessons_kernel(tmp_path: Path, program: str) -> None:
    """The kernel that a lesson names has the magics before its first cell."""
    import nbformat  # takes a second: it compiles 38 grammars

    first = nbformat.v4.new_code_cell("%%host timeout=20\necho typed")
    kept = nbformat.v4.new_code_cell("import os\nos.environ.get('NSLAB_PROGRESS', 'kept')")
    book = nbformat.v4.new_notebook(cells=[first, kept], metadata=LESSONS)
    path = tmp_path / "first.ipynb"
    argv = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace"]
    nbformat.write(book, path)
    nothing = {**os.environ, "NSLAB_PROGRESS": ""}
    subprocess.run([*argv, str(path)], check=True, capture_output=True, timeout=LIMIT, env=nothing)
    outputs = nbformat.read(path, 4).cells[0].outputs
    said = "".join(output.text for output in outputs if output.name == "stdout")
    assert said.endswith("\ntyped\n")
    if program == "nbval":
        argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--nbval", str(path)]
        del nothing["NSLAB_PROGRESS"]
        ended = subprocess.run(
            argv, capture_output=True, text=True, timeout=LIMIT, cwd=tmp_path, env=nothing
        )
        assert "2 passed" in ended.stdout, ended.stdout


def test_the_end_of_the_kernel_is_the_end_of_the_lab() -> None:
    name = f"{NAME}-ending"
    manager, client = start_new_kernel(startup_timeout=LIMIT)
    try:
        made = Notebook(manager, client)
        assert made.run(f"from nslab import Lab; lab = Lab(name={name!r})")[0] == "ok"
        assert len(agents(name)) == 2
        assert "lab = Lab()" in message_of(made.run("lab.close(); lab.sh('true')")[1])
        assert "closed" in str(made.run("lab")[1])
        assert made.run(f"lab = Lab(name={name!r})")[0] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    wait_for(lambda: agents(name) == [], "the lab is gone")
