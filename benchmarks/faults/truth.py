"""Whether it works, by real packets of real programs: ping, curl and host; bash for datagrams."""

from __future__ import annotations

import time

from faults.values import Question
from nslab import Lab

FAILS = 0.7
"""Seconds that each of two packets is waited for, before a way counts as closed."""

MENDED = 6.0
"""Seconds in which a mended way must have opened: a neighbour is given up after three."""


def command(question: Question, patient: bool) -> list[str]:
    """The program that finds out."""
    wait = 2.0 if patient else FAILS
    if question.protocol == "tcp":
        host = f"[{question.target}]" if ":" in question.target else question.target
        address = f"http://{host}:{question.port}/"
        return ["curl", "-sg", "-o", "/dev/null", "--max-time", f"{wait * 2:g}", address]
    if question.protocol == "udp":
        # One byte: bash reads byte by byte, and the rest of a datagram is gone after the first.
        say = "exec 3<>/dev/udp/$0/$1 && echo question >&3 && read -r -n 1 -t $2 -u 3"
        return ["bash", "-c", say, question.target, str(question.port), f"{wait:g}"]
    if question.protocol == "dns":
        return ["host", "-t", "A", "-W", "1", "-R", "2", question.target]
    words = ["ping", "-n", "-q", "-c2", "-i0.2", f"-W{wait:g}"]
    if patient:
        words = ["ping", "-n", "-q", "-c1", "-W1"]
    if question.size:
        words += ["-M", "do", "-s", str(question.size)]
    return [*words, question.target]


def works(lab: Lab, question: Question) -> bool:
    """Whether it works now: one try."""
    return _once(lab, question, patient=False)


def comes_to_work(lab: Lab, question: Question, limit: float = MENDED) -> bool:
    """Whether it works within a time: ARP may take a second, and a loaded machine more."""
    end = time.monotonic() + limit
    while True:
        if _once(lab, question, patient=True):
            return True
        if time.monotonic() > end:
            return False
        time.sleep(0.1)


def _once(lab: Lab, question: Question, patient: bool) -> bool:
    words = command(question, patient)
    # In the whole namespace, with its own /etc: as a learner's `ip netns exec` would.
    full = question.protocol == "dns"
    return lab.run(*words, ns=question.ns, full=full, timeout=20.0).returncode == 0
