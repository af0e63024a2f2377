"""Faults put into real networks, to see what ``lab.why`` says of them.

::

    values       Fault, Question, Working, Network: what is tried, as data
    topologies   the networks that work, as lines for a shell
    catalogue/   the single faults, by what they are about
    exotic       networks that look broken and work
    networks     random networks, drawn from a seed
    truth        whether it works: by ping, curl and host in the lab, never by our code
    judge        one trial: build, ask the truth, ask ``why``, do what it says, ask the truth again
    table        the outcomes counted, and written down
    states       the kinds that are not right yet, with what is said of them today
    run          the whole
"""
