"""What runs inside the lab: one process, PID 1 of the pseudo-host.

::

    isolate   new namespaces, private mounts, the supervisor outside
    init      PID 1: starts programs, reaps what ends
    syscalls  what Python has no call for
    wire      rtnetlink: messages to bytes and back
    processes, settling, spaces    network namespaces: who is where, make, enter
    apply     actions → the kernel
    observe, nat                   the kernel → Snapshot
    capture, taps, ring, filters   frames: recorded on many links of many namespaces
    inject    frames: sent
    conntrack which connections are tracked, and how they are translated
    survey    all of the lab, looked at until the kernel has come to rest
    nic       the pseudo-host's NIC filters by address (an emulation)
    follow    has anything changed?  netlink's notifications from every namespace
    world     the switch, the LAN machine, the router, the internet
    shell     a command with live output
    serve     requests in, replies out; __main__ starts it all
    visit     a process that joins a running lab from outside
    machine   the same look at the real machine, read-only

Imports go down the list's layers only: nothing may use ``serve``.  The
notebook's process imports nothing of this package.
"""
