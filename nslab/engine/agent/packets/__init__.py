"""Frames: recorded and sent.

::

    capture   recordings; taps: the sockets they stand on; ring: what the kernel fills
    filters   tcpdump's expressions, compiled
    inject    sends frames
"""
