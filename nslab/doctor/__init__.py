"""What this machine allows: can a lab run here, and if not, what refuses it and what to do.

::

    facts     what the machine says of itself: sysctls, seccomp, AppArmor, capabilities
    causes    (refused step, errno, facts) → cause and remedy; a pure function
    probe     a child process that really makes a pseudo-host, step by step
    checks    the probe, the tools, Jupyter: a report

Nothing is guessed from the facts alone: they only explain what the probe met.  The calling
process never unshares.  Used by ``nslab doctor``, and by the engine to explain a failed start.
"""

from __future__ import annotations

from nslab.doctor.checks import Check, Report, examine
from nslab.engine.refusal.diagnosis import Diagnosis, diagnose
from nslab.engine.refusal.facts import Facts
from nslab.engine.refusal.probe import Attempt, attempt
from nslab.errors import EngineUnavailable

__all__ = [
    "Check",
    "Diagnosis",
    "Facts",
    "Report",
    "Attempt",
    "attempt",
    "diagnose",
    "examine",
    "explain_refusal",
    "why_not",
]


def explain_refusal(step: str, errno: int, detail: str = "") -> EngineUnavailable:
    """The error for a lab that could not start because the kernel refused a step."""
    diagnosis = diagnose(step, errno, Facts.of_this_machine())
    cause = f"{step}: {diagnosis.cause}"
    if detail and diagnosis.kind == "unknown":
        cause += f" ({detail})"
    return EngineUnavailable("start a lab", "here", cause, diagnosis.remedy, errno=errno)


def why_not() -> EngineUnavailable | None:
    """Try all that a lab needs: the error that explains the first refusal, None if all works."""
    for step in attempt():
        if step.needed and step.errno:
            return explain_refusal(step.name, step.errno, step.detail)
    return None
