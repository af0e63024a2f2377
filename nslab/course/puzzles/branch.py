"""A firm with a branch: two sites, each behind a router, and a line between them.

``pc`` and ``printer`` hang on the bridge of the router ``north``, ``files`` on a cable to the
router ``south``.  ``line`` joins the routers; ``north`` reaches the internet by the host, which
translates for both sites.  By a rule of the owner's, the printer does not reach the internet.
"""

from __future__ import annotations

from nslab.course.exercises.values import MustNot, Way
from nslab.course.puzzles.opens import Opens
from nslab.course.puzzles.values import Network, fault, stopped
from nslab.sentence import sentence
from nslab.session.check import Check, Masquerades, Reaches

_PC, _PRINTER, _FILES = "10.1.0.11", "10.1.0.12", "10.2.0.11"
_OUTSIDE = "203.0.113.80"
_PC_MAC, _PRINTER_MAC = "02:00:00:01:00:11", "02:00:00:01:00:12"
_IN = "ip netns exec {} "
_SERVE = _IN.format("files") + "busybox httpd -p {} -h / </dev/null >/dev/null 2>&1"
_STOP = stopped("files")


def _desk(name: str, address: str, mac: str) -> Way:
    return (
        f"ip netns add {name}; ip -n {name} link set lo up",
        f"ip -n north link add {name}0 type veth peer name eth0 address {mac} netns {name}",
        f"ip -n north link set {name}0 master desks up; ip -n {name} link set eth0 up",
        f"ip -n {name} addr add {address}/24 dev eth0",
        f"ip -n {name} route add default via 10.1.0.1",
    )


_NAT = "iptables -t nat -A POSTROUTING -s {} -o eth0 -j MASQUERADE"

_BUILT: Way = (
    "for ns in north south; do ip netns add $ns; ip -n $ns link set lo up; done",
    "ip -n north link add desks mtu 1500 type bridge; ip -n north addr add 10.1.0.1/24 dev desks",
    "ip -n north link set desks mtu 1500 up",
    *_desk("pc", _PC, _PC_MAC),
    *_desk("printer", _PRINTER, _PRINTER_MAC),
    "ip -n north link add line type veth peer name line netns south",
    "ip -n north addr add 10.9.0.1/30 dev line; ip -n south addr add 10.9.0.2/30 dev line",
    "ip -n north link set line up; ip -n south link set line up",
    "ip netns add files; ip -n files link set lo up",
    "ip -n south link add shelf type veth peer name eth0 netns files",
    "ip -n south addr add 10.2.0.1/24 dev shelf; ip -n south link set shelf up",
    f"ip -n files addr add {_FILES}/24 dev eth0; ip -n files link set eth0 up",
    "ip -n files route add default via 10.2.0.1",
    "ip -n north route add 10.2.0.0/24 via 10.9.0.2",
    "ip -n south route add default via 10.9.0.1",
    "ip link add branch type veth peer name wan netns north",
    "ip addr add 10.8.0.1/30 dev branch; ip link set branch up",
    "ip -n north addr add 10.8.0.2/30 dev wan; ip -n north link set wan up",
    "ip -n north route add default via 10.8.0.1",
    "ip route add 10.1.0.0/24 via 10.8.0.2; ip route add 10.2.0.0/24 via 10.8.0.2",
    "sysctl -qw net.ipv4.ip_forward=1",
    # Late: a lab puts each namespace that appears into its documented state, which forwards not.
    "for ns in north south; do ip netns exec $ns sysctl -qw net.ipv4.ip_forward=1; done",
    _NAT.format("10.1.0.0/24"),
    _NAT.format("10.2.0.0/24"),
    _IN.format("north") + f"iptables -A FORWARD -s {_PRINTER} -o wan -j DROP",
    _SERVE.format(80),
)

_WORKS: dict[str, Check] = {
    "pc-printer": Reaches("pc", _PRINTER),
    "pc-files": Reaches("pc", _FILES),
    "printer-files": Reaches("printer", _FILES),
    "files-pc": Reaches("files", _PC),
    "pc-share": Opens("pc", _FILES, 80),
    "pc-large": Reaches("pc", _FILES, size=1400),
    "pc-out": Reaches("pc", _OUTSIDE),
    "files-out": Reaches("files", _OUTSIDE),
    "printer-out": Reaches("printer", _OUTSIDE, ok=False),
}

