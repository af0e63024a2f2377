"""A lab in a real Jupyter kernel: the magics, the stop button, errors without tracebacks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.manager import KernelManager, start_new_kernel
from machine import agents, wait_for

LIMIT = 60
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
    manager, client = start_new_kernel(startup_timeout=LIMIT)
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
    assert "it was stopped by you" in message_of(outputs)
    assert notebook.text("%%host\nps ax | grep -c '[s]leep 1000'").startswith("0\n")
    assert notebook.text("%%host\necho still here") == "still here\n"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%%ns nowhere\ntrue", "nowhere"),
        ("%%ns\ntrue", "%%ns ns1"),
        ("%%host now\ntrue", "timeout=30"),
        ("%%host timeout=0.2\nsleep 1000", "after 0.2 seconds"),
        ("lab.do(AddBridge('a b'))", "may not stand in it"),
        ("lab.do(SetUp('nothing'))", "nothing"),
        ("lab.do('brctl addbr x')", "it is not an action"),
        ("lab.undo(99)", "99 steps"),
        ("Lab(engine='elsewhere')", "elsewhere"),
    ],
)
def test_a_mistake_is_answered_in_words(notebook: Notebook, cell: str, said: str) -> None:
    status, outputs = notebook.run(cell)
    assert status == "error"
    text = message_of(outputs)
    assert said in text
    assert "→" in text


def test_a_cell_that_is_run_too_early_is_answered_in_words() -> None:
    manager, client = start_new_kernel(startup_timeout=LIMIT)
    try:
        made = Notebook(manager, client)
        for cell in ("%%host\nbrctl addbr lxcbr0", "lab", "lesson", 'AddBridge("lxcbr0")'):
            status, outputs = made.run(cell)
            assert status == "error"
            assert "Run All Above Selected Cell" in message_of(outputs)
        assert "check the spelling" in message_of(made.run("something_else")[1])
        _, outputs = made.run("def use():\n    return something_else\nuse()")
        assert "Traceback" in "".join(outputs[0]["traceback"]), "a bug in a function is one"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


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
