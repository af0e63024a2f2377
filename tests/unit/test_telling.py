"""Who hears that a virtual machine is being made."""

from __future__ import annotations

import threading

import pytest

from nslab.engine import telling
from nslab.session import progress, views


@pytest.fixture(autouse=True)
def at_leisure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NSLAB_QUICK", raising=False)


def make(tell: telling.Tell) -> None:
    for what, done in (
        ("downloading 3 of 90", 0.1),
        ("downloading 4 of 90", 0.2),
        ("unpacking", 0.5),
    ):
        tell(what, done)
    tell(telling.DONE, 1.0)


def test_a_notebook_has_a_bar_and_no_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard error is pink there, as an error is."""
    seen: list[tuple[str, float | None]] = []
    monkeypatch.setattr(views, "notebook", lambda: object())
    monkeypatch.setattr(views, "view", lambda name: lambda *shown: seen.append(shown))
    make(telling.begin())
    assert seen == [
        ("making the virtual machine: downloading 3 of 90", 0.1),
        ("making the virtual machine: downloading 4 of 90", 0.2),
        ("making the virtual machine: unpacking", 0.5),
        ("the virtual machine is ready", None),
    ]
    assert capsys.readouterr() == ("", "")


def test_a_script_has_a_line_for_each_stage(capsys: pytest.CaptureFixture[str]) -> None:
    make(telling.begin())
    said = capsys.readouterr()
    assert said.err.splitlines() == ["nslab: downloading 3 of 90 …", "nslab: unpacking …"]
    assert said.out == ""


def test_a_notebook_that_is_compared_has_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NSLAB_QUICK", "1")
    make(telling.begin())
    assert capsys.readouterr() == ("", "")


def test_a_thread_writes_into_no_cell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(views, "notebook", lambda: object())
    monkeypatch.setattr(views, "view", lambda name: pytest.fail("it was shown"))
    working = threading.Thread(target=lambda: make(telling.begin()))
    working.start()
    working.join()
    assert capsys.readouterr() == ("", "")


def test_the_session_says_it() -> None:
    assert telling.begin is progress.preparing
