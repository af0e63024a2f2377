"""Where whoever runs a machine has said how many labs a learner may have."""

from __future__ import annotations

import contextlib
import os
import resource
import tempfile
from pathlib import Path

import pytest

from nslab import Lab
from nslab.engine import runtime
from nslab.errors import EngineUnavailable
from nslab.session import enough

pytestmark = pytest.mark.kernel


def test_one_lab_too_many_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    all_of_them = runtime.running

    def own() -> list[runtime.Held]:
        """Without those of this user's that other tests run beside this one."""
        return [each for each in all_of_them() if each.record.name in ("one", "two", "three")]

    monkeypatch.setattr(runtime, "running", own)
    monkeypatch.setenv(enough.VARIABLE, "2")
    with Lab("one") as one, Lab("two"):
        with pytest.raises(EngineUnavailable) as refused:
            Lab("three")
        said = str(refused.value)
        assert "cannot start the lab three: 2 labs of yours are running, and 2 may be" in said
        assert "one, two" in said
        assert "lab.close()" in said
        one.sh("true")
        one.reset()  # a lab that runs is made anew in its own place
        one.close()
        with Lab("three") as three:
            assert three.alive


def test_a_full_tmp_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    full = "/tmp/tmp123"

    def refused(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", full)

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    with pytest.raises(EngineUnavailable) as said:
        Lab("crowded")
    assert f"cannot start the lab crowded: no space left on device: {full}" in str(said.value)
    assert "delete what you no longer need in" in str(said.value)


def test_no_more_descriptors_is_said_in_words() -> None:
    Lab("before").close()  # what it reads of the disk is read
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = max(int(each.name) for each in Path("/proc/self/fd").iterdir()) + 1
    taken = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (opened, hard))
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.dup(0))
        with pytest.raises(EngineUnavailable) as said:
            Lab("crowded")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for each in taken:
            os.close(each)
    assert "too many open files" in str(said.value)
    assert "Shut Down Kernel" in str(said.value)
