"""What runs inside the lab: one process, PID 1 of the pseudo-host.

::

    isolate   new namespaces, private mounts, the supervisor outside
    init      PID 1: starts programs, reaps what ends
    spaces    network namespaces: find, make, enter, with a thread
    wire      rtnetlink: messages to bytes and back
    apply     actions → the kernel
    observe   the kernel → Snapshot        nat: its translation rules
    world     the switch, the LAN machine, the router, the internet
    shell     a command with live output
    serve     requests in, replies out; __main__ starts it all
    visit     a process that joins a running lab from outside
    machine   the same look at the real machine, read-only

Imports go down the list's layers only: everything may use ``wire`` and ``spaces``, nothing may use
``serve``.  The notebook's process imports nothing of this package.
"""
