"""How far the packets of a probe came: from what was seen of them to a place and a sentence."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import NamedTuple

from nslab.network.evidence import Counted, Evidence, Sighting
from nslab.network.model import Link, Namespace, Snapshot
from nslab.sentence import Sentence, sentence


class Lost(NamedTuple):
    """Where a packet was last seen.  ``link`` is empty if it never left ``ns``."""

    ns: str
    link: str
    words: Sentence
    answering: bool
    """Whether it is the answer that was lost."""
    waiting: str = ""
    """The namespace that still holds it, because no neighbour told its MAC."""
    by: str = ""
    """The link by which that asks for the MAC."""

    @property
    def where(self) -> str:
        return f"{self.ns}/{self.link}" if self.link else self.ns


class Way:
    """The way of the packet that came furthest."""

    def __init__(self, snapshot: Snapshot, evidence: Evidence, origin: Namespace) -> None:
        self.snapshot, self.evidence, self.origin = snapshot, evidence, origin
        attempts = {one.attempt for one in evidence.sightings if one.attempt >= 0}
        ways = [(len(seen := self._of(number)), number, seen) for number in attempts]
        self.seen: list[Sighting] = max(ways)[2] if ways else []
        """Requests and answers in their order, without those that went astray."""

    def _of(self, attempt: int) -> list[Sighting]:
        seen = [
            one
            for one in self.evidence.sightings
            if one.attempt == attempt and one.what in ("request", "answer", "reset")
        ]
        astray = {
            (one.what, one.place.ns, one.place.link) for one in seen if self._is_dead_end(one)
        }
        return [
            one
            for one in seen
            if (one.what, one.place.ns, one.place.link) not in astray
            and (one.what, *self._far(one)) not in astray
        ]

    def _is_dead_end(self, one: Sighting) -> bool:
        """Whether it came in for another MAC, at a link that passes nothing on."""
        link = self.link(one.place.ns, one.place.link)
        if one.way != "in" or not one.for_others or link is None or link.master:
            return False
        upper = [
            each
            for ns in self.snapshot
            for each in ns.links
            if each.kind in ("macvlan", "ipvlan", "macvtap", "vlan")
        ]
        far = [self.snapshot.peer(each) for each in upper]
        return not any(each is not None and each[1] is link for each in far)

    def _far(self, one: Sighting) -> tuple[str, str]:
        """The other end of the cable that it went into."""
        link = self.link(one.place.ns, one.place.link)
        cable = one.way == "out" and link is not None and link.kind == "veth"
        far = self.snapshot.peer(link) if cable and link is not None else None
        return (far[0].label, far[1].name) if far is not None else ("", "")

    def link(self, ns: str, name: str) -> Link | None:
        here = next((each for each in self.snapshot if each.label == ns), None)
        links = here.links if here is not None else ()
        return next((each for each in links if each.name == name), None)

    def namespace(self, label: str) -> Namespace | None:
        return next((each for each in self.snapshot if each.label == label), None)

    def holder(self, address: str) -> tuple[str, str]:
        """Whose an address is: namespace and link, or nothing; who asks comes first."""
        wanted = ipaddress.ip_address(address)
        for here in (self.origin, *self.snapshot):
            for link in here.links:
                for each in link.addresses:
                    if ipaddress.ip_interface(each.address).ip == wanted:
                        return here.label, link.name
        return "", ""

    @property
    def names(self) -> list[str]:
        """The namespaces that the request passed, in order; not those that only carry frames."""
        found = [self.origin.label]
        for one in self.seen:
            link = self.link(one.place.ns, one.place.link)
            passed = link is not None and not link.master and not one.for_others
            if one.what == "request" and passed and one.place.ns not in found:
                found.append(one.place.ns)
        return found

    # -- where it ends -------------------------------------------------------------------------

    def lost(self) -> Lost:
        """Where the last of it was seen."""
        last = self.seen[-1] if self.seen else None
        here = self.origin.label if last is None else last.place.ns
        asking = self._asking(here) if last is None or last.way == "in" else None
        if asking is not None:
            arrived = last is not None and (last.what != "request" or self._arrived(last))
            if arrived and last is not None and last.what == "request":
                arrived = self._answers(last, asking)
            return self._unanswered(asking, arrived)._replace(by=asking.place.link)
        if last is None:
            return Lost(here, "", sentence("no packet left {here}", here=here), False)
        words = self._left(last) if last.way == "out" else self._came(last)
        return Lost(here, last.place.link, words, last.what != "request")

    def _left(self, last: Sighting) -> Sentence:
        """What became of it after it had left there."""
        link, (ns, name) = f"{last.place.ns}/{last.place.link}", self._far(last)
        values = {"link": link, "other": f"{ns}/{name}"}
        if last.what != "request":
            if ns:
                return sentence("the answer left {link}, and never came in at {other}", **values)
            return sentence("the answer left {link}, and was not seen again", **values)
        if ns:
            return sentence("it left {link}, and never came in at {other}", **values)
        return sentence("it left {link}, and was not seen again", **values)

    def _came(self, last: Sighting) -> Sentence:
        """Where it came in, and what did not happen after that."""
        link = f"{last.place.ns}/{last.place.link}"
        if last.what != "request":
            return sentence(
                "the answer came in at {link}, and {after}", link=link, after=self._after(last)
            )
        return sentence("it came in at {link}, and {after}", link=link, after=self._after(last))

    def _after(self, last: Sighting) -> Sentence:
        """What did not happen after it came in there."""
        here = last.place.ns
        link = self.link(here, last.place.link)
        if link is not None and link.master:
            return sentence("{bridge} passed it on to no port", bridge=link.master)
        if last.for_others:
            return sentence("it is addressed to another MAC, {mac}", mac=last.to_mac)
        if last.what != "request" and here == self.origin.label:
            return sentence("{here} did not take it", here=here)
        if self._arrived(last):
            return sentence("{here} did not answer", here=here)
        return sentence("{here} did not pass it on", here=here)

    def _arrived(self, last: Sighting) -> bool:
        """Whether the request has come to the namespace that it is for."""
        if last.what != "request" or last.way != "in" or not last.target:
            return False
        return self.holder(last.target)[0] == last.place.ns

    def _answers(self, last: Sighting, asking: Sighting) -> bool:
        """Whether it is for the answer that a neighbour is asked for.

        What has come to an address of its own may be passed on all the same, to the address that a
        rule has put there; an answer goes to the sender, or to a gateway.
        """
        here = self.namespace(asking.place.ns)
        gateways = {route.via for route in here.routes} if here is not None else set()
        gateways |= {hop.via for route in here.routes for hop in route.hops} if here else set()
        return asking.target == last.source or asking.target in gateways

    def _asking(self, here: str) -> Sighting | None:
        """A question for a neighbour that a namespace has asked in vain."""
        answered = {
            one.source
            for one in self.evidence.sightings
            if one.what == "arp-answer" and one.place.ns == here and one.way == "in"
        }
        for one in self.evidence.sightings:
            if one.what != "arp" or one.place.ns != here or one.way != "out":
                continue
            link = self.link(here, one.place.link)
            own = link is None or not link.master
            if own and one.target not in answered:
                return one
        return None

    def _unanswered(self, asking: Sighting, answering: bool) -> Lost:
        here, link = asking.place.ns, asking.place.link
        asks = sentence(
            "{here} asks by {link} who has {address}",
            here=here,
            link=f"{here}/{link}",
            address=asking.target,
        )
        about = [one for one in self.evidence.sightings if one.what.startswith("arp")]
        said = [one for one in about if one.what == "arp-answer" and one.source == asking.target]
        owner, name = self.holder(asking.target)
        heard = any(
            (one.place.ns, one.place.link, one.way) == (owner, name, "in")
            and one.target == asking.target
            for one in about
        )
        if said:
            last = said[-1].place
            at = f"{last.ns}/{last.link}"
            words = sentence("{asks}: the answer was last seen at {link}", asks=asks, link=at)
            return Lost(last.ns, last.link, words, answering, here)
        if heard:
            by = f"{owner}/{name}"
            words = sentence("{asks}: {link} hears it, and does not answer", asks=asks, link=by)
            return Lost(owner, name, words, answering, here)
        ns, far = self._far(asking)
        came = any((one.place.ns, one.place.link) == (ns, far) for one in about)
        if ns and came and owner:
            words = sentence(
                "{asks}: the question came in at {link}, and never at {other}",
                asks=asks,
                link=f"{ns}/{far}",
                other=f"{owner}/{name}",
            )
            return Lost(ns, far, words, answering, here)
        words = sentence("{asks}: it never came in at {link}", asks=asks, link=f"{ns}/{far}")
        if came or not ns:
            words = sentence("{asks}: nobody answers", asks=asks)
        return Lost(here, link, words, answering, here)


def interesting(evidence: Evidence, places: Sequence[str]) -> list[Sentence]:
    """What was counted at some namespaces, as sentences that do not depend on how often."""
    said = []
    six = ":" in evidence.probe.target
    for one in evidence.counted:
        if one.ns not in places or one.name in ("UdpInDatagrams", "Udp6InDatagrams"):
            continue
        if one.more < evidence.sent:
            continue  # other traffic: what drops the probe's drops each of its packets
        if one.name.startswith(("Ip", "Udp")) and ("6" in one.name[:4]) != six:
            continue  # of the other family
        said.append(_counted(one))
    return said


def _counted(one: Counted) -> Sentence:
    """What a counter says."""
    place = f"{one.ns}/{one.where}"
    match one.kind:
        case "namespace":
            return sentence("the counter {name} of {place} went up", name=one.name, place=one.ns)
        case "link":
            return sentence("the counter {name} of {place} went up", name=one.name, place=place)
        case "qdisc":
            return sentence("{link}: its queue ({name}) dropped packets", link=place, name=one.name)
    return sentence("{here} dropped packets by: {where}", here=one.ns, where=one.where)
