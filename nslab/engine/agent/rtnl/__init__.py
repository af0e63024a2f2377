"""What the kernel is asked, and told, over netlink.

::

    rtnetlink   messages, encoded and decoded
    apply       actions → messages
    observe     dumps → a namespace
    survey      all namespaces → a snapshot; machine: the same of the machine itself
    monitor     has anything changed?
    nat, conntrack   address translation: its rules, its connections
"""
