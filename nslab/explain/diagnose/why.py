"""From a question to its explanation."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import NamedTuple

from msgspec import structs

from nslab.errors import InvalidInput, NotFound
from nslab.explain.diagnose import causes, remedy
from nslab.explain.diagnose.explanation import LOST, Explanation, Finding, Obstacle
from nslab.explain.diagnose.findings import steps
from nslab.explain.diagnose.former import NONE, Former
from nslab.explain.diagnose.question import Question, question
from nslab.explain.trace import Doubt, Trace, routing, trace
from nslab.network.actions import ResolvConf
from nslab.network.arguments import checked
from nslab.network.model import Namespace, Snapshot
from nslab.sentence import Sentence, lines, sentence

_NAME_SERVER = "8.8.8.8"
SILENT = sentence("no packet was sent: this is what a snapshot shows")


@checked
def why(snapshot: Snapshot, ns: str | None, target: str) -> Explanation:
    """Why a namespace can, or cannot, reach an address, as far as a snapshot shows it.

    Nothing is sent: see :meth:`nslab.session.lab.Lab.why` for what a packet does.

    :param snapshot: what the kernel reported
    :param ns: a label or name of a namespace; None for the host
    :param target: an IPv4 address; for a name, the way to its name server is explained
    :raises NotFound: there is no such namespace
    :raises InvalidInput: no way leads to such a target, or not one that can be explained
    """
    here = origin(snapshot, ns)
    asked = question(snapshot, target)
    if asked.v6:
        raise InvalidInput(
            "explain the way to",
            repr(target),
            "only IPv4 is explained from a snapshot",
            "ask for an IPv4 address, or with packets: lab.why(...)",
        )
    return by_name(snapshot, here, target) if asked.name else theory(snapshot, here, asked)[1]


@checked
def silent(snapshot: Snapshot, ns: str | None, target: str) -> Explanation:
    """The same as a whole answer to somebody who may have expected packets.

    It says that none was sent, and that IPv6, whose way a snapshot does not tell, is undecided.

    :param snapshot: what the kernel reported
    :param ns: a label or name of a namespace; None for the host
    :param target: an address, with a port or without, or a name
    :raises NotFound: there is no such namespace
    :raises InvalidInput: no way leads to such a target
    """
    here = origin(snapshot, ns)
    asked = question(snapshot, target)
    if asked.v6:
        return untold(here, asked)
    said = by_name(snapshot, here, target) if asked.name else theory(snapshot, here, asked)[1]
    return structs.replace(said, notes=(*said.notes, SILENT))


def untold(here: Namespace, asked: Question) -> Explanation:
    """Undecided, because a snapshot alone does not tell the way of IPv6."""
    words = sentence("undecided: a snapshot alone does not tell the way of IPv6")
    unknown = Obstacle(kind=LOST, where=here.label, message=words)
    return Explanation(namespace=here.label, target=asked.target, obstacle=unknown, notes=(SILENT,))


def origin(snapshot: Snapshot, ns: str | None) -> Namespace:
    """The namespace that a question is about.

    :raises NotFound: there is no such namespace
    """
    try:
        return snapshot.namespace(ns)
    except NotFound:
        there = ", ".join(each.label for each in snapshot)
        raise NotFound(
            "explain the way from",
            str(ns),
            "there is no namespace of that name",
            f"there are {there}",
        ) from None


def theory(
    snapshot: Snapshot,
    here: Namespace,
    asked: Question,
    look: routing.Look = routing.evaluated,
    former: Former = NONE,
) -> tuple[Trace, Explanation]:
    """The way to an IPv4 address by what a snapshot shows, and what is said of it.

    :param look: says which route a namespace takes
    :param former: what links had before
    """
    found = trace(
        snapshot,
        here.inode,
        asked.address,
        protocol=asked.protocol,
        port=asked.port or None,
        size=asked.size or 0,
        look=look,
    )
    obstacle, shown = None, found
    if found.stop is not None:
        obstacle, shown = causes.obstacle(snapshot, found, found.stop, former)
    elif found.doubts:
        obstacle = _undecided(found)
    return found, Explanation(
        namespace=here.label,
        target=asked.target,
        steps=tuple(steps(snapshot, shown)),
        obstacle=obstacle,
        notes=tuple(_notes(snapshot, found)),
    )


def _notes(snapshot: Snapshot, found: Trace) -> Iterator[Sentence]:
    """What may be in the way all the same."""
    if not found.ok or len(found.there) < 2:
        return
    for doubt in found.doubts[1:]:
        yield _hangs(doubt)
    for label in dict.fromkeys(hop.namespace for hop in found.hops):
        here = snapshot.namespace(label)
        if any(rule.unknown or rule.mark for rule in here.policy):
            yield sentence(
                "{here} has policy rules that ask for more than addresses and links: ip rule",
                here=label,
            )
    bridging = {spot.namespace for hop in found.hops for spot in hop.path if spot.role == "bridge"}
    for label in sorted(bridging):
        here = snapshot.namespace(label)
        for link in here.links:
            unseen = any(port.port and port.port.vlans is None for port in here.ports(link.name))
            if link.bridge and link.bridge.vlan_filtering and unseen:
                yield sentence(
                    "{here} has a bridge that filters VLANs, which is not checked", here=label
                )


def _undecided(found: Trace) -> Obstacle:
    """A rule on the way that nobody here understands: neither yes nor no."""
    doubt = found.doubts[0]
    message = sentence("undecided: {words}", words=_hangs(doubt))
    return Obstacle(kind=LOST, where=doubt.namespace, message=message)


def _hangs(doubt: Doubt) -> Sentence:
    values = {"here": doubt.namespace, "rule": doubt.ruling.told}
    if not doubt.ruling.because:
        return sentence("whether {here} lets it by hangs on {rule}", **values)
    return sentence(
        "whether {here} lets it by hangs on {rule} (not understood: {because})",
        because=doubt.ruling.because,
        **values,
    )


_HOSTS = "127.0.0.1 localhost\n"
"""What every machine's /etc/hosts says; a snapshot has the file only if it was changed."""


