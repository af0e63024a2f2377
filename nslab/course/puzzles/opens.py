"""Checks that a server answers: tried for real, by a TCP connection or a datagram."""

from __future__ import annotations

from nslab.sentence import Sentence, sentence
from nslab.session.check import Asked, Check, Verdict
from nslab.session.check.verdict import Program, who

_WAIT = 2
"""Seconds for which a server may be silent."""


class Opens(Check, frozen=True):
    """A program in a namespace can open a TCP connection.

    :param ns: where it runs; the host if None
    :param address: the server's address, or its name
    :param port: its port
    """

    ns: str | None
    address: str
    port: int

    @property
    def tries(self) -> str:
        return sentence("{place} opens {server}", place=who(self.ns), server=self._server)

    @property
    def _server(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{address}:{self.port}"

    def ask(self, lab: Asked) -> Verdict:
        line = f"exec 3<>/dev/tcp/{self.address}/{self.port}"
        ran = _tried(lab, self.ns, line)
        if ran.returncode == 0:
            return Verdict(True, self.tries)
        where = who(self.ns)
        text = sentence("{place} does not open {server}", place=where, server=self._server)
        return Verdict(False, _with_reason(text, ran))


class Echoes(Check, frozen=True):
    """A program in a namespace sends a datagram, and one comes back.

    :param ns: where it runs; the host if None
    :param address: the server's address
    :param port: its port
    """

    ns: str | None
    address: str
    port: int

    @property
    def tries(self) -> str:
        return sentence(
            "{place} gets an answer from {server} (UDP)",
            place=who(self.ns),
            server=f"{self.address}:{self.port}",
        )

    def ask(self, lab: Asked) -> Verdict:
        line = f"exec 3<>/dev/udp/{self.address}/{self.port}; echo nslab >&3; head -c 1 <&3"
        ran = _tried(lab, self.ns, line)
        if ran.stdout:
            return Verdict(True, self.tries)
        text = sentence(
            "{place} sends a datagram to {server}",
            place=who(self.ns),
            server=f"{self.address}:{self.port}",
        )
        return Verdict(False, _with_reason(text, ran))


def _tried(lab: Asked, ns: str | None, line: str) -> Program:
    """What became of a line for bash."""
    return lab.run("timeout", str(_WAIT), "bash", "-c", line, ns=ns, timeout=10, full=True)


def _with_reason(text: Sentence, ran: Program) -> Sentence:
    """That it failed, and in a word why."""
    now = sentence("refused") if "refused" in ran.stderr else sentence("no answer")
    return sentence("{what}: {now}", what=text, now=now)
