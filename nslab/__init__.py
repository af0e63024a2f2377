"""nslab: Linux network namespaces, built by hand and seen.

>>> from nslab import Lab
>>> with Lab() as lab:
...     lab.sh("ip netns add ns1; ip netns list").stdout
'ns1\\n'

Everything public can be imported from here; each name is loaded when it is first used, so that
``import nslab`` stays quick.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "nslab.network.actions": (
        "Action",
        "AddAddress",
        "AddBridge",
        "AddContainer",
        "AddIpvlan",
        "AddMacvlan",
        "AddNamespace",
        "AddRoute",
        "AddVeth",
        "AddVlan",
        "Attach",
        "DeleteAddress",
        "DeleteContainer",
        "DeleteLink",
        "DeleteNamespace",
        "DeletePortVlan",
        "DeleteRoute",
        "Detach",
        "Masquerade",
        "Move",
        "Rename",
        "ResolvConf",
        "SetBridge",
        "SetDown",
        "SetMac",
        "SetPortVlan",
        "SetPromiscuous",
        "SetUp",
        "Sysctl",
    ),
    "nslab.explain.diagnose": ("Explanation", "Obstacle", "why"),
    "nslab.session.capture": ("Capture",),
    "nslab.network.diff": ("Change", "Diff", "compare"),
    "nslab.draw": ("Picture",),
    "nslab.errors": (
        "AlreadyExists",
        "CommandTimeout",
        "EngineUnavailable",
        "Interrupted",
        "InvalidInput",
        "KernelRefused",
        "LabClosed",
        "LabGone",
        "NotFound",
        "NotMet",
        "NslabError",
        "ToolMissing",
    ),
    "nslab.session.check": (
        "ArePeers",
        "Carries",
        "FiltersVlans",
        "GoesBy",
        "HasAddress",
        "HasFile",
        "HasLink",
        "HasNamespace",
        "HasNeighbour",
        "HasRoute",
        "Hops",
        "IsPort",
        "Learned",
        "Masquerades",
        "NamedByPid",
        "NoLink",
        "NoNamespace",
        "NoProcess",
        "NoRoute",
        "OwnsAddress",
        "Promiscuous",
        "Reaches",
        "Resolves",
        "SameMac",
        "Setting",
        "StandsOn",
        "State",
        "Stp",
        "Verdict",
    ),
    "nslab.course.exercises.exercise": ("Exercise",),
    "nslab.course.exercises.values": ("Choice", "MustNot", "WrongAnswer"),
    "nslab.course.lessons": ("Lesson", "lesson"),
    "nslab.course.pools": ("free_pool",),
    "nslab.course.progress.overview": ("progress",),
    "nslab.course.puzzles.puzzle": ("puzzle",),
    "nslab.session.step": ("Step",),
    "nslab.explain.trace": ("Trace",),
    "nslab.frames": ("Frames",),
    "nslab.frames.opened": ("Opened",),
    "nslab.frames.journey": ("Journey", "Journeys", "journeys"),
    "nslab.session.lab": ("Lab",),
    "nslab.network.model": ("Frame", "Link", "Namespace", "Place", "Snapshot"),
    "nslab.session.outcome": ("ActionResult", "Failure", "CommandResult"),
    "nslab.session.traffic.answers": (
        "ArpResult",
        "FetchResult",
        "PingResult",
        "ResolveResult",
        "SendResult",
        "TracerouteResult",
    ),
}

_MODULES = {
    "docker": "nslab.course.docker",
    "doctor": "nslab.doctor",
    "measure": "nslab.course.measure",
    "netlink": "nslab.course.nlmessages",
}
"""Modules that lessons use by name: a Docker engine, this machine, what ways cost, messages."""

__all__ = sorted(name for names in _HOMES.values() for name in names)

if TYPE_CHECKING:
    from nslab import doctor
    from nslab.course import docker, measure
    from nslab.course import nlmessages as netlink
    from nslab.course.exercises.exercise import Exercise
    from nslab.course.exercises.values import Choice, MustNot, WrongAnswer
    from nslab.course.lessons import Lesson, lesson
    from nslab.course.pools import free_pool
    from nslab.course.progress.overview import progress
    from nslab.course.puzzles.puzzle import puzzle
    from nslab.draw import Picture
    from nslab.errors import (
        AlreadyExists,
        CommandTimeout,
        EngineUnavailable,
        Interrupted,
        InvalidInput,
        KernelRefused,
        LabClosed,
        LabGone,
        NotFound,
        NotMet,
        NslabError,
        ToolMissing,
    )
    from nslab.explain.diagnose import Explanation, Obstacle, why
    from nslab.explain.trace import Trace
    from nslab.frames import Frames
    from nslab.frames.journey import Journey, Journeys, journeys
    from nslab.frames.opened import Opened
    from nslab.network.actions import (
        Action,
        AddAddress,
        AddBridge,
        AddContainer,
        AddIpvlan,
        AddMacvlan,
        AddNamespace,
        AddRoute,
        AddVeth,
        AddVlan,
        Attach,
        DeleteAddress,
        DeleteContainer,
        DeleteLink,
        DeleteNamespace,
        DeletePortVlan,
        DeleteRoute,
        Detach,
        Masquerade,
        Move,
        Rename,
        ResolvConf,
        SetBridge,
        SetDown,
        SetMac,
        SetPortVlan,
        SetPromiscuous,
        SetUp,
        Sysctl,
    )
    from nslab.network.diff import Change, Diff, compare
    from nslab.network.model import Frame, Link, Namespace, Place, Snapshot
    from nslab.session.capture import Capture
    from nslab.session.check import (
        ArePeers,
        Carries,
        FiltersVlans,
        GoesBy,
        HasAddress,
        HasFile,
        HasLink,
        HasNamespace,
        HasNeighbour,
        HasRoute,
        Hops,
        IsPort,
        Learned,
        Masquerades,
        NamedByPid,
        NoLink,
        NoNamespace,
        NoProcess,
        NoRoute,
        OwnsAddress,
        Promiscuous,
        Reaches,
        Resolves,
        SameMac,
        Setting,
        StandsOn,
        State,
        Stp,
        Verdict,
    )
    from nslab.session.lab import Lab
    from nslab.session.outcome import ActionResult, CommandResult, Failure
    from nslab.session.step import Step
    from nslab.session.traffic.answers import (
        ArpResult,
        FetchResult,
        PingResult,
        ResolveResult,
        SendResult,
        TracerouteResult,
    )


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(_MODULES[name])
    for home, names in _HOMES.items():
        if name in names:
            value = getattr(import_module(home), name)
            globals()[name] = value
            return value
    text = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(text, name=name, obj=sys.modules[__name__])


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
