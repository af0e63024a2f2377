"""The teacher's page: what of a learner's word is believed, and what needs a learner's leave."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from spoken import printed

HUB = Path(__file__).resolve().parents[2] / "deploy" / "hub"
sys.path.insert(0, str(HUB))

from nslab_hub.learner import place  # noqa: E402
from nslab_hub.teaching import hand_ins, room, service  # noqa: E402
from nslab_hub.teaching.course import columns  # noqa: E402
from nslab_hub.teaching.values import Answer, Exercise, Question, Report  # noqa: E402


def in_room(kept: Path, job: Callable[[room.Room], Awaitable[None]]) -> None:
    async def run() -> None:
        await job(room.Room(kept / "said.json"))

    asyncio.run(run())


def test_a_lab_is_looked_into_only_while_its_owner_shares_it(tmp_path: Path) -> None:
    async def job(the: room.Room) -> None:
        the.connect("ada")
        question = Question("q1", "teacher")
        assert (await the.ask("ada", question)).refused == room.NOT_SHARED
        the.reported("ada", Report(sharing=True))
        asking = asyncio.ensure_future(the.ask("ada", question))
        await asyncio.sleep(0)
        assert the.inbox("ada")["questions"] == [question]
        assert the.answered("ada", Answer("q1", said="it is down"))
        assert (await asking).said == "it is down"
        assert not the.inbox("ada")["questions"]

    in_room(tmp_path, job)


def test_leave_that_is_taken_back_holds_for_what_was_asked_before(tmp_path: Path) -> None:
    async def job(the: room.Room) -> None:
        the.connect("ada")
        the.reported("ada", Report(sharing=True))
        asking = asyncio.ensure_future(the.ask("ada", Question("q1", "teacher")))
        await asyncio.sleep(0)
        the.reported("ada", Report(sharing=False))
        assert (await asking).refused == room.NOT_SHARED
        assert not the.answered("ada", Answer("q1", said="too late"))

    in_room(tmp_path, job)


def test_nobody_answers_for_another_and_nobody_answers_unasked(tmp_path: Path) -> None:
    async def job(the: room.Room) -> None:
        for name in ("ada", "bob"):
            the.connect(name)
            the.reported(name, Report(sharing=True))
        asking = asyncio.ensure_future(the.ask("ada", Question("q1", "teacher")))
        await asyncio.sleep(0)
        assert not the.answered("bob", Answer("q1", said="I am ada"))
        assert the.answered("ada", Answer("q1", said="me"))
        assert (await asking).said == "me"

    in_room(tmp_path, job)


def test_two_teachers_see_the_same_and_what_was_said_outlives_the_service(tmp_path: Path) -> None:
    async def job(the: room.Room) -> None:
        first, second = (asyncio.ensure_future(the.wait(the.version, 60)) for _ in range(2))
        await asyncio.sleep(0)
        the.announce("all  to\nstep 4", "grace")
        await first
        await second
        assert the.view()["announcement"].text == "all to step 4"
        again = room.Room(tmp_path / "said.json")
        assert again.announcement == the.announcement
        assert again.version != the.version
        again.announce(" ", "alan")
        assert room.Room(tmp_path / "said.json").announcement is None
        with pytest.raises(msgspec.ValidationError):
            the.announce("x" * 501, "grace")

    in_room(tmp_path, job)


def test_who_has_gone_is_offline_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def job(the: room.Room) -> None:
        assert "ada" not in the.learners
        the.connect("ada")
        the.disconnect("ada")
        assert the.learner("ada").online, "it asks again at once"
        monkeypatch.setattr(room, "AWAY", 0.0)
        assert not the.learner("ada").online
        said = await the.ask("ada", Question("q1", "teacher"))
        assert "does not run" in said.refused

    in_room(tmp_path, job)


@pytest.mark.parametrize(
    "said",
    [
        {"heading": "x" * 201},
        {"exercises": {"../../etc": {}}},
        {"exercises": {"02-bridge-X1": {"tries": -1}}},
        {"exercises": {f"x{number}": {} for number in range(501)}},
        {"sharing": "yes"},
        [],
    ],
    ids=["long", "path", "negative", "many", "no switch", "a list"],
)
def test_a_report_that_makes_no_sense_is_none(said: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(said), type=Report)


def test_what_is_told_of_an_exercise_leaves_out_what_was_chosen(tmp_path: Path) -> None:
    file = tmp_path / "progress.json"
    record = {"passed": True, "tries": 3, "choices": ["a", "b"], "seconds": 7.5}
    file.write_text(json.dumps({"version": 1, "exercises": {"02-bridge-X1": record}}))
    told = place._exercises(file)
    assert told == {"02-bridge-X1": {"passed": True, "tries": 3, "seconds": 7.5}}
    report = msgspec.convert({"exercises": told}, Report)
    assert report.exercises["02-bridge-X1"] == Exercise(passed=True, tries=3, seconds=7.5)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"exercises": []}', '{"exercises": {"x": 1}}'])
def test_a_damaged_file_of_progress_tells_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "progress.json"
    file.write_text(text)
    assert place._exercises(file) == {}
    assert place._exercises(tmp_path / "none") == {}


def test_outputs_are_not_handed_in() -> None:
    cell: dict[str, Any] = {"cell_type": "code", "source": "x", "outputs": [{"text": "secret"}],
                            "execution_count": 3}  # fmt: skip
    book = json.dumps({"cells": [cell], "metadata": {"widgets": {"state": "secret"}}})
    sent = place._without_outputs(book)
    assert "secret" not in sent
    assert json.loads(sent)["cells"][0]["source"] == "x"
    assert place._without_outputs("no notebook") == "no notebook"


def test_what_is_handed_in_lies_in_its_learners_folder_and_nowhere_else(tmp_path: Path) -> None:
    kept = hand_ins.HandIns(tmp_path / "class")
    assert kept.take("ada", {"02-bridge.ipynb": "old", "03-namespace.ipynb": "old"}) == 2
    assert kept.take("ada", {"02-bridge.ipynb": "new"}) == 1
    folder = tmp_path / "class" / "handed-in"
    assert [(p.name, p.read_text()) for p in (folder / "ada").iterdir()] == [
        ("02-bridge.ipynb", "new")
    ]
    for learner, name in (
        ("ada", "../02.ipynb"),
        ("ada", ".hidden.ipynb"),
        ("ada", "a/b.ipynb"),
        ("ada", "run.py"),
        ("..", "02.ipynb"),
        ("a/b", "02.ipynb"),
        ("", "02.ipynb"),
    ):
        with pytest.raises(hand_ins.Refused):
            kept.take(learner, {name: "x"})
    count, when = kept.there()["ada"]
    assert (count, when > 0) == (1, True)
    assert sorted(p.name for p in (tmp_path / "class").iterdir()) == ["handed-in"]


def test_a_full_disk_leaves_what_was_handed_in_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = hand_ins.HandIns(tmp_path / "class")
    kept.take("ada", {"02-bridge.ipynb": "old"})

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        kept.take("ada", {"02-bridge.ipynb": "new"})
    monkeypatch.undo()
    folder = tmp_path / "class" / "handed-in" / "ada"
    assert (folder / "02-bridge.ipynb").read_text() == "old"


def test_the_page_has_a_column_for_each_exercise() -> None:
    names = [one["name"] for lesson in columns() for one in lesson["exercises"]]
    assert len(set(names)) == len(names) > 30
    assert all(msgspec.convert({n: {}}, dict[str, Exercise]) for n in names)


def test_a_new_start_leaves_teachers_logged_in(tmp_path: Path) -> None:
    first = service.secret(tmp_path)
    assert len(first) == 32
    assert service.secret(tmp_path) == first
    assert (tmp_path / "cookie-secret").stat().st_mode & 0o077 == 0


LOOKED = """
import html, json
from types import SimpleNamespace
from nslab import AddNamespace, AddVeth, Lab, SetUp, AddAddress
from nslab.engine import labs
from nslab_hub.learner import looking
with Lab(engine="fake") as lab:
    lab.do(AddNamespace("ns1"), AddVeth("v", "eth0", peer_ns="ns1"),
           AddAddress("eth0", "10.0.0.2/24", ns="ns1"))
    snapshot = lab.snapshot()
