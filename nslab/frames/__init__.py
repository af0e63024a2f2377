"""Frames that were captured: from the kernel's blocks to tables, bytes and files.

::

    blocks      the kernel's ring → frames as values, in the order in which they passed
    summary     a frame in a line: from, to and what; by struct alone
    listing     Frames: a sequence of frames that shows itself as a table
    filtering   which frames a text wants, in the words of Wireshark and tcpdump
    dissect     a frame → its layers and fields, by scapy; imported when a frame is opened
    opened      one frame, opened: its layers as a tree, its bytes with each field's marked
    pcapng      a file for Wireshark and tshark
    transcode   the kernel's blocks → such a file, quickly
    identity    what of a packet stays the same on its way, and what does not
    crafting    scapy packets → bytes, with addresses from the lab and not from this machine
    journey/    the way of a packet through the frames
    table       frames as a table

Nothing here does input or output but ``Frames.to_pcapng``.
"""

from nslab.frames.listing import Frames

__all__ = ["Frames"]
