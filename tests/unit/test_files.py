"""Files that somebody names, and files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nslab import InvalidInput
from nslab.course import files


def inside(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.txt"))


def found(*paths: Path) -> list[Path]:
    return files.named(paths, inside, operation="read", none="there is no text")


def test_each_file_that_is_named_comes_once(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "c.pdf"):
        (tmp_path / name).touch()
    a, b, other = (tmp_path / name for name in ("a.txt", "b.txt", "c.pdf"))
    assert found(b, tmp_path) == [b, a]
    assert found(other) == [other], "who names a file means it"


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"gone\.txt.*there is no such file"):
        found(tmp_path / "gone.txt")
    with pytest.raises(InvalidInput, match="there is no text"):
        found(tmp_path)


def test_a_file_is_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "marks.csv"
    files.write(path, b"one")
    files.write(path, b"two")
    assert path.read_bytes() == b"two"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write(path, b"three")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_and_links_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "real", tmp_path / "link"
    files.write(path, b"one", 0o600)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    link.symlink_to(path)
    files.write(link, b"two")
    assert link.is_symlink()
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o640
