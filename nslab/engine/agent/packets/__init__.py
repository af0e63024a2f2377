"""Frames: recorded, sent, and heard as witnesses.

::

    witness    a probe, from its first packet to the evidence
    asking     the packets of a probe, and what comes back to their sockets
    watching   one socket in each namespace, which sees all of its links
    recognise  which of the frames that were seen belong to a probe
    recorder   recordings, each with its taps
    filters    tcpdump's expressions, compiled
    inject     sends frames
    ring       a packet socket with a ring of blocks that the kernel fills (packet_mmap)
    taps       from the names of links to taps on them
"""
