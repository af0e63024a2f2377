"""Checks that a server answers: tried for real, by a TCP connection or a datagram."""

from __future__ import annotations

from nslab.session.check import Asked, Check, Verdict
from nslab.session.check.verdict import Program

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
        return f"{self.ns or 'host'} opens {_place(self.address, self.port)}"

    def ask(self, lab: Asked) -> Verdict:
        line = f"exec 3<>/dev/tcp/{self.address}/{self.port}"
        ran, why = _tried(lab, self.ns, line)
        if ran.returncode == 0:
            return Verdict(True, self.tries)
        text = f"{self.ns or 'host'} does not open {_place(self.address, self.port)}: {why}"
        return Verdict(False, text)


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
        return f"{self.ns or 'host'} gets an answer from {self.address}:{self.port} (UDP)"

    def ask(self, lab: Asked) -> Verdict:
        line = f"exec 3<>/dev/udp/{self.address}/{self.port}; echo nslab >&3; head -c 1 <&3"
        ran, why = _tried(lab, self.ns, line)
        if ran.stdout:
            return Verdict(True, self.tries)
        text = f"{self.ns or 'host'} sends a datagram to {self.address}:{self.port}: {why}"
        return Verdict(False, text)


def _tried(lab: Asked, ns: str | None, line: str) -> tuple[Program, str]:
    """What became of a line for bash, and in a word why, if it failed."""
    ran = lab.run("timeout", str(_WAIT), "bash", "-c", line, ns=ns, timeout=10, full=True)
    return ran, "refused" if "refused" in ran.stderr else "no answer"


def _place(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
