"""What labs are called, and which of several a cell is typed into."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

import nslab
from nslab import InvalidInput, Lab
from nslab.jupyter import magics
from nslab.session import naming


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("", "lab"),
        ("/home/ann/notebooks/05-way-out.ipynb", "05-way-out"),
        ("RTC:work/My lab (1).ipynb", "My-lab-1"),
        ("12.ipynb", "notebook-12"),
        ("网络.ipynb", "lab"),
        ("/x/" + "a" * 90 + ".ipynb", "a" * naming.LONGEST),
        ("--.ipynb", "lab"),
        ("a\nb.ipynb", "a-b"),
    ],
)
def test_after_the_notebook(monkeypatch: pytest.MonkeyPatch, path: str, name: str) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", path)
    assert naming.of_notebook() == name


def test_a_second_one_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "own.ipynb")
    with Lab(engine="fake") as first, Lab(engine="fake") as second:
        assert (first.name, second.name) == ("own", "own-2")
        assert "name=" not in second.python(), "a name that nobody chose is none to repeat"
        with Lab("own", engine="fake") as chosen:
            assert chosen.name == "own", "a name that was chosen stays"
            assert 'name="own"' in chosen.python()
    with Lab(engine="fake") as later:
        assert later.name == "own", "a closed lab's name is free"


def test_a_lesson_names_its_lab() -> None:
    with nslab.lesson("02-bridge").lab(engine="fake") as lab:
        assert lab.name == "02-bridge"


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> InteractiveShell:
    made = InteractiveShell()
    magics.load_ipython_extension(made)
    monkeypatch.setattr(magics, "shell", lambda: made)
    return made


def test_a_second_lab_is_said_and_both_can_be_typed_into(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    with Lab("one", engine="fake") as one:
        assert "%%host" not in capsys.readouterr().out
        with Lab("two", engine="fake") as two:
            said = capsys.readouterr().out
            assert "%%host and %%ns now type into the lab two" in said
            assert "%%host -l one" in said
            for cell, lab in (
                ("%%host\nexit 0\n", two),
                ("%%host -l one\nexit 0\n", one),
                ("%%host -lone timeout=5\nexit 0\n", one),
                ("%%host -l one exit 0\n", one),
            ):
                had = len(one.steps), len(two.steps)
                assert shell.run_cell(cell).success
                grown = len(one.steps) - had[0], len(two.steps) - had[1]
                assert grown == ((1, 0) if lab is one else (0, 1)), cell
            capsys.readouterr()
            one.use()
            said = capsys.readouterr()
            assert "type into the lab one" in said.out
            assert said.err == "", "news is no error"
            shell.run_cell("%%host\nexit 0\n")
            assert str(one.steps[-1].what) == "exit 0"
            assert len(one.steps) == 4
            for wrong in ("%%host -l three\ntrue", "%%host -l\ntrue", "%%ns ns1 -l x\ntrue"):
                shell.run_cell(wrong)
                assert "one, two" in "".join(capsys.readouterr()), wrong


def test_a_lab_that_takes_the_place_of_a_closed_one_is_not_talked_of(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    with Lab("one", engine="fake"):
        pass
    with Lab("two", engine="fake"):
        assert capsys.readouterr().err == ""


def test_outside_a_notebook_there_is_nothing_to_use() -> None:
    with Lab(engine="fake") as lab, pytest.raises(InvalidInput, match="no notebook"):
        lab.use()
