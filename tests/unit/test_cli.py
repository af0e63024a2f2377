"""The command line without a lab: help, usage, errors, choosing a lab, copying the lessons."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from snapshots import article

import nslab
from nslab.cli import main, notebooks, show
from nslab.cli.pick import pick
from nslab.engine import labs as engine_labs
from nslab.engine.runtime import Held, Record
from nslab.errors import InvalidInput, NslabError
from nslab.network.model import Link, Namespace, Snapshot

ONE = engine_labs.Running(name="one", pid=101, uid=os.geteuid(), age=5.0)
TWO = engine_labs.Running(name="two", pid=102, uid=os.geteuid(), age=500.0)
TWIN = engine_labs.Running(name="one", pid=103, uid=os.geteuid(), age=90000.0 * 3)

SNAPSHOT = Snapshot(
    namespaces=(
        Namespace(
            inode=1,
            role="host",
            label="host",
            links=(Link(name="eth0", index=2, up=True),),
            unseen=("NAT rules: operation not permitted",),
        ),
    ),
    title="lab",
)


def run(*arguments: str) -> int | str | None:
    """The exit code of the command line."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code or 0


def labs(monkeypatch: pytest.MonkeyPatch, *running: engine_labs.Running) -> None:
    monkeypatch.setattr(engine_labs, "running", lambda: list(running))


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"nslab {nslab.__version__}\n"


@pytest.mark.parametrize("command", ["doctor", "lab", "enter", "show", "why"])
def test_every_command_has_help_with_examples(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, "--help") == 0
    text = capsys.readouterr().out
    assert f"\n  nslab {command}\n" in text or f"\n  nslab {command} " in text
    assert max(map(len, text.splitlines())) <= 100


