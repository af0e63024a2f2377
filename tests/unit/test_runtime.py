"""Records of running labs: what counts as the directory, and as a record."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nslab.engine import runtime
from nslab.engine.runtime import Record


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found = [str(tmp_path / "first"), str(tmp_path / "second")]
    monkeypatch.setattr(runtime, "places", lambda: found)
    return found


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours that is no lab here, but may be a watch."""
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    )
    yield process
    process.communicate()


def record_of(pid: int) -> Record:
    return Record(engine="vm", name="lab", pid=pid, started=runtime.started(pid))


def test_a_record_goes_with_its_lab(other: subprocess.Popen[bytes], places: list[str]) -> None:
    entry = runtime.reserve()
    assert entry is not None
    assert runtime.running() == []
    record = record_of(other.pid)
    entry.publish(record)
    (held,) = runtime.running()
    assert held == runtime.Held(record, places[0], entry.key)
    os.close(runtime.hold(record))
    entry.remove()
    entry.remove()
    assert not any(map(os.path.exists, places))


@pytest.mark.parametrize("squat", ["open", "link", "file", "loose"])
def test_only_a_private_directory_counts(
    squat: str, other: subprocess.Popen[bytes], places: list[str], tmp_path: Path
) -> None:
    first = Path(places[0])
    match squat:
        case "open":
            first.mkdir(0o755)
        case "loose":
            first.mkdir()
            first.chmod(0o1700)
        case "link":
            (tmp_path / "elsewhere").mkdir(0o700)
            first.symlink_to(tmp_path / "elsewhere")
        case "file":
            first.touch()
    entry = runtime.reserve()
    assert entry is not None
    entry.publish(record_of(other.pid))
    assert [held.place for held in runtime.running()] == [places[1]]
    entry.remove()


def test_what_is_left_is_swept(other: subprocess.Popen[bytes], places: list[str]) -> None:
    entry = runtime.reserve()
    assert entry is not None
    entry.publish(Record(engine="vm", name="lab", pid=other.pid, started=1))  # a reused number
    assert runtime.running() == []
    assert not any(map(os.path.exists, places))


def test_what_is_no_record(other: subprocess.Popen[bytes], places: list[str]) -> None:
    entry = runtime.reserve()
    assert entry is not None
    lab = record_of(other.pid)
    text = {
        "huge": b'{"engine":"vm","name":"' + b"x" * 100_000 + b'"}',
        "empty": b"",
        "other": b"[1]",
        "odd": b"\xff\0",
        "deep": b"[" * 60_000,
    }
    beside = Path(places[0])
    tail = "-".join(entry.key.split("-")[:3])
    for name, content in text.items():
        (beside / f"{tail}-{name}").write_bytes(content)
    os.mkfifo(beside / f"{tail}-fifo")
    (beside / f"{tail}-link").symlink_to("/etc/passwd")
    assert runtime.running() == []
    entry.publish(lab)
    assert [held.record for held in runtime.running()] == [lab]


def test_a_process_that_is_no_lab_here(other: subprocess.Popen[bytes]) -> None:
    entry = runtime.reserve()
    assert entry is not None
    started = runtime.started(other.pid)
    for engine in ("local", "ssh"):  # no pid namespace; another program
        entry.publish(Record(engine=engine, name="x", pid=other.pid, started=started))
        assert runtime.running() == []
    entry.remove()


def test_a_record_of_who_has_ended_and_was_not_waited_for_is_swept(places: list[str]) -> None:
    writer = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"],
                              stdin=subprocess.PIPE)  # fmt: skip
    with writer:
        entry = runtime.reserve()
        assert entry is not None
        begun = runtime.started(writer.pid)
        record, key = record_of(writer.pid), f"{writer.pid}-{begun}-{entry.key.split('-', 2)[2]}"
        os.rename(Path(places[0], entry.key), Path(places[0], key))
        entry.key = key
        entry.publish(record)
        writer.kill()
        os.waitid(os.P_PID, writer.pid, os.WEXITED | os.WNOWAIT)
        assert runtime.running() == []
        assert not any(map(os.path.exists, places))
        entry.release()
