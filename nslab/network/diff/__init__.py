"""What changed between two snapshots, in words and for the drawing.

Nothing here looks at the kernel.  Namespaces are matched by inode and links by index within their
namespace; a link that left one namespace and turned up in another with the same MAC and kind was
moved.  MACs, inodes, indexes and process ids are used for matching and never appear in a text,
because they differ from run to run.

What the kernel learns by itself (neighbours, forwarding entries) is reported too, but apart from
what somebody did: :attr:`Diff.lasting` leaves it out.  What somebody wrote down there is lasting.

::

    change    a change, and the changes between two snapshots with what a drawing asks of them
    compare   the comparison
    details   what changed within a namespace, a link or a list, once both sides are matched
    learned   tables of neighbours and stations, learned or written down
    switches  what is usual nearly always: settings, queues, flags of ports, policy rules
    wording   how routes and links are put into words, in a diff and in a picture alike
    rules     the same for packet filter rules and translations
"""

from nslab.network.diff.change import LEARNED, MARKS, Change, Diff, Kind, What
from nslab.network.diff.compare import compare
from nslab.network.diff.rules import (
    CONDITIONS,
    WORDS,
    drops_text,
    filter_items,
    filter_text,
    nat_sentence,
    nat_text,
    rule_text,
)
from nslab.network.diff.switches import leads_text, policy_lines, policy_text
from nslab.network.diff.wording import (
    address_of,
    kind_and_mode,
    kind_text,
    link_text,
    name_text,
    nameservers,
    route_text,
    visible_routes,
    vlans_text,
)

__all__ = [
    "CONDITIONS",
    "LEARNED",
    "MARKS",
    "WORDS",
    "Change",
    "Diff",
    "Kind",
    "What",
    "address_of",
    "compare",
    "drops_text",
    "filter_items",
    "filter_text",
    "kind_and_mode",
    "kind_text",
    "leads_text",
    "link_text",
    "name_text",
    "nameservers",
    "nat_sentence",
    "nat_text",
    "policy_lines",
    "policy_text",
    "route_text",
    "rule_text",
    "visible_routes",
    "vlans_text",
]
