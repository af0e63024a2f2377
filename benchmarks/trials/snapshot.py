"""A look at a star of N namespaces: nslab's snapshot, ``ip -j`` and pyroute2's own dumps.

All look at the same star, in turn: nslab's, after every namespace has spoken with the gateway, so
that there are neighbours and learned MACs.  nslab is measured from the call of ``lab.snapshot()``
to its value in the notebook's process, through the agent; besides the star its value holds the
world around the lab, NAT rules, sysctls and processes.  The others run inside the lab
(:mod:`dumps`, entered with nsenter) and read links, addresses, routes and neighbours of each
namespace and the bridge's fdb into Python values.

Pitfall: carriers settle within a second of the making; a snapshot waits for that, so the first
is not counted.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import own
from addresses import GATEWAY
from star_nslab import star

from nslab import Lab


def main(size: int, repeats: int) -> None:
    with Lab(own.NAME) as lab:
        lab.do(*star(size), watch=False)
        talk = f"exec 3<>/dev/udp/{GATEWAY}/9; echo >&3"
        for number in range(size):
            lab.run("bash", "-c", talk, ns=f"n{number}")
        lab.snapshot()
        time.sleep(1.5)
        dumps = subprocess.Popen(
            [
                "nsenter",
                f"--target={own.pid()}",
                "--user",
                "--net",
                "--mount",
                "--pid",
                "--preserve-credentials",
                sys.executable,
                str(Path(__file__).with_name("dumps.py")),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert dumps.stdin is not None
        assert dumps.stdout is not None
        ways = dumps.stdout.readline().split()
        assert ways, "nothing could be started inside the lab"
        times: dict[str, list[float]] = {"nslab": []} | {way: [] for way in ways}
        wrong = ""
        for _ in range(repeats):
            start = time.perf_counter()
            seen = lab.snapshot()
            times["nslab"].append(time.perf_counter() - start)
            stars = [space for space in seen.namespaces if space.role in ("host", "named")]
            links = sum(len(space.links) for space in stars)
            talked = sum(1 for space in stars if space.role == "named" and space.neighbours)
            if len(stars) != size + 1 or talked != size:
                wrong = f"nslab saw {len(stars)} namespaces, {talked} of them with neighbours"
            for way in ways:
                dumps.stdin.write(f"{way}\n")
                dumps.stdin.flush()
                took, counted = dumps.stdout.readline().split()
                times[way].append(float(took))
                if int(counted) != links:
                    wrong = f"{way} saw {counted} links, nslab {links}"
        dumps.stdin.close()
        dumps.wait()
    print(json.dumps({"times": times, "wrong": wrong}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
