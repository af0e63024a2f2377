"""Theory and evidence put together: what a packet did decides, what a snapshot shows explains it.

Three answers.  Yes: it got through, whatever the theory says.  No, because: the theory's obstacle
stands where the packet was lost, or the evidence names who dropped it.  Undecided: it was lost
where the theory sees nothing in its way; then the place is told, and what was counted there.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from nslab.explain.diagnose import convicted
from nslab.explain.diagnose.case import Case
from nslab.explain.diagnose.explanation import LOST, Explanation, Finding, Obstacle
from nslab.explain.diagnose.findings import steps
from nslab.explain.diagnose.former import NONE, Former
from nslab.explain.diagnose.question import Question
from nslab.explain.diagnose.sighted import Lost, Way, interesting
from nslab.explain.trace import Stop, Trace
from nslab.explain.trace.segment import reach
from nslab.network.evidence import Evidence
from nslab.network.model import Namespace, Snapshot
from nslab.sentence import Sentence, lines, sentence

_SOMEWHERE = Stop(kind="lost", namespace="")
_FILTER = "the packet filter of "
_NAMES = {
    "icmp": sentence("a ping"),
    "tcp": sentence("a connection"),
    "udp": sentence("a datagram"),
    "dns": sentence("a question"),
}


def together(
    snapshot: Snapshot,
    here: Namespace,
    question: Question,
    evidence: Evidence,
    theory: tuple[Trace, Explanation] | None,
    former: Former = NONE,
) -> Explanation:
    """The explanation that the evidence bears out.

    :param former: what links had before
    :param theory: the way through the snapshot and what is said of it; None where there is none
    """
    way = Way(snapshot, evidence, here)
    trace, said = theory or (None, None)
    if evidence.answered or _taken(way, evidence):
        return _through(question, way, evidence, trace, said)
    lost = way.lost()
    case = Case(question, evidence, way, lost, former)
    found = convicted.dropped(case)
    agrees = trace is not None and _agrees(way, trace, lost)
    if said is not None and agrees and (found is None or _same(trace, found)):
        seen = tuple(_seen(evidence, way, lost, said.obstacle))
        return structs.replace(said, evidence=evidence, witness=seen)
    found = found or convicted.obstacle(case) or _unknown(case)
    if found.kind in ("port-closed", "port-elsewhere"):
        lost = lost._replace(ns=found.where, link="", answering=False)
    taken = tuple(steps(snapshot, _cut(trace, lost))) if trace is not None else ()
    notes = _unseen(evidence)
    if said is not None and said.obstacle is not None:
        notes.append(
            sentence("the snapshot alone would say: {message}", message=said.obstacle.message)
        )
    return Explanation(
        namespace=here.label,
        target=question.target,
        steps=taken or _passed(way),
        obstacle=found,
        notes=tuple(notes),
        evidence=evidence,
        witness=tuple(_seen(evidence, way, lost, found)),
    )


def _same(trace: Trace | None, found: Obstacle) -> bool:
    """Whether the theory stops where a packet filter's trace does: it has a better remedy.

    It may blame something else, such as a route that leads the packet there by the wrong link.
    """
    stop = trace.stop if trace is not None else None
    return stop is not None and stop.ruling is not None and found.where == stop.namespace


def _unknown(case: Case) -> Obstacle:
    """Lost at a place that is known, by what is not."""
    return Obstacle(
        kind=LOST,
        where=case.lost.where,
        message=sentence("undecided: {words}", words=case.lost.words),
        hint=lines(
            sentence("# by what is not known; look there:"),
            case.hint(case.lost.ns, *_look(case.lost)),
        ),
    )


def _look(lost: Lost) -> list[str]:
    """What may show who drops packets: filters and queues of the link, programs on it."""
    if not lost.link:
        return ["nft list ruleset", "ip rule"]
    return [f"ip -details -statistics link show dev {lost.link}", f"tc qdisc show dev {lost.link}"]


def _taken(way: Way, evidence: Evidence) -> bool:
    """Whether a datagram was taken by a program, which need not answer it."""
    if evidence.probe.protocol != "udp" or evidence.outcome.kind != "silence":
        return False
    owner, _ = way.holder(evidence.probe.target)
    last = way.seen[-1].place.ns if way.seen else ""
    names = ("UdpInDatagrams", "Udp6InDatagrams")
    return any(
        one.name in names and one.ns == last and owner in ("", last) for one in evidence.counted
    )


def _through(
    question: Question, way: Way, evidence: Evidence, trace: Trace | None, said: Explanation | None
) -> Explanation:
    notes = list(_unseen(evidence))
    taken = _passed(way)
    theirs = {hop.namespace for hop in trace.there} if trace is not None else set()
    if said is not None and said.obstacle is None and set(way.names) <= theirs:
        taken = said.steps  # else it took another way than the theory's
    if said is not None and said.obstacle is not None:
        notes.append(
            sentence("by the snapshot alone it would not: {message}", message=said.obstacle.message)
        )
    if not evidence.answered:
        notes.append(sentence("nothing came back, which a datagram need not bring about"))
    return Explanation(
        namespace=way.origin.label,
        target=question.target,
        steps=taken,
        notes=tuple(notes),
        evidence=evidence,
        witness=(_arrived(evidence),),
    )


def _arrived(evidence: Evidence) -> Sentence:
    probe, port = evidence.probe, evidence.probe.port
    match probe.protocol:
        case "icmp" if probe.size is not None:
            return sentence(
                "a ping with {bytes} bytes was sent, and its reply came back", bytes=probe.size
            )
        case "icmp":
            return sentence("a ping was sent, and its reply came back")
        case "tcp":
            return sentence("a connection to port {port} was made", port=port)
        case "dns":
            return sentence(
                "{server} was asked for {name}, and answered", server=probe.target, name=probe.name
            )
    if evidence.answered:
        return sentence("a datagram to port {port} was sent, and an answer came back", port=port)
    return sentence("a datagram to port {port} was sent, and a program there took it", port=port)


def _passed(way: Way) -> tuple[Finding, ...]:
    """The way as it was seen, where no theory tells it."""
    if not way.seen:
        return ()
    names = " → ".join(way.names)
    message = sentence("seen on its way: {names}", names=names)
    return (Finding(ok=True, where=way.origin.label, message=message),)


def _seen(evidence: Evidence, way: Way, lost: Lost, found: Obstacle | None) -> Iterator[Sentence]:
    """What the witness says, in one or two lines."""
    name = _NAMES[evidence.probe.protocol]
    outcome = evidence.outcome
    if outcome.kind == "unsent":
        yield sentence(
            "{here}'s own kernel refused to send {packet}: {words}",
            here=way.origin.label,
            packet=name,
            words=outcome.words,
        )
    elif outcome.kind == "error":
        owner = way.holder(outcome.source)[0]
        sender = f"{owner} ({outcome.source})" if owner else outcome.source
        yield sentence(
            "{packet} was sent; {sender} says: {words}",
            packet=name,
            sender=sender,
            words=outcome.words,
        )
    elif outcome.kind == "refused":
        yield sentence("{packet} was tried, and refused", packet=name)
    elif found is not None and found.kind == LOST:
        yield sentence("{packet} was sent, and no answer came back", packet=name)
    elif lost.words.startswith("no packet left"):
        yield sentence("{packet} was tried: {words}", packet=name, words=lost.words)
    else:
        yield sentence("{packet} was sent: {words}", packet=name, words=lost.words)
    places = [lost.ns]
    yield from dict.fromkeys(interesting(evidence, places))


def _unseen(evidence: Evidence) -> list[Sentence]:
    return [_unwatched(words) for words in evidence.unseen]


def _unwatched(words: str) -> Sentence:
    """What could not be watched, in the agent's words."""
    name, found, cause = words.removeprefix(_FILTER).partition(": ")
    if not (found and words.startswith(_FILTER)):
        return sentence("not watched: {words}", words=words)
    return sentence("not watched: the packet filter of {name}: {cause}", name=name, cause=cause)


