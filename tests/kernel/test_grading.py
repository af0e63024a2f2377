"""A class of thirty, marked: honest, wrong, empty, broken and hostile submissions.

Nothing of the grader's is touched, no submission meets another, and two runs say the same.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from waiting import until

import nslab
from nslab.course.exercises.exercise import Exercise
from nslab.course.grading import submission
from nslab.network.actions import code

ROOT = Path(__file__).parents[2]

ONES = submission.exercises()
X1, X2, X3 = "02-bridge-X1", "02-bridge-X2", "02-bridge-X3"
TIME = "10"

Cells = list[tuple[str, str]]
"""Tag and source of each."""


def typed(name: str, *lines: str) -> tuple[str, str]:
    return (name, "\n".join(["%%host", *lines]))


def solved(exercise: Exercise, way: int = 0) -> Cells:
    """A right answer, in the cells that somebody would write."""
    cells = []
    for what in (exercise.answer, *exercise.others)[way]:
        source = f"%%host\n{what}" if isinstance(what, str) else f"lab.do({code(what)})"
        cells.append((exercise.name, source))
    return cells


def notebook(path: Path, cells: Cells) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    made: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "metadata": {"tags": [f"exercise:{tag}"]} if tag else {},
            "source": source,
            "outputs": [],
        }
        for tag, source in cells
    ]
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4}))


def hostile(secret: Path, other: Path, port: int) -> dict[str, tuple[str, str]]:
    """By name: a cell that answers X2, and a piece of what must be said of it."""
    forged = (
        "import os\n"
        "for fd in range(3, 64):\n"
        "    try: os.write(fd, b'{\"met\": true}')\n"
        "    except OSError: pass\n"
        "os._exit(0)"
    )
    tampered = (
        "from nslab.course.exercises import exercise as e, judging\n"
        "from nslab.session.check import Verdict\n"
        "e.Exercise.judge = lambda *_: [Verdict(True, 'fine')]\n"
        "judging.held = lambda *_: Verdict(True, 'fine')"
    )
    reaches = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=2).close()\n"
    wipes = (
        f"import os, shutil\nos.system('rm -rf {secret} {other} ~')\n"
        f"shutil.rmtree({str(secret.parent)!r})"
    )
    looks = f"raise SystemError([open(p).read() for p in ({str(secret)!r}, {str(other)!r})])"
    return {
        "bomb-shell": ("%%host\n:(){ :|:& };:", "took"),
        "bomb-python": ("import os\nwhile True: os.fork()", "took"),
        "endless": ("%%host\nyes", "took"),
        "hanging": ("%%host\nsleep 1000", "took longer"),
        "spinning": ("while True: pass", "took longer"),
        "hungry": (
            "%%host\nmount -t tmpfs x /run/netns; head -c 3G /dev/zero > /run/netns/y; sleep 9",
            "took",
        ),
        "loud": ("print('x' * 100_000_000)", "there is no link lxcbr1"),
        # Not of all there is: to try each file of /usr may take as long as an answer may.
        "wiping": ("%%host\nrm -rf ~ /etc /home /opt /root /srv /tmp /var 2>/dev/null", ""),
        "wiping-python": (wipes, "FileNotFoundError"),
        "calling": (reaches, "unreachable"),
        "calling-shell": (f"%%host\ncurl -sm 2 http://127.0.0.1:{port}/", "there is no link"),
        "looking": (looks, "FileNotFoundError"),
        "forging": (forged, "there is no link lxcbr1"),
        "tampering": (tampered, "there is no link lxcbr1"),
        "killing": ("%%host\nkill -9 -1; kill -9 1", ""),
        "killing-python": ("import os, signal\nos.kill(os.getppid(), 9)\nos.kill(1, 9)", ""),
        "closing": ("lab.close()", "there is no link lxcbr1"),
        "leaving": ("exit()", "there is no link lxcbr1"),
    }


def honest() -> dict[str, Cells]:
    """Right, half right and wrong answers of people who mean well."""
    one, two, three = ONES[X1], ONES[X2], ONES[X3]
    half = typed(X2, "brctl addbr lxcbr1")
    return {
        "ada": [("", 'lesson["X1"].choose("b")'), *solved(one), *solved(two), *solved(three)],
        "bob": [*solved(two, 1), *solved(three, 1)],
        "cyd": [*solved(two, 2)],
        "dan": [half, typed(X3, "# nothing yet")],
        "eli": [typed(X1, "# choice: a", *map(str, one.answer)), half],
        "fay": [(X2, "lab.do(AddBrigde('lxcbr1'))")],
        "gus": [(X2, "%%bash\nbrctl addbr lxcbr1"), (X2, "%%host\nno-such-program")],
        "hal": [],
        "ivy": [(X2, "for i in range(3) print(i)"), *solved(two)],
        "jim": [*solved(three), typed(X3, "sysctl -w net.ipv4.ip_forward=1")],
    }


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """A server of the grader's on loopback: its port, and who came."""
    came: list[str] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            while True:
                try:
                    connection, address = server.accept()
                except OSError:
                    return
                came.append(str(address))
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1], came
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def command(folder: Path, table: Path) -> list[str]:
    options = ["--csv", str(table), "--time", TIME, "--memory", "512"]
    return [
        sys.executable,
        "-c",
        "from nslab.cli import main; main()",
        "grade",
        str(folder),
        *options,
    ]


