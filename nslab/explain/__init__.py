"""Why a packet arrives, or does not: pure functions over a snapshot.

::

    trace/      the way of a packet through a snapshot
    diagnose/   what stands in its way, and what removes it
"""
