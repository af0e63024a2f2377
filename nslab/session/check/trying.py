"""Checks that try for real: a ping, a question to a name server."""

from __future__ import annotations

import re
import time

from msgspec import json

from nslab.network.names import host, namespace_reference
from nslab.sentence import Sentence, sentence
from nslab.session.check.verdict import (
    RUN_IN_ORDER,
    Asked,
    Check,
    NotThere,
    Program,
    Verdict,
    namespace_of,
    who,
)


class Reaches(Check, frozen=True):
    """One packet from ``ns`` to an address is answered; ``ok=False``: it is not (yet).

    Tried for real, by one ping; by a second one if the first got the error of an earlier question.

    :param ns: the namespace; the host if None
    :param address: the address that is pinged
    :param ok: whether success is expected
    :param size: the bytes of data in it; 0 for ping's own 56.  It is not to be fragmented.
    """

    ns: str | None
    address: str
    ok: bool = True
    size: int = 0

    @property
    def tries(self) -> str:
        where = who(self.ns)
        if self.ok:
            return self._reaches(where)
        return sentence("{place} does not reach {address}", place=where, address=self.address)

    def ask(self, lab: Asked) -> Verdict:
        where = who(self.ns)
        large = ("-M", "do", "-s", str(self.size)) if self.size else ()
        ran = _pinged(lab, self.ns, *large, host(self.address, "ping"))
        answered = ran.returncode == 0
        text = (
            self._reaches(where) if answered else self._fails(where, _ping_words(ran, lab, self.ns))
        )
        if not answered and not self.ok:
            text = sentence("{what}, as expected", what=text)
        hint = ""
        if answered != self.ok:
            obstacle = None if answered else lab.why(self.ns, self.address).obstacle
            hint = f"{obstacle.message}\n{obstacle.hint}" if obstacle else RUN_IN_ORDER
        wanted = "" if answered == self.ok or not answered else self.tries
        return Verdict(answered == self.ok, text, hint, wanted)

    def _reaches(self, where: str) -> Sentence:
        if not self.size:
            return sentence("{place} reaches {address}", place=where, address=self.address)
        return sentence(
            "{place} reaches {address} with packets of {size} bytes",
            place=where,
            address=self.address,
            size=self.size + HEADERS,
        )

    def _fails(self, where: str, words: str) -> Sentence:
        if not self.size:
            return _unreached(where, self.address, words)
        text = sentence(
            "{place} does not reach {address} with packets of {size} bytes",
            place=where,
            address=self.address,
            size=self.size + HEADERS,
        )
        return _with_words(text, words)


HEADERS = 28
"""Bytes of IP and ICMP before the data of a ping."""


class Hops(Check, frozen=True):
    """An answer to one ping has passed so many routers: each takes one from its time to live.

    Tried for real.  The one that answers must begin with 64, as Linux does (ip-sysctl,
    ``ip_default_ttl``).

    :param ns: the namespace; the host if None
    :param address: the address that is pinged
    :param routers: how many routers its answer passes
    """

    ns: str | None
    address: str
    routers: int

    @property
    def tries(self) -> str:
        where = who(self.ns)
        return sentence("{place} reaches {address}", place=where, address=self.address)

    def ask(self, lab: Asked) -> Verdict:
        where = who(self.ns)
        ran = _pinged(lab, self.ns, host(self.address, "ping"))
        found = re.search(r"\bttl=(\d+)", ran.stdout)
        if not found:
            words = _ping_words(ran, lab, self.ns)
            return Verdict(False, _unreached(where, self.address, words), RUN_IN_ORDER)
        passed = 64 - int(found[1])
        text = sentence(
            "from {address} to {place}, {what}",
            address=self.address,
            place=where,
            what=_passes(passed),
        )
        if passed == self.routers:
            return Verdict(True, text)
        return Verdict(False, text, RUN_IN_ORDER, _passes(self.routers))


def _passes(routers: int) -> Sentence:
    if routers == 1:
        return sentence("an answer crosses 1 router")
    if not routers:
        return sentence("an answer comes without a router")
    return sentence("an answer crosses {count} routers", count=routers)


class GoesBy(Check, frozen=True):
    """The kernel says that it would send a packet for an address through that link.

    Asked by ``ip route get``, which sends none.

    :param address: where the packet would go
    :param dev: the link
    :param via: the gateway's address; empty: none, for the address is on that link's own wire
    :param ns: the namespace; the host if None
    """

    address: str
    dev: str
    via: str = ""
    ns: str | None = None

    @property
    def tries(self) -> str:
        return self._sends(self._way)

    def _sends(self, way: str) -> Sentence:
        where = who(self.ns)
        return sentence(
            "{place} sends to {address} by {way}", place=where, address=self.address, way=way
        )

    @property
    def _way(self) -> str:
        return self.dev + (f" via {self.via}" if self.via else "")

    def ask(self, lab: Asked) -> Verdict:
        where = who(self.ns)
        argv = ("ip", "-json", "route", "get", host(self.address, "look up"))
        ran = lab.run(*argv, ns=None if self.ns == "host" else self.ns, timeout=10)
        if ran.returncode:
            text = sentence("{place} has no way to {address}", place=where, address=self.address)
            return Verdict(False, text, RUN_IN_ORDER, self.tries)
        (route,) = json.decode(ran.stdout)
        dev, via = route.get("dev", ""), route.get("gateway", "")
        text = self._sends(dev + (f" via {via}" if via else ""))
        if (dev, via) == (self.dev, self.via):
            return Verdict(True, text)
        text = sentence("{now}, not by {way}", now=text, way=self._way)
        return Verdict(False, text, RUN_IN_ORDER)