def listed(snapshot: Snapshot, here: Namespace, name: str) -> tuple[str, str] | None:
    """The address that a hosts file gives a name, and which file."""
    own = f"/etc/netns/{here.label}/hosts"
    path = own if own in snapshot.files else "/etc/hosts"
    for line in snapshot.files.get(path, _HOSTS).splitlines():
        words = line.partition("#")[0].split()
        if name in words[1:]:
            return words[0], path
    return None


class Resolver(NamedTuple):
    """What a namespace's file says about names."""

    path: str
    servers: tuple[str, ...]
    domains: tuple[str, ...]


def resolver(snapshot: Snapshot, here: Namespace) -> Resolver:
    """The file that a program there reads as /etc/resolv.conf."""
    text, path = here.resolv_conf, _file(here)
    if text is None:
        # `ip netns exec` binds what is in /etc/netns/NAME, and else leaves /etc as it is.
        text, path = snapshot.host.resolv_conf or "", "/etc/resolv.conf"
    lines = [words for words in map(str.split, text.splitlines()) if len(words) > 1]
    servers = tuple(words[1] for words in lines if words[0] == "nameserver")
    domains = [words[1:] for words in lines if words[0] in ("search", "domain")]
    return Resolver(path, servers, tuple(domains[-1]) if domains else ())


def by_name(snapshot: Snapshot, here: Namespace, name: str) -> Explanation:
    """The way to the first name server; the name itself is not looked up.

    A name that a hosts file has needs none.
    """
    found = listed(snapshot, here, name)
    if found is not None and ":" not in found[0]:
        step = Finding(ok=True, where=here.label, message=told_by(found[1], name, found[0]))
        _, to = theory(snapshot, here, Question(target=name, address=found[0]))
        return structs.replace(to, steps=(step, *to.steps))
    path, servers, _ = resolver(snapshot, here)
    target = f"{name}"
    if not servers:
        return Explanation(
            namespace=here.label, target=target, obstacle=no_server(snapshot, here, path)
        )
    server = servers[0]
    step = Finding(ok=True, where=here.label, message=asks(here, server, path))
    try:
        address = str(ipaddress.IPv4Address(server))
    except ValueError:
        note = sentence(
            "the way to {server} was not checked: only IPv4 is explained", server=server
        )
        return Explanation(namespace=here.label, target=target, steps=(step,), notes=(note,))
    _, to = theory(snapshot, here, Question(target=address, address=address))
    notes = to.notes
    if to.ok:
        notes += (
            sentence(
                "{name} was not looked up; to see whether {server} answers: host {name}",
                name=name,
                server=server,
            ),
        )
    return Explanation(
        namespace=here.label,
        target=target,
        steps=(step, *to.steps),
        obstacle=to.obstacle,
        notes=notes,
    )


def told_by(path: str, name: str, address: str) -> Sentence:
    """What a hosts file says of a name."""
    return sentence("{path} says: {name} is {address}", path=path, name=name, address=address)


def asks(here: Namespace, server: str, path: str) -> Sentence:
    """Whom a namespace asks for names, by which file."""
    return sentence(
        "{here} asks {server} for names ({path})", here=here.label, server=server, path=path
    )


def _file(here: Namespace) -> str:
    return f"/etc/netns/{here.label}/resolv.conf" if here.role == "named" else "/etc/resolv.conf"


def no_server(snapshot: Snapshot, here: Namespace, path: str) -> Obstacle:
    """The obstacle that no name server is known."""
    message = sentence("{here} knows no name server: none is in {path}", here=here.label, path=path)
    if here.role == "world":
        return Obstacle(kind="no-nameserver", where=here.label, message=message)
    action = ResolvConf(_NAME_SERVER, ns=remedy.reference(here))
    hint = lines(*remedy.lines(snapshot, [action]))
    return Obstacle(
        kind="no-nameserver", where=here.label, message=message, hint=hint, actions=(action,)
    )
