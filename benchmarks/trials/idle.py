"""Frames on the bridge of a lab that does nothing, by the counters of the bridge and its ports.

The bridge has the kernel's defaults (multicast snooping on): it is nslab that keeps it quiet.
"""

from __future__ import annotations

import json
import sys
import time

from nslab import AddAddress, AddBridge, AddNamespace, AddVeth, Lab, SetUp

PORTS = 10


def frames(lab: Lab) -> int:
    """What went in or out of the bridge itself and each port, since they were made."""
    links = json.loads(lab.run("ip", "-json", "-statistics", "link", "show").stdout)
    counted = 0
    for link in links:
        if link["ifname"] == "br0" or link.get("master") == "br0":
            counted += sum(link["stats64"][way]["packets"] for way in ("rx", "tx"))
    return counted


def main(seconds: float) -> None:
    with Lab("bench") as lab:
        lab.do(AddBridge("br0"), AddAddress("br0", "10.0.0.1/16"), SetUp("br0"), watch=False)
        for number in range(PORTS):
            ns = f"n{number}"
            lab.do(
                AddNamespace(ns),
                AddVeth(f"h{number}", "eth0", peer_ns=ns, master="br0", up=True),
                SetUp("eth0", ns=ns),
                AddAddress("eth0", f"10.0.1.{number + 1}/16", ns=ns),
            )
        before = frames(lab)
        time.sleep(seconds)
        idle = frames(lab) - before
        # A count of none is worth something only if frames are counted.
        lab.run("ping", "-c1", "-W1", "10.0.0.1", ns="n0")
        wrong = "" if frames(lab) > before + idle else "the counters do not count"
    print(json.dumps({"since_made": before + idle, "idle": idle, "wrong": wrong}))


if __name__ == "__main__":
    main(float(sys.argv[1]))
