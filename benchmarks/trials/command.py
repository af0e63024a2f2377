"""A command in a namespace: ``lab.run`` against a plain spawn, from one process and in turn.

The plain spawn is ``subprocess.run`` of the same program with its output captured, as nslab
captures it; ``ip netns exec`` is spawned in the same way, in a second part: what each one leaves
for the kernel to take down goes on for milliseconds, beside whatever runs next.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable

from nslab import AddNamespace, Lab


def measured(
    ways: dict[str, Callable[[], object]], names: tuple[str, ...], repeats: int
) -> dict[str, list[float]]:
    """The seconds that each of some ways takes, in turn."""
    times: dict[str, list[float]] = {way: [] for way in names}
    for number in range(repeats + 3):
        for way in names:
            start = time.perf_counter()
            ways[way]()
            if number >= 3:  # the first ones warm up
                times[way].append(time.perf_counter() - start)
    return times


def main(repeats: int) -> None:
    subprocess.run(["ip", "netns", "add", "n1"], check=True)
    with Lab("bench") as lab:
        lab.do(AddNamespace("n1"))
        ways: dict[str, Callable[[], object]] = {
            "nslab": lambda: lab.run("true", ns="n1"),
            "spawn": lambda: subprocess.run(["true"], capture_output=True),
            "ip_netns_exec": lambda: subprocess.run(
                ["ip", "netns", "exec", "n1", "true"], capture_output=True
            ),
        }
        times = measured(ways, ("nslab", "spawn"), repeats)
        beside = measured(ways, ("ip_netns_exec", "spawn"), repeats)
    times |= {"ip_netns_exec": beside["ip_netns_exec"], "spawn_beside_ip": beside["spawn"]}
    print(json.dumps({"times": times}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
