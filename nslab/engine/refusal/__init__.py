"""Why a machine allows no lab.

::

    facts     what the machine says of itself: sysctls, seccomp, AppArmor, capabilities
    causes    (refused step, errno, facts) → cause and remedy; a pure function
    probe     a child process that really makes a pseudo-host, step by step

Nothing is guessed from the facts alone: they only explain what was met.  The calling process
never unshares.
"""
