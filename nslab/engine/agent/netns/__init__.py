"""The namespaces themselves.

::

    spaces      finds, opens and names them
    processes   who runs in them
    sysctls     what the kernel would decide by itself in a new one
    syscalls    what Python has no function for
"""
