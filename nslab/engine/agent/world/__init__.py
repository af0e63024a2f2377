"""What surrounds the pseudo-host.

::

    servers   the web server and the name server outside
    nic       the filter that a real network card has
    cards     the cards of a virtual machine
"""
