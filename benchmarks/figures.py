"""From what was measured to the figures: each a ratio within a round, its median and its range.

Dividing within a round, and not the medians of all rounds, leaves out how the machine's speed
drifts from one round to the next.
"""

from __future__ import annotations

from statistics import median
from typing import Any

from measure import WAYS, Plan, Results
from msgspec import Struct

IDLE_SECONDS = 3


class Figure(Struct):
    """One line of the table.  Without a target it is for information."""

    what: str
    unit: str
    median: float
    low: float
    high: float
    rounds: int
    at_least: float | None = None
    at_most: float | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the median is on the right side of the target."""
        if self.at_least is not None:
            return self.median >= self.at_least
        if self.at_most is not None:
            return self.median <= self.at_most
        return None


class Star(Struct):
    """One way to build a star of one size: milliseconds, and times nslab's within a round."""

    way: str
    size: int
    milliseconds: float
    ratio: float
    rounds: int


Series = list[float | None]


def series(results: Results, name: str, key: str) -> Series:
    """One value for each round; of what a trial repeated inside, the median."""
    found: Series = []
    for result in results.get(name, []):
        value: Any = result.get(key, result.get("times", {}).get(key))
        found.append(median(value) if isinstance(value, list) else value)
    return found


def ratios(above: Series, below: Series) -> list[float]:
    """Round by round, where both are there."""
    return [a / b for a, b in zip(above, below, strict=False) if a is not None and b]


def above(values: Series, base: Series) -> Series:
    """What is left of each round's value without the base."""
    return [
        None if value is None or under is None else value - under
        for value, under in zip(values, base, strict=True)
    ]


def figure(what: str, values: list[float], unit: str = "×", **target: float) -> list[Figure]:
    """None if nothing was measured."""
    if not values:
        return []
    return [Figure(what, unit, median(values), min(values), max(values), len(values), **target)]


