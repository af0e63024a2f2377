"""Checks that try for real: a ping, a question to a name server."""

from __future__ import annotations

import re
import time

from msgspec import json

from nslab.network.names import host, namespace_reference
from nslab.session.check.verdict import (
    RUN_IN_ORDER,
    Asked,
    Check,
    NotThere,
    Program,
    Verdict,
    namespace_of,
)


class Reaches(Check, frozen=True):
    """One packet from ``ns`` to an address is answered; ``ok=False``: it is not (yet).

    Tried for real, by one ping.  A neighbour that does not answer is asked for about three
    seconds (arp(7)); the check waits for the end of that, for a ping that comes in between would
    get its error.

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
        return f"{self.ns or 'host'} {'reaches' if self.ok else 'does not reach'} {self.address}"

    def ask(self, lab: Asked) -> Verdict:
        where = self.ns or "host"
        large = ("-M", "do", "-s", str(self.size)) if self.size else ()
        argv = ("ping", "-n", "-c", "1", "-W", "1", *large, host(self.address, "ping"))
        ran = lab.run(*argv, ns=None if where == "host" else where, timeout=10)
        answered = ran.returncode == 0
        if not answered:
            _await_neighbours(lab, self.ns)
        sized = f" with packets of {self.size + 28} bytes" if self.size else ""
        text = f"{where} reaches {self.address}{sized}"
        if not answered:
            text = f"{where} does not reach {self.address}{sized}" + _ping_words(ran)
        if not answered and not self.ok:
            text += ", as expected here"
        hint = ""
        if answered != self.ok:
            obstacle = None if answered else lab.why(self.ns, self.address).obstacle
            hint = f"{obstacle.message}\n{obstacle.hint}" if obstacle else RUN_IN_ORDER
        wanted = "" if answered == self.ok or not answered else self.tries
        return Verdict(answered == self.ok, text, hint, wanted)


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
        return f"{self.ns or 'host'} reaches {self.address}"

    def ask(self, lab: Asked) -> Verdict:
        where = self.ns or "host"
        argv = ("ping", "-n", "-c", "1", "-W", "1", host(self.address, "ping"))
        ran = lab.run(*argv, ns=None if where == "host" else where, timeout=10)
        found = re.search(r"\bttl=(\d+)", ran.stdout)
        if not found:
            text = f"{where} does not reach {self.address}{_ping_words(ran)}"
            return Verdict(False, text, RUN_IN_ORDER)
        passed = 64 - int(found[1])
        words = "1 router" if passed == 1 else f"{passed or 'no'} routers"
        text = f"from {self.address} to {where}, an answer passes {words}"
        if passed == self.routers:
            return Verdict(True, text)
        number = "1 router" if self.routers == 1 else f"{self.routers or 'no'} routers"
        wanted = f"an answer passes {number}"
        return Verdict(False, text, RUN_IN_ORDER, wanted)


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
        return f"{self.ns or 'host'} sends to {self.address} by {self._way}"

    @property
    def _way(self) -> str:
        return self.dev + (f" via {self.via}" if self.via else "")

    def ask(self, lab: Asked) -> Verdict:
        where = self.ns or "host"
        argv = ("ip", "-json", "route", "get", host(self.address, "look up"))
        ran = lab.run(*argv, ns=None if where == "host" else where, timeout=10)
        if ran.returncode:
            return Verdict(False, f"{where} has no way to {self.address}", RUN_IN_ORDER)
        (route,) = json.decode(ran.stdout)
        dev, via = route.get("dev", ""), route.get("gateway", "")
        text = f"{where} sends to {self.address} by {dev}" + (f" via {via}" if via else "")
        if (dev, via) == (self.dev, self.via):
            return Verdict(True, text)
        return Verdict(False, f"{text}, not by {self._way}", RUN_IN_ORDER)


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


def _ping_words(ran: Program) -> str:
    """Why, as far as ping says it."""
    for line in (*ran.stderr.splitlines(), *ran.stdout.splitlines()):
        for words in (
            "Network is unreachable",
            "Destination Host Unreachable",
            "Destination Net Unreachable",
        ):
            if words in line:
                return f": {words}"
    return ": no answer"


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
        return f"{self._who} {'finds' if self.ok else 'does not find'} {self.name}"

    @property
    def _who(self) -> str:
        where = self.ns or "host"
        return where if self.files else f"a program that nsenter starts in {where}"

    def ask(self, lab: Asked) -> Verdict:
        where = self.ns or "host"
        argv: tuple[str, ...] = ("getent", "ahostsv4", host(self.name, "resolve"))
        if not self.files and where != "host":
            argv = ("nsenter", f"--net=/run/netns/{namespace_reference(where)}", *argv)
            where = "host"
        ran = lab.run(*argv, ns=None if where == "host" else where, timeout=30, full=True)
        found = sorted({line.split()[0] for line in ran.stdout.splitlines() if line.strip()})
        good = bool(found) and (not self.address or self.address in found)
        text = f"{self._who} finds {self.name}: {', '.join(found)}"
        if not found:
            text = f"{self._who} does not find {self.name}"
        ok = good == self.ok
        wanted = self.tries + (f": {self.address}" if self.address else "")
        plain = ok or not found  # that it finds nothing tells what is wanted
        return Verdict(ok, text, "" if ok else RUN_IN_ORDER, "" if plain else wanted)
