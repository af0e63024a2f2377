"""What a network is, as values without effects: nothing here asks or changes the kernel.

::

    model       what was seen: snapshots, namespaces, links, routes …
    names       which names and addresses the kernel takes
    rules/      packet filter rules and translations, as values
    value       what all these values have in common
    actions/    what can be done to a network, each with its commands
    evidence    what is sent to try a way, and what was seen of it
    diff/       what changed between two snapshots
    making/     the smallest set of commands that makes one snapshot of another
    looking     whether command lines provably only look
    programs    which package brings the programs of the lessons
    glosses     what signs in command lines mean
    arguments   what a public call is given is looked at before anything is done with it
"""
