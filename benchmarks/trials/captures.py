"""Capturing and sending: nslab's, scapy's and tcpdump's in the same lab.

- The highest rate of 100-byte frames at which none is missing, for a second: nslab and scapy's
  AsyncSniffer.  It is searched for by halving the ratio between a rate that went and one that did
  not, six times.
- Processor time a frame at one rate, nslab and tcpdump.  nslab's is that of the agent and of the
  notebook's process together, from the start until all frames are in the notebook's process, in
  the kernel's blocks; a second figure also writes them to a file, as tcpdump does.
- Sending prepared frames: ``lab.send(count=…)`` and ``sendp(count=…)``.
- Starting and stopping captures in N namespaces at once: nslab and N tcpdumps.
- A capture on ten links of a ping through NAT, from its start until there are the table, the
  packet's journey and its picture: the way drawn on the lab, with a dot that moves.

The same program in C floods for all of them; all run inside the same lab.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import own
from star_nslab import star

from nslab import (
    AddAddress,
    AddBridge,
    AddNamespace,
    AddRoute,
    AddVeth,
    Lab,
    Masquerade,
    SetUp,
    Sysctl,
)

SIZE = 100
PLENTY = {"frames": 1 << 24, "bytes": 1 << 30}


class Extent(NamedTuple):
    """How much is measured."""

    seconds: float
    """Of a flood in which no frame may be missing."""
    halvings: int
    steady: int
    """Frames a second at which processor time is measured."""
    steadily: float
    """Seconds of that."""
    nslab: int
    """Prepared frames that are sent."""
    scapy: int
    kept: float
    """The part of the frames that tcpdump must have; it may lose some."""


FULL = Extent(1, 6, 50_000, 4, 200_000, 2000, 0.9)
SMALL = Extent(0.05, 1, 2_000, 1.5, 2_000, 20, 0)
"""To see that it runs; its figures say nothing."""


class Inside:
    """The process inside the lab that does what nslab is measured against."""

    def __init__(self, flood: str) -> None:
        self._process = subprocess.Popen(
            [
                "nsenter",
                f"--target={own.pid()}",
                "--user",
                "--net",
                "--mount",
                "--pid",
                "--preserve-credentials",
                sys.executable,
                str(Path(__file__).with_name("taps.py")),
                flood,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def ask(self, line: str) -> Any:
        self.say(line)
        return self.hear()

    def flood(self, rate: float, seconds: float) -> int:
        return int(self.ask(f"flood v1 {rate:.0f} {seconds} {SIZE}"))

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def processor_time(pid: int) -> float:
    """Seconds of a process and all its threads (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def loses(
    lab: Lab, inside: Inside, flooding: Inside, way: str, rate: float, seconds: float
) -> bool:
    """Whether frames are missing of a flood at that rate."""
    if way == "nslab":
        with lab.capture("ns1/eth0", **PLENTY) as seen:
            sent = flooding.flood(rate, seconds)
        return len(seen) < sent
    assert inside.ask(f"{way} eth0") == "ready"
    sent = flooding.flood(rate, seconds)
    inside.say("stop")
    return int(inside.hear()[0]) < sent


def lossless(
    lab: Lab, inside: Inside, flooding: Inside, way: str, low: float, extent: Extent
) -> float:
    """The highest rate at which nothing is missing."""
    high = flooding.flood(0, extent.seconds) / extent.seconds  # nobody listens
    if not loses(lab, inside, flooding, way, high, extent.seconds):
        return high
    for _ in range(extent.halvings):
        middle = (low * high) ** 0.5
        if loses(lab, inside, flooding, way, middle, extent.seconds):
            high = middle
        else:
            low = middle
    return low


def costs(lab: Lab, inside: Inside, flooding: Inside, extent: Extent) -> dict[str, float]:
    """Processor time a frame, in seconds."""
    agent = own.pid()
    before, mine = processor_time(agent), time.process_time()
    with lab.capture("ns1/eth0", **PLENTY) as seen:
        sent = flooding.flood(extent.steady, extent.steadily)
    took = processor_time(agent) - before + time.process_time() - mine
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
        seen.to_pcapng(f"{place}/out")
    to_file = processor_time(agent) - before + time.process_time() - mine
    assert len(seen) == sent, f"nslab has {len(seen)} of {sent} frames: {seen.notes}"
    assert inside.ask("tcpdump eth0") == "ready"
    sent = flooding.flood(extent.steady, extent.steadily)
    inside.say("stop")
    count, theirs = inside.hear()
    assert count > extent.kept * sent, f"tcpdump has {count} of {sent} frames"
    kept = len(seen)
    return {"nslab": took / kept, "nslab_file": to_file / kept, "tcpdump": theirs / count}


def sending(lab: Lab, inside: Inside, extent: Extent) -> dict[str, float]:
    """Frames a second."""
    count, frame = extent.nslab, bytes((2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 0x88, 0xB5)) + bytes(86)
    lab.send(frame, "v1", count=1000)
    start = time.perf_counter()
    assert lab.send(frame, "v1", count=count).count == count
    took = time.perf_counter() - start
    theirs = inside.ask(f"sendp v1 {extent.scapy} {SIZE}")
    return {"nslab": count / took, "scapy": extent.scapy / theirs}


def hundred(lab: Lab, inside: Inside, size: int) -> dict[str, float]:
    """Seconds to start and stop captures in so many namespaces."""
    links = [f"n{number}/eth0" for number in range(size)]
    start = time.perf_counter()
    seen = lab.capture(*links)
    started = time.perf_counter()
    seen.stop()
    stopped = time.perf_counter()
    first, last = inside.ask(f"hundred {size}")
    return {
        "nslab": stopped - start,
        "nslab_start": started - start,
        "tcpdump": first + last,
        "tcpdump_start": first,
    }


def ten_points(lab: Lab) -> dict[str, float]:
    """Seconds from the start of a capture on ten links until all is there."""
    links = (
        "ns2/eth0",
        "p2",
        "br1",
        "eth0",
        "switch/to-host",
        "switch/to-router",
        "router/eth0",
        "router/eth1",
        "internet/eth0",
        "lan/eth0",
    )
    start = time.perf_counter()
    with lab.capture(*links) as seen:
        assert lab.ping("ns2", "203.0.113.80")
    table = str(seen.frames)
    shown = seen.journey()._repr_mimebundle_()
    took = time.perf_counter() - start
    way = shown["text/plain"]
    assert shown["text/html"].count('class="nslab-at"') == 9, shown["text/html"]
    assert table.count("echo request") == 9, table
    assert "SNAT by the host" in way, way
    assert "arrived at internet/eth0" in way, way
    return {"nslab": took}


def main(flood: str, size: int, extent: Extent = FULL) -> None:
    with Lab(own.NAME) as lab:
        lab.do(
            AddNamespace("ns1"),
            AddVeth("v1", "eth0", peer_ns="ns1", up=True),
            SetUp("eth0", ns="ns1"),
        )
        inside, flooding = Inside(flood), Inside(flood)
        result: dict[str, Any] = {
            "lossless": {
                "nslab": lossless(lab, inside, flooding, "nslab", 1000, extent),
                "scapy": lossless(lab, inside, flooding, "scapy", 100, extent),
            },
            "cost": costs(lab, inside, flooding, extent),
            "sending": sending(lab, inside, extent),
        }
        lab.do(
            AddBridge("br1"),
            SetUp("br1"),
            AddAddress("br1", "192.168.10.1/24"),
            AddNamespace("ns2"),
            AddVeth("p2", "eth0", peer_ns="ns2", master="br1", up=True),
            SetUp("eth0", ns="ns2"),
            AddAddress("eth0", "192.168.10.11/24", ns="ns2"),
            AddRoute("default", via="192.168.10.1", ns="ns2"),
            Sysctl("net.ipv4.ip_forward", "1"),
            Masquerade("192.168.10.0/24", "eth0"),
        )
        result["ten"] = ten_points(lab)
        lab.do(*star(size), watch=False)
        result["hundred"] = hundred(lab, inside, size)
        inside.close()
        flooding.close()
    print(
        json.dumps(
            {
                f"{what}_{way}": value
                for what, found in result.items()
                for way, value in found.items()
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), SMALL if "small" in sys.argv[3:] else FULL)
