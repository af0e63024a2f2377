"""A bridge with a crowd on it: what flooding costs those whom a frame does not concern."""

from __future__ import annotations

import json

from nslab.course.measure import runs
from nslab.course.measure.result import Result
from nslab.errors import InvalidInput, NslabError
from nslab.network.actions import Action, AddBridge, AddNamespace, AddVeth, SetUp
from nslab.network.arguments import checked
from nslab.printable import short
from nslab.session.check import Verdict
from nslab.session.lab import Lab

BRIDGE, SENDER = "flat", "sender"
BYSTANDERS = 40
"""As many as a busy host has containers; far below a bridge's 1,023 ports."""

COUNTS = (0, 10, 20, 40)
KNOWN, UNKNOWN = "02:00:00:00:00:01", "02:00:00:00:ff:ff"
"""The address of the first bystander, and one that nobody has."""

_KNOWN_ROW = "known address, 1 copy"


@checked
def crowd(bystanders: int = BYSTANDERS) -> tuple[Action, ...]:
    """A bridge, a sender, and namespaces that listen to nobody."""
    if not 1 <= bystanders <= 1000:
        raise InvalidInput(
            "make a crowd",
            f"bystanders={short(bystanders)}",
            "a bridge has room for 1 to 1000 of them",
            "such as measure.crowd(40)",
        )
    actions: list[Action] = [
        AddBridge(BRIDGE, multicast_snooping=False),
        SetUp(BRIDGE),
        AddNamespace(SENDER),
        AddVeth("flat-s", "eth0", peer_ns=SENDER, master=BRIDGE, up=True),
        SetUp("eth0", ns=SENDER),
    ]
    for number in range(1, bystanders + 1):
        ns = f"n{number:02}"
        mac = KNOWN if number == 1 else None
        actions += [
            AddNamespace(ns),
            AddVeth(_port(number), "eth0", peer_ns=ns, master=BRIDGE, up=True, peer_mac=mac),
            SetUp("eth0", ns=ns),
        ]
    return tuple(actions)


def _port(number: int) -> str:
    return f"flat-{number:02}"


class FloodResult(Result, frozen=True, kw_only=True):
    """Also how many bystanders heard the frames, for each row: ``heard``, lowest and highest."""

    heard: dict[str, tuple[int, int]]

    @property
    def per_bystander(self) -> float:
        """Microseconds that one more bystander adds to each frame."""
        low, high = (_row(count) for count in (COUNTS[0], COUNTS[-1]))
        pairs = zip(self.samples.get(low, ()), self.samples.get(high, ()), strict=False)
        found = sorted((many - none) / COUNTS[-1] for none, many in pairs)
        return found[len(found) // 2] if found else 0.0

    def _footer(self) -> tuple[str, ...]:
        more = f"Each bystander adds {self.per_bystander:.2f} µs to each frame."
        return (*super()._footer(), *([more] if self.per_bystander else []))

    def _verdicts(self) -> list[Verdict]:
        wanted = {_KNOWN_ROW: 1} | {_row(count): count for count in COUNTS}
        return [*super()._verdicts(), *(self._heard(row, count) for row, count in wanted.items())]

    def _heard(self, row: str, wanted: int) -> Verdict:
        low, high = self.heard.get(row, (-1, -1))
        if low < 0:
            return Verdict(False, f"{row}: not measured", "measure again")
        right = low == high == wanted
        found = str(low) if low == high else f"{low} to {high}"
        text = f"{row}: {found} of {BYSTANDERS} bystanders heard these frames"
        return Verdict(right, text, "" if right else f"{wanted} should have: measure again")


def _row(count: int) -> str:
    return f"unknown address, {count} copies" if count else "unknown address, flood off"


@checked
def flooding(lab: Lab, *, repeats: int | None = None, seconds: float | None = None) -> FloodResult:
    """Time for a frame on a bridge while 0, 10, 20 and 40 bystanders get a copy of it.

    The lab must hold :func:`crowd`.  All ports stay; ``bridge link set … flood`` says which of
    them take part, so that nothing else differs.

    :param repeats: how often each is measured, all in turn
    :param seconds: how long one measurement lasts
    :raises NslabError: the lab has no such crowd
    """
    effort = runs.effort(repeats, seconds, full=(7, 0.25), quick=(2, 0.06))
    rows = {_KNOWN_ROW: (BYSTANDERS, KNOWN)} | {_row(k): (k, UNKNOWN) for k in COUNTS}
    ran = lab.run("bridge", "fdb", "replace", KNOWN, "dev", _port(1), "master", "static")
    if ran.returncode:
        raise NslabError(
            "measure flooding",
            "",
            f"the lab has no crowd: {ran.stderr.strip()}",
            "lab = Lab(start=measure.crowd())",
        )
    heard: dict[str, list[int]] = {}

    def sample(row: str) -> dict[str, float]:
        count, mac = rows[row]
        lines = (
            f"link set dev {_port(n)} flood {'on' if n <= count else 'off'}"
            for n in range(1, BYSTANDERS + 1)
        )
        lab.run("bridge", "-batch", "-", stdin="\n".join(lines) + "\n")
        before = _copies(lab)
        got = runs.probe(lab, "flood", SENDER, "eth0", mac, f"{effort.seconds:g}")
        after = _copies(lab)
        # At least half: the kernel may drop a few where a queue is full.
        half = got["sent"] / 2
        heard.setdefault(row, []).append(sum(after[p] - before[p] >= half for p in after))
        return {"frame": got["batch"] * 1e6}

    measured = runs.in_turn("flooding", tuple(rows), sample, effort.repeats)
    return FloodResult(
        title="Time for a frame on a bridge",
        unit="µs",
        better="less",
        samples=measured.of("frame"),
        base=_row(0),
        compare="difference",
        limit=0.05,
        stopped=measured.stopped,
        heard={row: (min(n), max(n)) for row, n in heard.items()},
    )


def _copies(lab: Lab) -> dict[str, int]:
    """The frames that each bystander's port has sent to it so far."""
    links = json.loads(lab.run("ip", "-json", "-stats", "link", "show", "master", BRIDGE).stdout)
    ports = {_port(number) for number in range(1, BYSTANDERS + 1)}
    return {
        link["ifname"]: link["stats64"]["tx"]["packets"]
        for link in links
        if link["ifname"] in ports
    }
