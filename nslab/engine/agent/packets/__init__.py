"""Frames: recorded and sent.

::

    recorder   recordings, each with its taps
    filters    tcpdump's expressions, compiled
    inject     sends frames
    ring       a packet socket with a ring of blocks that the kernel fills (packet_mmap)
    taps       from the names of links to taps on them
"""