def test_every_command_is_in_the_readme() -> None:
    readme = Path(nslab.__file__).parents[1] / "README.md"
    text = readme.read_text()
    for command in ("doctor", "lab", "enter", "show", "why"):
        assert f"nslab {command}" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["show", "--json", "--dot"],
        ["show", "--machine", "--lab", "x"],
        ["show", "--", "more"],
        ["doctor", "--", "more"],
        ["lab", "--port", "0"],
        ["enter", "a", "b"],
        ["why", "ns1"],
        ["why", "ns1", "10.0.0.1", "--machine", "--lab", "one"],
    ],
)
def test_wrong_usage_exits_with_2(
    arguments: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_no_lab(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    labs(monkeypatch)
    assert run("enter") == 1
    assert capsys.readouterr().err == (
        "nslab: cannot enter a lab: no lab of yours is running\n"
        "  → start one in a notebook: from nslab import Lab; lab = Lab()\n"
    )


def test_what_is_advised_can_be_typed_where_nslab_is_not_on_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    beside = tmp_path / "nslab"
    monkeypatch.setattr("sys.executable", str(tmp_path / "python3"))
    monkeypatch.setenv("PATH", "/nowhere")
    said = NslabError("enter", "a lab", "several labs are running", "nslab enter ns1\nor not")
    assert str(said).endswith(f"\n  → {tmp_path}/python3 -P -m nslab enter ns1\n  → or not")
    beside.write_text("")
    beside.chmod(0o755)
    assert str(said).endswith(f"\n  → {beside} enter ns1\n  → or not")
    monkeypatch.setenv("PATH", f"/nowhere:{tmp_path}")
    assert str(said).endswith("\n  → nslab enter ns1\n  → or not")
    assert said.hint.startswith("nslab enter ns1"), "what is said is one text, wherever it is read"


def test_the_only_lab_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    labs(monkeypatch, ONE)
    assert pick(None, "enter") is ONE


@pytest.mark.parametrize(("wanted", "found"), [("two", TWO), ("103", TWIN), ("101", ONE)])
def test_a_lab_by_name_or_process(
    monkeypatch: pytest.MonkeyPatch, wanted: str, found: engine_labs.Running
) -> None:
    labs(monkeypatch, ONE, TWO, TWIN)
    assert pick(wanted, "enter") is found


@pytest.mark.parametrize(
    ("wanted", "cause"),
    [
        (None, "several labs are running"),
        ("one", "several labs are running"),
        ("three", "no lab of that name is running"),
    ],
)
def test_which_labs_there_are(
    monkeypatch: pytest.MonkeyPatch, wanted: str | None, cause: str
) -> None:
    labs(monkeypatch, ONE, TWO, TWIN)
    with pytest.raises(NslabError, match=cause) as error:
        pick(wanted, "show")
    hint = error.value.hint
    assert "nslab show --lab 101    # one, 5 s old" in hint
    assert "nslab show --lab 103    # one, 3 days old" in hint
    assert ("nslab show --lab two    # 8 min old" in hint) == (wanted != "one")


def test_the_lab_that_has_the_namespace_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {101: ["ns1"], 102: ["ns1", "ns2"], 103: []}
    labs(monkeypatch, ONE, TWO, TWIN)
    monkeypatch.setattr("nslab.cli.pick._namespaces", lambda lab: seen[lab.pid])
    assert pick(None, "enter", ns="ns2") is TWO
    with pytest.raises(NslabError, match="several labs are running") as error:
        pick(None, "enter", ns="ns1", words=["enter", "ns1"])
    assert "nslab enter ns1 --lab 101    # one, 5 s old, with ns1\n" in str(error.value)
    assert "with ns1, ns2" in error.value.hint
    assert pick("two", "enter", ns="ns9") is TWO, "one that is named is meant"


@pytest.mark.parametrize("wanted", [None, "nobody"])
def test_of_a_namespace_that_no_lab_has_those_are_offered_that_there_are(
    monkeypatch: pytest.MonkeyPatch, wanted: str | None
) -> None:
    seen = {101: ["ns1"], 102: ["a b", "ns2"], 103: []}
    labs(monkeypatch, ONE, TWO, TWIN)
    monkeypatch.setattr("nslab.cli.pick._namespaces", lambda lab: seen[lab.pid])
    with pytest.raises(NslabError, match="and none has a namespace called ns9") as error:
        pick(wanted, "why", ns="ns9", words=["why", "ns9", "ns9"])
    assert error.value.hint.splitlines() == [
        "nslab why ns1 ns9 --lab 101    # one, 5 s old, with ns1",
        "nslab why 'a b' ns9 --lab two    # 8 min old, with a b, ns2",
    ]
    with pytest.raises(NslabError) as error:
        pick(wanted, "enter", ns="router", words=["enter", "router"])
    assert "none has" not in error.value.cause, "every lab has a router"
    assert error.value.hint.startswith("nslab enter router --lab 101    # one, 5 s old")
    monkeypatch.setattr("nslab.cli.pick._namespaces", lambda _: [])
    with pytest.raises(NslabError, match="and none has a namespace") as error:
        pick(wanted, "enter", ns="ns9", words=["enter", "ns9"])
    assert error.value.hint == "make one in a notebook: ip netns add ns1"


def test_another_users_name_is_shown_and_never_to_be_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    evil = engine_labs.Running("x\x1b]0;\x07; reboot", 104, os.geteuid() + 1, 5.0)
    number = engine_labs.Running("101", 105, os.geteuid() + 1, 5.0)
    labs(monkeypatch, ONE, evil, number)
    assert pick(None, "show") is ONE, "one's own is meant"
    with pytest.raises(NslabError) as error:
        pick("neither", "show")
    assert "\x1b" not in str(error.value)
    assert r"--lab 104    # x\x1b]0;\x07; reboot of " in error.value.hint
    assert "--lab 105    # 101 of " in error.value.hint
    assert pick("101", "show") is ONE  # whoever calls his lab so stands in nobody's way


def test_enter_passes_the_command_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def enter(lab: engine_labs.Running, ns: str | None, argv: Sequence[str]) -> int:
        seen.append((lab, ns, list(argv)))
        return 7

    labs(monkeypatch, ONE)
    monkeypatch.setattr(engine_labs, "enter", enter)
    assert run("enter", "ns1", "--", "ip", "-br", "--", "address") == 7
    assert run("enter", "--", "ip", "address") == 7
    assert run("enter", "host") == 7
    assert seen == [
        (ONE, "ns1", ["ip", "-br", "--", "address"]),
        (ONE, None, ["ip", "address"]),
        (ONE, None, []),
    ]


def test_interrupt_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine_labs, "running", interrupted)
    assert run("enter") == 130


def test_show_json(capsys: pytest.CaptureFixture[str]) -> None:
    show.write(SNAPSHOT, "json")
    out, err = capsys.readouterr()
    assert json.loads(out)["namespaces"][0]["links"][0]["name"] == "eth0"
    assert err == ""


def test_show_text_says_what_was_not_seen(capsys: pytest.CaptureFixture[str]) -> None:
    show.write(SNAPSHOT, "text")
    out, err = capsys.readouterr()
    assert "eth0" in out
    assert "NAT rules: operation not permitted" in out
    assert err == ""


def test_what_a_drawing_does_not_show_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    show.write(SNAPSHOT, "dot")
    out, err = capsys.readouterr()
    assert "eth0" in out
    assert err == "not seen in host: NAT rules: operation not permitted\n"


def test_show_into_a_file_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(NslabError, match=r"cannot write .*: no such file or directory"):
        show._save(tmp_path / "no" / "lab.svg", "<svg/>")


def test_a_closed_pipe_is_quiet() -> None:
    code = (
        "import sys\nfrom nslab.cli import main, doctor\n"
        "def run(as_json, whole):\n    print('x' * 200000)\n    return 0\n"
        "doctor.run = run\nmain(['doctor'])\n"
    )
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-c", code], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert ended.stderr == b""
    assert ended.returncode == 1


# -- the lessons -------------------------------------------------------------------------------


def notebook(path: Path, source: str = "1 + 1", *, output: bool = True) -> None:
    outputs = [
        {
            "output_type": "execute_result",
            "execution_count": 1,
            "metadata": {},
            "data": {"text/plain": "2", "image/svg+xml": "<svg/>"},
        }
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    cell = {
        "cell_type": "code",
        "id": "one",
        "execution_count": 1,
        "metadata": {},
        "source": source,
        "outputs": outputs if output else [],
    }
    path.write_text(
        json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )


@pytest.fixture
def lessons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lessons as a wheel installs them, in a home of their own."""
    folder = tmp_path / "installed"
    notebook(folder / "02-bridge.ipynb")
    notebook(folder / "00-start.ipynb")
    (folder / "data").mkdir()
    (folder / "data" / "table.csv").write_text("a,b\n")
    notebook(folder / ".ipynb_checkpoints" / "02-bridge-checkpoint.ipynb")
    monkeypatch.setattr(notebooks, "source", lambda: (folder, False))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "home" / "jupyter"))
    monkeypatch.chdir(tmp_path)
    return folder


def test_lessons_are_copied_and_trusted(lessons: Path, tmp_path: Path) -> None:
    assert notebooks.untrusted() == ["00-start.ipynb", "02-bridge.ipynb"]
    folder = notebooks.prepare()
    assert folder == tmp_path / "nslab-notebooks"
    assert [path.name for path in notebooks.lessons(folder)] == [
        "00-start.ipynb",
        "02-bridge.ipynb",
    ]
    assert (folder / "data" / "table.csv").read_text() == "a,b\n"
    assert not (folder / ".ipynb_checkpoints").exists()
    assert notebooks.untrusted() == []


def test_who_is_in_the_copys_own_folder_is_told_of_the_copy(
    lessons: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(notebooks.prepare())  # where a terminal of JupyterLab begins on a hub
    assert notebooks.untrusted() == []


def test_a_copy_keeps_the_work_of_the_learner(lessons: Path, tmp_path: Path) -> None:
    folder = notebooks.prepare(tmp_path / "mine")
    mine = folder / "02-bridge.ipynb"
    notebook(mine, "my own")
    (folder / "00-start.ipynb").unlink()
    notebooks.prepare(tmp_path / "mine")
    assert "my own" in mine.read_text()
    assert (folder / "00-start.ipynb").exists()


def test_in_a_checkout_too_one_works_on_a_copy(
    lessons: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(notebooks, "source", lambda: (lessons, True))
    monkeypatch.chdir(lessons)
    assert notebooks.prepare() == tmp_path / "nslab-notebooks"
    assert notebooks.untrusted() == []
    assert notebooks.prepare(executed=True) == lessons


def test_a_learner_sees_no_output_before_a_cell_has_run(lessons: Path, tmp_path: Path) -> None:
    import nbformat  # takes a second: it compiles 38 grammars

    book = nbformat.read(lessons / "00-start.ipynb", 4)
    book.cells[0].outputs = [nbformat.v4.new_output("stream", text="seen before")]
    book.cells[0].execution_count = 1
    book.metadata["widgets"] = {"state": {}}
    nbformat.write(book, lessons / "00-start.ipynb")
    cleared = nbformat.read(notebooks.prepare() / "00-start.ipynb", 4)
    nbformat.validate(cleared)
    assert "widgets" not in cleared.metadata
    assert [cell.source for cell in cleared.cells] == [cell.source for cell in book.cells]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cleared.cells)
    folder = notebooks.prepare(executed=True)
    assert folder == tmp_path / "nslab-notebooks-executed"
    assert "seen before" in (folder / "00-start.ipynb").read_text()
    assert not list(folder.glob(".*"))


def test_no_lessons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebooks, "source", lambda: (tmp_path, False))
    with pytest.raises(NslabError, match="there are none in"):
        notebooks.prepare()


def test_a_folder_that_cannot_be_made(lessons: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NslabError, match="cannot copy the lessons to"):
        notebooks.prepare(tmp_path / "file" / "below")


def test_a_notebook_that_is_none_is_named_and_the_others_open(
    lessons: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (lessons / "01-broken.ipynb").write_text("{")
    notebooks.prepare()
    assert "01-broken.ipynb: it is not a notebook" in capsys.readouterr().err
    assert notebooks.untrusted() == ["01-broken.ipynb"]


def test_the_options_of_jupyterlab(lessons: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    plain = notebooks.options(lessons, None, True)
    assert "--LabApp.default_url=/lab/tree/00-start.ipynb" in plain
    assert "--ServerApp.ip=127.0.0.1" in plain
    assert "--allow-root" in plain
    assert "--no-browser" not in plain
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    chosen = notebooks.options(lessons, 9000, False)
    assert {"--ServerApp.port=9000", "--ServerApp.port_retries=0", "--no-browser"} <= set(chosen)
    assert "--allow-root" not in chosen


def test_a_terminal_of_jupyterlab_finds_nslab_whatever_the_login_shell_sets(
    lessons: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = tmp_path / "an environment"
    environment.mkdir()
    (environment / "nslab").write_text("#!/bin/sh\necho it runs\n")
    (environment / "nslab").chmod(0o755)
    (tmp_path / ".profile").write_text("PATH=/usr/bin:/bin\n")
    monkeypatch.setattr("sys.executable", str(environment / "python"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SHELL", "/bin/bash")
    (option,) = (word for word in notebooks.options(lessons, None, True) if "terminado" in word)
    shell = shlex.split(option.partition("shell_command=")[2])
    ran = subprocess.run(shell, input="nslab\n", capture_output=True, text=True, check=True)
    assert ran.stdout == "it runs\n"


def test_lab_becomes_jupyterlab(lessons: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda _, argv: started.append(argv))
    assert run("lab", "--no-browser", "--", "--ServerApp.ip=0.0.0.0") == 0
    assert started[0][:4] == [sys.executable, "-P", "-m", "jupyterlab"]
    assert started[0][-1] == "--ServerApp.ip=0.0.0.0"
    # JupyterLab refuses to start with two values.
    assert [word for word in started[0] if "ServerApp.ip" in word] == ["--ServerApp.ip=0.0.0.0"]


@pytest.mark.parametrize(
    ("ns", "target", "code", "words"),
    [
        ("ns1", "192.168.10.1", 0, "✔"),
        ("ns1", "192.168.10.1:80", 0, "✔"),
        ("ns1", "192.168.10.99", 1, "✘"),
        ("ns1", "2001:db8::1", 2, "undecided"),
    ],
)
def test_why_says_yes_no_or_undecided_and_that_nothing_was_sent(
    ns: str,
    target: str,
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    labs(monkeypatch, ONE)
    monkeypatch.setattr(engine_labs, "look", lambda lab: article(repaired=True))
    assert run("why", ns, target) == code
    text = capsys.readouterr().out
    assert words in text
    assert "no packet was sent" in text


@pytest.mark.parametrize(
    ("ns", "target", "cause"),
    [
        ("nobody", "203.0.113.80", "there is no namespace"),
        ("ns1", "10.0.0.0/8", "neither"),
        ("ns1", "999.1.1.1", "999 is more than 255"),
    ],
)
def test_why_of_what_cannot_be_asked_is_no_no(
    ns: str,
    target: str,
    cause: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    labs(monkeypatch, ONE)
    monkeypatch.setattr(engine_labs, "look", lambda lab: article(repaired=True))
    assert run("why", ns, target) == 2
    assert cause in capsys.readouterr().err


def test_why_says_what_to_type_if_several_labs_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    labs(monkeypatch, ONE, TWO)
    assert run("why", "ns1", "8.8.8.8") == 2
    said = capsys.readouterr().err
    assert "cannot explain a packet's way in a lab: several labs are running" in said
    assert "none has a namespace called ns1" in said
    monkeypatch.setattr("nslab.cli.pick._namespaces", lambda _: ["ns1"])
    assert run("why", "ns1", "8.8.8.8") == 2
    assert "nslab why ns1 8.8.8.8 --lab two    # 8 min" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "advised"),
    [
        ("enter ns1 -- ip -br 'address show'", "enter ns1 --lab two -- ip -br 'address show'    #"),
        ("enter -- id", "enter --lab two -- id    #"),
        ("show --svg lab.svg", "show --svg lab.svg --lab two    #"),
        ("show --json", "show --json --lab two    #"),
    ],
)
def test_what_is_advised_is_all_that_was_typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, advised: str
) -> None:
    labs(monkeypatch, ONE, TWO)
    monkeypatch.setattr("nslab.cli.pick._namespaces", lambda _: ["ns1"])
    assert run(*shlex.split(typed)) != 0
    assert f"nslab {advised}" in capsys.readouterr().err


def test_of_many_labs_the_newest_are_listed_and_the_old_can_be_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    uid = os.geteuid()
    many = [engine_labs.Running(f"lab-{n}", 200 + n, uid, n * 3600.0 + 60) for n in range(14)]
    labs(monkeypatch, *reversed(many))
    with pytest.raises(NslabError, match="several labs are running") as error:
        pick(None, "enter")
    first, *_, left = error.value.hint.splitlines()
    assert first == "nslab enter --lab lab-0    # 60 s old"
    assert left == (
        "nslab end --older 10    # 4 more, up to 13 h old: ends all of yours of more than 10 h"
    )
    with pytest.raises(NslabError, match="several labs are running") as error:
        pick(None, "end")
    assert error.value.hint.startswith("nslab end lab-0    # 60 s old")
    ended: list[str] = []
    monkeypatch.setattr(engine_labs, "end", lambda lab: ended.append(lab.name))
    assert run("end", "lab-3", "--older", "12") == 0
    assert ended == ["lab-3", "lab-13", "lab-12"]
    assert "ended lab-13, which was 13 h old" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("youngest", "hours", "oldest", "span"),
    [
        (1900, "0.5", "44 min", "30 min"),
        (400, "0.1", "44 min", "6 min"),
        (100, "0.5", "44 min", "30 min"),
        (7200, "1", "2 h", "1 h"),
    ],
)
def test_what_ends_the_old_is_as_short_as_they_are_old(
    monkeypatch: pytest.MonkeyPatch, youngest: int, hours: str, oldest: str, span: str
) -> None:
    uid = os.geteuid()
    ages = [*range(10), youngest, max(youngest, 2640)]
    many = [engine_labs.Running(f"lab-{n}", 200 + n, uid, age) for n, age in enumerate(ages)]
    labs(monkeypatch, *many)
    with pytest.raises(NslabError) as error:
        pick(None, "enter")
    assert error.value.hint.splitlines()[-1] == (
        f"nslab end --older {hours}    # 2 more, up to {oldest} old: "
        f"ends all of yours of more than {span}"
    )
    # What nobody may end, or is too young, is counted only.
    labs(monkeypatch, *many[:10], *(structs.replace(lab, age=60.0) for lab in many[10:]))
    with pytest.raises(NslabError) as error:
        pick(None, "enter")
    assert error.value.hint.splitlines()[-1] == "# 2 more, up to 60 s old"


def test_if_none_is_so_old_it_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    labs(monkeypatch, ONE, TWO)
    monkeypatch.setattr(engine_labs, "end", lambda lab: pytest.fail(lab.name))
    assert run("end", "--older", "2") == 0
    assert capsys.readouterr().out == (
        "none of your labs is older than 2 h: the oldest, two, is 8 min old\n"
    )


def test_with_no_lab_there_is_nothing_to_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    labs(monkeypatch)
    assert run("end") == 1
    assert capsys.readouterr().err == "nslab: cannot end a lab: no lab of yours is running\n"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("end --older x", "it takes a number of at least 0, not x"),
        ("end --older nan", "it takes a number of at least 0, not nan"),
        ("end --older -1", "it takes a number of at least 0, not -1"),
        ("lab --port 70000", "it takes a whole number from 1 to 65535, not 70000"),
        ("grade x --csv y --jobs 1.5", "it takes a whole number of at least 0, not 1.5"),
    ],
)
def test_a_number_is_asked_for_in_our_words(
    capsys: pytest.CaptureFixture[str], typed: str, said: str
) -> None:
    assert run(*typed.split()) == 2
    assert said in capsys.readouterr().err


def test_only_ones_own_that_run_are_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = os.geteuid()
    resting = engine_labs.Running("rests", 301, mine, 9e5, "resting")
    labs(monkeypatch, engine_labs.Running("theirs", 302, mine + 1, 9e5), resting)
    monkeypatch.setattr(engine_labs, "end", lambda lab: pytest.fail(lab.name))
    assert run("end", "--older", "1") == 0
    assert capsys.readouterr().out == "no lab of yours is running\n"
    record = Record(engine="resting", name="rests", pid=1, started=0)
    held = Held(place="", key="", record=record)
    monkeypatch.undo()
    for lab in (structs.replace(resting, held=held), structs.replace(resting, uid=1, held=held)):
        with pytest.raises(InvalidInput):
            engine_labs.end(lab)