labs.running = lambda: [SimpleNamespace(pid=1, name="homework", age=1.0)]
labs.look = lambda lab: snapshot
asked = [looking.look({"ns": "ns1", "target": there}) for there in ("10.0.0.3", "a b")]
print(json.dumps([asked[0]["said"], asked[1]["said"], html.unescape(asked[0]["picture"])]))
"""


def looked(language: str) -> tuple[str, str, str]:
    """What a teacher is told of a lab: why, an error, the picture."""
    paths = os.pathsep.join((str(HUB), str(HUB.parents[1])))
    said = printed(LOOKED, language, path=paths)
    why, error, picture = json.loads(said)
    return why, error, picture


def test_why_of_a_learners_lab_is_told_in_the_teachers_language() -> None:
    why, error, picture = looked("de")
    assert "✘ ns1/eth0 ist aus, also gibt es keine Route nach 10.0.0.0/24" in why
    assert "(es wurde kein Paket gesendet: so zeigt es der Snapshot)" in why
    assert "geht nicht: es ist weder eine Adresse noch ein Name" in error
    assert "host (der Pseudo-Host)" in picture
    assert ">Pseudo-Host</text>" in picture
    why, error, picture = looked("en")
    assert "✘ ns1/eth0 is down, so 10.0.0.0/24 has no route" in why
    assert error.startswith("cannot explain the way to 'a b'")
    assert ">pseudo-host</text>" in picture


@pytest.mark.parametrize("language", ["../x", "DE", "", "deu"])
def test_a_language_is_two_letters(language: str) -> None:
    """It becomes a part of a path."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"id": "q1", "teacher": "grace", "language": language}, Question)
