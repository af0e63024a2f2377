"""What tests of puzzles share, on this kernel and in virtual machines."""

from __future__ import annotations

from nslab import Lab
from nslab.course.exercises import judging
from nslab.course.puzzles.values import Network


def broken(lab: Lab, network: Network) -> set[str]:
    """What does not work, tried for real."""
    return {name for name, check in network.works.items() if not judging.held(check, lab)}


def typed(lab: Lab, line: object) -> None:
    """A line that makes, breaks or mends something, typed; it may not fail."""
    came = lab.sh(str(line), echo=False)
    assert not came.failures, f"{line}: {came.stdout}{came.stderr}"
