"""Journeys: the way of one packet through links and namespaces, and what was rewritten on it.

Pure functions over frames, the kernel's connection tracking and a snapshot.  Frames belong to one
packet if what forwarding and translation leave alone is equal (:mod:`nslab.frames.identity`) and
their flows are the same, or are named by one entry of a connection tracking as translations of
each other.  One packet may be seen many times at once: a bridge floods what is for everyone, or
for nobody it knows.  Where it came from is told by the cables and bridges of the snapshot.

::

    way        Journey: one packet, its steps and what was rewritten; it shows itself
    topology   cables and bridges: from where a frame can have come
    following  frames → journeys
"""

from nslab.journey.following import journeys
from nslab.journey.way import Change, Journey, Step

__all__ = ["Change", "Journey", "Step", "journeys"]