def _pinged(lab: Asked, ns: str | None, *words: str) -> Program:
    """One ping, whose end says how the network is now.

    A neighbour that does not answer is asked for three times, a second apart (arp(7)).  What wants
    it meanwhile waits for the next time; what wants it after the third gets its error within a
    second, though it may be there by now.  No error that comes so soon is this ping's own, so it is
    worth a second ping.  And none goes on before the asking has ended: the next would meet it.

    :param words: what ping is given besides, with the address
    """
    argv = ("ping", "-n", "-c", "1", "-W", f"{PATIENCE:g}", *words)
    where = None if ns == "host" else ns
    for _ in range(2):
        ran = lab.run(*argv, ns=where, timeout=10)
        if ran.returncode == 0:
            break
        _await_neighbours(lab, ns)
        if "Destination Host Unreachable" not in ran.stdout:
            break
    return ran


PATIENCE = 1.5
"""Seconds that a ping is waited for: more than lie between two questions for a neighbour."""

NEIGHBOUR_LIMIT = 5.0
"""Seconds to wait for a neighbour that is being asked for; the kernel gives up after three."""


def _await_neighbours(lab: Asked, ns: str | None) -> None:
    limit = time.monotonic() + NEIGHBOUR_LIMIT
    while time.monotonic() < limit:
        try:
            namespace = namespace_of(lab.snapshot(), ns)
        except NotThere:
            return
        if all(entry.state != "incomplete" for entry in namespace.neighbours):
            return
        time.sleep(0.05)


def _unreached(where: str, address: str, words: str) -> Sentence:
    """That a ping was not answered."""
    text = sentence("{place} does not reach {address}", place=where, address=address)
    return _with_words(text, words)


def _with_words(text: Sentence, words: str) -> Sentence:
    """The same, and why, as far as ping says it."""
    now = Sentence("{words}", {"words": words}) if words else sentence("no answer")
    return sentence("{what}: {now}", what=text, now=now)


def _ping_words(ran: Program, lab: Asked, ns: str | None) -> str:
    """Why it was not answered, in the words of ping; empty if it says nothing.

    That a neighbour did not answer says the namespace itself, after three seconds.  Ping waits for
    one: whether it says so is chance, if something else has asked for that neighbour before.
    """
    for line in (*ran.stderr.splitlines(), *ran.stdout.splitlines()):
        if "Network is unreachable" in line:
            return "Network is unreachable"
        found = re.search(r"^From (\S+) .*(Destination (?:Host|Net) Unreachable)", line)
        if found and not ("Host" in found[2] and _is_own(found[1], lab, ns)):
            return found[2]
    return ""


def _is_own(address: str, lab: Asked, ns: str | None) -> bool:
    try:
        return address in namespace_of(lab.snapshot(), ns).own_addresses
    except NotThere:
        return False


class Resolves(Check, frozen=True):
    """A name is resolved in ``ns``, as a program that ``ip netns exec`` starts sees it.

    ``address`` is what it must stand for; ``ok=False``: it is not resolved (yet).
    ``files=False``: as one that ``nsenter`` starts sees it, without the files of /etc/netns.

    :param ns: the namespace, one in /run/netns if ``files`` is false; the host if None
    :param name: the name
    :param address: the address that it must have; empty: any
    :param ok: whether success is expected
    :param files: whether the program is given the namespace's own files
    """

    ns: str | None
    name: str
    address: str = ""
    ok: bool = True
    files: bool = True

    @property
    def tries(self) -> str:
        if self.ok:
            return sentence("{who} finds {name}", who=self._who, name=self.name)
        return sentence("{who} does not find {name}", who=self._who, name=self.name)

    @property
    def _who(self) -> str:
        where = who(self.ns)
        if self.files:
            return where
        return sentence("a program that nsenter starts in {place}", place=where)

    def ask(self, lab: Asked) -> Verdict:
        where = self.ns or "host"
        argv: tuple[str, ...] = ("getent", "ahostsv4", host(self.name, "resolve"))
        if not self.files and where != "host":
            argv = ("nsenter", f"--net=/run/netns/{namespace_reference(where)}", *argv)
            where = "host"
        ran = lab.run(*argv, ns=None if where == "host" else where, timeout=30, full=True)
        found = sorted({line.split()[0] for line in ran.stdout.splitlines() if line.strip()})
        good = bool(found) and (not self.address or self.address in found)
        text = sentence("{who} does not find {name}", who=self._who, name=self.name)
        if found:
            text = self._finds(", ".join(found))
        ok = good == self.ok
        wanted = self._wanted()
        plain = ok or not found  # that it finds nothing tells what is wanted
        return Verdict(ok, text, "" if ok else RUN_IN_ORDER, "" if plain else wanted)

    def _wanted(self) -> str:
        if not self.address:
            return self.tries
        if self.ok:
            return self._finds(self.address)
        return sentence("{what}: {address}", what=self.tries, address=self.address)

    def _finds(self, addresses: str) -> Sentence:
        return sentence(
            "{who} finds {name}: {addresses}", who=self._who, name=self.name, addresses=addresses
        )
