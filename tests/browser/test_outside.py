"""A test looks into its own lab, though another of the same name runs beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from outside import running

from nslab import Lab
from nslab.engine import labs

OTHER = """
import os, sys, nslab
if os.fork():
    os._exit(0)
with nslab.Lab("twice"):
    print(os.getpid(), flush=True)
    sys.stdin.read()
"""


def test_a_lab_of_that_name_that_is_not_ours_is_passed_over() -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    pid = int(other.stdout.readline())
    try:
        with Lab("twice") as lab:
            assert [one.name for one in labs.running()].count("twice") == 2
            ours = labs.of(lab.engine)
            assert ours is not None
            assert running("twice").pid == ours.pid
    finally:
        os.kill(pid, signal.SIGTERM)
        other.communicate()
