"""What the article calls "weird data": the messages by which the network is changed, in bytes.

::

    message   a message of rtnetlink, field by field
    compare   two of them, and what differs
    send      the same bytes again, by hand
    watch     strace takes the bytes from a program, or from a process that runs

>>> from nslab import AddVeth, netlink
>>> netlink.sent(lab, "ip link add a type veth peer name b")[-1]        # doctest: +SKIP
>>> netlink.sent_by_library(lab, AddVeth("a", "b"))                     # doctest: +SKIP
"""

from nslab.course.nlmessages.compare import Comparison, beside
from nslab.course.nlmessages.message import Field, Message, decode
from nslab.course.nlmessages.send import PROGRAM, send
from nslab.course.nlmessages.watch import Watch, messages, sent, sent_by_library

__all__ = [
    "PROGRAM",
    "Comparison",
    "Field",
    "Message",
    "Watch",
    "beside",
    "decode",
    "messages",
    "send",
    "sent",
    "sent_by_library",
]
