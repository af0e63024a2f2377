"""The hops of a trace as sentences; the world's are kept short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nslab.explain.diagnose.explanation import Finding
from nslab.explain.trace import Hop, Rewrite, Spot, Trace
from nslab.network.model import Route, Snapshot
from nslab.sentence import Sentence, joined, sentence


def route_words(route: Route) -> str:
    """A route as ``ip route`` prints it, as far as it matters here."""
    words = [] if route.kind == "unicast" else [route.kind]
    words.append(route.destination)
    words += ["via", route.via] if route.via else []
    words += ["dev", route.dev] if route.dev else []
    return " ".join(words)


def steps(snapshot: Snapshot, trace: Trace) -> list[Finding]:
    """What went well, in order, up to where it stops."""
    return list(_Teller(snapshot, trace).steps())


class _Teller:
    def __init__(self, snapshot: Snapshot, trace: Trace) -> None:
        self.trace = trace
        self.snapshot = snapshot
        self.worldly = {ns.label for ns in snapshot if ns.role == "world"}

    def steps(self) -> Iterator[Finding]:
        trace = self.trace
        arrived = bool(trace.back)
        yield from self._way(trace.there, arrived, asks=True)
        if not arrived:
            return
        first = trace.back[0]
        if first.link_in == "lo":
            return
        if trace.ok:
            way = joined(" → ", map(_named, trace.back))
            said = sentence("the answer comes back: {way}", way=way)
            yield Finding(ok=True, where=trace.namespace, message=said)
            return
        here, own, asker = first.namespace, first.source, first.destination
        said = sentence(
            "{here} got it: its answer is to go from {own} to {asker}",
            here=here,
            own=own,
            asker=asker,
        )
        if first.link_out or len(trace.back) > 1:
            said = sentence(
                "{here} answers: from {own} to {asker}", here=here, own=own, asker=asker
            )
        yield Finding(ok=True, where=here, message=said)
        yield from self._way(trace.back, False, asks=False)

    def _way(self, hops: Sequence[Hop], arrives: bool, *, asks: bool) -> Iterator[Finding]:
        """The hops one by one, those of the world in a row as one."""
        waiting: list[Hop] = []
        for number, hop in enumerate(hops):
            last = number == len(hops) - 1
            outside = hop.namespace in self.worldly and (number or not asks)
            if outside:
                waiting.append(hop)
                if not last:
                    continue
            yield from self._outside(waiting, hops, arrives and last)
            waiting = []
            if not outside:
                yield from self._hop(hop, first=not number, arrives=arrives and last, last=last)

    def _outside(
        self, waiting: Sequence[Hop], hops: Sequence[Hop], arrives: bool
    ) -> Iterator[Finding]:
        if not waiting:
            return
        passed = waiting if waiting[-1] is not hops[-1] or arrives else waiting[:-1]
        names = " → ".join(hop.namespace for hop in passed)
        said = sentence("outside: {names}", names=names)
        if arrives:
            address = waiting[-1].destination
            said = sentence("outside: {names}, which has {address}", names=names, address=address)
        if names:
            yield Finding(ok=True, where=waiting[0].namespace, message=said)

    def _hop(self, hop: Hop, *, first: bool, arrives: bool, last: bool) -> Iterator[Finding]:
        here = hop.namespace
        undone = [each for each in hop.rewrites if each.kind == "undone"]
        done = [each for each in hop.rewrites if each.kind != "undone"]
        for each in undone:
            yield Finding(ok=True, where=here, message=_rewritten(here, each))
        if hop.route is not None:
            route = route_words(hop.route)
            said = sentence("{here}: forwards, route {route}", here=here, route=route)
            if first or not hop.link_in:
                said = sentence("{here}: route {route}", here=here, route=route)
            yield Finding(ok=True, where=here, message=said)
        for each in done:
            yield Finding(ok=True, where=here, message=_rewritten(here, each))
        if hop.rivals and hop.path:
            owners = ", ".join(sorted({*hop.rivals, hop.path[-1].namespace}))
            said = sentence(
                "{here}: {owners} have {address}: any of them may answer",
                here=here,
                owners=owners,
                address=hop.next_hop,
            )
            yield Finding(ok=True, where=here, message=said)
        yield from self._path(hop)
        if arrives:
            address = hop.destination
            said = sentence("{here} has {address}", here=here, address=address)
            if hop.link_in == "lo":
                said = sentence(
                    "{here} has {address}, its own address; lo is up", here=here, address=address
                )
            yield Finding(ok=True, where=here, message=said)

    def _path(self, hop: Hop) -> Iterator[Finding]:
        """The cables and bridges between two hops."""
        path = hop.path if hop.namespace not in self.worldly else ()
        for number, spot in enumerate(path):
            if spot.namespace in self.worldly:
                return
            following = path[number + 1] if number + 1 < len(path) else None
            message = self._spot(spot, following)
            if message:
                yield Finding(ok=True, where=str(spot), message=message)

    def _spot(self, spot: Spot, following: Spot | None) -> Sentence | None:
        if spot.role == "out":
            return self._out(spot, following)
        if spot.role == "in" and following is not None and following.role == "bridge":
            return sentence(
                "{link} is up, a forwarding port of {bridge}", link=spot, bridge=following.link
            )
        return None

    def _out(self, spot: Spot, following: Spot | None) -> Sentence:
        """Where a link leads, by its cable or its tunnel."""
        tunnel = self.snapshot.link(spot.link, spot.namespace).tunnel
        if tunnel is not None:
            far = following or tunnel.remote
            if not far:
                return sentence("{link} is up, its tunnel leads to several ends", link=spot)
            return sentence("{link} is up, its tunnel leads to {end}", link=spot, end=far)
        end = following or self._far(spot)
        if end is None:
            return sentence("{link} is up, its cable leads out of sight", link=spot)
        if end.namespace in self.worldly:
            return sentence("{link} is up, its cable leads outside", link=spot)
        return sentence("{link} is up, its cable leads to {end}", link=spot, end=end)

    def _far(self, spot: Spot) -> Spot | None:
        """Where the cable leads of a link that the way ends behind."""
        far = self.snapshot.peer(self.snapshot.link(spot.link, spot.namespace))
        return Spot(namespace=far[0].label, link=far[1].name, role="in") if far else None


def _named(hop: Hop) -> str:
    for each in hop.rewrites:
        if each.kind == "undone":
            return sentence(
                "{here} ({before} becomes {after} again)",
                here=hop.namespace,
                before=each.before,
                after=each.after,
            )
    return hop.namespace


def _rewritten(here: str, made: Rewrite) -> Sentence:
    """What address translation does to a packet."""
    values = {"here": here, "kind": made.kind, "before": made.before, "after": made.after}
    if made.kind == "undone":
        if made.what == "source":
            return sentence("{here}: the source {before} becomes {after} again", **values)
        return sentence("{here}: the destination {before} becomes {after} again", **values)
    if made.what == "source":
        return sentence("{here}: {kind}, the source {before} becomes {after}", **values)
    return sentence("{here}: {kind}, the destination {before} becomes {after}", **values)
