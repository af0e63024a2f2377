"""``lab.why``: the question put to the snapshot, to the kernel's routes, and to a packet."""

from __future__ import annotations

import ipaddress

from msgspec import structs

from nslab.engine.default_network import DOMAIN, NAME_SERVER
from nslab.engine.protocol import Engine
from nslab.errors import EngineUnavailable, NslabError
from nslab.explain.diagnose import convicted, remedy, witnessed
from nslab.explain.diagnose.explanation import Explanation, Finding, Obstacle
from nslab.explain.diagnose.former import NONE, Former
from nslab.explain.diagnose.question import Question, question
from nslab.explain.diagnose.why import (
    SILENT,
    asks,
    by_name,
    listed,
    origin,
    resolver,
    theory,
    told_by,
    untold,
)
from nslab.explain.trace import Trace, routing
from nslab.network.evidence import Evidence, Lookup, Probe, Routed
from nslab.network.model import Namespace, Route, Snapshot
from nslab.sentence import Sentence, sentence

_REFUSED = {13: "prohibit", 22: "blackhole", 113: "unreachable"}
"""What a route is of which the kernel says this (fib_props in net/ipv4/fib_semantics.c)."""

_NO_ROUTE, _INVALID = 101, 22


def explain(
    engine: Engine,
    snapshot: Snapshot,
    ns: str | None,
    target: str,
    *,
    port: int | None = None,
    protocol: str | None = None,
    size: int | None = None,
    probe: bool = True,
    former: Former = NONE,
) -> Explanation:
    """Why a namespace can, or cannot, reach a target; see :meth:`nslab.session.lab.Lab.why`.

    :param former: the addresses that links had before
    """
    here = origin(snapshot, ns)
    asked = question(snapshot, target, port, protocol, size)
    asking = _Asking(engine, snapshot, here, probe, former)
    return asking.by_name(asked) if asked.name else asking.to(asked)


