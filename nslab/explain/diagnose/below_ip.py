"""What takes frames before IP sees them, or after: XDP programs, and filters of tc.

A program of XDP sees a frame before every tap does, and a filter at a link's exit takes it before
it is seen to leave: so it is the place behind the last sighting that is looked at.
"""

from __future__ import annotations

from nslab.explain.diagnose.case import Case
from nslab.explain.diagnose.explanation import Obstacle
from nslab.network.evidence import TrafficFilter

_ENTRANCES = ("clsact", "ingress")
"""The kinds of queues that only hold filters."""


def by_program(case: Case) -> Obstacle | None:
    """A link with an XDP program: what went into its cable never came out there."""
    link = case.way.link(case.lost.ns, case.lost.link)
    far = case.way.snapshot.peer(link) if link is not None and link.kind == "veth" else None
    left = case.lost.by or (case.way.seen and case.way.seen[-1].way == "out")
    if far is None or not left or not far[1].xdp or case.outcome.kind != "silence":
        return None
    there, end = far
    where = f"{there.label}/{end.name}"
    if any((one.place.ns, one.place.link) == (there.label, end.name) for one in case.way.seen):
        return None
    return Obstacle(
        kind="xdp-drop",
        where=where,
        message=f"{where} has a program (XDP) that sees each frame before the kernel does: "
        f"it left {case.lost.where}, and the kernel never saw it come in",
        hint="# take the program off:\n"
        + case.hint(there.label, f"ip link set dev {end.name} {end.xdp} off"),
    )


def by_filter(case: Case) -> Obstacle | None:
    """A filter of tc where it was lost: the counters of its action, or of its place, went up."""
    if case.outcome.kind not in ("silence", "unsent"):
        return None
    for one in _suspects(case):
        place = f"{one.ns}/{one.link}"
        way = "comes in" if one.side == "ingress" else "goes out"
        does = {"drop": "drops it", "": "decides by a program of its own"}.get(
            one.action, f"takes it ({one.action})"
        )
        message = f"{place} has a filter of tc for what {way}, which {does}: {one.words}"
        command = f"tc filter del dev {one.link} {one.side} {one.words}"
        hint = "# take it away:\n" + case.hint(one.ns, command)
        return Obstacle(kind="tc-drop", where=place, message=message, hint=hint)
    return None


def _suspects(case: Case) -> list[TrafficFilter]:
    """The filters that may have taken it, those first whose own counter says so."""
    ns, seen = case.lost.ns, case.way.seen
    came = case.lost.link if seen and seen[-1].way == "in" else ""
    enough = min(2, case.evidence.sent)
    here = [
        one
        for one in case.evidence.filters
        if one.ns == ns and (one.side == "egress" or came in ("", one.link))
    ]
    counted = [one for one in here if one.takes and one.more >= enough]
    # A program decides by itself, without an action that counts: its place has dropped packets.
    programs = [one for one in here if one.takes is None and _drops(case, one, enough)]
    return counted or (programs if len(programs) == 1 else [])


def _drops(case: Case, one: TrafficFilter, enough: int) -> bool:
    """Whether packets were dropped where a filter is."""
    return any(
        (each.ns, each.kind, each.where) == (one.ns, "qdisc", one.link)
        and each.name in _ENTRANCES
        and each.more >= enough
        for each in case.evidence.counted
    )
