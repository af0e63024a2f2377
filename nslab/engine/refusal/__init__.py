"""Why a machine allows no lab.

::

    facts       what the machine says of itself: sysctls, seccomp, AppArmor, capabilities
    diagnosis   (refused step, errno, facts) → cause and remedy; a pure function
    pod         the remedy where this is a pod of Kubernetes
    probe       a child process that really makes a pseudo-host, step by step

Nothing is guessed from the facts alone: they only explain what was met.  The calling process
never unshares.
"""

from __future__ import annotations

from nslab.engine.refusal.diagnosis import Diagnosis, diagnose
from nslab.engine.refusal.facts import Facts
from nslab.engine.refusal.probe import Attempt, attempt
from nslab.errors import EngineUnavailable

__all__ = ["Attempt", "Diagnosis", "Facts", "attempt", "diagnose", "explain", "why_not"]


def explain(step: str, errno: int, detail: str = "") -> EngineUnavailable:
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
            return explain(step.name, step.errno, step.detail)
    return None
