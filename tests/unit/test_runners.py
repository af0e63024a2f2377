"""Threads of the agent that run commands."""

from __future__ import annotations

import threading

import pytest

from nslab.engine.agent.boot.runners import Runners


def test_as_many_at_once_as_are_allowed() -> None:
    runners, meeting = Runners(3), threading.Barrier(4, timeout=30)
    for _ in range(3):
        runners.submit(meeting.wait)
    meeting.wait()


def test_what_fails_takes_no_thread_along() -> None:
    runners, done = Runners(1), threading.Event()
    runners.submit(lambda: 1 / 0)
    runners.submit(done.set)
    assert done.wait(30)


def test_without_another_thread_work_waits_for_one_that_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fork bomb in a lab leaves its agent none."""
    runners, go_on, done = Runners(8), threading.Event(), threading.Event()
    runners.submit(lambda: go_on.wait(30))

    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refused)
        runners.submit(done.set)
    assert not done.is_set()
    go_on.set()
    assert done.wait(30)


def test_without_any_thread_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    runners, done = Runners(8), threading.Event()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refused)
        with pytest.raises(RuntimeError, match="can't start"):
            runners.submit(done.set)
    runners.submit(done.set)
    assert done.wait(30)