class _Asking:
    """One question, with whom it is put to."""

    def __init__(
        self, engine: Engine, snapshot: Snapshot, here: Namespace, probe: bool, former: Former
    ) -> None:
        self.engine, self.snapshot, self.here, self.probing = engine, snapshot, here, probe
        self.former = former

    def to(self, asked: Question) -> Explanation:
        """The way to an address."""
        by_theory = None if asked.v6 else self._theory(asked)
        wanted = Probe(
            ns=remedy.reference(self.here),
            target=asked.address,
            protocol=asked.protocol,  # type: ignore[arg-type]
            port=asked.port,
            size=asked.size,
        )
        evidence = self.evidence(wanted)
        if evidence is not None:
            return witnessed.together(
                self.snapshot, self.here, asked, evidence, by_theory, self.former
            )
        if by_theory is None:
            return untold(self.here, asked)
        said = by_theory[1]
        return structs.replace(said, notes=(*said.notes, SILENT)) if said.ok else said

    def _theory(self, asked: Question) -> tuple[Trace, Explanation]:
        return theory(self.snapshot, self.here, asked, self.look, self.former)

    def evidence(self, wanted: Probe) -> Evidence | None:
        """What a packet does; None if none is to be sent, or none can be."""
        if not self.probing:
            return None
        try:
            return self.engine.probe(wanted)
        except EngineUnavailable:
            self.probing = False
            return None

    def look(self, here: Namespace, destination: str, source: str, link_in: str) -> Route | None:
        """The route that the kernel takes; the snapshot's, where it cannot be asked."""
        known = routing.lookup(here, destination, source, link_in)
        asked = Lookup(
            ns=remedy.reference(here), target=destination, source=source, link_in=link_in
        )
        try:
            (found,) = self.engine.lookup([asked])
        except NslabError:
            return known
        if found.errno == _INVALID and source:
            return known  # that may be said of the source, too
        return _route(found, known, destination, passing=bool(link_in))

    # -- names ---------------------------------------------------------------------------------

    def by_name(self, asked: Question) -> Explanation:
        """Which file, which server, does it answer, which record; and then the way there."""
        here, name = self.here, asked.name
        found = listed(self.snapshot, here, name)
        if found is not None:
            address, path = found
            step = Finding(ok=True, where=here.label, message=told_by(path, name, address))
            return self._onwards(asked, address, (step,), ())
        path, servers, domains = resolver(self.snapshot, here)
        if not self.probing or not servers:
            return by_name(self.snapshot, here, name)
        first: Explanation | None = None
        for server in servers[:3]:
            said = self._ask(asked, server, path, domains)
            if said is None:
                return by_name(self.snapshot, here, name)
            if said.ok or said.obstacle is None or said.obstacle.kind == "no-record":
                return said
            first = first or said
        assert first is not None  # there was a server
        return first

    def _ask(
        self, asked: Question, server: str, path: str, domains: tuple[str, ...]
    ) -> Explanation | None:
        """What one server says; None if no packet can be sent."""
        here = self.here
        steps = (Finding(ok=True, where=here.label, message=asks(here, server, path)),)
        try:
            address = str(ipaddress.ip_address(server))
        except ValueError:
            message = sentence(
                "{path} names the server {server}, which is no address", path=path, server=server
            )
            wrong = Obstacle(kind="resolver-file", where=here.label, message=message)
            return Explanation(namespace=here.label, target=asked.target, obstacle=wrong)
        # A name without a dot is tried with the file's domains first (resolv.conf(5), ndots).
        names = [f"{asked.name}.{domain}" for domain in domains]
        names = [*names, asked.name] if "." not in asked.name else [asked.name, *names]
        evidence: Evidence | None = None
        for name in names[:4]:
            wanted = Probe(
                ns=remedy.reference(here), target=address, protocol="dns", port=53, name=name
            )
            evidence = self.evidence(wanted)
            if evidence is None or not evidence.answered or evidence.outcome.records:
                break
        if evidence is None:
            return None
        to = Question(target=asked.target, address=address, port=53, protocol="udp")
        by_theory = None if to.v6 else self._theory(to)
        said = witnessed.together(self.snapshot, here, to, evidence, by_theory, self.former)
        if not said.ok:
            return structs.replace(
                said, steps=(*steps, *said.steps), obstacle=self._instead(said.obstacle, address)
            )
        if evidence.outcome.records:
            found, name = evidence.outcome.records[0], evidence.probe.name
            message = sentence(
                "{server} answers: {name} is {address}", server=server, name=name, address=found
            )
            answers = (*steps, Finding(ok=True, where=here.label, message=message))
            return self._onwards(asked, found, answers, said.witness)
        return structs.replace(
            said, steps=steps, obstacle=_no_record(asked.name, server, here, evidence)
        )

    def _instead(self, obstacle: Obstacle | None, server: str) -> Obstacle | None:
        """With another name server as the remedy, if nobody has the address of this one."""
        held = any(
            each.address.split("/")[0] == server
            for ns in self.snapshot
            for link in ns.links
            for each in link.addresses
        )
        nobody = ("nobody-has-address", "nobody-answers")
        if obstacle is None or held or obstacle.kind not in nobody or obstacle.actions:
            return obstacle
        return convicted.asking_another(self.snapshot, self.here, server, obstacle)

    def _onwards(
        self,
        asked: Question,
        address: str,
        steps: tuple[Finding, ...],
        witness: tuple[Sentence, ...],
    ) -> Explanation:
        """The way to the address that a name stands for."""
        try:
            plain = str(ipaddress.ip_address(address))
        except ValueError:
            message = sentence("{address} is no address", address=address)
            wrong = Obstacle(kind="resolver-file", where=self.here.label, message=message)
            return Explanation(
                namespace=self.here.label, target=asked.target, steps=steps, obstacle=wrong
            )
        said = self.to(structs.replace(asked, address=plain, name=""))
        return structs.replace(said, steps=(*steps, *said.steps), witness=(*witness, *said.witness))


def _no_record(name: str, server: str, here: Namespace, evidence: Evidence) -> Obstacle:
    return Obstacle(
        kind="no-record",
        where=here.label,
        message=_refusal(name, server, evidence.outcome.rcode),
        hint=sentence(
            "# check the spelling, or ask a server that knows the name; that of a lab's\n"
            "# made-up internet, {server}, knows {domain} only",
            server=NAME_SERVER,
            domain=DOMAIN,
        ),
    )


def _refusal(name: str, server: str, code: int) -> Sentence:
    """What a name server says in place of an address."""
    values = {"server": server, "name": name}
    match code:
        case 0:
            return sentence(
                "{server} answers: it knows {name}, but no IPv4 address of it", **values
            )
        case 2:
            return sentence("{server} answers: it failed to look {name} up (SERVFAIL)", **values)
        case 3:
            return sentence("{server} answers: there is no such name: {name} (NXDOMAIN)", **values)
        case 5:
            return sentence("{server} answers: it refuses to answer (REFUSED)", server=server)
    return sentence("{server} answers: code {code}", server=server, code=code)


def _route(found: Routed, known: Route | None, destination: str, passing: bool) -> Route | None:
    """The kernel's answer as the trace takes it.

    For a packet that passes through an error may also stand for its source or its link, so there
    the snapshot's own answer is taken.
    """
    if found.route is not None and found.route.kind not in ("local", "broadcast"):
        return found.route
    if found.route is not None or passing:
        return known
    if found.errno == _NO_ROUTE:
        return None
    if known is not None and known.kind in routing.REFUSING:
        return known
    kind = _REFUSED.get(found.errno)
    return Route(destination=f"{destination}/32", kind=kind) if kind else known
