"""A check that a server answers: tried for real, by a TCP connection."""

from __future__ import annotations

from nslab.session.check import Asked, Check, Verdict

_WAIT = 2
"""Seconds for which a server may be silent."""


class Opens(Check, frozen=True):
    """A program in a namespace can open a TCP connection.

    :param ns: where it runs; the host if None
    :param address: the server's address
    :param port: its port
    """

    ns: str | None
    address: str
    port: int

    @property
    def tries(self) -> str:
        return f"{self.ns or 'host'} opens {self.address}:{self.port}"

    def ask(self, lab: Asked) -> Verdict:
        line = f"exec 3<>/dev/tcp/{self.address}/{self.port}"
        ran = lab.run("timeout", str(_WAIT), "bash", "-c", line, ns=self.ns, timeout=10)
        if ran.returncode == 0:
            return Verdict(True, self.tries)
        why = "refused" if "refused" in ran.stderr else "no answer"
        text = f"{self.ns or 'host'} does not open {self.address}:{self.port}: {why}"
        return Verdict(False, text)
