"""A learner's progress: kept in one file, through restarts, several notebooks, and damage."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import structs
from typer.testing import CliRunner

import nslab
from nslab.cli.app import app
from nslab.course.exercises.attempt import PAUSE, Attempt
from nslab.course.progress import overview, store
from nslab.course.progress.record import Record
from nslab.jupyter.widgets.card_words import foot

NAME = "02-bridge-X2"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file, not there yet."""
    file = tmp_path / "new" / "progress.json"
    monkeypatch.setenv(store.VARIABLE, str(file))
    monkeypatch.setattr(store, "_said", set())
    return file


# -- where it is ------------------------------------------------------------------------------


def test_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NSLAB_PROGRESS", "JUPYTERHUB_ROOT_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/ada")
    assert store.path() == Path("/home/ada/.local/share/nslab/progress.json")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert store.path() == Path("/data/nslab/progress.json")
    monkeypatch.setenv("JUPYTERHUB_ROOT_DIR", "~/course")
    assert store.path() == Path("/home/ada/course/nslab-progress.json")
    monkeypatch.setenv("NSLAB_PROGRESS", "~/mine.json")
    assert store.path() == Path("/home/ada/mine.json")
    monkeypatch.setenv("NSLAB_PROGRESS", "")
    assert store.path() is None
    assert store.read() == {}
    store.keep(NAME, Record(tries=1))


# -- what is kept -----------------------------------------------------------------------------


def test_a_new_kernel_goes_on_where_the_old_one_was(kept: Path) -> None:
    first = Attempt(NAME)
    first.opened(3)
    first.chose("b")
    first.judged(passed=False)
    again = Attempt(NAME)
    assert (again.hints, again.choice, again.tries, again.passed) == (1, "b", 1, False)
    again.judged(passed=True)
    assert Attempt(NAME).passed
    assert Attempt("02-bridge-X1").tries == 0
    assert os.stat(kept).st_mode & 0o777 == 0o600
    assert [path.name for path in kept.parent.iterdir()] == ["progress.json"]


def test_an_exercise_without_a_lesson_is_not_kept(kept: Path) -> None:
    Attempt().judged(passed=True)
    assert not kept.exists()