def run(folder: Path, table: Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(folder, table), capture_output=True, text=True, cwd=cwd)


def rows(table: Path) -> dict[tuple[str, str], dict[str, str]]:
    with table.open() as file:
        return {(row["learner"], row["exercise"]): row for row in csv.DictReader(file)}


@pytest.fixture
def school(tmp_path: Path, listener: tuple[int, list[str]]) -> Path:
    """The folder of the class, beside a secret of the grader's."""
    folder = tmp_path / "class"
    (tmp_path / "secret").write_text("the exam")
    for name, cells in honest().items():
        notebook(folder / name / "02-bridge.ipynb", cells or [("", "import nslab")])
    wicked = hostile(tmp_path / "secret", folder / "ada" / "02-bridge.ipynb", listener[0])
    for name, (source, _) in wicked.items():
        notebook(folder / name / "02-bridge.ipynb", [(X2, source)])
    (folder / "torn").mkdir()
    (folder / "torn" / "02-bridge.ipynb").write_text('{"cells": [')
    (folder / "script").mkdir()
    lines = [str(what) for what in ONES[X2].answer]
    (folder / "script" / f"{X2}.sh").write_text("\n".join(["#!/bin/bash", *lines]))
    assert len(list(folder.iterdir())) == 30
    return folder


def test_a_class_of_thirty(school: Path, listener: tuple[int, list[str]]) -> None:
    port, came = listener
    before = {path: path.read_bytes() for path in school.parent.rglob("*") if path.is_file()}
    table = school.parent / "marks.csv"
    ended = run(school, table)
    assert ended.returncode == 1, ended.stderr
    assert "torn/02-bridge.ipynb: it is not a notebook" in ended.stderr
    found = rows(table)
    met = {place for place, row in found.items() if row["met"] == "1"}
    assert met == {
        *(("ada", one) for one in ("X1", "X2", "X3")),
        ("bob", "X2"),
        ("bob", "X3"),
        ("cyd", "X2"),
        ("ivy", "X2"),
        ("script", "X2"),
    }
    assert len(found) == 30 * 3
    assert "the spanning tree of lxcbr1 is off" in found["dan", "X2"]["why"]
    assert found["dan", "X3"]["why"] == "nothing was typed"
    assert "you chose a, but" in found["eli", "X1"]["why"]
    assert "AddBrigde" in found["fay", "X2"]["why"]
    assert "%%bash" in found["gus", "X2"]["why"] or "there is no link" in found["gus", "X2"]["why"]
    assert "net.ipv4.ip_forward 0 → 1" in found["jim", "X3"]["why"]
    for name, (_, said) in hostile(school.parent / "secret", school, port).items():
        assert said in found[name, "X2"]["why"], (name, found[name, "X2"])
        assert found[name, "X2"]["why"]
    # Nothing of the grader's was touched, nobody was called, nothing still runs.
    assert {path: path.read_bytes() for path in before} == before
    assert not came
    assert sorted(path.name for path in school.parent.iterdir()) == ["class", "marks.csv", "secret"]
    shown = ended.stdout.splitlines()
    assert any(line.split() == ["ada", "✔", "✔", "✔", "3/3"] for line in shown)


@pytest.mark.nightly
def test_two_runs_give_the_same(school: Path) -> None:
    first, second = school.parent / "first.csv", school.parent / "second.csv"
    assert run(school, first).returncode == run(school, second).returncode == 1
    assert told(first) == told(second)


def told(table: Path) -> list[list[str]]:
    """What a table says, in its order; of a fork bomb not how it ended.

    It may run into the limit of processes or that of time, or into none, as busy as the machine is.
    """
    with table.open(newline="") as file:
        rows = list(csv.reader(file))
    why = rows[0].index("why")
    return [
        [cell for place, cell in enumerate(row) if (row[0][:4], place) != ("bomb", why)]
        for row in rows
    ]


def test_a_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    folder, table = tmp_path / "class", tmp_path / "marks.csv"
    for name in ("ada", "bob", "cyd"):
        notebook(folder / name / "02-bridge.ipynb", solved(ONES[X2]))
    notebook(folder / "zoe" / "02-bridge.ipynb", [typed(X2, "sleep 1000")])
    notes = tmp_path / "marks.csv.part"
    argv = [*command(folder, table), "--jobs", "1"]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: notes.exists() and b'"met"' in notes.read_bytes())
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130, said
    assert "the same command goes on with the rest" in said
    assert not table.exists()
    done = notes.read_bytes()
    notes.write_bytes(done + b'{"key": "cut o')
    again = run(folder, table)
    assert again.returncode == 0, again.stderr
    assert f"going on with {notes}" in again.stderr
    assert not notes.exists()
    assert [row["met"] for place, row in rows(table).items() if place[1] == "X2"] == list("1110")
    refused = run(folder, table)
    assert refused.returncode == 1
    assert "--overwrite" in refused.stderr


