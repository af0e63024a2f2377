"""Puzzles: a network that is broken, and what somebody who uses it says of it.

A puzzle is an exercise to mend: solved when all that worked when the network was whole works again,
and what was shut on purpose is still shut.

::

    shop      the network, and what works in it
    faults    what may be wrong with it: how it is made, what is said of it, how it is mended
    puzzle    drawing one by its name or seed; a lab in which why costs a star
"""
