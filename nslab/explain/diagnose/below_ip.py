"""What takes frames before IP sees them, or after: XDP programs, and filters of tc.

A program of XDP sees a frame before every tap does, and a filter at a link's exit takes it before
it is seen to leave: so it is the place behind the last sighting that is looked at.
"""

from __future__ import annotations

from nslab.explain.diagnose.case import Case
from nslab.explain.diagnose.explanation import Obstacle
from nslab.network.evidence import TrafficFilter
from nslab.network.model import Link, Namespace
from nslab.sentence import Sentence, lines, sentence

_ENTRANCES = ("clsact", "ingress")
"""The kinds of queues that only hold filters."""


def by_program(case: Case) -> Obstacle | None:
    """A link with an XDP program: what went into its cable never came out there."""
    if case.outcome.kind != "silence":
        return None
    for there in case.way.snapshot:
        for end in there.links:
            near = case.way.snapshot.peer(end) if end.xdp and end.kind == "veth" else None
            if near is None or not _lost_between(case, near, (there, end)):
                continue
            where = f"{there.label}/{end.name}"
            message = sentence(
                "{link} has a program (XDP) that sees each frame before the kernel does: what "
                "left {other} never came in there",
                link=where,
                other=f"{near[0].label}/{near[1].name}",
            )
            command = f"ip link set dev {end.name} {end.xdp} off"
            hint = lines(sentence("# take the program off:"), case.hint(there.label, command))
            return Obstacle(kind="xdp-drop", where=where, message=message, hint=hint)
    return None


def _lost_between(case: Case, near: tuple[Namespace, Link], far: tuple[Namespace, Link]) -> bool:
    """Whether it went into a cable on its way, and never came out at its other end."""
    places = [(here.label, link.name) for here, link in (near, far)]
    seen = [
        (place, one.target)
        for one in case.evidence.sightings
        for number, place in enumerate(places)
        if (one.place.ns, one.place.link, one.way) == (*place, ("out", "in")[number])
    ]
    if not seen or any(place == places[1] for place, _ in seen):
        return False
    asked = any(case.way.holder(target) == places[1] for _, target in seen if target)
    return (case.lost.ns, case.lost.link) == places[0] or bool(case.lost.waiting and asked)


def by_filter(case: Case) -> Obstacle | None:
    """A filter of tc where it was lost: the counters of its action, or of its place, went up."""
    if case.outcome.kind not in ("silence", "unsent"):
        return None
    for one in _suspects(case):
        place = f"{one.ns}/{one.link}"
        values = {"link": place, "does": _does(one.action), "words": one.words}
        message = sentence(
            "{link} has a filter of tc for what goes out, which {does}: {words}", **values
        )
        if one.side == "ingress":
            message = sentence(
                "{link} has a filter of tc for what comes in, which {does}: {words}", **values
            )
        command = f"tc filter del dev {one.link} {one.side} {one.words}"
        hint = lines(sentence("# take it away:"), case.hint(one.ns, command))
        return Obstacle(kind="tc-drop", where=place, message=message, hint=hint)
    return None


def _does(action: str) -> Sentence:
    """What a filter of tc does with a packet; without an action a program decides."""
    if action == "drop":
        return sentence("drops it")
    if action == "police":
        return sentence("drops what is too much (police)")
    if not action:
        return sentence("decides by a program of its own")
    return sentence("takes it ({action})", action=action)


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
