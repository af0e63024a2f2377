"""What is tried, how often, and in which order.

A round goes once through everything, so that what the machine does meanwhile meets all alike.
Ways that take long take part in the first rounds only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from trial import HERE, SYSTEM_PYTHON, Failed, Place

WAYS = {
    "nslab": "nslab",
    "c_lean": "C, batched netlink, lean options",
    "c_default": "C, batched netlink, default options",
    "ip_batch": "`ip -batch`",
    "mininet": "Mininet, LinuxBridge",
    "shell": "the article's shell commands",
    "pyroute2": "pyroute2, call by call",
}
"""The ways to build a star, the quickest first."""

SLOW = frozenset({"mininet", "shell", "pyroute2"})


class Plan(Struct):
    """How much is measured."""

    sizes: tuple[int, ...] = (10, 100, 500)
    rounds: int = 9
    slow_rounds: int = 5
    slow_rounds_large: int = 2
    """For the slow ways from 300 namespaces on: 14 to 30 seconds each."""
    large_rounds: int = 5
    other_rounds: int = 5
    """Of the trials that are no star; each repeats inside."""

    @property
    def looked_at(self) -> int:
        """The size of the star that snapshots are taken of and that is closed."""
        return 100 if 100 in self.sizes else self.sizes[-1]

    def wanted(self, way: str, size: int) -> int:
        """In how many rounds a way builds a star of that size."""
        if size >= 300:
            return self.slow_rounds_large if way in SLOW else self.large_rounds
        return self.slow_rounds if way in SLOW else self.rounds


QUICK = Plan(sizes=(10, 100), rounds=3, slow_rounds=1, other_rounds=1)

Results = dict[str, list[dict[str, Any]]]
"""By the trial's name, what it measured in each round; nothing where it failed."""


def star(place: Place, way: str, size: int) -> dict[str, Any]:
    """Build one star one way."""
    here = {
        "c_lean": (place.star, size, "lean"),
        "c_default": (place.star, size, "default"),
        "ip_batch": ("bash", HERE / "star_ip_batch.sh", size),
        "shell": ("bash", HERE / "star_shell.sh", size),
    }
    if way in here:
        return place.run(here[way], star=size)
    if way == "pyroute2":
        return place.run((sys.executable, HERE / "star_pyroute2.py", size), star=size)
    if way == "mininet":
        return place.run((SYSTEM_PYTHON, HERE / "star_mininet.py", size))
    return place.python("star_nslab.py", size)


def others(place: Place, plan: Plan, *, small: bool = False) -> dict[str, tuple[Any, ...]]:
    """The trials that are no star, with the words that start them.

    :param small: only so much that each is seen to run
    """
    if small:
        return {
            "snapshot": ("snapshot.py", plan.looked_at, 1),
            "command": ("command.py", 1),
            "captures": ("captures.py", place.flood, plan.looked_at, "small"),
            "imports": ("imports.py", 1),
            "ready": ("ready.py", 1),
            "why": ("why.py", 1),
            "idle": ("idle.py", 0.1),
            "pictures": ("pictures.py", 1, 30),
            "live": ("live.py", 2),
            "notebook": ("notebook.py", 1, "05-way-out.ipynb"),
            "vm": ("vm.py", 1),
        }
    return {
        "snapshot": ("snapshot.py", plan.looked_at, 3),
        "command": ("command.py", 60),
        "captures": ("captures.py", place.flood, plan.looked_at),
        "imports": ("imports.py", 4),
        "ready": ("ready.py", 4),
        "why": ("why.py", 4),
        "idle": ("idle.py", 3),
        "pictures": ("pictures.py", 5, 30, 100, 500),
        "live": ("live.py", 40),
        "notebook": ("notebook.py", 2, "05-way-out.ipynb"),
        "vm": ("vm.py", 4),
    }


def measure(
    place: Place, plan: Plan, say: Callable[[str], None], only: Sequence[str] = ()
) -> Results:
    """Everything, in rounds; or only some of the trials that are no star."""
    results: Results = {}

    def attempt(name: str, work: Callable[[], dict[str, Any]]) -> None:
        try:
            found = work()
        except Failed as failure:
            say(f"  {name} failed: {failure}")
            found = {}
        results.setdefault(name, []).append(found)
        place.let_go()

    stars = [] if only else [(way, size) for size in plan.sizes for way in WAYS]
    if stars:
        for way in ("nslab", "mininet", "pyroute2"):
            star(place, way, 2)  # compiles the bytecode
    rounds = max([plan.other_rounds, *(plan.wanted(way, size) for way, size in stars)])
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        for way, size in stars:
            if number < plan.wanted(way, size):
                attempt(f"star {size} {way}", partial(star, place, way, size))
        if number < plan.other_rounds:
            for name, words in others(place, plan).items():
                if only and name not in only:
                    continue
                attempt(name, partial(place.python, *words))
    return results