_PINGS = ("pc-files", "printer-files", "files-pc", "pc-large")
_FROM_PC = ("pc-files", "files-pc", "pc-share", "pc-large")
_FAR = (*_PINGS, "pc-share", "files-out")
_NEAR = ("pc-printer", "printer-files")
_ADDRESS = "ip -n pc addr {} " + _PC + "/{} dev eth0"
_PC_OUT = "ip -n pc route add default via 10.1.0.1"


def _rule(where: str, rule: str, table: str = "") -> tuple[Way, Way]:
    """A rule of iptables that is added at the head of its chain, and taken away again."""
    line = _IN.format(where) + f"iptables {table}-{{}} {rule}"
    return (line.format("I"),), (line.format("D"),)


def _setting(where: str, key: str, wrong: int, right: int) -> tuple[Way, Way]:
    line = _IN.format(where) + f"sysctl -qw net.ipv4.{key}={{}}"
    return (line.format(wrong),), (line.format(right),)


def _nft(where: str, family: str, hook: str, rule: str) -> tuple[Way, Way]:
    """A table of nft's with one rule, and its end."""
    nft = _IN.format(where) + "nft"
    chain = f"'add chain {family} t c {{ type filter hook {hook} priority 0; }}'"
    made = (f"{nft} add table {family} t; {nft} {chain}; {nft} add rule {family} t c {rule}",)
    return made, (f"{nft} delete table {family} t",)