def test_an_image_that_is_replaced_meanwhile_stops_no_box(tmp_path: Path) -> None:
    """``nslab vm build`` may remove an old one between two answers."""
    there = tmp_path / "vm" / "image" / "rootfs"
    there.parent.mkdir(parents=True)
    there.touch()
    program = (
        "import os, pathlib, sys\n"
        "from nslab.course.grading import box\n"
        "there = pathlib.Path(sys.argv[1])\n"
        "opened = os.open\n"
        "def and_removed(path, *rest):\n"
        "    found = opened(path, *rest)\n"
        "    if path == there: there.unlink()\n"
        "    return found\n"
        "os.open = and_removed\n"
        "box.seal(1 << 29, [there, there.with_name('gone')])\n"
        "print('in', sorted(os.listdir('/home')))\n"
    )
    argv = [sys.executable, "-c", program, str(there)]
    ended = subprocess.run(argv, capture_output=True, text=True)
    assert ended.stdout == f"in {with_python('/home', 'learner')}\n", ended.stderr


@pytest.mark.parametrize("place", ["/tmp", "/home", "/var/tmp"])
def test_a_part_of_pythons_path_may_be_where_the_box_has_memory(place: str) -> None:
    """Also where its root is put together; what else lies there is not in the box."""
    made = tempfile.mkdtemp(dir=place if os.access(place, os.W_OK) else "/tmp")
    try:
        Path(made, "beside").mkdir()
        Path(made, "path").mkdir()
        Path(made, "path", "marks_of_ours.py").write_text("THERE = True\n")
        program = (
            "import os, sys\n"
            "from nslab.course.grading import box\n"
            "box.seal(1 << 29)\n"
            "import marks_of_ours\n"
            "print(marks_of_ours.THERE, os.listdir(sys.argv[1]), len(os.listdir('/tmp')) < 2)\n"
        )
        path = os.pathsep.join([str(ROOT), f"{made}/path", "/tmp"])
        ended = subprocess.run(
            [sys.executable, "-c", program, made],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": path},
        )
        assert ended.stdout == "True ['path'] True\n", ended.stderr
    finally:
        shutil.rmtree(made)


def with_python(folder: str, *names: str) -> list[str]:
    """What is in a folder of the box: these, and what Python and nslab themselves lie in."""
    needed = (Path(one).resolve() for one in (sys.prefix, sys.base_prefix, nslab.__file__))
    shown = {one.relative_to(folder).parts[0] for one in needed if one.is_relative_to(folder)}
    return sorted({*names, *shown})


@pytest.mark.root_smoke
def test_the_box_is_empty(tmp_path: Path) -> None:
    """No rights, no network, none of the grader's files: also if root grades."""
    (tmp_path / "mine").touch()
    source = (
        "import os, socket\n"
        "facts = [os.getuid() != 0,\n"
        " *(sorted(os.listdir(at)) for at in ('/home', '/tmp', '/root')),\n"
        f" os.path.exists({str(tmp_path / 'mine')!r}), len(os.listdir('/proc/self/fd')) < 40,\n"
        " sorted(n for _, n in socket.if_nameindex()), 'PATH' in os.environ,\n"
        " [k for k in os.environ if 'SECRET' in k], os.access('/usr', os.W_OK)]\n"
        "raise SystemError(facts)"
    )
    notebook(tmp_path / "class" / "ada" / "02-bridge.ipynb", [(X2, source)])
    os.environ["MY_SECRET"] = "x"
    try:
        ended = run(tmp_path / "class", tmp_path / "marks.csv")
    finally:
        del os.environ["MY_SECRET"]
    assert ended.returncode == 0, ended.stderr
    why = rows(tmp_path / "marks.csv")["ada", "X2"]["why"]
    home, scratch, root = with_python("/home", "learner"), with_python("/tmp"), with_python("/root")
    wanted = f"[True, {home}, {scratch}, {root}, False, True, ['lo'], True, [], False]"
    assert f"SystemError: {wanted}" in why


@pytest.mark.parametrize("whole", [True, False], ids=["the whole machine", "the class's folder"])
def test_the_folder_that_the_grader_is_in_is_not_in_the_box(whole: bool) -> None:
    """The class's folder holds what others handed in; a service of systemd begins in /."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as made:
        folder = Path(made)
        source = f"import os\nraise SystemError([os.path.exists({made!r}), os.listdir('/var/tmp')])"
        notebook(folder / "class" / "ada" / "02-bridge.ipynb", [(X2, source)])
        table = folder / "marks.csv"
        ended = run(folder / "class", table, Path("/") if whole else folder)
        assert ended.returncode == 0, ended.stderr
        assert "SystemError: [False, []]" in rows(table)["ada", "X2"]["why"]
