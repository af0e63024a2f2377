"""Questions and requests to the kernel, over netlink.

::

    rtnetlink      messages, encoded and decoded
    apply/         actions → messages
    observe        dumps → a namespace
    survey         all namespaces → a snapshot
    monitor        has anything changed?
    rules          packet filter rules and address translation, as the tools list them
    settings       policy rules, settings of links, queues, vxlan
    tunnels        the ends of other tunnels
    sysctls        settings of namespaces that only /proc/sys tells
    fib            where the kernel would send a packet
    nftrace        what packet filters decide about the packets of a probe
    neighbours     those that did not answer, forgotten
    counters       what the kernel counts
    tcfilters      filters of tc at the entrances and exits of links
    words          numbers of rtnetlink, and iproute2's words for them
    conntrack      the connections that are tracked
    this_machine   the same look at the real machine, read-only
"""
