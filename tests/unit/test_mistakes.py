"""Slips in a cell's own Python: one answer, with the right call, and no traceback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell

import nslab
from nslab import Lab, errors
from nslab.jupyter import magics


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    made = InteractiveShell()
    magics.load_ipython_extension(made)
    with Lab(engine="fake") as lab:
        made.user_ns.update(lab=lab, nslab=nslab, Lab=Lab, AddVeth=nslab.AddVeth)
        yield made


FIRST_LINE = "→ write %%host as the cell's first line"


@pytest.mark.parametrize(
    ("cell", "answers"),
    [
        ("ip a", ("'ip a' is a command for the lab, not Python", FIRST_LINE)),
        ("# look\nsudo ip -br link | grep up\n", ("'sudo ip -br link | grep up'", FIRST_LINE)),
        ("x = 1\nip a", ("'ip a' is a command", FIRST_LINE)),
        ("  ip link\nip route", ("'ip link' is a command", FIRST_LINE)),
        ("for n in 1 2; do\n  echo $n\ndone", ("is a command", FIRST_LINE)),
        ("ifconfig", ("'ifconfig' is a command", FIRST_LINE)),
        ("arp -n", ("'arp -n' is a command", FIRST_LINE)),
        ("x = 1\n%%host\nip a", ("%%host must be the first line of its cell", "→ move")),
        ("SetUp('eth0')", ("name 'SetUp' is not defined: no cell has imported", "Run All")),
        ("lab.why('198.51.100.20')", ("missing a required argument: 'target'", "lab.why(ns, ")),
        ("lab.why()", ("missing a required argument", "lab.why(ns, target")),
        ("lab.ping('ns1')", ("missing", "write lab.ping(")),
        ("lab.ping('ns1', '10.0.0.1', conut=3)", ("unexpected keyword argument 'conut'",)),
        ("lab.sh()", ("missing a required argument: 'text'", "lab.sh(text")),
        ("lab.undo(1, 2, 3)", ("too many positional", "lab.undo(")),
        ("Lab(nam='x')", ("unexpected keyword argument 'nam'", "Lab(name=None")),
        ("AddVeth('a')", ("Missing required argument 'peer'", "write AddVeth(name, peer")),
        ("AddVeth('a', per='b')", ("per", "write AddVeth(name, peer")),
        ("lab.pinng('ns1', '10.0.0.1')", ("a Lab has no pinng", "there is ping")),
        ("lab.whyy", ("a Lab has no whyy", "there is why")),
        ("lab.zzzzz", ("a Lab has no zzzzz", "it has ")),
        ("nslab.AddBrigde('x')", ("nslab has no AddBrigde", "AddBridge")),
        ("from nslab import AddBrigde", ("nslab has no AddBrigde", "AddBridge")),
        (
            "from nslab import lesson\nlesson['Z9']",
            ("lesson is a function here", 'lesson = nslab.lesson("02-bridge")'),
        ),
        ("nslab.puzzle['one']", ("puzzle is a function here", "write puzzle(name")),
        ("from nslab import zzzzz", ("nslab has no zzzzz", "help(nslab)")),
    ],
)
def test_one_answer(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], cell: str, answers: tuple[str, ...]
) -> None:
    assert not shell.run_cell(cell).success
    said = "".join(capsys.readouterr())
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) <= 3, said
    for answer in answers:
        assert answer in said


@pytest.mark.parametrize(
    "cell",
    [
        "1 + 'x'",
        "def f():\n    lab.zzz\nf()",
        "import os; os.zzz",
        "from os import zzz",
        "print[1]",
    ],
)
def test_what_is_none_of_ours_keeps_its_traceback(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], cell: str
) -> None:
    assert not shell.run_cell(cell).success
    assert "Traceback" in "".join(capsys.readouterr())


def test_a_name_that_is_spelt_wrongly(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("AddVetj('a', 'b')")
    assert "did you mean AddVeth?" in "".join(capsys.readouterr())


def test_wrong_calls_are_type_errors_as_ever() -> None:
    with Lab(engine="fake") as lab, pytest.raises(TypeError) as caught:
        lab.why("ns1")  # type: ignore[call-arg]
    assert isinstance(caught.value, errors.WrongCall)
    assert isinstance(caught.value, errors.InvalidInput)
    with pytest.raises(TypeError, match="can only"):  # raised within, so it is no wrong call
        _raises()


def _raises() -> None:
    from nslab.network.arguments import checked

    @checked
    def inner(text: str) -> str:
        return text + 1  # type: ignore[operator]

    inner("x")