# -- does the theory stop where the packet was lost? -------------------------------------------


def _agrees(way: Way, trace: Trace, lost: Lost) -> bool:
    stop = trace.stop
    if stop is None:
        return False
    if stop.kind in _PAST_IT and _by_a_known_mac(way, trace, stop, lost):
        return True
    if stop.kind in _FACTS:
        return _on_the_way(way, trace, stop, lost)
    if stop.kind == "filter-reject" and way.evidence.outcome.kind == "refused":
        return stop.namespace in way.names or lost.ns == stop.namespace
    arrived = lost.answering or _at_target(way, trace, lost)
    if bool(trace.back) != arrived:
        return False
    last = trace.hops[-1]
    spots = {(spot.namespace, spot.link) for spot in last.path}
    ends = (stop.namespace, last.namespace)
    return lost.ns in ends or lost.waiting in ends or (lost.ns, lost.link) in spots


_FACTS = frozenset(
    {
        "arp-ignored",
        "arp-off",
        "duplicate-address",
        "duplicate-mac",
        "ipvlan-mode",
        "isolated-port",
        "macvlan-mode",
        "no-loopback",
        "own-source",
        "port-flags",
        "rp-filter",
        "tc-drop",
        "too-big",
        "tunnel-mismatch",
        "vlan-mismatch",
        "vlan-missing",
        "vlan-tagged",
        "wrong-fdb",
        "wrong-neighbour",
    }
)
"""Stops that a switch, a table or a number shows by itself, and that lose a question for a MAC as
well as what is sent after it: the packet may be seen one stage before, or beside."""


