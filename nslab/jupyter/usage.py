"""``ip link?``: how a command is used, in a few lines.

Of the programs that lessons use it is told here; of others their own ``--help`` is asked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nslab.jupyter import cells, completing, grammar
from nslab.jupyter.interactive import unwrapped
from nslab.jupyter.lines import commands

if TYPE_CHECKING:
    from nslab.session.lab import Lab

LINES = 14
"""Of a program's own help; it has often a hundred."""

USAGE = {
    "ip": """
        shows and changes links, addresses, routes, neighbours and namespaces
        ip [-brief] [-details] [-n NAMESPACE] OBJECT [VERB …]
        OBJECT: link, address, route, neighbour, netns, rule; a beginning is enough: ip a
        ip link?  ip address?  ip route?  ip neighbour?  ip netns?""",
    "ip link": """
        shows and changes network interfaces
        ip link [show [LINK]]
        ip link add NAME type KIND          KIND: bridge, veth, macvlan, ipvlan, vlan, dummy …
        ip link add NAME type veth peer name OTHER
        ip link set LINK up | down | master BRIDGE | nomaster | netns NAMESPACE | name NEW
        ip link delete LINK""",
    "ip link set": """
        changes a link
        ip link set LINK up | down
        ip link set LINK master BRIDGE | nomaster      plug it into a bridge, pull it out
        ip link set LINK netns NAMESPACE               move it there; it loses its addresses
        ip link set LINK name NEW                      while it is down
        ip link set LINK address MAC | mtu BYTES | promisc on | off""",
    "ip link add": """
        makes a link
        ip link add NAME type bridge
        ip link add NAME type veth peer name OTHER [netns NAMESPACE]
        ip link add NAME link CARD type macvlan mode bridge | private | vepa | passthru
        ip link add NAME link CARD type vlan id NUMBER
        ip link add NAME type dummy""",
    "ip address": """
        shows and changes the addresses of links
        ip address [show [dev LINK]]
        ip address add ADDRESS/LENGTH dev LINK          such as 192.168.10.1/24
        ip address delete ADDRESS/LENGTH dev LINK
        ip address flush dev LINK""",
    "ip route": """
        shows and changes where packets go
        ip route [show]
        ip route add default via GATEWAY [dev LINK]
        ip route add NETWORK/LENGTH via GATEWAY | dev LINK
        ip route delete NETWORK/LENGTH
        ip route get ADDRESS                            which route the kernel takes""",
    "ip neighbour": """
        shows and changes which MAC belongs to which address (ARP)
        ip neighbour [show [dev LINK]]
        ip neighbour add ADDRESS lladdr MAC dev LINK
        ip neighbour delete ADDRESS dev LINK
        ip neighbour flush all""",
    "ip netns": """
        shows and makes network namespaces, by name
        ip netns [list]
        ip netns add NAME
        ip netns exec NAME COMMAND …                    a whole cell: %%ns NAME
        ip netns delete NAME""",
    "ip rule": """
        shows and changes which routing table is asked
        ip rule [show]
        ip rule add from NETWORK | iif LINK | fwmark MARK table NUMBER
        ip rule delete …                                with the same words""",
    "bridge": """
        shows and changes bridges' ports, forwarding tables and VLANs
        bridge link [show]
        bridge link set dev PORT flood | learning | hairpin | isolated on | off
        bridge fdb show br BRIDGE                       who is behind which port
        bridge vlan [show]""",
    "brctl": """
        makes bridges and plugs links into them (the older program)
        brctl addbr BRIDGE | delbr BRIDGE
        brctl addif BRIDGE LINK | delif BRIDGE LINK
        brctl show [BRIDGE] | showmacs BRIDGE
        brctl stp BRIDGE on | off | setfd BRIDGE SECONDS""",
    "ifconfig": """
        shows and changes links and their addresses (the older program)
        ifconfig [-a] [LINK]
        ifconfig LINK ADDRESS/LENGTH up
        ifconfig LINK up | down | promisc | -promisc | mtu BYTES""",
    "route": """
        shows and changes routes (the older program)
        route -n
        route add default gw GATEWAY
        route add -net NETWORK/LENGTH gw GATEWAY | dev LINK
        route del …                                     with the same words""",
    "iptables": """
        filters and rewrites packets
        iptables [-t TABLE] -S | -L -n -v               shows the rules
        iptables [-t TABLE] -A CHAIN MATCH … -j TARGET  adds one at the end; -I first, -D deletes
        TABLE: filter, nat, mangle    CHAIN: INPUT, FORWARD, OUTPUT, PREROUTING, POSTROUTING
        MATCH: -s NETWORK, -d NETWORK, -i LINK, -o LINK, -p tcp --dport PORT
        TARGET: ACCEPT, DROP, REJECT; in nat MASQUERADE, DNAT --to-destination ADDRESS""",
    "ping": """
        asks a machine whether it is there (ICMP echo)
        ping -c 3 ADDRESS                               three times; without, until ■ is pressed
        ping -c 1 -W 1 ADDRESS                          once, and waits 1 second for the answer
        ping -I LINK ADDRESS""",
    "tcpdump": """
        shows packets as they pass
        tcpdump -ni LINK [-c COUNT] [FILTER]            until ■ is pressed, or COUNT have passed
        -n no names   -e with MACs   -v more   -w FILE write them
        FILTER: arp, icmp, tcp port 80, host ADDRESS""",
    "ss": """
        shows sockets: who listens, who is connected
        ss -tln                                         TCP ports that are listened on
        ss -tn                                          TCP connections
        -u UDP   -p with the processes""",
    "sysctl": """
        shows and changes settings of the kernel
        sysctl net.ipv4.ip_forward
        sysctl -w net.ipv4.ip_forward=1""",
    "conntrack": """
        shows the connections that the kernel keeps track of
        conntrack -L [-p icmp | tcp | udp]              the list
        conntrack -E                                    as they come and go, until ■ is pressed
        conntrack -D -s ADDRESS                         forget some""",
    "arp": """
        shows and changes which MAC belongs to which address (the older program)
        arp -n
        arp -d ADDRESS
        arp -s ADDRESS MAC""",
    "nsenter": """
        runs a program in the namespaces of a process or file
        nsenter --net=/run/netns/NAME COMMAND …
        nsenter --target PID --net COMMAND …""",
    "unshare": """
        runs a program in new namespaces
        unshare --net COMMAND …                         with an empty network
        unshare --net --mount --pid --fork COMMAND …""",
    "traceroute": """
        shows the routers on the way to an address
        traceroute -n ADDRESS""",
    "nft": """
        filters and rewrites packets (what iptables becomes today)
        nft list ruleset
        nft add table inet NAME
        nft -f FILE""",
    "tc": """
        shows and changes queues: delay, loss, rate
        tc qdisc show dev LINK
        tc qdisc add dev LINK root netem delay 100ms loss 10%
        tc qdisc delete dev LINK root""",
    "curl": """
        fetches a page
        curl -s http://ADDRESS/                         -s without a progress bar
        curl -m 3 http://ADDRESS/                       gives up after 3 seconds""",
    "brctl stp": """
        switches the spanning tree of a bridge
        brctl stp BRIDGE on | off""",
}
"""What each does, and then how it is called."""


