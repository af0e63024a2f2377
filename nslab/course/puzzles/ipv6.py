"""A library that speaks IPv6 alone: two rooms, each a bridge, and the host between them.

``reader`` and ``shelf`` are in the room ``hall``, ``archive`` in the room ``cellar``; shelf and
archive have a page each.  By a rule of the owner's, the archive does not ping the shelf.
"""

from __future__ import annotations

from nslab.course.exercises.values import Way
from nslab.course.puzzles.opens import Opens
from nslab.course.puzzles.values import Network, fault, stopped
from nslab.session.check import Check, Reaches

_READER, _SHELF, _ARCHIVE = "fd00:1::11", "fd00:1::12", "fd00:2::11"
_IN = "ip netns exec {} "
_SERVE = _IN + "busybox httpd -p '{}' -h / </dev/null >/dev/null 2>&1"
_KEY = "net.ipv6.conf."


def _member(name: str, room: str, number: int, host: int) -> Way:
    mac = f"02:00:00:{number:02x}:06:{host:02x}"
    on = f"{_KEY}all.disable_ipv6=0 {_KEY}default.accept_dad=0"
    return (
        # Two lines: a lab switches IPv6 off in what a line has made, before the next begins.
        f"ip netns add {name}",
        f"{_IN.format(name)}sysctl -qw {on}",
        f"ip link add {name}0 type veth peer name eth0 address {mac} netns {name}",
        f"ip link set {name}0 master {room} up; ip -n {name} link set lo up",
        f"ip -n {name} addr add fd00:{number}::{host}/64 dev eth0 nodad",
        f"ip -n {name} link set eth0 up; ip -n {name} route add default via fd00:{number}::1",
    )


_BUILT: Way = (
    f"sysctl -qw {_KEY}all.disable_ipv6=0 {_KEY}default.accept_dad=0 {_KEY}all.forwarding=1",
    "ip link add hall mtu 1500 type bridge; ip link set hall mtu 1500 up",
    "ip addr add fd00:1::1/64 dev hall nodad",
    "ip link add cellar type bridge; ip link set cellar up",
    "ip addr add fd00:2::1/64 dev cellar nodad",
    *_member("reader", "hall", 1, 11),
    *_member("shelf", "hall", 1, 12),
    *_member("archive", "cellar", 2, 11),
    f"ip6tables -A FORWARD -s {_ARCHIVE} -d {_SHELF} -p icmpv6 --icmpv6-type echo-request -j DROP",
    _SERVE.format("shelf", "[::]:80"),
    _SERVE.format("archive", "[::]:80"),
)

_WORKS: dict[str, Check] = {
    "reader-shelf": Reaches("reader", _SHELF),
    "reader-large": Reaches("reader", _SHELF, size=1400),
    "shelf-page": Opens("reader", _SHELF, 80),
    "reader-archive": Reaches("reader", _ARCHIVE),
    "archive-page": Opens("shelf", _ARCHIVE, 80),
    "archive-reader": Reaches("archive", _READER),
    "host-reader": Reaches(None, _READER),
    "archive-shelf": Reaches("archive", _SHELF, ok=False),
}

_TO_SHELF = ("reader-shelf", "reader-large", "shelf-page")
_OVER = ("reader-archive", "archive-page", "archive-reader")
_OWN = ("reader-archive", "archive-reader")
_GATE = "ip -n reader -6 route replace default via fd00:1::{}"


def _line(made: str, mended: str) -> tuple[Way, Way]:
    return (made,), (mended,)


def _rule(where: str, rule: str) -> tuple[Way, Way]:
    line = (_IN.format(where) if where else "") + f"ip6tables -{{}} {rule}"
    return _line(line.format("I"), line.format("D"))


def _nft(where: str, hook: str, rule: str) -> tuple[Way, Way]:
    """A table of nft's with one rule, and its end."""
    nft = (_IN.format(where) if where else "") + "nft"
    chain = f"{nft} 'add chain inet t c {{ type filter hook {hook} priority 0; }}'"
    made = f"{nft} add table inet t; {chain}; {nft} add rule inet t c {rule}"
    return _line(made, f"{nft} delete table inet t")


def _served(wrong: str) -> tuple[Way, Way]:
    """The shelf's page at another place than usual."""
    stop = stopped("shelf")
    made = f"{stop}; {_SERVE.format('shelf', wrong)}" if wrong else stop
    return _line(made, f"{stop}; {_SERVE.format('shelf', '[::]:80')}")


