"""How soon a change that somebody makes in a terminal is in the live picture for the page.

The change is made by a program of its own, as a terminal would; the clock stops when the widget
has the picture to send.  What the browser takes to draw it is seen by a test in tests/browser.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any

from nslab import AddBridge, AddNamespace, Lab

LIMIT = 60.0
"""Seconds that a change may take at most before the trial counts as failed."""


def part(widget: Any, name: str) -> Any:
    """The part of a widget that the page shows under a class of that name."""
    inside = [widget]
    while f"nslab-{name}" not in inside[0]._dom_classes:
        inside = [*inside[1:], *getattr(inside[0], "children", ())]
    return inside[0]


def main(changes: int) -> None:
    with Lab() as lab:
        lab.do(AddBridge("br0"), *(AddNamespace(f"ns{n}") for n in range(1, 6)))
        live = lab.live()
        drawn, status = (part(live, name) for name in ("drawn", "status"))
        taken = []
        for number in range(changes):
            name = f"new{number}"
            start = time.perf_counter()
            made = lab.run("ip", "link", "add", name, "type", "bridge")
            if made.returncode:
                raise SystemExit(made.stderr)
            while name not in drawn.value:
                if time.perf_counter() - start > LIMIT:
                    raise SystemExit(f"no {name} in the picture after {LIMIT:g} s: {status.value}")
                time.sleep(0.001)
            taken.append(time.perf_counter() - start)
            lab.run("ip", "link", "del", name)
            while any(link.name == name for link in live.snapshot.host.links):
                time.sleep(0.01)
        live.close()
    ordered = sorted(taken)
    print(
        json.dumps(
            {
                "times": {"change": taken},
                "median": statistics.median(taken),
                "most": ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))],
            }
        )
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
