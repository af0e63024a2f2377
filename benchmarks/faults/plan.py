"""Which trials are made, and how one of each sort is."""

from __future__ import annotations

import os
import random
import traceback
from dataclasses import replace
from typing import Any

from faults import judge
from faults.catalogue import FAULTS
from faults.exotic import WORKING
from faults.networks import drawn
from faults.values import Fault, Network, Working

PARTS = ("single", "pairs", "exotic", "random")

Trial = Fault | tuple[Fault, Fault] | Working | Network


def chosen(asked: Any) -> list[Trial]:
    """The trials that the command line asks for."""
    parts = asked.parts or PARTS
    trials: list[Trial] = []

    def wanted(each: Fault | Working) -> bool:
        name = each.id
        kind = each.kind if isinstance(each, Fault) else "working"
        return (
            (each.engine == "vm") == asked.vm
            and here(each)
            and (not asked.kind or kind in asked.kind)
            and asked.name in name
        )

    if "single" in parts:
        some = filter(wanted, FAULTS)
        trials += [replace(one, warmed=one.warmed or "true") if asked.warm else one for one in some]
    if "exotic" in parts:
        trials += filter(wanted, WORKING)
    if not asked.vm and not asked.kind and not asked.name:
        if "pairs" in parts:
            trials += pairs(asked.seed, asked.pairs)
        if "random" in parts:
            trials += [drawn(seed) for seed in range(asked.seed, asked.seed + asked.networks)]
    return trials


def here(each: Fault | Working) -> bool:
    """Whether this user can make it."""
    return not each.outside or os.geteuid() == 0


def names() -> set[str]:
    """The ids of all single faults and of all networks that work."""
    return {fault.id for fault in FAULTS} | {each.id for each in WORKING}


def pairs(seed: int, count: int) -> list[tuple[Fault, Fault]]:
    """Pairs of faults of one topology that are in the way of the same question."""
    some = [
        (one, other)
        for number, one in enumerate(FAULTS)
        for other in FAULTS[number + 1 :]
        if one.engine == "local"
        and not (one.outside or other.outside)
        and one.topology == other.topology
        and one.question == other.question
        and one.kind != other.kind
        and "true" not in (one.lines, other.lines)
    ]
    return random.Random(seed).sample(some, min(count, len(some)))


def tried(trial: Trial) -> list[judge.Outcome]:
    """One trial, whatever it is; what goes wrong in the benchmark is an outcome, too."""
    try:
        if isinstance(trial, Fault):
            return [judge.try_fault(trial)]
        if isinstance(trial, Working):
            return [judge.try_working(trial)]
        if isinstance(trial, Network):
            return judge.try_network(trial)
        return [judge.try_pair(*trial)]
    except Exception:
        words = traceback.format_exc().strip()[-600:]
        name = (
            "+".join(each.id for each in trial)
            if isinstance(trial, tuple)
            else str(
                getattr(trial, "id", None)
                or getattr(trial, "name", None)
                or f"network {trial.seed}"
            )
        )
        return [judge.Outcome(name, "?", judge.ERROR, detail=words)]
