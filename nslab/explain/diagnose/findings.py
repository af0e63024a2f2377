"""The hops of a trace as sentences; the world's are kept short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nslab.explain.diagnose.explanation import Finding
from nslab.explain.trace import Hop, Rewrite, Spot, Trace
from nslab.network.model import Route, Snapshot


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
            words = " → ".join(self._named(hop) for hop in trace.back)
            yield Finding(ok=True, where=trace.namespace, message=f"the answer comes back: {words}")
            return
        here = first.namespace
        leaves = first.link_out or len(trace.back) > 1
        sends = "answers:" if leaves else "got it: its answer is to go"
        said = f"{here} {sends} from {first.source} to {first.destination}"
        yield Finding(ok=True, where=here, message=said)
        yield from self._way(trace.back, False, asks=False)

    def _named(self, hop: Hop) -> str:
        for each in hop.rewrites:
            if each.kind == "undone":
                return f"{hop.namespace} ({each.before} becomes {each.after} again)"
        return hop.namespace

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
        if arrives:
            names += f", which has {waiting[-1].destination}"
        if names:
            yield Finding(ok=True, where=waiting[0].namespace, message=f"outside: {names}")

    def _hop(self, hop: Hop, *, first: bool, arrives: bool, last: bool) -> Iterator[Finding]:
        here = hop.namespace
        undone = [each for each in hop.rewrites if each.kind == "undone"]
        done = [each for each in hop.rewrites if each.kind != "undone"]
        for each in undone:
            yield Finding(ok=True, where=here, message=f"{here}: {_rewrite_words(each)}")
        if hop.route is not None:
            does = "" if first or not hop.link_in else "forwards, "
            message = f"{here}: {does}route {route_words(hop.route)}"
            yield Finding(ok=True, where=here, message=message)
        for each in done:
            yield Finding(ok=True, where=here, message=f"{here}: {_rewrite_words(each)}")
        if hop.rivals and hop.path:
            owners = ", ".join(sorted({*hop.rivals, hop.path[-1].namespace}))
            message = f"{here}: {owners} have {hop.next_hop}: any of them may answer"
            yield Finding(ok=True, where=here, message=message)
        yield from self._path(hop)
        if arrives:
            message = f"{here} has {hop.destination}"
            if hop.link_in == "lo":
                message += ", its own address; lo is up"
            yield Finding(ok=True, where=here, message=message)

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

    def _spot(self, spot: Spot, following: Spot | None) -> str:
        if spot.role == "out":
            tunnel = self.snapshot.link(spot.link, spot.namespace).tunnel
            if tunnel is not None:
                end = f"to {following}" if following else f"to {tunnel.remote or 'several ends'}"
                return f"{spot} is up, its tunnel leads {end}"
            if following is None:
                leads = self._far(spot)
            elif following.namespace in self.worldly:
                leads = "outside"
            else:
                leads = f"to {following}"
            return f"{spot} is up, its cable leads {leads}"
        if spot.role == "in" and following is not None and following.role == "bridge":
            return f"{spot} is up, a forwarding port of {following.link}"
        return ""

    def _far(self, spot: Spot) -> str:
        """Where the cable leads of a link that the way ends behind."""
        far = self.snapshot.peer(self.snapshot.link(spot.link, spot.namespace))
        if far is None:
            return "out of sight"
        namespace, link = far
        return "outside" if namespace.label in self.worldly else f"to {namespace.label}/{link.name}"


def _rewrite_words(rewrite: Rewrite) -> str:
    if rewrite.kind == "undone":
        return f"the {rewrite.what} {rewrite.before} becomes {rewrite.after} again"
    return f"{rewrite.kind}, the {rewrite.what} {rewrite.before} becomes {rewrite.after}"
