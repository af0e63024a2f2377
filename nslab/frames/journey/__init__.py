"""Journeys: the way of one packet through links and namespaces, and what was rewritten on it.

>>> with lab.capture("*") as seen:                              # doctest: +SKIP
...     lab.ping("ns1", "203.0.113.80")
>>> seen.journey()                                              # doctest: +SKIP
>>> seen.journey().picture(upto=3)                              # doctest: +SKIP

::

    assemble       from frames to journeys
    comparison     two of them beside each other
    markup         journeys in a page
    narrative      a journey and a list of them, as they show themselves
    packets        which frames are one packet
    topology       cables and bridges of a snapshot
    translations   what was rewritten between two sightings of a packet
    values         the steps of a journey
"""

from __future__ import annotations

from nslab.frames.journey.assemble import journeys
from nslab.frames.journey.narrative import Journey, Journeys
from nslab.frames.journey.values import Change, JourneyStep

__all__ = ["Change", "Journey", "JourneyStep", "Journeys", "journeys"]
