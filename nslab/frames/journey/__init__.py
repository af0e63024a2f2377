"""Journeys: the way of one packet through links and namespaces, and what was rewritten on it.

>>> with lab.capture("*") as seen:                              # doctest: +SKIP
...     lab.ping("ns1", "203.0.113.80")
>>> seen.journey()                                              # doctest: +SKIP
>>> seen.journey().picture(upto=3)                              # doctest: +SKIP
"""

from __future__ import annotations

from nslab.frames.journey.assemble import journeys
from nslab.frames.journey.narrative import Journey, Journeys
from nslab.frames.journey.values import Change, JourneyStep

__all__ = ["Change", "Journey", "JourneyStep", "Journeys", "journeys"]
