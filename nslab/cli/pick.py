"""Which of the running labs is meant."""

from __future__ import annotations

from nslab.engine import labs
from nslab.errors import NslabError


def pick(wanted: str | None, operation: str, *, here: bool = False) -> labs.Running:
    """The lab of that name or process id; the only one that runs, for None.

    :param here: leave out those that live on other machines

    :raises NslabError: there is none, or it is not clear which; says which there are
    """
    running = [lab for lab in labs.running() if not (here and lab.engine == "ssh")]
    if not running:
        raise NslabError(
            operation,
            wanted or "a lab",
            "no lab of yours is running",
            "start one in a notebook: from nslab import Lab; lab = Lab()",
        )
    found = [lab for lab in running if wanted in (None, lab.name, str(lab.pid))]
    if len(found) == 1:
        return found[0]
    lines = "\n".join(
        f"nslab {operation} --lab {lab.name if _unique(lab, running) else lab.pid}"
        f"    {lab.name}, process {lab.pid}, {_age(lab.age)} old"
        for lab in (found or running)
    )
    cause = "several labs are running" if found else "no lab of that name is running"
    raise NslabError(operation, wanted or "a lab", cause, lines)


def _unique(lab: labs.Running, running: list[labs.Running]) -> bool:
    return sum(other.name == lab.name for other in running) == 1


def _age(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
