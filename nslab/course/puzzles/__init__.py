"""Puzzles: a network that is broken, and what somebody who uses it says of it.

A puzzle is an exercise to mend: solved when all that worked when the network was whole works again,
and what was shut on purpose is still shut.

::

    values       a network, and a fault in it: how it is made, what is said of it, how it is mended
    opens        checks that a server answers
    shop         a network: a shop's container host
    shop_faults  what may be wrong with it
    branch       a network: two sites, each behind a router; and what may be wrong with it
    published    a network: containers that are published; and what may be wrong with it
    workshop     a network: what is said of addresses, names, datagrams and the host's own door
    macvlan      a network: containers that share the host's card
    tunnel       a network: two sites that a tunnel joins
    ipv6         a network that speaks IPv6 alone
    vlan         a network: three on one cable, which needs a full kernel
    ipvlan       a network: containers that share the host's card and MAC; a full kernel, too
    docker       a network: a real Docker engine's
    capstone     the network of notebook 16, and what may be wrong with it
    networks     all of them
    puzzle       drawing one by its name or seed; a lab in which why costs a star
"""
