"""What a way costs: measured in the lab, in turn, with medians and spreads.

>>> from nslab import lesson, measure
>>> with lesson("15").lab() as lab:                                 # doctest: +SKIP
...     measure.throughput(lab)

Every function takes ``repeats`` and ``seconds``; the environment variable ``NSLAB_QUICK=1`` makes
all of them short.  What one machine says is no law: see :func:`published` for what others say.

::

    chart        medians and spreads drawn
    crowd        a bridge with a crowd on it
    load         the program that measures
    probes       what is measured between the client and the server, on each way
    progress     how far a measurement is
    published    what others have measured, with their sources
    result       what was measured, as values
    runs         measuring in turn
    topologies   the ways from a client to a server that are compared
    ways_out     the ways from a container to a network card of its host
"""

from __future__ import annotations

from nslab.course.measure.crowd import FloodResult, crowd, flooding
from nslab.course.measure.probes import round_trip, small_packets, throughput
from nslab.course.measure.published import Published, published
from nslab.course.measure.result import Result
from nslab.course.measure.topologies import START, WAYS, Way
from nslab.course.measure.ways_out import OUT, WAYS_OUT

__all__ = [
    "OUT",
    "START",
    "WAYS",
    "WAYS_OUT",
    "FloodResult",
    "Published",
    "Result",
    "Way",
    "crowd",
    "flooding",
    "published",
    "round_trip",
    "small_packets",
    "throughput",
]
