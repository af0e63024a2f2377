"""One cache for all tests of a session, and copies of it to be broken."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nslab.engine.vm import debian, image
from nslab.engine.vm.engine import ready


@pytest.fixture(scope="session")
def made() -> image.Image:
    """An image, and a state saved from it: those of this user's cache."""
    return ready(lambda what, done: None).image


@pytest.fixture
def copy(made: image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> image.Image:
    """A cache of its own with a copy of the image and of what was downloaded, without a state."""
    whole = image.cache()
    monkeypatch.setenv("NSLAB_CACHE", str(tmp_path))
    for part in ("apt", "wheels", f"images/{Path(made.path).name}"):
        shutil.copytree(whole / part, image.cache() / part)
    # Debian may have newer packages by now than when the image was made: what was resolved then is
    # resolved again, from the lists and the packages that were copied.
    ask = debian.Apt._get
    monkeypatch.setattr(
        debian.Apt,
        "_get",
        lambda apt, what, *words: "" if words[0] == "update" else ask(apt, what, *words),
    )
    (found,) = image.images()
    return found


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with nothing in it."""
    monkeypatch.setenv("NSLAB_CACHE", str(tmp_path))
    return tmp_path
