"""A lab in a virtual machine of its own: QEMU, a kernel of Debian's, the same agent inside.

For kernels that lack what a lesson needs, and for places that forbid user namespaces.  It takes no
privilege at all, and the machine has no network but the lab's own.

::

    recipe        what the machine is made of: values
    debian        packages of Debian's into a directory, by an ordinary user
    archive       what the kernel unpacks first
    image         kernel and file systems: made, found, checked, removed
    code          the agent's own modules, as the machine gets them
    qemu          which QEMU, may it use KVM, and how it is called
    machine       one running machine: QEMU, the lines to it, its console, its state saved
    saved_state   saved states: found, made, woken from; which of KVM and emulation
    supervisor    a process of its own that ends a machine with its notebook, and lets visitors in
    engine        the lab's engine
    visitor       nslab enter and nslab show, for such a lab
    trouble       what goes wrong
"""
