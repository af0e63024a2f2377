"""Short ways to write a fault down."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from faults.topologies import TOPOLOGIES
from faults.values import Fault, Question

Make = Callable[..., Fault]


def on(topology: str) -> Make:
    """What makes faults of one topology."""

    def fault(
        kind: str,
        name: str,
        lines: str,
        question: Question,
        accepted: str | Sequence[str],
        places: str | Sequence[str],
        *,
        mends: bool = True,
        outside: str = "",
        warmed: str = "",
    ) -> Fault:
        return Fault(
            kind=kind,
            name=name,
            topology=topology,
            lines=lines,
            question=question,
            accepted=tuple(accepted.split() if isinstance(accepted, str) else accepted),
            places=tuple(places.split() if isinstance(places, str) else places),
            mends=mends,
            engine=TOPOLOGIES[topology].engine,
            outside=outside,
            warmed=warmed,
        )

    return fault