def compute(results: Results, plan: Plan) -> list[Figure]:
    """The figures, in the order of the table."""
    found: list[Figure] = []

    def build(way: str, size: int) -> Series:
        return series(results, f"star {size} {way}", "build")

    def times(trial: str, way: str) -> Series:
        return series(results, trial, way)

    for size in plan.sizes:
        nslab, star = build("nslab", size), f"star of {size}"
        found += figure(
            f"{star}: faster than Mininet", ratios(build("mininet", size), nslab), at_least=15
        )
        found += figure(
            f"{star}: faster than `ip -batch`", ratios(build("ip_batch", size), nslab), at_least=2.5
        )
        for way in ("c_default", "c_lean"):
            found += figure(
                f"{star}: time of {WAYS[way]}", ratios(nslab, build(way, size)), at_most=1.5
            )
    if 10 in plan.sizes and 500 in plan.sizes:
        small = [value and value / 10 for value in build("nslab", 10)]
        large = [value and value / 500 for value in build("nslab", 500)]
        found += figure(
            "cost of a namespace in a star of 500, in that of one of 10",
            ratios(large, small),
            at_most=1.5,
        )

    size = plan.looked_at
    for words, key, target in (
        ("until the call returns", "close", {"at_least": 20.0}),
        ("until its links and processes are gone", "links_gone", {}),
        ("until the kernel has freed all", "freed", {}),
    ):
        mininet, nslab = times(f"star {size} mininet", key), times(f"star {size} nslab", key)
        found += figure(
            f"closing a star of {size}: faster than Mininet, {words}",
            ratios(mininet, nslab),
            **target,
        )

    look, nslab = f"snapshot of {size} namespaces: faster than", times("snapshot", "nslab")
    for words, way, target in (
        ("`ip -json`", "ip_json", 10.0),
        ("`ip -json -batch`", "ip_json_batch", None),
        ("pyroute2, `IPRoute(netns=…)`", "pyroute2_netns", None),
        ("pyroute2, `IPRoute(use_socket=…)`", "pyroute2_sockets", 8.0),
        ("pyroute2, `AsyncIPRoute`", "pyroute2_async", 8.0),
    ):
        wanted = {} if target is None else {"at_least": target}
        found += figure(f"{look} {words}", ratios(times("snapshot", way), nslab), **wanted)

    spawn = times("command", "spawn")
    found += figure(
        "command in a namespace: time of a plain spawn",
        ratios(times("command", "nslab"), spawn),
        at_most=1.3,
    )
    found += figure(
        "`ip netns exec`: time of a plain spawn",
        ratios(times("command", "ip_netns_exec"), times("command", "spawn_beside_ip")),
    )

    def captures(what: str, way: str) -> Series:
        return times("captures", f"{what}_{way}")

    found += figure(
        "capture without loss, 100-byte frames: rate of scapy's `AsyncSniffer`",
        ratios(captures("lossless", "nslab"), captures("lossless", "scapy")),
        at_least=50,
    )
    for words, way, target in (
        ("as raw blocks in the notebook's process", "nslab", {}),
        ("to a pcapng file", "nslab_file", {"at_most": 6.0}),
    ):
        found += figure(
            f"capture {words}: CPU a packet, that of tcpdump's to file",
            ratios(captures("cost", way), captures("cost", "tcpdump")),
            **target,
        )
    found += figure(
        "sending prepared frames: rate of scapy's `sendp(count=…)`",
        ratios(captures("sending", "nslab"), captures("sending", "scapy")),
        at_least=50,
    )
    found += figure(
        f"captures in {size} namespaces, start and stop: time of {size} `tcpdump -w`",
        ratios(captures("hundred", "nslab"), captures("hundred", "tcpdump")),
        at_most=0.25,
    )
    ten = [value for value in captures("ten", "nslab") if value is not None]
    found += figure(
        "a ping through NAT captured on ten links, its journey and its picture",
        ten,
        "s",
        at_most=0.5,
    )

    theirs = above(times("imports", "pyroute2"), times("imports", "bare"))
    for words, way, target in (
        ("`import nslab`", "nslab", {"at_most": 1 / 3}),
        ("`from nslab import AddBridge, Lab`", "nslab_lab", {}),
    ):
        ours = above(times("imports", way), times("imports", "bare"))
        found += figure(f"{words}: time of `import pyroute2`", ratios(ours, theirs), **target)

    ready = [value for value in times("ready", "ready") if value is not None]
    found += figure("`Lab()` ready", ready, "s", at_most=0.5)
    for words, key, limit in (("that works", "passes", 0.5), ("on which it is lost", "lost", 2.0)):
        values = [value for value in times("why", key) if value is not None]
        found += figure(f"`lab.why` of a way {words}", values, "s", at_most=limit)
    for words, key, unit, target in (
        ("packages downloaded before, to an image", "build", "s", {}),
        ("nothing running, to a saved state", "cold", "s", {}),
        ("a saved state, to a lab that is ready", "woken", "s", {"at_most": 0.9}),
    ):
        values = [value for value in times("vm", key) if value is not None]
        found += figure(f"virtual machine: from {words}", values, unit, **target)
    found += figure(
        "virtual machine: round trip to the agent, that on this machine",
        ratios(times("vm", "trip"), times("vm", "local_trip")),
    )
    for words, key, target in (
        ("of one lab", "memory", {"at_most": 340.0}),
        ("of five labs", "memory_of_five", {}),
    ):
        values = [value for value in times("vm", key) if value is not None]
        found += figure(f"virtual machine: memory {words}", values, "MiB", **target)
    found += _pictures(results)
    idle = [float(value) for value in times("idle", "idle") if value is not None]
    found += figure(f"frames on an idle lab's bridge in {IDLE_SECONDS} s", idle, "", at_most=0)
    return found


def _pictures(results: Results) -> list[Figure]:
    """How long pictures take, and how long they are."""
    found: list[Figure] = []
    for size in (30, 100, 500):
        for words, key, unit, target in (
            ("laid out", "layout", "s", {"at_most": 0.3} if size == 500 else {}),
            ("laid out and written", "picture", "s", {}),
            ("as SVG in a page", "kilobytes", "kB", {}),
        ):
            values = series(results, "pictures", f"{key} {size}")
            known = [value for value in values if value is not None]
            found += figure(f"picture of {size} namespaces, {words}", known, unit, **target)
    for words, name, key, target in (
        ("a change in a terminal → the picture for the page", "live", "median", {"at_most": 0.1}),
        ("the same, of 95 in 100", "live", "most", {"at_most": 0.15}),
        ("all of notebook 05, with pictures", "notebook", "on", {}),
        ("all of notebook 05, without", "notebook", "off", {}),
    ):
        known = [value for value in series(results, name, key) if value is not None]
        found += figure(words, known, "s", **target)
    return found


def stars(results: Results, plan: Plan) -> list[Star]:
    """How long each way took, beside nslab."""
    found = []
    for way in WAYS:
        for size in plan.sizes:
            values = series(results, f"star {size} {way}", "build")
            measured = [value for value in values if value is not None]
            beside = ratios(values, series(results, f"star {size} nslab", "build"))
            if measured and beside:
                found.append(
                    Star(way, size, 1000 * median(measured), median(beside), len(measured))
                )
    return found
