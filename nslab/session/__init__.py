"""A learner's session in a lab.

::

    lab        the private host: what is done in it, looked at, undone
    asking     lab.why: put to the snapshot, the kernel's routes and a packet
    past       the part of it that goes back and forth, and retells
    history    the steps so far, and which of them changed something
    resting    a lab of which nothing runs, and who wakes it from outside
    repeating  how a lab is made again from its steps
    apart      another lab beside one, for a moment
    account    how the steps show themselves, numbered
    progress   how far something is
    outcome    what a step did, as it shows itself
    consequences  what the kernel did by itself because of it
    hints      what to do about a line that failed
    ip_slips   the same for the grammar of ip, route and brctl
    reaching   whom a ping or the like wanted to reach that reached nobody
    said       such a line, with what it printed and where
    output     what a command prints, while it prints
    clearing    how what a session made is removed again
    export     the session as a script or as a cell
    capture    frames of many links, while they pass
    traffic/   ping, send, fetch and their like
    counting   what the kernel has counted, and which connections it tracks
    tables     learned addresses, listening programs, states of a port
    check/     what must be so, and a verdict
    step       a step of a lesson as a value
    naming     what a lab is called for which nobody chose a name
    enough     what one more lab needs, and whether it may be
    entering   the words that lead a terminal into a lab
    views      where a lab is shown beside plain text
"""
