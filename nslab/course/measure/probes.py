"""What is measured between the client and the server, on each way."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from nslab.course.measure import runs
from nslab.course.measure.result import Result
from nslab.course.measure.topologies import CLIENT, SERVER, WAYS, Way
from nslab.errors import InvalidInput, NslabError
from nslab.network.arguments import checked
from nslab.printable import short
from nslab.session.lab import Lab

QUICK_AMOUNT = "100M"
"""Bytes that iperf3 sends when it must be quick; it counts seconds in whole ones."""

LISTENING = 5.0
"""Seconds in which a server must listen; it takes milliseconds."""


def _titled(ways: Sequence[Way]) -> dict[str, Way]:
    """The ways by their titles; the first is what the others are compared with."""
    right = isinstance(ways, list | tuple) and all(isinstance(way, Way) for way in ways)
    if not right or not ways:
        raise InvalidInput(
            "measure", f"ways={short(ways)}", "these are no ways", "such as measure.WAYS[:2]"
        )
    return {way.title: way for way in ways}


@checked
def throughput(
    lab: Lab, *, ways: Sequence[Way] = WAYS, repeats: int | None = None, seconds: int | None = None
) -> Result:
    """How many bits of a TCP connection arrive in a second, by iperf3: big segments, all CPUs.

    :param ways: those of the lab that was made: :data:`WAYS` or
        :data:`~nslab.course.measure.ways_out.WAYS_OUT`
    :param repeats: how often each way is measured, all in turn
    :param seconds: how long one measurement lasts
    :raises ToolMissing: iperf3 is not installed
    """
    titled = _titled(ways)
    effort = runs.effort(repeats, seconds, full=(5, 1), quick=(2, 0))
    length = ("-t", f"{effort.seconds:.0f}") if effort.seconds else ("-n", QUICK_AMOUNT)

    def sample(title: str) -> dict[str, float]:
        return {"bits": _iperf3(lab, titled[title], length) / 1e9}

    measured = runs.in_turn("TCP throughput", tuple(titled), sample, effort.repeats)
    return Result(
        title="TCP throughput",
        unit="Gbit/s",
        better="more",
        samples=measured.of("bits"),
        base=ways[0].title,
        limit=10_000,
        stopped=measured.stopped,
    )


def _iperf3(lab: Lab, way: Way, length: tuple[str, ...]) -> float:
    """Bits a second that arrived.  The server serves one client and ends."""
    lab.run("iperf3", "--server", "--one-off", "--daemon", "--bind", way.address, ns=SERVER)
    limit = time.monotonic() + LISTENING
    while True:
        ran = lab.run("iperf3", "--client", way.address, *length, "--json", ns=CLIENT)
        report = json.loads(ran.stdout or "{}")
        if ran.returncode == 0 and "error" not in report:
            return float(report["end"]["sum_received"]["bits_per_second"])
        if time.monotonic() > limit:
            raise NslabError(
                "measure the TCP throughput of",
                way.title,
                report.get("error", "") or ran.stderr.strip(),
                "lab.why and lab.ping say more",
            )


@checked
def small_packets(
    lab: Lab,
    *,
    ways: Sequence[Way] = WAYS,
    repeats: int | None = None,
    seconds: float | None = None,
) -> tuple[Result, Result]:
    """How many of the smallest packets one CPU carries in a second, and the CPU that each takes.

    One program on one CPU sends 32 packets, takes them in on the other side, and begins again, so
    that all of the work (the sending and the receiving program, both network stacks, the way)
    is done by this CPU.  The rate is by the wall clock: it falls when somebody else gets the CPU.
    The CPU for a packet is by the median round of 32, in which nobody else got it.
    """
    titled = _titled(ways)
    effort = runs.effort(repeats, seconds, full=(9, 0.4), quick=(2, 0.08))

    def sample(title: str) -> dict[str, float]:
        way = titled[title]
        got = runs.probe(lab, "carry", CLIENT, SERVER, way.address, f"{effort.seconds:g}")
        return {"rate": got["received"] / got["wall"] / 1e3, "cpu": got["batch"] * 1e6}

    measured = runs.in_turn("small packets", tuple(titled), sample, effort.repeats)
    rate = Result(
        title="Small packets carried by one CPU",
        unit="thousand/s",
        better="more",
        samples=measured.of("rate"),
        base=ways[0].title,
        limit=100_000,
        stopped=measured.stopped,
    )
    cpu = Result(
        title="CPU for a small packet",
        unit="µs",
        better="less",
        samples=measured.of("cpu"),
        base=ways[0].title,
        compare="difference",
        limit=0.05,
        stopped=measured.stopped,
    )
    return rate, cpu


@checked
def round_trip(
    lab: Lab,
    *,
    ways: Sequence[Way] = WAYS,
    repeats: int | None = None,
    seconds: float | None = None,
) -> Result:
    """The time from a question to its answer, one at a time, both programs on one CPU.

    A sample is the median of thousands of questions.
    """
    titled = _titled(ways)
    effort = runs.effort(repeats, seconds, full=(9, 0.4), quick=(2, 0.08))

    def sample(title: str) -> dict[str, float]:
        way = titled[title]
        got = runs.probe(lab, "turn", CLIENT, SERVER, way.address, f"{effort.seconds:g}")
        return {"time": got["median"] * 1e6}

    measured = runs.in_turn("round trips", tuple(titled), sample, effort.repeats)
    return Result(
        title="Round trip",
        unit="µs",
        better="less",
        samples=measured.of("time"),
        base=ways[0].title,
        compare="difference",
        limit=0.5,
        stopped=measured.stopped,
    )
