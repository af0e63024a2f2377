"""Folders that are not all there, or not for everybody: /etc of a container, Docker's names."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from nslab.engine.agent.boot import layers
from nslab.engine.agent.netns import processes
from nslab.engine.agent.rtnl import this_machine


def test_a_copy_has_what_the_folder_has(tmp_path: Path) -> None:
    source = tmp_path / "etc"
    (source / "netns").mkdir(parents=True)
    (source / "hosts").write_text("127.0.0.1 localhost\n")
    (source / "hosts").chmod(0o640)
    (source / "mtab").symlink_to("../proc/self/mounts")
    os.mkfifo(source / "pipe")
    layers.copied(str(source), str(tmp_path / "copy"))
    copy = tmp_path / "copy"
    assert sorted(os.listdir(copy)) == ["hosts", "mtab", "netns"]
    assert (copy / "hosts").read_text() == "127.0.0.1 localhost\n"
    assert (copy / "hosts").stat().st_mode & 0o777 == 0o640
    assert os.readlink(copy / "mtab") == "../proc/self/mounts"


def test_what_goes_away_meanwhile_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As useradd's lock does, which is there for a moment."""
    source = tmp_path / "etc"
    source.mkdir()
    for name in ("passwd", "passwd.lock", "shadow"):
        (source / name).touch()
    copyfile = shutil.copyfile

    def late(path: str, there: str) -> None:
        if path.endswith("lock"):
            os.unlink(path)
        copyfile(path, there)

    monkeypatch.setattr(shutil, "copyfile", late)
    layers.copied(str(source), str(tmp_path / "copy"))
    assert sorted(os.listdir(tmp_path / "copy")) == ["passwd", "shadow"]


def test_a_folder_of_names_that_is_roots_alone_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """``/run/docker`` on a machine with Docker, for an ordinary user."""
    listdir = os.listdir

    def refused(path: str) -> list[str]:
        if path == "/run/docker/netns":
            raise PermissionError(13, "Permission denied", path)
        return listdir(path)

    monkeypatch.setattr(processes.os, "listdir", refused)
    host = this_machine.snapshot().host
    assert any("/run/docker/netns" in words and "needs root" in words for words in host.unseen)
