"""What the kernel is asked, and told, over netlink.

::

    rtnetlink      messages, encoded and decoded
    apply/         actions → messages
    observe        dumps → a namespace
    survey         all namespaces → a snapshot
    monitor        has anything changed?
    nat            address translation: its rules
    conntrack      the connections that are tracked
    this_machine   the same look at the real machine, read-only
"""
