"""Checks: a wanted state of the lab, asked of the kernel, and the verdict on it.

::

    verdict   what a check is, and a verdict
    rows      sentences in a row
    links     links: what they are, how they stand, what they are joined to
    stacked   links on links, and the VLANs of a bridge's ports
    spaces    namespaces: names, routes, neighbours, settings, translation, files
    trying    what is tried for real: a ping, a question to a name server, to the routes

A check that fails says what is there instead, and what to do.

>>> from nslab import Lab
>>> from nslab.session.check import HasLink
>>> with Lab() as lab:
...     print(lab.check(HasLink("eth0")))
✔ there is a link eth0
"""

from nslab.session.check.links import (
    ArePeers,
    HasAddress,
    HasLink,
    IsPort,
    Learned,
    NoLink,
    Promiscuous,
    State,
    Stp,
)
from nslab.session.check.spaces import (
    HasFile,
    HasNamespace,
    HasNeighbour,
    HasRoute,
    Masquerades,
    NamedByPid,
    NoNamespace,
    NoProcess,
    NoRoute,
    OwnsAddress,
    Setting,
)
from nslab.session.check.stacked import Carries, FiltersVlans, SameMac, StandsOn
from nslab.session.check.trying import GoesBy, Hops, Reaches, Resolves
from nslab.session.check.verdict import Asked, Check, Verdict, Verdicts

__all__ = [
    "ArePeers",
    "Asked",
    "Carries",
    "Check",
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
    "Verdicts",
]