def test_time_is_counted_between_signs_of_the_learner(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("nslab.course.exercises.attempt.time.monotonic", lambda: now[0])
    attempt = Attempt(NAME)
    attempt.opened(3)
    now[0] += 40
    assert attempt.seconds == 40
    attempt.judged(passed=False)
    now[0] += 24 * 3600
    attempt.judged(passed=True)
    assert attempt.seconds == 40 + PAUSE
    now[0] += 100
    attempt.judged(passed=True)
    assert attempt.seconds == Attempt(NAME).seconds == 40 + PAUSE


def test_two_notebooks_do_not_take_away_what_the_other_kept(kept: Path) -> None:
    mine, theirs = Attempt(NAME), Attempt(NAME)
    theirs.judged(passed=True)
    mine.opened(3)
    Attempt("03-namespace-X1").opened(3)
    assert Attempt(NAME).passed
    assert Attempt(NAME).hints == 1
    assert set(store.read()) == {NAME, "03-namespace-X1"}


def test_many_processes_at_once_lose_nothing(kept: Path) -> None:
    program = (
        "import sys\n"
        "from nslab.course.progress import store\n"
        "from nslab.course.progress.record import Record\n"
        "for number in range(10):\n"
        "    store.keep(f'{sys.argv[1]}-{number}', Record(tries=1))\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(number)]) for number in range(4)
    ]
    assert [process.wait() for process in running] == [0] * 4
    assert len(store.read()) == 40


def test_a_link_stays_a_link(kept: Path, tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    kept.parent.mkdir()
    kept.symlink_to(real)
    store.keep(NAME, Record(tries=1))
    assert kept.is_symlink()
    assert json.loads(real.read_text())["exercises"][NAME]["tries"] == 1


# -- damage -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"\xff\xfe", b"[]", b'{"version": 1}', b"null", b"[" * 100_000]
)
def test_a_damaged_file_is_kept_aside_and_said(
    kept: Path, damage: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    kept.parent.mkdir()
    kept.write_bytes(damage)
    Attempt(NAME).judged(passed=True)
    aside = kept.with_name("progress.json.damaged-1")
    assert aside.read_bytes() == damage
    said = capsys.readouterr().err
    assert "your progress was damaged" in said
    assert str(aside) in said
    assert store.read()[NAME].passed
    kept.write_bytes(damage)
    store.read()
    assert kept.with_name("progress.json.damaged-2").read_bytes() == damage
    assert aside.read_bytes() == damage


def test_what_was_edited_by_hand_is_said_and_the_rest_stays(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept.parent.mkdir()
    wrong = {"tries": "many"}
    kept.write_text(
        json.dumps(
            {
                "version": 1,
                "exercises": {NAME: wrong, "03-namespace-X1": {"passed": True, "mood": "good"}},
                "note": "mine",
            }
        )
    )
    assert store.read() == {"03-namespace-X1": Record(passed=True)}
    assert f"the entry '{NAME}' makes no sense" in capsys.readouterr().err
    store.keep("04-cables-X1", Record(hints=2))
    whole = json.loads(kept.read_text())
    assert whole["note"] == "mine"
    assert whole["exercises"][NAME] == wrong
    assert whole["exercises"]["03-namespace-X1"]["mood"] == "good"
    assert whole["exercises"]["04-cables-X1"] == {"hints": 2}


def test_what_cannot_be_written_is_said_once_and_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "file" / "progress.json"))
    monkeypatch.setattr(store, "_said", set())
    attempt = Attempt(NAME)
    attempt.judged(passed=True)
    attempt.judged(passed=True)
    assert attempt.passed
    said = capsys.readouterr().err
    assert said.count("your progress is not kept") == 1
    assert "NSLAB_PROGRESS=FILE" in said


def test_a_full_home_is_said_and_what_could_not_be_kept_is_kept_later(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store.keep(NAME, Record(tries=1))
    before = kept.read_bytes()
    with monkeypatch.context() as full:

        def refused(*_: object) -> None:
            raise OSError(errno.EDQUOT, "Disk quota exceeded")

        full.setattr(store.files, "write", refused)
        first, second = Attempt("03-namespace-X1"), Attempt("04-cables-X1")
        first.judged(passed=True)
        second.judged(passed=False)
        assert second.unkept == errno.EDQUOT
        said = capsys.readouterr().err
        assert said.count("disk quota exceeded") == 1
        assert "delete files" in said
        assert "Your progress is not kept: disk quota exceeded." in foot(second, False)
        assert kept.read_bytes() == before
    second.judged(passed=False)
    assert second.unkept == 0
    assert "quota" not in foot(second, False)
    whole = store.read()
    assert whole["03-namespace-X1"].passed, "it was done while the home was full"
    assert whole["04-cables-X1"].tries == 2
    assert whole[NAME].tries == 1


def test_half_a_file_is_never_there(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.keep(NAME, Record(tries=1))
    before = kept.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", full)
    store.keep(NAME, Record(tries=2))
    assert kept.read_bytes() == before
    assert [path.name for path in kept.parent.iterdir()] == ["progress.json"]


# -- the map ----------------------------------------------------------------------------------


def test_the_map_has_every_exercise(kept: Path) -> None:
    now = nslab.progress()
    listed = [one for lesson in overview.every() for one in lesson.exercises]
    assert [place.exercise for place in now.places] == listed
    assert now.passed == 0
    assert now.next == listed[0]
    for one in listed[:-1]:
        store.keep(one.name, Record(passed=True, tries=2, seconds=60))
    store.keep(listed[-1].name, Record(hints=1))
    now = nslab.progress()
    assert now.passed == len(listed) - 1
    assert now.next == listed[-1]
    text = str(now)
    assert f"{len(listed) - 1} of {len(listed)} exercises passed" in text
    assert "✔✔◐" in text
    assert f"next: {listed[-1].id} in {listed[-1].lesson}" in text
    assert max(map(len, text.splitlines()[:-1])) <= 80
    store.keep(listed[-1].name, Record(passed=True))
    assert "all done" in str(nslab.progress())


def test_the_map_in_a_page_opens_the_notebooks(kept: Path) -> None:
    store.keep(NAME, Record(passed=True))
    page = nslab.progress().html
    for lesson in overview.every():
        if lesson.exercises:
            assert f'href="{lesson.name}.ipynb"' in page
    for page_alone in ("00-start-here", "11-free-play"):
        assert page.count(f'href="{page_alone}.ipynb"') == 1
    first = nslab.progress().next
    assert first is not None
    assert f'<a href="{first.lesson}.ipynb">next: {first.id}' in page
    assert "X2 (build): passed" in page
    assert page.count("· next<") == 1
    assert nslab.progress()._repr_mimebundle_()["text/html"] == page


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59, "59 s"), (90, "2 min"), (3599, "1 h 00"), (7500, "2 h 05")],
)
def test_a_duration_in_words(seconds: float, said: str) -> None:
    assert overview.duration(seconds) == said


def test_the_command(kept: Path, tmp_path: Path) -> None:
    store.keep(NAME, structs.replace(Record(), passed=True, tries=3))
    run = CliRunner().invoke
    shown = run(app, ["progress"])
    assert shown.exit_code == 0
    assert shown.stdout.startswith("1 of ")
    assert str(kept) in shown.stdout
    data = json.loads(run(app, ["progress", "--json"]).stdout)
    assert data["passed"] == 1
    (bridge,) = [one for one in data["lessons"] if one["name"] == "02-bridge"]
    (found,) = [one for one in bridge["exercises"] if one["name"] == NAME]
    assert (found["state"], found["tries"], found["hints"]) == ("passed", 3, 0)
    page = tmp_path / "map.html"
    assert run(app, ["progress", "--html", str(page)]).exit_code == 0
    assert "02-bridge.ipynb" in page.read_text()
    assert run(app, ["progress", "--json", "--html", "x"]).exit_code == 2
    refused = run(app, ["progress", "--html", str(tmp_path)])
    assert refused.exit_code != 0
    assert "is a directory" in str(refused.exception)
