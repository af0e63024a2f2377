"""Marking an exercise whose links this kernel lacks: its box has the virtual machine."""

from __future__ import annotations

import pytest

from nslab.course.grading import machine, watch
from nslab.course.grading.submission import exercises
from nslab.course.grading.values import Deed, Job
from nslab.course.grading.watch import Limits
from nslab.network.actions import AnyAction

pytestmark = [pytest.mark.vm, pytest.mark.usefixtures("made")]

LOOKS = """
import os
cache = os.path.expanduser("~/.cache/nslab/vm")
images = [os.path.join(at, name) for at, _, names in os.walk(cache + "/images") for name in names]
raise SystemError([
    len(images),
    [name for name in images if os.access(name, os.W_OK)],
    os.path.exists("/dev/kvm"),
])
"""


def test_a_box_marks_in_a_virtual_machine_and_cannot_change_it() -> None:
    files = machine.machine(lambda words: None)
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in files}
    exercise = exercises()["13-ipvlan-X1"]
    deeds = tuple(
        Deed(text=one, living=True) if isinstance(one, str) else Deed(actions=(one,))
        for one in exercise.answer
        if isinstance(one, str | AnyAction)
    )
    limits = Limits(seconds=120)
    answer = watch.ask(Job(exercise.name, deeds=deeds), limits, files)
    assert answer.met, answer.lines
    wrong = watch.ask(Job(exercise.name, deeds=deeds[:1]), limits, files)
    assert not wrong.met
    looked = watch.ask(Job(exercise.name, cells=(LOOKS,)), limits, files)
    images = {path for path in files if path.parent.parent.name == "images"}
    assert any(f"SystemError: [{len(images)}, [], False]" in line for line in looked.lines), looked
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in files} == before