def asked(cell: str) -> list[str] | None:
    """The command that a cell asks about and does nothing else: ``ip link?`` or ``?ip link``.

    >>> asked("ip link?"), asked("?tcpdump"), asked("ls file?"), asked("ip link")
    (['ip', 'link'], ['tcpdump'], None, None)
    """
    line = cell.strip()
    if "\n" in line or not (line.endswith("?") or line.startswith("?")):
        return None
    if line.rstrip("?").endswith(" "):
        return None
    words = line.strip("?").split()
    if not words or not all(re.fullmatch(r"[\w.+-]+", word) for word in words):
        return None
    return words if len(words) == 1 or words[0] in USAGE else None


def help_text(words: list[str], lab: Lab | None) -> str:
    """How a command is used, as far as it is known; empty if it is not."""
    if words and words[0] == "ip":
        words = ["ip", *grammar.spelled(words[1:])]
    for count in range(min(3, len(words)), 0, -1):
        name = " ".join(words[:count])
        if name in USAGE:
            first, *rest = [line.strip() for line in USAGE[name].strip().splitlines()]
            return "\n".join([f"{name}: {first}", *(f"  {line}" for line in rest)])
    return "" if lab is None or not words else _own(words[0], lab)


def _own(program: str, lab: Lab) -> str:
    """The beginning of what ``--help`` says."""

    def ask() -> str:
        ran = lab.run("bash", "-c", 'help -s "$1" || "$1" --help', "-", program, timeout=3)
        lines = (ran.stdout or ran.stderr).strip().splitlines()
        if ran.returncode == 127 or not lines:
            return ""
        more = ["…"] if len(lines) > LINES else []
        return "\n".join([*lines[:LINES], *more])

    answer: str = completing.known(lab).once(("usage", program), ask, "")
    return answer


def at(cell: str, cursor: int, there: completing.There) -> str | None:
    """How the command at the cursor is used; None if the cell is not typed into a lab."""
    place = cells.typed(cell)
    if place is None or cursor < place.begins:
        return None
    end = re.compile(r"[\w./-]*").match(cell, cursor)
    before = cell[place.begins : end.end() if end else cursor]
    found = commands(before)
    if not found:
        return ""
    words, _, _ = unwrapped(found[-1].words, None)
    return help_text(words, there(place.lab))