_FAULTS = (
    fault(
        "archive-unplugged",
        "IPv6 link down",
        1,
        "archive",
        _line("ip link set archive0 down", "ip link set archive0 up"),
        "The archive is silent since last night. The shelf is fine.",
        _OVER,
        "Which cables are up? `ip -br link`.",
    ),
    fault(
        "no-way-out-of-the-hall",
        "IPv6 route",
        1,
        "reader",
        _line("ip -n reader -6 route del default", _GATE.format("1")),
        "The reader finds what is on the shelf, and nothing that is in the cellar.",
        _OWN,
        "By which way would it send that? `ip -6 route`, in its namespace.",
    ),
    fault(
        "rooms-apart",
        "IPv6 forwarding",
        1,
        "host",
        _line(f"sysctl -qw {_KEY}all.forwarding=0", f"sysctl -qw {_KEY}all.forwarding=1"),
        "Each room is well by itself. From one to the other nothing gets through.",
        _OVER,
        "Does the host pass on what is not for itself? `sysctl net.ipv6.conf.all.forwarding`.",
    ),
    fault(
        "shelf-without-a-number",
        "IPv6 address",
        1,
        "shelf",
        _line(
            f"ip -n shelf addr del {_SHELF}/64 dev eth0",
            f"ip -n shelf addr add {_SHELF}/64 dev eth0 nodad; "
            "ip -n shelf -6 route replace default via fd00:1::1",
        ),
        "The shelf was moved, and nobody finds it any longer.",
        (*_TO_SHELF, "archive-page"),
        "What does the shelf answer to? `ip -6 addr`, in its namespace.",
    ),
    fault(
        "shelf-alone",
        "IPv6 switched off",
        2,
        "shelf",
        _line(
            f"{_IN.format('shelf')}sysctl -qw {_KEY}eth0.disable_ipv6=1",
            f"{_IN.format('shelf')}sysctl -qw {_KEY}eth0.disable_ipv6=0; "
            f"ip -n shelf addr replace {_SHELF}/64 dev eth0 nodad; "
            "ip -n shelf -6 route replace default via fd00:1::1",
        ),
        "Somebody has hardened the shelf. Its cable is lit, and it answers nobody.",
        (*_TO_SHELF, "archive-page"),
        "Does the kernel speak this protocol there at all? `sysctl -a | grep disable_ipv6`.",
    ),
    fault(
        "asks-a-stranger",
        "IPv6 gateway",
        2,
        "reader",
        _line(_GATE.format("99"), _GATE.format("1")),
        "The reader was set up anew by hand. The shelf it finds, the cellar not.",
        _OWN,
        "Whom does it give what is for elsewhere? `ip -6 route` and `ip -6 neigh`.",
    ),
    fault(
        "old-card",
        "IPv6 neighbour",
        2,
        "reader",
        _line(
            f"ip -n reader neigh replace {_SHELF} lladdr 02:00:00:00:99:99 dev eth0 nud permanent",
            f"ip -n reader neigh del {_SHELF} dev eth0",
        ),
        "The shelf got a new card. The archive finds it, the reader does not.",
        _TO_SHELF,
        "Which hardware address does the reader write on its frames? `ip -6 neigh`, there.",
    ),
    fault(
        "cellar-shut",
        "IPv6 filtered",
        2,
        "host",
        _line("ip6tables -P FORWARD DROP", "ip6tables -P FORWARD ACCEPT"),
        "The host was secured after an audit. Since then the rooms do not see each other.",
        _OVER,
        "What becomes of a packet that no rule is about? `ip6tables -S`: iptables has another.",
    ),
    fault(
        "nobody-may-ask",
        "IPv6 filtered",
        3,
        "shelf",
        _rule("shelf", "INPUT -p icmpv6 --icmpv6-type neighbour-solicitation -j DROP"),
        "The shelf was told to be quiet. Now and then it answers somebody it has just spoken to.",
        _TO_SHELF,
        "How does one find out who has an address here? `ip6tables -vS`, in its namespace.",
    ),
    fault(
        "large-books",
        "IPv6 MTU",
        3,
        "shelf",
        _line("ip -n shelf link set eth0 mtu 1300", "ip -n shelf link set eth0 mtu 1500"),
        "Small things the shelf hands out at once. A whole book never comes.",
        ("reader-large",),
        "What is the largest that each end of a cable takes? `ip link`, at both ends.",
    ),
    fault(
        "the-other-protocol",
        "IPv6 port",
        2,
        "shelf",
        _served("0.0.0.0:80"),
        "The shelf's page was installed anew and runs. The reader is refused.",
        ("shelf-page",),
        "On which addresses does it listen? `ss -ltn`, in its namespace.",
    ),
    fault(
        "cellar-refused",
        "IPv6 route",
        3,
        "host",
        _line(
            f"ip -6 route add unreachable {_ARCHIVE}/128", f"ip -6 route del unreachable {_ARCHIVE}"
        ),
        "The host says at once that there is no way to the archive. Its cable is in order.",
        _OVER,
        "Which entry does the host's table have for it? `ip -6 route get`, with the address.",
    ),
)

NETWORK = Network(
    name="ipv6",
    about="Everything here speaks IPv6 only: `reader` and `shelf` are in the hall, `archive` is in "
    "the cellar, and the host routes between the two.",
    built=_BUILT,
    works=_WORKS,
    kept=("archive-shelf",),
    mustnot=(),
    spoils=(
        ("ip netns del archive", "archive"),
        ("ip6tables -F FORWARD", "archive reaches fd00:1::12"),
        (f"ip -n reader addr del {_READER}/64 dev eth0", "does not reach fd00:1::11"),
    ),
    faults=_FAULTS,
)
