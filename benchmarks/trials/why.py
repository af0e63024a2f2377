"""How long ``lab.why`` takes of a way that works, and of one on which what was sent is lost."""

from __future__ import annotations

import json
import sys
import time

from nslab import lesson


def main(repeats: int) -> None:
    times: dict[str, list[float]] = {"passes": [], "lost": []}
    with lesson("05").lab(name="bench", done=True) as lab:
        # Nothing in a snapshot says that the host does not answer: it has to be tried.
        lab.run("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1")
        for _ in range(repeats):
            for way, address in (("passes", "203.0.113.80"), ("lost", "192.168.10.1")):
                start = time.perf_counter()
                answer = lab.why("ns1", address)
                times[way].append(time.perf_counter() - start)
                assert bool(answer) == (way == "passes"), answer
    print(json.dumps({"times": times}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
