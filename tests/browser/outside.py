"""The labs of a page, seen from outside: those of this very test, and of no other.

Tests run side by side as one user, and a lab of the same name may run in each: only one that comes
from this process, by way of its server and its kernel, is meant.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from nslab import Lab, lesson
from nslab.engine import labs
from nslab.network.model import Snapshot


def running(name: str) -> labs.Running:
    """The one lab of that name that this test has made."""
    found = [lab for lab in labs.running() if lab.name == name and _is_ours(lab.pid)]
    assert len(found) == 1, found
    return found[0]


def seen(name: str) -> Snapshot:
    """What the kernel reports of a lab, asked from outside."""
    return labs.look(running(name))


def entered(name: str, *where: str) -> list[str]:
    """The words that run a program in the lab, which follows: in a namespace, or in its host."""
    return [sys.executable, "-m", "nslab", "enter", "--lab", str(running(name).pid), *where, "--"]


def wanted() -> dict[str, Any]:
    """The article's network, made by the lessons' own steps."""
    with Lab("wanted", start=(*lesson("05").state_after(), *lesson("06")["F1"].actions)) as lab:
        return lab.snapshot().canonical()


def _is_ours(pid: int) -> bool:
    while pid > 1:
        if pid == os.getpid():
            return True
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return False
        pid = int(fields[1])
    return False
