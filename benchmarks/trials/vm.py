"""A lab in a virtual machine: made from packages, booted, woken; a round trip; its memory."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from nslab import Lab
from nslab.engine import labs
from nslab.engine.vm import debian, image
from nslab.engine.vm.engine import ready
from nslab.engine.vm.saved_state import State

TRIPS = 200


def quiet(what: str, done: float) -> None:
    """Nobody is told."""


def without_network(get: Any) -> Any:
    """A trial has no network: what was downloaded is what is new."""
    return lambda apt, what, *words: "" if words[0] == "update" else get(apt, what, *words)


def resident(pid: int) -> float:
    """Proportional set size of a process and its children, in MiB (smaps_rollup, proc(5))."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    total = 0
    for one in (pid, *children):
        lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def timed(work: Any) -> Any:
    begun = time.perf_counter()
    result = work()
    return result, time.perf_counter() - begun


def main(repeats: int) -> None:
    debian.Apt._get = without_network(debian.Apt._get)
    found: dict[str, Any] = {}
    state = ready(quiet)  # there already: nslab vm build has made it
    with tempfile.TemporaryDirectory(dir=image.cache()) as directory:
        # A second image beside the first, of the same packages.
        whole = image.cache
        image.cache = lambda: Path(directory)
        for part in ("apt", "wheels"):
            (Path(directory) / part).symlink_to(whole() / part)
        made, found["build"] = timed(lambda: image.build(quiet))
        cold = State(made, state.accelerator)
        _, found["cold"] = timed(lambda: cold.make(quiet))
        image.cache = whole
    woken: list[float] = []
    local: list[float] = []
    trips: dict[str, list[float]] = {"vm": [], "local": []}
    for _ in range(repeats):
        for engine, times in (("vm", woken), ("local", local)):
            lab, took = timed(lambda engine=engine: Lab(engine=engine))
            times.append(took)
            for _ in range(TRIPS // repeats):
                trips[engine].append(timed(lab.engine.changes)[1])
            lab.close()
    found["woken"], found["local"] = median(woken), median(local)
    found["trip"], found["local_trip"] = median(trips["vm"]), median(trips["local"])
    several = [Lab(f"memory-{number}", engine="vm") for number in range(5)]
    pids = [lab.pid for lab in labs.running() if lab.name.startswith("memory-")]
    found["memory_of_five"] = sum(map(resident, pids))
    for lab in several[1:]:
        lab.close()
    (pid,) = [lab.pid for lab in labs.running() if lab.name == "memory-0"]
    found["memory"] = resident(pid)
    several[0].close()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]))
