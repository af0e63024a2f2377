"""Traffic on purpose: real frames, by the real tools, and what became of them.

::

    answers   what became of an attempt, as values that say it
    tools     ping, traceroute, curl and host, run in the namespace: what the learner will use, and
              their words are the kernel's
    crafted   sending and arping: nslab's own, with a packet socket and nothing else, because
              Debian's arping is not on every machine
    scapy_socket    scapy's own sr1, sniff and the like on a link of the lab
    methods   the lab's methods of these names

What differs from run to run is an attribute (``times``) and not in the text.  Identifiers count up
in each lab: with the same one twice, the kernel's connection tracking would take a second ping for
a part of the first, and the NAT rules that came between would not be asked.
"""