_FAULTS = (
    fault(
        "line-down",
        "link down",
        1,
        "line",
        (
            ("ip -n south link set line down",),
            ("ip -n south link set line up", "ip -n south route add default via 10.9.0.1"),
        ),
        "The branch is cut off: nobody at the desks gets a file.",
        _FAR,
        "Follow the way from router to router, link by link: `ip -brief link` in each.",
    ),
    fault(
        "printer-unplugged",
        "cable gone",
        1,
        "printer",
        (("ip -n north link del printer0",), _desk("printer", _PRINTER, _PRINTER_MAC)[1:]),
        "The printer was moved to another room. Since then it prints nothing.",
        _NEAR,
        "Which cables hang on the bridge of the desks? `bridge link`, in north.",
    ),
    fault(
        "printer-without-address",
        "no address",
        1,
        "printer",
        (
            (f"ip -n printer addr del {_PRINTER}/24 dev eth0",),
            _desk("printer", _PRINTER, _PRINTER_MAC)[-2:],
        ),
        "After a power cut the printer blinks, and prints nothing.",
        _NEAR,
        "What does the printer know of itself? `ip addr`, in its namespace.",
    ),
    fault(
        "way-to-the-branch-gone",
        "no route to the subnet",
        1,
        "north",
        (
            ("ip -n north route del 10.2.0.0/24",),
            ("ip -n north route add 10.2.0.0/24 via 10.9.0.2",),
        ),
        "Everybody is online at the desks, and nobody gets a file.",
        _FAR,
        f"Whom does north send a packet for {_FILES} to? `ip route get`.",
    ),
    fault(
        "way-back-gone",
        "no route back",
        1,
        "south",
        (("ip -n south route del default",), ("ip -n south route add default via 10.9.0.1",)),
        "Files cannot be opened from the desks, and the server in the branch is offline.",
        _FAR,
        "The question arrives. Which way does the answer take? `ip route`, in south.",
    ),
    fault(
        "south-forwards-nothing",
        "no forwarding",
        1,
        "south",
        _setting("south", "ip_forward", 0, 1),
        "Since its update, the router of the branch answers, and nothing behind it does.",
        _FAR,
        "Does south pass on what is not for itself? `sysctl net.ipv4.ip_forward`.",
    ),
    fault(
        "pc-to-the-printer",
        "wrong gateway",
        1,
        "pc",
        (
            (f"ip -n pc route replace default via {_PRINTER}",),
            ("ip -n pc route replace default via 10.1.0.1",),
        ),
        "The PC prints, and that is all that it can do.",
        (*_FROM_PC, "pc-out"),
        "Who is the PC's gateway? `ip route`, in its namespace.",
    ),
    fault(
        "printer-of-another-network",
        "other subnet",
        1,
        "printer",
        (
            (
                f"ip -n printer addr del {_PRINTER}/24 dev eth0",
                "ip -n printer addr add 10.1.1.12/24 dev eth0",
            ),
            (
                "ip -n printer addr del 10.1.1.12/24 dev eth0",
                *_desk("printer", _PRINTER, _PRINTER_MAC)[-2:],
            ),
        ),
        "Somebody has typed in the printer's address at its little keyboard. It prints nothing.",
        _NEAR,
        "Which address has the printer, and in which network? `ip addr`, in its namespace.",
    ),
    fault(
        "pc-without-a-gateway",
        "no gateway",
        2,
        "pc",
        (
            ("ip -n pc route replace default dev eth0",),
            ("ip -n pc route replace default via 10.1.0.1",),
        ),
        "The PC is set up as it was, says the admin, and yet it only prints.",
        (*_FROM_PC, "pc-out"),
        "Whom does the PC ask for the way? `ip route`, and `ip neigh` after a ping.",
    ),
    fault(
        "pc-to-nobody",
        "onlink gateway",
        2,
        "pc",
        (
            ("ip -n pc route replace default via 10.1.5.1 dev eth0 onlink",),
            ("ip -n pc route replace default via 10.1.0.1",),
        ),
        "The PC was configured for another site. Here it only prints.",
        (*_FROM_PC, "pc-out"),
        "Does anybody have the address of the PC's gateway? `ip neigh` after a ping.",
    ),
    fault(
        "server-gone",
        "port closed",
        1,
        "files",
        ((_STOP,), (_SERVE.format(80),)),
        "The file server is up, says the admin: it answers his ping. The share does not open.",
        ("pc-share",),
        "Who listens on the file server? `ss -ltn`, in its namespace.",
    ),
    fault(
        "server-for-itself",
        "port elsewhere",
        2,
        "files",
        ((_STOP, _SERVE.format("127.0.0.1:80")), (_STOP, _SERVE.format(80))),
        "The share opens on the server itself, and nowhere else.",
        ("pc-share",),
        "On which address does the server listen? `ss -ltn`, in its namespace.",
    ),
    fault(
        "answers-of-the-line-stay",
        "no forwarding on a link",
        2,
        "north",
        _setting("north", "conf.line.forwarding", 0, 1),
        "The desks are online, and the branch is cut off. The line was measured: it is fine.",
        _FAR,
        "Forwarding is on, but on each link? `sysctl -a | grep '[.]forwarding'`, in north.",
    ),
    fault(
        "back-to-where-it-came-from",
        "loop",
        2,
        "south",
        (
            (f"ip -n south route add {_FILES} via 10.9.0.1",),
            (f"ip -n south route del {_FILES} via 10.9.0.1",),
        ),
        "The line to the branch is busy, and yet no file comes.",
        _FAR,
        f"`traceroute -n {_FILES}` from the PC, or `ip route get {_FILES}` in each router.",
    ),
    fault(
        "too-few-hops",
        "TTL",
        2,
        "pc",
        _setting("pc", "ip_default_ttl", 2, 64),
        "The PC prints and reaches its router, and nothing that is further away.",
        (*_FROM_PC, "pc-out"),
        "How many routers may a packet of the PC pass? `tcpdump -v` shows its ttl.",
    ),
    fault(
        "neighbours-far-away",
        "too wide",
        2,
        "pc",
        (
            (_ADDRESS.format("del", 24), _ADDRESS.format("add", 8), _PC_OUT),
            (_ADDRESS.format("del", 8), _ADDRESS.format("add", 24), _PC_OUT),
        ),
        "The new PC is online and prints. It gets no file.",
        _FROM_PC,
        "Whom does the PC take for its neighbours? `ip addr`, `ip route`, `ip neigh`.",
    ),
    fault(
        "gateway-out-of-sight",
        "too narrow",
        2,
        "pc",
        (
            (_ADDRESS.format("del", 24), _ADDRESS.format("add", 29)),
            (_ADDRESS.format("del", 29), _ADDRESS.format("add", 24), _PC_OUT),
        ),
        "The PC has its old address again, typed in from memory. It prints, and no more.",
        (*_FROM_PC, "pc-out"),
        "How many addresses does the PC's network have? Is its router among them?",
    ),
    fault(
        "printer-refused-on-the-way-back",
        "route refuses",
        2,
        "south",
        (
            (f"ip -n south route add unreachable {_PRINTER}",),
            (f"ip -n south route del unreachable {_PRINTER}",),
        ),
        "The printer prints what the PC sends, and nothing from the file server.",
        ("printer-files",),
        f"What does south do with a packet for {_PRINTER}? `ip route get`.",
    ),
    fault(
        "port-filtered",
        "a port filtered",
        2,
        "south",
        _rule("south", "FORWARD -p tcp --dport 80 -j DROP"),
        "The file server can be pinged, and the share does not open.",
        ("pc-share",),
        "A ping is no connection: which rules tell them apart? `iptables -vS`, in south.",
    ),
    fault(
        "share-refused",
        "REJECT",
        2,
        "files",
        _rule("files", "INPUT -p tcp --dport 80 -j REJECT"),
        "Whoever opens the share is refused at once, though the server runs.",
        ("pc-share",),
        "Who refuses: the program, or a rule before it? `iptables -vS`, in files.",
    ),
    fault(
        "printer-not-let-in",
        "INPUT",
        2,
        "files",
        _rule("files", f"INPUT -s {_PRINTER} -j DROP"),
        "The PC gets its files, and the printer none.",
        ("printer-files",),
        "Whom does the file server let in? `iptables -vS INPUT`, in its namespace.",
    ),
    fault(
        "server-may-not-ping",
        "OUTPUT",
        2,
        "files",
        _rule("files", "OUTPUT -p icmp -j DROP"),
        "The share opens. The monitoring says that the server is dead.",
        (*_PINGS, "files-out"),
        "What may the file server itself send? `iptables -vS OUTPUT`, in its namespace.",
    ),
    fault(
        "only-answers",
        "by connection state",
        2,
        "north",
        _rule("north", "FORWARD -i line -m conntrack --ctstate NEW -j DROP"),
        "Everybody gets files. The file server itself calls nobody: no backup, no update.",
        ("files-pc", "files-out"),
        "Which packets of a connection are let through, and from which side? `iptables -vS`.",
    ),
    fault(
        "under-another-name",
        "wrong source",
        3,
        "files",
        (
            (
                "ip -n files addr add 10.99.0.1/32 dev lo",
                "ip -n files route replace default via 10.2.0.1 src 10.99.0.1",
            ),
            (
                "ip -n files route replace default via 10.2.0.1",
                "ip -n files addr del 10.99.0.1/32 dev lo",
            ),
        ),
        "Everybody gets files. The file server itself reaches nobody: no backup, no update.",
        ("files-pc", "files-out"),
        "With which address does the file server ask? `ip route get`, in its namespace.",
    ),
    fault(
        "echo-off",
        "echo ignored",
        2,
        "files",
        _setting("files", "icmp_echo_ignore_all", 1, 0),
        "The share opens and the backups run; the monitoring says that the server is dead.",
        ("pc-files", "printer-files", "pc-large"),
        "Does the file server want to be pinged? `sysctl -a | grep echo`.",
    ),
    fault(
        "small-line",
        "MTU",
        2,
        "line",
        (("ip -n south link set line mtu 1280",), ("ip -n south link set line mtu 1500",)),
        "Short files open; in the middle of a long one it hangs.",
        ("pc-large",),
        "How large may a packet be, on each piece of the way? `ip link`, in both routers.",
    ),
    fault(
        "long-packets-dropped",
        "by size",
        3,
        "south",
        _rule("south", "FORWARD -m length --length 1000:65535 -j DROP"),
        "Short files open, long ones hang. Every cable on the way was measured: they are fine.",
        ("pc-large",),
        "What tells a long packet from a short one, if no link does? `iptables -vS`, in south.",
    ),
    fault(
        "answers-lost-early",
        "raw and mangle",
        3,
        "north",
        _rule("north", f"PREROUTING -s {_FILES} -p icmp -j DROP", "-t raw "),
        "The share opens. Nobody can ping the file server, and it can ping nobody.",
        (*_PINGS, "files-out"),
        "A packet meets more tables than one: `iptables -t raw -vS`, in north.",
    ),
    fault(
        "wrong-router",
        "wrong permanent neighbour",
        3,
        "line",
        (
            ("ip -n north neigh replace 10.9.0.2 lladdr 02:00:00:00:00:99 dev line nud permanent",),
            ("ip -n north neigh del 10.9.0.2 dev line",),
        ),
        "The router of the branch was replaced by one of the same make. Nothing works there.",
        _FAR,
        "To which hardware address does north send? `ip neigh`.",
    ),
    fault(
        "printer-by-policy",
        "policy rule",
        3,
        "north",
        (
            (f"ip -n north rule add from {_PRINTER} to 10.2.0.0/24 prohibit pref 90",),
            (f"ip -n north rule del from {_PRINTER} to 10.2.0.0/24 prohibit pref 90",),
        ),
        "The printer gets no file. Its settings were read out on the phone: they are right.",
        ("printer-files",),
        "What is asked before the routing tables? `ip rule`, in north.",
    ),
    fault(
        "printer-not-believed",
        "rp_filter",
        3,
        "south",
        (
            (
                _IN.format("south") + "sysctl -qw net.ipv4.conf.all.rp_filter=1",
                f"ip -n south route add {_PRINTER} dev shelf",
            ),
            (
                f"ip -n south route del {_PRINTER} dev shelf",
                _IN.format("south") + "sysctl -qw net.ipv4.conf.all.rp_filter=0",
            ),
        ),
        "The printer gets no file. What it asks is seen on the line, and no answer to it.",
        ("printer-files",),
        f"Where would south look for the printer? `ip route get {_PRINTER}`.",
    ),
    fault(
        "printer-silent",
        "ARP ignored",
        3,
        "printer",
        (
            (
                _IN.format("printer") + "sysctl -qw net.ipv4.conf.all.arp_ignore=8",
                "ip -n pc neigh flush dev eth0",
            ),
            (_IN.format("printer") + "sysctl -qw net.ipv4.conf.all.arp_ignore=0",),
        ),
        "The printer fetches files from the server. The PC does not find it.",
        ("pc-printer",),
        f"Does the printer answer who has {_PRINTER}? `tcpdump arp`, in its namespace.",
    ),
    fault(
        "printer-deaf-for-arp",
        "ARP filtered",
        3,
        "printer",
        _nft("printer", "arp", "input", "drop"),
        "The printer was made safe. Since then it prints nothing.",
        _NEAR,
        "Not every rule is one of iptables: `nft list ruleset`, in the printer.",
    ),
    fault(
        "desks-apart",
        "bridge family",
        3,
        "desks",
        _nft("north", "bridge", "forward", f"ip daddr {_PRINTER} drop"),
        "The printer fetches files from the server, and takes nothing from the PC.",
        ("pc-printer",),
        "PC and printer meet on a bridge: who filters there? `nft list ruleset`, in north.",
    ),
    fault(
        "printer-in-the-wrong-place",
        "wrong static fdb",
        3,
        "desks",
        (
            (f"bridge -n north fdb replace {_PRINTER_MAC} dev pc0 master static sticky",),
            (f"bridge -n north fdb del {_PRINTER_MAC} dev pc0 master",),
        ),
        "The printer has changed its place with the PC. It prints nothing now.",
        _NEAR,
        "Behind which port does the bridge look for the printer? `bridge fdb`, in north.",
    ),
    fault(
        "blocked-port",
        "port not forwarding",
        3,
        "desks",
        (
            ("bridge -n north link set dev printer0 state 0",),
            ("bridge -n north link set dev printer0 state 3",),
        ),
        "The printer's cable was tried, it is up at both ends. Nothing gets through.",
        _NEAR,
        "In which state is the bridge's port? `bridge link`, in north.",
    ),
    fault(
        "nothing-fits-into-the-queue",
        "queue drops",
        3,
        "line",
        (
            ("tc -n south qdisc add dev shelf root pfifo limit 0",),
            ("tc -n south qdisc del dev shelf root",),
        ),
        "The branch's new router was tuned. Since then the file server gets nothing.",
        _FAR,
        "What waits before a link, and what is thrown away? `tc -s qdisc`, in south.",
    ),
)

NETWORK = Network(
    name="branch",
    about="A firm with a branch office: `pc` and `printer` are behind the router `north`, the file "
    "server is behind the router `south`, and one line joins the two routers.",
    built=_BUILT,
    works=_WORKS,
    kept=("printer-out",),
    mustnot=(
        MustNot(
            Masquerades("10.99.0.0/16", out="eth0"),
            sentence(
                "the host now translates everybody's packets, not only those of its two sites"
            ),
        ),
    ),
    spoils=(
        ("ip netns del pc", "pc"),
        (_IN.format("north") + "iptables -F FORWARD", "printer reaches 203.0.113.80"),
        ("iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE", "translates everybody's packets"),
    ),
    faults=_FAULTS,
)