def _on_the_way(way: Way, trace: Trace, stop: Stop, lost: Lost) -> bool:
    """Whether the packet was lost on the last two stages of the theory's way, or passed there."""
    last = trace.hops[-2:]
    places = {stop.namespace, *(hop.namespace for hop in last)}
    places |= {spot.namespace for hop in last for spot in hop.path}
    return lost.ns in places or lost.waiting in places or stop.namespace in way.names


_PAST_IT = frozenset(
    {"link-down", "macvlan-mode", "macvlan-parent", "nobody-answers", "vlan-tagged"}
)
"""Stops where a question for a MAC ends; what is sent to one that is still known goes further."""


def _by_a_known_mac(way: Way, trace: Trace, stop: Stop, lost: Lost) -> bool:
    """Whether it was lost behind the stop, by a frame for which nobody had to be asked.

    With a tag that nobody knows it comes to the end of the cable.  What is for a link on the same
    parent that does not take it goes out by the parent, and comes back to nobody on its segment.
    Who had the address before, and told so, still gets what is sent to it.
    """
    last = trace.hops[-1]
    left = any(
        (one.place.ns, one.place.link, one.way) == (last.namespace, last.link_out, "out")
        for one in way.seen
    )
    if not left or lost.answering != bool(trace.back):
        return False
    link = way.link(stop.namespace, stop.link)
    if stop.kind == "vlan-tagged":
        far = way.snapshot.peer(link) if link is not None else None
        return far is not None and (lost.ns, lost.link) == (far[0].label, far[1].name)
    if stop.kind == "link-down" and (link is None or link.kind not in ("macvlan", "ipvlan")):
        return False
    here = way.snapshot.namespace(last.namespace)
    heard = reach(way.snapshot, here, here.link(last.link_out))
    places = {(spot.namespace, spot.link) for each in heard if not each.cost for spot in each.path}
    return (lost.ns, lost.link) in places and lost.ns != stop.namespace


def _at_target(way: Way, trace: Trace, lost: Lost) -> bool:
    """Whether the request came to where the theory has it answered."""
    last = way.seen[-1] if way.seen else None
    return (
        bool(trace.back)
        and last is not None
        and last.what == "request"
        and last.place.ns == trace.back[0].namespace
    )


def _cut(trace: Trace, lost: Lost) -> Trace:
    """The theory's way up to where the packet was lost: beyond it nothing is known."""
    halves = [("back", trace.back), ("there", trace.there)]
    for name, hops in halves if lost.answering else halves[1:]:
        for place, hop in enumerate(hops):
            spots = [(spot.namespace, spot.link) for spot in hop.path]
            on_path = (lost.ns, lost.link) in spots
            if hop.namespace != lost.ns and not on_path:
                continue
            path = hop.path[: spots.index((lost.ns, lost.link)) + 1] if on_path else ()
            undone = tuple(each for each in hop.rewrites if each.kind == "undone")
            rewrites = hop.rewrites if path else undone
            last = structs.replace(hop, path=path, rewrites=rewrites, rivals=())
            kept = (*hops[:place], last)
            if name == "back":
                return structs.replace(trace, back=kept, stop=_SOMEWHERE)
            return structs.replace(trace, there=kept, back=(), stop=_SOMEWHERE)
    return structs.replace(trace, there=(), back=(), stop=_SOMEWHERE)
