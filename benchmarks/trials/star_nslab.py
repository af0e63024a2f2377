"""A star of N namespaces with nslab's public API, made and closed.

Making is from the first action's value to the return of ``lab.do(…, watch=False)``: the values,
sending them to the agent, and its answer.  The lab's own start, the imports and looking at the
result (a snapshot) are not in it.
"""

from __future__ import annotations

import json
import os
import sys
import time

import own
from addresses import GATEWAY, LENGTH, address
from gone import descendants, links_gone, namespaces_freed, processes_gone

from nslab import Action, AddAddress, AddBridge, AddNamespace, AddRoute, AddVeth, Lab, SetUp


def star(size: int) -> list[Action]:
    """The actions in the order that costs least: each kind of message together.

    The bridge comes up last, or it would work out its carrier and address with each port.
    """
    numbers = range(size)
    actions: list[Action] = [
        AddBridge("br0", multicast_snooping=False),
        AddAddress("br0", f"{GATEWAY}/{LENGTH}"),
    ]
    actions += [AddNamespace(f"n{number}") for number in numbers]
    actions += [
        AddVeth(f"h{number}", "eth0", peer_ns=f"n{number}", master="br0", up=True)
        for number in numbers
    ]
    actions.append(SetUp("br0"))
    for number in numbers:
        ns = f"n{number}"
        actions += (
            SetUp("lo", ns=ns),
            SetUp("eth0", ns=ns),
            AddAddress("eth0", f"{address(number)}/{LENGTH}", ns=ns),
            AddRoute("default", via=GATEWAY, ns=ns),
        )
    return actions


def wrong(lab: Lab, size: int) -> str:
    for name in ("n0", f"n{size - 1}"):
        ping = lab.run("ping", "-c3", "-i0.2", "-W1", GATEWAY, ns=name)
        if ping.returncode:
            return f"{name} does not reach the gateway: {ping.stdout}{ping.stderr}"
        if "LOOPBACK,UP" not in lab.run("ip", "link", "show", "lo", ns=name).stdout:
            return f"lo is down in {name}"
    ports = lab.run("ip", "-o", "link", "show", "master", "br0", "up").stdout.splitlines()
    return "" if len(ports) == size else f"the bridge has {len(ports)} ports that are up"


def main(size: int) -> None:
    result: dict[str, object] = {}
    lab = Lab(own.NAME)
    start = time.perf_counter()
    lab.do(*star(size), watch=False)
    result["build"] = time.perf_counter() - start
    result["wrong"] = wrong(lab, size)
    processes = descendants(os.getpid())
    # Keeps the lab's host (not the star) until we have seen its links go.
    host = os.open(f"/proc/{own.pid()}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    start = time.perf_counter()
    lab.close()
    result["close"] = time.perf_counter() - start
    processes_gone(processes)
    links_gone("h", host)
    result["links_gone"] = time.perf_counter() - start
    os.close(host)
    namespaces_freed()
    result["freed"] = time.perf_counter() - start
    print(json.dumps(result))


if __name__ == "__main__":
    main(int(sys.argv[1]))
