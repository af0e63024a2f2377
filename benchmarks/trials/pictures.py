"""How long it takes to lay out and to write the pictures of stars, and how long they are.

The stars are made in memory: what a kernel would take for them is no part of it.  A star of 500 is
drawn in part; what is left out is part of the work all the same.
"""

from __future__ import annotations

import json
import sys
import time

from nslab import AddAddress, AddBridge, AddNamespace, AddVeth, Lab, Picture, SetUp, Snapshot


def star(size: int) -> Snapshot:
    """A bridge with so many namespaces."""
    with Lab(engine="fake") as lab:
        lab.do(AddBridge("br0"), AddAddress("br0", "10.0.0.1/16"), SetUp("br0"), watch=False)
        for number in range(size):
            ns = f"n{number + 1}"
            lab.do(
                AddNamespace(ns),
                AddVeth(f"v{number + 1}", "eth0", peer_ns=ns, master="br0", up=True),
                SetUp("eth0", ns=ns),
                AddAddress("eth0", f"10.0.{number // 250 + 1}.{number % 250 + 1}/16", ns=ns),
                watch=False,
            )
        return lab.snapshot()


def main(repeats: int, *sizes: int) -> None:
    times: dict[str, list[float]] = {}
    found: dict[str, float] = {}
    for size in sizes:
        snapshot = star(size)
        for number in range(repeats + 1):
            start = time.perf_counter()
            picture = Picture(snapshot)
            _ = picture.placed
            placed = time.perf_counter()
            html = picture.html
            written = time.perf_counter()
            found[f"kilobytes {size}"] = len(html.encode()) / 1000
            if number:
                times.setdefault(f"layout {size}", []).append(placed - start)
                times.setdefault(f"picture {size}", []).append(written - start)
    print(json.dumps({"times": times, **found}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
