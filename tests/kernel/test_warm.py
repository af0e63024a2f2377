"""An agent that was forked from a warm process is as one that was started: the same lab."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import warm

from nslab import AddNamespace, Lab
from nslab.engine import labs, local
from nslab.session.repeating import differences

SAID = "id; pwd; hostname; env; ls /proc/self/fd; grep -E 'Sig|Cap|NoNew' /proc/self/status"


def test_the_lab_is_the_same(forks: warm.Forks, monkeypatch: pytest.MonkeyPatch) -> None:
    started = local._spawn
    labs_made = []
    for spawn in (started, forks.spawn):
        monkeypatch.setattr(local, "_spawn", spawn)
        lab = Lab("warm-or-not", start=[AddNamespace("ns1")])
        labs_made.append((lab, lab.snapshot(), lab.sh(SAID, echo=False).stdout))
    try:
        (_, cold, said), (lab, forked, again) = labs_made
        assert differences(cold, forked, lasting=True) == []
        assert said == again
        found = labs.of(lab.engine)
        assert found is not None
        supervisor = Path(f"/proc/{lab.engine.process}/status").read_text()
        assert f"\nPPid:\t{os.getpid()}\n" in supervisor
    finally:
        for lab, _, _ in labs_made:
            lab.close()
    assert labs.of(lab.engine) is None


def test_it_ends_with_whoever_asked_for_it() -> None:
    """Killed as it stands, with a lab in it: neither the lab nor the warm process is left."""
    program = (
        "import os, sys; sys.path.insert(0, sys.argv[1])\n"
        "import warm; from nslab import Lab; from nslab.engine import local\n"
        "forks = warm.Forks(); local._spawn = forks.spawn\n"
        "lab = Lab('warm-ends')\n"
        "print(lab.engine.process, forks.process, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    argv = [sys.executable, "-c", program, str(Path(warm.__file__).parent)]
    ended = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False)
    for word in ended.stdout.split():
        try:
            descriptor = os.pidfd_open(int(word))
        except ProcessLookupError:
            continue
        warm.until_ended(descriptor, 60)
        os.close(descriptor)
    assert len(ended.stdout.split()) == 2


def test_its_end_is_known(forks: warm.Forks) -> None:
    with tempfile.TemporaryFile() as errors:
        agent = forks.spawn("warm-alone", {**os.environ, "PYTHONPATH": ""}, errors)
        with pytest.raises(subprocess.TimeoutExpired):
            agent.wait(0)
        agent.stdin.close()  # it is told to end before it has made anything
        assert agent.wait(60) == 0
        agent.kill()  # once more is no error
        agent.stdout.close()
