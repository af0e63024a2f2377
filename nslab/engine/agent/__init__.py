"""What runs inside the lab: one process, PID 1 of the pseudo-host.

::

    world/     the switch, the LAN machine, the router, the internet
    boot/      from an ordinary process to PID 1 of a pseudo-host, and the programs it runs
    netns/     the namespaces themselves
    packets/   frames
    rtnl/      questions and requests to the kernel, over netlink

Imports go down the list's layers only: nothing may use ``serve``.  The
notebook's process imports nothing of this package.
"""
